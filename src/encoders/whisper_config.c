/* encoders/whisper_config.c - Whisper's sizes: from config.json, from a CTranslate2 file, checks, JSON, a folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/path.h"
#include "encoders/weights_loading.h"
#include "encoders/whisper_tensors.h"

typedef struct config_field {
    const char *name; /* in config.json */
    size_t offset;
    int64_t standard; /* where the file does not say it; 0: it must */
} config_field;

#define FIELD(name, member, standard)                    \
    {                                                    \
        name, offsetof(whisper_config, member), standard \
    }
static const config_field fields[] = {FIELD("num_mel_bins", mel_bins, 80), FIELD("d_model", width, 0),
    FIELD("encoder_layers", encoder_layers, 0), FIELD("encoder_attention_heads", encoder_heads, 0),
    FIELD("encoder_ffn_dim", encoder_hidden, 0), FIELD("max_source_positions", positions, 1500),
    FIELD("decoder_layers", decoder_layers, 0), FIELD("decoder_attention_heads", decoder_heads, 0),
    FIELD("decoder_ffn_dim", decoder_hidden, 0), FIELD("vocab_size", vocabulary, 0),
    FIELD("max_target_positions", text_positions, 448)};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static int64_t *field_of(whisper_config *c, size_t i)
{
    return (int64_t *)((char *)c + fields[i].offset);
}

smac_status whisper_config_check(const whisper_config *config, smac_error *error)
{
    whisper_config c = *config;
    const int64_t huge = 1 << 20;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (*field_of(&c, i) < 1 || *field_of(&c, i) > huge)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "Whisper's %s is %lld, but must lie between 1 and %lld",
                fields[i].name, (long long)*field_of(&c, i), (long long)huge);
    if (c.width % c.encoder_heads != 0 || c.width % c.decoder_heads != 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "Whisper's d_model of %lld cannot be split into %lld and %lld heads",
            (long long)c.width, (long long)c.encoder_heads, (long long)c.decoder_heads);
    if (c.encoder_layers > 1024 || c.decoder_layers > 1024)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "Whisper's %lld and %lld layers are more than the 1024 that are supported", (long long)c.encoder_layers,
            (long long)c.decoder_layers);
    if (c.mel_bins > 512)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "Whisper's num_mel_bins is %lld, at most 512 can be", (long long)c.mel_bins);
    return SMAC_OK;
}

static smac_status config_from_json(const json_t *root, whisper_config *out, smac_error *error)
{
    const char *type = json_string_value(json_object_get(root, "model_type"));
    const char *act = json_string_value(json_object_get(root, "activation_function"));
    const char *class = json_string_value(json_array_get(json_object_get(root, "architectures"), 0));
    if (type == NULL && class != NULL && strncmp(class, "Whisper", strlen("Whisper")) == 0)
        type = "whisper"; /* as for language models: files from before model_type existed */
    if (type == NULL)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "config.json has no model_type, expected \"whisper\"");
    if (strcmp(type, "whisper") != 0)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "model_type of config.json is \"%s\", expected \"whisper\"", type);
    if (act != NULL && strcmp(act, "gelu") != 0)
        return FAIL(
            error, SMAC_ERROR_UNSUPPORTED, "activation_function of config.json is \"%s\", Whisper's is \"gelu\"", act);
    if (json_is_true(json_object_get(root, "scale_embedding")))
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "scale_embedding of config.json is true, which no Whisper has");
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const json_t *value = json_object_get(root, fields[i].name);
        if (json_is_integer(value))
            *field_of(out, i) = json_integer_value(value);
        else if (value == NULL && fields[i].standard > 0)
            *field_of(out, i) = fields[i].standard;
        else
            return FAIL(error, SMAC_ERROR_FORMAT, "config.json needs a whole number \"%s\", it has %s", fields[i].name,
                value == NULL ? "none" : "something else");
    }
    return whisper_config_check(out, error);
}

smac_status whisper_config_parse(const char *json, size_t size, whisper_config *out, smac_error *error)
{
    json_t *root;
    TRY(json_parse_object(json, size, "the Whisper configuration", &root, error));
    smac_status status = config_from_json(root, out, error);
    json_decref(root);
    return status;
}

void whisper_config_to_json(const whisper_config *config, text_buffer *out)
{
    whisper_config c = *config;
    text_add(out, "{\"model_type\": \"whisper\", \"activation_function\": \"gelu\"");
    for (size_t i = 0; i < FIELD_COUNT; i++)
        text_format(out, ", \"%s\": %lld", fields[i].name, (long long)*field_of(&c, i));
    text_add(out, "}");
}

/* --- CTranslate2 says its sizes by its shapes --------------------------------------------------------------------- */

static int64_t size_of(const tensor_file *file, const char *name, int dimension, int rank)
{
    const tensor_entry *e = tensor_file_find(file, name);
    return e != NULL && e->rank == rank ? e->dim[dimension] : 0;
}

static int64_t number_of(const tensor_file *file, const char *name)
{
    const tensor_entry *e = tensor_file_find(file, name);
    int64_t value = 0;
    return e != NULL && e->count == 1 && tensor_to_i64(e, &value, NULL) == SMAC_OK ? value : 0;
}

static int64_t layers_of(const tensor_file *file, const char *side)
{
    char name[96];
    for (int64_t i = 0;; i++) {
        snprintf(name, sizeof name, "%s/layer_%lld/ffn/linear_0/weight", side, (long long)i);
        if (tensor_file_find(file, name) == NULL)
            return i;
    }
}

static smac_status sizes_of_ctranslate2(const tensor_file *file, whisper_config *c, smac_error *error)
{
    const char *specification = tensor_file_metadata(file, "specification");
    if (specification == NULL || strcmp(specification, "WhisperSpec") != 0)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "the CTranslate2 file is a \"%s\", expected a \"WhisperSpec\"",
            specification ? specification : "");
    if (number_of(file, "decoder/scale_embeddings") != 0)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "the CTranslate2 file scales its embeddings, which no Whisper does");
    *c = (whisper_config){.mel_bins = size_of(file, "encoder/conv1/weight", 1, 3),
        .width = size_of(file, "encoder/conv1/weight", 0, 3),
        .encoder_layers = layers_of(file, "encoder"),
        .encoder_heads = number_of(file, "encoder/num_heads"),
        .encoder_hidden = size_of(file, "encoder/layer_0/ffn/linear_0/weight", 0, 2),
        .positions = size_of(file, "encoder/position_encodings/encodings", 0, 2),
        .decoder_layers = layers_of(file, "decoder"),
        .decoder_heads = number_of(file, "decoder/num_heads"),
        .decoder_hidden = size_of(file, "decoder/layer_0/ffn/linear_0/weight", 0, 2),
        .vocabulary = size_of(file, "decoder/embeddings/weight", 0, 2),
        .text_positions = size_of(file, "decoder/position_encodings/encodings", 0, 2)};
    return whisper_config_check(c, error);
}

smac_status whisper_config_of_file(
    const tensor_file *file, const char *json, size_t size, whisper_config *out, smac_error *error)
{
    if (whisper_is_ctranslate2(file))
        return sizes_of_ctranslate2(file, out, error);
    if (json == NULL)
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is no config.json beside the weights, which has Whisper's sizes; download it too");
    return whisper_config_parse(json, size, out, error);
}

char *whisper_config_path(const char *path)
{
    if (file_is_folder(path))
        return path_join(path, "config.json");
    text_buffer name = {0};
    text_format(&name, "%.*sconfig.json", (int)(path_base(path) - path), path);
    if (name.failed)
        text_free(&name);
    return name.data;
}

smac_status whisper_open_folder(const char *path, tensor_file **file, whisper_config *out, smac_error *error)
{
    char *name = whisper_config_path(path), *json = NULL;
    size_t size = 0;
    if (name == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to open %s", path);
    tensor_file *opened = NULL;
    smac_status status = tensor_file_open(path, &opened, error);
    if (status == SMAC_OK && file_exists(name))
        status = file_read(name, (size_t)1 << 24, &json, &size, error);
    if (status == SMAC_OK) {
        status = whisper_config_of_file(opened, json, size, out, error);
        if (status != SMAC_OK)
            encoder_configuration_advise(error, error_context(error, status, "%s", path));
    }
    free(json);
    free(name);
    if (status != SMAC_OK) {
        tensor_file_close(opened);
        return status;
    }
    *file = opened;
    return SMAC_OK;
}
