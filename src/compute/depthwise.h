/*
 * compute/depthwise.h - a row of pixels of a depthwise convolution, channels last: what the kernels compute at once.
 *
 * Tap t meets the numbers x[t] + p x_step + c at pixel p and channel c.  The caller lists only taps that lie inside the
 * picture for all pixels of the row.  Sums go over the taps in their order.
 */
#ifndef SMAC_COMPUTE_DEPTHWISE_H
#define SMAC_COMPUTE_DEPTHWISE_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/rectifier.h"

enum { DEPTHWISE_TAPS = 49 }; /* a kernel of 7 x 7 */

typedef struct depthwise_row {
    int64_t pixels, channels;
    int64_t x_step, y_step; /* numbers from one pixel to the next */
    int taps;
    const float *x[DEPTHWISE_TAPS];
    const float *w[DEPTHWISE_TAPS]; /* depthwise: (channels) each */
    const float *bias;              /* depthwise: (channels), or NULL */
    rectifier end;                  /* depthwise */
    bool add;                       /* depthwise: y += (then without rectifier) */
    float *y;                       /* depthwise: the result */
    const float *dy;                /* depthwise_weights: the gradient of the result */
    float *dw[DEPTHWISE_TAPS];      /* depthwise_weights: (channels) each, added to */
} depthwise_row;

#endif
