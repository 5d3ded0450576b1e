/* compute/packing.c - panels and rows for tiles.h. */
#include "compute/packing.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "compute/kernels_internal.h"
#include "compute/tiles.h"

enum { CHUNK = 256 }; /* steps that are converted before they are moved */

int64_t panels_of(int64_t n)
{
    return (n + PANEL - 1) / PANEL;
}

int64_t step_of(precision how)
{
    return how == PRECISION_F32 ? 1 : how == PRECISION_BF16 ? 2 : 4;
}

int64_t steps_padded(int64_t k, precision how)
{
    int64_t step = step_of(how);
    return (k + step - 1) / step * step;
}

size_t element_of(precision how)
{
    return (size_t)(4 / step_of(how));
}

static int columns_of(int64_t n, int64_t index)
{
    int64_t rest = n - index * PANEL;
    return rest < PANEL ? (int)rest : PANEL;
}

/*
 * out[i][j] = in[j][i] for words of 32 bits, whatever their type: "columns" rows of in, "steps" words of each; rows of
 * out have 32.
 */
static void transpose_words(
    void *out, const struct kernels *kernels, const void *in, int64_t in_row, int columns, int64_t steps)
{
    char *to = out;
    const char *from = in;
    int side = (int)kernels->side;
    int whole_columns = columns / side * side;
    int64_t whole_steps = steps / side * side;
    for (int64_t i = 0; i < whole_steps; i += side)
        for (int j = 0; j < whole_columns; j += side)
            kernels->transpose(to + 4 * (i * PANEL + j), PANEL, from + 4 * (j * in_row + i), in_row);
    for (int j = 0; j < columns; j++)
        for (int64_t i = j < whole_columns ? whole_steps : 0; i < steps; i++)
            memcpy(to + 4 * (i * PANEL + j), from + 4 * (j * in_row + i), 4);
}

static void panel_f32(float *panel, const struct kernels *kernels, const right_matrix *m, const float *b, int columns)
{
    if (m->step_n == 1) {
        for (int64_t i = 0; i < m->k; i++)
            memcpy(panel + i * PANEL, b + i * m->step_k, (size_t)columns * sizeof *b);
        return;
    }
    transpose_words(panel, kernels, b, m->step_n, columns, m->k);
}

static void panel_bf16(
    uint16_t *panel, const struct kernels *kernels, const right_matrix *m, const float *b, int columns)
{
    static const float zeros[PANEL];
    if (m->step_n == 1) {
        for (int64_t i = 0; i < m->k; i += 2)
            kernels->pair_bf16(
                panel + i * PANEL, b + i * m->step_k, i + 1 < m->k ? b + (i + 1) * m->step_k : zeros, columns);
        return;
    }
    uint16_t rows[PANEL * CHUNK];
    for (int64_t start = 0; start < m->k; start += CHUNK) {
        int64_t steps = m->k - start < CHUNK ? m->k - start : CHUNK;
        for (int j = 0; j < columns; j++) {
            uint16_t *row = rows + j * CHUNK;
            kernels->to_bf16(row, b + start + j * m->step_n, steps);
            if (steps % 2)
                row[steps] = 0;
        }
        transpose_words(panel + start * PANEL, kernels, rows, CHUNK / 2, columns, (steps + 1) / 2);
    }
}

void pack_panel(void *panel, precision how, const struct kernels *kernels, const right_matrix *m, int64_t index)
{
    int columns = columns_of(m->n, index);
    const float *b = m->b + index * PANEL * m->step_n;
    if (columns < PANEL)
        memset(panel, 0, (size_t)steps_padded(m->k, how) * PANEL * element_of(how));
    if (how == PRECISION_F32)
        panel_f32(panel, kernels, m, b, columns);
    else
        panel_bf16(panel, kernels, m, b, columns);
}

void pack_panel_from_bf16(
    uint16_t *panel, const struct kernels *kernels, const uint16_t *w, int64_t n, int64_t k, int64_t index)
{
    int columns = columns_of(n, index);
    uint16_t rows[PANEL * CHUNK];
    w += index * PANEL * k;
    if (columns < PANEL)
        memset(panel, 0, (size_t)steps_padded(k, PRECISION_BF16) * PANEL * sizeof *panel);
    for (int64_t start = 0; start < k; start += CHUNK) {
        int64_t steps = k - start < CHUNK ? k - start : CHUNK;
        for (int j = 0; j < columns; j++) {
            uint16_t *row = rows + j * CHUNK;
            memcpy(row, w + start + j * k, (size_t)steps * sizeof *w);
            if (steps % 2)
                row[steps] = 0;
        }
        transpose_words(panel + start * PANEL, kernels, rows, CHUNK / 2, columns, (steps + 1) / 2);
    }
}

void pack_panel_int8(
    int8_t *panel, float *scale, int32_t *sum, const struct kernels *kernels, const right_matrix *m, int64_t index)
{
    int columns = columns_of(m->n, index);
    const float *b = m->b + index * PANEL * m->step_n;
    float factor[PANEL];
    int8_t rows[PANEL * CHUNK];
    if (columns < PANEL)
        memset(panel, 0, (size_t)steps_padded(m->k, PRECISION_INT8) * PANEL);
    memset(scale, 0, PANEL * sizeof *scale);
    memset(sum, 0, PANEL * sizeof *sum);
    for (int j = 0; j < columns; j++) {
        float largest = kernels->magnitude(b + j * m->step_n, m->k);
        scale[j] = largest / 127.0f;
        factor[j] = largest > SMALLEST_MAGNITUDE ? 127.0f / largest : 0;
    }
    for (int64_t start = 0; start < m->k; start += CHUNK) {
        int64_t steps = m->k - start < CHUNK ? m->k - start : CHUNK;
        for (int j = 0; j < columns; j++) {
            int8_t *row = rows + j * CHUNK;
            if (factor[j] > 0)
                kernels->quantise_by(row, b + start + j * m->step_n, steps, factor[j]);
            else
                memset(row, 0, (size_t)steps);
            for (int64_t i = 0; i < steps; i++)
                sum[j] += row[i];
            for (int64_t i = steps; i % 4; i++)
                row[i] = 0;
        }
        transpose_words(panel + start * PANEL, kernels, rows, CHUNK / 4, columns, (steps + 3) / 4);
    }
}

left_matrix left_matrix_plan(
    precision how, const float *a, int64_t m, int64_t k, int64_t step_m, int64_t step_k, bool copy)
{
    left_matrix l = {.how = how, .a = a, .m = m, .k = k, .step_m = step_m, .step_k = step_k};
    if (how == PRECISION_F32 && !(copy && step_k == 1)) {
        l.row = step_m;
        l.pair = step_k;
        return l;
    }
    if (step_k != 1) { /* bf16, stored by columns: pairs of columns lie side by side, no transposing */
        l.row = 2;
        l.pair = 2 * m;
        return l;
    }
    int64_t line = 64 / (int64_t)element_of(how); /* an odd number of cache lines: rows fall into different sets */
    l.row = ((k + line - 1) / line | 1) * line;
    l.pair = step_of(how) == 2 ? 2 : 1;
    return l;
}

static bool moves(const left_matrix *l)
{
    return l->how != PRECISION_F32 || l->row != l->step_m || l->pair != l->step_k;
}

bool left_matrix_bytes(const left_matrix *l, size_t *bytes)
{
    *bytes = 0;
    if (!moves(l))
        return true;
    size_t cells;
    bool by_pairs = l->step_k != 1;
    size_t rows = by_pairs ? (size_t)(l->k + 1) / 2 : (size_t)l->m, row = by_pairs ? (size_t)l->pair : (size_t)l->row;
    if (!checked_multiply(rows, row, &cells) || !checked_multiply(cells, element_of(l->how), bytes) ||
        !checked_add(*bytes, 63, bytes))
        return false;
    *bytes &= ~(size_t)63;
    return true;
}

void left_matrix_pack(const left_matrix *l, const struct kernels *kernels, int64_t first, int64_t rows)
{
    int64_t steps = steps_padded(l->k, l->how);
    if (!l->packed)
        return;
    if (l->step_k != 1) {
        static const float zeros[CHUNK];
        for (int64_t start = first; start < first + rows; start += CHUNK) {
            int64_t count = first + rows - start < CHUNK ? first + rows - start : CHUNK;
            for (int64_t i = 0; i < l->k; i += 2)
                kernels->pair_bf16((uint16_t *)l->packed + i / 2 * l->pair + 2 * start, l->a + i * l->step_k + start,
                    i + 1 < l->k ? l->a + (i + 1) * l->step_k + start : zeros, count);
        }
        return;
    }
    for (int64_t r = first; r < first + rows; r++) {
        const float *from = l->a + r * l->step_m;
        if (l->how == PRECISION_F32) {
            memcpy((float *)l->packed + r * l->row, from, (size_t)l->k * sizeof *from);
        } else if (l->how == PRECISION_BF16) {
            uint16_t *to = (uint16_t *)l->packed + r * l->row;
            kernels->to_bf16(to, from, l->k);
            if (steps > l->k && l->row > l->k)
                to[l->k] = 0;
        } else {
            uint8_t *to = (uint8_t *)l->packed + r * l->row;
            l->scale[r] = kernels->quantise_unsigned(to, from, l->k, &l->zero[r]);
            if (l->row >= steps)
                memset(to + l->k, 0, (size_t)(steps - l->k));
        }
    }
}

const void *left_matrix_row(const left_matrix *l, int64_t row)
{
    if (!l->packed)
        return l->a + row * l->row;
    return (const char *)l->packed + (size_t)(row * l->row) * element_of(l->how);
}
