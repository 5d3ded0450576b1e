/*
 * compute/tiles_template.h - the tiles of tiles.h over vectors, included once by each file that names an instruction
 * set.  Before including, define: LANES, ROWS, vf (floats), vi (integers), and
 *   VF_LOAD(p) VF_STORE(p, x) VF_SET(f) VF_ZERO() VF_FMA(a, b, c): a b + c
 *   VI_LOAD(p) VI_STORE(p, x) VI_SET(i) VI_ZERO()
 * and TILES, the name of the table, and those of the following that the table shall have:
 *   TILES_F32
 *   BF16_DOT(sum, a, w): sum + a0 w0 + a1 w1 in every lane of pairs
 *   INT8_DOT(sum, a, w): sum + four products of unsigned a and signed w in every lane of quads
 * A pass covers two vectors of columns; all sums of a pass stay in registers.
 */
#include <string.h>

#include "compute/tiles.h"

#define ALWAYS static inline __attribute__((always_inline))

enum { PASS = 2 * LANES };

#ifdef TILES_F32
ALWAYS void rows_f32(const int rows, int64_t k, const float *a, int64_t a_row, int64_t a_k, const float *panel,
    float *c, int64_t ldc, bool add)
{
    for (int h = 0; h < PANEL; h += PASS) {
        vf s[ROWS][2];
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            s[r][0] = add ? VF_LOAD(c + r * ldc + h) : VF_ZERO();
            s[r][1] = add ? VF_LOAD(c + r * ldc + h + LANES) : VF_ZERO();
        }
        const float *x = a, *w = panel + h;
        for (int64_t i = 0; i < k; i++, w += PANEL, x += a_k) {
            vf w0 = VF_LOAD(w), w1 = VF_LOAD(w + LANES);
#pragma GCC unroll 16
            for (int r = 0; r < rows; r++) {
                vf value = VF_SET(x[r * a_row]);
                s[r][0] = VF_FMA(value, w0, s[r][0]);
                s[r][1] = VF_FMA(value, w1, s[r][1]);
            }
        }
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            VF_STORE(c + r * ldc + h, s[r][0]);
            VF_STORE(c + r * ldc + h + LANES, s[r][1]);
        }
    }
}

#endif

#if defined(BF16_DOT) || defined(INT8_DOT)
/* Four bytes at any address. */
ALWAYS int32_t word_at(const void *p)
{
    int32_t word;
    memcpy(&word, p, 4);
    return word;
}

#endif

#ifdef BF16_DOT
ALWAYS void rows_bf16(const int rows, int64_t pairs, const uint16_t *a, int64_t a_row, int64_t a_pair,
    const uint16_t *panel, float *c, int64_t ldc, bool add)
{
    for (int h = 0; h < PANEL; h += PASS) {
        vf s[ROWS][2];
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            s[r][0] = add ? VF_LOAD(c + r * ldc + h) : VF_ZERO();
            s[r][1] = add ? VF_LOAD(c + r * ldc + h + LANES) : VF_ZERO();
        }
        const uint16_t *x = a, *w = panel + 2 * h;
        for (int64_t i = 0; i < pairs; i++, w += 2 * PANEL, x += a_pair) {
            vi w0 = VI_LOAD(w), w1 = VI_LOAD(w + 2 * LANES);
#pragma GCC unroll 16
            for (int r = 0; r < rows; r++) {
                vi value = VI_SET(word_at(x + r * a_row));
                s[r][0] = BF16_DOT(s[r][0], value, w0);
                s[r][1] = BF16_DOT(s[r][1], value, w1);
            }
        }
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            VF_STORE(c + r * ldc + h, s[r][0]);
            VF_STORE(c + r * ldc + h + LANES, s[r][1]);
        }
    }
}

#endif

#ifdef INT8_DOT
ALWAYS void rows_int8(const int rows, int64_t quads, const uint8_t *a, int64_t a_row, const int8_t *panel, int32_t *c,
    int64_t ldc, bool add)
{
    for (int h = 0; h < PANEL; h += PASS) {
        vi s[ROWS][2];
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            s[r][0] = add ? VI_LOAD(c + r * ldc + h) : VI_ZERO();
            s[r][1] = add ? VI_LOAD(c + r * ldc + h + LANES) : VI_ZERO();
        }
        const uint8_t *x = a;
        const int8_t *w = panel + 4 * h;
        for (int64_t i = 0; i < quads; i++, w += 4 * PANEL, x += 4) {
            vi w0 = VI_LOAD(w), w1 = VI_LOAD(w + 4 * LANES);
#pragma GCC unroll 16
            for (int r = 0; r < rows; r++) {
                vi value = VI_SET(word_at(x + r * a_row));
                s[r][0] = INT8_DOT(s[r][0], value, w0);
                s[r][1] = INT8_DOT(s[r][1], value, w1);
            }
        }
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            VI_STORE(c + r * ldc + h, s[r][0]);
            VI_STORE(c + r * ldc + h + LANES, s[r][1]);
        }
    }
}

#endif

/* Every height has code of its own, so that the number of sums is known when it is compiled. */
#if ROWS == 14
#define HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#elif ROWS == 6
#define HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#else
#error "add the heights for this number of rows"
#endif

#define CASE_F32(height)                                        \
    case height:                                                \
        rows_f32(height, k, a, a_row, a_k, panel, c, ldc, add); \
        break;
#define CASE_BF16(height)                                               \
    case height:                                                        \
        rows_bf16(height, pairs, a, a_row, a_pair, panel, c, ldc, add); \
        break;
#define CASE_INT8(height)                                       \
    case height:                                                \
        rows_int8(height, quads, a, a_row, panel, c, ldc, add); \
        break;

#ifdef TILES_F32
static void vector_f32(int rows, int64_t k, const float *a, int64_t a_row, int64_t a_k, const float *panel, float *c,
    int64_t ldc, bool add)
{
    switch (rows) {
        HEIGHTS(CASE_F32)
    default:
        break;
    }
}

#endif

#ifdef BF16_DOT
static void vector_bf16(int rows, int64_t pairs, const uint16_t *a, int64_t a_row, int64_t a_pair,
    const uint16_t *panel, float *c, int64_t ldc, bool add)
{
    switch (rows) {
        HEIGHTS(CASE_BF16)
    default:
        break;
    }
}

#endif

#ifdef INT8_DOT
static void vector_int8(
    int rows, int64_t quads, const uint8_t *a, int64_t a_row, const int8_t *panel, int32_t *c, int64_t ldc, bool add)
{
    switch (rows) {
        HEIGHTS(CASE_INT8)
    default:
        break;
    }
}

#endif

const tile_kernels TILES = {
    .rows = ROWS,
#ifdef TILES_F32
    .f32 = vector_f32,
#endif
#ifdef BF16_DOT
    .bf16 = vector_bf16,
#endif
#ifdef INT8_DOT
    .int8 = vector_int8,
#endif
};
