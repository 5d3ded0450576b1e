/* objectives/label_generation.c - banks, labels, the refresh at the end of an epoch, and the state for checkpoints. */
#include "objectives/label_generation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "objectives/label_internal.h"

enum { TARGETS_MAX = 64 };

static const char *const bank_names[LABEL_BANKS] = {"text", "audio", "vision", "shared", "fused"};

struct label_generation {
    label_generation_options options;
    float *truth;                              /* (N, targets) */
    int32_t *groups;                           /* (N) or NULL */
    float *bank[LABEL_BANKS];                  /* (N, D); NULL where the rule needs none */
    uint8_t *written[LABEL_BANKS];             /* (N) */
    float *label[MODALITIES_AND_SHARED];       /* (N, targets) */
    float *suggestion[MODALITIES_AND_SHARED];  /* (N, targets) */
    double reliability[MODALITIES_AND_SHARED]; /* 0 to 1 */
};

/* --- making -------------------------------------------------------------------------------------------------------- */

static smac_status check_labels(
    const label_generation_options *o, const float *labels, const uint8_t *have, smac_error *error)
{
    for (int64_t i = 0; i < o->samples; i++) {
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
    size_t size;
    if (o->samples < 1 || o->width < 1 || o->targets < 1 || o->targets > TARGETS_MAX ||
        !checked_multiply((size_t)o->samples, (size_t)o->width, &size))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "label generation for %lld samples of width %lld with %d targets; expected "
            "at least 1 of each and at most %d targets",
            (long long)o->samples, (long long)o->width, o->targets, TARGETS_MAX);
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

static bool needs_bank(const label_generation_options *o, int bank)
{
    if (o->rule == LABEL_RULE_FIXED)
        return false;
    return bank != LABEL_BANK_FUSED || o->rule == LABEL_RULE_SELF_MM;
}

smac_status label_generation_new(const label_generation_options *options, const float *truth, const int32_t *groups,
    label_generation **out, smac_error *error)
{
    *out = NULL;
    TRY(check_options(options, error));
    TRY(check_labels(options, truth, NULL, error));
    size_t samples = (size_t)options->samples, targets = (size_t)options->targets, width = (size_t)options->width;
    label_generation *g = memory_new(1, sizeof *g);
    if (!g)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for label generation");
    g->options = *options;
    for (int target = 0; target < MODALITIES_AND_SHARED; target++)
        g->reliability[target] = 1;
    bool memory = (g->truth = memory_new(samples * targets, sizeof *g->truth)) != NULL;
    if (groups)
        memory = memory && (g->groups = memory_new(samples, sizeof *g->groups)) != NULL;
    for (int b = 0; b < LABEL_BANKS && memory; b++) {
        if (b < MODALITIES_AND_SHARED)
            memory = (g->label[b] = memory_new(samples * targets, sizeof(float))) != NULL &&
                (g->suggestion[b] = memory_new(samples * targets, sizeof(float))) != NULL;
        if (memory && needs_bank(options, b))
            memory = (g->bank[b] = memory_new(samples * width, sizeof(float))) != NULL &&
                (g->written[b] = memory_new(samples, 1)) != NULL;
    }
    if (!memory) {
        label_generation_free(g);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the banks of %zu samples of width %zu", samples, width);
    }
    memcpy(g->truth, truth, samples * targets * sizeof *truth);
    if (groups)
        memcpy(g->groups, groups, samples * sizeof *groups);
    for (int b = 0; b < MODALITIES_AND_SHARED; b++) {
        memcpy(g->label[b], truth, samples * targets * sizeof *truth);
        memcpy(g->suggestion[b], truth, samples * targets * sizeof *truth);
    }
    *out = g;
    return SMAC_OK;
}

void label_generation_free(label_generation *g)
{
    if (!g)
        return;
    for (int b = 0; b < LABEL_BANKS; b++) {
        free(g->bank[b]);
        free(g->written[b]);
    }
    for (int b = 0; b < MODALITIES_AND_SHARED; b++) {
        free(g->label[b]);
        free(g->suggestion[b]);
    }
    free(g->truth);
    free(g->groups);
    free(g);
}

const label_generation_options *label_generation_get_options(const label_generation *g)
{
    return &g->options;
}

/* --- writing and reading ---------------------------------------------------------------------------------------------- */

smac_status label_generation_write(label_generation *g, int bank, const int64_t *samples, int64_t count,
    const float *vectors, const uint8_t *present, smac_error *error)
{
    int64_t width = g->options.width;
    if (bank < 0 || bank >= LABEL_BANKS)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "bank %d; expected 0 to %d", bank, LABEL_BANKS - 1);
    if (!g->bank[bank])
        return SMAC_OK; /* this rule needs none */
    for (int64_t i = 0; i < count; i++) {
        if (samples[i] < 0 || samples[i] >= g->options.samples)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "training sample %lld; expected 0 to %lld", (long long)samples[i],
                (long long)g->options.samples - 1);
        if (present && !present[i])
            continue;
        for (int64_t d = 0; d < width; d++)
            if (!isfinite(vectors[i * width + d]))
                return FAIL(error, SMAC_ERROR_NUMERIC,
                    "the %s vector of training sample %lld is not finite at place %lld", bank_names[bank],
                    (long long)samples[i], (long long)d);
    }
    for (int64_t i = 0; i < count; i++) {
        if (present && !present[i])
            continue;
        memcpy(g->bank[bank] + samples[i] * width, vectors + i * width, (size_t)width * sizeof *vectors);
        g->written[bank][samples[i]] = 1;
    }
    return SMAC_OK;
}

smac_status label_generation_set(
    label_generation *g, modality target, const float *labels, const uint8_t *have, smac_error *error)
{
    TRY(check_labels(&g->options, labels, have, error));
    int targets = g->options.targets;
    for (int64_t i = 0; i < g->options.samples; i++)
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

/* --- the refresh -------------------------------------------------------------------------------------------------------- */

static void view_free(bank_view *view)
{
    free(view->vectors);
    free(view->truth);
    free(view->samples);
}

/* The written part of a bank, centred on its mean. */
static smac_status view_make(const label_generation *g, int bank, bank_view *view, smac_error *error)
{
    int64_t samples = g->options.samples, width = g->options.width;
    int targets = g->options.targets;
    *view = (bank_view){.width = width, .targets = targets, .groups = g->groups};
    for (int64_t i = 0; i < samples; i++)
        view->count += g->written[bank][i];
    size_t rows = view->count > 0 ? (size_t)view->count : 1;
    view->vectors = memory_new(rows * (size_t)width, sizeof *view->vectors);
    view->truth = memory_new(rows * (size_t)targets, sizeof *view->truth);
    view->samples = memory_new(rows, sizeof *view->samples);
    double *mean = memory_new((size_t)width, sizeof *mean);
    if (!view->vectors || !view->truth || !view->samples || !mean) {
        view_free(view);
        free(mean);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a view of %zu bank vectors", rows);
    }
    int64_t at = 0;
    for (int64_t i = 0; i < samples; i++) {
        if (!g->written[bank][i])
            continue;
        view->samples[at++] = i;
        for (int64_t d = 0; d < width; d++)
            mean[d] += g->bank[bank][i * width + d];
    }
    for (at = 0; at < view->count; at++) {
        const float *from = g->bank[bank] + view->samples[at] * width;
        for (int64_t d = 0; d < width; d++)
            view->vectors[at * width + d] = (float)(from[d] - mean[d] / (double)view->count);
        memcpy(
            view->truth + at * targets, g->truth + view->samples[at] * targets, (size_t)targets * sizeof *view->truth);
    }
    free(mean);
    return SMAC_OK;
}

static float clamp_to(const label_generation_options *o, double y)
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
            double truth = view->truth[i * o->targets + c], said = suggestions[i * o->targets + c];
            float *q = next + view->samples[i] * o->targets + c;
            *q = clamp_to(o, *q + step * (truth + mix * (said - truth) - *q));
        }
    }
}

static smac_status refresh_target(
    const label_generation *g, int target, int64_t epoch, float *next, float *said, smac_error *error)
{
    const label_generation_options *o = &g->options;
    bank_view view;
    TRY(view_make(g, target, &view, error));
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
                said + view.samples[i] * o->targets, suggestions + i * o->targets, (size_t)o->targets * sizeof *said);
        free(suggestions);
        free(mixes);
    }
    view_free(&view);
    return status;
}

/* --- Self-MM's rule ----------------------------------------------------------------------------------------------------- */

/* delta (N): (distance to the negative centre - distance to the positive one) / distance to the positive one */
static smac_status relative_distances(const label_generation *g, int bank, double *delta, smac_error *error)
{
    int64_t samples = g->options.samples, width = g->options.width;
    double middle = (g->options.low + g->options.high) / 2, count[2] = {0, 0};
    double *centre = memory_new(2 * (size_t)width, sizeof *centre);
    if (!centre)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for class centres");
    for (int64_t i = 0; i < samples; i++) {
        double y = g->label[bank < MODALITIES_AND_SHARED ? bank : 0][i];
        if (bank == LABEL_BANK_FUSED)
            y = g->truth[i];
        if (!g->written[bank][i] || y == middle)
            continue;
        int side = y > middle;
        count[side]++;
        for (int64_t d = 0; d < width; d++)
            centre[side * width + d] += g->bank[bank][i * width + d];
    }
    for (int64_t i = 0; i < samples; i++) {
        double squares[2] = {0, 0};
        for (int side = 0; side < 2; side++)
            for (int64_t d = 0; count[side] > 0 && d < width; d++) {
                double gap = g->bank[bank][i * width + d] - centre[side * width + d] / count[side];
                squares[side] += gap * gap;
            }
        double negative = sqrt(squares[0]), positive = sqrt(squares[1]);
        delta[i] =
            count[0] > 0 && count[1] > 0 && g->written[bank][i] ? (negative - positive) / (positive + 1e-8) : NAN;
    }
    free(centre);
    return SMAC_OK;
}

/* new = (alpha y + (y + delta_s - delta_f)) / 2 with alpha = delta_s / delta_f, around the middle of the range */
static smac_status self_mm(const label_generation *g, int64_t epoch, float *next[MODALITIES_AND_SHARED],
    float *said[MODALITIES_AND_SHARED], smac_error *error)
{
    const label_generation_options *o = &g->options;
    double middle = (o->low + o->high) / 2, n = (double)epoch, step = o->momentum ? 2 / (n + 2) : 1;
    double *fused = memory_new((size_t)o->samples, sizeof *fused), *own = memory_new((size_t)o->samples, sizeof *own);
    smac_status status = fused && own ? relative_distances(g, LABEL_BANK_FUSED, fused, error)
                                      : FAIL(error, SMAC_ERROR_MEMORY, "no memory for Self-MM's distances");
    for (int target = 0; target < MODALITIES_AND_SHARED && status == SMAC_OK; target++) {
        status = relative_distances(g, target, own, error);
        for (int64_t i = 0; status == SMAC_OK && i < o->samples; i++) {
            if (isnan(own[i]) || isnan(fused[i]))
                continue;
            double y = g->truth[i] - middle, alpha = own[i] / (fused[i] + 1e-8);
            double renewed = clamp_to(o, middle + 0.5 * alpha * y + 0.5 * (y + own[i] - fused[i]));
            said[target][i] = (float)renewed;
            next[target][i] = clamp_to(o, next[target][i] + step * (renewed - next[target][i]));
        }
    }
    free(fused);
    free(own);
    return status;
}

smac_status label_generation_refresh(label_generation *g, int64_t epoch, const reporter *report, smac_error *error)
{
    const label_generation_options *o = &g->options;
    if (o->rule == LABEL_RULE_FIXED || epoch < o->start_epoch)
        return SMAC_OK;
    size_t count = (size_t)o->samples * (size_t)o->targets;
    float *next[MODALITIES_AND_SHARED], *said[MODALITIES_AND_SHARED];
    bool memory = true;
    for (int target = 0; target < MODALITIES_AND_SHARED;
         target++) { /* all or nothing: kept only when every target is done */
        next[target] = memory_new(count, sizeof(float));
        said[target] = memory_new(count, sizeof(float));
        memory = memory && next[target] && said[target];
        if (memory) {
            memcpy(next[target], g->label[target], count * sizeof(float));
            memcpy(said[target], g->suggestion[target], count * sizeof(float));
        }
    }
    smac_status status = memory ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory to renew %zu labels", count);
    if (status == SMAC_OK && o->rule == LABEL_RULE_SELF_MM)
        status = self_mm(g, epoch, next, said, error);
    for (int target = 0; target < MODALITIES_AND_SHARED && status == SMAC_OK && o->rule != LABEL_RULE_SELF_MM;
         target++) {
        if (report_progress(report, "renewing labels", target, MODALITIES_AND_SHARED))
            status = FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped while the labels were renewed");
        else
            status = refresh_target(g, target, epoch, next[target], said[target], error);
    }
    for (int target = 0; target < MODALITIES_AND_SHARED; target++) {
        if (status == SMAC_OK) {
            memcpy(g->label[target], next[target], count * sizeof(float));
            memcpy(g->suggestion[target], said[target], count * sizeof(float));
        }
        free(next[target]);
        free(said[target]);
    }
    return status;
}

int64_t label_generation_neighbours(
    const label_generation *g, int bank, int64_t sample, int64_t limit, int64_t *indices, float *similarities)
{
    bank_view view;
    int64_t found = 0;
    if (bank < 0 || bank >= LABEL_BANKS || !g->bank[bank] || sample < 0 || sample >= g->options.samples ||
        !g->written[bank][sample] || view_make(g, bank, &view, NULL) != SMAC_OK)
        return 0;
    for (int64_t row = 0; row < view.count && view.count >= 2; row++) {
        if (view.samples[row] != sample)
            continue;
        found = neighbour_count(&g->options, view.count);
        found = found < limit ? found : limit;
        if (neighbours_find(&view, &g->options, &row, 1, found, indices, similarities, NULL) != SMAC_OK)
            found = 0;
        for (int64_t i = 0; i < found; i++)
            indices[i] = view.samples[indices[i]];
        break;
    }
    view_free(&view);
    return found;
}

/* --- the state for checkpoints ------------------------------------------------------------------------------------------- */

int label_generation_array_count(const label_generation *g)
{
    int count = 2 * MODALITIES_AND_SHARED;
    for (int b = 0; b < LABEL_BANKS; b++)
        count += g->bank[b] ? 2 : 0;
    return count;
}

label_generation_array label_generation_array_at(const label_generation *g, int index)
{
    label_generation_array a = {.rows = g->options.samples, .columns = g->options.targets};
    if (index < 2 * MODALITIES_AND_SHARED) {
        int target = index / 2;
        snprintf(a.name, sizeof a.name, "labels.%s.%s", index % 2 ? "said" : "label", bank_names[target]);
        a.data = index % 2 ? g->suggestion[target] : g->label[target];
        return a;
    }
    index -= 2 * MODALITIES_AND_SHARED;
    for (int b = 0; b < LABEL_BANKS; b++) {
        if (!g->bank[b])
            continue;
        if (index < 2) {
            snprintf(a.name, sizeof a.name, "labels.%s.%s", index ? "written" : "bank", bank_names[b]);
            a.data = index ? (void *)g->written[b] : (void *)g->bank[b];
            a.bytes = index == 1;
            a.columns = index ? 1 : g->options.width;
            return a;
        }
        index -= 2;
    }
    return (label_generation_array){.name = ""};
}
