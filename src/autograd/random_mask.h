/* autograd/random_mask.h - the dropout masks of a tape (compute/dropout.h says what a mask is). */
#ifndef SMAC_AUTOGRAD_RANDOM_MASK_H
#define SMAC_AUTOGRAD_RANDOM_MASK_H

#include "autograd/tape.h"
#include "compute/dropout.h"

/*
 * Takes a stream from the tape.  False when nothing is to be dropped (no training, or probability 0).  The probability
 * is rounded to 1/65536; 1 or more fails the tape.
 */
bool dropout_begin(tape *t, float probability, dropout_mask *mask);
/* y(count) = x times the mask's elements from index on: 0 or scale.  y may be x. */
void dropout_apply(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x);

#endif
