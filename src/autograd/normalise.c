/* autograd/normalise.c - layer norm, root mean square norm, softmax and L2 norm, each over the last dimension. */
#include "autograd/internal.h"
#include "autograd/ops.h"

/* --- norms with weights --------------------------------------------------------------------------------------------- */

typedef struct norm_context {
    value *x, *w, *b, *out;
    bool centred; /* layer norm; else root mean square */
    float epsilon;
    float *mean, *inverse; /* (rows) or NULL */
} norm_context;

static norm_problem norm_problem_of(const norm_context *c)
{
    return (norm_problem){.centred = c->centred,
        .rows = row_count(c->x),
        .width = last_dim(c->x),
        .epsilon = c->epsilon,
        .x = c->x->device_data,
        .w = c->w->device_data,
        .b = c->b != NULL ? c->b->device_data : NULL,
        .y = c->out->device_data,
        .mean = c->mean,
        .inverse = c->inverse};
}

static void norm_backward(tape *t, void *context)
{
    const norm_context *c = context;
    norm_problem p = norm_problem_of(c);
    p.dy = c->out->grad;
    p.dx = grad_open(t, c->x, &p.add_x);
    p.dw = grad_open(t, c->w, &p.add_w);
    p.db = grad_open(t, c->b, &p.add_b);
    if (tape_status(t, NULL) == SMAC_OK)
        OP_RUN(t, "tape_backward", norm_gradient, &p);
}

static value *op_norm(tape *t, const char *op, norm_context c)
{
    value *x = c.x, *w = c.w, *b = c.b;
    if (!OP_READY(t, op, x, w) || (b != NULL && !OP_READY(t, op, b)))
        return NULL;
    if (x->rank < 1 || w->rank != 1 || w->dim[0] != last_dim(x) || (b != NULL && !same_shape(w, b))) {
        tape_fail(t, SMAC_ERROR_MISMATCH, op,
            "%s: x of shape %s does not fit a weight of shape %s and a bias of shape %s: both must have x's last "
            "dimension",
            op, shape_of(x).text, shape_of(w).text, b != NULL ? shape_of(b).text : "(none)");
        return NULL;
    }
    bool tracked = tape_wants(t, x) || tape_wants(t, w) || tape_wants(t, b);
    c.out = op_result(t, x->rank, x->dim, tracked);
    if (tracked) {
        c.inverse = op_memory(t, row_count(x));
        c.mean = c.centred ? op_memory(t, row_count(x)) : NULL;
    }
    if (c.out == NULL || tape_status(t, NULL) != SMAC_OK)
        return NULL;
    norm_problem p = norm_problem_of(&c);
    return OP_RUN(t, op, norm, &p) ? op_finish(t, op, c.out, &c, sizeof c, norm_backward) : NULL;
}

value *op_layer_norm(tape *t, value *x, value *weight, value *bias, float epsilon)
{
    return op_norm(
        t, "op_layer_norm", (norm_context){.x = x, .w = weight, .b = bias, .epsilon = epsilon, .centred = true});
}

value *op_rms_norm(tape *t, value *x, value *weight, float epsilon)
{
    return op_norm(t, "op_rms_norm", (norm_context){.x = x, .w = weight, .epsilon = epsilon});
}

/* --- softmax and L2 -------------------------------------------------------------------------------------------------- */

typedef struct row_context {
    value *x, *out;
    row_kind kind;
    float epsilon;
} row_context;

static row_problem row_problem_of(const row_context *c)
{
    return (row_problem){.kind = c->kind,
        .rows = row_count(c->x),
        .width = last_dim(c->x),
        .epsilon = c->epsilon,
        .x = c->x->device_data,
        .y = c->out->device_data};
}

static void row_backward(tape *t, void *context)
{
    const row_context *c = context;
    row_problem p = row_problem_of(c);
    p.dy = c->out->grad;
    p.dx = grad_open(t, c->x, &p.add);
    if (p.dx != NULL)
        OP_RUN(t, "tape_backward", row_gradient, &p);
}

static value *op_row(tape *t, const char *op, value *x, row_kind kind, float epsilon)
{
    if (!OP_READY(t, op, x))
        return NULL;
    row_context c = {.x = x, .kind = kind, .epsilon = epsilon};
    c.out = op_result(t, x->rank, x->dim, tape_wants(t, x));
    if (c.out == NULL)
        return NULL;
    row_problem p = row_problem_of(&c);
    return OP_RUN(t, op, row, &p) ? op_finish(t, op, c.out, &c, sizeof c, row_backward) : NULL;
}

value *op_softmax(tape *t, value *x)
{
    return op_row(t, "op_softmax", x, ROW_SOFTMAX, 0);
}

value *op_log_softmax(tape *t, value *x)
{
    return op_row(t, "op_log_softmax", x, ROW_LOG_SOFTMAX, 0);
}

value *op_l2_normalise(tape *t, value *x, float epsilon)
{
    return op_row(t, "op_l2_normalise", x, ROW_L2, epsilon);
}
