/* compute/precision.h - how products are computed.  Activations are float32 everywhere; sums are float32 or int32. */
#ifndef SMAC_COMPUTE_PRECISION_H
#define SMAC_COMPUTE_PRECISION_H

typedef enum precision {
    PRECISION_F32,  /* float32 weights and inputs */
    PRECISION_BF16, /* bfloat16 weights, inputs rounded to bfloat16 on the way in, float32 sums */
    PRECISION_INT8  /* int8 weights with a scale per output channel, inputs quantised per row; inference alone */
} precision;

#endif
