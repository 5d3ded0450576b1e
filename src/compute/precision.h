/* compute/precision.h - how products are computed.  Activations are float32 everywhere; sums are float32 or int32. */
#ifndef SMAC_COMPUTE_PRECISION_H
#define SMAC_COMPUTE_PRECISION_H

#include <stdbool.h>

typedef enum precision {
    PRECISION_F32,  /* float32 weights and inputs */
    PRECISION_BF16, /* bfloat16 weights, inputs rounded to bfloat16 on the way in, float32 sums */
    PRECISION_INT8  /* int8 weights with a scale per output channel, inputs in 256 steps of the row's own range */
} precision;

/* "f32", "bf16", "int8"; false for another name. */
bool precision_from_name(const char *name, precision *out);
const char *precision_name(precision how);

#endif
