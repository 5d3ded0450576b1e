/* compute/tiles_avx512_vnni.c - int8 tiles with the 512-bit dot product of avx512_vnni. */
#include "compute/tiles_avx512_common.h"

#define TILES tiles_avx512_vnni
#define INT8_DOT(sum, a, w) _mm512_dpbusd_epi32(sum, a, w)

#include "compute/tiles_template.h"
