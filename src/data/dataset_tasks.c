/* data/dataset_tasks.c - the tasks of a dataset against other tasks: which are the same, and labels renumbered to them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/renumbering.h"

/* --- which tasks are the same ------------------------------------------------------------------------------------- */

/* Whether `whole` is the name of the task `name` as a source has it: "emotion", or "emotion_SOURCE". */
static bool same_name(const char *whole, const char *name, const dataset_source *source)
{
    size_t length = strlen(name);
    if (strncmp(whole, name, length) != 0)
        return false;
    const char *rest = whole + length;
    return !*rest || (*rest == '_' && (strcmp(rest + 1, source->name) == 0 || strcmp(rest + 1, source->layout) == 0));
}

const task_description *dataset_wanted_task(const dataset_options *options, const dataset *d, const char *name)
{
    const task_description *found = NULL;
    for (int i = 0; i < options->wanted_count; i++) {
        if (!same_name(options->wanted[i].name, name, &d->sources[0]))
            continue;
        bool longer = strlen(options->wanted[i].name) > strlen(name); /* called after the source */
        found = !found || longer ? &options->wanted[i] : found;
    }
    return found;
}

bool dataset_task_wanted(const dataset_options *options, const dataset *d, const char *name)
{
    return options->wanted_count == 0 || dataset_wanted_task(options, d, name);
}

bool task_map_classes(const task_description *whole, const task_description *part, int map[TASK_CLASSES_MAX])
{
    if (whole->kind != part->kind)
        return false;
    if (whole->kind == TASK_REGRESSION)
        return whole->low == part->low && whole->high == part->high;
    for (int c = 0; c < part->classes; c++)
        if ((map[c] = label_class_index(whole, part->class_names[c])) < 0)
            return false;
    return true;
}

double label_to_range(double value, const double from[2], const double to[2])
{
    bool same = from[0] == to[0] && from[1] == to[1];
    return same ? value : to[0] + (value - from[0]) / (from[1] - from[0]) * (to[1] - to[0]);
}

/* --- renumbering -------------------------------------------------------------------------------------------------- */

static const float *renumber_values(dataset *d, const float *values, const task_description *from,
    const task_description *to, const int map[TASK_CLASSES_MAX])
{
    if (from->kind == TASK_REGRESSION) {
        if (from->low == to->low && from->high == to->high)
            return values;
        float *mapped = arena_take(dataset_arena(d), sizeof *mapped);
        if (mapped)
            *mapped = (float)label_to_range(*values, (double[]){from->low, from->high}, (double[]){to->low, to->high});
        return mapped;
    }
    float *out = arena_take_zeroed(dataset_arena(d), (size_t)to->classes * sizeof *out);
    for (int c = 0; out && c < from->classes; c++)
        out[map[c]] += values[c];
    return out;
}

bool renumber_item(dataset *d, dataset_item *item, const task_description *tasks, const renumbering *r)
{
    dataset_target *targets = arena_take_zeroed(dataset_arena(d), (size_t)(item->target_count + 1) * sizeof *targets);
    int count = 0;
    for (int i = 0; targets && i < item->target_count; i++) {
        const dataset_target *from = &item->targets[i];
        int to = r->task[from->task];
        if (to < 0)
            continue;
        targets[count].task = to;
        for (int k = 0; k < TRUTH_KINDS; k++) {
            if (!from->values[k])
                continue;
            targets[count].values[k] =
                renumber_values(d, from->values[k], &d->tasks[from->task], &tasks[to], r->classes[from->task]);
            if (!targets[count].values[k])
                return false;
        }
        count++;
    }
    item->targets = targets;
    item->target_count = count;
    return targets != NULL;
}

void renumber_source(dataset_source *source, const renumbering *r)
{
    int count = 0;
    for (int k = 0; k < source->task_count; k++) {
        int to = r->task[source->task[k]];
        if (to < 0)
            continue;
        source->task[count] = to;
        memmove(source->range[count], source->range[k], sizeof source->range[k]);
        memmove(source->protocol[count++], source->protocol[k], TASK_NAME_MAX);
    }
    source->task_count = count;
}

/* --- a model's tasks ---------------------------------------------------------------------------------------------- */

/* Why the data's tasks are none of the model's, by the first of each. */
static smac_status none_agrees(const dataset *d, const task_description *tasks, smac_error *error)
{
    const task_description *a = &tasks[0], *b = &d->tasks[0];
    return FAIL(error, SMAC_ERROR_MISMATCH,
        "the model predicts %s (%d classes), but the data's task is %s (%d classes, or a score for 0): give the data "
        "that it was trained for",
        a->name, a->classes, b->name, b->classes);
}

/* Name and kind agree, but a class of the data is not one of the model's. */
static smac_status class_is_missing(const task_description *model, const task_description *data, smac_error *error)
{
    for (int c = 0; c < data->classes; c++)
        if (label_class_index(model, data->class_names[c]) < 0)
            return FAIL(error, SMAC_ERROR_MISMATCH,
                "the data's %s has the class '%s', which is not among the model's %d classes (%s, %s, ...): give data "
                "with the classes that it was trained for",
                data->name, data->class_names[c], model->classes, model->class_names[0], model->class_names[1]);
    return SMAC_OK;
}

/* Whether two tasks are one: the same classes, or scores, of any range where that is allowed. */
static bool can_be(const task_description *whole, const task_description *part, bool any_range, int *map)
{
    return (any_range && whole->kind == TASK_REGRESSION && part->kind == TASK_REGRESSION) ||
        task_map_classes(whole, part, map);
}

/* First a task that is named after the source, then one of the same name; with the same range before one of another. */
static smac_status find_task(
    const dataset *d, int task, const task_description *tasks, int task_count, renumbering *r, smac_error *error)
{
    const dataset_source *source = &d->sources[0];
    const task_description *own = &d->tasks[task], *near = NULL;
    r->task[task] = -1;
    for (int i = 0; i < 4 * task_count; i++) {
        int k = i % task_count, round = i / task_count;
        bool exact = strcmp(tasks[k].name, own->name) == 0;
        if (exact != (round % 2 == 1) || !same_name(tasks[k].name, own->name, source))
            continue;
        if (can_be(&tasks[k], own, round >= 2, r->classes[task])) {
            r->task[task] = k;
            return SMAC_OK;
        }
        if (tasks[k].kind == TASK_CLASSES && own->kind == TASK_CLASSES)
            near = &tasks[k];
    }
    return near ? class_is_missing(near, own, error) : SMAC_OK;
}

smac_status dataset_adopt_tasks(
    dataset *d, const task_description *tasks, int task_count, const reporter *r, smac_error *error)
{
    renumbering *map = memory_new(1, sizeof *map);
    if (!map)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the tasks of a dataset");
    smac_status status = SMAC_OK;
    bool any = false;
    for (int k = 0; k < d->task_count && status == SMAC_OK; k++) {
        status = find_task(d, k, tasks, task_count, map, error);
        any = any || map->task[k] >= 0;
    }
    if (status == SMAC_OK && !any)
        status = none_agrees(d, tasks, error);
    for (int k = 0; k < d->task_count && status == SMAC_OK; k++)
        if (map->task[k] >= 0 && d->tasks[k].kind == TASK_REGRESSION &&
            (d->tasks[k].low != tasks[map->task[k]].low || d->tasks[k].high != tasks[map->task[k]].high))
            report_log(r, LOG_INFO,
                "%s goes from %g to %g in the data and from %g to %g in the model: labels are mapped", d->tasks[k].name,
                d->tasks[k].low, d->tasks[k].high, tasks[map->task[k]].low, tasks[map->task[k]].high);
        else if (map->task[k] < 0)
            report_log(r, LOG_INFO, "the model does not predict the data's %s: it is left out", d->tasks[k].name);
    for (int64_t i = 0; i < d->count && status == SMAC_OK; i++)
        if (!renumber_item(d, &d->items[i], tasks, map))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the labels of %lld clips", (long long)d->count);
    for (int s = 0; s < d->source_count && status == SMAC_OK; s++)
        renumber_source(&d->sources[s], map);
    if (status == SMAC_OK) {
        memcpy(d->tasks, tasks, (size_t)task_count * sizeof *tasks);
        d->task_count = task_count;
    }
    free(map);
    return status;
}
