/*
 * model/gated_interaction.h - semantic-centric gated feature interaction (docs/method.md, section 3).
 *
 * Learned queries Q_sp,u (M, D) for each modality u and one Q_sh (M, D) for all.  In each layer
 *   specific: P_u <- P_u + MQA_u(LN P_u, [H_u | LN P_u]);  P_u <- P_u + FFN_u(P_u)
 *   shared:   R_u <- R_u + MQA(LN R_u, [H_u | LN R_u]);    X_u = MQA'(LN R_u, other modalities' H joined)
 *             G_u = sigmoid(W_g [R_u | X_u] + b);          R_u <- R_u + tanh(alpha) G_u * X_u;  R_u <- R_u + FFN(R_u)
 * p_u = mean over queries of LN(P_u), r_u = mean of LN(R_u).  The specific stream never sees another modality.  Of the
 * other modalities only those that the sample has are looked at; where it has none, X_u is 0.
 */
#ifndef SMAC_MODEL_GATED_INTERACTION_H
#define SMAC_MODEL_GATED_INTERACTION_H

#include "base/modality.h"
#include "model/affective_perceiver.h"

/* x + MQA(LN x, [H | LN x]), then + FFN */
typedef struct query_block {
    layer_norm norm;
    attention attention;
    feed_forward feed_forward;
} query_block;

typedef struct interaction_layer {
    query_block specific[MODALITIES];
    query_block shared;
    layer_norm cross_norm;
    attention cross;
    linear gate;      /* W_g (D, 2D), b (D); with gates sigmoid and both */
    parameter *alpha; /* (1); with gates tanh and both */
} interaction_layer;

typedef struct gated_interaction {
    bool has[MODALITIES];
    parameter *specific_queries[MODALITIES]; /* (M, D) */
    parameter *shared_queries;               /* (M, D) */
    interaction_layer *layers;
    int layer_count;
    layer_norm specific_norm[MODALITIES], shared_norm;
    gate_kind gate;
} gated_interaction;

typedef struct interaction_outputs {
    value *specific[MODALITIES]; /* p_u (B, D); NULL: the model lacks the modality */
    value *shared[MODALITIES];   /* r_u (B, D) */
} interaction_outputs;

smac_status gated_interaction_add(parameter_store *s, const char *prefix, const configuration *c,
    const bool has[MODALITIES], gated_interaction *g, smac_error *error);
void gated_interaction_clear(gated_interaction *g); /* frees the layers' array; the parameters are the store's */

interaction_outputs gated_interaction_forward(
    tape *t, const gated_interaction *g, int64_t batch, const semantic_tokens tokens[MODALITIES]);

#endif
