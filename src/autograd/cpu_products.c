/*
 * autograd/cpu_products.c - the CPU's products, and convolution as a product with the windows laid out as rows:
 * columns(batch out_time, channels width) = x(b, to stride - padding + j, c);  y = columns W^T + b.  Windows are laid
 * out again for the gradient, so they are not kept.
 */
#include <string.h>

#include "autograd/cpu.h"
#include "compute/parallel.h"

smac_status cpu_product(device_run *run, const gemm_problem *p)
{
    gemm_problem g = *p;
    g.scratch = &run->product;
    return gemm(&g, &run->error);
}

/* --- linear -------------------------------------------------------------------------------------------------------- */

static void linear_end_range(void *context, int64_t from, int64_t to)
{
    const linear_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        float *before = p->before + r * p->n;
        if (p->b != NULL)
            kernel->add(before, before, p->b, p->n);
        if (p->activation != ACTIVATION_NONE)
            kernel->activate(p->y + r * p->n, before, p->n, p->activation);
    }
}

smac_status cpu_linear(device_run *run, const linear_problem *p)
{
    if (p->packed != NULL) {
        bool apart = p->before != p->y;
        packed_product product = {.y = p->before,
            .x = p->x,
            .rows = p->rows,
            .weight = p->packed,
            .bias = p->b,
            .activation = apart ? ACTIVATION_NONE : p->activation,
            .scratch = &run->product};
        TRY(product_packed(&product, &run->error));
        if (apart)
            parallel_activate(p->y, p->before, p->rows * p->n, p->activation);
        return SMAC_OK;
    }
    gemm_problem product = {.how = p->how,
        .transpose_b = true,
        .m = p->rows,
        .n = p->n,
        .k = p->k,
        .a = p->x,
        .lda = p->k,
        .b = p->w,
        .ldb = p->k,
        .c = p->before,
        .ldc = p->n};
    TRY(cpu_product(run, &product));
    if (p->b != NULL || p->activation != ACTIVATION_NONE)
        for_ranges(p->rows, row_step(p->n), linear_end_range, p);
    return SMAC_OK;
}

/* --- convolution over time ------------------------------------------------------------------------------------------- */

typedef struct convolution_work {
    const convolution_problem *p;
    float *columns;
    int64_t rows, row; /* of columns */
} convolution_work;

/* Rows of columns from..to; the order within a row is the weight's: channel, then position. */
static void window_range(void *context, int64_t from, int64_t to)
{
    const convolution_work *work = context;
    const convolution_problem *p = work->p;
    for (int64_t r = from; r < to; r++) {
        int64_t b = r / p->out_time, start = r % p->out_time * p->stride - p->padding;
        float *row = work->columns + r * work->row;
        for (int64_t j = 0; j < p->width; j++) {
            bool inside = start + j >= 0 && start + j < p->time;
            const float *x = p->x + (b * p->time + (inside ? start + j : 0)) * p->channels;
            for (int64_t i = 0; i < p->channels; i++)
                row[i * p->width + j] = inside ? x[i] : 0;
        }
    }
}

/* dx at times from..to (of all samples together): every window that saw this time, in order. */
static void window_gradient_range(void *context, int64_t from, int64_t to)
{
    const convolution_work *work = context;
    const convolution_problem *p = work->p;
    for (int64_t r = from; r < to; r++) {
        int64_t b = r / p->time, at = r % p->time + p->padding;
        float *dx = p->dx + r * p->channels;
        if (!p->add_x)
            memset(dx, 0, (size_t)p->channels * sizeof(float));
        for (int64_t j = p->width - 1; j >= 0; j--) {
            int64_t start = at - j, window = start / p->stride;
            if (start < 0 || start % p->stride != 0 || window >= p->out_time)
                continue;
            const float *row = work->columns + (b * p->out_time + window) * work->row;
            for (int64_t i = 0; i < p->channels; i++)
                dx[i] += row[i * p->width + j];
        }
    }
}

static void bias_range(void *context, int64_t from, int64_t to)
{
    const convolution_problem *p = context;
    for (int64_t r = from; r < to; r++)
        kernels_get()->add(p->y + r * p->outputs, p->y + r * p->outputs, p->b, p->outputs);
}

static smac_status convolution_begin(device_run *run, const convolution_problem *p, convolution_work *work)
{
    *work = (convolution_work){.p = p, .rows = p->batch * p->out_time, .row = p->channels * p->width};
    work->columns = workspace_take(&run->own, (size_t)(work->rows * work->row) * sizeof(float) + 1);
    if (work->columns == NULL)
        return FAIL(&run->error, SMAC_ERROR_MEMORY, "no memory for %lld windows of %lld numbers", (long long)work->rows,
            (long long)work->row);
    return SMAC_OK;
}

smac_status cpu_convolution(device_run *run, const convolution_problem *p)
{
    convolution_work work;
    TRY(convolution_begin(run, p, &work));
    for_ranges(work.rows, row_step(work.row), window_range, &work);
    gemm_problem product = {.how = p->how,
        .transpose_b = true,
        .m = work.rows,
        .n = p->outputs,
        .k = work.row,
        .a = work.columns,
        .lda = work.row,
        .b = p->w,
        .ldb = work.row,
        .c = p->y,
        .ldc = p->outputs};
    TRY(cpu_product(run, &product));
    if (p->b != NULL)
        for_ranges(work.rows, row_step(p->outputs), bias_range, p);
    return SMAC_OK;
}

smac_status cpu_convolution_gradient(device_run *run, const convolution_problem *p)
{
    convolution_work work;
    TRY(convolution_begin(run, p, &work));
    if (p->db != NULL)
        TRY(cpu_column_sums(run,
            &(column_sums_problem){
                .to = p->db, .x = p->dy, .rows = work.rows, .width = p->outputs, .sign = 1, .add = p->add_b}));
    if (p->dw != NULL) {
        for_ranges(work.rows, row_step(work.row), window_range, &work);
        gemm_problem dw = {.how = p->how,
            .transpose_a = true,
            .m = p->outputs,
            .n = work.row,
            .k = work.rows,
            .a = p->dy,
            .lda = p->outputs,
            .b = work.columns,
            .ldb = work.row,
            .beta = p->add_w,
            .c = p->dw,
            .ldc = work.row};
        TRY(cpu_product(run, &dw));
    }
    if (p->dx == NULL)
        return SMAC_OK;
    gemm_problem dx = {.how = p->how,
        .m = work.rows,
        .n = work.row,
        .k = p->outputs,
        .a = p->dy,
        .lda = p->outputs,
        .b = p->w,
        .ldb = work.row,
        .c = work.columns,
        .ldc = work.row};
    TRY(cpu_product(run, &dx));
    for_ranges(p->batch * p->time, row_step(work.row), window_gradient_range, &work);
    return SMAC_OK;
}
