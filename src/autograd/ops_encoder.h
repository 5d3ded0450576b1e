/*
 * autograd/ops_encoder.h - operations that only pre-trained encoders need: attention by relative positions.
 */
#ifndef SMAC_AUTOGRAD_OPS_ENCODER_H
#define SMAC_AUTOGRAD_OPS_ENCODER_H

#include "autograd/ops.h"

/*
 * Picks, for query i and key j, the score that belongs to their relative position:
 *   x (heads, B, T, P), scores against the P rows of a table  ->  (B, heads, T, T)
 *   out[b, h, i, j] = x[h, b, i, index[i, j]]                     from the query (from_key false)
 *   out[b, h, i, j] = x[h, b, j, index[i, j]]                     from the key
 * index (index_batch, T, T), index_batch 1 (the same for all) or B; values in [0, P), checked.  Read during the
 * backward pass too: it must live as long as the tape's values.
 */
value *op_relative_gather(tape *t, value *x, const int32_t *index, int64_t index_batch, bool from_key);

#endif
