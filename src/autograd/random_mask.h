/* autograd/random_mask.h - dropout masks: a pure function of (seed, step, stream, index), so any piece can make its own. */
#ifndef SMAC_AUTOGRAD_RANDOM_MASK_H
#define SMAC_AUTOGRAD_RANDOM_MASK_H

#include "autograd/tape.h"
#include "compute/cpu.h"

typedef struct dropout_mask {
    uint64_t seed, stream;
    uint32_t threshold; /* a 16-bit number below it drops the element: 1 to 65535 */
    float scale;        /* 1 / (the part that is kept) */
} dropout_mask;

/*
 * Takes a stream from the tape.  False when nothing is to be dropped (no training, or probability 0).  The probability
 * is rounded to 1/65536; 1 or more fails the tape.
 */
bool dropout_begin(tape *t, float probability, dropout_mask *mask);
/* y(count) = x times the mask's elements from index on: 0 or scale.  y may be x. */
void dropout_apply(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x);

/* The same for index and count that are multiples of DROPOUT_VECTOR, by vector instructions; NULL at the plain level. */
enum { DROPOUT_VECTOR = 64 };
typedef void (*dropout_vector_fn)(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x);
dropout_vector_fn dropout_vector_for(kernel_level level);

#endif
