/* autograd/gather.c - operations that pick by index or by mask: gather and where. */
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"

/* --- gather -------------------------------------------------------------------------------------------------------- */

typedef struct gather_context {
    value *table, *out;
    const int32_t *indices; /* the device's copy */
    int64_t count;
} gather_context;

static void gather_backward(tape *t, void *context)
{
    const gather_context *c = context;
    float *grad = value_grad(t, c->table);
    if (grad != NULL)
        OP_RUN(t, "tape_backward", gather_gradient,
            &(gather_problem){
                .y = c->out->grad, .table = grad, .indices = c->indices, .count = c->count, .width = c->table->dim[1]});
}

value *op_gather(tape *t, value *table, const int32_t *indices, int rank, const int64_t *dim)
{
    if (!OP_READY(t, "op_gather", table))
        return NULL;
    if (table->rank != 2 || rank < 0 || rank >= VALUE_MAX_RANK || indices == NULL) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_gather",
            "op_gather: rows of a table of shape %s were asked for by indices of rank %d; expected a table (V, D) and "
            "a rank of %d at most",
            shape_of(table).text, rank, VALUE_MAX_RANK - 1);
        return NULL;
    }
    int64_t out_dim[VALUE_MAX_RANK] = {0};
    memcpy(out_dim, dim, (size_t)rank * sizeof dim[0]);
    out_dim[rank] = table->dim[1];
    gather_context c = {.table = table, .out = op_result(t, rank + 1, out_dim, tape_wants(t, table)), .count = 1};
    if (c.out == NULL)
        return NULL;
    for (int i = 0; i < rank; i++)
        c.count *= dim[i];
    for (int64_t i = 0; i < c.count; i++)
        if (indices[i] < -1 || indices[i] >= table->dim[0]) {
            tape_fail(t, SMAC_ERROR_MISMATCH, "op_gather",
                "op_gather: index %d at position %lld is outside the table of shape %s", (int)indices[i], (long long)i,
                shape_of(table).text);
            return NULL;
        }
    c.indices = op_upload(t, indices, (size_t)c.count * sizeof *indices);
    if (c.indices == NULL ||
        !OP_RUN(t, "op_gather", gather,
            &(gather_problem){.y = c.out->device_data,
                .table = table->device_data,
                .indices = c.indices,
                .count = c.count,
                .width = table->dim[1]}))
        return NULL;
    return op_finish(t, "op_gather", c.out, &c, sizeof c, gather_backward);
}

/* --- where --------------------------------------------------------------------------------------------------------- */

typedef struct where_context {
    value *a, *b, *out;
    const uint8_t *mask;
    int64_t inner; /* numbers for each byte of the mask */
} where_context;

static where_problem where_problem_of(const where_context *c)
{
    int64_t period = c->b->count;
    return (where_problem){.mask = c->mask,
        .count = c->out->count,
        .inner = c->inner,
        .period = period,
        .segment = c->inner < period ? c->inner : period};
}

static void where_backward(tape *t, void *context)
{
    const where_context *c = context;
    if (c->out->count == 0)
        return;
    where_problem p = where_problem_of(c);
    p.y = c->out->grad;
    p.b = value_grad(t, c->b);
    p.a = grad_open(t, c->a, &p.add);
    if (tape_status(t, NULL) == SMAC_OK)
        OP_RUN(t, "tape_backward", where_gradient, &p);
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
    where_context c = {.a = a,
        .b = b,
        .mask = op_resident(t, mask, (size_t)mask_count),
        .inner = mask_count > 0 ? a->count / mask_count : 0};
    c.out = op_result(t, a->rank, a->dim, tape_wants(t, a) || tape_wants(t, b));
    if (c.out == NULL)
        return NULL;
    where_problem p = where_problem_of(&c);
    p.y = c.out->device_data;
    p.a = a->device_data;
    p.b = b->device_data;
    if (c.out->count > 0 && !OP_RUN(t, "op_where", where, &p))
        return NULL;
    return op_finish(t, "op_where", c.out, &c, sizeof c, where_backward);
}
