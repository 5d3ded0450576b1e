/*
 * compute/tiles.h - the innermost part of every product of ours: a few rows times a panel of 32 columns.
 *
 * A panel holds 32 columns of the right-hand matrix, one step of k after the other, zeros where the matrix ends:
 *   f32   panel[k][32]
 *   bf16  panel[k / 2][32][2]: two steps side by side, the layout of the dot-product instruction
 *   int8  panel[k / 4][32][4]: four steps side by side
 * The left-hand rows are float32 at any strides, bf16 pairs at any strides, or uint8 rows (the value + 128) of quads.
 * Sums run over k in ascending order in one accumulator an element, so neither the number of rows nor a cut of k in
 * multiples of the step changes a bit.  c is dense (ldc) and holds 32 columns a row; add: sums start from what c holds.
 * Private to src/compute.
 */
#ifndef SMAC_COMPUTE_TILES_H
#define SMAC_COMPUTE_TILES_H

#include <stdbool.h>
#include <stdint.h>

enum { PANEL = 32 };

typedef void (*tile_f32)(int rows, int64_t k, const float *a, int64_t a_row, int64_t a_k, const float *panel, float *c,
    int64_t ldc, bool add);
typedef void (*tile_bf16)(int rows, int64_t pairs, const uint16_t *a, int64_t a_row, int64_t a_pair,
    const uint16_t *panel, float *c, int64_t ldc, bool add);
typedef void (*tile_int8)(
    int rows, int64_t quads, const uint8_t *a, int64_t a_row, const int8_t *panel, int32_t *c, int64_t ldc, bool add);

typedef struct tile_kernels {
    int rows; /* the most rows that one call may have */
    tile_f32 f32;
    tile_bf16 bf16;
    tile_int8 int8;
} tile_kernels;

const tile_kernels *tiles_get(void); /* those in use (compute/backend.h) */

extern const tile_kernels tiles_plain, tiles_avx2, tiles_avx512; /* for all precisions */
extern const tile_kernels tiles_avx512_bf16, tiles_avx512_vnni;  /* for theirs alone */
extern const tile_kernels tiles_avx_vnni, tiles_avx2_vnni;       /* the same instruction in its two encodings */

#endif
