/*
 * compute/environment.h - what the environment says about computing.  Read once, when the library is loaded or first used:
 * a host program may change its environment later without a race.  Nobody outside src/compute includes this.
 *
 *   OMP_NUM_THREADS=N                      the process's number of threads, unless it sets one
 *   SMAC_KERNELS=plain|avx2|avx512         the backend, if the processor can run it (compute/backend.h); for tests
 *   SMAC_CPU_MASK=NAME,NAME...             features to do without (compute/cpu.h); for tests
 *   SMAC_PRODUCTS=own|onednn               who multiplies with packed bf16 and int8 (compute/onednn.h); for tests
 */
#ifndef SMAC_COMPUTE_ENVIRONMENT_H
#define SMAC_COMPUTE_ENVIRONMENT_H

typedef enum products_by {
    PRODUCTS_CHOSEN, /* by what the processor has */
    PRODUCTS_OWN,
    PRODUCTS_ONEDNN
} products_by;

typedef struct compute_environment {
    int threads;      /* 0: not said */
    char kernels[32]; /* "": not said */
    char cpu_mask[256];
    products_by products;
} compute_environment;

const compute_environment *environment_get(void);

#endif
