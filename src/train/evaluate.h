/*
 * train/evaluate.h - a trained model over one split: metrics, each head apart, predictions as CSV, all as JSON.
 */
#ifndef SMAC_TRAIN_EVALUATE_H
#define SMAC_TRAIN_EVALUATE_H

#include "base/log.h"
#include "data/cache.h"
#include "pipeline/system.h"
#include "train/metrics.h"

typedef struct evaluate_options {
    const char *model; /* model file */
    const char *data, *layout, *features, *task;
    dataset_split split;
    bool modalities[MODALITIES]; /* which to use; all false: all */
    bool skip_bad;
    const precision *precision; /* of the encoders' products, in place of what they were trained with; or NULL */
} evaluate_options;

typedef struct evaluation {
    dataset_split split;
    int64_t count; /* clips */
    int64_t skipped;
    metric_list metrics; /* of the prediction against the label */
    bool has_head[MODALITIES_AND_SHARED];
    metric_list heads[MODALITIES_AND_SHARED]; /* each head against the label */
    bool has_own[MODALITIES_AND_SHARED];
    metric_list own[MODALITIES_AND_SHARED]; /* against the modality's own label */
    /* by clip, in the dataset's order; for `predictions` and for tables */
    int targets;
    char **ids;                         /* (count) */
    float *prediction;                  /* (count, targets) scores, or probabilities of classes */
    float *head[MODALITIES_AND_SHARED]; /* (count, targets); NAN where the modality is absent */
    float *truth[4];                    /* (count) multimodal, text, audio, vision; NAN where absent */
    uint8_t *conflict;                  /* (count) or NULL: the extra column "conflict" */
    task_description task;
} evaluation;

smac_status evaluate_run(const evaluate_options *options, const reporter *r, evaluation **out, smac_error *error);
/* The same with data and model in memory; the cache must hold the split. */
smac_status evaluate_on(const affect_system *system, const sample_cache *cache, dataset_split split,
    const bool modalities[MODALITIES], const reporter *r, evaluation **out, smac_error *error);
void evaluation_free(evaluation *e);

/* {"split", "n", "metrics":{...}, "heads":{"text":{"metrics":{...}, "own":{...}}, ..., "shared":{"metrics":{...}}}} */
json_t *evaluation_to_json(const evaluation *e);
smac_status evaluation_write_json(const evaluation *e, const char *path, smac_error *error);
/* id, label, prediction (class: its name, then a column of probability a class), text, audio, vision, shared */
smac_status evaluation_write_csv(const evaluation *e, const char *path, smac_error *error);

#endif
