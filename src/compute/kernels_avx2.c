/* compute/kernels_avx2.c - kernels_template.h over 256-bit vectors (avx2, fma, f16c). */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define LANES 8
#define KERNELS kernels_avx2
#define DROPOUT dropout_avx2

typedef __m256 vf;
typedef __m256i vi;
typedef struct vd {
    __m256d low, high;
} vd;

#define INLINE static inline __attribute__((always_inline))

#define VF_LOAD(p) _mm256_loadu_ps(p)
#define VF_STORE(p, x) _mm256_storeu_ps(p, x)
#define VF_LOAD_PART(p, n) _mm256_maskload_ps(p, first_lanes(n))
#define VF_LOAD_PART_OR(p, n, other) VF_FIRST(VF_LOAD_PART(p, n), other, n)
#define VF_STORE_PART(p, x, n) _mm256_maskstore_ps(p, first_lanes(n), x)
#define VF_FIRST(x, other, n) _mm256_blendv_ps(other, x, _mm256_castsi256_ps(first_lanes(n)))
#define VF_SET(f) _mm256_set1_ps(f)
#define VF_ZERO() _mm256_setzero_ps()
#define VF_ADD(a, b) _mm256_add_ps(a, b)
#define VF_SUB(a, b) _mm256_sub_ps(a, b)
#define VF_MUL(a, b) _mm256_mul_ps(a, b)
#define VF_DIV(a, b) _mm256_div_ps(a, b)
#define VF_SQRT(a) _mm256_sqrt_ps(a)
#define VF_FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define VF_MAX(a, b) _mm256_max_ps(a, b) /* b if either is NaN, as the instruction has it */
#define VF_MIN(a, b) _mm256_min_ps(a, b)
#define VF_ABS(a) _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a)
#define VF_ROUND(a) _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define VF_SCALE_BY_POWER(a, n) scale_by_power(a, n)
#define VF_WHERE_LESS(a, b, yes, no) _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ))
#define VF_COPY_SIGN(a, b) _mm256_or_ps(VF_ABS(a), _mm256_and_ps(_mm256_set1_ps(-0.0f), b))
#define VF_FROM_BITS(i) _mm256_castsi256_ps(i)
#define VI_FROM_BITS(f) _mm256_castps_si256(f)
#define VI_SHIFT_LEFT(i, n) _mm256_slli_epi32(i, n)
#define VI_SUB(a, b) _mm256_sub_epi32(a, b)
#define VI_ADD(a, b) _mm256_add_epi32(a, b)
#define VI_MUL(a, b) _mm256_mullo_epi32(a, b)
#define VI_SET(i) _mm256_set1_epi32(i)
#define VI_OR(a, b) _mm256_or_si256(a, b)
#define VI_FROM_FLOATS(f) _mm256_cvtps_epi32(f)
#define FLOATS_FROM_VI(i) _mm256_cvtepi32_ps(i)
#define VD_ZERO() ((vd){_mm256_setzero_pd(), _mm256_setzero_pd()})

INLINE vi first_lanes(int64_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE vf power_of_two(vi n)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}

/* in two factors, so that results below the normal numbers and beyond the largest come out right */
INLINE vf scale_by_power(vf x, vf n)
{
    vi whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    return _mm256_mul_ps(_mm256_mul_ps(x, power_of_two(half)), power_of_two(_mm256_sub_epi32(whole, half)));
}

INLINE float vf_total(vf x)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

INLINE float vf_largest(vf x)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

INLINE __m256d low_doubles(vf x)
{
    return _mm256_cvtps_pd(_mm256_castps256_ps128(x));
}

INLINE __m256d high_doubles(vf x)
{
    return _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
}

INLINE vd vd_add_floats(vd s, vf x)
{
    return (vd){_mm256_add_pd(s.low, low_doubles(x)), _mm256_add_pd(s.high, high_doubles(x))};
}

INLINE vd vd_add_squares(vd s, vf x)
{
    __m256d low = low_doubles(x), high = high_doubles(x);
    return (vd){_mm256_fmadd_pd(low, low, s.low), _mm256_fmadd_pd(high, high, s.high)};
}

INLINE double vd_total(vd s)
{
    __m256d x = _mm256_add_pd(s.low, s.high);
    __m128d h = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1));
    return _mm_cvtsd_f64(_mm_add_sd(h, _mm_unpackhi_pd(h, h)));
}

/* x where the byte is not 0, other elsewhere and after the first n */
INLINE vf vf_where_bytes(vf x, vf other, const uint8_t *bytes, int64_t n)
{
    uint64_t word = 0;
    memcpy(&word, bytes, (size_t)n);
    vi b = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)word));
    return _mm256_blendv_ps(x, other, _mm256_castsi256_ps(_mm256_cmpeq_epi32(b, _mm256_setzero_si256())));
}

INLINE vi bf16_bits(vf x)
{
    vi u = _mm256_castps_si256(x), upper = _mm256_srli_epi32(u, 16);
    vi odd = _mm256_and_si256(upper, _mm256_set1_epi32(1));
    vi rounded = _mm256_srli_epi32(_mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
    vi quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40));
    return _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)));
}

INLINE __m128i narrow(vi x)
{
    return _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
}

INLINE void put_part(void *p, __m128i x, int64_t bytes)
{
    uint8_t all[16];
    _mm_storeu_si128((__m128i *)all, x);
    memcpy(p, all, (size_t)bytes);
}

INLINE __m128i get_part(const void *p, int64_t bytes)
{
    uint8_t all[16] = {0};
    memcpy(all, p, (size_t)bytes);
    return _mm_loadu_si128((const __m128i *)all);
}

INLINE void vi_put_u16(uint16_t *p, vi x, int64_t n)
{
    if (n == LANES)
        _mm_storeu_si128((__m128i *)p, narrow(x));
    else
        put_part(p, narrow(x), 2 * n);
}

INLINE vi vi_get_u16(const uint16_t *p, int64_t n)
{
    return _mm256_cvtepu16_epi32(n == LANES ? _mm_loadu_si128((const __m128i *)p) : get_part(p, 2 * n));
}

INLINE void vi_put_byte(uint8_t *p, vi x, int64_t n)
{ /* the lowest byte of every word */
    vi bytes = _mm256_and_si256(x, _mm256_set1_epi32(0xff));
    __m128i words = narrow(bytes);
    put_part(p, _mm_packus_epi16(words, words), n);
}

/* Four vectors as bytes, in order; what lies outside 0 to 255 becomes the nearest of the two. */
INLINE void vi_put_bytes(uint8_t *p, const vi x[4])
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i low = _mm256_packs_epi32(x[0], x[1]), high = _mm256_packs_epi32(x[2], x[3]);
    _mm256_storeu_si256((__m256i *)(void *)p, _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order));
}

INLINE void f16_put(uint16_t *p, vf x, int64_t n)
{
    put_part(p, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), 2 * n);
}

INLINE vf f16_get(const uint16_t *p, int64_t n)
{
    return _mm256_cvtph_ps(get_part(p, 2 * n));
}

/* 8 x 8 words: pairs of rows, pairs of pairs, then the two halves. */
static void transpose(void *out_words, int64_t out_row, const void *in_words, int64_t in_row)
{
    uint32_t *out = out_words; /* only the addresses: the words themselves may have any type */
    const uint32_t *in = in_words;
    __m256i a[8], b[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        a[i] = _mm256_loadu_si256((const __m256i *)(in + i * in_row));
#pragma GCC unroll 8
    for (int i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_epi32(a[i], a[i + 1]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; i += 4) {
        a[i] = _mm256_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm256_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm256_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm256_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
#pragma GCC unroll 8
    for (int c = 0; c < 4; c++) {
        _mm256_storeu_si256((__m256i *)(out + c * out_row), _mm256_permute2x128_si256(a[c], a[4 + c], 0x20));
        _mm256_storeu_si256((__m256i *)(out + (4 + c) * out_row), _mm256_permute2x128_si256(a[c], a[4 + c], 0x31));
    }
}

#include "compute/kernels_template.h"
