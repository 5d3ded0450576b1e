/*
 * train/trainer_resume.c - going on from a checkpoint: whether configuration, data and encoders are those that it was made
 * with, and reading it back.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "train/trainer_internal.h"

static const char DAMAGED[] = "start over in another folder";
#define OTHER_FOLDER "give the data it began with, or start over in another folder"

/* --- the configuration -------------------------------------------------------------------------------------------- */

/* The configuration that the checkpoint was made with, into c. */
static smac_status read_configuration(
    const tensor_file *file, const char *path, run_configuration *c, smac_error *error)
{
    const char *texts[2] = {
        tensor_file_metadata(file, "semanticmac.configuration"), tensor_file_metadata(file, RUN_KEY)};
    settings_view room[2];
    if (!texts[0] || !texts[1])
        return FAIL(error, SMAC_ERROR_FORMAT,
            texts[0] ? "%.300s is a checkpoint of an older version of the program"
                     : "%.300s is not a checkpoint of a run",
            path);
    run_configuration_defaults(c);
    settings_views views = run_views(c, room);
    for (size_t i = 0; i < 2; i++) {
        json_t *object = json_loads(texts[i], 0, NULL);
        smac_status status = settings_from_json((settings_views){&views.items[i], 1}, object, error);
        json_decref(object);
        if (status != SMAC_OK)
            return error_context(error, status, "%.300s", path);
    }
    return SMAC_OK;
}

/*
 * train.epochs decides how long the warm-up is and where a falling rate ends.  It may change where neither matters any
 * more: the rate stays constant after the warm-up, and that is over by both numbers.
 */
static smac_status check_epochs(
    const training *t, const run_configuration *then, const json_t *state, const char *path, smac_error *error)
{
    const train_settings *now = &t->run->train, *before = &then->run.train;
    int64_t most = now->epochs > before->epochs ? now->epochs : before->epochs;
    double warm = now->warmup * (double)(most * t->epoch_steps);
    double steps = (double)json_integer_value(json_object_get(state, "steps"));
    if (now->epochs == before->epochs || (now->schedule == SCHEDULE_CONSTANT && steps >= warm))
        return SMAC_OK;
    return FAIL(error, SMAC_ERROR_MISMATCH,
        "%.300s was made with train.epochs=%lld, and %lld would move the schedule of the learning rate (warm-up and "
        "decay are shares of all steps); resume with %lld, or start over in another folder",
        path, (long long)before->epochs, (long long)now->epochs, (long long)before->epochs);
}

smac_status training_check_configuration(
    const training *t, const tensor_file *file, const char *path, smac_error *error)
{
    static const char *const free_keys[] = {"train.threads", "train.epochs", "train.patience", "train.check_finite"};
    const char *text = tensor_file_metadata(file, STATE_KEY);
    run_configuration *then = memory_new(1, sizeof *then);
    settings_view room[2], room_then[2];
    settings_views now = training_views(t, room);
    setting_place place;
    if (!then)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the configuration of %.300s", path);
    smac_status status = read_configuration(file, path, then, error);
    settings_views before = run_views(then, room_then);
    for (size_t i = 0; status == SMAC_OK && settings_at(now, i, &place); i++) {
        char a[SETTINGS_TEXT_MAX], b[SETTINGS_TEXT_MAX];
        bool may_differ = false;
        for (size_t k = 0; k < sizeof free_keys / sizeof free_keys[0]; k++)
            may_differ = may_differ || strcmp(place.name, free_keys[k]) == 0;
        setting_to_text(place.setting, place.value, a);
        if (!may_differ && settings_get(before, place.name, b) && strcmp(a, b) != 0)
            status = FAIL(error, SMAC_ERROR_MISMATCH,
                "%.300s was made with %s=%.100s, but this run has %.100s; resume with the same configuration, or start "
                "over in another folder",
                path, place.name, b, a);
    }
    if (status == SMAC_OK) {
        json_t *state = text ? json_loads(text, 0, NULL) : NULL;
        status = check_epochs(t, then, state, path, error);
        json_decref(state);
    }
    free(then);
    return error_advise(error, status, SMAC_ERROR_FORMAT, DAMAGED);
}

/* --- the data and the encoders ------------------------------------------------------------------------------------ */

/* Every frozen encoder must be the one that the run began with: its vectors are part of the training data. */
static smac_status check_encoders(const training *t, const tensor_file *file, const char *path, smac_error *error)
{
    const char *text = tensor_file_metadata(file, "semanticmac.encoders");
    json_t *encoders = text ? json_loads(text, 0, NULL) : NULL;
    smac_status status = SMAC_OK;
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++) {
        const char *now = t->model->encoder_sha256[m];
        const json_t *one = json_object_get(encoders, modality_name((modality)m));
        const char *then = json_string_value(json_object_get(one, "sha256"));
        if (*now && then && strcmp(then, now) != 0)
            status = FAIL(error, SMAC_ERROR_MISMATCH,
                "%.200s began with a %s encoder of SHA-256 %.64s, but the one there now has %.64s: put that one back, or "
                "start over in another folder",
                path, modality_name((modality)m), then, now);
    }
    json_decref(encoders);
    return status;
}

static smac_status check_labels(const training *t, const tensor_file *file, const char *path, smac_error *error)
{
    const char *text = tensor_file_metadata(file, "semanticmac.training");
    json_t *record = text ? json_loads(text, 0, NULL) : NULL;
    const char *then = json_string_value(json_object_get(record, "data_sha256"));
    const char *now = t->model->training.data_sha256;
    smac_status status = SMAC_OK;
    if (then && strcmp(then, now) != 0)
        status = FAIL(error, SMAC_ERROR_MISMATCH,
            "%s was trained on data with SHA-256 %.64s, but these have %.64s: " OTHER_FOLDER, path, then, now);
    json_decref(record);
    return status;
}

/* The media of every clip must be those that the run began with. */
static smac_status check_media(const training *t, const tensor_file *file, const char *path, smac_error *error)
{
    const dataset *d = t->cache->source;
    const tensor_entry *e;
    TRY(tensor_file_expect(file, "training.media", 2, (int64_t[]){d->count, MEDIA_MARK}, &e, error));
    if (e->type != TENSOR_U8)
        return FAIL(error, SMAC_ERROR_FORMAT, "training.media of %.300s is not of type U8", path);
    const uint8_t *then = e->data;
    for (int64_t i = 0; i < d->count; i++)
        if (memcmp(then + i * MEDIA_MARK, t->media + i * MEDIA_MARK, MEDIA_MARK) != 0)
            return FAIL(error, SMAC_ERROR_MISMATCH,
                "the media file of clip %.150s (%.300s) is not the one that %.200s began with: " OTHER_FOLDER,
                d->items[i].id, d->items[i].media ? d->items[i].media : "none", path);
    return SMAC_OK;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Copies a tensor of the array's type and shape into it; rank 1: its rows alone. */
static smac_status read_array(
    const tensor_file *file, const char *name, const label_array *into, int rank, smac_error *error)
{
    const tensor_entry *e;
    tensor_type type = into->bytes ? TENSOR_U8 : TENSOR_F32;
    TRY(tensor_file_expect(file, name, rank, (int64_t[]){into->rows, into->columns}, &e, error));
    if (e->type != type)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is of type %s; expected %s", name, tensor_type_name(e->type),
            tensor_type_name(type));
    memcpy(into->data, e->data, e->bytes);
    return SMAC_OK;
}

/* One of the optimiser's blocks of n values. */
static smac_status read_moments(
    training *t, const tensor_file *file, const char *name, int64_t n, float *block, smac_error *error)
{
    float *values = parameter_block_map(t->model->store, block);
    if (!values)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the optimiser's moments of %lld values", (long long)n);
    smac_status status = read_array(file, name, &(label_array){.data = values, .rows = n}, 1, error);
    TRY(parameter_block_unmap(t->model->store, block, values, status == SMAC_OK, error));
    return status;
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
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is at epoch %lld, batch %lld of %lld, which is invalid",
            t->paths[RUN_LAST], (long long)t->epoch, (long long)t->position, (long long)t->batches);
    return SMAC_OK;
}

smac_status training_restore(training *t, const tensor_file *file, smac_error *error)
{
    const char *path = t->paths[RUN_LAST], *text = tensor_file_metadata(file, STATE_KEY);
    const char *tokenizer = tensor_file_metadata(file, "semanticmac.tokenizer");
    if (t->model->tokenizer_text && (!tokenizer || strcmp(tokenizer, t->model->tokenizer_text) != 0))
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "the tokenizer of %s is another one than the data give now: " OTHER_FOLDER, path);
    TRY(check_labels(t, file, path, error));
    TRY(check_media(t, file, path, error));
    TRY(check_encoders(t, file, path, error));
    json_t *state = text ? json_loads(text, 0, NULL) : NULL;
    smac_status status = error_advise(error, read_state(t, state, error), SMAC_ERROR_FORMAT, DAMAGED);
    json_decref(state);
    TRY(status);
    TRY(affect_model_load_values(t->model, file, path, error));
    int64_t n = t->optimiser->count;
    status = read_moments(t, file, "training.first", n, t->optimiser->first, error);
    if (status == SMAC_OK)
        status = read_moments(t, file, "training.second", n, t->optimiser->second, error);
    for (int i = 0; i < training_array_count(t) && status == SMAC_OK; i++) {
        char name[ARRAY_NAME];
        label_array a = training_array_at(t, i, name);
        status = read_array(file, name, &a, 2, error);
    }
    return error_advise(error, error_context(error, status, "%.300s", path), SMAC_ERROR_FORMAT, DAMAGED);
}
