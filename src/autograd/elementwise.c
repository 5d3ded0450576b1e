/* autograd/elementwise.c - sums, differences and products with broadcasting, functions of one number, dropout. */
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"

/* --- a op b -------------------------------------------------------------------------------------------------------- */

typedef struct binary_context {
    value *a, *b, *out;
    binary_kind kind;
    int64_t period; /* b's count: it repeats along a */
} binary_context;

static void binary_backward(tape *t, void *context)
{
    binary_context *c = context;
    const float *dy = c->out->grad, *factor = c->kind == BINARY_MULTIPLY ? c->a->device_data : NULL;
    float sign = c->kind == BINARY_SUBTRACT ? -1 : 1;
    bool add;
    float *db = grad_open(t, c->b, &add);
    if (db != NULL && c->period == 1)
        OP_RUN(t, "tape_backward", total,
            &(total_problem){
                .to = db, .x = dy, .factor = factor, .count = c->a->count, .scale = (double)sign, .add = add});
    else if (db != NULL)
        OP_RUN(t, "tape_backward", column_sums,
            &(column_sums_problem){.to = db,
                .x = dy,
                .factor = factor,
                .rows = c->period > 0 ? c->a->count / c->period : 0,
                .width = c->period,
                .sign = sign,
                .add = add});
    if (c->kind != BINARY_MULTIPLY) {
        grad_pass(t, c->out, c->a);
        return;
    }
    float *da = grad_open(t, c->a, &add);
    if (da != NULL)
        OP_RUN(t, "tape_backward", multiply_add,
            &(multiply_add_problem){
                .y = da, .a = dy, .b = c->b->device_data, .count = c->a->count, .period = c->period, .add = add});
}

/* b's dimensions are a's last ones */
static bool repeats(const value *a, const value *b)
{
    if (b->count == 1 && b->rank <= a->rank)
        return true;
    if (b->rank > a->rank)
        return false;
    for (int i = 0; i < b->rank; i++)
        if (b->dim[i] != a->dim[a->rank - b->rank + i])
            return false;
    return true;
}

static value *op_binary(tape *t, const char *op, value *a, value *b, binary_kind kind)
{
    if (!OP_READY(t, op, a, b))
        return NULL;
    if (!repeats(a, b)) {
        tape_fail(t, SMAC_ERROR_MISMATCH, op,
            "%s: b of shape %s does not fit a of shape %s: it must be equal, its last dimensions, or one number", op,
            shape_of(b).text, shape_of(a).text);
        return NULL;
    }
    value *out = op_result(t, a->rank, a->dim, tape_wants(t, a) || tape_wants(t, b));
    if (out == NULL ||
        !OP_RUN(t, op, binary,
            &(binary_problem){.y = out->device_data,
                .a = a->device_data,
                .b = b->device_data,
                .count = a->count,
                .period = b->count,
                .kind = kind}))
        return NULL;
    binary_context c = {a, b, out, kind, b->count};
    return op_finish(t, op, out, &c, sizeof c, binary_backward);
}

value *op_add(tape *t, value *a, value *b)
{
    return op_binary(t, "op_add", a, b, BINARY_ADD);
}

value *op_subtract(tape *t, value *a, value *b)
{
    return op_binary(t, "op_subtract", a, b, BINARY_SUBTRACT);
}

value *op_multiply(tape *t, value *a, value *b)
{
    return op_binary(t, "op_multiply", a, b, BINARY_MULTIPLY);
}

/* --- functions of one number --------------------------------------------------------------------------------------- */

typedef struct unary_context {
    value *x, *out;
    unary_kind kind;
    activation activation;
    float number;
} unary_context;

static unary_problem unary_problem_of(const unary_context *c)
{
    return (unary_problem){.kind = c->kind,
        .activation = c->activation,
        .number = c->number,
        .count = c->x->count,
        .x = c->x->device_data,
        .y = c->out->device_data};
}

static void unary_backward(tape *t, void *context)
{
    unary_context *c = context;
    if (c->kind == UNARY_SHIFT) {
        grad_pass(t, c->out, c->x);
        return;
    }
    unary_problem p = unary_problem_of(c);
    p.dy = c->out->grad;
    p.dx = grad_open(t, c->x, &p.add);
    if (p.dx != NULL)
        OP_RUN(t, "tape_backward", unary_gradient, &p);
}

static value *op_unary(tape *t, const char *op, value *x, unary_context c)
{
    if (!OP_READY(t, op, x))
        return NULL;
    c.x = x;
    c.out = op_result(t, x->rank, x->dim, tape_wants(t, x));
    if (c.out == NULL)
        return NULL;
    unary_problem p = unary_problem_of(&c);
    return OP_RUN(t, op, unary, &p) ? op_finish(t, op, c.out, &c, sizeof c, unary_backward) : NULL;
}

value *op_scale(tape *t, value *a, float factor)
{
    return op_unary(t, "op_scale", a, (unary_context){.kind = UNARY_SCALE, .number = factor});
}

value *op_add_constant(tape *t, value *a, float constant)
{
    return op_unary(t, "op_add_constant", a, (unary_context){.kind = UNARY_SHIFT, .number = constant});
}

value *op_activation(tape *t, value *x, activation a)
{
    return op_unary(t, "op_activation", x, (unary_context){.kind = UNARY_ACTIVATION, .activation = a});
}

value *op_exp(tape *t, value *x)
{
    return op_unary(t, "op_exp", x, (unary_context){.kind = UNARY_EXP});
}

value *op_log(tape *t, value *x)
{
    return op_unary(t, "op_log", x, (unary_context){.kind = UNARY_LOG});
}

value *op_absolute(tape *t, value *x)
{
    return op_unary(t, "op_absolute", x, (unary_context){.kind = UNARY_ABSOLUTE});
}

/* --- dropout: the mask is computed again in the backward pass ------------------------------------------------------- */

typedef struct dropout_context {
    value *x, *out;
    dropout_mask mask;
} dropout_context;

static void dropout_backward(tape *t, void *context)
{
    dropout_context *c = context;
    bool kept = grad_is_kept(c->out), add;
    float *masked = kept ? scratch_take(t, c->out->count) : c->out->grad;
    if (masked == NULL ||
        !OP_RUN(t, "tape_backward", dropout,
            &(dropout_problem){.y = masked, .x = c->out->grad, .count = c->out->count, .mask = c->mask}))
        return;
    if (!kept) {
        grad_pass(t, c->out, c->x);
        return;
    }
    float *grad = grad_open(t, c->x, &add);
    if (grad != NULL)
        OP_RUN(t, "tape_backward", copy,
            &(copy_problem){.to = grad, .from = masked, .rows = 1, .n = c->out->count, .add = add});
    scratch_give(t, masked, c->out->count);
}

value *op_dropout(tape *t, value *x, float probability)
{
    if (!OP_READY(t, "op_dropout", x))
        return NULL;
    dropout_context c = {.x = x};
    if (!dropout_begin(t, probability, &c.mask))
        return tape_status(t, NULL) == SMAC_OK ? x : NULL;
    c.out = op_result(t, x->rank, x->dim, tape_wants(t, x));
    if (c.out == NULL ||
        !OP_RUN(t, "op_dropout", dropout,
            &(dropout_problem){.y = c.out->device_data, .x = x->device_data, .count = x->count, .mask = c.mask}))
        return NULL;
    return op_finish(t, "op_dropout", c.out, &c, sizeof c, dropout_backward);
}

/* --- one factor a row ------------------------------------------------------------------------------------------------ */

typedef struct scale_rows_context {
    value *a, *factor, *out;
    int64_t width;
} scale_rows_context;

static scale_rows_problem scale_rows_problem_of(const scale_rows_context *c)
{
    return (scale_rows_problem){.y = c->out->device_data,
        .a = c->a->device_data,
        .factor = c->factor->device_data,
        .rows = c->factor->count,
        .width = c->width};
}

static void scale_rows_backward(tape *t, void *context)
{
    const scale_rows_context *c = context;
    scale_rows_problem p = scale_rows_problem_of(c);
    p.dy = c->out->grad;
    p.df = grad_open(t, c->factor, &p.add_f);
    p.da = grad_open(t, c->a, &p.add_a);
    if (p.df != NULL || p.da != NULL)
        OP_RUN(t, "tape_backward", scale_rows_gradient, &p);
}

value *op_scale_rows(tape *t, value *a, value *factor)
{
    if (!OP_READY(t, "op_scale_rows", a, factor))
        return NULL;
    if (factor->rank > a->rank || memcmp(a->dim, factor->dim, (size_t)factor->rank * sizeof a->dim[0]) != 0) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_scale_rows",
            "op_scale_rows: factors of shape %s do not fit a of shape %s: they must be its first dimensions",
            shape_of(factor).text, shape_of(a).text);
        return NULL;
    }
    if (factor == a) /* one number a row: both gradients would go to one place */
        return op_multiply(t, a, a);
    scale_rows_context c = {.a = a, .factor = factor, .width = factor->count > 0 ? a->count / factor->count : 0};
    c.out = op_result(t, a->rank, a->dim, tape_wants(t, a) || tape_wants(t, factor));
    if (c.out == NULL)
        return NULL;
    scale_rows_problem p = scale_rows_problem_of(&c);
    return OP_RUN(t, "op_scale_rows", scale_rows, &p)
        ? op_finish(t, "op_scale_rows", c.out, &c, sizeof c, scale_rows_backward)
        : NULL;
}
