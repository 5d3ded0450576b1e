/* models/recognise.c - what a folder or a file is, by its content, and whether its weights fit its configuration. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "encoders/weights_loading.h"
#include "models/models_internal.h"
#include "text/tokenizer.h"

static const char imagebind_sign[2][64] = {
    "modality_trunks.vision.blocks.0.attn.in_proj_weight", "modality_trunks.audio.blocks.0.attn.in_proj_weight"};

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* ImageBind's file has no configuration but the metadata of one of ours; the published one is the huge model. */
static smac_status open_imagebind(const char *path, opened_model *m, smac_error *error)
{
    static const char *const keys[2] = {"imagebind.vision", "imagebind.audio"};
    m->kind = MODEL_IMAGEBIND;
    for (int i = 0; i < 2; i++) {
        m->has[i] = tensor_file_find(m->file, imagebind_sign[i]) != NULL;
        const char *json = tensor_file_metadata(m->file, keys[i]);
        if (!m->has[i])
            continue;
        if (!json)
            imagebind_config_huge(i == 0 ? IMAGEBIND_VISION : IMAGEBIND_AUDIO, &m->imagebind[i]);
        else if (imagebind_config_from_json(json, strlen(json), &m->imagebind[i], error) != SMAC_OK)
            return error_prefix(error, "%.500s, %s", path, keys[i]);
    }
    return SMAC_OK;
}

static bool looks_like_imagebind(const tensor_file *file)
{
    return tensor_file_find(file, imagebind_sign[0]) || tensor_file_find(file, imagebind_sign[1]);
}

static smac_status open_with_config(const char *path, opened_model *m, const char *json, size_t size, smac_error *error)
{
    json_t *root = json_loadb(json, size, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "model_type"));
    bool whisper = type ? strcmp(type, "whisper") == 0 : strcmp(tensor_file_kind(m->file), "CTranslate2") == 0;
    json_decref(root);
    smac_status status;
    if (whisper) {
        m->kind = MODEL_WHISPER;
        status = whisper_config_of_file(m->file, json, size, &m->whisper, error);
    } else {
        m->kind = MODEL_LANGUAGE;
        status = language_model_config_parse(json, size, &m->language, error);
    }
    if (status != SMAC_OK)
        error_prefix(error, "%.500s/config.json", path);
    return encoder_configuration_advise(error, status);
}

static smac_status open_folder(const char *path, opened_model *m, smac_error *error)
{
    char *config = path_join(path, "config.json"), *json = NULL;
    size_t size = 0;
    smac_status status = config ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (status == SMAC_OK)
        status = tensor_file_open(path, &m->file, error);
    if (status == SMAC_OK && !file_exists(config)) {
        if (looks_like_imagebind(m->file))
            status = open_imagebind(path, m, error);
        else if (strcmp(tensor_file_kind(m->file), "CTranslate2") == 0)
            status = open_with_config(path, m, "{}", 2, error);
        else
            status = FAIL(error, SMAC_ERROR_NOT_FOUND,
                "%.500s has weights but no config.json, which says what they are: download it too", path);
    } else if (status == SMAC_OK) {
        status = file_read(config, (size_t)1 << 24, &json, &size, error);
        if (status == SMAC_OK)
            status = open_with_config(path, m, json, size, error);
    }
    free(json);
    free(config);
    return status;
}

/* A folder without a configuration whose one file of weights has a name of its own: ImageBind's. */
static char *imagebind_inside(const char *folder)
{
    char **names = NULL, *found = NULL;
    size_t count = 0, hits = 0;
    if (models_files(folder, &names, &count, NULL) != SMAC_OK)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *dot = strrchr(names[i], '.');
        if (strcmp(names[i], "config.json") == 0 || strcmp(names[i], "model.safetensors") == 0)
            hits += 2; /* a folder as others are */
        else if (dot && (strcmp(dot, ".pth") == 0 || strcmp(dot, ".safetensors") == 0) && hits++ == 0)
            found = path_join(folder, names[i]);
    }
    folder_list_free(names, count);
    if (hits == 1)
        return found;
    free(found);
    return NULL;
}

static smac_status open_any(const char *path, opened_model *m, smac_error *error)
{
    if (!file_exists(path))
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is nothing at %.500s, expected a model's folder or weights file: check the name", path);
    char *inside = file_is_folder(path) ? imagebind_inside(path) : NULL;
    const char *file = inside ? inside : path;
    smac_status status;
    if (!inside && file_is_folder(path)) {
        status = open_folder(path, m, error);
    } else {
        status = tensor_file_open(file, &m->file, error);
        if (status == SMAC_OK && looks_like_imagebind(m->file))
            status = open_imagebind(file, m, error);
        else if (status == SMAC_OK)
            status = FAIL(error, SMAC_ERROR_UNSUPPORTED,
                "%.500s is a file of tensors (%s, %zu of them), but not ImageBind's; of a language model or Whisper "
                "give the folder, with its config.json",
                file, tensor_file_kind(m->file), tensor_file_count(m->file));
        if (status == SMAC_OK)
            snprintf(m->weights, sizeof m->weights, "%.120s", path_base(file));
    }
    free(inside);
    return status;
}

smac_status opened_model_open(const char *path, opened_model *out, smac_error *error)
{
    memset(out, 0, sizeof *out);
    smac_status status = open_any(path, out, error);
    if (status != SMAC_OK)
        opened_model_close(out);
    return status;
}

void opened_model_close(opened_model *m)
{
    tensor_file_close(m->file);
    memset(m, 0, sizeof *m);
}

/* --- the tensors that are read ------------------------------------------------------------------------------------ */

typedef struct collector {
    const tensor_file *file;
    read_tensor *items;
    size_t count, capacity;
    size_t *place; /* for each tensor of the file its number among the items, plus 1; 0: not yet */
} collector;

static smac_status collect(collector *c, read_tensor one, smac_error *error)
{
    size_t *place = &c->place[one.entry - tensor_file_at(c->file, 0)];
    if (*place > 0) {
        c->items[*place - 1].product &= one.product;
        return SMAC_OK;
    }
    if (!memory_grow((void **)&c->items, &c->capacity, c->count + 1, sizeof *c->items))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a list of tensors");
    if (one.entry->type == TENSOR_I8) {
        char name[520];
        snprintf(name, sizeof name, "%.500s_scale", one.entry->name);
        one.scale = tensor_file_find(c->file, name);
    }
    c->items[c->count++] = one;
    *place = c->count;
    return SMAC_OK;
}

static smac_status collect_list(collector *c, const parameter_list *list, smac_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const listed_parameter *item = &list->items[i];
        read_tensor one = {.product = item->parameter->product};
        TRY(parameter_list_tensor(list, item, c->file, &one.entry, &one.turned, error));
        TRY(collect(c, one, error));
    }
    return SMAC_OK;
}

static smac_status collect_language(collector *c, const opened_model *m, parameter_store *store, smac_error *error)
{
    language_model *model = NULL;
    smac_status status = language_model_add(store, "check.", &m->language, 0, &model, error);
    if (status == SMAC_OK)
        status = collect_list(c, language_model_parameters(model), error);
    language_model_free(model);
    return status;
}

static smac_status collect_imagebind(collector *c, const opened_model *m, parameter_store *store, smac_error *error)
{
    smac_status status = SMAC_OK;
    for (int i = 0; i < 2 && status == SMAC_OK; i++) {
        imagebind *model = NULL;
        if (!m->has[i])
            continue;
        status = imagebind_add(store, i == 0 ? "vision." : "audio.", &m->imagebind[i], 0, &model, error);
        if (status == SMAC_OK)
            status = collect_list(c, imagebind_parameters(model), error);
        imagebind_free(model);
    }
    return status;
}

/* All tensors of the file: the decoder has no list of parameters.  The output's matrix is the embeddings' again. */
static smac_status collect_whisper(collector *c, const opened_model *m, smac_error *error)
{
    TRY(whisper_check_file(c->file, &m->whisper, error));
    for (size_t i = 0; i < tensor_file_count(c->file); i++) {
        const tensor_entry *e = tensor_file_at(c->file, i);
        size_t length = strlen(e->name);
        if (strcmp(e->name, "proj_out.weight") == 0 || (length > 6 && strcmp(e->name + length - 6, "_scale") == 0))
            continue;
        bool product = e->rank == 2 &&
            (strstr(e->name, "_proj.weight") || strstr(e->name, ".fc1.weight") || strstr(e->name, ".fc2.weight"));
        TRY(collect(c, (read_tensor){.entry = e, .product = product}, error));
    }
    return SMAC_OK;
}

smac_status opened_model_tensors(const opened_model *m, read_tensor **out, size_t *count, smac_error *error)
{
    collector c = {.file = m->file, .place = memory_new(tensor_file_count(m->file) + 1, sizeof *c.place)};
    parameter_store *store = parameter_store_new();
    smac_status status = !store || !c.place ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for a model")
        : m->kind == MODEL_WHISPER          ? collect_whisper(&c, m, error)
        : m->kind == MODEL_LANGUAGE         ? collect_language(&c, m, store, error)
                                            : collect_imagebind(&c, m, store, error);
    parameter_store_free(store);
    free(c.place);
    if (status != SMAC_OK) {
        free(c.items);
        return status;
    }
    *out = c.items;
    *count = c.count;
    return SMAC_OK;
}

/* --- the summary -------------------------------------------------------------------------------------------------- */

static void describe(const opened_model *m, model_summary *out)
{
    if (m->kind == MODEL_LANGUAGE) {
        const language_model_config *c = &m->language;
        snprintf(out->family, sizeof out->family, "%s", language_family_name(c->family));
        snprintf(out->details, sizeof out->details, "%lld layers, width %lld, %lld tokens", (long long)c->layers,
            (long long)c->width, (long long)c->vocabulary);
    } else if (m->kind == MODEL_WHISPER) {
        const whisper_config *c = &m->whisper;
        snprintf(out->family, sizeof out->family, "whisper");
        snprintf(out->details, sizeof out->details, "%lld + %lld layers, width %lld, %lld mel bins, %s",
            (long long)c->encoder_layers, (long long)c->decoder_layers, (long long)c->width, (long long)c->mel_bins,
            tensor_file_kind(m->file));
    } else {
        snprintf(out->family, sizeof out->family, "imagebind");
        snprintf(out->details, sizeof out->details, "%s%s%s, width %lld", m->has[0] ? "vision" : "",
            m->has[0] && m->has[1] ? " and " : "", m->has[1] ? "audio" : "",
            (long long)m->imagebind[m->has[0] ? 0 : 1].width);
        snprintf(out->weights, sizeof out->weights, "%.127s", m->weights);
    }
}

smac_status models_recognise(const char *path, model_summary *out, smac_error *error)
{
    opened_model m;
    read_tensor *tensors = NULL;
    size_t count = 0;
    memset(out, 0, sizeof *out);
    TRY(opened_model_open(path, &m, error));
    smac_status status = opened_model_tensors(&m, &tensors, &count, error);
    if (status != SMAC_OK)
        error_prefix(error, "%.500s", path);
    if (status == SMAC_OK && m.kind != MODEL_IMAGEBIND) {
        tokenizer *words = NULL;
        status = tokenizer_open(path, &words, error);
        if (status == SMAC_OK && m.kind == MODEL_LANGUAGE && tokenizer_size(words) > m.language.vocabulary)
            status = FAIL(error, SMAC_ERROR_MISMATCH,
                "%.500s: the tokenizer has %d tokens, but the weights know %lld; download both again", path,
                tokenizer_size(words), (long long)m.language.vocabulary);
        tokenizer_close(words);
    }
    if (status == SMAC_OK)
        describe(&m, out);
    for (size_t i = 0; status == SMAC_OK && i < count; i++)
        out->parameters += tensors[i].entry->count;
    free(tensors);
    opened_model_close(&m);
    return status;
}
