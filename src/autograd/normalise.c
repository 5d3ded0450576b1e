/*
 * autograd/normalise.c - layer norm, root mean square norm, softmax and L2 norm, each over the last dimension.
 *
 * Gradients of the norms' weights are sums over all rows: fixed groups of rows sum into rows of their own, which are
 * then added in order.
 */
#include <math.h>
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"
#include "compute/kernels.h"
#include "compute/parallel.h"

enum { MAX_GROUPS = 64 };

typedef struct norm_context {
    value *x, *w, *b, *out;
    bool centred; /* layer norm; else root mean square */
    int64_t rows, width, group;
    float epsilon;
    float *mean, *inverse; /* (rows) or NULL */
    float *dx, *dw, *db;   /* dw, db: (groups, width) */
    bool add;
} norm_context;

static void norm_range(void *context, int64_t from, int64_t to)
{
    const norm_context *c = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        float *y = c->out->device_data + r * c->width, *inverse = c->inverse != NULL ? c->inverse + r : NULL;
        const float *x = c->x->device_data + r * c->width;
        if (c->centred)
            kernel->layer_norm(y, x, c->w->device_data, c->b != NULL ? c->b->device_data : NULL, c->width, c->epsilon,
                c->mean != NULL ? c->mean + r : NULL, inverse);
        else
            kernel->rms_norm(y, x, c->w->device_data, c->width, c->epsilon, inverse);
    }
}

static void norm_backward_piece(void *context, int64_t piece)
{
    const norm_context *c = context;
    const struct kernels *kernel = kernels_get();
    int64_t from = piece * c->group, to = from + c->group < c->rows ? from + c->group : c->rows, width = c->width;
    float *dw = c->dw != NULL ? c->dw + piece * width : NULL, *db = c->db != NULL ? c->db + piece * width : NULL;
    if (dw != NULL)
        memset(dw, 0, (size_t)width * sizeof(float));
    if (db != NULL)
        memset(db, 0, (size_t)width * sizeof(float));
    for (int64_t r = from; r < to; r++) {
        const float *dy = c->out->grad + r * width, *x = c->x->device_data + r * width;
        float *dx = c->dx != NULL ? c->dx + r * width : NULL;
        if (dx != NULL && !c->add)
            memset(dx, 0, (size_t)width * sizeof(float));
        if (c->centred)
            kernel->layer_norm_backward(dx, dw, db, dy, x, c->w->device_data, width, c->mean[r], c->inverse[r]);
        else
            kernel->rms_norm_backward(dx, dw, dy, x, c->w->device_data, width, c->inverse[r]);
    }
}

static void norm_backward(tape *t, void *context)
{
    norm_context *c = context;
    int64_t groups = c->group > 0 ? (c->rows + c->group - 1) / c->group : 0;
    c->dw = tape_wants(t, c->w) ? scratch_take(t, groups * c->width) : NULL;
    c->db = tape_wants(t, c->b) ? scratch_take(t, groups * c->width) : NULL;
    c->dx = grad_open(t, c->x, &c->add);
    if (tape_status(t, NULL) != SMAC_OK)
        return;
    parallel_for(groups, norm_backward_piece, c);
    bool add;
    float *grad = grad_open(t, c->w, &add);
    if (grad != NULL)
        column_sums(grad, add, c->dw, groups, c->width);
    grad = grad_open(t, c->b, &add);
    if (grad != NULL)
        column_sums(grad, add, c->db, groups, c->width);
    scratch_give(t, c->dw, groups * c->width);
    scratch_give(t, c->db, groups * c->width);
}

static value *norm(tape *t, const char *op, value *x, value *w, value *b, float epsilon, bool centred)
{
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
    value *out = op_result(t, x->rank, x->dim, tracked);
    if (out == NULL)
        return NULL;
    norm_context c = {.x = x,
        .w = w,
        .b = b,
        .out = out,
        .centred = centred,
        .rows = row_count(x),
        .width = last_dim(x),
        .epsilon = epsilon};
    c.group = (c.rows + MAX_GROUPS - 1) / MAX_GROUPS;
    if (tracked) {
        c.inverse = tape_scratch(t, (size_t)c.rows * sizeof(float));
        c.mean = centred ? tape_scratch(t, (size_t)c.rows * sizeof(float)) : NULL;
        if (tape_status(t, NULL) != SMAC_OK)
            return NULL;
    }
    for_ranges(c.rows, row_step(c.width), norm_range, &c);
    return op_finish(t, op, out, &c, sizeof c, norm_backward);
}

value *op_layer_norm(tape *t, value *x, value *weight, value *bias, float epsilon)
{
    return norm(t, "op_layer_norm", x, weight, bias, epsilon, true);
}

value *op_rms_norm(tape *t, value *x, value *weight, float epsilon)
{
    return norm(t, "op_rms_norm", x, weight, NULL, epsilon, false);
}

/* --- softmax and L2 -------------------------------------------------------------------------------------------------- */

typedef enum row_kind { ROW_SOFTMAX, ROW_LOG_SOFTMAX, ROW_L2 } row_kind;

typedef struct row_context {
    value *x, *out;
    row_kind kind;
    int64_t width;
    float epsilon, *dx;
    bool add;
} row_context;

static float row_length(const row_context *c, const float *x)
{
    return (float)sqrt(kernels_get()->sum_squares(x, c->width));
}

static void row_range(void *context, int64_t from, int64_t to)
{
    const row_context *c = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        const float *x = c->x->device_data + r * c->width;
        float *y = c->out->device_data + r * c->width;
        if (c->kind == ROW_SOFTMAX) {
            kernel->softmax(y, x, c->width, 1, NULL, NULL);
        } else if (c->kind == ROW_LOG_SOFTMAX) {
            kernel->log_softmax(y, x, c->width);
        } else {
            float length = row_length(c, x);
            kernel->scale(y, x, 1 / (length > c->epsilon ? length : c->epsilon), c->width);
        }
    }
}

static void row_backward_range(void *context, int64_t from, int64_t to)
{
    const row_context *c = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        const float *y = c->out->device_data + r * c->width, *dy = c->out->grad + r * c->width;
        float *dx = c->dx + r * c->width;
        if (!c->add)
            memset(dx, 0, (size_t)c->width * sizeof(float));
        if (c->kind == ROW_SOFTMAX) {
            kernel->softmax_backward(dx, dy, y, c->width, 1);
        } else if (c->kind == ROW_LOG_SOFTMAX) {
            kernel->log_softmax_backward(dx, dy, y, c->width);
        } else { /* d(x/|x|) = (dy - y (y.dy)) / |x|; a constant divisor under epsilon */
            float length = row_length(c, c->x->device_data + r * c->width);
            if (length > c->epsilon) {
                kernel->axpy(dx, dy, 1 / length, c->width);
                kernel->axpy(dx, y, -kernel->dot(y, dy, c->width) / length, c->width);
            } else {
                kernel->axpy(dx, dy, 1 / c->epsilon, c->width);
            }
        }
    }
}

static void row_backward(tape *t, void *context)
{
    row_context *c = context;
    c->dx = grad_open(t, c->x, &c->add);
    if (c->dx != NULL)
        for_ranges(row_count(c->x), row_step(c->width), row_backward_range, c);
}

static value *row_operation(tape *t, const char *op, value *x, row_kind kind, float epsilon)
{
    if (!OP_READY(t, op, x))
        return NULL;
    value *out = op_result(t, x->rank, x->dim, tape_wants(t, x));
    if (out == NULL)
        return NULL;
    row_context c = {.x = x, .out = out, .kind = kind, .width = last_dim(x), .epsilon = epsilon};
    for_ranges(row_count(x), row_step(c.width), row_range, &c);
    return op_finish(t, op, out, &c, sizeof c, row_backward);
}

value *op_softmax(tape *t, value *x)
{
    return row_operation(t, "op_softmax", x, ROW_SOFTMAX, 0);
}

value *op_log_softmax(tape *t, value *x)
{
    return row_operation(t, "op_log_softmax", x, ROW_LOG_SOFTMAX, 0);
}

value *op_l2_normalise(tape *t, value *x, float epsilon)
{
    return row_operation(t, "op_l2_normalise", x, ROW_L2, epsilon);
}
