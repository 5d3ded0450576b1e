/* encoders/encoder_open.c - which encoders a folder or a file holds, recognised by its content. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/path.h"
#include "encoders/encoder_kind.h"
#include "encoders/weights_loading.h"
#include "encoders/whisper_tensors.h"

/* A tensor that each of ImageBind's encoders always has. */
static const struct {
    modality modality;
    imagebind_modality own;
    const char *tensor;
} imagebind_parts[] = {
    {MODALITY_VISION, IMAGEBIND_VISION, "modality_trunks.vision.blocks.0.attn.in_proj_weight"},
    {MODALITY_AUDIO, IMAGEBIND_AUDIO, "modality_trunks.audio.blocks.0.attn.in_proj_weight"},
};
enum { IMAGEBIND_PARTS = sizeof imagebind_parts / sizeof *imagebind_parts };

static bool is_imagebind(const tensor_file *file)
{
    for (int i = 0; i < IMAGEBIND_PARTS; i++)
        if (tensor_file_find(file, imagebind_parts[i].tensor) != NULL)
            return true;
    return false;
}

/* The published file has no configuration: it is the huge model. */
static smac_status read_imagebind(const char *path, encoder_files *f, smac_error *error)
{
    for (int i = 0; i < IMAGEBIND_PARTS; i++) {
        encoder_config *c = &f->of[imagebind_parts[i].modality];
        if (tensor_file_find(f->file, imagebind_parts[i].tensor) == NULL)
            continue;
        c->kind = &encoder_kind_imagebind;
        imagebind_config_huge(imagebind_parts[i].own, &c->imagebind);
        const char *key = encoder_config_describe(c).metadata_key, *json = tensor_file_metadata(f->file, key);
        if (json != NULL)
            TRY(error_context(
                error, imagebind_config_from_json(json, strlen(json), &c->imagebind, error), "%.500s, %s", path, key));
    }
    return SMAC_OK;
}

/* A description in the file, or sizes by its shapes. */
static smac_status read_mobilenet(const char *path, encoder_files *f, smac_error *error)
{
    encoder_config *c = &f->of[MODALITY_VISION];
    c->kind = &encoder_kind_mobilenet;
    const char *key = encoder_config_describe(c).metadata_key, *json = tensor_file_metadata(f->file, key);
    smac_status status = json ? mobilenet_config_from_json(json, strlen(json), &c->mobilenet, error)
                              : mobilenet_config_of_file(f->file, &c->mobilenet, error);
    return error_context(error, status, "%.500s", path);
}

static bool is_ctranslate2(const tensor_file *file)
{
    return strcmp(tensor_file_kind(file), "CTranslate2") == 0;
}

static bool is_whisper(const tensor_file *file, const char *json, size_t size)
{
    json_t *root = json_loadb(json, size, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "model_type"));
    const char *class = json_string_value(json_array_get(json_object_get(root, "architectures"), 0));
    bool named = class != NULL && strncmp(class, "Whisper", strlen("Whisper")) == 0;
    bool whisper = type != NULL ? strcmp(type, "whisper") == 0 : named || is_ctranslate2(file);
    json_decref(root);
    return whisper;
}

/* config: the path of a config.json, for messages; json: its text, or "{}" for a CTranslate2 model without one. */
static smac_status read_config(const char *config, encoder_files *f, const char *json, size_t size, smac_error *error)
{
    smac_status status;
    if (is_whisper(f->file, json, size)) {
        encoder_config *c = &f->of[MODALITY_AUDIO];
        c->kind = &encoder_kind_whisper;
        status = whisper_config_of_file(f->file, json, size, &c->whisper, error);
    } else {
        encoder_config *c = &f->of[MODALITY_TEXT];
        c->kind = &encoder_kind_language;
        status = language_model_config_parse(json, size, &c->language, error);
    }
    error_context(error, status, "%.500s", config);
    return encoder_configuration_advise(error, status);
}

static smac_status read_folder(const char *path, encoder_files *f, smac_error *error)
{
    char *config = path_join(path, "config.json"), *json = NULL;
    size_t size = 0;
    smac_status status = config != NULL ? tensor_file_open(path, &f->file, error)
                                        : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (status == SMAC_OK && file_exists(config)) {
        status = file_read(config, (size_t)1 << 24, &json, &size, error);
        if (status == SMAC_OK)
            status = read_config(config, f, json, size, error);
    } else if (status == SMAC_OK && is_imagebind(f->file)) {
        status = read_imagebind(path, f, error);
    } else if (status == SMAC_OK && mobilenet_is_in(f->file)) {
        status = read_mobilenet(path, f, error);
    } else if (status == SMAC_OK && is_ctranslate2(f->file)) {
        status = read_config(config, f, "{}", 2, error);
    } else if (status == SMAC_OK) {
        status = FAIL(error, SMAC_ERROR_NOT_FOUND,
            "%.500s has weights but no config.json, which says what they are: download it too", path);
    }
    free(json);
    free(config);
    return status;
}

/* ImageBind's file, Whisper's model.bin or weights of Whisper with config.json in the same folder. */
static smac_status read_file(const char *path, encoder_files *f, smac_error *error)
{
    char *config = whisper_config_path(path), *json = NULL;
    size_t size = 0;
    smac_status status = config != NULL ? tensor_file_open(path, &f->file, error)
                                        : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (status == SMAC_OK && is_imagebind(f->file)) {
        snprintf(f->weights, sizeof f->weights, "%.120s", path_base(path));
        status = read_imagebind(path, f, error);
    } else if (status == SMAC_OK && mobilenet_is_in(f->file)) {
        snprintf(f->weights, sizeof f->weights, "%.120s", path_base(path));
        status = read_mobilenet(path, f, error);
    } else if (status == SMAC_OK) {
        if (file_exists(config) && file_read(config, (size_t)1 << 24, &json, &size, NULL) != SMAC_OK)
            json = NULL;
        if (is_whisper(f->file, json != NULL ? json : "{}", json != NULL ? size : 2))
            status = read_config(path, f, json != NULL ? json : "{}", json != NULL ? size : 2, error);
        else
            status = FAIL(error, SMAC_ERROR_UNSUPPORTED,
                "%.500s is a file of tensors (%s, %zu of them), but not ImageBind's, MobileNetV2's or Whisper's; of a language model "
                "give the folder, with its config.json",
                path, tensor_file_kind(f->file), tensor_file_count(f->file));
    }
    free(json);
    free(config);
    return status;
}

static bool wanted_weights(const char *folder, const char *name)
{
    const char *dot = strrchr(name, '.');
    (void)folder;
    return strcmp(name, "config.json") == 0 ||
        (dot != NULL && (strcmp(dot, ".pth") == 0 || strcmp(dot, ".safetensors") == 0));
}

/* In a folder without config.json, the only file of weights if it has a name of its own: ImageBind's.  NULL: none. */
static char *single_file_of(const char *folder)
{
    char **names = NULL, *found = NULL;
    size_t count = 0;
    if (folder_list(folder, wanted_weights, &names, &count, NULL) != SMAC_OK)
        return NULL;
    if (count == 1 && strcmp(names[0], "config.json") != 0 && strcmp(names[0], "model.safetensors") != 0)
        found = path_join(folder, names[0]);
    folder_list_free(names, count);
    return found;
}

smac_status encoder_files_open(const char *path, encoder_files *out, smac_error *error)
{
    encoder_files f = {0};
    if (!file_exists(path))
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is nothing at %.500s, expected a model's folder or weights file: check the name", path);
    char *inside = file_is_folder(path) ? single_file_of(path) : NULL;
    smac_status status = inside != NULL ? read_file(inside, &f, error)
        : file_is_folder(path)          ? read_folder(path, &f, error)
                                        : read_file(path, &f, error);
    free(inside);
    if (status != SMAC_OK) {
        encoder_files_close(&f);
        return status;
    }
    *out = f;
    return SMAC_OK;
}

void encoder_files_close(encoder_files *f)
{
    tensor_file_close(f->file);
    memset(f, 0, sizeof *f);
}

smac_status encoder_weights_open(const char *path, tensor_file **out, smac_error *error)
{
    char *inside = file_is_folder(path) ? single_file_of(path) : NULL;
    smac_status status = tensor_file_open(inside != NULL ? inside : path, out, error);
    free(inside);
    return status;
}

const encoder_config *encoder_files_first(const encoder_files *f)
{
    for (int m = 0; m < MODALITIES; m++)
        if (f->of[m].kind != NULL)
            return &f->of[m];
    return NULL;
}
