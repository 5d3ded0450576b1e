/*
 * train/trainer.c - the loop: epochs of steps, validation, labels, checkpoints (docs/method.md, section 7).
 *
 * All that happens is a function of (configuration, seed, data, place in the run): order and dropout come from
 * counters, so a checkpoint holds numbers alone, and going on from it gives the same bits as never having stopped.
 */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "train/trainer_internal.h"

double training_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int64_t training_total_steps(const training *t)
{
    return t->run->train.epochs * t->epoch_steps;
}

/* --- one epoch ---------------------------------------------------------------------------------------------------- */

static smac_status leave_stopped(training *t, smac_error *error)
{
    TRY(training_save(t, error));
    return FAIL(error, SMAC_ERROR_INTERRUPTED,
        "stopped in epoch %lld after %lld steps; all of it is in %s, --resume goes on from there", (long long)t->epoch,
        (long long)t->steps, t->paths[RUN_LAST]);
}

/* Says how far the epoch is, begun at the batch first so many seconds ago; whether to stop. */
static bool show_progress(training *t, int64_t first, double seconds)
{
    char what[60];
    int64_t end = t->position * t->batch, clips = (end < t->count ? end : t->count) - first * t->batch;
    double speed = (double)clips / seconds;
    snprintf(what, sizeof what, "epoch %lld of %lld", (long long)t->epoch, (long long)t->run->train.epochs);
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
        bool stop = show_progress(t, first, training_clock() - begun);
        TRY(team_agree(t->options->team, SMAC_OK, &stop, error));
        if (stop)
            return leave_stopped(t, error);
        TRY(training_run_step(t, w, error));
        if (t->options->stop_after_steps && t->steps >= t->options->stop_after_steps)
            return FAIL(
                error, SMAC_ERROR_INTERRUPTED, "stopped after %lld steps without a checkpoint", (long long)t->steps);
        if (training_clock() - saved > (double)every && t->position < t->batches) {
            TRY(training_save(t, error));
            saved = training_clock();
        }
    }
    show_progress(t, first, training_clock() - begun); /* an epoch that is all done is finished first */
    return SMAC_OK;
}

/* Shows the progress of the end of an epoch, which is always completed: a request to stop takes effect after it. */
static int note_stop(void *user, const char *what, double done, double total)
{
    training *t = user;
    if (report_progress(t->report, what, done, total))
        t->stop = true;
    return 0;
}

/* Is this epoch the best so far?  Without a validation part the last one is. */
static bool is_better(const training *t, double figure)
{
    if (!t->valid_count || isnan(t->figure.value))
        return true;
    return t->figure.less_is_better ? figure < t->figure.value : figure > t->figure.value;
}

/* labels.reliability: each modality's correlation with the truth on validation, beside that of the best one. */
static void set_reliability(training *t, const evaluation *e)
{
    for (int k = 0; k < e->task_count; k++) {
        const evaluation_task *task = &e->tasks[k];
        double known[MODALITIES_AND_SHARED] = {0}, best = 0;
        for (int head = 0; head < MODALITIES_AND_SHARED; head++) {
            if (task->all.has_head[head])
                known[head] = head_reliability(&task->task, e->count, task->head[head], task->truth[TRUTH_MULTIMODAL]);
            best = known[head] > best ? known[head] : best;
        }
        label_generation *labels = NULL;
        for (int i = 0; i < t->task_count; i++)
            if (strcmp(t->tasks[i].task->name, task->task.name) == 0)
                labels = t->tasks[i].labels;
        for (int head = 0; labels && head < MODALITIES_AND_SHARED; head++)
            label_generation_set_reliability(labels, (modality)head, best > 0 ? known[head] / best : 0);
    }
}

static smac_status renew_labels(training *t, const reporter *shown, smac_error *error)
{
    for (int k = 0; k < t->task_count; k++)
        TRY(label_generation_refresh(t->tasks[k].labels, t->epoch, shown, error));
    return SMAC_OK;
}

/* Keep the epoch's weights when they are the best; figure: what validation says of them. */
static smac_status keep_best(training *t, const evaluation *valid, double figure, bool *better, smac_error *error)
{
    *better = is_better(t, figure);
    if (!*better) {
        t->stale++;
        return SMAC_OK;
    }
    t->figure.value = figure;
    t->best_epoch = t->epoch;
    t->best = valid && valid->task_count == 1 ? valid->tasks[0].all.metrics : (metric_list){.count = 0};
    t->stale = 0;
    return training_save_best(t, error);
}

static void say_epoch(const training *t, double figure, bool better)
{
    double loss = t->sums.loss / (double)(t->sums.steps ? t->sums.steps : 1);
    if (t->valid_count)
        report_log(t->report, LOG_INFO, "epoch %lld: training loss %.4f, validation %s %.4f%s", (long long)t->epoch,
            loss, t->figure.name, figure, better ? " (best)" : "");
    else
        report_log(
            t->report, LOG_INFO, "epoch %lld: training loss %.4f, no validation part", (long long)t->epoch, loss);
}

static smac_status finish_epoch(training *t, double begun, smac_error *error)
{
    validation_figure figure = {.value = NAN};
    reporter shown = {.progress = note_stop, .user = t};
    evaluation *valid = NULL;
    bool better = false;
    smac_status status = SMAC_OK;
    if (t->valid_count) {
        status = evaluate_on(t->model, t->cache, &(evaluate_wanted){.split = SPLIT_VALID}, &shown, &valid, error);
        if (status == SMAC_OK)
            status = evaluation_figure(valid, t->run->train.choose, &figure, error);
        if (status == SMAC_OK && t->run->labels.reliability)
            set_reliability(t, valid);
    }
    if (status == SMAC_OK)
        status = keep_best(t, valid, figure.value, &better, error);
    if (status == SMAC_OK)
        status = renew_labels(t, &shown, error);
    if (status == SMAC_OK)
        status = training_log_epoch(t, &(epoch_report){valid, figure.value, better, training_clock() - begun}, error);
    evaluation_free(valid);
    TRY(status);
    TRY(training_write_labels(t, error));
    say_epoch(t, figure.value, better);
    t->done = t->epoch >= t->run->train.epochs || (t->run->train.patience && t->stale >= t->run->train.patience);
    t->epoch++;
    t->position = 0;
    t->sums = (epoch_sums){0, 0, 0, 0};
    return training_save(t, error);
}

static smac_status run_epochs(training *t, smac_error *error)
{
    step_work *w = NULL;
    smac_status status = step_work_new(t, &w, error);
    while (status == SMAC_OK && !t->done) {
        double begun = training_clock();
        status = training_make_order(t, error);
        if (status == SMAC_OK)
            status = run_batches(t, w, error);
        if (status == SMAC_OK)
            status = finish_epoch(t, begun, error);
    }
    step_work_free(w);
    return status;
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static smac_status begin_or_resume(training *t, bool *resumed, smac_error *error)
{
    const char *last = t->paths[RUN_LAST];
    *resumed = false;
    if (t->options->resume && file_exists(last)) {
        tensor_file *file = NULL;
        TRY(error_advise(error, tensor_file_open(last, &file, error), SMAC_ERROR_FORMAT, "--overwrite starts over"));
        smac_status status = training_check_configuration(t, file, last, error);
        if (status == SMAC_OK)
            status = training_restore(t, file, error);
        tensor_file_close(file);
        TRY(status);
        *resumed = true;
        bool stale = t->run->train.patience && t->stale >= t->run->train.patience;
        t->done = (t->epoch > t->run->train.epochs || stale) && t->position == 0;
        report_log(
            t->report, LOG_INFO, "going on from epoch %lld, step %lld", (long long)t->epoch, (long long)t->steps);
    } else if (!t->options->resume && !t->options->overwrite &&
        (file_exists(last) || file_exists(t->paths[RUN_BEST]))) {
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%.300s holds a run already; continue it with --resume, start over with "
            "--overwrite, or choose another folder",
            t->options->out);
    }
    return SMAC_OK;
}

static smac_status write_configuration(training *t, smac_error *error)
{
    if (!team_is_first(t->options->team))
        return SMAC_OK;
    settings_view room[2];
    char *text = settings_to_yaml(training_views(t, room));
    if (!text)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for config.yaml");
    smac_status status = file_write(t->paths[RUN_CONFIGURATION], text, strlen(text), error);
    free(text);
    return status;
}

/* A run that has ended was stopped before its best model was calibrated. */
static bool lacks_calibration(const training *t)
{
    tensor_file *file = NULL;
    if (!file_exists(t->paths[RUN_BEST]) || tensor_file_open(t->paths[RUN_BEST], &file, NULL) != SMAC_OK)
        return false;
    bool lacks = !tensor_file_metadata(file, "semanticmac.calibration");
    tensor_file_close(file);
    return lacks;
}

static void fill_result(const training *t, bool already, train_result *result)
{
    result->epochs = t->epoch - 1;
    result->best_epoch = t->best_epoch;
    result->steps = t->steps;
    result->best = t->best;
    snprintf(result->metric, sizeof result->metric, "%s", t->valid_count ? t->figure.name : "");
    result->best_value = t->figure.value;
    result->seconds = t->seconds_before + training_clock() - t->started;
    result->already_done = already;
    snprintf(result->best_path, sizeof result->best_path, "%s", t->paths[RUN_BEST]);
}

smac_status train_on(const train_options *options, affect_model *model, const sample_cache *cache, const reporter *r,
    train_result *result, smac_error *error)
{
    training t = {.options = options,
        .run = &options->configuration.run,
        .model = model,
        .cache = cache,
        .report = r,
        .started = training_clock()};
    bool resumed = false;
    memset(result, 0, sizeof *result);
    smac_status status = training_set_up(&t, error);
    if (status == SMAC_OK)
        status = folder_make(options->out, error);
    if (status == SMAC_OK)
        status = begin_or_resume(&t, &resumed, error);
    if (status == SMAC_OK && team_is_first(options->team))
        file_remove_leftovers(options->out); /* of a run that was killed while it wrote */
    bool already = t.done;
    if (status == SMAC_OK && !already)
        status = write_configuration(&t, error);
    if (status == SMAC_OK && !already)
        status = training_log_open(&t, resumed, error);
    if (status == SMAC_OK && !already)
        status = run_epochs(&t, error);
    if (status == SMAC_OK && (!already || lacks_calibration(&t)))
        status = training_calibrate_best(&t, error);
    if (status != SMAC_OK)
        team_agree(options->team, status, &(bool){false}, NULL); /* nobody waits for this rank */
    if (status == SMAC_OK || status == SMAC_ERROR_INTERRUPTED)
        fill_result(&t, already, result);
    training_tear_down(&t);
    return status;
}
