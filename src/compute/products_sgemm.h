/* compute/products_sgemm.h - float32 products of two buffers by oneDNN.  Nobody outside src/compute includes this. */
#ifndef SMAC_COMPUTE_PRODUCTS_SGEMM_H
#define SMAC_COMPUTE_PRODUCTS_SGEMM_H

#include <stdbool.h>

#include "compute/products.h"

/* oneDNN's own kernels are meant for this processor, and ours were not asked for (SMAC_KERNELS, SMAC_PRODUCTS=own). */
bool sgemm_wanted(void);

/* As gemm in products.h for a single product; m, n and k are at least 1. */
smac_status sgemm_by_onednn(const gemm_problem *g, smac_error *error);

#endif
