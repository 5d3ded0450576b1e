/*
 * train/trainer_state.c - checkpoints.  last.safetensors is a model file with more in it: "training.first" and
 * "training.second" (the optimiser's moments), the arrays of label generation as "training.labels...", and the text
 * "training.state".  Numbers in that text are written as hexadecimal floats, so that they come back to the bit.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "train/trainer_internal.h"

#define STATE_KEY "training.state"

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

/* --- the arrays of label generation: the bank's, then those of each task ------------------------------------------- */

enum { ARRAY_NAME = 160 };

static int array_count(const training *t)
{
    int count = label_bank_array_count(t->bank);
    for (int k = 0; k < t->task_count; k++)
        count += label_generation_array_count(t->tasks[k].labels);
    return count;
}

/* The array at index and its name in the file: "training.bank.text", "training.sentiment.label.text". */
static label_array array_at(const training *t, int index, char name[ARRAY_NAME])
{
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

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void note_progress(training *t)
{
    training_record *r = &t->system->training;
    r->epoch = t->epoch;
    r->steps = t->steps;
}

smac_status training_save(training *t, smac_error *error)
{
    int arrays = array_count(t);
    size_t count = 2 + (size_t)arrays;
    tensor_entry *entries = memory_new(count, sizeof *entries);
    char(*names)[ARRAY_NAME] = memory_new(count, sizeof *names);
    json_t *state = state_to_json(t);
    char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
    json_decref(state);
    smac_status status = training_log_flush(t, error);
    if (status == SMAC_OK && (!entries || !names || !text)) {
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a checkpoint");
    } else if (status == SMAC_OK) {
        const float *moments[2] = {t->optimiser->first, t->optimiser->second};
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
            label_array a = array_at(t, i, names[2 + i]);
            entries[2 + i] = (tensor_entry){.name = names[2 + i],
                .type = a.bytes ? TENSOR_U8 : TENSOR_F32,
                .rank = 2,
                .dim = {a.rows, a.columns},
                .count = a.rows * a.columns,
                .data = a.data,
                .bytes = (size_t)(a.rows * a.columns) * (a.bytes ? 1 : sizeof(float))};
        }
        note_progress(t);
        safetensors_pair pair = {STATE_KEY, text};
        status = system_save(t->system, t->paths[RUN_LAST], &(system_extra){entries, count, &pair, 1}, error);
        if (status != SMAC_OK)
            error_context(error, status, "the checkpoint of epoch %lld could not be written, the one before it is kept",
                (long long)t->epoch);
    }
    free(entries);
    free(names);
    free(text);
    return status;
}

smac_status training_save_best(training *t, smac_error *error)
{
    note_progress(t);
    snprintf(
        t->system->training.metric, sizeof t->system->training.metric, "%.31s", t->valid_count ? t->figure.name : "");
    double before = t->system->training.metric_value;
    t->system->training.metric_value = t->figure.value;
    smac_status status = system_save(t->system, t->paths[RUN_BEST], NULL, error);
    if (status != SMAC_OK) {
        t->system->training.metric_value = before;
        return error_context(error, status,
            "the best model of epoch %lld could not be written, the one before it is kept", (long long)t->epoch);
    }
    return SMAC_OK;
}

static const char DAMAGED[] = "start anew in another folder";
#define OTHER_FOLDER "give the data it began with, or start anew in another folder"

/* --- reading ------------------------------------------------------------------------------------------------------ */

smac_status training_check_configuration(
    const configuration *now, const tensor_file *file, const char *path, smac_error *error)
{
    static const char *const free_keys[] = {"train.threads", "train.epochs", "train.patience", "train.check_finite"};
    const char *text = tensor_file_metadata(file, "semanticmac.configuration");
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    configuration then;
    configuration_defaults(&then);
    smac_status status = object ? configuration_from_json(&then, object, error)
                                : FAIL(error, SMAC_ERROR_FORMAT, "%.300s is no checkpoint of a run", path);
    json_decref(object);
    for (size_t i = 0; i < configuration_key_count() && status == SMAC_OK; i++) {
        const char *name = configuration_key_at(i)->name;
        char a[CONFIGURATION_TEXT_MAX], b[CONFIGURATION_TEXT_MAX];
        bool may_differ = false;
        for (size_t k = 0; k < sizeof free_keys / sizeof free_keys[0]; k++)
            may_differ = may_differ || strcmp(name, free_keys[k]) == 0;
        if (!may_differ && configuration_get(now, name, a) && configuration_get(&then, name, b) && strcmp(a, b) != 0)
            status = FAIL(error, SMAC_ERROR_MISMATCH,
                "%.300s was made with %s=%.100s, but this run has %.100s; resume "
                "with the same configuration, or start anew in another folder",
                path, name, b, a);
    }
    return error_advise(error, status, SMAC_ERROR_FORMAT, DAMAGED);
}

static smac_status read_array(const tensor_file *file, const char *name, tensor_type type, int64_t rows,
    int64_t columns, int rank, void *out, smac_error *error)
{
    const tensor_entry *e;
    TRY(tensor_file_expect(file, name, rank, (int64_t[]){rows, columns}, &e, error));
    if (e->type != type)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is of type %s; expected %s", name, tensor_type_name(e->type),
            tensor_type_name(type));
    memcpy(out, e->data, e->bytes);
    return SMAC_OK;
}

/* The metric's name as a constant: lists hold pointers that are never freed. */
static const char *constant_name(const char *name)
{
    static const char *const names[] = {"Has0_acc_2", "Has0_F1_score", "Non0_acc_2", "Non0_F1_score", "Mult_acc_2",
        "Mult_acc_3", "Mult_acc_5", "Mult_acc_7", "Mult_acc_2_weak", "F1_score", "R_square", "MAE", "Corr", "accuracy",
        "weighted_F1", "weighted_precision", "weighted_recall", "macro_F1", "unweighted_recall"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return names[i];
    return NULL;
}

static smac_status read_state(training *t, const json_t *o, smac_error *error)
{
    if (!json_is_object(o) || !json_is_integer(json_object_get(o, "epoch")))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s has no %s to go on from", t->paths[RUN_LAST], STATE_KEY);
    t->epoch = json_integer_value(json_object_get(o, "epoch"));
    t->position = json_integer_value(json_object_get(o, "position"));
    t->steps = json_integer_value(json_object_get(o, "steps"));
    t->best_epoch = json_integer_value(json_object_get(o, "best_epoch"));
    t->stale = json_integer_value(json_object_get(o, "stale"));
    t->figure.value = json_exact_value(json_object_get(o, "best_value"));
    t->done = json_is_true(json_object_get(o, "done"));
    t->log_bytes = json_integer_value(json_object_get(o, "log_bytes"));
    t->seconds_before = json_exact_value(json_object_get(o, "seconds"));
    t->sums = (epoch_sums){json_exact_value(json_object_get(o, "loss")), json_exact_value(json_object_get(o, "task")),
        json_exact_value(json_object_get(o, "gradient")), json_integer_value(json_object_get(o, "sum_steps"))};
    t->optimiser->step = json_integer_value(json_object_get(o, "optimiser_step"));
    const json_t *best = json_object_get(o, "best");
    t->best.count = 0;
    for (size_t i = 0; i < json_array_size(best) && t->best.count < METRICS_MAX; i++) {
        const json_t *pair = json_array_get(best, i);
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *value = json_string_value(json_array_get(pair, 1));
        if (name && value && constant_name(name))
            t->best.items[t->best.count++] = (metric){constant_name(name), json_exact_value(json_array_get(pair, 1))};
    }
    if (t->epoch < 1 || t->position < 0 || t->position > t->batches || t->steps < 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s stands at epoch %lld, batch %lld of %lld, which cannot be",
            t->paths[RUN_LAST], (long long)t->epoch, (long long)t->position, (long long)t->batches);
    return SMAC_OK;
}

smac_status training_restore(training *t, const tensor_file *file, smac_error *error)
{
    const char *path = t->paths[RUN_LAST], *text = tensor_file_metadata(file, STATE_KEY);
    const char *tokenizer = tensor_file_metadata(file, "semanticmac.tokenizer");
    if (t->system->tokenizer_text && (!tokenizer || strcmp(tokenizer, t->system->tokenizer_text) != 0))
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "the tokenizer of %s is another one than the data give now: " OTHER_FOLDER, path);
    const char *training_text = tensor_file_metadata(file, "semanticmac.training");
    json_t *record = training_text ? json_loads(training_text, 0, NULL) : NULL;
    const char *data = json_string_value(json_object_get(record, "data_sha256"));
    smac_status status = SMAC_OK;
    if (data && strcmp(data, t->system->training.data_sha256) != 0)
        status = FAIL(error, SMAC_ERROR_MISMATCH,
            "%s was trained on data with SHA-256 %.64s, but these have %.64s: " OTHER_FOLDER, path, data,
            t->system->training.data_sha256);
    json_decref(record);
    TRY(status);
    json_t *state = text ? json_loads(text, 0, NULL) : NULL;
    status = error_advise(error, read_state(t, state, error), SMAC_ERROR_FORMAT, DAMAGED);
    json_decref(state);
    TRY(status);
    TRY(system_load_values(t->system, file, path, error));
    int64_t n = t->optimiser->count;
    status = read_array(file, "training.first", TENSOR_F32, n, 0, 1, t->optimiser->first, error);
    if (status == SMAC_OK)
        status = read_array(file, "training.second", TENSOR_F32, n, 0, 1, t->optimiser->second, error);
    for (int i = 0; i < array_count(t) && status == SMAC_OK; i++) {
        char name[ARRAY_NAME];
        label_array a = array_at(t, i, name);
        status = read_array(file, name, a.bytes ? TENSOR_U8 : TENSOR_F32, a.rows, a.columns, 2, a.data, error);
    }
    return error_advise(error, error_context(error, status, "%.300s", path), SMAC_ERROR_FORMAT, DAMAGED);
}
