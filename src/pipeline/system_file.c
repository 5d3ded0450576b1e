/*
 * pipeline/system_file.c - the model file: writing it whole, and reading it with every doubt spoken out.
 *
 * semanticmac.encoders is {"text": {"config": {...}, "path": "", "sha256": "", "outside": false, "precision": "f32"}
 * or {"features": width}}.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "models/models.h"
#include "pipeline/system.h"
#include "pipeline/system_build.h"
#include "text/tokenizer.h"

#define FORMAT_VERSION "2"
#define OLD_FORMAT "1" /* the configuration holds the keys of the run too, features are called ready */
#define GIVE_OURS "give a model file that semanticmac train wrote"
enum { SMALL_ENCODER = 64 << 20 }; /* a frozen encoder of fewer bytes is stored inside, so that one file is enough */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* --- what goes into the metadata ---------------------------------------------------------------------------------- */

static bool is_large(const affect_system *s, int m)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < parameter_number(s->store); i++)
        if (starts_with(parameter_at(s->store, i)->name, system_prefix(m)))
            bytes += parameter_at(s->store, i)->count * (int64_t)sizeof(float);
    return bytes > SMALL_ENCODER;
}

bool system_encoder_outside(const affect_system *s, int m)
{
    return s->files[m] && s->frozen[m] && is_large(s, m);
}

static json_t *encoders_to_json(const affect_system *s)
{
    json_t *all = json_object();
    for (int m = 0; all && m < MODALITIES; m++) {
        if (!s->has[m])
            continue;
        json_t *one = json_object();
        if (s->encoders[m]) {
            text_buffer text = {0};
            encoder_config_write(encoder_get_config(s->encoders[m]), &text);
            json_object_set_new(one, "config", text.data ? json_loads(text.data, 0, NULL) : json_null());
            json_object_set_new(one, "path", json_string(encoder_settings_of(&s->configuration, m).path));
            json_object_set_new(one, "sha256", json_string(s->encoder_sha256[m]));
            json_object_set_new(one, "precision", json_string(precision_name(s->precision[m])));
            json_object_set_new(one, "outside", json_boolean(system_encoder_outside(s, m)));
            text_free(&text);
        } else {
            json_object_set_new(one, "features", json_integer(s->ready_width[m]));
        }
        json_object_set_new(all, modality_name(m), one);
    }
    return all;
}

static json_t *training_to_json(const training_record *r)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:s, s:o}", "program", r->program_version, "dataset",
        r->dataset, "data_sha256", r->data_sha256, "seed", (json_int_t)r->seed, "epoch", (json_int_t)r->epoch, "steps",
        (json_int_t)r->steps, "training_clips", (json_int_t)r->training_clips, "longest_clip",
        json_real(r->longest_clip), "metric", r->metric, "value",
        isfinite(r->metric_value) ? json_real(r->metric_value) : json_null());
}

static json_t *tasks_to_json(const affect_system *s)
{
    json_t *tasks = json_array();
    for (int i = 0; tasks && i < s->task_count; i++)
        json_array_append_new(tasks, task_to_json(&s->tasks[i]));
    return tasks;
}

json_t *system_describe(const affect_system *s)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:s}", "name", s->name, "configuration",
        configuration_to_json(&s->configuration), "tasks", tasks_to_json(s), "training", training_to_json(&s->training),
        "encoders", encoders_to_json(s), "parameters", (json_int_t)system_parameter_values(s), "sha256", s->sha256);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

enum { TEXTS = 6 };

static smac_status write_all(
    const affect_system *s, const char *path, const system_extra *extra, char *texts[TEXTS], smac_error *error)
{
    static const char *const keys[TEXTS] = {"semanticmac.configuration", "semanticmac.tasks", "semanticmac.encoders",
        "semanticmac.training", "semanticmac.tokenizer", "semanticmac.format"};
    size_t more = extra ? extra->tensor_count : 0, more_texts = extra ? extra->text_count : 0, count = 0, pairs = 0;
    tensor_entry *entries = memory_new((size_t)parameter_number(s->store) + more + 1, sizeof *entries);
    safetensors_pair *metadata = memory_new(TEXTS + more_texts, sizeof *metadata);
    smac_status status = SMAC_OK;
    bool outside[MODALITIES];
    for (int m = 0; m < MODALITIES; m++)
        outside[m] = system_encoder_outside(s, m);
    if (!entries || !metadata)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory to write %s", path);
    for (int64_t i = 0; status == SMAC_OK && i < parameter_number(s->store); i++) {
        const parameter *p = parameter_at(s->store, i);
        bool skip = false;
        for (int m = 0; m < MODALITIES; m++)
            skip = skip || (outside[m] && starts_with(p->name, system_prefix(m)));
        if (skip)
            continue;
        float *numbers = parameter_map(p);
        if (!numbers) {
            status = FAIL(
                error, SMAC_ERROR_UNSUPPORTED, "%s is held packed alone and cannot be written to %s", p->name, path);
            break;
        }
        tensor_entry *e = &entries[count++];
        *e = (tensor_entry){.name = p->name,
            .type = TENSOR_F32,
            .rank = p->rank,
            .count = p->count,
            .data = numbers,
            .bytes = (size_t)p->count * sizeof(float)};
        memcpy(e->dim, p->dim, (size_t)p->rank * sizeof *p->dim);
    }
    if (status == SMAC_OK) {
        if (more)
            memcpy(entries + count, extra->tensors, more * sizeof *entries);
        for (int i = 0; i < TEXTS; i++)
            if (texts[i])
                metadata[pairs++] = (safetensors_pair){keys[i], texts[i]};
        if (more_texts)
            memcpy(metadata + pairs, extra->texts, more_texts * sizeof *metadata);
        status = safetensors_write(path, entries, count + more, metadata, pairs + more_texts, error);
    }
    for (size_t i = 0; i < count; i++)
        parameter_unmap(parameter_find(s->store, entries[i].name), (float *)entries[i].data, false, NULL);
    free(entries);
    free(metadata);
    return status;
}

smac_status system_save(const affect_system *s, const char *path, const system_extra *extra, smac_error *error)
{
    json_t *parts[4] = {configuration_to_json(&s->configuration), tasks_to_json(s), encoders_to_json(s),
        training_to_json(&s->training)};
    char *texts[TEXTS] = {NULL, NULL, NULL, NULL, s->tokenizer_text, FORMAT_VERSION};
    smac_status status = SMAC_OK;
    for (int i = 0; i < 4; i++) {
        texts[i] = parts[i] ? json_dumps(parts[i], JSON_COMPACT) : NULL;
        json_decref(parts[i]);
        if (!texts[i])
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the metadata of %s", path);
    }
    if (status == SMAC_OK)
        status = write_all(s, path, extra, texts, error);
    for (int i = 0; i < 4; i++)
        free(texts[i]);
    return status;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static smac_status metadata_json(
    const tensor_file *file, const char *path, const char *key, json_t **out, smac_error *error)
{
    const char *text = tensor_file_metadata(file, key);
    json_error_t why;
    *out = text ? json_loads(text, JSON_DECODE_ANY, &why) : NULL;
    if (!text)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s has no %s", path, key);
    if (!*out)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s: %s is not JSON (%s)", path, key, why.text);
    return SMAC_OK;
}

static void read_training(const json_t *o, training_record *r)
{
    const json_t *value = json_object_get(o, "value");
#define TEXT_OF(member, key)                    \
    snprintf(r->member, sizeof r->member, "%s", \
        json_string_value(json_object_get(o, key)) ? json_string_value(json_object_get(o, key)) : "")
    TEXT_OF(program_version, "program");
    TEXT_OF(dataset, "dataset");
    TEXT_OF(data_sha256, "data_sha256");
    TEXT_OF(metric, "metric");
#undef TEXT_OF
    r->seed = (uint64_t)json_integer_value(json_object_get(o, "seed"));
    r->epoch = json_integer_value(json_object_get(o, "epoch"));
    r->steps = json_integer_value(json_object_get(o, "steps"));
    r->training_clips = json_integer_value(json_object_get(o, "training_clips"));
    r->longest_clip = json_number_value(json_object_get(o, "longest_clip"));
    r->metric_value = json_is_number(value) ? json_number_value(value) : NAN;
}

static smac_status read_encoder_config(
    const json_t *one, int m, encoder_plan *plan, const char *path, smac_error *error)
{
    char *json = json_dumps(json_object_get(one, "config"), JSON_COMPACT);
    if (!json)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "%.300s does not say how its %s encoder is built", path, modality_name(m));
    smac_status status = encoder_config_read(json, strlen(json), (modality)m, &plan->of[m], error);
    free(json);
    plan->has[m] = true;
    return error_context(error, status, "%.300s, %s encoder", path, modality_name(m));
}

/* The file of a frozen encoder that lies outside: where it was, or under the folder given. */
static smac_status open_outside(
    affect_system *s, int m, const json_t *one, const char *path, const char *folder, smac_error *error)
{
    const char *was = json_string_value(json_object_get(one, "path"));
    const char *wanted = json_string_value(json_object_get(one, "sha256"));
    char *other = folder && was ? path_join(folder, path_base(was)) : NULL, *installed = NULL, digest[65];
    const char *from = was && (file_exists(was) || file_is_folder(was)) ? was
        : other && (file_exists(other) || file_is_folder(other))        ? other
                                                                        : NULL;
    if (!from && was && models_find(was, &installed, NULL) == SMAC_OK)
        from = installed;
    int same = 0; /* a file that serves two modalities is checked once */
    while (same < m &&
        !(s->files[same] && wanted && was && !strcmp(encoder_settings_of(&s->configuration, same).path, was) &&
            !strcmp(s->encoder_sha256[same], wanted)))
        same++;
    smac_status status = from ? encoder_weights_open(from, &s->files[m], error)
                              : FAIL(error, SMAC_ERROR_NOT_FOUND,
                                    "%.200s needs the %s encoder %.200s, which is not there; put it back, "
                                    "fetch it (semanticmac models), or name the folder that holds it",
                                    path, modality_name(m), was ? was : "(no path)");
    if (status == SMAC_OK && same < m)
        memcpy(digest, s->encoder_sha256[same], sizeof digest);
    else if (status == SMAC_OK)
        status = system_encoder_digest(s->files[m], digest, error);
    if (status == SMAC_OK && (!wanted || strcmp(digest, wanted) != 0))
        status = FAIL(error, SMAC_ERROR_MISMATCH,
            "the %s encoder %.200s has SHA-256 %s, but %.200s was trained with %s: put that one back", modality_name(m),
            from, digest, path, wanted ? wanted : "another");
    if (status == SMAC_OK)
        snprintf(s->encoder_sha256[m], sizeof s->encoder_sha256[m], "%s", digest);
    free(installed);
    free(other);
    return status;
}

static bool is_training_extra(const char *name)
{
    return starts_with(name, "training.");
}

/* Whether p's values lie in its encoder's own file: *from_file if they were read from there, *outside if the model may lack them. */
static void place_of_values(const affect_system *s, const parameter *p, bool *outside, bool *from_file)
{
    *outside = *from_file = false;
    for (int m = 0; m < MODALITIES; m++) {
        bool own = s->files[m] && starts_with(p->name, system_prefix(m));
        *outside = *outside || (own && system_encoder_outside(s, m));
        *from_file = *from_file || (own && !p->trainable);
    }
}

smac_status system_check_values(const affect_system *s, const tensor_file *file, const char *path, smac_error *error)
{
    size_t used = 0;
    for (int64_t i = 0; i < parameter_number(s->store); i++) {
        const parameter *p = parameter_at(s->store, i);
        const tensor_entry *e = tensor_file_find(file, p->name);
        bool outside, from_file;
        place_of_values(s, p, &outside, &from_file);
        if (outside && !e)
            continue;
        smac_status status = tensor_file_expect(file, p->name, p->rank, p->dim, &e, error);
        if (status != SMAC_OK) {
            error_context(error, status, "%.300s", path);
            error_advise(error, status, SMAC_ERROR_NOT_FOUND, "train it again");
            return error_advise(error, status, SMAC_ERROR_MISMATCH, "train it again");
        }
        if (e->type != TENSOR_F32)
            return FAIL(error, SMAC_ERROR_MISMATCH, "%.300s: %s is of type %s; expected F32; train it again", path,
                p->name, tensor_type_name(e->type));
        used++;
    }
    for (size_t i = 0; i < tensor_file_count(file) && used < tensor_file_count(file); i++) {
        const tensor_entry *e = tensor_file_at(file, i);
        char shape[128];
        if (!is_training_extra(e->name) && !parameter_find(s->store, e->name))
            return FAIL(error, SMAC_ERROR_MISMATCH,
                "%.300s holds the tensor %.200s of shape %s, which its configuration has no place for; train it again",
                path, e->name, tensor_shape_text(e->rank, e->dim, shape, sizeof shape));
    }
    return SMAC_OK;
}

smac_status system_load_values(affect_system *s, const tensor_file *file, const char *path, smac_error *error)
{
    TRY(system_check_values(s, file, path, error));
    for (int64_t i = 0; i < parameter_number(s->store); i++) {
        parameter *p = parameter_at(s->store, i);
        const tensor_entry *e = tensor_file_find(file, p->name);
        bool outside, from_file;
        place_of_values(s, p, &outside, &from_file);
        float *numbers = e && !from_file ? parameter_map(p) : NULL;
        if (numbers) {
            memcpy(numbers, e->data, e->bytes);
            TRY(parameter_unmap(p, numbers, true, error));
        }
    }
    parameter_touch_all(s->store);
    return SMAC_OK;
}

static smac_status read_tasks(
    const json_t *tasks, const char *path, task_description out[SYSTEM_TASKS_MAX], int *count, smac_error *error)
{
    *count = (int)json_array_size(tasks);
    if (*count < 1 || *count > SYSTEM_TASKS_MAX)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "%.300s names %d tasks; expected 1 to %d", path, *count, SYSTEM_TASKS_MAX);
    for (int i = 0; i < *count; i++)
        TRY(error_context(error, task_from_json(&out[i], json_array_get(tasks, (size_t)i), error), "%.300s", path));
    return SMAC_OK;
}

/* All but the weights' values: s is left for the caller to free. */
static smac_status read_frame(const tensor_file *file, const char *path, const system_load_options *options,
    affect_system **out, encoder_plan *plan, json_t *parts[4], smac_error *error)
{
    const char *folder = options ? options->encoder_folder : NULL;
    const precision *wanted = options ? options->precision : NULL;
    static const char *const keys[4] = {
        "semanticmac.configuration", "semanticmac.tasks", "semanticmac.encoders", "semanticmac.training"};
    const char *format = tensor_file_metadata(file, "semanticmac.format");
    if (folder && !file_is_folder(folder))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%.300s is no folder, expected the one where this model's encoders lie: give another, or none", folder);
    if (!format)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s is a %s file, but has no semanticmac.format", path,
            tensor_file_kind(file));
    bool old = strcmp(format, OLD_FORMAT) == 0;
    if (strcmp(format, FORMAT_VERSION) != 0 && !old)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%.300s has the model format '%.20s'; this program reads " OLD_FORMAT " and %s: use "
            "the version that wrote it, or train it again",
            path, format, FORMAT_VERSION);
    for (int i = 0; i < 4; i++)
        TRY(metadata_json(file, path, keys[i], &parts[i], error));
    configuration c;
    configuration_defaults(&c);
    smac_status status =
        old ? configuration_from_old_json(&c, parts[0], error) : configuration_from_json(&c, parts[0], error);
    if (status == SMAC_OK)
        status = configuration_check(&c, error);
    if (status != SMAC_OK)
        return error_advise(error, error_context(error, status, "%.300s", path), SMAC_ERROR_ARGUMENT, GIVE_OURS);
    task_description *tasks = memory_new(SYSTEM_TASKS_MAX, sizeof *tasks);
    int task_count = 0;
    if (!tasks)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the tasks of %.300s", path);
    status = read_tasks(parts[1], path, tasks, &task_count, error);
    affect_system *s = status == SMAC_OK ? system_begin(&c, tasks, task_count, NULL) : NULL;
    free(tasks);
    TRY(status);
    if (!s)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the model %.300s", path);
    *out = s;
    read_training(parts[3], &s->training);
    for (int m = 0; m < MODALITIES; m++) {
        const json_t *one = json_object_get(parts[2], modality_name(m));
        if (!s->has[m])
            continue;
        if (!one)
            return FAIL(error, SMAC_ERROR_FORMAT, "%.300s says nothing about its %s encoder", path, modality_name(m));
        s->ready_width[m] = json_integer_value(json_object_get(one, old ? "ready" : "features"));
        if (s->ready_width[m] > 0)
            continue;
        TRY(read_encoder_config(one, m, plan, path, error));
        const char *how = json_string_value(json_object_get(one, "precision"));
        const char *sha256 = json_string_value(json_object_get(one, "sha256"));
        if (how && !precision_from_name(how, &s->precision[m])) /* older files do not say: float32 */
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%.300s gives its %s encoder the precision \"%.20s\"; expected f32, bf16 or int8", path,
                modality_name(m), how);
        if (wanted)
            s->precision[m] = *wanted;
        plan->outside[m] = json_is_true(json_object_get(one, "outside"));
        if (plan->outside[m])
            TRY(open_outside(s, m, one, path, folder, error));
        else
            snprintf(s->encoder_sha256[m], sizeof s->encoder_sha256[m], "%.64s", sha256 ? sha256 : "");
    }
    const char *tokenizer = tensor_file_metadata(file, "semanticmac.tokenizer");
    if (plan->has[MODALITY_TEXT] && !tokenizer)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s has no tokenizer for its words", path);
    if (plan->has[MODALITY_TEXT]) {
        TRY(error_context(
            error, tokenizer_open_memory(tokenizer, strlen(tokenizer), &s->tokenizer, error), "%.300s", path));
        s->tokenizer_text = memory_copy_text(tokenizer);
    }
    return SMAC_OK;
}

smac_status system_load(const char *path, const system_load_options *options, affect_system **out, smac_error *error)
{
    tensor_file *file = NULL;
    affect_system *s = NULL;
    json_t *parts[4] = {NULL, NULL, NULL, NULL};
    TRY(tensor_file_open(path, &file, error));
    encoder_plan plan = {.model_file = file, .model_path = path};
    smac_status status = read_frame(file, path, options, &s, &plan, parts, error);
    if (status == SMAC_OK)
        status = system_build(s, &plan, false, false, error);
    if (status == SMAC_OK)
        status = system_load_values(s, file, path, error);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        status = parameter_store_pack(s->store, system_prefix(m), s->precision[m], is_large(s, m), error);
    if (status == SMAC_OK)
        status = parameter_store_pack(s->store, "core", PRECISION_F32, false, error);
    if (status == SMAC_OK && !file_is_folder(path))
        status = sha256_file(path, s->sha256, error);
    for (int i = 0; i < 4; i++)
        json_decref(parts[i]);
    tensor_file_close(file);
    if (status != SMAC_OK) {
        system_free(s);
        return error_advise(error, status, SMAC_ERROR_FORMAT, GIVE_OURS);
    }
    *out = s;
    return SMAC_OK;
}
