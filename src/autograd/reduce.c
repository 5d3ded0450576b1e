/* autograd/reduce.c - sums and means. */
#include "autograd/internal.h"
#include "autograd/ops.h"

/* --- to a scalar --------------------------------------------------------------------------------------------------- */

typedef struct total_context {
    value *x, *out;
    double factor; /* 1, or 1/count */
} total_context;

static void total_backward(tape *t, void *context)
{
    const total_context *c = context;
    bool add;
    float *dx = grad_open(t, c->x, &add);
    if (dx != NULL)
        OP_RUN(t, "tape_backward", spread,
            &(spread_problem){
                .to = dx, .from = c->out->grad, .count = c->x->count, .scale = (float)c->factor, .add = add});
}

static value *op_total(tape *t, const char *op, value *x, bool mean)
{
    if (!OP_READY(t, op, x))
        return NULL;
    if (mean && x->count == 0) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, op, "%s: x of shape %s has no numbers to average", op, shape_of(x).text);
        return NULL;
    }
    total_context c = {.x = x, .factor = mean ? 1.0 / (double)x->count : 1};
    c.out = op_result(t, 0, NULL, tape_wants(t, x));
    if (c.out == NULL ||
        !OP_RUN(t, op, total,
            &(total_problem){.to = c.out->device_data, .x = x->device_data, .count = x->count, .scale = c.factor}))
        return NULL;
    return op_finish(t, op, c.out, &c, sizeof c, total_backward);
}

value *op_sum(tape *t, value *x)
{
    return op_total(t, "op_sum", x, false);
}

value *op_mean(tape *t, value *x)
{
    return op_total(t, "op_mean", x, true);
}

/* --- over one dimension, (A, n, C) -> (A, C), some positions left out ---------------------------------------------- */

typedef struct mean_context {
    value *x, *out;
    const uint8_t *mask; /* (A, n) or NULL */
    int64_t outer, n, inner;
} mean_context;

static mean_problem mean_problem_of(const mean_context *c)
{
    return (mean_problem){.x = c->x->device_data,
        .y = c->out->device_data,
        .mask = c->mask,
        .outer = c->outer,
        .n = c->n,
        .inner = c->inner};
}

static void mean_backward(tape *t, void *context)
{
    const mean_context *c = context;
    mean_problem p = mean_problem_of(c);
    p.dy = c->out->grad;
    p.dx = grad_open(t, c->x, &p.add);
    if (p.dx != NULL)
        OP_RUN(t, "tape_backward", mean_gradient, &p);
}

static value *op_mean_dimension(tape *t, const char *op, value *x, int dimension, const uint8_t *mask)
{
    int64_t dim[VALUE_MAX_RANK] = {0};
    mean_context c = {.x = x, .outer = 1, .n = x->dim[dimension], .inner = 1};
    for (int i = 0, k = 0; i < x->rank; i++) {
        if (i < dimension)
            c.outer *= x->dim[i];
        if (i > dimension)
            c.inner *= x->dim[i];
        if (i != dimension)
            dim[k++] = x->dim[i];
    }
    c.mask = op_resident(t, mask, (size_t)(c.outer * c.n));
    c.out = op_result(t, x->rank - 1, dim, tape_wants(t, x));
    if (c.out == NULL)
        return NULL;
    mean_problem p = mean_problem_of(&c);
    return OP_RUN(t, op, mean, &p) ? op_finish(t, op, c.out, &c, sizeof c, mean_backward) : NULL;
}

value *op_mean_over(tape *t, value *x, int dimension)
{
    if (!OP_READY(t, "op_mean_over", x))
        return NULL;
    if (dimension < 0 || dimension >= x->rank || x->dim[dimension] == 0) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_mean_over",
            "op_mean_over: x of shape %s has no dimension %d with numbers to average", shape_of(x).text, dimension);
        return NULL;
    }
    return op_mean_dimension(t, "op_mean_over", x, dimension, NULL);
}

value *op_masked_mean(tape *t, value *x, const uint8_t *mask)
{
    if (!OP_READY(t, "op_masked_mean", x))
        return NULL;
    if (x->rank != 3) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_masked_mean", "op_masked_mean: x has shape %s; expected (B, T, D)",
            shape_of(x).text);
        return NULL;
    }
    return op_mean_dimension(t, "op_masked_mean", x, 1, mask);
}
