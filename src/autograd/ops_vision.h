/*
 * autograd/ops_vision.h - operations on pictures, channels last: x(B, H, W, C).  As in ops.h, each gives NULL on a failed
 * tape and has its cases in tests/autograd/cases.c.  Gradients flow to x, weight and bias.  Numbers are float32 whatever
 * the tape's precision; a packed weight has its own.
 */
#ifndef SMAC_AUTOGRAD_OPS_VISION_H
#define SMAC_AUTOGRAD_OPS_VISION_H

#include "autograd/tape.h"
#include "compute/rectifier.h"

/* All zero: a 1 x 1 convolution or the weight's own size, stride 1, no padding, no activation. */
typedef struct conv2d_options {
    int kernel_height, kernel_width; /* where the weight's shape does not say it (0: it does) */
    int stride;                      /* 0: 1 */
    int top, bottom, left, right;    /* zeros around the picture */
    rectifier_kind activation;       /* fused */
    float slope;                     /* of RECTIFIER_LEAKY, 0 or more */
} conv2d_options;

/* The same padding on all four sides. */
#define CONV2D_PADDING(n) .top = (n), .bottom = (n), .left = (n), .right = (n)

/*
 * y(B, OH, OW, O) with OH = (H + top + bottom - kernel_height) / stride + 1, rounded down.  w(O, kernel_height,
 * kernel_width, C), or as a matrix (O, kernel_height kernel_width C), which may be a packed parameter.  b(O) or NULL.
 * options NULL: all zero.
 */
value *op_conv2d(tape *t, value *x, value *w, value *b, const conv2d_options *options);
/* Each channel by itself: w(kernel_height, kernel_width, C), at most 7 x 7; b(C) or NULL. */
value *op_depthwise_conv2d(tape *t, value *x, value *w, value *b, const conv2d_options *options);

/* min(x > 0 ? x : slope x, 6 or no limit); slope is that of RECTIFIER_LEAKY */
value *op_rectify(tape *t, value *x, rectifier_kind kind, float slope);
/* The nearest pixel: row i of the result is row floor(i H / height), columns likewise (interpolate(size=...) of PyTorch). */
value *op_enlarge(tape *t, value *x, int64_t height, int64_t width);
/* (B, H, W, C) -> (B, C) */
value *op_global_mean(tape *t, value *x);

#endif
