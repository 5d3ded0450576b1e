/* compute/tiles_avx2.c - tiles with 256-bit vectors, without the dot-product instructions. */
#include "compute/tiles_avx2_common.h"

#define TILES tiles_avx2
#define TILES_F32
#define BF16_DOT(sum, a, w) bf16_dot(sum, a, w)
#define INT8_DOT(sum, a, w) int8_dot(sum, a, w)

/* A bfloat16 is the upper half of a float32. */
static inline __attribute__((always_inline)) vf bf16_dot(vf sum, vi a, vi w)
{
    const vi upper = _mm256_set1_epi32((int)0xffff0000);
    sum = _mm256_fmadd_ps(
        _mm256_castsi256_ps(_mm256_slli_epi32(a, 16)), _mm256_castsi256_ps(_mm256_slli_epi32(w, 16)), sum);
    return _mm256_fmadd_ps(
        _mm256_castsi256_ps(_mm256_and_si256(a, upper)), _mm256_castsi256_ps(_mm256_and_si256(w, upper)), sum);
}

/* Bytes 0 and 2, then 1 and 3, as 16-bit numbers: exact, unlike the saturating instruction for bytes. */
static inline __attribute__((always_inline)) vi int8_dot(vi sum, vi a, vi w)
{
    const vi low = _mm256_set1_epi32(0x00ff00ff);
    vi even = _mm256_madd_epi16(_mm256_and_si256(a, low), _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
    vi odd = _mm256_madd_epi16(_mm256_srli_epi16(a, 8), _mm256_srai_epi16(w, 8));
    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}

#include "compute/tiles_template.h"
