/* compute/tiles_avx_vnni.c - int8 tiles with the 256-bit dot product of avx_vnni (processors without AVX-512). */
#include "compute/tiles_avx2_common.h"

#define TILES tiles_avx_vnni
#define INT8_DOT(sum, a, w) _mm256_dpbusd_avx_epi32(sum, a, w)

#include "compute/tiles_template.h"
