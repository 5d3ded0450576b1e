/* pipeline/affect_model_pack.c - which tensors of a model file an encoder's own file has, and the others made small. */
#include "pipeline/affect_model_pack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "compute/kernels.h"
#include "encoders/weight_source.h"
#include "models/models.h"
#include "pipeline/affect_model_build.h"

enum { SMALL = 4096 }; /* values of a matrix that is not worth rounding */

typedef struct packing {
    const pack_options *options;
    const affect_model *model;
    const tensor_file *file;
    tensor_entry *entries;
    void **made; /* (count) what entries point to that is ours, or NULL */
    char **names;
    size_t count;
    bool rest[MODALITIES]; /* the encoder's file has some of its values */
    pack_summary *summary;
    smac_error *error;
} packing;

static int modality_of(const char *name)
{
    for (int m = 0; m < MODALITIES; m++)
        if (strncmp(name, affect_model_prefix(m), strlen(affect_model_prefix(m))) == 0)
            return m;
    return -1;
}

/* --- what encoders' files have ------------------------------------------------------------------------------------ */

static const listed_parameter *find_listed(const parameter_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].parameter->name, name) == 0)
            return &list->items[i];
    return NULL;
}

/* Whether the encoder's file has this tensor, to the bit; false when it has no such tensor. */
static smac_status is_in_file(
    const parameter_list *list, const tensor_entry *e, const tensor_file *encoder, bool *same, smac_error *error)
{
    const listed_parameter *item = find_listed(list, e->name);
    weight_source source;
    *same = false;
    if (!item || e->type != TENSOR_F32 || weight_source_find(list, item, encoder, &source, NULL) != SMAC_OK)
        return SMAC_OK;
    float *values = memory_new((size_t)e->count + 1, sizeof *values);
    if (!values)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for tensor %s", e->name);
    smac_status status = weight_source_load(&source, values, error);
    *same = status == SMAC_OK && memcmp(values, e->data, e->bytes) == 0;
    free(values);
    return status;
}

/* keep[i] becomes false for the tensors of modality m that its encoder's file has. */
static smac_status compare_encoder(packing *p, int m, bool *keep)
{
    const affect_model *s = p->model;
    const char *name = encoder_settings_of(&s->configuration, m).path;
    char *path = NULL, digest[65];
    encoder_files files = {0};
    if (!s->encoders[m] || !*name || affect_model_encoder_outside(s, m))
        return SMAC_OK;
    TRY(models_open(name, &path, &files, p->error));
    smac_status status = affect_model_encoder_digest(files.file, digest, p->error);
    if (status == SMAC_OK && strcmp(digest, s->encoder_sha256[m]) != 0)
        status = FAIL(p->error, SMAC_ERROR_MISMATCH,
            "the %s encoder %.200s has SHA-256 %s, but the model was trained with %s: put that one back",
            modality_name((modality)m), path, digest, s->encoder_sha256[m]);
    for (size_t i = 0; i < tensor_file_count(p->file) && status == SMAC_OK; i++) {
        const tensor_entry *e = tensor_file_at(p->file, i);
        bool same = false;
        if (modality_of(e->name) != m)
            continue;
        status = is_in_file(encoder_parameters(s->encoders[m]), e, files.file, &same, p->error);
        if (same) {
            keep[i] = false;
            p->rest[m] = true;
            p->summary->left_out++;
        }
    }
    encoder_files_close(&files);
    free(path);
    return status;
}

/* --- the others --------------------------------------------------------------------------------------------------- */

/* Takes memory, which is freed with the packing. */
static smac_status append(packing *p, const tensor_entry *from, tensor_type type, void *values, char *name)
{
    tensor_entry *e = &p->entries[p->count];
    *e = *from;
    e->type = type;
    e->bytes = (size_t)e->count * tensor_type_bytes(type);
    e->data = values ? values : from->data;
    e->name = name ? name : from->name;
    p->made[p->count] = values;
    p->names[p->count++] = name;
    p->summary->tensors++;
    p->summary->bytes += (int64_t)e->bytes;
    return SMAC_OK;
}

static smac_status append_bf16(packing *p, const tensor_entry *e)
{
    uint16_t *values = memory_new((size_t)e->count, sizeof *values);
    if (!values)
        return FAIL(p->error, SMAC_ERROR_MEMORY, "no memory for tensor %s", e->name);
    kernels_get()->to_bf16(values, e->data, e->count);
    return append(p, e, TENSOR_BF16, values, NULL);
}

/* int8 / scale is the value, a scale for each row: 127 / its largest magnitude. */
static smac_status append_int8(packing *p, const tensor_entry *e)
{
    int64_t rows = e->dim[0], row = e->count / rows;
    size_t length = strlen(e->name) + sizeof "_scale";
    int8_t *values = memory_new((size_t)e->count, 1);
    float *scales = memory_new((size_t)rows, sizeof *scales);
    char *name = memory_new(length, 1);
    const float *x = e->data;
    if (!values || !scales || !name) {
        free(values);
        free(scales);
        free(name);
        return FAIL(p->error, SMAC_ERROR_MEMORY, "no memory for tensor %s", e->name);
    }
    for (int64_t r = 0; r < rows; r++) {
        float largest = 0;
        for (int64_t i = 0; i < row; i++)
            largest = fmaxf(largest, fabsf(x[r * row + i]));
        scales[r] = largest > 0 && isfinite(127 / largest) ? 127 / largest : 1;
        for (int64_t i = 0; i < row; i++)
            values[r * row + i] = (int8_t)fmaxf(-127, fminf(127, rintf(x[r * row + i] * scales[r])));
    }
    snprintf(name, length, "%s_scale", e->name);
    append(p, e, TENSOR_I8, values, NULL);
    tensor_entry scale = {.name = name, .rank = 1, .dim = {rows}, .count = rows};
    return append(p, &scale, TENSOR_F32, scales, name);
}

static smac_status append_one(packing *p, const tensor_entry *e)
{
    precision how = modality_of(e->name) >= 0 ? p->options->encoders : p->options->core;
    bool matrix = e->type == TENSOR_F32 && e->rank >= 2 && e->count >= SMALL;
    for (int64_t i = 0; matrix && i < e->count; i++)
        if (!isfinite(((const float *)e->data)[i]))
            return FAIL(
                p->error, SMAC_ERROR_NUMERIC, "tensor %s holds a value that is not finite: train it again", e->name);
    if (matrix && how == PRECISION_INT8)
        return append_int8(p, e);
    if (matrix && how == PRECISION_BF16)
        return append_bf16(p, e);
    return append(p, e, e->type, NULL, NULL);
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* The metadata's JSON with the changes of packing; NULL: left as it is.  free() */
static char *changed_text(const packing *p, const char *key, const char *text)
{
    bool encoders = strcmp(key, "semanticmac.encoders") == 0;
    if (!encoders && !(p->options->name && strcmp(key, "semanticmac.configuration") == 0))
        return NULL;
    json_t *o = json_loads(text, 0, NULL);
    for (int m = 0; encoders && m < MODALITIES; m++)
        if (p->rest[m])
            json_object_set_new(json_object_get(o, modality_name((modality)m)), "outside", json_string("rest"));
    if (!encoders)
        json_object_set_new(json_object_get(o, "model"), "name", json_string(p->options->name));
    char *out = json_dump_text(o, JSON_COMPACT);
    json_decref(o);
    return out;
}

static bool is_changed(const packing *p, const char *key)
{
    return strcmp(key, "semanticmac.encoders") == 0 ||
        (p->options->name && strcmp(key, "semanticmac.configuration") == 0) ||
        (p->options->card && strcmp(key, AFFECT_MODEL_CARD) == 0);
}

static smac_status write_packed(packing *p, const char *to)
{
    size_t count = 0, used = 0;
    while (tensor_file_metadata_key(p->file, count))
        count++;
    safetensors_pair *pairs = memory_new(count + 1, sizeof *pairs);
    char **texts = memory_new(count + 1, sizeof *texts);
    smac_status status = pairs && texts ? SMAC_OK : FAIL(p->error, SMAC_ERROR_MEMORY, "no memory to write %.200s", to);
    for (size_t i = 0; i < count && status == SMAC_OK; i++) {
        const char *key = tensor_file_metadata_key(p->file, i);
        const char *text = tensor_file_metadata(p->file, key);
        if (p->options->card && strcmp(key, AFFECT_MODEL_CARD) == 0)
            continue;
        if (is_changed(p, key) && !(texts[used] = changed_text(p, key, text)))
            status = FAIL(p->error, SMAC_ERROR_MEMORY, "no memory to write %.200s", to);
        pairs[used] = (safetensors_pair){key, texts[used] ? texts[used] : text};
        used++;
    }
    if (p->options->card && status == SMAC_OK)
        pairs[used++] = (safetensors_pair){AFFECT_MODEL_CARD, p->options->card};
    if (status == SMAC_OK)
        status = safetensors_write(to, p->entries, p->count, pairs, used, p->error);
    for (size_t i = 0; texts && i < count; i++)
        free(texts[i]);
    free(texts);
    free(pairs);
    return status;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static smac_status check_options(const pack_options *options, smac_error *error)
{
    json_t *card = options->card ? json_loads(options->card, 0, NULL) : NULL;
    bool object = json_is_object(card);
    json_decref(card);
    if (options->card && !object)
        return FAIL(error, SMAC_ERROR_FORMAT, "the model card is not a JSON object, expected {\"data\": \"...\", ...}");
    if (options->core == PRECISION_INT8)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the core can be stored in f32 or bf16, not in int8: choose one");
    return SMAC_OK;
}

static smac_status pack_all(packing *p, const char *to)
{
    size_t count = tensor_file_count(p->file);
    bool *keep = memory_new(count + 1, sizeof *keep);
    p->entries = memory_new(2 * count + 1, sizeof *p->entries);
    p->made = memory_new(2 * count + 1, sizeof *p->made);
    p->names = memory_new(2 * count + 1, sizeof *p->names);
    smac_status status = keep && p->entries && p->made && p->names
        ? SMAC_OK
        : FAIL(p->error, SMAC_ERROR_MEMORY, "no memory to pack %zu tensors", count);
    for (size_t i = 0; i < count && status == SMAC_OK; i++)
        keep[i] = parameter_find(p->model->store, tensor_file_at(p->file, i)->name) != NULL;
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        status = compare_encoder(p, m, keep);
    for (size_t i = 0; i < count && status == SMAC_OK; i++)
        if (keep[i])
            status = append_one(p, tensor_file_at(p->file, i));
    if (status == SMAC_OK)
        status = tensor_file_check(p->file, p->error);
    if (status == SMAC_OK)
        status = write_packed(p, to);
    for (size_t i = 0; i < p->count; i++) {
        free(p->made[i]);
        free(p->names[i]);
    }
    free(p->entries);
    free(p->made);
    free(p->names);
    free(keep);
    return status;
}

smac_status affect_model_pack(
    const char *from, const char *to, const pack_options *options, pack_summary *summary, smac_error *error)
{
    affect_model *model = NULL;
    tensor_file *file = NULL;
    memset(summary, 0, sizeof *summary);
    TRY(check_options(options, error));
    TRY(affect_model_load(from, NULL, &model, error));
    packing p = {.options = options, .model = model, .summary = summary, .error = error};
    smac_status status = tensor_file_open(from, &file, error);
    p.file = file;
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        if (model->rest[m])
            status = FAIL(error, SMAC_ERROR_ARGUMENT, "%.300s is packed already: give the file that train wrote", from);
    if (status == SMAC_OK)
        status = pack_all(&p, to);
    tensor_file_close(file);
    affect_model_free(model);
    return status;
}
