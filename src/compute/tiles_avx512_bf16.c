/* compute/tiles_avx512_bf16.c - bfloat16 tiles with the 512-bit dot product of avx512_bf16. */
#include "compute/tiles_avx512_common.h"

#define TILES tiles_avx512_bf16
#define BF16_DOT(sum, a, w) _mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(w))

#include "compute/tiles_template.h"
