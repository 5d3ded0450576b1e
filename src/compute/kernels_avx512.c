/* compute/kernels_avx512.c - kernels_template.h over 512-bit vectors (avx512 f, bw, vl, dq). */
#include <immintrin.h>
#include <stdint.h>

#define LANES 16
#define KERNELS kernels_avx512
#define DROPOUT dropout_avx512

typedef __m512 vf;
typedef __m512i vi;
typedef struct vd {
    __m512d low, high;
} vd;

#define INLINE static inline __attribute__((always_inline))
#define PART(n) ((__mmask16)((1u << (n)) - 1))

#define VF_LOAD(p) _mm512_loadu_ps(p)
#define VF_STORE(p, x) _mm512_storeu_ps(p, x)
#define VF_LOAD_PART(p, n) _mm512_maskz_loadu_ps(PART(n), p)
#define VF_LOAD_PART_OR(p, n, other) _mm512_mask_loadu_ps(other, PART(n), p)
#define VF_STORE_PART(p, x, n) _mm512_mask_storeu_ps(p, PART(n), x)
#define VF_FIRST(x, other, n) _mm512_mask_mov_ps(other, PART(n), x) /* the first n lanes of x, then other's */
#define VF_SET(f) _mm512_set1_ps(f)
#define VF_ZERO() _mm512_setzero_ps()
#define VF_ADD(a, b) _mm512_add_ps(a, b)
#define VF_SUB(a, b) _mm512_sub_ps(a, b)
#define VF_MUL(a, b) _mm512_mul_ps(a, b)
#define VF_DIV(a, b) _mm512_div_ps(a, b)
#define VF_SQRT(a) _mm512_sqrt_ps(a)
#define VF_FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define VF_MAX(a, b) _mm512_max_ps(a, b) /* b if either is NaN, as the instruction has it */
#define VF_MIN(a, b) _mm512_min_ps(a, b)
#define VF_ABS(a) _mm512_abs_ps(a)
#define VF_ROUND(a) _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define VF_SCALE_BY_POWER(a, n) _mm512_scalef_ps(a, n)
#define VF_WHERE_LESS(a, b, yes, no) _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), yes)
#define VF_COPY_SIGN(a, b) _mm512_or_ps(VF_ABS(a), _mm512_and_ps(b, _mm512_castsi512_ps(_mm512_set1_epi32(INT32_MIN))))
#define VF_FROM_BITS(i) _mm512_castsi512_ps(i)
#define VI_FROM_BITS(f) _mm512_castps_si512(f)
#define VI_SHIFT_LEFT(i, n) _mm512_slli_epi32(i, n)
#define VI_SUB(a, b) _mm512_sub_epi32(a, b)
#define VI_ADD(a, b) _mm512_add_epi32(a, b)
#define VI_MUL(a, b) _mm512_mullo_epi32(a, b)
#define VI_SET(i) _mm512_set1_epi32(i)
#define VI_OR(a, b) _mm512_or_si512(a, b)
#define VI_FROM_FLOATS(f) _mm512_cvtps_epi32(f)
#define FLOATS_FROM_VI(i) _mm512_cvtepi32_ps(i)
#define VD_ZERO() ((vd){_mm512_setzero_pd(), _mm512_setzero_pd()})

INLINE float vf_total(vf x)
{
    return _mm512_reduce_add_ps(x);
}

INLINE float vf_largest(vf x)
{
    return _mm512_reduce_max_ps(x);
}

INLINE __m512d low_doubles(vf x)
{
    return _mm512_cvtps_pd(_mm512_castps512_ps256(x));
}

INLINE __m512d high_doubles(vf x)
{
    return _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1));
}

INLINE vd vd_add_floats(vd s, vf x)
{
    return (vd){_mm512_add_pd(s.low, low_doubles(x)), _mm512_add_pd(s.high, high_doubles(x))};
}

INLINE vd vd_add_squares(vd s, vf x)
{
    __m512d low = low_doubles(x), high = high_doubles(x);
    return (vd){_mm512_fmadd_pd(low, low, s.low), _mm512_fmadd_pd(high, high, s.high)};
}

INLINE double vd_total(vd s)
{
    return _mm512_reduce_add_pd(_mm512_add_pd(s.low, s.high));
}

/* x where the byte is not 0, other elsewhere and after the first n */
INLINE vf vf_where_bytes(vf x, vf other, const uint8_t *bytes, int64_t n)
{
    __m128i b = _mm_maskz_loadu_epi8(PART(n), bytes);
    return _mm512_mask_mov_ps(other, _mm_test_epi8_mask(b, b), x);
}

INLINE vi bf16_bits(vf x)
{
    vi u = _mm512_castps_si512(x), upper = _mm512_srli_epi32(u, 16);
    vi odd = _mm512_and_si512(upper, _mm512_set1_epi32(1));
    vi rounded = _mm512_srli_epi32(_mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))), 16);
    return _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), upper, _mm512_set1_epi32(0x40));
}

INLINE void vi_put_u16(uint16_t *p, vi x, int64_t n)
{
    if (n == LANES)
        _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(x));
    else
        _mm256_mask_storeu_epi16(p, PART(n), _mm512_cvtepi32_epi16(x));
}

INLINE vi vi_get_u16(const uint16_t *p, int64_t n)
{
    return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(PART(n), p));
}

INLINE void vi_put_byte(uint8_t *p, vi x, int64_t n)
{
    if (n == LANES) /* stores with a mask, and the narrowing store itself, are slow on some */
        _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(x));
    else
        _mm_mask_storeu_epi8(p, PART(n), _mm512_cvtepi32_epi8(x));
}

/* Four vectors as bytes, in order; what lies outside 0 to 255 becomes the nearest of the two. */
INLINE void vi_put_bytes(uint8_t *p, const vi x[4])
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i low = _mm512_packs_epi32(x[0], x[1]), high = _mm512_packs_epi32(x[2], x[3]);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high)));
}

INLINE void f16_put(uint16_t *p, vf x, int64_t n)
{
    _mm256_mask_storeu_epi16(p, PART(n), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

INLINE vf f16_get(const uint16_t *p, int64_t n)
{
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(PART(n), p));
}

/* 16 x 16 words: pairs of rows, pairs of pairs, then the four 128-bit quarters in two steps. */
static void transpose(void *out_words, int64_t out_row, const void *in_words, int64_t in_row)
{
    uint32_t *out = out_words; /* only the addresses: the words themselves may have any type */
    const uint32_t *in = in_words;
    __m512i a[16], b[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
        a[i] = _mm512_loadu_si512(in + i * in_row);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i += 4) { /* a[i + c]: column 4 q + c of rows i .. i + 3, for every quarter q */
        a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
#pragma GCC unroll 16
    for (int c = 0; c < 4; c++) {
        __m512i low = _mm512_shuffle_i32x4(a[c], a[4 + c], 0x44), high = _mm512_shuffle_i32x4(a[c], a[4 + c], 0xee);
        __m512i low2 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0x44);
        __m512i high2 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0xee);
        _mm512_storeu_si512(out + c * out_row, _mm512_shuffle_i32x4(low, low2, 0x88));
        _mm512_storeu_si512(out + (4 + c) * out_row, _mm512_shuffle_i32x4(low, low2, 0xdd));
        _mm512_storeu_si512(out + (8 + c) * out_row, _mm512_shuffle_i32x4(high, high2, 0x88));
        _mm512_storeu_si512(out + (12 + c) * out_row, _mm512_shuffle_i32x4(high, high2, 0xdd));
    }
}

#include "compute/kernels_template.h"
