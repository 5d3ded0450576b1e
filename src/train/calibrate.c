/* train/calibrate.c - temperatures by task and set of modalities, fitted on validation clips. */
#include "train/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/evaluate.h"

/* --- one temperature ---------------------------------------------------------------------------------------------- */

/* Minus the log likelihood at a temperature, and the prior on its logarithm (normal, deviation 1). */
static double cost_at(
    double log_temperature, const float *probabilities, const float *truth, int64_t count, int classes)
{
    double beta = exp(-log_temperature), cost = log_temperature * log_temperature / 2;
    for (int64_t i = 0; i < count; i++) {
        const float *row = probabilities + i * classes;
        double top = -INFINITY, sum = 0, own = 0;
        for (int c = 0; c < classes; c++)
            top = fmax(top, beta * log(fmax((double)row[c], 1e-30)));
        for (int c = 0; c < classes; c++) {
            double logit = beta * log(fmax((double)row[c], 1e-30));
            sum += exp(logit - top);
            own = c == (int)truth[i] ? logit - top : own;
        }
        cost += log(sum) - own;
    }
    return cost;
}

double temperature_fit(const float *probabilities, const float *truth, int64_t count, int classes)
{
    enum { ROUNDS = 40 };
    const double golden = 0.6180339887498949;
    double low = log(0.1), high = log(10);
    if (count < CALIBRATION_LEAST)
        return NAN;
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double cost_a = cost_at(a, probabilities, truth, count, classes);
    double cost_b = cost_at(b, probabilities, truth, count, classes);
    for (int round = 0; round < ROUNDS; round++) {
        if (cost_a < cost_b) {
            high = b;
            b = a;
            cost_b = cost_a;
            a = high - golden * (high - low);
            cost_a = cost_at(a, probabilities, truth, count, classes);
        } else {
            low = a;
            a = b;
            cost_a = cost_b;
            b = low + golden * (high - low);
            cost_b = cost_at(b, probabilities, truth, count, classes);
        }
    }
    return exp((low + high) / 2);
}

double calibration_error(const float *probabilities, const float *truth, int64_t count, int classes)
{
    double certainty[CALIBRATION_BINS] = {0}, right[CALIBRATION_BINS] = {0}, error = 0;
    for (int64_t i = 0; i < count; i++) {
        const float *row = probabilities + i * classes;
        int best = 0;
        for (int c = 1; c < classes; c++)
            best = row[c] > row[best] ? c : best;
        int bin = (int)(CALIBRATION_BINS * (double)row[best]);
        bin = bin < 0 ? 0 : bin >= CALIBRATION_BINS ? CALIBRATION_BINS - 1 : bin;
        certainty[bin] += (double)row[best];
        right[bin] += best == (int)truth[i];
    }
    for (int bin = 0; bin < CALIBRATION_BINS; bin++)
        error += fabs(right[bin] - certainty[bin]);
    return count ? error / (double)count : NAN;
}

/* --- a model ------------------------------------------------------------------------------------------------------ */

/* Room for the rows of one fit. */
typedef struct fitting {
    float *rows, *truth;
} fitting;

/* The temperature of rows (count, targets) over the clips that have a label and all modalities of the set. */
static float fit_rows(const fitting *f, const evaluation *e, const evaluation_task *task, const float *rows, int set)
{
    int n = task->targets;
    int64_t count = 0;
    for (int64_t i = 0; i < e->count; i++) {
        bool use = !isnan(task->truth[TRUTH_MULTIMODAL][i]) && !isnan(rows[i * n]);
        for (int m = 0; m < MODALITIES; m++)
            use = use && !((set >> m & 1) && isnan(task->head[m][i * n]));
        if (!use)
            continue;
        memcpy(f->rows + count * n, rows + i * n, (size_t)n * sizeof *f->rows);
        f->truth[count++] = task->truth[TRUTH_MULTIMODAL][i];
    }
    double temperature = temperature_fit(f->rows, f->truth, count, n);
    return isnan(temperature) ? 0 : (float)temperature;
}

static task_calibration *calibration_of(affect_model *model, task_calibration *all, const evaluation_task *task)
{
    for (int k = 0; k < model->task_count; k++)
        if (strcmp(model->tasks[k].name, task->task.name) == 0)
            return &all[k];
    return all;
}

/* What one evaluation says: the temperature of its set, and, of all modalities, those of the heads. */
static smac_status fit_evaluation(
    affect_model *model, task_calibration *all, const evaluation *e, int set, bool heads, smac_error *error)
{
    fitting f = {.rows = memory_new((size_t)e->count + 1, TASK_CLASSES_MAX * sizeof *f.rows),
        .truth = memory_new((size_t)e->count + 1, sizeof *f.truth)};
    bool made = f.rows && f.truth;
    for (int k = 0; made && k < e->task_count; k++) {
        const evaluation_task *task = &e->tasks[k];
        task_calibration *out = calibration_of(model, all, task);
        if (task->task.kind != TASK_CLASSES)
            continue;
        if (set)
            out->prediction[set] = fit_rows(&f, e, task, task->prediction, set);
        for (int head = 0; heads && head < MODALITIES_AND_SHARED; head++)
            out->heads[head] = fit_rows(&f, e, task, task->head[head], 0);
    }
    free(f.rows);
    free(f.truth);
    return made ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory to calibrate %lld clips", (long long)e->count);
}

/* How many validation clips have all modalities of the set. */
static int64_t count_with(const sample_cache *cache, int set)
{
    int64_t count = 0;
    for (int64_t i = 0; i < cache->source->count; i++) {
        bool all = cache->usable[i] && cache->source->items[i].split == SPLIT_VALID;
        for (int m = 0; m < MODALITIES; m++)
            all = all && (!(set >> m & 1) || cache->samples[i].present[m]);
        count += all;
    }
    return count;
}

/* Predictions from the modalities of a set alone; 0: from all. */
static smac_status fit_set(affect_model *model, task_calibration *all, const sample_cache *cache, int set,
    const reporter *r, smac_error *error)
{
    evaluation *e = NULL;
    evaluate_wanted wanted = {.split = SPLIT_VALID};
    for (int m = 0; m < MODALITIES; m++)
        wanted.modalities[m] = set >> m & 1;
    TRY(evaluate_on(model, cache, &wanted, r, &e, error));
    smac_status status = fit_evaluation(model, all, e, set, set == 0, error);
    evaluation_free(e);
    return status;
}

smac_status model_calibrate(affect_model *model, const sample_cache *cache, const reporter *r, smac_error *error)
{
    task_calibration fitted[AFFECT_MODEL_TASKS_MAX] = {{{0}, {0}}};
    bool classes = false;
    memset(model->calibration, 0, sizeof model->calibration);
    for (int k = 0; k < model->task_count; k++)
        classes = classes || model->tasks[k].kind == TASK_CLASSES;
    if (!classes || count_with(cache, 0) < CALIBRATION_LEAST)
        return SMAC_OK;
    for (int set = 0; set < MODALITY_SETS; set++) {
        bool has = true;
        for (int m = 0; m < MODALITIES; m++)
            has = has && (!(set >> m & 1) || model->has[m]);
        if (has && count_with(cache, set) >= CALIBRATION_LEAST)
            TRY(fit_set(model, fitted, cache, set, r, error));
    }
    memcpy(model->calibration, fitted, sizeof model->calibration);
    return SMAC_OK;
}
