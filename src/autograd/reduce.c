/* autograd/reduce.c - sums and means.  Totals are summed in double, in blocks of fixed size. */
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"
#include "compute/kernels.h"
#include "compute/parallel.h"

/* --- to a scalar --------------------------------------------------------------------------------------------------- */

typedef struct total_context {
    value *x, *out;
    double factor; /* 1, or 1/count */
    double *parts;
    float *dx;
    bool add;
} total_context;

static void total_range(void *context, int64_t from, int64_t to)
{
    const total_context *c = context;
    c->parts[from / ELEMENT_STEP] = kernels_get()->sum(c->x->device_data + from, to - from);
}

static void total_backward_range(void *context, int64_t from, int64_t to)
{
    const total_context *c = context;
    float g = c->out->grad[0] * (float)c->factor;
    for (int64_t i = from; i < to; i++)
        c->dx[i] = c->add ? c->dx[i] + g : g;
}

static void total_backward(tape *t, void *context)
{
    total_context *c = context;
    c->dx = grad_open(t, c->x, &c->add);
    if (c->dx != NULL)
        for_ranges(c->x->count, ELEMENT_STEP, total_backward_range, c);
}

static value *total(tape *t, const char *op, value *x, bool mean)
{
    if (!OP_READY(t, op, x))
        return NULL;
    if (mean && x->count == 0) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, op, "%s: x of shape %s has no numbers to average", op, shape_of(x).text);
        return NULL;
    }
    value *out = op_result(t, 0, NULL, tape_wants(t, x));
    int64_t blocks = (x->count + ELEMENT_STEP - 1) / ELEMENT_STEP;
    total_context c = {.x = x,
        .out = out,
        .factor = mean ? 1.0 / (double)x->count : 1,
        .parts = tape_scratch(t, (size_t)blocks * sizeof(double))};
    if (out == NULL || c.parts == NULL)
        return NULL;
    for_ranges(x->count, ELEMENT_STEP, total_range, &c);
    double sum = 0;
    for (int64_t i = 0; i < blocks; i++)
        sum += c.parts[i];
    out->device_data[0] = (float)(sum * c.factor);
    return op_finish(t, op, out, &c, sizeof c, total_backward);
}

value *op_sum(tape *t, value *x)
{
    return total(t, "op_sum", x, false);
}

value *op_mean(tape *t, value *x)
{
    return total(t, "op_mean", x, true);
}

/* --- over one dimension, (A, n, C) -> (A, C), some positions left out ---------------------------------------------- */

typedef struct mean_context {
    value *x, *out;
    const uint8_t *mask; /* (A, n) or NULL */
    int64_t outer, n, inner;
    float *dx;
    bool add;
} mean_context;

static float mean_factor(const mean_context *c, int64_t a)
{
    int64_t counted = c->n;
    if (c->mask != NULL) {
        counted = 0;
        for (int64_t i = 0; i < c->n; i++)
            counted += c->mask[a * c->n + i] != 0;
    }
    return counted > 0 ? 1.0f / (float)counted : 0;
}

static void mean_range(void *context, int64_t from, int64_t to)
{
    const mean_context *c = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t a = from; a < to; a++) {
        float *y = c->out->device_data + a * c->inner;
        memset(y, 0, (size_t)c->inner * sizeof(float));
        for (int64_t i = 0; i < c->n; i++)
            if (c->mask == NULL || c->mask[a * c->n + i])
                kernel->add(y, y, c->x->device_data + (a * c->n + i) * c->inner, c->inner);
        kernel->scale(y, y, mean_factor(c, a), c->inner);
    }
}

static void mean_backward_range(void *context, int64_t from, int64_t to)
{
    const mean_context *c = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t a = from; a < to; a++) {
        float factor = mean_factor(c, a);
        for (int64_t i = 0; i < c->n; i++) {
            float *dx = c->dx + (a * c->n + i) * c->inner;
            bool counts = c->mask == NULL || c->mask[a * c->n + i];
            if (counts && c->add)
                kernel->axpy(dx, c->out->grad + a * c->inner, factor, c->inner);
            else if (counts)
                kernel->scale(dx, c->out->grad + a * c->inner, factor, c->inner);
            else if (!c->add)
                memset(dx, 0, (size_t)c->inner * sizeof(float));
        }
    }
}

static void mean_backward(tape *t, void *context)
{
    mean_context *c = context;
    c->dx = grad_open(t, c->x, &c->add);
    if (c->dx != NULL)
        for_ranges(c->outer, row_step(c->n * c->inner), mean_backward_range, c);
}

static value *mean(tape *t, const char *op, value *x, int dimension, const uint8_t *mask)
{
    int64_t dim[VALUE_MAX_RANK] = {0};
    mean_context c = {.x = x, .mask = mask, .outer = 1, .n = x->dim[dimension], .inner = 1};
    for (int i = 0, k = 0; i < x->rank; i++) {
        if (i < dimension)
            c.outer *= x->dim[i];
        if (i > dimension)
            c.inner *= x->dim[i];
        if (i != dimension)
            dim[k++] = x->dim[i];
    }
    c.out = op_result(t, x->rank - 1, dim, tape_wants(t, x));
    if (c.out == NULL)
        return NULL;
    for_ranges(c.outer, row_step(c.n * c.inner), mean_range, &c);
    return op_finish(t, op, c.out, &c, sizeof c, mean_backward);
}

value *op_mean_over(tape *t, value *x, int dimension)
{
    if (!OP_READY(t, "op_mean_over", x))
        return NULL;
    if (dimension < 0 || dimension >= x->rank || x->dim[dimension] == 0) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_mean_over",
            "op_mean_over: dimension %d of x of shape %s cannot be averaged", dimension, shape_of(x).text);
        return NULL;
    }
    return mean(t, "op_mean_over", x, dimension, NULL);
}

value *op_masked_mean(tape *t, value *x, const uint8_t *mask)
{
    if (!OP_READY(t, "op_masked_mean", x))
        return NULL;
    if (x->rank != 3) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_masked_mean", "op_masked_mean: x has shape %s, but (B, T, D) is needed",
            shape_of(x).text);
        return NULL;
    }
    return mean(t, "op_masked_mean", x, 1, mask);
}
