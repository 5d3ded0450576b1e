/* autograd/shape.c - operations that only move numbers: reshape, transpose, concat, slice, repeat, gather, where. */
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"
#include "compute/kernels.h"
#include "compute/parallel.h"

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

static void add_or_copy(float *to, const float *from, int64_t n, bool add)
{
    if (add)
        kernels_get()->add(to, to, from, n);
    else
        memcpy(to, from, (size_t)n * sizeof(float));
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
            "op_reshape: x of shape %s has %lld numbers and cannot become %s with %lld", shape_of(x).text,
            (long long)x->count, shape_of(out).text, (long long)out->count);
        return NULL;
    }
    view_context c = {x, out};
    return op_finish(t, "op_reshape", out, &c, sizeof c, reshape_backward);
}

/* --- transpose: (A, n1, M, n2, C) -> (A, n2, M, n1, C) ------------------------------------------------------------- */

typedef struct transpose_context {
    value *x, *out;
    int64_t n1, m, n2, c, outer;
} transpose_context;

typedef struct transpose_copy {
    float *to;
    const float *from;
    int64_t n1, m, n2, c; /* from's */
    bool add;
} transpose_copy;

/* One row of the result: (a, j, k) holds n1 runs of c numbers. */
static void transpose_range(void *context, int64_t first, int64_t last)
{
    const transpose_copy *p = context;
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

static void transpose_run(const transpose_copy *p, int64_t outer)
{
    for_ranges(outer * p->n2 * p->m, row_step(p->n1 * p->c), transpose_range, (void *)p);
}

static void transpose_backward(tape *t, void *context)
{
    transpose_context *c = context;
    bool add;
    float *grad = grad_open(t, c->x, &add);
    if (grad != NULL)
        transpose_run(&(transpose_copy){grad, c->out->grad, c->n2, c->m, c->n1, c->c, add}, c->outer);
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
    value *out = op_result(t, x->rank, dim, tape_wants(t, x));
    if (out == NULL)
        return NULL;
    transpose_context c = {x, out, x->dim[low], product_of(x->dim, low + 1, high), x->dim[high],
        product_of(x->dim, high + 1, x->rank), product_of(x->dim, 0, low)};
    transpose_run(&(transpose_copy){out->device_data, x->device_data, c.n1, c.m, c.n2, c.c, false}, c.outer);
    return op_finish(t, "op_transpose", out, &c, sizeof c, transpose_backward);
}

/* --- blocks of rows: concat and slice ---------------------------------------------------------------------------- */

typedef struct block_copy {
    float *to;
    const float *from;
    int64_t to_row, from_row, n; /* n numbers a row; rows start to_row and from_row apart */
    bool add;
} block_copy;

static void block_range(void *context, int64_t first, int64_t last)
{
    const block_copy *p = context;
    for (int64_t r = first; r < last; r++)
        add_or_copy(p->to + r * p->to_row, p->from + r * p->from_row, p->n, p->add);
}

typedef struct concat_context {
    value *out;
    value **parts;
    int count;
    int64_t outer, inner;
    int dimension;
} concat_context;

static void concat_backward(tape *t, void *context)
{
    concat_context *c = context;
    int64_t row = c->outer > 0 ? c->out->count / c->outer : 0, at = 0;
    for (int i = 0; i < c->count; i++) {
        int64_t n = c->parts[i]->dim[c->dimension] * c->inner;
        bool add;
        float *grad = grad_open(t, c->parts[i], &add);
        if (grad != NULL)
            for_ranges(c->outer, row_step(n), block_range, &(block_copy){grad, c->out->grad + at, n, row, n, add});
        at += n;
    }
}

value *op_concat(tape *t, value *const *parts, int count, int dimension)
{
    if (count < 1) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_concat", "op_concat: there are no values to join");
        return NULL;
    }
    int64_t dim[VALUE_MAX_RANK] = {0};
    bool tracked = false;
    for (int i = 0; i < count; i++) {
        value *v = parts[i];
        if (!OP_READY(t, "op_concat", v) || !dimension_exists(t, "op_concat", v, dimension))
            return NULL;
        bool fits = v->rank == parts[0]->rank;
        for (int d = 0; fits && d < v->rank; d++)
            fits = d == dimension || v->dim[d] == parts[0]->dim[d];
        if (!fits) {
            tape_fail(t, SMAC_ERROR_MISMATCH, "op_concat",
                "op_concat: part %d of shape %s does not fit part 1 of shape %s along dimension %d", i + 1,
                shape_of(v).text, shape_of(parts[0]).text, dimension);
            return NULL;
        }
        int64_t length = dim[dimension] + v->dim[dimension];
        memcpy(dim, v->dim, sizeof dim);
        dim[dimension] = length;
        tracked = tracked || tape_wants(t, v);
    }
    value *out = op_result(t, parts[0]->rank, dim, tracked);
    value **kept = out != NULL ? tape_scratch(t, (size_t)count * sizeof *kept) : NULL;
    if (kept == NULL)
        return NULL;
    memcpy(kept, parts, (size_t)count * sizeof *kept);
    concat_context c = {
        out, kept, count, product_of(dim, 0, dimension), product_of(dim, dimension + 1, parts[0]->rank), dimension};
    int64_t row = dim[dimension] * c.inner, at = 0;
    for (int i = 0; i < count; i++) {
        int64_t n = parts[i]->dim[dimension] * c.inner;
        for_ranges(c.outer, row_step(n), block_range,
            &(block_copy){out->device_data + at, parts[i]->device_data, row, n, n, false});
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
    slice_context *c = context;
    float *grad = value_grad(t, c->x);
    if (grad != NULL)
        for_ranges(
            c->outer, row_step(c->n), block_range, &(block_copy){grad + c->at, c->out->grad, c->row, c->n, c->n, true});
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
    value *out = op_result(t, x->rank, dim, tape_wants(t, x));
    if (out == NULL)
        return NULL;
    int64_t inner = product_of(x->dim, dimension + 1, x->rank);
    slice_context c = {
        x, out, product_of(x->dim, 0, dimension), x->dim[dimension] * inner, start * inner, length * inner};
    for_ranges(c.outer, row_step(c.n), block_range,
        &(block_copy){out->device_data, x->device_data + c.at, c.n, c.row, c.n, false});
    return op_finish(t, "op_slice", out, &c, sizeof c, slice_backward);
}

/* --- repeat -------------------------------------------------------------------------------------------------------- */

typedef struct repeat_context {
    value *x, *out;
    int64_t times;
} repeat_context;

static void repeat_backward(tape *t, void *context)
{
    repeat_context *c = context;
    bool add;
    float *grad = grad_open(t, c->x, &add);
    if (grad != NULL)
        column_sums(grad, add, c->out->grad, c->times, c->x->count);
}

value *op_repeat(tape *t, value *x, int64_t times)
{
    if (!OP_READY(t, "op_repeat", x))
        return NULL;
    if (x->rank >= VALUE_MAX_RANK || times < 0) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_repeat", "op_repeat: x of shape %s cannot be repeated %lld times",
            shape_of(x).text, (long long)times);
        return NULL;
    }
    int64_t dim[VALUE_MAX_RANK] = {times};
    memcpy(dim + 1, x->dim, (size_t)x->rank * sizeof dim[0]);
    value *out = op_result(t, x->rank + 1, dim, tape_wants(t, x));
    if (out == NULL)
        return NULL;
    for_ranges(times, row_step(x->count), block_range,
        &(block_copy){out->device_data, x->device_data, x->count, 0, x->count, false});
    repeat_context c = {x, out, times};
    return op_finish(t, "op_repeat", out, &c, sizeof c, repeat_backward);
}

/* --- gather -------------------------------------------------------------------------------------------------------- */

typedef struct gather_context {
    value *table, *out;
    int32_t *indices;
    int64_t count, width;
    float *grad;
} gather_context;

static void gather_range(void *context, int64_t first, int64_t last)
{
    const gather_context *c = context;
    for (int64_t i = first; i < last; i++) {
        float *to = c->out->device_data + i * c->width;
        if (c->indices[i] < 0)
            memset(to, 0, (size_t)c->width * sizeof(float));
        else
            memcpy(to, c->table->device_data + c->indices[i] * c->width, (size_t)c->width * sizeof(float));
    }
}

/* Columns from..to of every index in turn: a row may come more than once. */
static void gather_backward_range(void *context, int64_t from, int64_t to)
{
    const gather_context *c = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t i = 0; i < c->count; i++)
        if (c->indices[i] >= 0) {
            float *grad = c->grad + c->indices[i] * c->width;
            kernel->add(grad + from, grad + from, c->out->grad + i * c->width + from, to - from);
        }
}

static void gather_backward(tape *t, void *context)
{
    gather_context *c = context;
    c->grad = value_grad(t, c->table);
    if (c->grad != NULL)
        for_ranges(c->width, 128, gather_backward_range, c);
}

value *op_gather(tape *t, value *table, const int32_t *indices, int rank, const int64_t *dim)
{
    if (!OP_READY(t, "op_gather", table))
        return NULL;
    if (table->rank != 2 || rank < 0 || rank >= VALUE_MAX_RANK || indices == NULL) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_gather",
            "op_gather: rows of a table of shape %s were asked for by indices of rank %d: a table (V, D) is needed",
            shape_of(table).text, rank);
        return NULL;
    }
    int64_t out_dim[VALUE_MAX_RANK] = {0};
    memcpy(out_dim, dim, (size_t)rank * sizeof dim[0]);
    out_dim[rank] = table->dim[1];
    value *out = op_result(t, rank + 1, out_dim, tape_wants(t, table));
    if (out == NULL)
        return NULL;
    gather_context c = {.table = table, .out = out, .count = product_of(dim, 0, rank), .width = table->dim[1]};
    for (int64_t i = 0; i < c.count; i++)
        if (indices[i] < -1 || indices[i] >= table->dim[0]) {
            tape_fail(t, SMAC_ERROR_MISMATCH, "op_gather",
                "op_gather: index %d at position %lld is outside the table of shape %s", (int)indices[i], (long long)i,
                shape_of(table).text);
            return NULL;
        }
    c.indices = tape_scratch(t, (size_t)c.count * sizeof *c.indices);
    if (c.indices == NULL)
        return NULL;
    memcpy(c.indices, indices, (size_t)c.count * sizeof *c.indices);
    for_ranges(c.count, row_step(c.width), gather_range, &c);
    return op_finish(t, "op_gather", out, &c, sizeof c, gather_backward);
}

/* --- where --------------------------------------------------------------------------------------------------------- */

typedef struct where_context {
    value *a, *b, *out;
    const uint8_t *mask;
    int64_t inner, period, segment; /* numbers a mask byte, numbers until b repeats, and the smaller of both */
    float *da, *db;
    bool add_a;
} where_context;

static void where_range(void *context, int64_t first, int64_t last)
{
    const where_context *c = context;
    for (int64_t s = first; s < last; s++) {
        int64_t at = s * c->segment;
        const float *from = c->mask[at / c->inner] ? c->a->device_data + at : c->b->device_data + at % c->period;
        memcpy(c->out->device_data + at, from, (size_t)c->segment * sizeof(float));
    }
}

static void where_backward_a(void *context, int64_t first, int64_t last)
{
    const where_context *c = context;
    for (int64_t s = first; s < last; s++) {
        int64_t at = s * c->segment;
        if (c->mask[at / c->inner])
            add_or_copy(c->da + at, c->out->grad + at, c->segment, c->add_a);
        else if (!c->add_a)
            memset(c->da + at, 0, (size_t)c->segment * sizeof(float));
    }
}

static void where_backward_b(void *context, int64_t first, int64_t last)
{
    const where_context *c = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t s = first; s < last; s++)
        for (int64_t at = s * c->segment; at < c->out->count; at += c->period)
            if (!c->mask[at / c->inner])
                kernel->add(c->db + s * c->segment, c->db + s * c->segment, c->out->grad + at, c->segment);
}

static void where_backward(tape *t, void *context)
{
    where_context *c = context;
    if (c->out->count == 0)
        return;
    c->db = value_grad(t, c->b);
    c->da = grad_open(t, c->a, &c->add_a);
    if (c->da != NULL)
        for_ranges(c->out->count / c->segment, row_step(c->segment), where_backward_a, c);
    if (c->db != NULL)
        for_ranges(c->period / c->segment, row_step(c->segment), where_backward_b, c);
}

value *op_where(tape *t, const uint8_t *mask, int64_t mask_count, value *a, value *b)
{
    if (!OP_READY(t, "op_where", a, b))
        return NULL;
    int64_t covered = 1;
    int leading = 0;
    while (covered < mask_count && leading < a->rank)
        covered *= a->dim[leading++];
    bool fits = (covered == mask_count || a->count == 0) && b->rank <= a->rank;
    for (int i = 0; fits && i < b->rank; i++)
        fits = b->dim[i] == a->dim[a->rank - b->rank + i];
    if (!fits || mask == NULL) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_where",
            "op_where: a mask of %lld and b of shape %s do not fit a of shape %s: the mask must cover a's first "
            "dimensions and b must have a's last ones",
            (long long)mask_count, shape_of(b).text, shape_of(a).text);
        return NULL;
    }
    value *out = op_result(t, a->rank, a->dim, tape_wants(t, a) || tape_wants(t, b));
    if (out == NULL)
        return NULL;
    where_context c = {.a = a,
        .b = b,
        .out = out,
        .mask = mask,
        .period = b->count,
        .inner = mask_count > 0 ? a->count / mask_count : 0};
    c.segment = c.inner < c.period ? c.inner : c.period;
    if (out->count > 0)
        for_ranges(out->count / c.segment, row_step(c.segment), where_range, &c);
    return op_finish(t, "op_where", out, &c, sizeof c, where_backward);
}
