/* objectives/label_generation.c - labels of one task, their refresh at the end of an epoch, the state for checkpoints. */
#include "objectives/label_generation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "objectives/label_internal.h"

enum { TARGETS_MAX = 64 };

/* --- making -------------------------------------------------------------------------------------------------------- */

static smac_status check_labels(
    const label_generation_options *o, int64_t samples, const float *labels, const uint8_t *have, smac_error *error)
{
    for (int64_t i = 0; i < samples; i++) {
        const float *y = labels + i * o->targets;
        double sum = 0;
        if (have && !have[i])
            continue;
        for (int c = 0; c < o->targets; c++) {
            bool inside = o->classes ? y[c] >= 0 && y[c] <= 1.0001f : y[c] >= o->low - 1e-5 && y[c] <= o->high + 1e-5;
            if (!inside)
                return FAIL(error, SMAC_ERROR_ARGUMENT, "label of training sample %lld is %g; expected %g to %g",
                    (long long)i, (double)y[c], o->classes ? 0.0 : o->low, o->classes ? 1.0 : o->high);
            sum += y[c];
        }
        if (o->classes && fabs(sum - 1) > 1e-3)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "class weights of training sample %lld sum to %g; expected 1",
                (long long)i, sum);
    }
    return SMAC_OK;
}

static smac_status check_options(const label_generation_options *o, smac_error *error)
{
    if (o->targets < 1 || o->targets > TARGETS_MAX)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "label generation with %d targets; expected 1 to %d", o->targets, TARGETS_MAX);
    if (!o->classes && (o->targets != 1 || !(o->low < o->high)))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a score has %d numbers in the range %g to %g; expected one number and the lower end first", o->targets,
            o->low, o->high);
    if (o->rule == LABEL_RULE_SELF_MM && o->classes)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "labels.scheme self_mm is for regression alone, and this task has classes; use labels.scheme=generated");
    if (!(o->temperature > 0) || o->neighbours < 1 || o->folds < 2 || o->ridge < 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "label generation with temperature %g, %lld neighbours, %lld folds, ridge %g;"
            " expected more than 0, at least 1, at least 2, at least 0",
            o->temperature, (long long)o->neighbours, (long long)o->folds, o->ridge);
    return SMAC_OK;
}

smac_status label_generation_new(const label_generation_options *options, const label_bank *bank,
    const label_truth *truth, label_generation **out, smac_error *error)
{
    *out = NULL;
    TRY(check_options(options, error));
    TRY(check_labels(options, bank->samples, truth->values, truth->have, error));
    size_t samples = (size_t)bank->samples, targets = (size_t)options->targets;
    label_generation *g = memory_new(1, sizeof *g);
    if (!g)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for label generation");
    g->options = *options;
    g->bank = bank;
    g->truth = memory_new(samples * targets, sizeof *g->truth);
    g->have = memory_new(samples, 1);
    bool memory = g->truth && g->have;
    if (truth->groups)
        memory = (g->groups = memory_new(samples, sizeof *g->groups)) != NULL && memory;
    for (int k = 0; k < MODALITIES_AND_SHARED && memory; k++) {
        g->reliability[k] = 1;
        memory = (g->label[k] = memory_new(samples * targets, sizeof(float))) != NULL &&
            (g->suggestion[k] = memory_new(samples * targets, sizeof(float))) != NULL;
    }
    if (!memory) {
        label_generation_free(g);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the labels of %zu samples", samples);
    }
    memset(g->have, 1, samples);
    if (truth->have)
        memcpy(g->have, truth->have, samples);
    for (size_t i = 0; i < samples; i++) /* rows without a label may hold anything: they stay zero */
        if (g->have[i])
            memcpy(g->truth + i * targets, truth->values + i * targets, targets * sizeof *g->truth);
    if (truth->groups)
        memcpy(g->groups, truth->groups, samples * sizeof *g->groups);
    for (int k = 0; k < MODALITIES_AND_SHARED; k++) {
        memcpy(g->label[k], g->truth, samples * targets * sizeof *g->truth);
        memcpy(g->suggestion[k], g->truth, samples * targets * sizeof *g->truth);
    }
    *out = g;
    return SMAC_OK;
}

void label_generation_free(label_generation *g)
{
    if (!g)
        return;
    for (int k = 0; k < MODALITIES_AND_SHARED; k++) {
        free(g->label[k]);
        free(g->suggestion[k]);
    }
    free(g->truth);
    free(g->have);
    free(g->groups);
    free(g);
}

const label_generation_options *label_generation_get_options(const label_generation *g)
{
    return &g->options;
}

/* --- writing and reading ---------------------------------------------------------------------------------------------- */

smac_status label_generation_set(
    label_generation *g, modality target, const float *labels, const uint8_t *have, smac_error *error)
{
    TRY(check_labels(&g->options, g->bank->samples, labels, have, error));
    int targets = g->options.targets;
    for (int64_t i = 0; i < g->bank->samples; i++)
        if (!have || have[i])
            memcpy(g->label[target] + i * targets, labels + i * targets, (size_t)targets * sizeof *labels);
    return SMAC_OK;
}

void label_generation_set_reliability(label_generation *g, modality target, double reliability)
{
    g->reliability[target] = reliability > 0 ? reliability < 1 ? reliability : 1 : 0; /* not a number counts as 0 */
}

const float *label_generation_labels(const label_generation *g, modality target)
{
    return g->label[target];
}

const float *label_generation_suggestions(const label_generation *g, modality target)
{
    return g->suggestion[target];
}

void label_generation_gather(
    const label_generation *g, modality target, const int64_t *samples, int64_t count, float *out)
{
    int targets = g->options.targets;
    for (int64_t i = 0; i < count; i++)
        memcpy(out + i * targets, g->label[target] + samples[i] * targets, (size_t)targets * sizeof *out);
}

/* --- the view of a bank ------------------------------------------------------------------------------------------ */

void bank_view_free(bank_view *view)
{
    free(view->vectors);
    free(view->truth);
    free(view->samples);
}

smac_status bank_view_make(const label_generation *g, int kind, bank_view *view, smac_error *error)
{
    int64_t samples = g->bank->samples, width = g->bank->width;
    const uint8_t *written = g->bank->written[kind];
    int targets = g->options.targets;
    *view = (bank_view){.width = width, .targets = targets, .groups = g->groups};
    for (int64_t i = 0; i < samples; i++)
        view->count += written[i] && g->have[i];
    size_t rows = view->count > 0 ? (size_t)view->count : 1;
    view->vectors = memory_new(rows * (size_t)width, sizeof *view->vectors);
    view->truth = memory_new(rows * (size_t)targets, sizeof *view->truth);
    view->samples = memory_new(rows, sizeof *view->samples);
    double *mean = memory_new((size_t)width, sizeof *mean);
    if (!view->vectors || !view->truth || !view->samples || !mean) {
        bank_view_free(view);
        free(mean);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a view of %zu bank vectors", rows);
    }
    int64_t at = 0;
    for (int64_t i = 0; i < samples; i++) {
        if (!written[i] || !g->have[i])
            continue;
        view->samples[at++] = i;
        for (int64_t d = 0; d < width; d++)
            mean[d] += g->bank->vectors[kind][i * width + d];
    }
    for (at = 0; at < view->count; at++) {
        const float *from = g->bank->vectors[kind] + view->samples[at] * width;
        for (int64_t d = 0; d < width; d++)
            view->vectors[at * width + d] = (float)(from[d] - mean[d] / (double)view->count);
        memcpy(
            view->truth + at * targets, g->truth + view->samples[at] * targets, (size_t)targets * sizeof *view->truth);
    }
    free(mean);
    return SMAC_OK;
}

float label_clamp(const label_generation_options *o, double y)
{
    double low = o->classes ? 0 : o->low, high = o->classes ? 1 : o->high;
    return (float)(y < low ? low : y > high ? high : y);
}

/* next (N, targets) <- labels after the epoch, from the suggestions of the view */
static void mix_labels(const label_generation *g, int target, const bank_view *view, int64_t epoch,
    const float *suggestions, const double *mixes, float *next)
{
    const label_generation_options *o = &g->options;
    double n = (double)epoch, step = o->momentum ? 2 / (n + 2) : 1;
    for (int64_t i = 0; i < view->count; i++) {
        double mix = (mixes ? mixes[i] : o->mix[target]) * g->reliability[target];
        for (int c = 0; c < o->targets; c++) {
            double truth = view->truth[i * o->targets + c], suggested = suggestions[i * o->targets + c];
            float *q = next + view->samples[i] * o->targets + c;
            *q = label_clamp(o, *q + step * (truth + mix * (suggested - truth) - *q));
        }
    }
}

static smac_status refresh_target(
    const label_generation *g, int target, int64_t epoch, float *next, float *kept, smac_error *error)
{
    const label_generation_options *o = &g->options;
    bank_view view;
    TRY(bank_view_make(g, target, &view, error));
    smac_status status = SMAC_OK;
    if (view.count >= 2) {
        float *suggestions = memory_new((size_t)view.count * (size_t)o->targets, sizeof *suggestions);
        double *mixes = o->clipwise ? memory_new((size_t)view.count, sizeof *mixes) : NULL;
        if (!suggestions || (o->clipwise && !mixes))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the labels of %lld samples", (long long)view.count);
        else if (o->rule == LABEL_RULE_HELD_OUT)
            status = held_out_suggest(&view, o, suggestions, error);
        else
            status = neighbours_suggest(&view, o, suggestions, error);
        if (status == SMAC_OK && mixes)
            clipwise_mix(&view, o->mix[target], suggestions, mixes);
        if (status == SMAC_OK)
            mix_labels(g, target, &view, epoch, suggestions, mixes, next);
        for (int64_t i = 0; status == SMAC_OK && i < view.count; i++)
            memcpy(
                kept + view.samples[i] * o->targets, suggestions + i * o->targets, (size_t)o->targets * sizeof *kept);
        free(suggestions);
        free(mixes);
    }
    bank_view_free(&view);
    return status;
}

/* --- the refresh ----------------------------------------------------------------------------------------------------- */

smac_status label_generation_refresh(label_generation *g, int64_t epoch, const reporter *report, smac_error *error)
{
    const label_generation_options *o = &g->options;
    if (o->rule == LABEL_RULE_FIXED || epoch < o->start_epoch)
        return SMAC_OK;
    size_t count = (size_t)g->bank->samples * (size_t)o->targets;
    float *next[MODALITIES_AND_SHARED], *suggestions[MODALITIES_AND_SHARED];
    bool memory = true;
    for (int target = 0; target < MODALITIES_AND_SHARED;
         target++) { /* all or nothing: kept only when every target is done */
        next[target] = memory_new(count, sizeof(float));
        suggestions[target] = memory_new(count, sizeof(float));
        memory = memory && next[target] && suggestions[target];
        if (memory) {
            memcpy(next[target], g->label[target], count * sizeof(float));
            memcpy(suggestions[target], g->suggestion[target], count * sizeof(float));
        }
    }
    smac_status status = memory ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory to renew %zu labels", count);
    if (status == SMAC_OK && o->rule == LABEL_RULE_SELF_MM)
        status = self_mm_renew(g, epoch, next, suggestions, error);
    for (int target = 0; target < MODALITIES_AND_SHARED && status == SMAC_OK && o->rule != LABEL_RULE_SELF_MM;
         target++) {
        if (report_progress(report, "renewing labels", target, MODALITIES_AND_SHARED))
            status = FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped while the labels were renewed");
        else
            status = refresh_target(g, target, epoch, next[target], suggestions[target], error);
    }
    for (int target = 0; target < MODALITIES_AND_SHARED; target++) {
        if (status == SMAC_OK) {
            memcpy(g->label[target], next[target], count * sizeof(float));
            memcpy(g->suggestion[target], suggestions[target], count * sizeof(float));
        }
        free(next[target]);
        free(suggestions[target]);
    }
    return status;
}

int64_t label_generation_neighbours(
    const label_generation *g, int bank, int64_t sample, int64_t limit, int64_t *indices, float *similarities)
{
    bank_view view;
    int64_t found = 0;
    if (bank < 0 || bank >= LABEL_BANKS || !g->bank->vectors[bank] || sample < 0 || sample >= g->bank->samples ||
        !g->bank->written[bank][sample] || !g->have[sample] || bank_view_make(g, bank, &view, NULL) != SMAC_OK)
        return 0;
    for (int64_t row = 0; row < view.count && view.count >= 2; row++) {
        if (view.samples[row] != sample)
            continue;
        found = neighbour_count(&g->options, view.count);
        found = found < limit ? found : limit;
        neighbour_rows wanted = {&row, 1, found};
        if (neighbours_find(&view, &g->options, &wanted, indices, similarities, NULL) != SMAC_OK)
            found = 0;
        for (int64_t i = 0; i < found; i++)
            indices[i] = view.samples[indices[i]];
        break;
    }
    bank_view_free(&view);
    return found;
}

/* --- the state for checkpoints ----------------------------------------------------------------------------------- */

int label_generation_array_count(const label_generation *g)
{
    (void)g;
    return 2 * MODALITIES_AND_SHARED;
}

label_array label_generation_array_at(const label_generation *g, int index)
{
    label_array a = {.rows = g->bank->samples, .columns = g->options.targets};
    if (index < 0 || index >= 2 * MODALITIES_AND_SHARED)
        return (label_array){.name = ""};
    modality target = (modality)(index / 2);
    snprintf(a.name, sizeof a.name, "%s.%s", index % 2 ? "suggestion" : "label", modality_name(target));
    a.data = index % 2 ? g->suggestion[target] : g->label[target];
    return a;
}
