/*
 * compute/grid.h - how products are cut: row pieces times groups of panels, by the shape alone, and the loop over one
 * piece.  Nobody outside src/compute includes this.
 */
#ifndef SMAC_COMPUTE_GRID_H
#define SMAC_COMPUTE_GRID_H

#include <stddef.h>

#include "compute/precision.h"
#include "compute/tiles.h"

enum { SERIAL_WORK = 256 * 1024 }; /* multiplications that are done before a second thread has woken up */

typedef struct grid {
    int64_t rows, panels;
    int64_t row_piece, row_pieces;     /* rows a piece, number of row pieces */
    int64_t panel_piece, panel_pieces; /* panels a piece, number of panel pieces */
} grid;

grid grid_plan(precision how, int64_t rows, int64_t panels, int64_t k);
/* the same with a given number of panels a piece, and pieces of whole sixteens of rows */
grid grid_plan_blocks(int64_t rows, int64_t panels, int64_t panel_piece);
int64_t grid_pieces(const grid *g);
size_t grid_scratch_bytes(const grid *g); /* for the 32-bit results of a piece; a multiple of 64 */

typedef struct grid_piece {
    int64_t row, rows, panel, panels;
    int64_t width; /* of a row of the scratch: 32 panels */
} grid_piece;
grid_piece grid_piece_at(const grid *g, int64_t index);

/* What a piece multiplies. */
typedef struct piece_operands {
    precision how;
    const tile_kernels *tiles;
    int64_t k;                   /* unpadded for f32, padded for the others */
    const void *left;            /* first row of the piece */
    int64_t left_row, left_step; /* elements from row to row, and from one step (bf16: pair) to the next */
    const void *panels;          /* first panel of the piece */
    int64_t panel_elements;      /* from one panel to the next */
} piece_operands;

/* scratch(rows, panels * 32) = left times panels: float32, or int32 for int8 */
void multiply_piece(void *scratch, int64_t rows, int64_t panels, int64_t width, const piece_operands *o);

#endif
