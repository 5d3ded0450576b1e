/* autograd/convolution.c - convolution over time, channels last. */
#include "autograd/internal.h"
#include "autograd/ops.h"

typedef struct convolution_context {
    value *x, *w, *b, *y;
    int stride, padding;
    precision how;
} convolution_context;

static convolution_problem convolution_problem_of(const convolution_context *c)
{
    return (convolution_problem){.how = c->how,
        .batch = c->x->dim[0],
        .time = c->x->dim[1],
        .channels = c->x->dim[2],
        .out_time = c->y->dim[1],
        .outputs = c->w->dim[0],
        .width = c->w->dim[2],
        .stride = c->stride,
        .padding = c->padding,
        .x = c->x->device_data,
        .w = c->w->device_data,
        .b = c->b != NULL ? c->b->device_data : NULL,
        .y = c->y->device_data};
}

static void convolution_backward(tape *t, void *context)
{
    const convolution_context *c = context;
    convolution_problem p = convolution_problem_of(c);
    p.dy = c->y->grad;
    p.db = grad_open(t, c->b, &p.add_b);
    p.dw = grad_open(t, c->w, &p.add_w);
    p.dx = grad_open(t, c->x, &p.add_x);
    if (tape_status(t, NULL) == SMAC_OK)
        OP_RUN(t, "op_conv1d", convolution_gradient, &p);
}

value *op_conv1d(tape *t, value *x, value *w, value *b, int stride, int padding)
{
    if (!OP_READY(t, "op_conv1d", x, w) || (b != NULL && !OP_READY(t, "op_conv1d", b)))
        return NULL;
    bool fits = x->rank == 3 && w->rank == 3 && w->dim[1] == x->dim[2] && stride > 0 && padding >= 0 &&
        x->dim[1] + 2 * (int64_t)padding >= w->dim[2] && w->dim[2] > 0 &&
        (b == NULL || (b->rank == 1 && b->dim[0] == w->dim[0]));
    if (!fits) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_conv1d",
            "op_conv1d: x %s, weight %s and bias %s with stride %d and padding %d do not fit: expected (B, T, C), "
            "(O, C, width) and (O), T + 2 padding at least width",
            shape_of(x).text, shape_of(w).text, b != NULL ? shape_of(b).text : "(none)", stride, padding);
        return NULL;
    }
    int64_t time = (x->dim[1] + 2 * (int64_t)padding - w->dim[2]) / stride + 1;
    bool tracked = tape_wants(t, x) || tape_wants(t, w) || tape_wants(t, b);
    convolution_context c = {.x = x,
        .w = w,
        .b = b,
        .y = op_result(t, 3, (int64_t[]){x->dim[0], time, w->dim[0]}, tracked),
        .stride = stride,
        .padding = padding,
        .how = tape_get_options(t)->precision};
    if (c.y == NULL)
        return NULL;
    convolution_problem p = convolution_problem_of(&c);
    return OP_RUN(t, "op_conv1d", convolution, &p) ? op_finish(t, "op_conv1d", c.y, &c, sizeof c, convolution_backward)
                                                   : NULL;
}
