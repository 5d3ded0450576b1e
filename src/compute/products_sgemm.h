/* compute/products_sgemm.h - float32 products of two buffers by oneDNN.  Nobody outside src/compute includes this. */
#ifndef SMAC_COMPUTE_PRODUCTS_SGEMM_H
#define SMAC_COMPUTE_PRODUCTS_SGEMM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* oneDNN's own kernels are meant for this processor, and ours were not asked for (SMAC_KERNELS, SMAC_PRODUCTS=own). */
bool sgemm_wanted(void);

/* As gemm in products.h; m, n and k are at least 1. */
smac_status sgemm_by_onednn(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc, smac_error *error);

#endif
