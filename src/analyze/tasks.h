/* analyze/tasks.h - the tasks of a model as the public API gives them, and its results as segments. */
#ifndef SMAC_ANALYZE_TASKS_H
#define SMAC_ANALYZE_TASKS_H

#include "pipeline/prediction.h"
#include "semanticmac/semanticmac.h"

typedef struct public_tasks {
    task_description *described;
    smac_task *items; /* point into described */
    const char **class_names;
    int count;
} public_tasks;

/* A copy of the descriptions.  Free with public_tasks_free; an empty one is fine. */
smac_status public_tasks_new(const task_description *tasks, int count, public_tasks *out, smac_error *error);
void public_tasks_free(public_tasks *t);

/* A segment of its own memory, with copies of text and of the prediction's values.  Free with segment_free. */
smac_status segment_new(const public_tasks *tasks, double start, double end, const char *text, const prediction *p,
    smac_segment *out, smac_error *error);
void segment_free(smac_segment *s);

#endif
