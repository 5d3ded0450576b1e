/* train/evaluate.c - predictions of a split, and what they are worth. */
#include "train/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pipeline/prediction.h"
#include "train/calibrate.h"

enum { AT_ONCE = 32 };

/* --- which clips -------------------------------------------------------------------------------------------------- */

typedef struct chosen_clips {
    const sample **samples;
    int64_t *items;
    int64_t count;
    uint8_t *drop; /* (count, 3) */
} chosen_clips;

/* Clips of the split that still have a modality after those not wanted are removed. */
static smac_status choose_clips(const affect_model *s, const sample_cache *cache, const evaluate_wanted *wanted,
    chosen_clips *out, smac_error *error)
{
    const dataset *d = cache->source;
    out->samples = memory_new((size_t)d->count + 1, sizeof *out->samples);
    out->items = memory_new((size_t)d->count + 1, sizeof *out->items);
    out->drop = memory_new((size_t)d->count + 1, MODALITIES);
    if (!out->samples || !out->items || !out->drop)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the clips of a split");
    bool all = true;
    for (int m = 0; m < MODALITIES; m++)
        all = all && !wanted->modalities[m];
    for (int64_t i = 0; i < d->count; i++) {
        if (d->items[i].split != wanted->split || !cache->usable[i])
            continue;
        bool left = false;
        for (int m = 0; m < MODALITIES; m++) {
            bool gone = !s->has[m] || (!all && !wanted->modalities[m]);
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
            dataset_split_name(wanted->split));
    return SMAC_OK;
}

/* --- predictions -------------------------------------------------------------------------------------------------- */

static int model_task(const affect_model *s, const evaluation_task *task)
{
    for (int k = 0; k < s->task_count; k++)
        if (strcmp(s->tasks[k].name, task->task.name) == 0)
            return k;
    return 0;
}

/* row (targets) <- values, or NAN where there are none. */
static void copy_row(const float *values, int targets, float *row)
{
    for (int c = 0; c < targets; c++)
        row[c] = values ? values[c] : NAN;
}

static smac_status predict_clips(
    evaluation *e, const affect_model *s, const chosen_clips *k, const reporter *r, smac_error *error)
{
    predict_options options = {
        .at_once = AT_ONCE, .drop = k->drop, .unclipped = true, .what = "evaluating", .report = r};
    prediction *results = memory_new((size_t)k->count, sizeof *results);
    if (!results)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld predictions", (long long)k->count);
    smac_status status = affect_model_predict(s, k->samples, k->count, &options, results, error);
    for (int i = 0; i < e->task_count && status == SMAC_OK; i++) {
        evaluation_task *task = &e->tasks[i];
        int from = model_task(s, task), n = task->targets;
        for (int64_t clip = 0; clip < k->count; clip++) {
            const task_result *result = &results[clip].tasks[from];
            copy_row(result->prediction, n, task->prediction + clip * n);
            for (int h = 0; h < MODALITIES_AND_SHARED; h++)
                copy_row(result->own[h], n, task->head[h] + clip * n);
        }
    }
    for (int64_t clip = 0; clip < k->count; clip++)
        prediction_clear(&results[clip]);
    free(results);
    return status;
}

/* --- metrics ------------------------------------------------------------------------------------------------------ */

/* Room for the rows that count, and which these are. */
typedef struct measuring {
    const evaluation *e;
    const evaluation_task *task;
    task_description as; /* the task with the protocol and the range of the clips' source */
    int source;          /* -1: clips of all */
    float *rows, *truth;
    smac_error *error;
} measuring;

/* Metrics of the rows whose prediction and truth are both there; rows_out (may be NULL): how many these were. */
static smac_status measure_rows(
    measuring *w, const float *rows, const float *truth, metric_list *out, int64_t *rows_out)
{
    int n = w->task->targets;
    int64_t count = 0;
    for (int64_t i = 0; i < w->e->count; i++) {
        if ((w->source >= 0 && w->e->source[i] != w->source) || isnan(rows[i * n]) || isnan(truth[i]))
            continue;
        memcpy(w->rows + count * n, rows + i * n, (size_t)n * sizeof *w->rows);
        w->truth[count] = truth[i];
        if (w->task->task.kind == TASK_REGRESSION) {
            const double from[] = {w->task->task.low, w->task->task.high}, to[] = {w->as.low, w->as.high};
            w->rows[count] = (float)label_to_range(w->rows[count], from, to);
            w->truth[count] = (float)label_to_range(w->truth[count], from, to);
        }
        count++;
    }
    if (rows_out)
        *rows_out = count;
    return metrics_for_task(&w->as, w->rows, w->truth, count, out, w->error);
}

static smac_status measure_part(measuring *w, evaluation_part *out)
{
    const evaluation_task *task = w->task;
    const float *truth = task->truth[TRUTH_MULTIMODAL];
    TRY(measure_rows(w, task->prediction, truth, &out->metrics, &out->count));
    out->calibration_error =
        task->task.kind == TASK_CLASSES ? calibration_error(w->rows, w->truth, out->count, task->targets) : NAN;
    for (int h = 0; h < MODALITIES_AND_SHARED; h++) {
        TRY(measure_rows(w, task->head[h], truth, &out->heads[h], NULL));
        out->has_head[h] = out->heads[h].count > 0;
        if (h == MODALITY_SHARED)
            continue;
        TRY(measure_rows(w, task->head[h], task->truth[TRUTH_TEXT + h], &out->own[h], NULL));
        out->has_own[h] = out->own[h].count > 0;
    }
    return SMAC_OK;
}

/* Which of a source's tasks it is, or -1. */
static int task_in(const dataset *d, int source, int task)
{
    for (int k = 0; k < d->sources[source].task_count; k++)
        if (d->sources[source].task[k] == task)
            return k;
    return -1;
}

/* Metrics of a source are those of its protocol, in its own range. */
static bool measure_as_source(measuring *w, const dataset *d, int source, int task)
{
    int k = task_in(d, source, task);
    if (k < 0)
        return false;
    snprintf(w->as.protocol, sizeof w->as.protocol, "%s", d->sources[source].protocol[k]);
    if (w->as.kind == TASK_REGRESSION) {
        w->as.low = d->sources[source].range[k][0];
        w->as.high = d->sources[source].range[k][1];
    }
    return true;
}

static smac_status measure_task(evaluation *e, int index, const dataset *d, int data_task, smac_error *error)
{
    evaluation_task *task = &e->tasks[index];
    size_t n = (size_t)e->count + 1;
    measuring w = {.e = e, .task = task, .as = task->task, .source = -1, .error = error};
    w.rows = memory_new(n * (size_t)task->targets, sizeof *w.rows);
    w.truth = memory_new(n, sizeof *w.truth);
    smac_status status = SMAC_OK;
    if (!w.rows || !w.truth)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the metrics of %lld clips", (long long)e->count);
    else {
        if (e->source_count == 1)
            measure_as_source(&w, d, 0, data_task);
        task->span = w.as.high - w.as.low;
        status = measure_part(&w, &task->all);
    }
    for (int s = 0; s < e->source_count && status == SMAC_OK; s++) {
        w.source = s;
        if (measure_as_source(&w, d, s, data_task))
            status = measure_part(&w, &task->sources[s]);
    }
    free(w.rows);
    free(w.truth);
    return status;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool is_in_data(const dataset *d, int task)
{
    for (int s = 0; s < d->source_count; s++)
        if (task_in(d, s, task) >= 0)
            return true;
    return false;
}

static bool allocate_task(evaluation_task *task, int64_t count, int source_count)
{
    size_t n = (size_t)count + 1, rows = n * (size_t)task->targets;
    task->prediction = memory_new(rows, sizeof *task->prediction);
    task->sources = memory_new((size_t)source_count + 1, sizeof *task->sources);
    bool made = task->prediction && task->sources;
    for (int h = 0; h < MODALITIES_AND_SHARED; h++)
        made = (task->head[h] = memory_new(rows, sizeof *task->head[h])) && made;
    for (int k = 0; k < TRUTH_KINDS; k++)
        made = (task->truth[k] = memory_new(n, sizeof *task->truth[k])) && made;
    return made;
}

static smac_status allocate(evaluation *e, const affect_model *s, const dataset *d, int64_t count, smac_error *error)
{
    size_t n = (size_t)count + 1;
    e->count = count;
    e->source_count = d->source_count;
    e->ids = memory_new(n, sizeof *e->ids);
    e->source = memory_new(n, sizeof *e->source);
    e->conflict = memory_new(n, 1);
    e->source_names = memory_new((size_t)d->source_count, sizeof *e->source_names);
    e->tasks = memory_new((size_t)s->task_count, sizeof *e->tasks);
    bool made = e->ids && e->source && e->conflict && e->source_names && e->tasks;
    for (int i = 0; made && i < d->source_count; i++)
        memcpy(e->source_names[i], d->sources[i].name, sizeof e->source_names[i]);
    for (int k = 0; made && k < s->task_count; k++) {
        if (!is_in_data(d, k))
            continue;
        evaluation_task *task = &e->tasks[e->task_count++];
        task->task = s->tasks[k];
        task->targets = task_targets(&task->task);
        made = allocate_task(task, count, d->source_count);
    }
    return made ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld predictions", (long long)count);
}

static smac_status describe_clips(
    evaluation *e, const affect_model *s, const sample_cache *cache, const chosen_clips *k, smac_error *error)
{
    const dataset *d = cache->source;
    bool has_conflict = false;
    for (int64_t i = 0; i < k->count; i++) {
        const dataset_item *item = &d->items[k->items[i]];
        if (!(e->ids[i] = memory_copy_text(item->id)))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld predictions", (long long)e->count);
        e->source[i] = item->source;
        has_conflict = has_conflict || dataset_extra(d, item, "conflict") >= 0;
        e->conflict[i] = dataset_extra_number(d, item, "conflict") > 0;
        for (int task = 0; task < e->task_count; task++)
            for (int t = 0; t < TRUTH_KINDS; t++)
                e->tasks[task].truth[t][i] = (float)dataset_label(d, item, model_task(s, &e->tasks[task]), t);
    }
    if (!has_conflict) {
        free(e->conflict);
        e->conflict = NULL;
    }
    return SMAC_OK;
}

smac_status evaluate_on(const affect_model *model, const sample_cache *cache, const evaluate_wanted *wanted,
    const reporter *r, evaluation **out, smac_error *error)
{
    chosen_clips k = {0};
    evaluation *e = memory_new(1, sizeof *e);
    if (!e)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for an evaluation");
    e->split = wanted->split;
    e->skipped = cache->skipped + cache->source->skipped;
    smac_status status = choose_clips(model, cache, wanted, &k, error);
    if (status == SMAC_OK)
        status = allocate(e, model, cache->source, k.count, error);
    if (status == SMAC_OK)
        status = describe_clips(e, model, cache, &k, error);
    if (status == SMAC_OK)
        status = predict_clips(e, model, &k, r, error);
    for (int task = 0; task < e->task_count && status == SMAC_OK; task++)
        status = measure_task(e, task, cache->source, model_task(model, &e->tasks[task]), error);
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
    for (int task = 0; task < e->task_count; task++) {
        evaluation_task *one = &e->tasks[task];
        free(one->prediction);
        free(one->sources);
        for (int h = 0; h < MODALITIES_AND_SHARED; h++)
            free(one->head[h]);
        for (int k = 0; k < TRUTH_KINDS; k++)
            free(one->truth[k]);
    }
    free(e->tasks);
    free(e->ids);
    free(e->source);
    free(e->source_names);
    free(e->conflict);
    free(e);
}
