/*
 * objectives/objective.h - the total loss (docs/method.md, section 7):
 *   L = sum over tasks of w_t n_t/n (L_task + w_sp mean_u L_u + w_sh L_shared) + w_intra L_intra + w_inter L_inter
 * L_task, L_u and L_shared are L1 for scores and cross-entropy for classes, over the samples that have a label of the
 * task: n_t of the n that have any, so that every sample counts alike.  mean_u runs over the modalities that at least one
 * of these samples has; L_u over those that have it.  The contrasts are computed once for all tasks.
 */
#ifndef SMAC_OBJECTIVES_OBJECTIVE_H
#define SMAC_OBJECTIVES_OBJECTIVE_H

#include "objectives/contrastive.h"

enum { OBJECTIVE_TASKS_MAX = 16 };

typedef enum objective_inter { OBJECTIVE_INTER_SOFT, OBJECTIVE_INTER_ROUNDED, OBJECTIVE_INTER_RANK } objective_inter;

typedef struct objective_task {
    bool classes; /* targets are distributions over classes; else one score */
    int targets;
    float weight;               /* w_t */
    float sigma;                /* width of the label kernel, of scores */
    const float *class_weights; /* (targets) on L_task, or NULL */
} objective_task;

typedef struct objective_options {
    objective_task tasks[OBJECTIVE_TASKS_MAX];
    int task_count;
    float weight_specific, weight_shared, weight_intra, weight_inter; /* 0: the term is not computed */
    intra_contrast_options intra;
    objective_inter inter;
    float tau_inter, tau_rank;
} objective_options;

/* One task's part of a batch.  All arrays live until the backward pass. */
typedef struct objective_labels {
    value *prediction;                          /* (B, targets) */
    value *specific_head[MODALITIES];           /* (B, targets); NULL: the model lacks the modality */
    value *shared_head;                         /* (B, targets) */
    const float *target;                        /* y (B, targets) */
    const float *labels[MODALITIES_AND_SHARED]; /* q (B, targets); NULL: as target */
    const uint8_t *valid;                       /* (B) or NULL: 0 for samples without a label of this task */
    const uint8_t *fused_only; /* (B) or NULL: 1 for samples whose label is for the fused and shared heads alone */
} objective_labels;

/* What the contrasts compare: the batch, or the batches of all ranks of a team one after another. */
typedef struct objective_contrast {
    int64_t batch;
    value *specific[MODALITIES], *shared[MODALITIES]; /* projections (B, P); NULL: the model lacks the modality */
    value *inter;
    const uint8_t *present[MODALITIES];        /* (B) or NULL: all */
    const float *target[OBJECTIVE_TASKS_MAX];  /* y (B, targets) of each task */
    const uint8_t *valid[OBJECTIVE_TASKS_MAX]; /* (B) or NULL */
} objective_contrast;

typedef struct objective_inputs {
    int64_t batch;
    objective_labels tasks[OBJECTIVE_TASKS_MAX];
    const uint8_t *present[MODALITIES]; /* (B) or NULL: all */
    objective_contrast contrast;        /* may be empty when both weights are 0 */
} objective_inputs;

/*
 * What the losses are means over: sums of the samples' weights.  Those of several ranks add up; every member is a double,
 * so that a team can sum them as one array.
 */
typedef struct objective_sums {
    double samples; /* with a label of any task */
    struct {
        double labelled, task, specific[MODALITIES], shared;
    } tasks[OBJECTIVE_TASKS_MAX];
} objective_sums;
enum { OBJECTIVE_SUMS = sizeof(objective_sums) / sizeof(double) };
void objective_count(const objective_options *options, const objective_inputs *inputs, objective_sums *out);

/* The terms before weighting, for the log; a term that was not computed is 0 and its has_ flag false. */
typedef struct objective_task_terms {
    double task, specific[MODALITIES], shared;
    bool has_task, has_specific[MODALITIES], has_shared;
} objective_task_terms;
typedef struct objective_terms {
    double total;
    objective_task_terms tasks[OBJECTIVE_TASKS_MAX];
    double intra, inter, inter_floor;
    bool has_intra, has_inter;
} objective_terms;

/*
 * The loss as a scalar; terms may be NULL.  whole: the sums over all ranks, of which inputs are a part; NULL: inputs are
 * the whole.  The terms of tasks are then this part's share: those of all ranks add up to the loss.  The contrasts are of
 * inputs->contrast, whole on every rank.  Errors stick to the tape.
 */
value *objective_total(tape *t, const objective_options *options, const objective_inputs *inputs,
    const objective_sums *whole, objective_terms *terms);

/* L_task over the tasks, weighed as in the total. */
double objective_task_loss(const objective_options *options, const objective_sums *whole, const objective_terms *terms);

#endif
