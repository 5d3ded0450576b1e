/*
 * compute/packing.h - bringing matrices into the form that tiles.h multiplies.  Nobody outside src/compute includes
 * this.  "panel" counts from 0; columns beyond n and steps beyond k become zeros.
 */
#ifndef SMAC_COMPUTE_PACKING_H
#define SMAC_COMPUTE_PACKING_H

#include <stdint.h>

#include "compute/kernels.h"

/* The right-hand matrix B(k, n) by strides: element (i, j) at b[i * step_k + j * step_n]. */
typedef struct right_matrix {
    const float *b;
    int64_t k, n, step_k, step_n;
} right_matrix;

int64_t panels_of(int64_t n);                 /* ceil(n / 32) */
int64_t steps_padded(int64_t k, int64_t step); /* k rounded up to a multiple of step */

void pack_panel_f32(float *panel, const right_matrix *m, int64_t index);
void pack_panel_bf16(uint16_t *panel, const right_matrix *m, int64_t index);
/* int8: a scale a column (max|column| / 127) and offset = 128 sum of the column's integers, for 32 columns */
void pack_panel_int8(int8_t *panel, float *scale, int32_t *offset, const right_matrix *m, int64_t index);

/* Rows of the left-hand matrix, element (i, j) at a[i * step_m + j * step_k], as bf16 rows of k_padded. */
void pack_rows_bf16(uint16_t *out, const struct kernels *kernels, const float *a, int64_t rows, int64_t k,
    int64_t k_padded, int64_t step_m, int64_t step_k);
/* Dense rows as uint8 (quantised by row, + 128), with the rows' scales. */
void pack_rows_int8(uint8_t *out, float *scale, const struct kernels *kernels, const float *a, int64_t rows, int64_t k,
    int64_t k_padded);

#endif
