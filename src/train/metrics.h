/*
 * train/metrics.h - the field's metrics, as the reference implementations compute them: float32 values, rounding half
 * to even (formats.md, section 2).  A protocol is the set of metrics of a dataset.
 */
#ifndef SMAC_TRAIN_METRICS_H
#define SMAC_TRAIN_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/task.h"

enum { METRICS_MAX = 24 };

typedef struct metric {
    const char *name; /* a constant */
    double value;     /* NAN where it is not defined (Corr of a constant) */
} metric;

typedef struct metric_list {
    metric items[METRICS_MAX];
    int count;
} metric_list;

/* Scores.  protocol "mosi", "mosei": [-3, 3]; "sims", "simsv2": [-1, 1]; any other: MAE and Corr alone. */
smac_status metrics_scores(const char *protocol, const float *prediction, const float *truth, int64_t count,
    metric_list *out, smac_error *error);

/* Classes: accuracy, weighted F1, precision and recall, macro F1, unweighted average recall. */
smac_status metrics_classes(
    int classes, const int32_t *prediction, const int32_t *truth, int64_t count, metric_list *out, smac_error *error);

/*
 * By task: prediction (count, task_targets) scores or class scores (the largest wins; ties: the smaller index),
 * truth (count) a score or a class's index; rows whose truth is NAN are left out.  No row left: an empty list.
 */
smac_status metrics_for_task(const task_description *task, const float *prediction, const float *truth, int64_t count,
    metric_list *out, smac_error *error);

double metric_value(const metric_list *list, const char *name); /* NAN when it is not there */
/* What validation picks by (method.md 8): its name, and whether less is better. */
const char *metric_for_validation(const task_description *task, bool *less_is_better);
json_t *metrics_to_json(const metric_list *list); /* {"MAE": 0.5, ...}, null for NAN; a new reference */

double pearson(const float *a, const float *b, int64_t count); /* NAN when either is constant or count < 2 */

#endif
