/*
 * nn/layers.h - the layers that models are built of.  A layer is a handful of parameter pointers; *_add makes them in
 * the store under a prefix, the forward function builds values on a tape.  Names end as PyTorch's do (weight, bias).
 */
#ifndef SMAC_NN_LAYERS_H
#define SMAC_NN_LAYERS_H

#include "autograd/ops.h"
#include "nn/parameters.h"

typedef struct linear {
    parameter *weight; /* (out, in) */
    parameter *bias;   /* (out) or NULL */
} linear;
smac_status linear_add(
    parameter_store *s, const char *prefix, int64_t in, int64_t out, bool bias, linear *layer, smac_error *error);
value *linear_forward(tape *t, const linear *layer, value *x);
value *linear_forward_activation(tape *t, const linear *layer, value *x, activation a);

typedef struct layer_norm {
    parameter *weight, *bias; /* (D) each; bias NULL: root mean square norm without centring (T5) */
    float epsilon;
} layer_norm;
smac_status layer_norm_add(
    parameter_store *s, const char *prefix, int64_t width, float epsilon, layer_norm *layer, smac_error *error);
value *layer_norm_forward(tape *t, const layer_norm *layer, value *x);

/* FFN(x) = W2 Drop(GELU(W1 LN x)), D -> 4D -> D (method.md) */
typedef struct feed_forward {
    layer_norm norm;
    linear up, down;
    float dropout;
} feed_forward;
smac_status feed_forward_add(parameter_store *s, const char *prefix, int64_t width, int64_t hidden, float dropout,
    feed_forward *layer, smac_error *error);
value *feed_forward_forward(tape *t, const feed_forward *layer, value *x);

/* Multi-head attention with its own projections; kv_heads 1 is multi-query attention (Shazeer 2019). */
typedef struct attention {
    linear query, key, value, out;
    int heads, kv_heads;
    float dropout;
} attention;
typedef struct attention_sizes {
    int64_t width, context_width; /* of what asks, and of what is looked at */
    int heads, kv_heads;          /* kv_heads divides heads */
    int64_t head_width;
    float dropout;
} attention_sizes;
smac_status attention_add(
    parameter_store *s, const char *prefix, const attention_sizes *sizes, attention *layer, smac_error *error);
/* x (B, Tq, width), context (B, Tk, context_width), mask (B, Tk) or NULL */
value *attention_forward(tape *t, const attention *layer, value *x, value *context, const uint8_t *mask);

#endif
