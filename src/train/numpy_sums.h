/*
 * train/numpy_sums.h - sums in NumPy's order (pairwise, eight accumulators, blocks of 128), so that a metric has the
 * bits that the field's reference scripts print.  A term is a function of the index; no array is made.
 */
#ifndef SMAC_TRAIN_NUMPY_SUMS_H
#define SMAC_TRAIN_NUMPY_SUMS_H

#include <stdint.h>

typedef float (*float_term)(const void *context, int64_t index);
typedef double (*double_term)(const void *context, int64_t index);

/* np.sum of a contiguous float32 or float64 array of count terms. */
float numpy_sum_f32(float_term term, const void *context, int64_t count);
double numpy_sum_f64(double_term term, const void *context, int64_t count);
/* np.mean of a float32 array: the float32 sum, divided in float64, rounded to float32; NaN for none. */
float numpy_mean_f32(float_term term, const void *context, int64_t count);

#endif
