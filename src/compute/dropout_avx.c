/*
 * compute/dropout_avx.c - dropout with AVX2 and AVX-512: four or eight Philox counters side by side, each word in the
 * lower half of a 64-bit lane (the upper halves hold leftovers that no multiplication reads).
 */
#include <immintrin.h>

#include "compute/dropout.h"

enum { GROUP = 64 }; /* the vector loops take whole groups */

enum { ROUNDS = 10 };
#define MULTIPLY_0 0xD2511F53u
#define MULTIPLY_1 0xCD9E8D57u
#define KEY_0 0x9E3779B9u
#define KEY_1 0xBB67AE85u

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define AVX2 __attribute__((target("avx2")))

AVX512 static void groups_avx512(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x)
{
    const __m512i m0 = _mm512_set1_epi64(MULTIPLY_0), m1 = _mm512_set1_epi64(MULTIPLY_1);
    const __m512i low = _mm512_set1_epi64(0xFFFFFFFF), lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i front = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0),
                  back = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    const __m512i threshold = _mm512_set1_epi16((short)mask->threshold);
    const __m512 scale = _mm512_set1_ps(mask->scale);
    for (int64_t at = 0; at < count; at += 64) {
        __m512i counter = _mm512_add_epi64(_mm512_set1_epi64((index + at) / 8), lanes);
        __m512i c0 = counter, c1 = _mm512_srli_epi64(counter, 32);
        __m512i c2 = _mm512_set1_epi64((int64_t)(mask->stream & 0xFFFFFFFF));
        __m512i c3 = _mm512_set1_epi64((int64_t)(mask->stream >> 32));
        uint32_t k0 = (uint32_t)mask->seed, k1 = (uint32_t)(mask->seed >> 32);
        for (int round = 0; round < ROUNDS; round++, k0 += KEY_0, k1 += KEY_1) {
            __m512i p0 = _mm512_mul_epu32(m0, c0), p1 = _mm512_mul_epu32(m1, c2);
            c0 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c1, _mm512_set1_epi64(k0), 0x96);
            c2 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c3, _mm512_set1_epi64(k1), 0x96);
            c1 = p1;
            c3 = p0;
        }
        __m512i first = _mm512_or_si512(_mm512_and_si512(c0, low), _mm512_slli_epi64(c1, 32));
        __m512i second = _mm512_or_si512(_mm512_and_si512(c2, low), _mm512_slli_epi64(c3, 32));
        __mmask32 keep[2] = {_mm512_cmpge_epu16_mask(_mm512_permutex2var_epi64(first, front, second), threshold),
            _mm512_cmpge_epu16_mask(_mm512_permutex2var_epi64(first, back, second), threshold)};
        for (int i = 0; i < 4; i++) {
            __mmask16 part = (__mmask16)(keep[i / 2] >> (16 * (i % 2)));
            _mm512_storeu_ps(y + at + 16 * i, _mm512_maskz_mul_ps(part, _mm512_loadu_ps(x + at + 16 * i), scale));
        }
    }
}

AVX2 static void groups_avx2(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x)
{
    const __m256i m0 = _mm256_set1_epi64x(MULTIPLY_0), m1 = _mm256_set1_epi64x(MULTIPLY_1);
    const __m256i low = _mm256_set1_epi64x(0xFFFFFFFF), lanes = _mm256_set_epi64x(3, 2, 1, 0);
    const __m256i threshold = _mm256_set1_epi32((int)mask->threshold);
    const __m256 scale = _mm256_set1_ps(mask->scale);
    for (int64_t at = 0; at < count; at += 32) {
        __m256i counter = _mm256_add_epi64(_mm256_set1_epi64x((index + at) / 8), lanes);
        __m256i c0 = counter, c1 = _mm256_srli_epi64(counter, 32);
        __m256i c2 = _mm256_set1_epi64x((int64_t)(mask->stream & 0xFFFFFFFF));
        __m256i c3 = _mm256_set1_epi64x((int64_t)(mask->stream >> 32));
        uint32_t k0 = (uint32_t)mask->seed, k1 = (uint32_t)(mask->seed >> 32);
        for (int round = 0; round < ROUNDS; round++, k0 += KEY_0, k1 += KEY_1) {
            __m256i p0 = _mm256_mul_epu32(m0, c0), p1 = _mm256_mul_epu32(m1, c2);
            c0 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p1, 32), c1), _mm256_set1_epi64x(k0));
            c2 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p0, 32), c3), _mm256_set1_epi64x(k1));
            c1 = p1;
            c3 = p0;
        }
        __m256i first = _mm256_or_si256(_mm256_and_si256(c0, low), _mm256_slli_epi64(c1, 32));
        __m256i second = _mm256_or_si256(_mm256_and_si256(c2, low), _mm256_slli_epi64(c3, 32));
        __m256i even = _mm256_unpacklo_epi64(first, second), odd = _mm256_unpackhi_epi64(first, second);
        const __m128i block[4] = {_mm256_castsi256_si128(even), _mm256_castsi256_si128(odd),
            _mm256_extracti128_si256(even, 1), _mm256_extracti128_si256(odd, 1)};
        for (int i = 0; i < 4; i++) {
            __m256 drop = _mm256_castsi256_ps(_mm256_cmpgt_epi32(threshold, _mm256_cvtepu16_epi32(block[i])));
            _mm256_storeu_ps(
                y + at + 8 * i, _mm256_andnot_ps(drop, _mm256_mul_ps(_mm256_loadu_ps(x + at + 8 * i), scale)));
        }
    }
}

/* Whole groups by the vector loop, what lies before and after them one block at a time. */
static void apply_in_groups(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x,
    void (*groups)(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x))
{
    int64_t end = index + count, first = (index + GROUP - 1) / GROUP * GROUP, last = end / GROUP * GROUP;
    if (first >= last) {
        dropout_plain(mask, index, count, y, x);
        return;
    }
    dropout_plain(mask, index, first - index, y, x);
    groups(mask, first, last - first, y + (first - index), x + (first - index));
    dropout_plain(mask, last, end - last, y + (last - index), x + (last - index));
}

void dropout_avx2(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x)
{
    apply_in_groups(mask, index, count, y, x, groups_avx2);
}

void dropout_avx512(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x)
{
    apply_in_groups(mask, index, count, y, x, groups_avx512);
}
