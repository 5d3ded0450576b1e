/*
 * pipeline/prediction.h - what a model says of a sample, task by task: the prediction, what each modality says for
 * itself, what they share, and how far the modalities are apart.
 *
 *   prediction p = {0};
 *   TRY(affect_model_predict(model, &one, 1, NULL, &p, error));
 *   if (p.tasks[0].own[MODALITY_AUDIO]) ...
 *   prediction_clear(&p);
 */
#ifndef SMAC_PIPELINE_PREDICTION_H
#define SMAC_PIPELINE_PREDICTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/modality.h"
#include "model/task.h"

struct affect_model; /* pipeline/affect_model.h */
struct sample;       /* pipeline/sample.h */

/* One task.  Values: the score, within the range, or a probability for each class: task_targets() floats. */
typedef struct task_result {
    float *prediction;                 /* NULL: no modality is present, so nothing is known */
    float *own[MODALITIES_AND_SHARED]; /* what the modality alone says; NULL: it is absent */
    float disagreement;                /* task_disagreement of the modalities; NAN with fewer than two */
} task_result;

typedef struct prediction {
    bool present[MODALITIES];
    int task_count;
    task_result *tasks; /* (task_count); one block of memory holds them and their values */
} prediction;

/*
 * An empty prediction: values are zero, those of absent modalities NULL (all of them when none is present), disagreements
 * NAN.  present may be p->present.  Free with prediction_clear.
 */
smac_status prediction_new(
    const task_description *tasks, int task_count, const bool present[MODALITIES], prediction *p, smac_error *error);
void prediction_clear(prediction *p); /* an empty one is fine */

/*
 * The weighted mean of predictions of the same tasks, added one by one.  A modality is present where it is in any of
 * them, and its values are the mean over those that have it; the disagreement is the mean over those that have one.
 */
typedef struct prediction_total {
    const task_description *tasks; /* borrowed */
    int task_count;
    double *sums; /* for each task its values of the prediction, then of each own[], then the disagreement */
    double weights[1 + MODALITIES_AND_SHARED], *disagreement_weights;
} prediction_total;

smac_status prediction_total_new(
    const task_description *tasks, int task_count, prediction_total *out, smac_error *error);
void prediction_total_clear(prediction_total *t);
void prediction_total_add(prediction_total *t, const prediction *p, double weight);
smac_status prediction_total_mean(const prediction_total *t, prediction *out, smac_error *error);

/*
 * How far the present modalities are apart: for scores the largest difference of two over the width of the label range,
 * for classes the largest total variation of two; 0 to 1, NAN with fewer than two modalities.
 */
float task_disagreement(const task_description *task, const task_result *result);

typedef struct predict_options {
    int64_t at_once;        /* samples a batch; 0: 16.  Results do not depend on it */
    const uint8_t *drop;    /* (count, MODALITIES), 1: leave that modality of the sample out; or NULL */
    bool unclipped;         /* scores as the heads give them, also outside the label range (the field's metrics) */
    const char *what;       /* progress under this name, in samples; NULL: none */
    const reporter *report; /* may ask to stop (SMAC_ERROR_INTERRUPTED); NULL: nobody */
    interruption interrupt; /* asked between the operations too */
} predict_options;

/*
 * Samples to predictions, which have room for count and are overwritten; on an error all of them are empty.  options may
 * be NULL.  Samples may differ in length and in their modalities.
 */
smac_status affect_model_predict(const struct affect_model *s, const struct sample *const *samples, int64_t count,
    const predict_options *options, prediction *results, smac_error *error);

#endif
