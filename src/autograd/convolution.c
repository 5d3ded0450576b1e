/*
 * autograd/convolution.c - convolution over time with channels last, as a product with the windows laid out as rows:
 * columns(B*To, C*width) = x(b, to*stride - padding + j, c);  y = columns W^T + b.  Windows are laid out again in the
 * backward pass, so they are not kept.
 */
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"
#include "compute/kernels.h"
#include "compute/parallel.h"
#include "compute/products.h"

typedef struct conv_context {
    value *x, *w, *b, *y;
    int64_t batch, time, channels, out_time, outputs, width;
    int stride, padding;
    precision how;
    float *columns, *dx;
    bool add;
} conv_context;

/* Rows of columns from..to; the order within a row is the weight's: channel, then position. */
static void window_range(void *context, int64_t from, int64_t to)
{
    const conv_context *c = context;
    for (int64_t r = from; r < to; r++) {
        int64_t b = r / c->out_time, start = r % c->out_time * c->stride - c->padding;
        float *row = c->columns + r * c->channels * c->width;
        for (int64_t j = 0; j < c->width; j++) {
            bool inside = start + j >= 0 && start + j < c->time;
            const float *x = c->x->device_data + (b * c->time + (inside ? start + j : 0)) * c->channels;
            for (int64_t i = 0; i < c->channels; i++)
                row[i * c->width + j] = inside ? x[i] : 0;
        }
    }
}

/* dx at times from..to (of all samples together): every window that saw this time, in order. */
static void window_gradient_range(void *context, int64_t from, int64_t to)
{
    const conv_context *c = context;
    for (int64_t r = from; r < to; r++) {
        int64_t b = r / c->time, at = r % c->time + c->padding;
        float *dx = c->dx + r * c->channels;
        if (!c->add)
            memset(dx, 0, (size_t)c->channels * sizeof(float));
        for (int64_t j = c->width - 1; j >= 0; j--) {
            int64_t start = at - j, window = start / c->stride;
            if (start < 0 || start % c->stride != 0 || window >= c->out_time)
                continue;
            const float *row = c->columns + (b * c->out_time + window) * c->channels * c->width;
            for (int64_t i = 0; i < c->channels; i++)
                dx[i] += row[i * c->width + j];
        }
    }
}

static void bias_range(void *context, int64_t from, int64_t to)
{
    const conv_context *c = context;
    for (int64_t r = from; r < to; r++)
        kernels_get()->add(
            c->y->device_data + r * c->outputs, c->y->device_data + r * c->outputs, c->b->device_data, c->outputs);
}

static void conv_backward(tape *t, void *context)
{
    conv_context *c = context;
    smac_error error = {0};
    int64_t rows = c->batch * c->out_time, row = c->channels * c->width;
    const float *dy = c->y->grad;
    bool add;
    float *grad = grad_open(t, c->b, &add);
    if (grad != NULL)
        column_sums(grad, add, dy, rows, c->outputs);
    c->columns = scratch_take(t, rows * row);
    if (c->columns == NULL)
        return;
    grad = grad_open(t, c->w, &add);
    smac_status status = SMAC_OK;
    if (grad != NULL) {
        for_ranges(rows, row_step(row), window_range, c);
        gemm_problem dw = {.how = c->how,
            .transpose_a = true,
            .m = c->outputs,
            .n = row,
            .k = rows,
            .a = dy,
            .lda = c->outputs,
            .b = c->columns,
            .ldb = row,
            .beta = add,
            .c = grad,
            .ldc = row,
            .scratch = tape_workspace(t)};
        status = gemm(&dw, &error);
    }
    c->dx = grad_open(t, c->x, &c->add);
    if (status == SMAC_OK && c->dx != NULL) {
        gemm_problem dx = {.how = c->how,
            .m = rows,
            .n = row,
            .k = c->outputs,
            .a = dy,
            .lda = c->outputs,
            .b = c->w->device_data,
            .ldb = row,
            .c = c->columns,
            .ldc = row,
            .scratch = tape_workspace(t)};
        status = gemm(&dx, &error);
        for_ranges(c->batch * c->time, row_step(row), window_gradient_range, c);
    }
    scratch_give(t, c->columns, rows * row);
    if (status != SMAC_OK)
        tape_fail(t, error.code, "op_conv1d", "op_conv1d: %s", error.message);
}

value *op_conv1d(tape *t, value *x, value *w, value *b, int stride, int padding)
{
    if (!OP_READY(t, "op_conv1d", x, w) || (b != NULL && !OP_READY(t, "op_conv1d", b)))
        return NULL;
    bool fits = x->rank == 3 && w->rank == 3 && w->dim[1] == x->dim[2] && stride > 0 && padding >= 0 &&
        x->dim[1] + 2 * (int64_t)padding >= w->dim[2] && w->dim[2] > 0 &&
        (b == NULL || (b->rank == 1 && b->dim[0] == w->dim[0]));
    if (!fits) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_conv1d",
            "op_conv1d: x %s, weight %s and bias %s with stride %d and padding %d do not fit: expected (B, T, C), "
            "(O, C, width) and (O), T + 2 padding at least width",
            shape_of(x).text, shape_of(w).text, b != NULL ? shape_of(b).text : "(none)", stride, padding);
        return NULL;
    }
    conv_context c = {.x = x,
        .w = w,
        .b = b,
        .batch = x->dim[0],
        .time = x->dim[1],
        .channels = x->dim[2],
        .outputs = w->dim[0],
        .width = w->dim[2],
        .stride = stride,
        .padding = padding,
        .how = tape_get_options(t)->precision};
    c.out_time = (c.time + 2 * padding - c.width) / stride + 1;
    int64_t rows = c.batch * c.out_time, row = c.channels * c.width;
    bool tracked = tape_wants(t, x) || tape_wants(t, w) || tape_wants(t, b);
    c.y = op_result(t, 3, (int64_t[]){c.batch, c.out_time, c.outputs}, tracked);
    c.columns = c.y != NULL ? scratch_take(t, rows * row) : NULL;
    if (c.columns == NULL)
        return NULL;
    for_ranges(rows, row_step(row), window_range, &c);
    smac_error error = {0};
    gemm_problem product = {.how = c.how,
        .transpose_b = true,
        .m = rows,
        .n = c.outputs,
        .k = row,
        .a = c.columns,
        .lda = row,
        .b = w->device_data,
        .ldb = row,
        .c = c.y->device_data,
        .ldc = c.outputs,
        .scratch = tape_workspace(t)};
    smac_status status = gemm(&product, &error);
    scratch_give(t, c.columns, rows * row);
    if (status != SMAC_OK) {
        tape_fail(t, error.code, "op_conv1d", "op_conv1d: %s", error.message);
        return NULL;
    }
    if (b != NULL)
        for_ranges(rows, row_step(c.outputs), bias_range, &c);
    return op_finish(t, "op_conv1d", c.y, &c, sizeof c, conv_backward);
}
