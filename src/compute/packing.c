/* compute/packing.c - panels and rows for tiles.h. */
#include "compute/packing.h"

#include <math.h>
#include <string.h>

#include "compute/kernels_internal.h"
#include "compute/tiles.h"

int64_t panels_of(int64_t n) {
    return (n + PANEL - 1) / PANEL;
}

int64_t steps_padded(int64_t k, int64_t step) {
    return (k + step - 1) / step * step;
}

static int columns_of(const right_matrix *m, int64_t index) {
    int64_t rest = m->n - index * PANEL;
    return rest < PANEL ? (int)rest : PANEL;
}

void pack_panel_f32(float *panel, const right_matrix *m, int64_t index) {
    int columns = columns_of(m, index);
    const float *b = m->b + index * PANEL * m->step_n;
    if (columns < PANEL)
        memset(panel, 0, (size_t)m->k * PANEL * sizeof *panel);
    if (m->step_n == 1) {
        for (int64_t i = 0; i < m->k; i++)
            memcpy(panel + i * PANEL, b + i * m->step_k, (size_t)columns * sizeof *b);
        return;
    }
    for (int64_t start = 0; start < m->k; start += 16) { /* 16 steps at a time: whole cache lines on both sides */
        int64_t end = start + 16 < m->k ? start + 16 : m->k;
        for (int j = 0; j < columns; j++)
            for (int64_t i = start; i < end; i++)
                panel[i * PANEL + j] = b[i * m->step_k + j * m->step_n];
    }
}

void pack_panel_bf16(uint16_t *panel, const right_matrix *m, int64_t index) {
    int columns = columns_of(m, index);
    const float *b = m->b + index * PANEL * m->step_n;
    if (columns < PANEL || m->k % 2)
        memset(panel, 0, (size_t)steps_padded(m->k, 2) * PANEL * sizeof *panel);
    for (int64_t start = 0; start < m->k; start += 16) {
        int64_t end = start + 16 < m->k ? start + 16 : m->k;
        for (int j = 0; j < columns; j++)
            for (int64_t i = start; i < end; i++)
                panel[(i / 2 * PANEL + j) * 2 + i % 2] = bf16_from_float(b[i * m->step_k + j * m->step_n]);
    }
}

void pack_panel_int8(int8_t *panel, float *scale, int32_t *offset, const right_matrix *m, int64_t index) {
    int columns = columns_of(m, index);
    const float *b = m->b + index * PANEL * m->step_n;
    memset(panel, 0, (size_t)steps_padded(m->k, 4) * PANEL);
    memset(scale, 0, PANEL * sizeof *scale);
    memset(offset, 0, PANEL * sizeof *offset);
    for (int j = 0; j < columns; j++) {
        const float *column = b + j * m->step_n;
        float largest = 0;
        bool bad = false;
        for (int64_t i = 0; i < m->k; i++) {
            float v = fabsf(column[i * m->step_k]);
            largest = v > largest ? v : largest;
            bad = bad || !isfinite(v);
        }
        scale[j] = bad ? NAN : largest / 127.0f;
        float inverse = bad || largest == 0 ? 0 : 127.0f / largest;
        int32_t sum = 0;
        for (int64_t i = 0; i < m->k; i++) {
            float v = bad ? 0 : rintf(column[i * m->step_k] * inverse);
            int8_t q = (int8_t)(v > 127 ? 127 : v < -127 ? -127 : v);
            panel[(i / 4 * PANEL + j) * 4 + i % 4] = q;
            sum += q;
        }
        offset[j] = 128 * sum;
    }
}

void pack_rows_bf16(uint16_t *out, const struct kernels *kernels, const float *a, int64_t rows, int64_t k,
    int64_t k_padded, int64_t step_m, int64_t step_k) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = k; i < k_padded; i++)
            out[r * k_padded + i] = 0;
    if (step_k == 1) {
        for (int64_t r = 0; r < rows; r++)
            kernels->to_bf16(out + r * k_padded, a + r * step_m, k);
        return;
    }
    for (int64_t start = 0; start < rows; start += 16) {
        int64_t end = start + 16 < rows ? start + 16 : rows;
        for (int64_t i = 0; i < k; i++)
            for (int64_t r = start; r < end; r++)
                out[r * k_padded + i] = bf16_from_float(a[r * step_m + i * step_k]);
    }
}

void pack_rows_int8(uint8_t *out, float *scale, const struct kernels *kernels, const float *a, int64_t rows, int64_t k,
    int64_t k_padded) {
    for (int64_t r = 0; r < rows; r++) {
        uint8_t *row = out + r * k_padded;
        scale[r] = kernels->quantise((int8_t *)row, a + r * k, k);
        for (int64_t i = 0; i < k; i++)
            row[i] ^= 0x80; /* + 128 in two's complement */
        memset(row + k, 128, (size_t)(k_padded - k));
    }
}
