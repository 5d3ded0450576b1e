/* autograd/losses.c - task losses over a batch, weighted by row; sums in double, rows in order. */
#include <math.h>
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"
#include "compute/kernels.h"

typedef struct loss_context {
    value *x, *out;
    float *target;          /* a copy, x's shape */
    float *weight;          /* (B): weight / sum of weights */
    float *log_probability; /* cross entropy: x's shape */
    int64_t rows, width;
} loss_context;

/* Copies target and the normalised weights to the tape.  *empty: all weights are 0. */
static bool loss_prepare(
    tape *t, const char *op, value *x, const float *target, const float *weight, loss_context *c, bool *empty)
{
    if (!OP_READY(t, op, x))
        return false;
    if (x->rank < 1 || target == NULL) {
        tape_fail(t, SMAC_ERROR_MISMATCH, op, "%s: x has shape %s, but (B) or (B, ...) and a target are needed", op,
            shape_of(x).text);
        return false;
    }
    *c = (loss_context){.x = x, .rows = x->dim[0], .width = x->dim[0] > 0 ? x->count / x->dim[0] : 0};
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
    *empty = !(sum > 0) || c->width == 0;
    c->out = op_result(t, 0, NULL, tape_wants(t, x) && !*empty);
    c->target = tape_scratch(t, (size_t)x->count * sizeof(float));
    c->weight = tape_scratch(t, (size_t)c->rows * sizeof(float));
    if (c->out == NULL || c->target == NULL || c->weight == NULL)
        return false;
    memcpy(c->target, target, (size_t)x->count * sizeof(float));
    for (int64_t r = 0; r < c->rows && !*empty; r++)
        c->weight[r] = (float)((weight != NULL ? weight[r] : 1) / sum);
    c->out->device_data[0] = 0;
    return true;
}

static void l1_backward(tape *t, void *context)
{
    loss_context *c = context;
    float *dx = value_grad(t, c->x);
    if (dx == NULL)
        return;
    for (int64_t r = 0; r < c->rows; r++) {
        float g = c->out->grad[0] * c->weight[r] / (float)c->width;
        for (int64_t i = r * c->width; i < (r + 1) * c->width && g != 0; i++) {
            float difference = c->x->device_data[i] - c->target[i];
            dx[i] += difference > 0 ? g : difference < 0 ? -g : 0;
        }
    }
}

value *op_l1_loss(tape *t, value *prediction, const float *target, const float *weight)
{
    loss_context c;
    bool empty;
    if (!loss_prepare(t, "op_l1_loss", prediction, target, weight, &c, &empty))
        return NULL;
    double loss = 0;
    for (int64_t r = 0; r < c.rows && !empty; r++) {
        if (c.weight[r] == 0)
            continue;
        double sum = 0;
        for (int64_t i = r * c.width; i < (r + 1) * c.width; i++)
            sum += fabs((double)prediction->device_data[i] - c.target[i]);
        loss += c.weight[r] * sum / (double)c.width;
    }
    c.out->device_data[0] = (float)loss;
    return op_finish(t, "op_l1_loss", c.out, &c, sizeof c, l1_backward);
}

/* d/dx of -sum(target log softmax(x)) = softmax(x) sum(target) - target */
static void cross_entropy_backward(tape *t, void *context)
{
    loss_context *c = context;
    const struct kernels *kernel = kernels_get();
    float *dx = value_grad(t, c->x);
    if (dx == NULL)
        return;
    for (int64_t r = 0; r < c->rows; r++) {
        float g = c->out->grad[0] * c->weight[r];
        if (g == 0)
            continue;
        int64_t at = r * c->width;
        float *probability = c->log_probability + at, mass = (float)kernel->sum(c->target + at, c->width);
        kernel->exponential(probability, probability, c->width);
        kernel->axpy(dx + at, probability, g * mass, c->width);
        kernel->axpy(dx + at, c->target + at, -g, c->width);
    }
}

value *op_cross_entropy(tape *t, value *logits, const float *target, const float *weight)
{
    loss_context c;
    bool empty;
    if (!loss_prepare(t, "op_cross_entropy", logits, target, weight, &c, &empty))
        return NULL;
    if (logits->rank != 2) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_cross_entropy",
            "op_cross_entropy: logits have shape %s, but (B, C) is needed", shape_of(logits).text);
        return NULL;
    }
    c.log_probability = tape_scratch(t, (size_t)logits->count * sizeof(float));
    if (c.log_probability == NULL)
        return NULL;
    double loss = 0;
    for (int64_t r = 0; r < c.rows && !empty; r++) {
        float *row = c.log_probability + r * c.width;
        if (c.weight[r] == 0)
            continue;
        kernels_get()->log_softmax(row, logits->device_data + r * c.width, c.width);
        double sum = 0;
        for (int64_t i = 0; i < c.width; i++)
            if (c.target[r * c.width + i] != 0)
                sum += (double)c.target[r * c.width + i] * row[i];
        loss -= c.weight[r] * sum;
    }
    c.out->device_data[0] = (float)loss;
    return op_finish(t, "op_cross_entropy", c.out, &c, sizeof c, cross_entropy_backward);
}
