/* compute/activation.h - the pointwise functions that a product can end with.  Formulas are in kernels_plain.c. */
#ifndef SMAC_COMPUTE_ACTIVATION_H
#define SMAC_COMPUTE_ACTIVATION_H

typedef enum activation {
    ACTIVATION_NONE,
    ACTIVATION_RELU,
    ACTIVATION_GELU,      /* x Phi(x), with erf (Hendrycks and Gimpel 2016) */
    ACTIVATION_GELU_TANH, /* its approximation by tanh, as GPT-2 and T5 v1.1 have it */
    ACTIVATION_TANH,
    ACTIVATION_SIGMOID,
    ACTIVATION_SILU,      /* x sigmoid(x) */
    ACTIVATION_QUICK_GELU /* x sigmoid(1.702 x), as CLIP has it */
} activation;

#endif
