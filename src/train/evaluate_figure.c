/* train/evaluate_figure.c - the one number that validation picks the best epoch by. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/evaluate.h"

/* The parts of "TASK@DATASET.METRIC"; "" for those that are missing. */
typedef struct figure_parts {
    char task[TASK_NAME_MAX], source[TASK_NAME_MAX], metric[TASK_NAME_MAX];
} figure_parts;

static void copy_part(char out[TASK_NAME_MAX], const char *from, size_t length)
{
    snprintf(out, TASK_NAME_MAX, "%.*s", (int)(length < TASK_NAME_MAX ? length : TASK_NAME_MAX - 1), from);
}

static void split_choose(const char *choose, figure_parts *out)
{
    const char *point = strrchr(choose, '.'), *at = strchr(choose, '@');
    memset(out, 0, sizeof *out);
    copy_part(out->metric, point ? point + 1 : choose, strlen(point ? point + 1 : choose));
    if (!point)
        return;
    if (at && at < point) {
        copy_part(out->source, at + 1, (size_t)(point - at - 1));
        point = at;
    }
    copy_part(out->task, choose, (size_t)(point - choose));
}

/* What a task is worth between 0 and 1, for the mean over tasks. */
static double task_quality(const evaluation_task *task)
{
    bool less;
    double value = metric_value(&task->all.metrics, metric_for_validation(&task->task, &less));
    return less ? 1 - value / task->span : value;
}

static int task_by_name(const task_description *tasks, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(tasks[i].name, name) == 0)
            return i;
    return -1;
}

/* Whether the metrics of a task can be of that name, found out by measuring two made-up clips. */
static bool has_metric(const task_description *task, const char *metric)
{
    metric_list list;
    float rows[2 * TASK_CLASSES_MAX] = {0}, truth[2] = {0, 1};
    if (task->kind == TASK_REGRESSION) {
        truth[0] = rows[0] = (float)task->low;
        truth[1] = rows[1] = (float)task->high;
    }
    if (metrics_for_task(task, rows, truth, 2, &list, NULL) != SMAC_OK)
        return false;
    for (int i = 0; i < list.count; i++)
        if (strcmp(list.items[i].name, metric) == 0)
            return true;
    return false;
}

smac_status validation_figure_name(
    const task_description *tasks, int task_count, const char *choose, validation_figure *out, smac_error *error)
{
    figure_parts parts;
    memset(out, 0, sizeof *out);
    out->value = NAN;
    if (!*choose) {
        snprintf(out->name, sizeof out->name, "%s",
            task_count == 1 ? metric_for_validation(&tasks[0], &out->less_is_better) : "mean");
        return SMAC_OK;
    }
    split_choose(choose, &parts);
    int task = *parts.task ? task_by_name(tasks, task_count, parts.task) : task_count == 1 ? 0 : -1;
    if (task < 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "train.choose is '%.100s', expected TASK.METRIC with one of the run's tasks, such as %s.%s", choose,
            tasks[0].name, metric_for_validation(&tasks[0], &(bool){false}));
    if (!has_metric(&tasks[task], parts.metric))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "train.choose is '%.100s', but %s has no metric %.60s: name %s or another", choose, tasks[task].name,
            parts.metric, metric_for_validation(&tasks[task], &(bool){false}));
    snprintf(out->name, sizeof out->name, "%s", choose);
    out->less_is_better = strcmp(parts.metric, "MAE") == 0;
    return SMAC_OK;
}

smac_status evaluation_figure(const evaluation *e, const char *choose, validation_figure *out, smac_error *error)
{
    figure_parts parts;
    task_description tasks[SEMANTICMAC_TASKS_MAX];
    for (int i = 0; i < e->task_count; i++)
        tasks[i] = e->tasks[i].task;
    TRY(validation_figure_name(tasks, e->task_count, choose, out, error));
    if (!*choose && e->task_count > 1) {
        double sum = 0, count = 0;
        for (int i = 0; i < e->task_count; i++) {
            double quality = task_quality(&e->tasks[i]);
            if (!isnan(quality))
                sum += quality, count++;
        }
        out->value = count > 0 ? sum / count : NAN;
        return SMAC_OK;
    }
    split_choose(*choose ? choose : out->name, &parts);
    const evaluation_task *task = &e->tasks[*parts.task ? task_by_name(tasks, e->task_count, parts.task) : 0];
    const evaluation_part *part = &task->all;
    for (int s = 0; *parts.source; s++) {
        if (s == e->source_count)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "train.choose is '%.100s', but no dataset is called %.60s", choose,
                parts.source);
        if (strcmp(e->source_names[s], parts.source) == 0) {
            part = &task->sources[s];
            break;
        }
    }
    out->value = metric_value(&part->metrics, parts.metric);
    return SMAC_OK;
}
