/* compute/tiles_avx512_extended.c - tiles with 512-bit vectors and the dot products of avx512_bf16 and avx512_vnni. */
#include "compute/tiles_avx512_common.h"

#define TILES tiles_avx512_extended
#define BF16_DOT(sum, a, w) _mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(w))
#define INT8_DOT(sum, a, w) _mm512_dpbusd_epi32(sum, a, w)

#include "compute/tiles_template.h"
