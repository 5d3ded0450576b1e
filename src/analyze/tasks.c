/* analyze/tasks.c - tasks and results in the form of the public API. */
#include "analyze/tasks.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

smac_status public_tasks_new(const task_description *tasks, int count, public_tasks *out, smac_error *error)
{
    size_t names = 1;
    for (int k = 0; k < count; k++)
        names += (size_t)tasks[k].classes;
    memset(out, 0, sizeof *out);
    out->described = memory_new((size_t)count, sizeof *out->described);
    out->items = memory_new((size_t)count, sizeof *out->items);
    out->class_names = memory_new(names, sizeof *out->class_names);
    if (!out->described || !out->items || !out->class_names) {
        public_tasks_free(out);
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for %d tasks", count);
    }
    out->count = count;
    memcpy(out->described, tasks, (size_t)count * sizeof *tasks);
    const char **next = out->class_names;
    for (int k = 0; k < count; k++) {
        const task_description *d = &out->described[k];
        bool score = d->kind == TASK_REGRESSION;
        out->items[k] = (smac_task){.name = d->name,
            .classes = score ? 0 : d->classes,
            .low = score ? d->low : 0,
            .high = score ? d->high : 1,
            .class_names = score ? NULL : next};
        for (int c = 0; !score && c < d->classes; c++)
            *next++ = d->class_names[c];
    }
    return SMAC_OK;
}

void public_tasks_free(public_tasks *t)
{
    free(t->described);
    free(t->items);
    free(t->class_names);
    memset(t, 0, sizeof *t);
}

static const float *copy_values(const float *values, int count, float **next)
{
    if (!values)
        return NULL;
    float *at = *next;
    memcpy(at, values, (size_t)count * sizeof *at);
    *next = at + count;
    return at;
}

smac_status segment_new(const public_tasks *tasks, double start, double end, const char *text, const prediction *p,
    smac_segment *out, smac_error *error)
{
    size_t values = 0;
    for (int k = 0; k < tasks->count; k++)
        values += (size_t)task_targets(&tasks->described[k]) * (1 + MODALITIES_AND_SHARED);
    smac_task_result *results = memory_new(1, (size_t)tasks->count * sizeof *results + values * sizeof(float) + 1);
    char *copy = memory_copy_text(text ? text : "");
    if (!results || !copy) {
        free(results);
        free(copy);
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for a segment");
    }
    float *next = (float *)(results + tasks->count);
    for (int k = 0; k < tasks->count; k++) {
        const task_result *from = &p->tasks[k];
        int n = task_targets(&tasks->described[k]);
        results[k].prediction = copy_values(from->prediction, n, &next);
        for (int m = 0; m < MODALITIES; m++)
            results[k].modality[m] = copy_values(from->own[m], n, &next);
        results[k].shared = copy_values(from->own[MODALITY_SHARED], n, &next);
        results[k].disagreement = from->disagreement;
    }
    *out = (smac_segment){.start = start, .end = end, .text = copy, .tasks = results};
    memcpy(out->has, p->present, sizeof out->has);
    return SMAC_OK;
}

void segment_free(smac_segment *s)
{
    free((void *)(uintptr_t)s->text);
    free((void *)(uintptr_t)s->tasks);
    memset(s, 0, sizeof *s);
}
