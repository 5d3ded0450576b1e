/*
 * compute/tiles_avx2_vnni.c - the int8 tiles of tiles_avx_vnni.c in the encoding of avx512_vnni: for the avx2 backend on
 * a processor with AVX-512, where tests can run them.
 */
#include "compute/tiles_avx2_common.h"

#define TILES tiles_avx2_vnni
#define INT8_DOT(sum, a, w) _mm256_dpbusd_epi32(sum, a, w)

#include "compute/tiles_template.h"
