/* compute/tiles_avx2_common.h - the 256-bit vectors of tiles_avx2.c and the int8 tiles with a dot product. */
#include <immintrin.h>

#define LANES 8
#define ROWS 6 /* times 16 columns: 12 sums, two columns and a row's value in 16 registers */

typedef __m256 vf;
typedef __m256i vi;

#define VF_LOAD(p) _mm256_loadu_ps(p)
#define VF_STORE(p, x) _mm256_storeu_ps(p, x)
#define VF_SET(f) _mm256_set1_ps(f)
#define VF_ZERO() _mm256_setzero_ps()
#define VF_FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define VI_LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define VI_STORE(p, x) _mm256_storeu_si256((__m256i *)(p), x)
#define VI_SET(i) _mm256_set1_epi32(i)
#define VI_ZERO() _mm256_setzero_si256()
