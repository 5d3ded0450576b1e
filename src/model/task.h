/*
 * model/task.h - what a head of the model predicts: a score in a range, or one of several classes.  Several tasks may
 * share one trunk (each with heads of its own), so that a batch may mix datasets.
 */
#ifndef SMAC_MODEL_TASK_H
#define SMAC_MODEL_TASK_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

typedef enum task_kind { TASK_REGRESSION, TASK_CLASSES } task_kind;

enum { TASK_CLASSES_MAX = 64, TASK_NAME_MAX = 64 };

typedef struct task_description {
    char name[TASK_NAME_MAX];     /* "sentiment", "emotion", "humor", ...: part of the heads' parameter names */
    char protocol[TASK_NAME_MAX]; /* the metrics and the layout: mosi, mosei, sims, simsv2, iemocap, meld, ... */
    task_kind kind;
    int classes; /* TASK_CLASSES: how many (at least 2); TASK_REGRESSION: 0 */
    char class_names[TASK_CLASSES_MAX][TASK_NAME_MAX];
    double low, high; /* TASK_REGRESSION: the labels' range; low < high */
} task_description;

/* Numbers a sample's target has: 1 for a score, the number of classes (a distribution) otherwise. */
int task_targets(const task_description *task);

/* Ready descriptions.  names may be NULL: the classes are then called "0", "1", ...  Errors: too many, low >= high. */
smac_status task_regression(
    task_description *task, const char *name, const char *protocol, double low, double high, smac_error *error);
smac_status task_with_classes(task_description *task, const char *name, const char *protocol, int classes,
    const char *const *names, smac_error *error);
smac_status task_check(const task_description *task, smac_error *error);

/* {"name":..., "protocol":..., "kind":"regression"|"classes", "range":[low, high] | "classes":[names]} */
json_t *task_to_json(const task_description *task); /* a new reference; NULL when memory is short */
smac_status task_from_json(task_description *task, const json_t *object, smac_error *error);

#endif
