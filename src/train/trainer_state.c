/*
 * train/trainer_state.c - writing checkpoints.  last.safetensors is a model file with more in it: "training.first" and
 * "training.second" (the optimiser's moments), the arrays of label generation as "training.labels...", and the text
 * "training.state".  Numbers in that text are written as hexadecimal floats, so that they come back to the bit.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "train/calibrate.h"
#include "train/trainer_internal.h"

static json_t *state_to_json(const training *t)
{
    json_t *best = json_array();
    for (int i = 0; i < t->best.count; i++)
        json_array_append_new(
            best, json_pack("[s, o]", t->best.items[i].name, json_from_exact(t->best.items[i].value)));
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:I, s:o, s:o, s:o, s:o, s:I, s:I}", "epoch",
        (json_int_t)t->epoch, "position", (json_int_t)t->position, "steps", (json_int_t)t->steps, "best_epoch",
        (json_int_t)t->best_epoch, "stale", (json_int_t)t->stale, "best_value", json_from_exact(t->figure.value),
        "best", best, "done", t->done, "log_bytes", (json_int_t)t->log_bytes, "seconds",
        json_from_exact(t->seconds_before + training_clock() - t->started), "loss", json_from_exact(t->sums.loss),
        "task", json_from_exact(t->sums.task), "gradient", json_from_exact(t->sums.gradient), "sum_steps",
        (json_int_t)t->sums.steps, "optimiser_step", (json_int_t)t->optimiser->step);
}

/* --- arrays: the marks of the media, the bank's, then those of each task --------------------------------------------- */

int training_array_count(const training *t)
{
    int count = 1 + label_bank_array_count(t->bank);
    for (int k = 0; k < t->task_count; k++)
        count += label_generation_array_count(t->tasks[k].labels);
    return count;
}

/* The array at index and its name in the file: "training.bank.text", "training.sentiment.label.text". */
label_array training_array_at(const training *t, int index, char name[ARRAY_NAME])
{
    if (index-- == 0) {
        snprintf(name, ARRAY_NAME, "training.media");
        return (label_array){.data = t->media, .bytes = true, .rows = t->cache->source->count, .columns = MEDIA_MARK};
    }
    int count = label_bank_array_count(t->bank);
    label_array a = {.data = NULL};
    if (index < count) {
        a = label_bank_array_at(t->bank, index);
        snprintf(name, ARRAY_NAME, "training.%s", a.name);
        return a;
    }
    index -= count;
    for (int k = 0; k < t->task_count; k++) {
        count = label_generation_array_count(t->tasks[k].labels);
        if (index < count) {
            a = label_generation_array_at(t->tasks[k].labels, index);
            snprintf(name, ARRAY_NAME, "training.%s.%s", t->tasks[k].task->name, a.name);
            return a;
        }
        index -= count;
    }
    return a;
}

/* The run's settings as JSON, without the places of its data.  Free with free(); NULL when memory is short. */
static char *run_text(const training *t)
{
    settings_view view = {&run_table, (void *)(uintptr_t)t->run};
    json_t *o = settings_to_json((settings_views){&view, 1});
    json_object_del(o, "data");
    char *text = o ? json_dump_text(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void note_progress(training *t)
{
    training_record *r = &t->model->training;
    r->epoch = t->epoch;
    r->steps = t->steps;
}

smac_status training_save(training *t, smac_error *error)
{
    if (!team_is_first(t->options->team))
        return SMAC_OK;
    int arrays = training_array_count(t);
    size_t count = 2 + (size_t)arrays;
    tensor_entry *entries = memory_new(count, sizeof *entries);
    char(*names)[ARRAY_NAME] = memory_new(count, sizeof *names);
    json_t *state = state_to_json(t);
    char *text = state ? json_dump_text(state, JSON_COMPACT) : NULL, *run = run_text(t);
    json_decref(state);
    float *blocks[2] = {t->optimiser->first, t->optimiser->second}, *moments[2] = {NULL};
    smac_status status = training_log_flush(t, error);
    for (int i = 0; i < 2; i++)
        moments[i] = parameter_block_map(t->model->store, blocks[i]);
    if (status == SMAC_OK && (!entries || !names || !text || !run || !moments[0] || !moments[1])) {
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a checkpoint");
    } else if (status == SMAC_OK) {
        for (int i = 0; i < 2; i++) {
            snprintf(names[i], sizeof names[i], "training.%s", i == 0 ? "first" : "second");
            entries[i] = (tensor_entry){.name = names[i],
                .type = TENSOR_F32,
                .rank = 1,
                .dim = {t->optimiser->count},
                .count = t->optimiser->count,
                .data = moments[i],
                .bytes = (size_t)t->optimiser->count * sizeof(float)};
        }
        for (int i = 0; i < arrays; i++) {
            label_array a = training_array_at(t, i, names[2 + i]);
            entries[2 + i] = (tensor_entry){.name = names[2 + i],
                .type = a.bytes ? TENSOR_U8 : TENSOR_F32,
                .rank = 2,
                .dim = {a.rows, a.columns},
                .count = a.rows * a.columns,
                .data = a.data,
                .bytes = (size_t)(a.rows * a.columns) * (a.bytes ? 1 : sizeof(float))};
        }
        note_progress(t);
        safetensors_pair pairs[] = {{STATE_KEY, text}, {RUN_KEY, run}};
        status =
            affect_model_save(t->model, t->paths[RUN_LAST], &(affect_model_extra){entries, count, pairs, 2}, error);
        if (status != SMAC_OK)
            error_context(error, status, "the checkpoint of epoch %lld could not be written, the one before it is kept",
                (long long)t->epoch);
    }
    for (int i = 0; i < 2; i++)
        parameter_block_unmap(t->model->store, blocks[i], moments[i], false, NULL);
    free(entries);
    free(names);
    free(text);
    free(run);
    return status;
}

/* The system as it is, as the best model, which is of that epoch. */
static smac_status write_best(training *t, smac_error *error)
{
    if (!team_is_first(t->options->team))
        return SMAC_OK;
    snprintf(
        t->model->training.metric, sizeof t->model->training.metric, "%.31s", t->valid_count ? t->figure.name : "");
    double before = t->model->training.metric_value;
    t->model->training.metric_value = t->figure.value;
    char *run = run_text(t);
    safetensors_pair pair = {RUN_KEY, run};
    smac_status status = run
        ? affect_model_save(t->model, t->paths[RUN_BEST], &(affect_model_extra){NULL, 0, &pair, 1}, error)
        : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the settings of the run");
    free(run);
    if (status == SMAC_OK)
        return SMAC_OK;
    t->model->training.metric_value = before;
    return error_context(error, status, "the best model of epoch %lld could not be written, the one before it is kept",
        (long long)t->model->training.epoch);
}

smac_status training_save_best(training *t, smac_error *error)
{
    note_progress(t);
    return write_best(t, error);
}

static smac_status read_values(training *t, const char *path, smac_error *error)
{
    tensor_file *file = NULL;
    TRY(tensor_file_open(path, &file, error));
    smac_status status = affect_model_load_values(t->model, file, path, error);
    tensor_file_close(file);
    return status;
}

/* The values in memory are the last checkpoint's before and after. */
smac_status training_calibrate_best(training *t, smac_error *error)
{
    training_record kept = t->model->training;
    if (!t->valid_count || !team_is_first(t->options->team))
        return SMAC_OK;
    TRY(read_values(t, t->paths[RUN_BEST], error));
    t->model->training.epoch = t->best_epoch;
    t->model->training.steps = t->best_epoch * t->epoch_steps;
    smac_status status = model_calibrate(t->model, t->cache, t->report, error);
    json_t *found = calibration_to_json(t->model->calibration, t->model->tasks, t->model->task_count);
    if (status == SMAC_OK && found)
        status = write_best(t, error);
    json_decref(found);
    memset(t->model->calibration, 0, sizeof t->model->calibration); /* a checkpoint holds none */
    t->model->training = kept;
    TRY(status);
    return read_values(t, t->paths[RUN_LAST], error);
}
