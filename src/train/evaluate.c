/* train/evaluate.c - predictions of a split, and what they are worth. */
#include "train/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

enum { AT_ONCE = 32 };

/* --- predictions -------------------------------------------------------------------------------------------------- */

/* Probabilities for classes, the score as it is otherwise. */
static void finish(const task_description *task, const float *row, float *out)
{
    int n = task_targets(task);
    double top = row[0], sum = 0;
    if (task->kind == TASK_REGRESSION) {
        out[0] = row[0];
        return;
    }
    for (int c = 1; c < n; c++)
        top = row[c] > top ? row[c] : top;
    for (int c = 0; c < n; c++)
        sum += exp(row[c] - top);
    for (int c = 0; c < n; c++)
        out[c] = (float)(exp(row[c] - top) / sum);
}

static void take_rows(
    evaluation *e, tape *t, const affect_system *s, const batch *b, const semanticmac_outputs *out, int64_t at)
{
    int n = e->targets;
    for (int64_t i = 0; i < b->size; i++) {
        int64_t row = (at + i) * n;
        finish(&e->task, tape_numbers(t, out->prediction[0]) + i * n, e->prediction + row);
        finish(&e->task, tape_numbers(t, out->shared_head[0]) + i * n, e->head[MODALITY_SHARED] + row);
        for (int m = 0; m < MODALITIES; m++) {
            if (s->has[m] && b->part[m].present[i])
                finish(&e->task, tape_numbers(t, out->specific_head[0][m]) + i * n, e->head[m] + row);
            else
                for (int c = 0; c < n; c++)
                    e->head[m][row + c] = NAN;
        }
    }
}

typedef struct chosen {
    const sample **samples;
    int64_t *items;
    int64_t count;
    uint8_t *drop; /* (count, 3) */
} chosen;

/* Clips of the split that have a modality left after those not wanted are taken away. */
static smac_status choose(const affect_system *s, const sample_cache *cache, dataset_split split,
    const bool *modalities, chosen *out, smac_error *error)
{
    const dataset *d = cache->source;
    out->samples = memory_new((size_t)d->count + 1, sizeof *out->samples);
    out->items = memory_new((size_t)d->count + 1, sizeof *out->items);
    out->drop = memory_new((size_t)d->count + 1, MODALITIES);
    if (!out->samples || !out->items || !out->drop)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the clips of a split");
    bool all = true;
    for (int m = 0; m < MODALITIES; m++)
        all = all && (!modalities || !modalities[m]);
    for (int64_t i = 0; i < d->count; i++) {
        if (d->items[i].split != split || !cache->usable[i])
            continue;
        bool left = false;
        for (int m = 0; m < MODALITIES; m++) {
            bool gone = !s->has[m] || (!all && !modalities[m]);
            out->drop[out->count * MODALITIES + m] = gone;
            left = left || (!gone && cache->samples[i].present[m]);
        }
        if (!left)
            continue;
        out->samples[out->count] = &cache->samples[i];
        out->items[out->count++] = i;
    }
    if (out->count == 0)
        return FAIL(error, SMAC_ERROR_NOT_FOUND, "the %s part has no clip with these modalities: name others",
            dataset_split_name(split));
    return SMAC_OK;
}

static smac_status predict(evaluation *e, const affect_system *s, const chosen *k, const reporter *r, smac_error *error)
{
    tape *t = tape_new(NULL);
    if (!t)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    smac_status status = SMAC_OK;
    for (int64_t i = 0; i < k->count && status == SMAC_OK; i += AT_ONCE) {
        batch b;
        int64_t some = k->count - i < AT_ONCE ? k->count - i : AT_ONCE;
        if (report_progress(r, "evaluating", (double)i, (double)k->count))
            status = FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped while evaluating");
        if (status == SMAC_OK)
            status = system_batch(s, k->samples + i, some, k->drop + i * MODALITIES, &b, error);
        if (status != SMAC_OK)
            break;
        semanticmac_outputs out = system_forward(s, t, &b, SEMANTICMAC_PREDICTIONS);
        status = tape_status(t, error);
        if (status == SMAC_OK)
            take_rows(e, t, s, &b, &out, i);
        tape_reset(t, NULL);
        batch_clear(&b);
    }
    if (status == SMAC_OK)
        report_progress(r, "evaluating", (double)k->count, (double)k->count);
    tape_free(t);
    return status;
}

/* --- metrics ------------------------------------------------------------------------------------------------------ */

/* Metrics of rows whose prediction is there and, when truth has it, whose truth is. */
static smac_status measure(
    const evaluation *e, const float *rows, const float *truth, metric_list *out, smac_error *error)
{
    float *p = memory_new((size_t)(e->count * e->targets) + 1, sizeof *p);
    float *t = memory_new((size_t)e->count + 1, sizeof *t);
    int64_t n = 0;
    smac_status status = SMAC_OK;
    if (!p || !t)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the metrics of %lld clips", (long long)e->count);
    for (int64_t i = 0; status == SMAC_OK && i < e->count; i++) {
        if (isnan(rows[i * e->targets]) || isnan(truth[i]))
            continue;
        memcpy(p + n * e->targets, rows + i * e->targets, (size_t)e->targets * sizeof *p);
        t[n++] = truth[i];
    }
    if (status == SMAC_OK)
        status = metrics_for_task(&e->task, p, t, n, out, error);
    free(p);
    free(t);
    return status;
}

static smac_status measure_all(evaluation *e, smac_error *error)
{
    TRY(measure(e, e->prediction, e->truth[TRUTH_MULTIMODAL], &e->metrics, error));
    for (int h = 0; h < MODALITIES_AND_SHARED; h++) {
        TRY(measure(e, e->head[h], e->truth[TRUTH_MULTIMODAL], &e->heads[h], error));
        e->has_head[h] = e->heads[h].count > 0;
        if (h == MODALITY_SHARED)
            continue;
        TRY(measure(e, e->head[h], e->truth[TRUTH_TEXT + h], &e->own[h], error));
        e->has_own[h] = e->own[h].count > 0;
    }
    return SMAC_OK;
}

static smac_status allocate(evaluation *e, int64_t count, smac_error *error)
{
    size_t n = (size_t)count + 1, rows = n * (size_t)e->targets;
    e->count = count;
    e->ids = memory_new(n, sizeof *e->ids);
    e->prediction = memory_new(rows, sizeof *e->prediction);
    e->conflict = memory_new(n, 1);
    bool made = e->ids && e->prediction && e->conflict;
    for (int h = 0; h < MODALITIES_AND_SHARED; h++)
        made = (e->head[h] = memory_new(rows, sizeof *e->head[h])) && made;
    for (int k = 0; k < TRUTH_KINDS; k++)
        made = (e->truth[k] = memory_new(n, sizeof *e->truth[k])) && made;
    return made ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld predictions", (long long)count);
}

static smac_status describe_clips(evaluation *e, const sample_cache *cache, const chosen *k, smac_error *error)
{
    const dataset *d = cache->source;
    bool has_conflict = dataset_extra(d, "conflict") >= 0;
    for (int64_t i = 0; i < k->count; i++) {
        const dataset_item *item = &d->items[k->items[i]];
        if (!(e->ids[i] = memory_copy_text(item->id)))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld predictions", (long long)e->count);
        for (int t = 0; t < TRUTH_KINDS; t++)
            e->truth[t][i] = (float)item->label[t];
        e->conflict[i] = has_conflict && dataset_extra_number(d, item, "conflict") > 0;
    }
    if (!has_conflict) {
        free(e->conflict);
        e->conflict = NULL;
    }
    return SMAC_OK;
}

smac_status evaluate_on(const affect_system *system, const sample_cache *cache, dataset_split split,
    const bool modalities[MODALITIES], const reporter *r, evaluation **out, smac_error *error)
{
    chosen k = {0};
    evaluation *e = memory_new(1, sizeof *e);
    if (!e)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for an evaluation");
    e->split = split;
    e->task = system->tasks[0];
    e->targets = task_targets(&e->task);
    e->skipped = cache->skipped + cache->source->skipped;
    smac_status status = choose(system, cache, split, modalities, &k, error);
    if (status == SMAC_OK)
        status = allocate(e, k.count, error);
    if (status == SMAC_OK)
        status = describe_clips(e, cache, &k, error);
    if (status == SMAC_OK)
        status = predict(e, system, &k, r, error);
    if (status == SMAC_OK)
        status = measure_all(e, error);
    free(k.samples);
    free(k.items);
    free(k.drop);
    if (status != SMAC_OK) {
        evaluation_free(e);
        return status;
    }
    *out = e;
    return SMAC_OK;
}

void evaluation_free(evaluation *e)
{
    if (!e)
        return;
    for (int64_t i = 0; e->ids && i < e->count; i++)
        free(e->ids[i]);
    free(e->ids);
    free(e->prediction);
    free(e->conflict);
    for (int h = 0; h < MODALITIES_AND_SHARED; h++)
        free(e->head[h]);
    for (int k = 0; k < TRUTH_KINDS; k++)
        free(e->truth[k]);
    free(e);
}

/* --- the whole of `semanticmac evaluate` -------------------------------------------------------------------------- */

/* The data's task must be the model's. */
static smac_status check_task(const affect_system *s, const dataset *d, smac_error *error)
{
    const task_description *a = &s->tasks[0], *b = &d->task;
    bool same = a->kind == b->kind && a->classes == b->classes && a->low == b->low && a->high == b->high;
    for (int c = 0; same && c < a->classes; c++)
        same = strcmp(a->class_names[c], b->class_names[c]) == 0;
    if (same)
        return SMAC_OK;
    if (a->kind == TASK_REGRESSION && b->kind == TASK_REGRESSION)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "the model predicts %s from %g to %g, but the data's labels go from "
            "%g to %g; choose the layout that the model was trained with (%s)",
            a->name, a->low, a->high, b->low, b->high, s->training.dataset);
    return FAIL(error, SMAC_ERROR_MISMATCH,
        "the model predicts %s (%d classes), but the data's task is %s (%d "
        "classes, or a score for 0): give the data that it was trained for",
        a->name, a->classes, b->name, b->classes);
}

smac_status evaluate_run(const evaluate_options *options, const reporter *r, evaluation **out, smac_error *error)
{
    affect_system *system = NULL;
    dataset *d = NULL;
    sample_cache *cache = NULL;
    dataset_options data = {.path = options->data,
        .layout = options->layout,
        .features = options->features,
        .task = options->task,
        .skip_bad = options->skip_bad,
        .lower_case = options->layout && strcmp(options->layout, "mosi") == 0};
    smac_status status =
        system_load(options->model, &(system_load_options){.precision = options->precision}, &system, error);
    if (status == SMAC_OK && !data.task)
        data.task = system->tasks[0].name;
    if (status == SMAC_OK)
        status = dataset_read(&data, r, &d, error);
    if (status == SMAC_OK)
        status = check_task(system, d, error);
    if (status == SMAC_OK && dataset_split_count(d, options->split) == 0)
        status = FAIL(error, SMAC_ERROR_NOT_FOUND, "the data have no %s part: choose another --split",
            dataset_split_name(options->split));
    bool all = !options->modalities[0] && !options->modalities[1] && !options->modalities[2];
    cache_options caching = {.skip_bad = options->skip_bad};
    caching.splits[options->split] = true;
    for (int m = 0; m < MODALITIES; m++)
        caching.without[m] = !all && !options->modalities[m];
    if (status == SMAC_OK)
        status = sample_cache_new(d, system, &caching, r, &cache, error);
    if (status == SMAC_OK)
        status = evaluate_on(system, cache, options->split, options->modalities, r, out, error);
    sample_cache_free(cache);
    dataset_free(d);
    system_free(system);
    return status;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

json_t *evaluation_to_json(const evaluation *e)
{
    json_t *heads = json_object();
    for (int h = 0; heads && h < MODALITIES_AND_SHARED; h++) {
        if (!e->has_head[h])
            continue;
        json_t *one = json_pack("{s:o}", "metrics", metrics_to_json(&e->heads[h]));
        if (e->has_own[h])
            json_object_set_new(one, "own", metrics_to_json(&e->own[h]));
        json_object_set_new(heads, modality_name(h), one);
    }
    return json_pack("{s:s, s:I, s:I, s:s, s:o, s:o}", "split", dataset_split_name(e->split), "n", (json_int_t)e->count,
        "skipped", (json_int_t)e->skipped, "task", e->task.name, "metrics", metrics_to_json(&e->metrics), "heads",
        heads);
}

smac_status evaluation_write_json(const evaluation *e, const char *path, smac_error *error)
{
    json_t *o = evaluation_to_json(e);
    char *text = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
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

static void add_value(const evaluation *e, text_buffer *b, const float *row)
{
    char text[40] = "";
    int best = 0;
    for (int c = 1; c < e->targets; c++)
        if (row[c] > row[best])
            best = c;
    if (!isnan(row[0]) && e->task.kind == TASK_REGRESSION)
        number_format(text, sizeof text, "%.9g", (double)row[0]);
    csv_add_cell(b, !isnan(row[0]) && e->task.kind == TASK_CLASSES ? e->task.class_names[best] : text, false);
}

smac_status evaluation_write_csv(const evaluation *e, const char *path, smac_error *error)
{
    text_buffer b = {0};
    bool classes = e->task.kind == TASK_CLASSES;
    text_add(&b, "id,label,prediction,text,audio,vision,shared");
    for (int c = 0; classes && c < e->targets; c++)
        csv_add_cell(&b, e->task.class_names[c], false);
    text_add(&b, "\n");
    for (int64_t i = 0; i < e->count; i++) {
        char number[40] = "";
        float label = e->truth[TRUTH_MULTIMODAL][i];
        csv_add_cell(&b, e->ids[i], true);
        if (!isnan(label))
            number_format(number, sizeof number, "%.9g", (double)label);
        csv_add_cell(&b, classes && !isnan(label) ? e->task.class_names[(int)label] : number, false);
        add_value(e, &b, e->prediction + i * e->targets);
        for (int h = 0; h < MODALITIES_AND_SHARED; h++)
            add_value(e, &b, e->head[h] + i * e->targets);
        for (int c = 0; classes && c < e->targets; c++) {
            number_format(number, sizeof number, "%.6g", (double)e->prediction[i * e->targets + c]);
            csv_add_cell(&b, number, false);
        }
        text_add(&b, "\n");
    }
    smac_status status =
        b.failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for %s", path) : file_write(path, b.data, b.length, error);
    text_free(&b);
    return status;
}
