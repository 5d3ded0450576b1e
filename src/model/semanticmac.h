/*
 * model/semanticmac.h - the whole core: sequences of encoder vectors in, predictions and semantic vectors out.
 *
 *   E_u -> affective_perceiver -> H_u -> gated_interaction -> p_u, r_u -> f -> heads
 *
 * f = Drop(GELU(W_f LN[p_t | p_a | p_v | r_t | r_a | r_v])) (docs/method.md, section 4); r is the mean of r_u over the
 * modalities that the sample has.  Any number of tasks share the trunk, each with a head on f, on every p_u and on r;
 * every head runs on every sample, the objective weighs them.  In evaluation mode the outputs of a sample do not depend
 * on padding or on the rest of the batch; p_u and its heads do not depend on another modality, to the last bit.
 *
 *   semanticmac *core;
 *   semanticmac_sizes sizes = {.width = {{768}, {1024}, {1024}}, .crops = {1, 1, 3}, .tasks = &task, .task_count = 1};
 *   TRY(semanticmac_add(store, "core", &configuration, &sizes, &core, error));
 *   TRY(parameter_store_seal(store, true, seed, error));
 *   semanticmac_outputs out = semanticmac_forward(tape, core, batch, sequences, SEMANTICMAC_EVERYTHING);
 *   TRY(tape_status(tape, error));
 *   ... out.prediction[0]->data ...
 *   semanticmac_free(core);
 */
#ifndef SMAC_MODEL_SEMANTICMAC_H
#define SMAC_MODEL_SEMANTICMAC_H

#include "model/affective_perceiver.h"
#include "model/gated_interaction.h"
#include "model/heads.h"
#include "model/task.h"

enum { SEMANTICMAC_TASKS_MAX = 16 };

typedef struct task_heads {
    residual_head prediction, specific[MODALITIES], shared;
} task_heads;

/* Read it, do not write it. */
typedef struct semanticmac {
    bool has[MODALITIES];
    int64_t width;
    affective_perceiver perceiver[MODALITIES];
    gated_interaction interaction;
    layer_norm fusion_norm;
    linear fusion;
    float dropout;
    int task_count;
    task_description tasks[SEMANTICMAC_TASKS_MAX];
    task_heads heads[SEMANTICMAC_TASKS_MAX];
    projection_head intra, inter;
} semanticmac;

typedef enum semanticmac_wanted {
    SEMANTICMAC_PREDICTIONS = 0, /* the heads */
    SEMANTICMAC_EVERYTHING = 1   /* and the contrasts' projections */
} semanticmac_wanted;

typedef struct semanticmac_outputs {
    value *specific[MODALITIES];                             /* p_u (B, D); NULL: the model lacks the modality */
    value *shared[MODALITIES];                               /* r_u (B, D) */
    value *shared_mean;                                      /* r (B, D) */
    value *fused;                                            /* f (B, D) */
    value *prediction[SEMANTICMAC_TASKS_MAX];                /* (B, targets of the task): scores or logits */
    value *specific_head[SEMANTICMAC_TASKS_MAX][MODALITIES]; /* the prediction from the modality alone */
    value *shared_head[SEMANTICMAC_TASKS_MAX];
    value *intra_specific[MODALITIES], *intra_shared[MODALITIES]; /* g_i (B, projection), not centred or normalised */
    value *inter;                                                 /* g_o(f) (B, projection), not normalised */
    const uint8_t *present[MODALITIES]; /* (B): the modality counts for the sample; NULL: the model lacks it */
} semanticmac_outputs;

typedef struct semanticmac_sizes {
    /* Of the vectors of each modality, by input; 0 after the last one.  A modality is in the model when the configuration's
     * model.text and its like are on and it has an input. */
    int64_t width[MODALITIES][PERCEIVER_INPUTS_MAX];
    int64_t crops[MODALITIES]; /* a clip, at least 1; ignored for text */
    const task_description *tasks;
    int task_count;
} semanticmac_sizes;

/*
 * Make the core's parameters under prefix in the store.  Names: "PREFIX.text...", "PREFIX.audio...",
 * "PREFIX.vision..." (perceivers), "PREFIX.interaction...", "PREFIX.fusion_norm", "PREFIX.fusion",
 * "PREFIX.heads.TASK.{prediction,text,audio,vision,shared}.{first,second,third}",
 * "PREFIX.projections.{intra,inter}.{up,down}".  Free with semanticmac_free before or after the store.
 */
smac_status semanticmac_add(parameter_store *s, const char *prefix, const configuration *c,
    const semanticmac_sizes *sizes, semanticmac **out, smac_error *error);
void semanticmac_free(semanticmac *m);

/* sequences of modalities that the model lacks are ignored.  Errors stick to the tape. */
semanticmac_outputs semanticmac_forward(tape *t, const semanticmac *m, int64_t batch,
    const semantic_sequence sequences[MODALITIES], semanticmac_wanted wanted);

#endif
