/*
 * compute/convolution.h - convolutions of pictures, channels last, forward and backward.
 *
 * A full convolution is a product: the window of each output pixel is one row of numbers in the weight's order (row of
 * the kernel, column, channel).  A 1 x 1 one needs no copy.  Work is cut by the shapes alone: the same bits for any
 * number of threads.  Numbers are float32; a packed weight has its own precision.
 */
#ifndef SMAC_COMPUTE_CONVOLUTION_H
#define SMAC_COMPUTE_CONVOLUTION_H

#include "compute/products.h"
#include "compute/rectifier.h"

/*
 * y(batch, out_height, out_width, outputs) = f(x(batch, height, width, channels) * w + b); what lies outside the picture
 * is 0.  Full: w (outputs, kernel_height, kernel_width, channels).  Depthwise: outputs = channels and w (kernel_height,
 * kernel_width, channels), at most DEPTHWISE_TAPS of them a channel.
 */
typedef struct picture_convolution {
    bool depthwise;
    int64_t batch, height, width, channels;
    int64_t out_height, out_width, outputs;
    int64_t kernel_height, kernel_width;
    int64_t stride, top, left;          /* top, left: zeros before the picture */
    const float *x, *w, *b;             /* b may be NULL */
    const struct packed_matrix *packed; /* of a full one: the weight in place of w, (outputs, numbers of a window) */
    rectifier end;                      /* f */
    float *y;
    /* the gradient: dx, dw, db (+)=, each may be NULL.  y is what convolve gave. */
    const float *dy;
    float *dx, *dw, *db;
    bool add_x, add_w, add_b;
} picture_convolution;

typedef struct convolution_scratch {
    workspace *own, *product; /* each may be NULL: memory from the system for this call */
} convolution_scratch;

/* MEMORY */
smac_status convolve(const picture_convolution *p, convolution_scratch scratch, smac_error *error);
smac_status convolve_gradient(const picture_convolution *p, convolution_scratch scratch, smac_error *error);

#endif
