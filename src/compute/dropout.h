/*
 * compute/dropout.h - dropout masks from counter-based random numbers: a pure function of (seed, stream, index), so any
 * piece makes its own part, and every backend the same bits.
 */
#ifndef SMAC_COMPUTE_DROPOUT_H
#define SMAC_COMPUTE_DROPOUT_H

#include <stdint.h>

/* Element i looks at the (i mod 8)-th half word of block i / 8 (base/random.h). */
typedef struct dropout_mask {
    uint64_t seed, stream;
    uint32_t threshold; /* a half word below it drops the element: 1 to 65535 */
    float scale;        /* of those that are kept */
} dropout_mask;

/* The kernel of each backend: y(count) = x times the mask's elements from index on, 0 or scale.  y may be x. */
void dropout_plain(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x);
void dropout_avx2(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x);
void dropout_avx512(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x);

#endif
