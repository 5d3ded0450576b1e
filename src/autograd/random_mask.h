/* autograd/random_mask.h - dropout masks: a pure function of (seed, step, stream, index), so any piece can make its own. */
#ifndef SMAC_AUTOGRAD_RANDOM_MASK_H
#define SMAC_AUTOGRAD_RANDOM_MASK_H

#include "autograd/tape.h"

typedef struct dropout_mask {
    uint64_t seed, stream;
    uint32_t threshold; /* a 16-bit number below it drops the element */
    float scale;        /* 1 / (the part that is kept) */
} dropout_mask;

/*
 * Takes a stream from the tape.  False when nothing is to be dropped (no training, or probability 0).  The probability
 * is rounded to 1/65536; 1 or more fails the tape.
 */
bool dropout_begin(tape *t, float probability, dropout_mask *mask);
/* y(count) = x times the mask's elements from index on: 0 or scale.  y may be x. */
void dropout_apply(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x);

#endif
