/*
 * compute/products.h - matrix products.  All matrices are row-major float32 at the interface.
 *
 * A product is cut into pieces whose borders depend on its shape alone; each piece runs on one thread, so the bits are
 * the same for any number of threads.  Pieces run on tiles of ours (compute/tiles.h); on processors with matrix tiles
 * (AMX) packed weights in bf16 and int8 go through oneDNN.  SMAC_KERNELS=plain|avx2|avx512 forces the kernels down,
 * SMAC_PRODUCTS=own|onednn chooses for packed bf16 and int8; both are for tests.  product_packed: a row's result does not depend
 * on the other rows either (batch of 1 and batch of 4 agree to the last bit).
 *
 * Errors: SMAC_ERROR_MEMORY when scratch memory is short, SMAC_ERROR_INTERNAL when oneDNN refuses (names the shape).
 */
#ifndef SMAC_COMPUTE_PRODUCTS_H
#define SMAC_COMPUTE_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/activation.h"
#include "compute/precision.h"
#include "compute/rectifier.h"
#include "compute/workspace.h"

/* --- weights packed once ----------------------------------------------------------------------------------------- */
/*
 * A weight (n, k) rearranged for products with many x, at a precision.  PRECISION_INT8 (inference alone): one scale a
 * row of the weight (output channel); inputs become bytes when used, 256 steps from the row's least value (or 0) to its
 * largest: what comes from a GELU or a ReLU lies on one side of 0.  Immutable in use: any number of threads may
 * multiply with it.
 */
typedef struct packed_matrix packed_matrix;

packed_matrix *packed_matrix_new(const float *w, int64_t n, int64_t k, precision how); /* NULL: memory is short */
packed_matrix *packed_matrix_new_bf16(const uint16_t *w, int64_t n, int64_t k, precision how); /* bfloat16 source */
bool packed_matrix_renew(packed_matrix *p, const float *w); /* w changed: pack again in place; false: no memory */
void packed_matrix_free(packed_matrix *p);                  /* NULL is fine */
int64_t packed_matrix_n(const packed_matrix *p);
int64_t packed_matrix_k(const packed_matrix *p);
precision packed_matrix_precision(const packed_matrix *p);
size_t packed_matrix_bytes(const packed_matrix *p);
/* Row i of the weight as float32 (k values), as rounded by its precision.  scratch: k floats. */
void packed_matrix_row(const packed_matrix *p, int64_t i, float *out, float *scratch);

/* y(rows, n) = activation(x(rows, k) W^T + bias(n)), or with a rectifier in the place of the activation */
typedef struct packed_product {
    float *y; /* may not overlap x */
    const float *x;
    int64_t rows;
    const packed_matrix *weight;
    const float *bias; /* NULL: none */
    activation activation;
    bool rectifies;
    rectifier end;      /* if it rectifies */
    workspace *scratch; /* NULL: memory from the system for this call */
} packed_product;
smac_status product_packed(const packed_product *p, smac_error *error);

/* --- products of two buffers -------------------------------------------------------------------------------------- */
/*
 * C(m, n) = alpha op(A)(m, k) op(B)(k, n) + beta C, op: as it is or transposed (then A is stored (k, m), B (n, k)).
 * ld*: floats from one stored row to the next.
 *
 * A batch is outer x inner products of one size: matrix (i, j) starts at data + i stride[0] + j stride[1] (floats; a
 * stride of 0 uses one matrix again, for A and B alone).  Attention over (B, T, heads * d) has inner = heads,
 * stride[1] = d, ld = heads * d, and needs no copy.
 */
typedef struct gemm_problem {
    precision how; /* PRECISION_BF16: A and B are rounded to bfloat16 on the way in, sums are float32; INT8: as BF16 */
    bool transpose_a, transpose_b;
    int64_t m, n, k;
    int64_t outer, inner; /* both 0: a single product */
    float alpha;          /* 0 means 1 */
    float beta;           /* 0: C is written, never read */
    const float *a, *b;
    float *c;
    int64_t lda, ldb, ldc;
    int64_t stride_a[2], stride_b[2], stride_c[2];
    workspace *scratch; /* NULL: memory from the system for this call */
} gemm_problem;
smac_status gemm(const gemm_problem *g, smac_error *error);

#endif
