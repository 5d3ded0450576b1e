/* autograd/ops_encoder.c - attention by relative positions: picking scores by distance, forward and backward. */
#include "autograd/ops_encoder.h"

#include "autograd/internal.h"
#include "compute/parallel.h"

typedef struct relative_context {
    value *x, *out;
    const int32_t *index;
    int64_t index_batch;
    bool from_key;
    float *grad; /* of x, in the backward pass */
} relative_context;

/* One piece is one head of one sequence. */
static void relative_forward(void *context, int64_t piece)
{
    const relative_context *c = context;
    int64_t heads = c->x->dim[0], batch = c->x->dim[1], length = c->x->dim[2], rows = c->x->dim[3];
    int64_t b = piece / heads, h = piece % heads;
    const float *x = c->x->device_data + (h * batch + b) * length * rows;
    const int32_t *index = c->index + (c->index_batch > 1 ? b * length * length : 0);
    float *out = c->out->device_data + piece * length * length;
    for (int64_t i = 0; i < length; i++)
        for (int64_t j = 0; j < length; j++)
            out[i * length + j] = x[(c->from_key ? j : i) * rows + index[i * length + j]];
}

static void relative_backward_piece(void *context, int64_t piece)
{
    const relative_context *c = context;
    int64_t heads = c->x->dim[0], batch = c->x->dim[1], length = c->x->dim[2], rows = c->x->dim[3];
    int64_t b = piece / heads, h = piece % heads;
    float *grad = c->grad + (h * batch + b) * length * rows;
    const int32_t *index = c->index + (c->index_batch > 1 ? b * length * length : 0);
    const float *out = c->out->grad + piece * length * length;
    for (int64_t i = 0; i < length; i++)
        for (int64_t j = 0; j < length; j++)
            grad[(c->from_key ? j : i) * rows + index[i * length + j]] += out[i * length + j];
}

static void relative_backward(tape *t, void *context)
{
    relative_context c = *(relative_context *)context;
    c.grad = value_grad(t, c.x);
    if (c.grad != NULL)
        parallel_for(c.x->dim[0] * c.x->dim[1], relative_backward_piece, &c);
}

value *op_relative_gather(tape *t, value *x, const int32_t *index, int64_t index_batch, bool from_key)
{
    if (!OP_READY(t, "op_relative_gather", x))
        return NULL;
    if (x->rank != 4 || index == NULL || (index_batch != 1 && index_batch != x->dim[1])) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_relative_gather",
            "scores of shape %s and indices for %lld sequences were given, expected (heads, B, T, P) and 1 or B",
            shape_of(x).text, (long long)index_batch);
        return NULL;
    }
    int64_t length = x->dim[2];
    for (int64_t i = 0; i < index_batch * length * length; i++)
        if (index[i] < 0 || index[i] >= x->dim[3]) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, "op_relative_gather", "index %d at %lld lies outside the %lld rows given",
                index[i], (long long)i, (long long)x->dim[3]);
            return NULL;
        }
    value *out = op_result(t, 4, (int64_t[]){x->dim[1], x->dim[0], length, length}, tape_wants(t, x));
    if (out == NULL)
        return NULL;
    relative_context c = {.x = x, .out = out, .index = index, .index_batch = index_batch, .from_key = from_key};
    parallel_for(x->dim[0] * x->dim[1], relative_forward, &c);
    return op_finish(t, "op_relative_gather", out, &c, sizeof c, relative_backward);
}
