/* compute/tiles_avx512_common.h - the 512-bit vectors of the tiles_avx512*.c. */
#include <immintrin.h>

#define LANES 16
#define ROWS 14 /* times 32 columns: 28 sums, two columns and a row's value in 32 registers */

typedef __m512 vf;
typedef __m512i vi;

#define VF_LOAD(p) _mm512_loadu_ps(p)
#define VF_STORE(p, x) _mm512_storeu_ps(p, x)
#define VF_SET(f) _mm512_set1_ps(f)
#define VF_ZERO() _mm512_setzero_ps()
#define VF_FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define VI_LOAD(p) _mm512_loadu_si512(p)
#define VI_STORE(p, x) _mm512_storeu_si512(p, x)
#define VI_SET(i) _mm512_set1_epi32(i)
#define VI_ZERO() _mm512_setzero_si512()
