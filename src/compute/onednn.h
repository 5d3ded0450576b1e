/*
 * compute/onednn.h - products by oneDNN, for processors with matrix tiles (AMX), which our own tiles do not use.
 * Private to src/compute.
 *
 * Every call runs on the calling thread alone.  Primitives are made once for a shape and kept; rows are rounded up to
 * sixteen so that few shapes occur (the caller's buffers have that many rows).
 */
#ifndef SMAC_COMPUTE_ONEDNN_H
#define SMAC_COMPUTE_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/precision.h"

/*
 * How many threads oneDNN may use for the calls of the calling thread; gives the number before.  Every call of ours
 * uses one thread: the pieces are distributed already.
 */
int onednn_threads(int count);

/* Tiles for this precision, and kernels not forced down; or SMAC_PRODUCTS=onednn (for tests); own: never. */
bool onednn_wanted(precision how);

int64_t onednn_rows(int64_t rows); /* rounded up */

/* Columns [first, first + n) of a weight, packed: bf16 or int8 (u8 times s8 to s32). */
typedef struct onednn_block onednn_block;
onednn_block *onednn_block_new(precision how, int64_t n, int64_t k); /* NULL: no memory, or oneDNN cannot do it */
void onednn_block_free(onednn_block *b);
size_t onednn_block_bytes(const onednn_block *b);
/* rows(n, row) of bf16 or int8, k of each count */
bool onednn_block_fill(onednn_block *b, const void *rows, int64_t row);

/* Column n of the block as it was given to onednn_block_fill: k values of bf16 or int8. */
void onednn_block_read(const onednn_block *b, int64_t n, void *out);

/* out(rounded rows, n) dense = left(rounded rows, left_row) times the block: float32 or int32 */
smac_status onednn_multiply(
    void *out, const void *left, int64_t rows, int64_t left_row, const onednn_block *b, smac_error *error);

#endif
