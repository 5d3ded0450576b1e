/* autograd/cpu_moving.c - the CPU's loops that only move numbers, by place, by index or by mask. */
#include <string.h>

#include "autograd/cpu.h"
#include "compute/kernels.h"
#include "compute/parallel.h"

void add_or_copy(float *to, const float *from, int64_t n, bool add)
{
    if (add)
        kernels_get()->add(to, to, from, n);
    else
        memcpy(to, from, (size_t)n * sizeof(float));
}

/* --- rows and transposition ------------------------------------------------------------------------------------------- */

static void copy_whole_range(void *context, int64_t first, int64_t last)
{
    const copy_problem *p = context;
    add_or_copy(p->to + first, p->from + first, last - first, p->add);
}

static void copy_rows_range(void *context, int64_t first, int64_t last)
{
    const copy_problem *p = context;
    for (int64_t r = first; r < last; r++)
        add_or_copy(p->to + r * p->to_row, p->from + r * p->from_row, p->n, p->add);
}

smac_status cpu_copy(device_run *run, const copy_problem *p)
{
    (void)run;
    if (p->rows == 1 || (p->to_row == p->n && p->from_row == p->n))
        for_ranges(p->rows * p->n, p->add ? ELEMENT_STEP : COPY_STEP, copy_whole_range, p);
    else
        for_ranges(p->rows, row_step(p->n), copy_rows_range, p);
    return SMAC_OK;
}

/* One row of the result: (a, j, k) holds n1 runs of c numbers. */
static void transpose_range(void *context, int64_t first, int64_t last)
{
    const transpose_problem *p = context;
    int64_t stride = p->m * p->n2 * p->c;
    for (int64_t row = first; row < last; row++) {
        int64_t k = row % p->m, j = row / p->m % p->n2, a = row / p->m / p->n2;
        const float *from = p->from + a * p->n1 * stride + (k * p->n2 + j) * p->c;
        float *to = p->to + row * p->n1 * p->c;
        if (p->c == 1) {
            for (int64_t i = 0; i < p->n1; i++)
                to[i] = p->add ? to[i] + from[i * stride] : from[i * stride];
        } else {
            for (int64_t i = 0; i < p->n1; i++)
                add_or_copy(to + i * p->c, from + i * stride, p->c, p->add);
        }
    }
}

smac_status cpu_transpose(device_run *run, const transpose_problem *p)
{
    (void)run;
    for_ranges(p->outer * p->n2 * p->m, row_step(p->n1 * p->c), transpose_range, p);
    return SMAC_OK;
}

/* --- gather ------------------------------------------------------------------------------------------------------------ */

static void gather_range(void *context, int64_t first, int64_t last)
{
    const gather_problem *p = context;
    for (int64_t i = first; i < last; i++) {
        float *to = p->y + i * p->width;
        if (p->indices[i] < 0)
            memset(to, 0, (size_t)p->width * sizeof(float));
        else
            memcpy(to, p->table + p->indices[i] * p->width, (size_t)p->width * sizeof(float));
    }
}

smac_status cpu_gather(device_run *run, const gather_problem *p)
{
    (void)run;
    for_ranges(p->count, row_step(p->width), gather_range, p);
    return SMAC_OK;
}

/* Columns from..to of every index in turn: a row may come more than once. */
static void gather_gradient_range(void *context, int64_t from, int64_t to)
{
    const gather_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t i = 0; i < p->count; i++)
        if (p->indices[i] >= 0) {
            float *row = p->table + p->indices[i] * p->width;
            kernel->add(row + from, row + from, p->y + i * p->width + from, to - from);
        }
}

smac_status cpu_gather_gradient(device_run *run, const gather_problem *p)
{
    (void)run;
    for_ranges(p->width, COLUMN_STEP, gather_gradient_range, p);
    return SMAC_OK;
}

/* --- relative positions: one piece is one head of one sequence --------------------------------------------------------- */

static void relative_piece(void *context, int64_t piece)
{
    const relative_problem *p = context;
    int64_t length = p->length, rows = p->rows, b = piece / p->heads, h = piece % p->heads;
    float *scores = p->scores + (h * p->batch + b) * length * rows, *picked = p->picked + piece * length * length;
    const int32_t *index = p->index + (p->index_batch > 1 ? b * length * length : 0);
    for (int64_t i = 0; i < length; i++)
        for (int64_t j = 0; j < length; j++) {
            float *score = scores + (p->from_key ? j : i) * rows + index[i * length + j];
            if (p->gradient)
                *score += picked[i * length + j];
            else
                picked[i * length + j] = *score;
        }
}

smac_status cpu_relative(device_run *run, const relative_problem *p)
{
    (void)run;
    parallel_for(p->heads * p->batch, relative_piece, (void *)p);
    return SMAC_OK;
}

/* --- where ------------------------------------------------------------------------------------------------------------- */

static void where_range(void *context, int64_t first, int64_t last)
{
    const where_problem *p = context;
    for (int64_t s = first; s < last; s++) {
        int64_t at = s * p->segment;
        const float *from = p->mask[at / p->inner] ? p->a + at : p->b + at % p->period;
        memcpy(p->y + at, from, (size_t)p->segment * sizeof(float));
    }
}

smac_status cpu_where(device_run *run, const where_problem *p)
{
    (void)run;
    for_ranges(p->count / p->segment, row_step(p->segment), where_range, p);
    return SMAC_OK;
}

static void where_gradient_a(void *context, int64_t first, int64_t last)
{
    const where_problem *p = context;
    for (int64_t s = first; s < last; s++) {
        int64_t at = s * p->segment;
        if (p->mask[at / p->inner])
            add_or_copy(p->a + at, p->y + at, p->segment, p->add);
        else if (!p->add)
            memset(p->a + at, 0, (size_t)p->segment * sizeof(float));
    }
}

static void where_gradient_b(void *context, int64_t first, int64_t last)
{
    const where_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t s = first; s < last; s++)
        for (int64_t at = s * p->segment; at < p->count; at += p->period)
            if (!p->mask[at / p->inner])
                kernel->add(p->b + s * p->segment, p->b + s * p->segment, p->y + at, p->segment);
}

smac_status cpu_where_gradient(device_run *run, const where_problem *p)
{
    (void)run;
    if (p->a != NULL)
        for_ranges(p->count / p->segment, row_step(p->segment), where_gradient_a, p);
    if (p->b != NULL)
        for_ranges(p->period / p->segment, row_step(p->segment), where_gradient_b, p);
    return SMAC_OK;
}
