/* compute/kernels_internal.h - the tables of the kernel files; private to src/compute. */
#ifndef SMAC_COMPUTE_KERNELS_INTERNAL_H
#define SMAC_COMPUTE_KERNELS_INTERNAL_H

#include "compute/kernels.h"

extern const struct kernels kernels_plain;
#if defined(__x86_64__)
extern const struct kernels kernels_avx2;
extern const struct kernels kernels_avx512;
#endif

/* compute/kernels_plain_vision.c */
void rectify_plain(float *y, const float *x, const float *b, int64_t n, rectifier f);
void rectify_backward_plain(float *d, const float *dy, const float *y, int64_t n, rectifier f);
void depthwise_plain(const depthwise_row *r);
void depthwise_weights_plain(const depthwise_row *r);

/* Below it a row is quantised to zeros: the factor 127 / max|row| would not be finite. */
#define SMALLEST_MAGNITUDE 1e-36f

/* One bfloat16: to the nearest, ties to even, NaN made quiet. */
uint16_t bf16_from_float(float x);
float bf16_to_float(uint16_t x);

#endif
