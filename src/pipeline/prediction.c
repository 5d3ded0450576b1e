/* pipeline/prediction.c - running a model over samples and turning its outputs into scores and probabilities. */
#include "pipeline/prediction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pipeline/affect_model.h"

enum { AT_ONCE = 16 };

smac_status prediction_new(
    const task_description *tasks, int task_count, const bool present[MODALITIES], prediction *p, smac_error *error)
{
    bool any = false, there[MODALITIES];
    for (int m = 0; m < MODALITIES; m++) {
        there[m] = present[m];
        any = any || present[m];
    }
    size_t values = 0;
    for (int k = 0; k < task_count; k++)
        values += (size_t)task_targets(&tasks[k]) * (1 + MODALITIES_AND_SHARED);
    memset(p, 0, sizeof *p);
    p->tasks = memory_new(1, (size_t)task_count * sizeof *p->tasks + values * sizeof(float) + 1);
    if (!p->tasks)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a prediction");
    p->task_count = task_count;
    memcpy(p->present, there, sizeof there);
    float *next = (float *)(p->tasks + task_count);
    for (int k = 0; k < task_count; k++) {
        int n = task_targets(&tasks[k]);
        p->tasks[k].disagreement = NAN;
        if (!any)
            continue;
        p->tasks[k].prediction = next;
        next += n;
        for (int m = 0; m < MODALITIES_AND_SHARED; m++) {
            if (m != MODALITY_SHARED && !there[m])
                continue;
            p->tasks[k].own[m] = next;
            next += n;
        }
    }
    return SMAC_OK;
}

void prediction_clear(prediction *p)
{
    free(p->tasks);
    memset(p, 0, sizeof *p);
}

/* --- means -------------------------------------------------------------------------------------------------------- */

enum { TOTAL_ROWS = 1 + MODALITIES_AND_SHARED };

smac_status prediction_total_new(
    const task_description *tasks, int task_count, prediction_total *out, smac_error *error)
{
    size_t values = 0;
    for (int k = 0; k < task_count; k++)
        values += (size_t)task_targets(&tasks[k]) * TOTAL_ROWS + 1;
    *out = (prediction_total){.tasks = tasks, .task_count = task_count};
    out->sums = memory_new(values + (size_t)task_count, sizeof *out->sums);
    if (!out->sums)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a mean of predictions");
    out->disagreement_weights = out->sums + values;
    return SMAC_OK;
}

void prediction_total_clear(prediction_total *t)
{
    free(t->sums);
    memset(t, 0, sizeof *t);
}

static float *result_row(const task_result *r, int row)
{
    return row == 0 ? r->prediction : r->own[row - 1];
}

void prediction_total_add(prediction_total *t, const prediction *p, double weight)
{
    double *sum = t->sums;
    for (int row = 0; row < TOTAL_ROWS && p->task_count > 0; row++)
        if (result_row(&p->tasks[0], row))
            t->weights[row] += weight;
    for (int k = 0; k < t->task_count; k++) {
        const task_result *r = &p->tasks[k];
        int n = task_targets(&t->tasks[k]);
        for (int row = 0; row < TOTAL_ROWS; row++, sum += n)
            for (int c = 0; result_row(r, row) && c < n; c++)
                sum[c] += weight * (double)result_row(r, row)[c];
        if (!isnan(r->disagreement)) {
            *sum += weight * (double)r->disagreement;
            t->disagreement_weights[k] += weight;
        }
        sum++;
    }
}

smac_status prediction_total_mean(const prediction_total *t, prediction *out, smac_error *error)
{
    bool present[MODALITIES];
    for (int m = 0; m < MODALITIES; m++)
        present[m] = t->weights[1 + m] > 0;
    TRY(prediction_new(t->tasks, t->task_count, present, out, error));
    const double *sum = t->sums;
    for (int k = 0; k < t->task_count; k++) {
        task_result *r = &out->tasks[k];
        int n = task_targets(&t->tasks[k]);
        for (int row = 0; row < TOTAL_ROWS; row++, sum += n)
            for (int c = 0; result_row(r, row) && c < n; c++)
                result_row(r, row)[c] = (float)(sum[c] / t->weights[row]);
        if (t->disagreement_weights[k] > 0)
            r->disagreement = (float)(*sum / t->disagreement_weights[k]);
        sum++;
    }
    return SMAC_OK;
}

/* --- of one sample ------------------------------------------------------------------------------------------------ */

float task_disagreement(const task_description *task, const task_result *result)
{
    double most = NAN;
    for (int a = 0; a < MODALITIES; a++) {
        for (int b = a + 1; b < MODALITIES; b++) {
            double apart = 0;
            if (!result->own[a] || !result->own[b])
                continue;
            for (int c = 0; c < task_targets(task); c++)
                apart += fabs((double)result->own[a][c] - (double)result->own[b][c]);
            apart /= task->kind == TASK_REGRESSION ? task->high - task->low : 2;
            most = isnan(most) || apart > most ? apart : most;
        }
    }
    return (float)(most > 1 ? 1 : most);
}

/* A head's row as the caller gets it: the score, or the softmax of the logits over the temperature. */
static void values_from_head(
    const task_description *task, const float *row, bool unclipped, float temperature, float *out)
{
    int n = task_targets(task);
    if (task->kind == TASK_REGRESSION) {
        float low = (float)task->low, high = (float)task->high;
        out[0] = unclipped ? row[0] : row[0] < low ? low : row[0] > high ? high : row[0];
        return;
    }
    float top = row[0];
    double sum = 0;
    for (int c = 1; c < n; c++)
        top = row[c] > top ? row[c] : top;
    for (int c = 0; c < n; c++)
        sum += exp((double)((row[c] - top) / temperature));
    for (int c = 0; c < n; c++)
        out[c] = (float)(exp((double)((row[c] - top) / temperature)) / sum);
}

typedef struct predict_call {
    const affect_model *model;
    tape *tape;
    bool unclipped;
} predict_call;

/* Row i of one head's outputs (B, targets). */
static smac_status take_head(const predict_call *call, const task_description *task, const value *head, int64_t i,
    float temperature, float *out, smac_error *error)
{
    const float *rows = tape_numbers(call->tape, head);
    if (!rows)
        return tape_status(call->tape, error);
    values_from_head(task, rows + i * task_targets(task), call->unclipped, temperature, out);
    return SMAC_OK;
}

/* Row i of the batch's outputs. */
static smac_status take_row(const predict_call *call, const batch *b, const semanticmac_outputs *out, int64_t i,
    prediction *result, smac_error *error)
{
    const affect_model *s = call->model;
    bool present[MODALITIES];
    for (int m = 0; m < MODALITIES; m++)
        present[m] = s->has[m] && b->part[m].present[i];
    TRY(prediction_new(s->tasks, s->task_count, present, result, error));
    for (int k = 0; k < s->task_count; k++) {
        const task_description *task = &s->tasks[k];
        task_result *r = &result->tasks[k];
        if (!r->prediction)
            continue;
        const task_calibration *c = &s->calibration[k];
        float temperature = calibration_temperature(c, modality_set(present));
        TRY(take_head(call, task, out->prediction[k], i, temperature, r->prediction, error));
        temperature = calibration_head_temperature(c, MODALITY_SHARED);
        TRY(take_head(call, task, out->shared_head[k], i, temperature, r->own[MODALITY_SHARED], error));
        for (int m = 0; m < MODALITIES; m++) {
            temperature = calibration_head_temperature(c, m);
            if (r->own[m])
                TRY(take_head(call, task, out->specific_head[k][m], i, temperature, r->own[m], error));
        }
        r->disagreement = task_disagreement(task, r);
    }
    return SMAC_OK;
}

static smac_status predict_batch(const predict_call *call, const sample *const *samples, int64_t count,
    const uint8_t *drop, prediction *results, smac_error *error)
{
    batch b;
    TRY(affect_model_batch(call->model, samples, count, drop, &b, error));
    semanticmac_outputs out = affect_model_forward(call->model, call->tape, &b, SEMANTICMAC_PREDICTIONS);
    smac_status status = tape_status(call->tape, error);
    for (int64_t i = 0; i < count && status == SMAC_OK; i++)
        status = take_row(call, &b, &out, i, &results[i], error);
    tape_reset(call->tape, NULL);
    batch_clear(&b);
    return status;
}

smac_status affect_model_predict(const affect_model *s, const sample *const *samples, int64_t count,
    const predict_options *options, prediction *results, smac_error *error)
{
    predict_options o = options ? *options : (predict_options){0};
    int64_t at_once = o.at_once > 0 ? o.at_once : AT_ONCE;
    memset(results, 0, (size_t)count * sizeof *results);
    predict_call call = {
        .model = s, .tape = tape_new(&(tape_options){.interrupt = o.interrupt}), .unclipped = o.unclipped};
    smac_status status = call.tape ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    for (int64_t i = 0; i < count && status == SMAC_OK; i += at_once) {
        int64_t some = count - i < at_once ? count - i : at_once;
        const uint8_t *drop = o.drop ? o.drop + i * MODALITIES : NULL;
        if (o.what && report_progress(o.report, o.what, (double)i, (double)count))
            status = FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked after %lld of %lld samples", (long long)i,
                (long long)count);
        else
            status = predict_batch(&call, samples + i, some, drop, results + i, error);
    }
    if (status == SMAC_OK && o.what)
        report_progress(o.report, o.what, (double)count, (double)count);
    for (int64_t i = 0; i < count && status != SMAC_OK; i++)
        prediction_clear(&results[i]);
    tape_free(call.tape);
    return status;
}
