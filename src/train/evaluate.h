/*
 * train/evaluate.h - a trained model over one split: metrics of every task, over all clips and for each dataset, each
 * head by itself, predictions as CSV, all as JSON.
 */
#ifndef SMAC_TRAIN_EVALUATE_H
#define SMAC_TRAIN_EVALUATE_H

#include "base/log.h"
#include "data/cache.h"
#include "pipeline/affect_model.h"
#include "train/metrics.h"
#include "train/run_configuration.h"

typedef struct evaluate_options {
    const char *model;         /* model file */
    const data_settings *data; /* (data_count) */
    int64_t data_count;
    dataset_split split;
    bool modalities[MODALITIES]; /* which to use; all false: all */
    bool skip_bad;
    const precision *precision; /* of the encoders' products, in place of what they were trained with; or NULL */
} evaluate_options;

/* One task over some clips. */
typedef struct evaluation_part {
    int64_t count;            /* clips with a label of the task */
    metric_list metrics;      /* of the prediction against the label */
    double calibration_error; /* of the prediction's probabilities (train/calibrate.h); NAN for scores */
    bool has_head[MODALITIES_AND_SHARED];
    metric_list heads[MODALITIES_AND_SHARED]; /* each head against the label */
    bool has_own[MODALITIES_AND_SHARED];
    metric_list own[MODALITIES_AND_SHARED]; /* against the modality's own label */
} evaluation_part;

/* One task: its metrics, and its numbers by clip in the dataset's order. */
typedef struct evaluation_task {
    task_description task;
    int targets;
    double span; /* of scores: from the lowest to the highest, in the range that the metrics of all are given in */
    evaluation_part all;
    evaluation_part *sources;           /* (source_count): the clips of each source, by the source's own protocol */
    float *prediction;                  /* (count, targets) scores, or probabilities of classes */
    float *head[MODALITIES_AND_SHARED]; /* (count, targets); NAN where the modality is absent */
    float *truth[TRUTH_KINDS];          /* (count) scores or classes; NAN where absent */
} evaluation_task;

typedef struct evaluation {
    dataset_split split;
    int64_t count; /* clips */
    int64_t skipped;
    evaluation_task *tasks; /* (task_count) those of the model's tasks that the data have */
    int task_count;
    int source_count;
    char (*source_names)[TASK_NAME_MAX]; /* (source_count) */
    char **ids;                          /* (count) */
    int *source;                         /* (count) */
    uint8_t *conflict;                   /* (count) or NULL: the extra column "conflict" */
} evaluation;

smac_status evaluate_run(const evaluate_options *options, const reporter *r, evaluation **out, smac_error *error);
/* The same with data and model in memory.  The cache must hold the split, the dataset must have the model's tasks in
 * their order (dataset_adopt_tasks). */
typedef struct evaluate_wanted {
    dataset_split split;
    bool modalities[MODALITIES]; /* which to use; all false: all */
} evaluate_wanted;
smac_status evaluate_on(const affect_model *model, const sample_cache *cache, const evaluate_wanted *wanted,
    const reporter *r, evaluation **out, smac_error *error);
void evaluation_free(evaluation *e);

/*
 * The figure that validation picks by.  choose "": of one task its own (MAE, weighted F1 or accuracy, docs/method.md,
 * section 8), of several "mean": over the tasks, 1 - MAE/range for scores, that metric for classes.  Else "METRIC" (of a
 * single task), "TASK.METRIC" or "TASK@DATASET.METRIC".  value is NAN where it is not defined.
 */
typedef struct validation_figure {
    char name[3 * TASK_NAME_MAX];
    double value;
    bool less_is_better;
} validation_figure;
smac_status evaluation_figure(const evaluation *e, const char *choose, validation_figure *out, smac_error *error);
/* The name of that figure without an evaluation, and whether choose can be one of these tasks'. */
smac_status validation_figure_name(
    const task_description *tasks, int task_count, const char *choose, validation_figure *out, smac_error *error);

/*
 * {"split", "n", "skipped", "tasks": {NAME: {"n", "metrics": {...}, "calibration_error" (classes), "heads": {"text": {"metrics": {...}, "own": {...}},
 * ..., "shared": {"metrics": {...}}}, "datasets": {NAME: {"n", "metrics", "heads"}} (of several)}}}; a model of one task
 * has its "task" (the name), "metrics" and "heads" beside "split" as well.
 */
json_t *evaluation_to_json(const evaluation *e);
json_t *evaluation_task_to_json(const evaluation *e, int task);
smac_status evaluation_write_json(const evaluation *e, const char *path, smac_error *error);
/*
 * id, label, prediction (class: its name), text, audio, vision, shared, then a column of probability a class.  With
 * several tasks: id, dataset, then these columns of each task, as "TASK.label".
 */
smac_status evaluation_write_csv(const evaluation *e, const char *path, smac_error *error);

#endif
