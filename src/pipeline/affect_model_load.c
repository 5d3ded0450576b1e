/* pipeline/affect_model_load.c - reading a model file: what does not fit is refused with what was found and expected. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "encoders/weight_source.h"
#include "models/models.h"
#include "pipeline/affect_model.h"
#include "pipeline/affect_model_build.h"
#include "text/tokenizer.h"

#define GIVE_OURS "give a model file that semanticmac train wrote"

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

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
    char *json = json_dump_text(json_object_get(one, "config"), JSON_COMPACT);
    if (!json)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "%.300s does not say how its %s encoder is built", path, modality_name(m));
    smac_status status = encoder_config_read(json, strlen(json), (modality)m, &plan->of[m], error);
    free(json);
    plan->has[m] = true;
    return error_context(error, status, "%.300s, %s encoder", path, modality_name(m));
}

/* The file of a frozen encoder that the model file only names: where it was, in the folder given, or installed. */
static smac_status open_outside(
    affect_model *s, int m, const json_t *one, const char *path, const char *folder, smac_error *error)
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
        status = affect_model_encoder_digest(s->files[m], digest, error);
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

/* *from_file: p's values were read from its encoder's own file; *outside: the model file may lack them. */
static void place_of_values(const affect_model *s, const parameter *p, bool *outside, bool *from_file)
{
    *outside = *from_file = false;
    for (int m = 0; m < MODALITIES; m++) {
        bool own = s->files[m] && starts_with(p->name, affect_model_prefix(m));
        *outside = *outside || (own && (s->rest[m] || affect_model_encoder_outside(s, m)));
        *from_file = *from_file || (own && !p->trainable && !s->rest[m]);
    }
}

/* The scales of a tensor of int8. */
static bool is_scale(const tensor_file *file, const char *name)
{
    char whole[512];
    size_t length = strlen(name), ending = strlen("_scale");
    if (length <= ending || length >= sizeof whole || strcmp(name + length - ending, "_scale") != 0)
        return false;
    snprintf(whole, sizeof whole, "%.*s", (int)(length - ending), name);
    const tensor_entry *of = tensor_file_find(file, whole);
    return of && of->type == TENSOR_I8;
}

smac_status affect_model_check_values(
    const affect_model *s, const tensor_file *file, const char *path, smac_error *error)
{
    size_t used = 0;
    for (int64_t i = 0; i < parameter_number(s->store); i++) {
        const parameter *p = parameter_at(s->store, i);
        const tensor_entry *e = tensor_file_find(file, p->name);
        bool outside, from_file;
        TRY(tensor_file_check(file, error));
        place_of_values(s, p, &outside, &from_file);
        if (outside && !e)
            continue;
        smac_status status = tensor_file_expect(file, p->name, p->rank, p->dim, &e, error);
        if (status != SMAC_OK) {
            error_context(error, status, "%.300s", path);
            error_advise(error, status, SMAC_ERROR_NOT_FOUND, "train it again");
            return error_advise(error, status, SMAC_ERROR_MISMATCH, "train it again");
        }
        weight_source source;
        TRY(error_context(error, weight_source_of(file, e, 0, 1, &source, error), "%.300s", path));
        used += source.scale ? 2 : 1;
    }
    for (size_t i = 0; i < tensor_file_count(file) && used < tensor_file_count(file); i++) {
        const tensor_entry *e = tensor_file_at(file, i);
        char shape[128];
        if (!is_training_extra(e->name) && !parameter_find(s->store, e->name) && !is_scale(file, e->name))
            return FAIL(error, SMAC_ERROR_MISMATCH,
                "%.300s holds the tensor %.200s of shape %s, which its configuration has no place for; train it again",
                path, e->name, tensor_shape_text(e->rank, e->dim, shape, sizeof shape));
    }
    return SMAC_OK;
}

smac_status affect_model_load_values(affect_model *s, const tensor_file *file, const char *path, smac_error *error)
{
    TRY(affect_model_check_values(s, file, path, error));
    for (int64_t i = 0; i < parameter_number(s->store); i++) {
        parameter *p = parameter_at(s->store, i);
        const tensor_entry *e = tensor_file_find(file, p->name);
        bool outside, from_file;
        place_of_values(s, p, &outside, &from_file);
        float *numbers = e && !from_file ? parameter_map(p) : NULL;
        if (numbers) {
            weight_source source;
            smac_status status = weight_source_of(file, e, 0, 1, &source, error);
            if (status == SMAC_OK)
                status = weight_source_load(&source, numbers, error);
            TRY(parameter_unmap(p, numbers, status == SMAC_OK, error));
            TRY(status);
        }
    }
    parameter_touch_all(s->store);
    return SMAC_OK;
}

static smac_status read_tasks(
    const json_t *tasks, const char *path, task_description out[AFFECT_MODEL_TASKS_MAX], int *count, smac_error *error)
{
    *count = (int)json_array_size(tasks);
    if (*count < 1 || *count > AFFECT_MODEL_TASKS_MAX)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "%.300s names %d tasks; expected 1 to %d", path, *count, AFFECT_MODEL_TASKS_MAX);
    for (int i = 0; i < *count; i++)
        TRY(error_context(error, task_from_json(&out[i], json_array_get(tasks, (size_t)i), error), "%.300s", path));
    return SMAC_OK;
}

/* What is read from a model file beside the weights' values. */
typedef struct model_reading {
    const char *path;
    const affect_model_load_options *options;
    affect_model *s; /* NULL until the configuration and the tasks are read */
    encoder_plan plan;
    json_t *configuration, *tasks, *encoders, *training, *calibration;
    bool old; /* AFFECT_MODEL_OLD_FORMAT */
} model_reading;

static smac_status read_metadata(model_reading *r, const tensor_file *file, smac_error *error)
{
    const char *format = tensor_file_metadata(file, "semanticmac.format");
    if (!format)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s is a %s file, but has no semanticmac.format", r->path,
            tensor_file_kind(file));
    r->old = strcmp(format, AFFECT_MODEL_OLD_FORMAT) == 0;
    if (strcmp(format, AFFECT_MODEL_FORMAT) != 0 && !r->old)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%.300s has the model format '%.20s'; this program reads " AFFECT_MODEL_OLD_FORMAT
            " and " AFFECT_MODEL_FORMAT ": use the version that wrote it, or train it again",
            r->path, format);
    TRY(metadata_json(file, r->path, "semanticmac.configuration", &r->configuration, error));
    TRY(metadata_json(file, r->path, "semanticmac.tasks", &r->tasks, error));
    TRY(metadata_json(file, r->path, "semanticmac.encoders", &r->encoders, error));
    if (tensor_file_metadata(file, "semanticmac.calibration"))
        TRY(metadata_json(file, r->path, "semanticmac.calibration", &r->calibration, error));
    return metadata_json(file, r->path, "semanticmac.training", &r->training, error);
}

static smac_status begin_affect_model(model_reading *r, smac_error *error)
{
    configuration c;
    configuration_defaults(&c);
    c.audio.chunk_seconds = 0; /* a file that does not say is older than these keys */
    c.audio.voice_gate = false;
    smac_status status = r->old ? configuration_from_old_json(&c, r->configuration, error)
                                : configuration_from_json(&c, r->configuration, error);
    if (status == SMAC_OK)
        status = configuration_check(&c, error);
    if (status != SMAC_OK)
        return error_advise(error, error_context(error, status, "%.300s", r->path), SMAC_ERROR_ARGUMENT, GIVE_OURS);
    task_description *tasks = memory_new(AFFECT_MODEL_TASKS_MAX, sizeof *tasks);
    int task_count = 0;
    if (!tasks)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the tasks of %.300s", r->path);
    status = read_tasks(r->tasks, r->path, tasks, &task_count, error);
    if (status == SMAC_OK && !(r->s = affect_model_begin(&c, tasks, task_count, NULL)))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the model %.300s", r->path);
    free(tasks);
    if (status == SMAC_OK)
        read_training(r->training, &r->s->training);
    if (status == SMAC_OK && r->calibration)
        status = error_context(error,
            calibration_from_json(r->calibration, r->s->tasks, r->s->task_count, r->s->calibration, error), "%.300s",
            r->path);
    return status;
}

/* The kinds of ready vectors: "vectors", or a single one's width as "features". */
static smac_status read_vectors(model_reading *r, const json_t *one, int m, smac_error *error)
{
    vector_forms *forms = &r->s->vectors[m];
    const json_t *list = json_object_get(one, "vectors");
    int64_t width = json_integer_value(json_object_get(one, r->old ? "ready" : "features"));
    if (width > 0)
        *forms = (vector_forms)VECTORS_ALONE(width);
    if (!list)
        return SMAC_OK;
    if (json_array_size(list) > VECTOR_FORMS_MAX)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s lists %zu kinds of %s vectors; expected at most %d", r->path,
            json_array_size(list), modality_name(m), VECTOR_FORMS_MAX);
    forms->count = (int)json_array_size(list);
    for (int i = 0; i < forms->count; i++) {
        const json_t *form = json_array_get(list, (size_t)i);
        const char *name = json_string_value(json_object_get(form, "name"));
        int64_t wide = json_integer_value(json_object_get(form, "width"));
        if (!name || strlen(name) >= VECTOR_FORM_NAME || wide < 1)
            return FAIL(error, SMAC_ERROR_FORMAT, "%.300s lists %s vectors without a name or a width", r->path,
                modality_name(m));
        snprintf(forms->of[i].name, sizeof forms->of[i].name, "%s", name);
        forms->of[i].width = wide;
    }
    forms->alone = width > 0 && forms->count > 0;
    return SMAC_OK;
}

static smac_status read_faces(model_reading *r, const json_t *vision, smac_error *error)
{
    const char *sha256 = json_string_value(json_object_get(vision, "face_detector_sha256"));
    if (r->s->configuration.vision.crop == CROP_FACE && !sha256)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s has vision.crop face, but no face_detector_sha256", r->path);
    return error_context(error,
        affect_model_open_faces(r->s, sha256, r->options ? r->options->encoder_folder : NULL, error), "%.300s",
        r->path);
}

static smac_status read_encoder(model_reading *r, int m, smac_error *error)
{
    affect_model *s = r->s;
    const json_t *one = json_object_get(r->encoders, modality_name(m));
    if (!one)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s says nothing about its %s encoder", r->path, modality_name(m));
    TRY(read_vectors(r, one, m, error));
    if (s->vectors[m].alone)
        return SMAC_OK;
    TRY(read_encoder_config(one, m, &r->plan, r->path, error));
    const char *how = json_string_value(json_object_get(one, "precision"));
    const char *sha256 = json_string_value(json_object_get(one, "sha256"));
    if (how && !precision_from_name(how, &s->precision[m])) /* older files do not say: float32 */
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%.300s gives its %s encoder the precision \"%.20s\"; expected f32, bf16 or int8", r->path,
            modality_name(m), how);
    if (r->options && r->options->precision)
        s->precision[m] = *r->options->precision;
    const char *outside = json_string_value(json_object_get(one, "outside"));
    s->rest[m] = outside && strcmp(outside, "rest") == 0;
    r->plan.outside[m] = s->rest[m] || json_is_true(json_object_get(one, "outside"));
    if (m == MODALITY_VISION)
        TRY(read_faces(r, one, error));
    if (r->plan.outside[m])
        return open_outside(s, m, one, r->path, r->options ? r->options->encoder_folder : NULL, error);
    snprintf(s->encoder_sha256[m], sizeof s->encoder_sha256[m], "%.64s", sha256 ? sha256 : "");
    return SMAC_OK;
}

static smac_status read_tokenizer(model_reading *r, const tensor_file *file, smac_error *error)
{
    const char *text = tensor_file_metadata(file, "semanticmac.tokenizer");
    if (!r->plan.has[MODALITY_TEXT])
        return SMAC_OK;
    if (!text)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s has no tokenizer for its words", r->path);
    TRY(error_context(error, tokenizer_open_memory(text, strlen(text), &r->s->tokenizer, error), "%.300s", r->path));
    r->s->tokenizer_text = memory_copy_text(text);
    return r->s->tokenizer_text ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tokenizer");
}

/* The model card, whose members are texts. */
static smac_status read_card(model_reading *r, const tensor_file *file, smac_error *error)
{
    const char *text = tensor_file_metadata(file, "semanticmac.card"), *name;
    json_t *card, *member;
    bool is_good;
    if (!text)
        return SMAC_OK;
    TRY(metadata_json(file, r->path, "semanticmac.card", &card, error));
    is_good = json_is_object(card);
    json_object_foreach(card, name, member) is_good = is_good && json_is_string(member);
    json_decref(card);
    if (!is_good)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "%.300s has a semanticmac.card that is not a JSON object of texts", r->path);
    r->s->card = memory_copy_text(text);
    return r->s->card ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the model card");
}

/* Everything but the weights' values; r->s is left for the caller to free. */
static smac_status read_model(model_reading *r, const tensor_file *file, smac_error *error)
{
    const char *folder = r->options ? r->options->encoder_folder : NULL;
    if (folder && !file_is_folder(folder))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%.300s is not a folder, expected the one with this model's encoders: give another, or none", folder);
    TRY(read_metadata(r, file, error));
    TRY(begin_affect_model(r, error));
    for (int m = 0; m < MODALITIES; m++)
        if (r->s->has[m])
            TRY(read_encoder(r, m, error));
    TRY(read_tokenizer(r, file, error));
    return read_card(r, file, error);
}

smac_status affect_model_load(
    const char *path, const affect_model_load_options *options, affect_model **out, smac_error *error)
{
    tensor_file *file = NULL;
    TRY(tensor_file_open(path, &file, error));
    model_reading r = {.path = path, .options = options, .plan = {.model_file = file, .model_path = path}};
    smac_status status = read_model(&r, file, error);
    affect_model *s = r.s;
    if (status == SMAC_OK)
        status = affect_model_build(s, &r.plan, false, false, error);
    if (status == SMAC_OK)
        status = affect_model_load_values(s, file, path, error);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        status = parameter_store_pack(
            s->store, affect_model_prefix(m), s->precision[m], affect_model_encoder_is_large(s, m), error);
    if (status == SMAC_OK)
        status = parameter_store_pack(s->store, "core", PRECISION_F32, false, error);
    if (status == SMAC_OK && !file_is_folder(path))
        status = sha256_file(path, s->sha256, error);
    json_decref(r.configuration);
    json_decref(r.tasks);
    json_decref(r.encoders);
    json_decref(r.training);
    json_decref(r.calibration);
    tensor_file_close(file);
    if (status != SMAC_OK) {
        affect_model_free(s);
        return error_advise(error, status, SMAC_ERROR_FORMAT, GIVE_OURS);
    }
    *out = s;
    return SMAC_OK;
}

/* --- what it needs ------------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static smac_status add_need(char **names, size_t *count, const char *name, smac_error *error)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0)
            return SMAC_OK;
    names[*count] = memory_copy_text(name);
    return names[(*count)++] ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the names of models");
}

/* names has room for one a modality and one more. */
static smac_status collect_needs(model_reading *r, char **names, size_t *count, smac_error *error)
{
    for (int m = 0; m < MODALITIES; m++) {
        const json_t *one = json_object_get(r->encoders, modality_name(m)), *outside = json_object_get(one, "outside");
        const char *was = json_string_value(json_object_get(one, "path"));
        if ((json_is_true(outside) || json_is_string(outside)) && was && models_name_is_valid(was))
            TRY(add_need(names, count, was, error));
    }
    const char *crop = json_string_value(json_object_get(json_object_get(r->configuration, "vision"), "crop"));
    return crop && strcmp(crop, "face") == 0 ? add_need(names, count, "retinaface", error) : SMAC_OK;
}

smac_status affect_model_needs(const char *path, char ***names, size_t *count, smac_error *error)
{
    tensor_file *file = NULL;
    *names = NULL;
    *count = 0;
    TRY(tensor_file_open(path, &file, error));
    model_reading r = {.path = path};
    smac_status status = read_metadata(&r, file, error);
    if (status == SMAC_OK && !(*names = memory_new(MODALITIES + 2, sizeof **names)))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the names of models");
    if (status == SMAC_OK)
        status = collect_needs(&r, *names, count, error);
    if (status == SMAC_OK)
        qsort(*names, *count, sizeof **names, by_text);
    json_decref(r.configuration);
    json_decref(r.tasks);
    json_decref(r.encoders);
    json_decref(r.training);
    tensor_file_close(file);
    if (status != SMAC_OK) {
        folder_list_free(*names, *count);
        *names = NULL;
        *count = 0;
    }
    return error_advise(error, status, SMAC_ERROR_FORMAT, GIVE_OURS);
}
