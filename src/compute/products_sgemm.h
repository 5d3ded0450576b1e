/* compute/products_sgemm.h - float32 products of two buffers by oneDNN.  Private to src/compute. */
#ifndef SMAC_COMPUTE_PRODUCTS_SGEMM_H
#define SMAC_COMPUTE_PRODUCTS_SGEMM_H

#include <stdbool.h>

#include "compute/products.h"

/* Whether oneDNN's float32 kernels are used on this processor; SMAC_KERNELS and SMAC_PRODUCTS=own choose ours. */
bool sgemm_wanted(void);

/* As gemm in products.h for a single product; m, n and k are at least 1. */
smac_status sgemm_by_onednn(const gemm_problem *g, smac_error *error);

#endif
