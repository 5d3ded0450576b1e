/* autograd/ops_encoder.c - attention by relative positions: picking scores by distance. */
#include "autograd/ops_encoder.h"

#include "autograd/internal.h"

typedef struct relative_context {
    value *x, *out;
    const int32_t *index; /* as the device reads it */
    int64_t index_batch;
    bool from_key;
} relative_context;

static relative_problem relative_problem_of(const relative_context *c)
{
    return (relative_problem){.index = c->index,
        .heads = c->x->dim[0],
        .batch = c->x->dim[1],
        .length = c->x->dim[2],
        .rows = c->x->dim[3],
        .index_batch = c->index_batch,
        .from_key = c->from_key};
}

static void relative_backward(tape *t, void *context)
{
    const relative_context *c = context;
    relative_problem p = relative_problem_of(c);
    p.gradient = true;
    p.picked = c->out->grad;
    p.scores = value_grad(t, c->x);
    if (p.scores != NULL)
        OP_RUN(t, "tape_backward", relative, &p);
}

value *op_relative_gather(tape *t, value *x, const int32_t *index, int64_t index_batch, bool from_key)
{
    if (!OP_READY(t, "op_relative_gather", x))
        return NULL;
    if (x->rank != 4 || index == NULL || (index_batch != 1 && index_batch != x->dim[1])) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_relative_gather",
            "op_relative_gather: scores of shape %s and indices for %lld sequences; expected (heads, B, T, P) and 1 "
            "or B",
            shape_of(x).text, (long long)index_batch);
        return NULL;
    }
    int64_t length = x->dim[2], indices = index_batch * length * length;
    for (int64_t i = 0; i < indices; i++)
        if (index[i] < 0 || index[i] >= x->dim[3]) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, "op_relative_gather",
                "op_relative_gather: index %d at position %lld is outside the %lld rows given", index[i], (long long)i,
                (long long)x->dim[3]);
            return NULL;
        }
    relative_context c = {.x = x,
        .out = op_result(t, 4, (int64_t[]){x->dim[1], x->dim[0], length, length}, tape_wants(t, x)),
        .index = op_resident(t, index, (size_t)indices * sizeof *index),
        .index_batch = index_batch,
        .from_key = from_key};
    if (c.out == NULL || tape_status(t, NULL) != SMAC_OK)
        return NULL;
    relative_problem p = relative_problem_of(&c);
    p.scores = x->device_data;
    p.picked = c.out->device_data;
    return OP_RUN(t, "op_relative_gather", relative, &p)
        ? op_finish(t, "op_relative_gather", c.out, &c, sizeof c, relative_backward)
        : NULL;
}
