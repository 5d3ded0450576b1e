/* autograd/vision.c - convolutions of pictures, rectifiers, nearest enlargement, the mean over a picture. */
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"
#include "autograd/ops_vision.h"

/* --- convolution ------------------------------------------------------------------------------------------------------ */

typedef struct conv2d_context {
    value *x, *w, *b, *y;
    picture_convolution sizes; /* without arrays */
    const char *op;
} conv2d_context;

static picture_convolution conv2d_problem(const conv2d_context *c)
{
    picture_convolution p = c->sizes;
    p.x = c->x->device_data;
    p.w = c->w->device_data;
    p.b = c->b != NULL ? c->b->device_data : NULL;
    p.y = c->y->device_data;
    return p;
}

static void conv2d_backward(tape *t, void *context)
{
    const conv2d_context *c = context;
    picture_convolution p = conv2d_problem(c);
    if (p.w == NULL && tape_wants(t, c->x)) {
        tape_fail(t, SMAC_ERROR_UNSUPPORTED, c->op,
            "%s: a gradient must flow through %s, but it is held packed alone: load it without dropping its float32 "
            "values",
            c->op, c->w->parameter->name);
        return;
    }
    p.dy = c->y->grad;
    p.db = grad_open(t, c->b, &p.add_b);
    p.dw = grad_open(t, c->w, &p.add_w);
    p.dx = grad_open(t, c->x, &p.add_x);
    if (tape_status(t, NULL) == SMAC_OK)
        OP_RUN(t, c->op, convolve_gradient, &p);
}

/* The sizes of a convolution; false, and the tape has failed, when the shapes do not fit each other. */
static bool conv2d_sizes(tape *t, conv2d_context *c, const conv2d_options *o)
{
    static const conv2d_options none = {.stride = 1};
    picture_convolution *p = &c->sizes;
    const value *x = c->x, *w = c->w, *b = c->b;
    o = o != NULL ? o : &none;
    int first = p->depthwise ? 0 : 1;
    bool fits = x->rank == 4 && (w->rank == 3 + first || (w->rank == 2 && !p->depthwise)) && o->stride >= 0 &&
        o->top >= 0 && o->bottom >= 0 && o->left >= 0 && o->right >= 0 && o->slope >= 0;
    if (fits) {
        bool shaped = w->rank == 3 + first;
        p->batch = x->dim[0];
        p->height = x->dim[1];
        p->width = x->dim[2];
        p->channels = x->dim[3];
        p->kernel_height = shaped ? w->dim[first] : o->kernel_height > 0 ? o->kernel_height : 1;
        p->kernel_width = shaped ? w->dim[first + 1] : o->kernel_width > 0 ? o->kernel_width : 1;
        p->outputs = p->depthwise ? p->channels : w->dim[0];
        p->stride = o->stride > 0 ? o->stride : 1;
        p->top = o->top;
        p->left = o->left;
        p->end = rectifier_of(o->activation, o->slope);
        int64_t high = p->height + o->top + o->bottom - p->kernel_height;
        int64_t wide = p->width + o->left + o->right - p->kernel_width;
        int64_t weights = p->kernel_height * p->kernel_width * p->channels * (p->depthwise ? 1 : p->outputs);
        fits = p->kernel_height > 0 && p->kernel_width > 0 && high >= 0 && wide >= 0 && w->count == weights &&
            w->dim[w->rank - 1] == (shaped ? p->channels : p->kernel_height * p->kernel_width * p->channels) &&
            (b == NULL || (b->rank == 1 && b->dim[0] == p->outputs)) &&
            (!p->depthwise || p->kernel_height * p->kernel_width <= DEPTHWISE_TAPS);
        p->out_height = high / p->stride + 1;
        p->out_width = wide / p->stride + 1;
    }
    if (!fits)
        tape_fail(t, SMAC_ERROR_MISMATCH, c->op,
            "%s: x %s, weight %s and bias %s with stride %d and padding %d, %d, %d, %d do not fit: expected (B, H, W, C), "
            "%s and as many biases as results, a kernel that is not larger than the padded picture%s",
            c->op, shape_of(x).text, shape_of(w).text, b != NULL ? shape_of(b).text : "(none)", o->stride, o->top,
            o->bottom, o->left, o->right,
            p->depthwise ? "(kernel height, kernel width, C)" : "(O, kernel height, kernel width, C)",
            p->depthwise ? " nor than 7 x 7" : "");
    return fits;
}

static value *conv2d(tape *t, conv2d_context c, const conv2d_options *options)
{
    const parameter *held = c.w != NULL ? c.w->parameter : NULL;
    const struct packed_matrix *packed =
        held != NULL && held->packed_version == held->version && !tape_wants(t, c.w) ? held->packed : NULL;
    if (!OP_READY(t, c.op, c.x) || (packed == NULL && !OP_READY(t, c.op, c.w)) ||
        (c.b != NULL && !OP_READY(t, c.op, c.b)) || !conv2d_sizes(t, &c, options))
        return NULL;
    const picture_convolution *s = &c.sizes;
    bool tracked = tape_wants(t, c.x) || tape_wants(t, c.w) || tape_wants(t, c.b);
    c.y = op_result(t, 4, (int64_t[]){s->batch, s->out_height, s->out_width, s->outputs}, tracked);
    if (c.y == NULL)
        return NULL;
    picture_convolution p = conv2d_problem(&c);
    p.packed = packed;
    return OP_RUN(t, c.op, convolve, &p) ? op_finish(t, c.op, c.y, &c, sizeof c, conv2d_backward) : NULL;
}

value *op_conv2d(tape *t, value *x, value *w, value *b, const conv2d_options *options)
{
    return conv2d(t, (conv2d_context){.x = x, .w = w, .b = b, .op = "op_conv2d"}, options);
}

value *op_depthwise_conv2d(tape *t, value *x, value *w, value *b, const conv2d_options *options)
{
    conv2d_context c = {.x = x, .w = w, .b = b, .sizes.depthwise = true, .op = "op_depthwise_conv2d"};
    return conv2d(t, c, options);
}

/* --- rectifiers ------------------------------------------------------------------------------------------------------ */

typedef struct rectify_context {
    value *x, *y;
    rectifier end;
} rectify_context;

static void rectify_backward(tape *t, void *context)
{
    const rectify_context *c = context;
    rectify_problem p = {.end = c->end, .count = c->y->count, .y = c->y->device_data, .dy = c->y->grad};
    p.dx = grad_open(t, c->x, &p.add);
    if (p.dx != NULL)
        OP_RUN(t, "op_rectify", rectify_gradient, &p);
}

value *op_rectify(tape *t, value *x, rectifier_kind kind, float slope)
{
    if (!OP_READY(t, "op_rectify", x))
        return NULL;
    if (!(slope >= 0)) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_rectify", "op_rectify: a slope of %g; expected 0 or more", (double)slope);
        return NULL;
    }
    rectify_context c = {x, op_result(t, x->rank, x->dim, tape_wants(t, x)), rectifier_of(kind, slope)};
    if (c.y == NULL ||
        !OP_RUN(t, "op_rectify", rectify,
            &(rectify_problem){.end = c.end, .count = x->count, .x = x->device_data, .y = c.y->device_data}))
        return NULL;
    return op_finish(t, "op_rectify", c.y, &c, sizeof c, rectify_backward);
}

/* --- enlargement ----------------------------------------------------------------------------------------------------- */

typedef struct enlarge_context {
    value *x, *y;
} enlarge_context;

static enlarge_problem enlarge_problem_of(const enlarge_context *c)
{
    return (enlarge_problem){.batch = c->x->dim[0],
        .height = c->x->dim[1],
        .width = c->x->dim[2],
        .channels = c->x->dim[3],
        .out_height = c->y->dim[1],
        .out_width = c->y->dim[2]};
}

static void enlarge_backward(tape *t, void *context)
{
    const enlarge_context *c = context;
    enlarge_problem p = enlarge_problem_of(c);
    p.gradient = true;
    p.y = c->y->grad;
    p.x = grad_open(t, c->x, &p.add);
    if (p.x != NULL)
        OP_RUN(t, "op_enlarge", enlarge, &p);
}

value *op_enlarge(tape *t, value *x, int64_t height, int64_t width)
{
    if (!OP_READY(t, "op_enlarge", x))
        return NULL;
    if (x->rank != 4 || x->dim[1] < 1 || x->dim[2] < 1 || height < 1 || width < 1) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_enlarge",
            "op_enlarge: x of shape %s to %lld x %lld; expected (B, H, W, C) and sizes of at least 1", shape_of(x).text,
            (long long)height, (long long)width);
        return NULL;
    }
    enlarge_context c = {x, op_result(t, 4, (int64_t[]){x->dim[0], height, width, x->dim[3]}, tape_wants(t, x))};
    if (c.y == NULL)
        return NULL;
    enlarge_problem p = enlarge_problem_of(&c);
    p.x = x->device_data;
    p.y = c.y->device_data;
    return OP_RUN(t, "op_enlarge", enlarge, &p) ? op_finish(t, "op_enlarge", c.y, &c, sizeof c, enlarge_backward)
                                                : NULL;
}

/* --- the mean over a picture ----------------------------------------------------------------------------------------- */

value *op_global_mean(tape *t, value *x)
{
    if (!OP_READY(t, "op_global_mean", x))
        return NULL;
    if (x->rank != 4) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_global_mean", "op_global_mean: x of shape %s; expected (B, H, W, C)",
            shape_of(x).text);
        return NULL;
    }
    return op_mean_over(t, op_reshape(t, x, 3, (int64_t[]){x->dim[0], x->dim[1] * x->dim[2], x->dim[3]}), 1);
}
