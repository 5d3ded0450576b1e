/* autograd/shape.c - operations that only move numbers: reshape, transpose, concat, slice, repeat. */
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"

static int64_t product_of(const int64_t *dim, int from, int to)
{
    int64_t product = 1;
    for (int i = from; i < to; i++)
        product *= dim[i];
    return product;
}

static bool dimension_exists(tape *t, const char *op, const value *x, int dimension)
{
    if (dimension >= 0 && dimension < x->rank)
        return true;
    tape_fail(t, SMAC_ERROR_ARGUMENT, op, "%s: dimension %d was asked for, but x of shape %s has %d", op, dimension,
        shape_of(x).text, x->rank);
    return false;
}

/* --- reshape ------------------------------------------------------------------------------------------------------- */

typedef struct view_context {
    value *x, *out;
} view_context;

static void reshape_backward(tape *t, void *context)
{
    view_context *c = context;
    grad_pass(t, c->out, c->x);
}

value *op_reshape(tape *t, value *x, int rank, const int64_t *dim)
{
    if (!OP_READY(t, "op_reshape", x))
        return NULL;
    value *out = op_view(t, rank, dim, x);
    if (out == NULL)
        return NULL;
    if (out->count != x->count) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_reshape",
            "op_reshape: x of shape %s has %lld numbers; %s would have %lld", shape_of(x).text, (long long)x->count,
            shape_of(out).text, (long long)out->count);
        return NULL;
    }
    view_context c = {x, out};
    return op_finish(t, "op_reshape", out, &c, sizeof c, reshape_backward);
}

/* --- transpose: (outer, n1, m, n2, c) -> (outer, n2, m, n1, c) ------------------------------------------------------ */

typedef struct transpose_context {
    value *x, *out;
    int64_t outer, n1, m, n2, c;
} transpose_context;

static void transpose_backward(tape *t, void *context)
{
    const transpose_context *c = context;
    transpose_problem p = {.from = c->out->grad, .outer = c->outer, .n1 = c->n2, .m = c->m, .n2 = c->n1, .c = c->c};
    p.to = grad_open(t, c->x, &p.add);
    if (p.to != NULL)
        OP_RUN(t, "tape_backward", transpose, &p);
}

value *op_transpose(tape *t, value *x, int first, int second)
{
    if (!OP_READY(t, "op_transpose", x) || !dimension_exists(t, "op_transpose", x, first) ||
        !dimension_exists(t, "op_transpose", x, second))
        return NULL;
    if (first == second)
        return x;
    int low = first < second ? first : second, high = first < second ? second : first;
    int64_t dim[VALUE_MAX_RANK];
    memcpy(dim, x->dim, sizeof dim);
    dim[low] = x->dim[high];
    dim[high] = x->dim[low];
    transpose_context c = {.x = x,
        .out = op_result(t, x->rank, dim, tape_wants(t, x)),
        .outer = product_of(x->dim, 0, low),
        .n1 = x->dim[low],
        .m = product_of(x->dim, low + 1, high),
        .n2 = x->dim[high],
        .c = product_of(x->dim, high + 1, x->rank)};
    if (c.out == NULL ||
        !OP_RUN(t, "op_transpose", transpose,
            &(transpose_problem){.to = c.out->device_data,
                .from = x->device_data,
                .outer = c.outer,
                .n1 = c.n1,
                .m = c.m,
                .n2 = c.n2,
                .c = c.c}))
        return NULL;
    return op_finish(t, "op_transpose", c.out, &c, sizeof c, transpose_backward);
}

/* --- blocks of rows: concat and slice ---------------------------------------------------------------------------- */

typedef struct concat_context {
    value *out;
    value **parts;
    int count;
    int64_t outer, inner;
    int dimension;
} concat_context;

static void concat_backward(tape *t, void *context)
{
    const concat_context *c = context;
    int64_t row = c->outer > 0 ? c->out->count / c->outer : 0, at = 0;
    for (int i = 0; i < c->count; i++) {
        int64_t n = c->parts[i]->dim[c->dimension] * c->inner;
        copy_problem p = {.from = c->out->grad + at, .rows = c->outer, .n = n, .to_row = n, .from_row = row};
        p.to = grad_open(t, c->parts[i], &p.add);
        if (p.to != NULL)
            OP_RUN(t, "tape_backward", copy, &p);
        at += n;
    }
}

/* The result's dimensions, and whether it is tracked; false when the parts do not fit. */
static bool concat_shape(tape *t, value *const *parts, int count, int dimension, int64_t *dim, bool *tracked)
{
    if (count < 1) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_concat", "op_concat: there are no values to join");
        return false;
    }
    *tracked = false;
    int64_t length = 0;
    for (int i = 0; i < count; i++) {
        const value *v = parts[i];
        if (!OP_READY(t, "op_concat", v) || !dimension_exists(t, "op_concat", v, dimension))
            return false;
        bool fits = v->rank == parts[0]->rank;
        for (int d = 0; fits && d < v->rank; d++)
            fits = d == dimension || v->dim[d] == parts[0]->dim[d];
        if (!fits) {
            tape_fail(t, SMAC_ERROR_MISMATCH, "op_concat",
                "op_concat: part %d of shape %s does not fit part 1 of shape %s along dimension %d", i + 1,
                shape_of(v).text, shape_of(parts[0]).text, dimension);
            return false;
        }
        length += v->dim[dimension];
        *tracked = *tracked || tape_wants(t, v);
    }
    memcpy(dim, parts[0]->dim, sizeof parts[0]->dim);
    dim[dimension] = length;
    return true;
}

value *op_concat(tape *t, value *const *parts, int count, int dimension)
{
    int64_t dim[VALUE_MAX_RANK];
    bool tracked;
    if (!concat_shape(t, parts, count, dimension, dim, &tracked))
        return NULL;
    value *out = op_result(t, parts[0]->rank, dim, tracked);
    value **kept = out != NULL ? tape_scratch(t, (size_t)count * sizeof *kept) : NULL;
    if (kept == NULL)
        return NULL;
    memcpy(kept, parts, (size_t)count * sizeof *kept);
    concat_context c = {.out = out,
        .parts = kept,
        .count = count,
        .outer = product_of(dim, 0, dimension),
        .inner = product_of(dim, dimension + 1, parts[0]->rank),
        .dimension = dimension};
    int64_t row = dim[dimension] * c.inner, at = 0;
    for (int i = 0; i < count; i++) {
        int64_t n = parts[i]->dim[dimension] * c.inner;
        copy_problem p = {.to = out->device_data + at,
            .from = parts[i]->device_data,
            .rows = c.outer,
            .n = n,
            .to_row = row,
            .from_row = n};
        if (!OP_RUN(t, "op_concat", copy, &p))
            return NULL;
        at += n;
    }
    return op_finish(t, "op_concat", out, &c, sizeof c, concat_backward);
}

typedef struct slice_context {
    value *x, *out;
    int64_t outer, row, at, n;
} slice_context;

static void slice_backward(tape *t, void *context)
{
    const slice_context *c = context;
    float *grad = value_grad(t, c->x);
    if (grad != NULL)
        OP_RUN(t, "tape_backward", copy,
            &(copy_problem){.to = grad + c->at,
                .from = c->out->grad,
                .rows = c->outer,
                .n = c->n,
                .to_row = c->row,
                .from_row = c->n,
                .add = true});
}

value *op_slice(tape *t, value *x, int dimension, int64_t start, int64_t length)
{
    if (!OP_READY(t, "op_slice", x) || !dimension_exists(t, "op_slice", x, dimension))
        return NULL;
    if (start < 0 || length < 0 || start > x->dim[dimension] - length) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_slice",
            "op_slice: positions %lld to %lld of dimension %d were asked for, but x has shape %s", (long long)start,
            (long long)(start + length), dimension, shape_of(x).text);
        return NULL;
    }
    int64_t dim[VALUE_MAX_RANK];
    memcpy(dim, x->dim, sizeof dim);
    dim[dimension] = length;
    int64_t inner = product_of(x->dim, dimension + 1, x->rank);
    slice_context c = {.x = x,
        .out = op_result(t, x->rank, dim, tape_wants(t, x)),
        .outer = product_of(x->dim, 0, dimension),
        .row = x->dim[dimension] * inner,
        .at = start * inner,
        .n = length * inner};
    if (c.out == NULL ||
        !OP_RUN(t, "op_slice", copy,
            &(copy_problem){.to = c.out->device_data,
                .from = x->device_data + c.at,
                .rows = c.outer,
                .n = c.n,
                .to_row = c.n,
                .from_row = c.row}))
        return NULL;
    return op_finish(t, "op_slice", c.out, &c, sizeof c, slice_backward);
}

/* --- repeat -------------------------------------------------------------------------------------------------------- */

typedef struct repeat_context {
    value *x, *out;
    int64_t times;
} repeat_context;

static void repeat_backward(tape *t, void *context)
{
    const repeat_context *c = context;
    column_sums_problem p = {.x = c->out->grad, .rows = c->times, .width = c->x->count, .sign = 1};
    p.to = grad_open(t, c->x, &p.add);
    if (p.to != NULL)
        OP_RUN(t, "tape_backward", column_sums, &p);
}

value *op_repeat(tape *t, value *x, int64_t times)
{
    if (!OP_READY(t, "op_repeat", x))
        return NULL;
    if (x->rank >= VALUE_MAX_RANK || times < 0) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_repeat",
            "op_repeat: x of shape %s was to be repeated %lld times; expected rank %d at most and 0 or more times",
            shape_of(x).text, (long long)times, VALUE_MAX_RANK - 1);
        return NULL;
    }
    int64_t dim[VALUE_MAX_RANK] = {times};
    memcpy(dim + 1, x->dim, (size_t)x->rank * sizeof dim[0]);
    repeat_context c = {.x = x, .out = op_result(t, x->rank + 1, dim, tape_wants(t, x)), .times = times};
    if (c.out == NULL ||
        !OP_RUN(t, "op_repeat", copy,
            &(copy_problem){
                .to = c.out->device_data, .from = x->device_data, .rows = times, .n = x->count, .to_row = x->count}))
        return NULL;
    return op_finish(t, "op_repeat", c.out, &c, sizeof c, repeat_backward);
}
