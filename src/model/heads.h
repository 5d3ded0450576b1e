/*
 * model/heads.h - the residual perceptron that makes a prediction, and the projection of the contrasts
 * (docs/method.md, sections 4 and 6).
 */
#ifndef SMAC_MODEL_HEADS_H
#define SMAC_MODEL_HEADS_H

#include "nn/layers.h"

/* h(x) = W3 (W2 Drop(ReLU(W1 x)) + x), D -> outputs, with biases */
typedef struct residual_head {
    linear first, second, third;
    float dropout;
} residual_head;
smac_status residual_head_add(parameter_store *s, const char *prefix, int64_t width, int64_t outputs, float dropout,
    residual_head *head, smac_error *error);
value *residual_head_forward(tape *t, const residual_head *head, value *x); /* (B, D) -> (B, outputs) */

/* g(x) = W2 GELU(W1 x), D -> D -> projection; not normalised yet */
typedef struct projection_head {
    linear up, down;
} projection_head;
smac_status projection_head_add(parameter_store *s, const char *prefix, int64_t width, int64_t projection,
    projection_head *head, smac_error *error);
value *projection_head_forward(tape *t, const projection_head *head, value *x); /* (B, D) -> (B, projection) */

#endif
