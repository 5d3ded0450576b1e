/*
 * train/trainer_labels.c - the generated labels of a run as labels.csv, and label_quality.json: how near they come to
 * the modalities' own labels, where the data have those.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "train/trainer_internal.h"

/* --- quality ------------------------------------------------------------------------------------------------------ */

/* By the column "conflict"; without one: two own labels lie more than 0.4 of the range apart (classes: they differ). */
static bool in_conflict(const training *t, const dataset_item *item, int k)
{
    const dataset *d = t->cache->source;
    const task_description *task = t->tasks[k].task;
    double limit = task->kind == TASK_CLASSES ? 0.5 : 0.4 * (task->high - task->low) + 1e-6;
    if (dataset_extra(d, item, "conflict") >= 0)
        return dataset_extra_number(d, item, "conflict") > 0;
    for (int a = TRUTH_TEXT; a <= TRUTH_VISION; a++)
        for (int b = a + 1; b <= TRUTH_VISION; b++)
            if (fabs(dataset_label(d, item, k, a) - dataset_label(d, item, k, b)) > limit)
                return true;
    return false;
}

static int largest(const float *row, int n)
{
    int best = 0;
    for (int c = 1; c < n; c++)
        if (row[c] > row[best])
            best = c;
    return best;
}

/* Agreement of a column of labels with the own ones: Pearson for scores, share of equal classes otherwise. */
static double agreement(const task_description *task, const float *labels, const float *own, int64_t n)
{
    if (task->kind == TASK_REGRESSION)
        return pearson(labels, own, n);
    int64_t hits = 0;
    for (int64_t i = 0; i < n; i++)
        hits += labels[i] == own[i];
    return n ? (double)hits / (double)n : NAN;
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Three columns of at most N values. */
typedef struct quality_columns {
    float *own, *generated, *common;
} quality_columns;

static json_t *quality_of(const training *t, int k, modality m, bool conflict, const quality_columns *c)
{
    const training_task *task = &t->tasks[k];
    const float *q = label_generation_labels(task->labels, m);
    int64_t n = 0;
    for (int64_t i = 0; i < t->count; i++) {
        const dataset_item *item = training_item(t, i);
        double own = dataset_label(t->cache->source, item, k, TRUTH_TEXT + (int)m);
        if (isnan(own) || !task->have[i] || (conflict && !in_conflict(t, item, k)))
            continue;
        c->own[n] = (float)own;
        c->common[n] = (float)dataset_label(t->cache->source, item, k, TRUTH_MULTIMODAL);
        c->generated[n++] =
            task->task->kind == TASK_CLASSES ? (float)largest(q + i * task->targets, task->targets) : q[i];
    }
    if (n == 0)
        return NULL;
    return json_pack("{s:I, s:o, s:o}", "n", (json_int_t)n, "generated",
        number(agreement(task->task, c->generated, c->own, n)), "multimodal",
        number(agreement(task->task, c->common, c->own, n)));
}

/* {"text": {"all": {n, generated, multimodal}, "conflict": {...}}, ...}; modalities without own labels are left out. */
static json_t *task_quality(const training *t, int k, const quality_columns *columns)
{
    json_t *o = json_object();
    for (int m = 0; m < MODALITIES; m++) {
        json_t *all = t->model->has[m] ? quality_of(t, k, (modality)m, false, columns) : NULL;
        if (!all)
            continue;
        json_t *one = json_pack("{s:o}", "all", all), *conflict = quality_of(t, k, (modality)m, true, columns);
        if (conflict)
            json_object_set_new(one, "conflict", conflict);
        json_object_set_new(o, modality_name(m), one);
    }
    return o;
}

json_t *training_label_quality(const training *t)
{
    float *room = memory_new((size_t)t->count, 3 * sizeof *room);
    json_t *o = json_object();
    for (int k = 0; room && k < t->task_count; k++) {
        quality_columns columns = {room, room + t->count, room + 2 * t->count};
        json_t *one = task_quality(t, k, &columns);
        if (json_object_size(one))
            json_object_set(o, t->tasks[k].task->name, one);
        json_decref(one);
    }
    free(room);
    return o;
}

/* --- labels.csv --------------------------------------------------------------------------------------------------- */

static void add_number(text_buffer *b, double value)
{
    char text[40] = "";
    if (!isnan(value))
        number_format(text, sizeof text, "%.7g", value);
    csv_add_cell(b, text, false);
}

static void add_label(const task_description *task, text_buffer *b, double value)
{
    if (task->kind == TASK_CLASSES && !isnan(value))
        csv_add_cell(b, task->class_names[(int)value], false);
    else
        add_number(b, value);
}

static bool has_target(const training *t, int k)
{
    return k >= MODALITIES || t->model->has[k];
}

/* The columns of one task; prefix "" of a single task, else "TASK.". */
static void add_head_line(const training *t, int index, const char *prefix, text_buffer *b)
{
    static const char *const own[TRUTH_KINDS] = {"label", "label_T", "label_A", "label_V"};
    const training_task *task = &t->tasks[index];
    char name[3 * TASK_NAME_MAX];
    for (int k = 0; k < TRUTH_KINDS; k++) {
        snprintf(name, sizeof name, "%s%s", prefix, own[k]);
        csv_add_cell(b, name, false);
    }
    for (int k = 0; k < MODALITIES_AND_SHARED; k++) {
        for (int c = 0; has_target(t, k) && c < task->targets; c++) {
            snprintf(name, sizeof name, task->targets > 1 ? "%s%s:%s" : "%s%s", prefix, modality_name((modality)k),
                task->task->class_names[c]);
            csv_add_cell(b, name, false);
        }
    }
}

static void add_clip(const training *t, int index, int64_t i, text_buffer *b)
{
    const training_task *task = &t->tasks[index];
    for (int k = 0; k < TRUTH_KINDS; k++)
        add_label(task->task, b, dataset_label(t->cache->source, training_item(t, i), index, k));
    for (int k = 0; k < MODALITIES_AND_SHARED; k++) {
        const float *q = label_generation_labels(task->labels, (modality)k);
        for (int c = 0; has_target(t, k) && c < task->targets; c++)
            add_number(b, task->have[i] ? (double)q[i * task->targets + c] : NAN);
    }
}

static smac_status write_table(const training *t, smac_error *error)
{
    const dataset *d = t->cache->source;
    bool several = t->task_count > 1 || d->source_count > 1;
    text_buffer b = {0};
    text_add(&b, several ? "id,dataset" : "id");
    for (int k = 0; k < t->task_count; k++) {
        char prefix[TASK_NAME_MAX + 1] = "";
        if (t->task_count > 1)
            snprintf(prefix, sizeof prefix, "%s.", t->tasks[k].task->name);
        add_head_line(t, k, prefix, &b);
    }
    text_add(&b, "\n");
    for (int64_t i = 0; i < t->count; i++) {
        csv_add_cell(&b, training_item(t, i)->id, true);
        if (several)
            csv_add_cell(&b, d->sources[training_item(t, i)->source].name, false);
        for (int k = 0; k < t->task_count; k++)
            add_clip(t, k, i, &b);
        text_add(&b, "\n");
    }
    smac_status status = b.failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for labels.csv")
                                  : file_write(t->paths[RUN_LABELS], b.data, b.length, error);
    text_free(&b);
    return status;
}

/* {"epoch", "tasks": {NAME: {"measure", "modalities": {...}}}}; a single task has "measure" and "modalities" beside. */
static smac_status write_quality(const training *t, smac_error *error)
{
    json_t *quality = training_label_quality(t), *tasks = json_object();
    json_t *o = json_pack("{s:I}", "epoch", (json_int_t)t->epoch);
    for (int k = 0; k < t->task_count; k++) {
        const char *name = t->tasks[k].task->name;
        json_t *modalities = json_object_get(quality, name);
        json_t *one = json_pack("{s:s, s:O?}", "measure",
            t->tasks[k].task->kind == TASK_CLASSES ? "share of equal classes" : "Pearson correlation", "modalities",
            modalities);
        if (!modalities)
            json_object_set_new(one, "modalities", json_object());
        if (t->task_count == 1)
            json_object_update(o, one);
        json_object_set_new(tasks, name, one);
    }
    json_object_set_new(o, "tasks", tasks);
    json_decref(quality);
    char *text = o ? json_dump_text(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    smac_status status = text ? file_write(t->paths[RUN_QUALITY], text, strlen(text), error)
                              : FAIL(error, SMAC_ERROR_MEMORY, "no memory for label_quality.json");
    json_decref(o);
    free(text);
    return status;
}

smac_status training_write_labels(training *t, smac_error *error)
{
    if (!team_is_first(t->options->team))
        return SMAC_OK;
    TRY(write_table(t, error));
    return write_quality(t, error);
}
