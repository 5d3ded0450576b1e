/* compute/tiles.c - the plain C tiles. */
#include "compute/tiles.h"

#include "compute/kernels_internal.h"

enum { ROWS = 4 };

static void plain_f32(int rows, int64_t k, const float *a, int64_t a_row, int64_t a_k, const float *panel, float *c,
    int64_t ldc, bool add)
{
    for (int r = 0; r < rows; r++) {
        float sum[PANEL];
        for (int j = 0; j < PANEL; j++)
            sum[j] = add ? c[r * ldc + j] : 0;
        for (int64_t i = 0; i < k; i++) {
            float x = a[r * a_row + i * a_k];
            const float *w = panel + i * PANEL;
            for (int j = 0; j < PANEL; j++)
                sum[j] += x * w[j];
        }
        for (int j = 0; j < PANEL; j++)
            c[r * ldc + j] = sum[j];
    }
}

static void plain_bf16(int rows, int64_t pairs, const uint16_t *a, int64_t a_row, int64_t a_pair, const uint16_t *panel,
    float *c, int64_t ldc, bool add)
{
    for (int r = 0; r < rows; r++) {
        float sum[PANEL];
        for (int j = 0; j < PANEL; j++)
            sum[j] = add ? c[r * ldc + j] : 0;
        for (int64_t i = 0; i < pairs; i++) {
            const uint16_t *x = a + r * a_row + i * a_pair;
            float x0 = bf16_to_float(x[0]), x1 = bf16_to_float(x[1]);
            const uint16_t *w = panel + i * PANEL * 2;
            for (int j = 0; j < PANEL; j++)
                sum[j] += x0 * bf16_to_float(w[2 * j]) + x1 * bf16_to_float(w[2 * j + 1]);
        }
        for (int j = 0; j < PANEL; j++)
            c[r * ldc + j] = sum[j];
    }
}

static void plain_int8(
    int rows, int64_t quads, const uint8_t *a, int64_t a_row, const int8_t *panel, int32_t *c, int64_t ldc, bool add)
{
    for (int r = 0; r < rows; r++) {
        int32_t sum[PANEL];
        for (int j = 0; j < PANEL; j++)
            sum[j] = add ? c[r * ldc + j] : 0;
        for (int64_t i = 0; i < quads; i++) {
            const uint8_t *x = a + r * a_row + 4 * i;
            const int8_t *w = panel + i * PANEL * 4;
            for (int j = 0; j < PANEL; j++)
                sum[j] += x[0] * w[4 * j] + x[1] * w[4 * j + 1] + x[2] * w[4 * j + 2] + x[3] * w[4 * j + 3];
        }
        for (int j = 0; j < PANEL; j++)
            c[r * ldc + j] = sum[j];
    }
}

const tile_kernels tiles_plain = {.rows = ROWS, .f32 = plain_f32, .bf16 = plain_bf16, .int8 = plain_int8};
