/*
 * pipeline/affect_model_save.c - writing the model file whole, and describing a model.
 *
 * semanticmac.encoders is {"text": {"config": {...}, "path": "", "sha256": "", "outside": false, "precision": "f32"}
 * or {"features": width}}; "vectors": [{"name": "", "width": width}] lists the kinds of ready vectors, where there are some
 * beside the encoder, or several.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "pipeline/affect_model.h"
#include "pipeline/affect_model_build.h"

enum { SMALL_ENCODER = 64 << 20 }; /* a frozen encoder of fewer bytes is stored inside, so that one file is enough */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* --- what goes into the metadata ---------------------------------------------------------------------------------- */

bool affect_model_encoder_is_large(const affect_model *s, int m)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < parameter_number(s->store); i++)
        if (starts_with(parameter_at(s->store, i)->name, affect_model_prefix(m)))
            bytes += parameter_at(s->store, i)->count * (int64_t)sizeof(float);
    return bytes > SMALL_ENCODER;
}

bool affect_model_encoder_outside(const affect_model *s, int m)
{
    return s->files[m] && s->frozen[m] && !s->rest[m] && affect_model_encoder_is_large(s, m);
}

static json_t *vectors_to_json(const vector_forms *forms)
{
    json_t *list = json_array();
    for (int i = 0; list && i < forms->count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:I}", "name", forms->of[i].name, "width", (json_int_t)forms->of[i].width));
    return list;
}

static json_t *encoders_to_json(const affect_model *s)
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
            json_object_set_new(one, "outside", json_boolean(affect_model_encoder_outside(s, m)));
            text_free(&text);
            if (m == MODALITY_VISION && s->faces)
                json_object_set_new(one, "face_detector_sha256", json_string(s->faces_sha256));
        } else {
            json_object_set_new(one, "features", json_integer(s->vectors[m].of[0].width));
        }
        if (s->encoders[m] ? s->vectors[m].count > 0 : s->vectors[m].count > 1 || *s->vectors[m].of[0].name)
            json_object_set_new(one, "vectors", vectors_to_json(&s->vectors[m]));
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

static json_t *tasks_to_json(const affect_model *s)
{
    json_t *tasks = json_array();
    for (int i = 0; tasks && i < s->task_count; i++)
        json_array_append_new(tasks, task_to_json(&s->tasks[i]));
    return tasks;
}

static json_t *calibration_or_null(const affect_model *s)
{
    json_t *o = calibration_to_json(s->calibration, s->tasks, s->task_count);
    return o ? o : json_null();
}

static json_t *card_or_null(const affect_model *s)
{
    json_t *card = s->card ? json_loads(s->card, 0, NULL) : NULL;
    return card ? card : json_null();
}

json_t *affect_model_describe(const affect_model *s)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:s}", "name", s->name, "card", card_or_null(s),
        "configuration", configuration_to_json(&s->configuration), "tasks", tasks_to_json(s), "training",
        training_to_json(&s->training), "encoders", encoders_to_json(s), "calibration", calibration_or_null(s),
        "parameters", (json_int_t)affect_model_parameter_values(s), "sha256", s->sha256);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

enum { TEXTS = 7 };

static smac_status write_all(
    const affect_model *s, const char *path, const affect_model_extra *extra, char *texts[TEXTS], smac_error *error)
{
    static const char *const keys[TEXTS] = {"semanticmac.configuration", "semanticmac.tasks", "semanticmac.encoders",
        "semanticmac.training", "semanticmac.calibration", "semanticmac.tokenizer", "semanticmac.format"};
    size_t more = extra ? extra->tensor_count : 0, more_texts = extra ? extra->text_count : 0, count = 0, pairs = 0;
    tensor_entry *entries = memory_new((size_t)parameter_number(s->store) + more + 1, sizeof *entries);
    safetensors_pair *metadata = memory_new(TEXTS + 1 + more_texts, sizeof *metadata);
    smac_status status = SMAC_OK;
    bool outside[MODALITIES];
    for (int m = 0; m < MODALITIES; m++)
        outside[m] = affect_model_encoder_outside(s, m);
    if (!entries || !metadata)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory to write %s", path);
    for (int64_t i = 0; status == SMAC_OK && i < parameter_number(s->store); i++) {
        const parameter *p = parameter_at(s->store, i);
        bool skip = false;
        for (int m = 0; m < MODALITIES; m++)
            skip = skip || (outside[m] && starts_with(p->name, affect_model_prefix(m)));
        if (skip)
            continue;
        float *numbers = parameter_map(p);
        if (!numbers) {
            status = FAIL(error, SMAC_ERROR_UNSUPPORTED, "%s exists only in packed form and cannot be written to %s",
                p->name, path);
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
        if (s->card)
            metadata[pairs++] = (safetensors_pair){"semanticmac.card", s->card};
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

smac_status affect_model_save(
    const affect_model *s, const char *path, const affect_model_extra *extra, smac_error *error)
{
    enum { PARTS = 5 };
    json_t *parts[PARTS] = {configuration_to_json(&s->configuration), tasks_to_json(s), encoders_to_json(s),
        training_to_json(&s->training), calibration_to_json(s->calibration, s->tasks, s->task_count)};
    char *texts[TEXTS] = {NULL, NULL, NULL, NULL, NULL, s->tokenizer_text, AFFECT_MODEL_FORMAT};
    smac_status status = SMAC_OK;
    for (int i = 0; i < PARTS; i++) {
        texts[i] = parts[i] ? json_dump_text(parts[i], JSON_COMPACT) : NULL;
        json_decref(parts[i]);
        if (!texts[i] && i < PARTS - 1) /* a model need not be calibrated */
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the metadata of %s", path);
    }
    if (status == SMAC_OK)
        status = write_all(s, path, extra, texts, error);
    for (int i = 0; i < PARTS; i++)
        free(texts[i]);
    return status;
}
