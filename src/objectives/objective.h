/*
 * objectives/objective.h - the total loss (docs/method.md, section 7):
 *   L = L_task(f head, y) + w_sp mean_u L_u + w_sh L_shared + w_intra L_intra + w_inter L_inter
 * L_task, L_u and L_shared are L1 for scores and cross-entropy for classes.  mean_u runs over the modalities that at
 * least one sample of the batch has; L_u over the samples that have it.
 */
#ifndef SMAC_OBJECTIVES_OBJECTIVE_H
#define SMAC_OBJECTIVES_OBJECTIVE_H

#include "objectives/contrastive.h"

typedef enum objective_inter { OBJECTIVE_INTER_SOFT, OBJECTIVE_INTER_ROUNDED, OBJECTIVE_INTER_RANK } objective_inter;

typedef struct objective_options {
    bool classes; /* targets are distributions over classes; else one score */
    int targets;
    float weight_specific, weight_shared, weight_intra, weight_inter; /* 0: the term is not computed */
    intra_contrast_options intra;
    objective_inter inter;
    float tau_inter, tau_rank, sigma;
    const float *class_weights; /* (targets) on L_task, or NULL */
} objective_options;

/* One task's part of a batch.  All arrays live until the backward pass. */
typedef struct objective_inputs {
    int64_t batch;
    value *prediction;                                  /* (B, targets) */
    value *specific_head[3];                            /* (B, targets); NULL: the model lacks the modality */
    value *shared_head;                                 /* (B, targets) */
    value *intra_specific[3], *intra_shared[3], *inter; /* projections; may be NULL when their weight is 0 */
    const float *target;                                /* y (B, targets) */
    const float *labels[4];    /* q of text, audio, vision, shared (B, targets); NULL: as target */
    const uint8_t *present[3]; /* (B) or NULL: all */
    const uint8_t *valid;      /* (B) or NULL: 0 for samples without a label of this task */
} objective_inputs;

/* The terms before weighting, for the log; a term that was not computed is 0 and its has_ flag false. */
typedef struct objective_terms {
    double total, task, specific[3], shared, intra, inter, inter_floor;
    bool has_specific[3], has_shared, has_intra, has_inter;
} objective_terms;

/* The loss as a scalar; terms may be NULL.  Errors stick to the tape. */
value *objective_total(
    tape *t, const objective_options *options, const objective_inputs *inputs, objective_terms *terms);

#endif
