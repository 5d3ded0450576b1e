/* train/evaluate_write.c - an evaluation as JSON, and its predictions as CSV. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"
#include "train/evaluate.h"

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void add_part(json_t *o, const evaluation_part *part)
{
    json_t *heads = json_object();
    for (int h = 0; heads && h < MODALITIES_AND_SHARED; h++) {
        if (!part->has_head[h])
            continue;
        json_t *one = json_pack("{s:o}", "metrics", metrics_to_json(&part->heads[h]));
        if (part->has_own[h])
            json_object_set_new(one, "own", metrics_to_json(&part->own[h]));
        json_object_set_new(heads, modality_name(h), one);
    }
    json_object_set_new(o, "metrics", metrics_to_json(&part->metrics));
    if (!isnan(part->calibration_error))
        json_object_set_new(o, "calibration_error", json_real(part->calibration_error));
    json_object_set_new(o, "heads", heads);
}

json_t *evaluation_task_to_json(const evaluation *e, int task)
{
    const evaluation_task *one = &e->tasks[task];
    json_t *o = json_pack("{s:I}", "n", (json_int_t)one->all.count);
    if (!o)
        return NULL;
    add_part(o, &one->all);
    if (e->source_count > 1) {
        json_t *sources = json_object();
        for (int s = 0; s < e->source_count; s++) {
            if (!one->sources[s].count)
                continue;
            json_t *part = json_pack("{s:I}", "n", (json_int_t)one->sources[s].count);
            add_part(part, &one->sources[s]);
            json_object_set_new(sources, e->source_names[s], part);
        }
        json_object_set_new(o, "datasets", sources);
    }
    return o;
}

json_t *evaluation_to_json(const evaluation *e)
{
    json_t *o = json_pack("{s:s, s:I, s:I}", "split", dataset_split_name(e->split), "n", (json_int_t)e->count,
        "skipped", (json_int_t)e->skipped);
    if (!o)
        return NULL;
    if (e->task_count == 1) {
        json_object_set_new(o, "task", json_string(e->tasks[0].task.name));
        add_part(o, &e->tasks[0].all);
    }
    json_t *tasks = json_object();
    for (int k = 0; k < e->task_count; k++)
        json_object_set_new(tasks, e->tasks[k].task.name, evaluation_task_to_json(e, k));
    json_object_set_new(o, "tasks", tasks);
    return o;
}

smac_status evaluation_write_json(const evaluation *e, const char *path, smac_error *error)
{
    json_t *o = evaluation_to_json(e);
    char *text = o ? json_dump_text(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(o);
    if (!text)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %s", path);
    text_buffer whole = {0};
    text_add(&whole, text);
    text_add_char(&whole, '\n');
    free(text);
    smac_status status = whole.failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for %s", path)
                                      : file_write(path, whole.data, whole.length, error);
    text_free(&whole);
    return status;
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

static void add_number(text_buffer *b, double value, const char *format)
{
    char text[40] = "";
    if (!isnan(value))
        number_format(text, sizeof text, format, value);
    csv_add_cell(b, text, false);
}

/* A score, or the name of the class with the largest probability. */
static void add_result(const evaluation_task *task, text_buffer *b, const float *row)
{
    int best = 0;
    for (int c = 1; c < task->targets; c++)
        if (row[c] > row[best])
            best = c;
    if (task->task.kind == TASK_CLASSES)
        csv_add_cell(b, isnan(row[0]) ? "" : task->task.class_names[best], false);
    else
        add_number(b, (double)row[0], "%.9g");
}

static void add_label(const evaluation_task *task, text_buffer *b, float label)
{
    if (task->task.kind == TASK_CLASSES)
        csv_add_cell(b, isnan(label) ? "" : task->task.class_names[(int)label], false);
    else
        add_number(b, (double)label, "%.9g");
}

/* prefix: "" of a single task, else "TASK." */
static void add_head_line(const evaluation_task *task, const char *prefix, text_buffer *b)
{
    static const char *const columns[] = {"label", "prediction", "text", "audio", "vision", "shared"};
    char name[2 * TASK_NAME_MAX + 2];
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        snprintf(name, sizeof name, "%s%s", prefix, columns[i]);
        csv_add_cell(b, name, false);
    }
    for (int c = 0; task->task.kind == TASK_CLASSES && c < task->targets; c++) {
        snprintf(name, sizeof name, "%s%s", prefix, task->task.class_names[c]);
        csv_add_cell(b, name, false);
    }
}

static void add_clip(const evaluation_task *task, int64_t i, text_buffer *b)
{
    int n = task->targets;
    add_label(task, b, task->truth[TRUTH_MULTIMODAL][i]);
    add_result(task, b, task->prediction + i * n);
    for (int h = 0; h < MODALITIES_AND_SHARED; h++)
        add_result(task, b, task->head[h] + i * n);
    for (int c = 0; task->task.kind == TASK_CLASSES && c < n; c++)
        add_number(b, (double)task->prediction[i * n + c], "%.6g");
}

smac_status evaluation_write_csv(const evaluation *e, const char *path, smac_error *error)
{
    text_buffer b = {0};
    bool several = e->task_count > 1 || e->source_count > 1;
    text_add(&b, several ? "id,dataset" : "id");
    for (int k = 0; k < e->task_count; k++) {
        char prefix[TASK_NAME_MAX + 1] = "";
        if (e->task_count > 1)
            snprintf(prefix, sizeof prefix, "%s.", e->tasks[k].task.name);
        add_head_line(&e->tasks[k], prefix, &b);
    }
    text_add(&b, "\n");
    for (int64_t i = 0; i < e->count; i++) {
        csv_add_cell(&b, e->ids[i], true);
        if (several)
            csv_add_cell(&b, e->source_names[e->source[i]], false);
        for (int k = 0; k < e->task_count; k++)
            add_clip(&e->tasks[k], i, &b);
        text_add(&b, "\n");
    }
    smac_status status =
        b.failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for %s", path) : file_write(path, b.data, b.length, error);
    text_free(&b);
    return status;
}
