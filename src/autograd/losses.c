/* autograd/losses.c - task losses over a batch, weighted by row. */
#include <math.h>

#include "autograd/internal.h"
#include "autograd/ops.h"

typedef struct loss_context {
    value *x, *out;
    loss_kind kind;
    const float *target;    /* a copy, x's shape */
    const float *weight;    /* (B): weight / sum of weights */
    float *log_probability; /* cross entropy: x's shape */
    int64_t rows, width;
} loss_context;

/* Puts the targets and the normalised weights on the device.  A weight of 0 everywhere gives a loss without gradient. */
static bool loss_prepare(tape *t, const char *op, const float *target, const float *weight, loss_context *c)
{
    value *x = c->x;
    c->rows = x->dim[0];
    c->width = c->rows > 0 ? x->count / c->rows : 0;
    double sum = 0;
    for (int64_t r = 0; r < c->rows; r++) {
        float w = weight != NULL ? weight[r] : 1;
        if (!(w >= 0) || isinf(w)) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, op, "%s: the weight of row %lld is %g, but it must be 0 or more", op,
                (long long)r, (double)w);
            return false;
        }
        sum += w;
    }
    bool empty = !(sum > 0) || c->width == 0;
    c->out = op_result(t, 0, NULL, tape_wants(t, x) && !empty);
    float *normalised = tape_scratch(t, (size_t)c->rows * sizeof *normalised);
    for (int64_t r = 0; r < c->rows && normalised != NULL; r++)
        normalised[r] = empty ? 0 : (float)((weight != NULL ? weight[r] : 1) / sum);
    c->target = op_upload(t, target, (size_t)x->count * sizeof *target);
    if (normalised != NULL)
        c->weight = op_upload(t, normalised, (size_t)c->rows * sizeof *normalised);
    c->log_probability = c->kind == LOSS_CROSS_ENTROPY ? op_memory(t, x->count) : NULL;
    return tape_status(t, NULL) == SMAC_OK;
}

static loss_problem loss_problem_of(const loss_context *c)
{
    return (loss_problem){.kind = c->kind,
        .rows = c->rows,
        .width = c->width,
        .x = c->x->device_data,
        .target = c->target,
        .weight = c->weight,
        .loss = c->out->device_data,
        .log_probability = c->log_probability};
}

static void loss_backward(tape *t, void *context)
{
    const loss_context *c = context;
    loss_problem p = loss_problem_of(c);
    p.dloss = c->out->grad;
    p.dx = value_grad(t, c->x);
    if (p.dx != NULL)
        OP_RUN(t, "tape_backward", loss_gradient, &p);
}

static value *op_loss(tape *t, const char *op, loss_context c, const float *target, const float *weight)
{
    if (!loss_prepare(t, op, target, weight, &c))
        return NULL;
    loss_problem p = loss_problem_of(&c);
    return OP_RUN(t, op, loss, &p) ? op_finish(t, op, c.out, &c, sizeof c, loss_backward) : NULL;
}

value *op_l1_loss(tape *t, value *prediction, const float *target, const float *weight)
{
    if (!OP_READY(t, "op_l1_loss", prediction))
        return NULL;
    if (prediction->rank < 1 || target == NULL) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_l1_loss",
            "op_l1_loss: the prediction has shape %s; expected (B) or (B, ...), and a target",
            shape_of(prediction).text);
        return NULL;
    }
    return op_loss(t, "op_l1_loss", (loss_context){.x = prediction, .kind = LOSS_L1}, target, weight);
}

value *op_cross_entropy(tape *t, value *logits, const float *target, const float *weight)
{
    if (!OP_READY(t, "op_cross_entropy", logits))
        return NULL;
    if (logits->rank != 2 || target == NULL) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_cross_entropy",
            "op_cross_entropy: the logits have shape %s; expected (B, C), and a target", shape_of(logits).text);
        return NULL;
    }
    return op_loss(t, "op_cross_entropy", (loss_context){.x = logits, .kind = LOSS_CROSS_ENTROPY}, target, weight);
}
