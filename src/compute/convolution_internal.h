/* compute/convolution_internal.h - shared by convolution.c, convolution_full.c and convolution_depthwise.c. */
#ifndef SMAC_COMPUTE_CONVOLUTION_INTERNAL_H
#define SMAC_COMPUTE_CONVOLUTION_INTERNAL_H

#include "compute/convolution.h"
#include "compute/kernels.h"

smac_status full_forward(const picture_convolution *p, convolution_scratch scratch, smac_error *error);
smac_status full_gradient(const picture_convolution *p, convolution_scratch scratch, smac_error *error);
smac_status depthwise_forward(const picture_convolution *p);
smac_status depthwise_gradient(const picture_convolution *p, convolution_scratch scratch, smac_error *error);

/* A window is one pixel and pixels are used in their order: rows of x are the windows. */
bool convolution_is_direct(const picture_convolution *p);
int64_t convolution_window(const picture_convolution *p); /* numbers */
smac_status convolution_no_memory(const picture_convolution *p, smac_error *error);

/*
 * Gradients of weights are sums over pixels: pieces of the pixels sum into parts of their own, which are added in order.
 * A part is (rows, stride); its first `width` columns count, and bias (outputs) follows after the rows.
 */
enum { CONVOLUTION_PARTS = 16 };
typedef struct gradient_parts {
    float *parts;
    int64_t count, rows, width, stride, outputs;
} gradient_parts;
size_t gradient_part_floats(const gradient_parts *g); /* of one part, a multiple of 16 */
void gradient_parts_add_up(const gradient_parts *g, const picture_convolution *p);

#endif
