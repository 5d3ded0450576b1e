/*
 * train/trainer.c - the loop: steps, validation, labels, checkpoints (docs/method.md, section 7).
 *
 * All that happens is a function of (configuration, seed, data, place in the run): order and dropout come from
 * counters, so a checkpoint holds numbers alone, and going on from it gives the same bits as never having stopped.
 */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/random.h"
#include "train/augmentation.h"
#include "train/evaluate.h"
#include "train/objective_setup.h"
#include "train/trainer_internal.h"

#ifndef SMAC_VERSION
#define SMAC_VERSION "0.1.0"
#endif

double training_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int64_t training_total_steps(const training *t)
{
    return t->c->train.epochs * t->epoch_steps;
}

/* --- setting up --------------------------------------------------------------------------------------------------- */

static smac_status collect_clips(training *t, smac_error *error)
{
    const dataset *d = t->cache->source;
    t->items = memory_new((size_t)d->count + 1, sizeof *t->items);
    t->order = memory_new((size_t)d->count + 1, sizeof *t->order);
    t->truth = memory_new((size_t)d->count + 1, (size_t)t->targets * sizeof *t->truth);
    if (!t->items || !t->order || !t->truth)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld clips", (long long)d->count);
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *item = &d->items[i];
        double label = item->label[TRUTH_MULTIMODAL];
        if (!t->cache->usable[i] || isnan(label))
            continue;
        t->valid_count += item->split == SPLIT_VALID;
        if (item->split != SPLIT_TRAIN)
            continue;
        float *row = t->truth + t->count * t->targets;
        if (t->task->kind == TASK_CLASSES)
            row[(int)label] = 1;
        else
            row[0] = (float)label;
        t->items[t->count++] = i;
    }
    if (t->count == 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "the data hold no training clip that can be used: mark some as train");
    t->batch = configuration_batch(t->c, t->count);
    t->batches = (t->count + t->batch - 1) / t->batch;
    t->epoch_steps = (t->batches + t->c->train.accumulate - 1) / t->c->train.accumulate;
    return SMAC_OK;
}

/* Clips of one video (a speaker) share a group; groups are numbered by first appearance. */
static int32_t *group_by_video(const training *t)
{
    const dataset_item *items = t->cache->source->items;
    int32_t *groups = memory_new((size_t)t->count, sizeof *groups);
    int32_t next = 0;
    for (int64_t i = 0; groups && i < t->count; i++) {
        groups[i] = -1;
        for (int64_t k = i - 1; k >= 0 && groups[i] < 0; k--)
            if (strcmp(items[t->items[k]].video_id, items[t->items[i]].video_id) == 0)
                groups[i] = groups[k];
        if (groups[i] < 0)
            groups[i] = next++;
    }
    return groups;
}

/* labels.scheme true: the data's own unimodal labels, where there are any. */
static smac_status put_own_labels(training *t, smac_error *error)
{
    float *labels = memory_new((size_t)t->count, (size_t)t->targets * sizeof *labels);
    uint8_t *have = memory_new((size_t)t->count, 1);
    smac_status status = labels && have ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for labels");
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++) {
        memset(labels, 0, (size_t)(t->count * t->targets) * sizeof *labels);
        for (int64_t i = 0; i < t->count; i++) {
            double own = t->cache->source->items[t->items[i]].label[TRUTH_TEXT + m];
            have[i] = !isnan(own);
            if (have[i] && t->task->kind == TASK_CLASSES)
                labels[i * t->targets + (int)own] = 1;
            else if (have[i])
                labels[i] = (float)own;
        }
        status = label_generation_set(t->labels, (modality)m, labels, have, error);
    }
    free(labels);
    free(have);
    return status;
}

static smac_status make_labels(training *t, smac_error *error)
{
    label_generation_options o = label_generation_options_from(t->c, t->task, t->count);
    int32_t *groups = group_by_video(t);
    if (!groups)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the groups of %lld clips", (long long)t->count);
    smac_status status = label_generation_new(&o, t->truth, groups, &t->labels, error);
    free(groups);
    if (status == SMAC_OK && t->c->labels.scheme == LABELS_TRUE)
        status = put_own_labels(t, error);
    return status;
}

static smac_status make_objective(training *t, smac_error *error)
{
    t->objective = objective_options_from(t->c, t->task);
    if (t->task->kind != TASK_CLASSES || !t->c->loss.class_weights)
        return SMAC_OK;
    t->class_weights = memory_new((size_t)t->targets, sizeof *t->class_weights);
    if (!t->class_weights)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for class weights");
    for (int k = 0; k < t->targets; k++) {
        double n = 0;
        for (int64_t i = 0; i < t->count; i++)
            n += (double)t->truth[i * t->targets + k];
        t->class_weights[k] = n > 0 ? (float)((double)t->count / (n * t->targets)) : 0;
    }
    t->objective.class_weights = t->class_weights;
    return SMAC_OK;
}

static smac_status set_up(training *t, smac_error *error)
{
    static const char *const names[RUN_FILES] = {
        "best.safetensors", "last.safetensors", "log.jsonl", "labels.csv", "label_quality.json", "config.yaml"};
    for (int i = 0; i < RUN_FILES; i++)
        if (!(t->paths[i] = path_join(t->options->out, names[i])))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    TRY(collect_clips(t, error));
    TRY(make_labels(t, error));
    TRY(make_objective(t, error));
    optimiser_options o = optimiser_options_from(t->c);
    TRY(optimiser_new(t->system->store, &o, &t->optimiser, error));
    t->tape = tape_new(NULL);
    if (!t->tape)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    training_record *r = &t->system->training;
    snprintf(r->program_version, sizeof r->program_version, "%s", SMAC_VERSION);
    snprintf(r->dataset, sizeof r->dataset, "%.60s", t->cache->source->layout);
    snprintf(r->data_sha256, sizeof r->data_sha256, "%s", t->cache->source->sha256);
    r->seed = (uint64_t)t->c->train.seed;
    r->training_clips = t->count;
    t->epoch = 1;
    t->best_value = NAN;
    return SMAC_OK;
}

static void tear_down(training *t)
{
    if (t->log)
        fclose(t->log);
    tape_free(t->tape);
    optimiser_free(t->optimiser);
    label_generation_free(t->labels);
    free(t->class_weights);
    free(t->items);
    free(t->order);
    free(t->truth);
    for (int i = 0; i < RUN_FILES; i++)
        free(t->paths[i]);
}

/* --- one step ----------------------------------------------------------------------------------------------------- */

/* What a step needs beside the tape; lives until the banks are written. */
typedef struct step_work {
    int64_t count;
    const int64_t *clips; /* (count) training clips */
    batch batch;
    float *numbers; /* target and four labels, (5, count, targets) */
    uint8_t *drop;
    semanticmac_outputs out;
    objective_terms terms;
} step_work;

static tape_options step_options(const training *t, bool check)
{
    return (tape_options){.record = true,
        .training = true,
        .check_finite = check || t->c->train.check_finite,
        .precision = t->c->train.precision == PRECISION_KIND_BF16 ? PRECISION_BF16 : PRECISION_F32,
        .seed = (uint64_t)t->c->train.seed,
        .step = (uint64_t)((t->epoch - 1) * t->batches + t->position)};
}

static value *forward(training *t, step_work *w, bool check)
{
    tape_options options = step_options(t, check);
    tape_reset(t->tape, &options);
    w->out = system_forward(t->system, t->tape, &w->batch, SEMANTICMAC_EVERYTHING);
    if (tape_status(t->tape, NULL) != SMAC_OK)
        return NULL;
    int64_t row = w->count * t->targets;
    objective_inputs in = objective_inputs_from(&w->out, 0, w->count);
    in.target = w->numbers;
    for (int k = 0; k < MODALITIES_AND_SHARED; k++)
        in.labels[k] = w->numbers + (1 + k) * row;
    return objective_total(t->tape, &t->objective, &in, &w->terms);
}

/* Something is not finite: do the batch again with every operation checked, so that the message names the first one. */
static smac_status explain(training *t, step_work *w, smac_error *error)
{
    value *loss = forward(t, w, true);
    smac_status status = tape_status(t->tape, error);
    if (status == SMAC_OK && loss)
        status = tape_backward(t->tape, loss, 1, error);
    if (status == SMAC_OK)
        return FAIL(error, SMAC_ERROR_NUMERIC,
            "the loss of epoch %lld, step %lld is not finite (task %g, intra %g, inter %g); lower train.rate",
            (long long)t->epoch, (long long)t->steps + 1, w->terms.task, w->terms.intra, w->terms.inter);
    return error_prefix(error, "epoch %lld, step %lld", (long long)t->epoch, (long long)t->steps + 1);
}

static smac_status write_banks(training *t, const step_work *w, smac_error *error)
{
    for (int u = 0; u < MODALITIES; u++)
        if (w->out.specific[u])
            TRY(label_generation_write(
                t->labels, u, w->clips, w->count, tape_numbers(t->tape, w->out.specific[u]), w->out.present[u], error));
    TRY(label_generation_write(
        t->labels, MODALITY_SHARED, w->clips, w->count, tape_numbers(t->tape, w->out.shared_mean), NULL, error));
    return label_generation_write(
        t->labels, LABEL_BANK_FUSED, w->clips, w->count, tape_numbers(t->tape, w->out.fused), NULL, error);
}

/* Forward and backward of the batch at t->position; gradients are added. */
static smac_status run_batch(training *t, step_work *w, float scale, smac_error *error)
{
    const sample **samples = memory_new((size_t)t->batch, sizeof *samples);
    if (!samples)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a batch");
    w->clips = t->order + t->position * t->batch;
    w->count = t->count - t->position * t->batch < t->batch ? t->count - t->position * t->batch : t->batch;
    for (int64_t i = 0; i < w->count; i++) {
        samples[i] = &t->cache->samples[t->items[w->clips[i]]];
        memcpy(w->numbers + i * t->targets, t->truth + w->clips[i] * t->targets, (size_t)t->targets * sizeof(float));
    }
    for (int k = 0; k < MODALITIES_AND_SHARED; k++)
        label_generation_gather(
            t->labels, (modality)k, w->clips, w->count, w->numbers + (1 + k) * w->count * t->targets);
    training_modality_dropout(t, w->clips, w->count, w->drop);
    smac_status status = system_batch(t->system, samples, w->count, w->drop, &w->batch, error);
    free(samples);
    TRY(status);
    TRY(augment_batch(t->c, t->system->tokenizer, &w->batch, w->clips, (uint64_t)t->epoch * (uint64_t)t->count, error));
    value *loss = forward(t, w, false);
    status = tape_status(t->tape, error);
    if (status == SMAC_OK && !isfinite(w->terms.total))
        status = explain(t, w, error);
    if (status == SMAC_OK)
        status = tape_backward(t->tape, loss, scale, error);
    if (status == SMAC_OK)
        status = write_banks(t, w, error);
    return status;
}

/* One step of the optimiser: train.accumulate batches, fewer at the end of an epoch. */
static smac_status run_step(training *t, step_work *w, smac_error *error)
{
    double begun = training_clock(), norm = 0;
    double factor = schedule_factor(t->c->train.schedule, t->c->train.warmup, t->steps, training_total_steps(t));
    int64_t left = t->batches - t->position;
    int64_t batches = left < t->c->train.accumulate ? left : t->c->train.accumulate, clips = 0;
    parameter_zero_gradients(t->system->store);
    smac_status status = SMAC_OK;
    for (int64_t i = 0; i < batches && status == SMAC_OK; i++) {
        batch_clear(&w->batch);
        status = run_batch(t, w, 1 / (float)batches, error);
        if (status == SMAC_OK) {
            clips += w->count;
            t->position++;
        }
    }
    TRY(status);
    status = optimiser_step(t->optimiser, factor, &norm, error);
    if (status == SMAC_ERROR_NUMERIC) {
        smac_error detail = {0};
        t->position--; /* the batch that is still in w */
        if (!t->c->train.check_finite && explain(t, w, &detail) != SMAC_OK &&
            strstr(detail.message, "loss of epoch") == NULL && error)
            *error = detail;
        return status;
    }
    TRY(status);
    t->steps++;
    t->sums.loss += w->terms.total;
    t->sums.task += w->terms.task;
    t->sums.gradient += norm;
    t->sums.steps++;
    return training_log_step(t, &w->terms, norm, factor, clips, training_clock() - begun, error);
}

/* --- one epoch ---------------------------------------------------------------------------------------------------- */

static smac_status stopped(training *t, smac_error *error)
{
    TRY(training_save(t, error));
    return FAIL(error, SMAC_ERROR_INTERRUPTED,
        "stopped in epoch %lld after %lld steps; all of it is in %s, --resume goes on from there", (long long)t->epoch,
        (long long)t->steps, t->paths[RUN_LAST]);
}

/* Says how far the epoch is, begun at the batch first so many seconds ago; whether to stop. */
static bool tell(training *t, int64_t first, double seconds)
{
    char what[60];
    int64_t end = t->position * t->batch, clips = (end < t->count ? end : t->count) - first * t->batch;
    double speed = (double)clips / seconds;
    snprintf(what, sizeof what, "epoch %lld of %lld", (long long)t->epoch, (long long)t->c->train.epochs);
    if (clips > 0)
        report_detail(
            t->report, "loss %.4f, %.*f clips/s", t->sums.loss / (double)t->sums.steps, speed < 10 ? 2 : 0, speed);
    if (report_progress(t->report, what, (double)t->position, (double)t->batches))
        t->stop = true;
    return t->stop;
}

static smac_status run_batches(training *t, step_work *w, smac_error *error)
{
    int64_t every = t->options->checkpoint_seconds > 0 ? t->options->checkpoint_seconds : 120;
    double begun = training_clock(), saved = begun;
    int64_t first = t->position;
    while (t->position < t->batches) {
        if (tell(t, first, training_clock() - begun))
            return stopped(t, error);
        TRY(run_step(t, w, error));
        if (t->options->stop_after_steps && t->steps >= t->options->stop_after_steps)
            return FAIL(
                error, SMAC_ERROR_INTERRUPTED, "stopped after %lld steps without a checkpoint", (long long)t->steps);
        if (training_clock() - saved > (double)every && t->position < t->batches) {
            TRY(training_save(t, error));
            saved = training_clock();
        }
    }
    tell(t, first, training_clock() - begun); /* an epoch that is all done is finished first */
    return SMAC_OK;
}

/* At the end of an epoch the work is shown but not left half way: being asked to stop counts behind it. */
static int note_stop(void *user, const char *what, double done, double total)
{
    training *t = user;
    if (report_progress(t->report, what, done, total))
        t->stop = true;
    return 0;
}

/* Is this epoch the best so far?  Without a validation part the last one is. */
static bool is_better(const training *t, double value, bool less)
{
    if (!t->valid_count || isnan(t->best_value))
        return true;
    return less ? value < t->best_value : value > t->best_value;
}

/* labels.reliability: each modality's correlation with the truth on validation, beside that of the best one. */
static void set_reliability(training *t, const evaluation *e)
{
    double known[MODALITIES_AND_SHARED] = {0}, best = 0;
    for (int head = 0; head < MODALITIES_AND_SHARED; head++) {
        if (e->has_head[head])
            known[head] = head_reliability(t->task, e->count, e->head[head], e->truth[0]);
        best = known[head] > best ? known[head] : best;
    }
    for (int head = 0; head < MODALITIES_AND_SHARED; head++)
        label_generation_set_reliability(t->labels, (modality)head, best > 0 ? known[head] / best : 0);
}

static smac_status finish_epoch(training *t, double begun, smac_error *error)
{
    metric_list valid = {.count = 0};
    bool less;
    const char *name = metric_for_validation(t->task, &less);
    reporter shown = {.progress = note_stop, .user = t};
    if (t->valid_count) {
        evaluation *e = NULL;
        TRY(evaluate_on(t->system, t->cache, SPLIT_VALID, NULL, &shown, &e, error));
        valid = e->metrics;
        if (t->c->labels.reliability)
            set_reliability(t, e);
        evaluation_free(e);
    }
    double figure = metric_value(&valid, name);
    bool better = is_better(t, figure, less);
    if (better) {
        t->best_value = figure;
        t->best_epoch = t->epoch;
        t->best = valid;
        t->stale = 0;
        TRY(training_save_best(t, error));
    } else {
        t->stale++;
    }
    TRY(label_generation_refresh(t->labels, t->epoch, &shown, error));
    TRY(training_log_epoch(t, &valid, better, training_clock() - begun, error));
    TRY(training_write_labels(t, error));
    report_log(t->report, LOG_INFO, "epoch %lld: training loss %.4f, validation %s %.4f%s", (long long)t->epoch,
        t->sums.loss / (double)(t->sums.steps ? t->sums.steps : 1), name, figure, better ? " (best)" : "");
    t->done = t->epoch >= t->c->train.epochs || (t->c->train.patience && t->stale >= t->c->train.patience);
    t->epoch++;
    t->position = 0;
    t->sums = (epoch_sums){0, 0, 0, 0};
    return training_save(t, error);
}

static smac_status run_epochs(training *t, smac_error *error)
{
    step_work w = {0};
    w.numbers = memory_new((size_t)(5 * t->batch), (size_t)t->targets * sizeof *w.numbers);
    w.drop = memory_new((size_t)t->batch, MODALITIES);
    smac_status status = w.numbers && w.drop ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a batch");
    while (status == SMAC_OK && !t->done) {
        double begun = training_clock();
        status = training_make_order(t, error);
        if (status == SMAC_OK)
            status = run_batches(t, &w, error);
        if (status == SMAC_OK)
            status = finish_epoch(t, begun, error);
    }
    batch_clear(&w.batch);
    free(w.numbers);
    free(w.drop);
    return status;
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static smac_status begin_or_resume(training *t, bool *resumed, smac_error *error)
{
    const char *last = t->paths[RUN_LAST];
    *resumed = false;
    if (t->options->resume && file_exists(last)) {
        tensor_file *file = NULL;
        TRY(error_advise(error, tensor_file_open(last, &file, error), SMAC_ERROR_FORMAT, "--overwrite starts anew"));
        smac_status status = training_check_configuration(t->c, file, last, error);
        if (status == SMAC_OK)
            status = training_restore(t, file, error);
        tensor_file_close(file);
        TRY(status);
        *resumed = true;
        bool stale = t->c->train.patience && t->stale >= t->c->train.patience;
        t->done = (t->epoch > t->c->train.epochs || stale) && t->position == 0;
        report_log(
            t->report, LOG_INFO, "going on from epoch %lld, step %lld", (long long)t->epoch, (long long)t->steps);
    } else if (!t->options->resume && !t->options->overwrite &&
        (file_exists(last) || file_exists(t->paths[RUN_BEST]))) {
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%.300s holds a run already; go on with it by --resume, start anew by "
            "--overwrite, or choose another folder",
            t->options->out);
    }
    return SMAC_OK;
}

static smac_status write_configuration(training *t, smac_error *error)
{
    char *text = configuration_to_yaml(t->c);
    if (!text)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for config.yaml");
    smac_status status = file_write(t->paths[RUN_CONFIGURATION], text, strlen(text), error);
    free(text);
    return status;
}

static void fill_result(const training *t, bool already, train_result *result)
{
    result->epochs = t->epoch - 1;
    result->best_epoch = t->best_epoch;
    result->steps = t->steps;
    result->best = t->best;
    snprintf(result->metric, sizeof result->metric, "%s", metric_for_validation(t->task, &(bool){false}));
    result->best_value = t->best_value;
    result->seconds = t->seconds_before + training_clock() - t->started;
    result->already_done = already;
    snprintf(result->best_path, sizeof result->best_path, "%s", t->paths[RUN_BEST]);
}

smac_status train_on(const train_options *options, affect_system *system, const sample_cache *cache, const reporter *r,
    train_result *result, smac_error *error)
{
    training t = {.options = options,
        .c = &system->configuration,
        .system = system,
        .cache = cache,
        .report = r,
        .task = &system->tasks[0],
        .targets = task_targets(&system->tasks[0]),
        .started = training_clock()};
    bool resumed = false;
    memset(result, 0, sizeof *result);
    smac_status status = set_up(&t, error);
    if (status == SMAC_OK)
        status = folder_make(options->out, error);
    if (status == SMAC_OK)
        status = begin_or_resume(&t, &resumed, error);
    if (status == SMAC_OK)
        file_remove_leftovers(options->out); /* of a run that was killed while it wrote */
    bool already = t.done;
    if (status == SMAC_OK && !already)
        status = write_configuration(&t, error);
    if (status == SMAC_OK && !already)
        status = training_log_open(&t, resumed, error);
    if (status == SMAC_OK && !already)
        status = run_epochs(&t, error);
    if (status == SMAC_OK || status == SMAC_ERROR_INTERRUPTED)
        fill_result(&t, already, result);
    tear_down(&t);
    return status;
}
