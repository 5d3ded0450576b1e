/*
 * compute/packing.h - rearranging matrices into the layout that tiles.h multiplies.  Private to src/compute.  "panel"
 * counts from 0; columns beyond n and steps beyond k become zeros.
 */
#ifndef SMAC_COMPUTE_PACKING_H
#define SMAC_COMPUTE_PACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/kernels.h"
#include "compute/precision.h"

int64_t panels_of(int64_t n);                   /* ceil(n / 32) */
int64_t step_of(precision how);                 /* steps of k side by side: 1, 2, 4 */
int64_t steps_padded(int64_t k, precision how); /* k rounded up to a multiple of that */
size_t element_of(precision how);               /* bytes: 4, 2, 1 */

/* The right-hand matrix B(k, n) by strides: element (i, j) at b[i * step_k + j * step_n]. */
typedef struct right_matrix {
    const float *b;
    int64_t k, n, step_k, step_n;
} right_matrix;

/* One panel at PRECISION_F32 or PRECISION_BF16. */
void pack_panel(void *panel, precision how, const struct kernels *kernels, const right_matrix *m, int64_t index);
/* bf16 from a weight (n, k) in bfloat16: bits are moved, not changed */
void pack_panel_from_bf16(
    uint16_t *panel, const struct kernels *kernels, const uint16_t *w, int64_t n, int64_t k, int64_t index);
/* int8 from step_k 1: a scale a column (max|column| / 127) and the sum of its integers, for 32 columns */
void pack_panel_int8(
    int8_t *panel, float *scale, int32_t *sum, const struct kernels *kernels, const right_matrix *m, int64_t index);

/*
 * The left-hand matrix A(m, k), element (i, j) at a[i * step_m + j * step_k], in the form that the tiles read.  One
 * of the steps is 1.  Float32 may stay where it is.
 */
typedef struct left_matrix {
    precision how;
    const float *a;
    int64_t m, k, step_m, step_k;
    void *packed;      /* where it goes, left_matrix_bytes of it; NULL: it stays */
    float *scale;      /* int8: of the rows */
    int32_t *zero;     /* int8: what represents 0 in a row */
    int64_t row, pair; /* how the packed form is read: elements from row to row, and from step (pair) to step */
} left_matrix;

/* Say how a left-hand matrix will lie; copy: move float32 as well, so that its rows spread over the cache. */
left_matrix left_matrix_plan(
    precision how, const float *a, int64_t m, int64_t k, int64_t step_m, int64_t step_k, bool copy);
bool left_matrix_bytes(const left_matrix *l, size_t *bytes); /* a multiple of 64, 0 if it stays; false: too large */
void left_matrix_pack(const left_matrix *l, const struct kernels *kernels, int64_t first, int64_t rows);
const void *left_matrix_row(const left_matrix *l, int64_t row); /* where the tiles start */

#endif
