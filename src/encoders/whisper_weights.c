/*
 * encoders/whisper_weights.c - Whisper's tensors by their Hugging Face names, out of safetensors, PyTorch archives and
 * CTranslate2's model.bin, whose own names stand in the table below.
 */
#include "encoders/whisper_weights.h"

#include <stdio.h>
#include <string.h>

#include "encoders/weights_loading.h"

typedef struct name_pair {
    const char *ours, *theirs;
    int part, parts; /* the rows of theirs that are ours */
} name_pair;

/* behind encoder.layers.N. and encoder/layer_N/ */
static const name_pair layer_names[] = {{"self_attn.q_proj", "self_attention/linear_0", 0, 3},
    {"self_attn.k_proj", "self_attention/linear_0", 1, 3}, {"self_attn.v_proj", "self_attention/linear_0", 2, 3},
    {"self_attn.out_proj", "self_attention/linear_1", 0, 1},
    {"self_attn_layer_norm", "self_attention/layer_norm", 0, 1}, {"encoder_attn.q_proj", "attention/linear_0", 0, 1},
    {"encoder_attn.k_proj", "attention/linear_1", 0, 2}, {"encoder_attn.v_proj", "attention/linear_1", 1, 2},
    {"encoder_attn.out_proj", "attention/linear_2", 0, 1}, {"encoder_attn_layer_norm", "attention/layer_norm", 0, 1},
    {"fc1", "ffn/linear_0", 0, 1}, {"fc2", "ffn/linear_1", 0, 1}, {"final_layer_norm", "ffn/layer_norm", 0, 1}};

/* behind encoder. and encoder/ */
static const name_pair outer_names[] = {{"conv1", "conv1", 0, 1}, {"conv2", "conv2", 0, 1},
    {"embed_positions", "position_encodings", 0, 1}, {"embed_tokens", "embeddings", 0, 1},
    {"layer_norm", "layer_norm", 0, 1}};

bool whisper_is_ctranslate2(const tensor_file *file)
{
    return strcmp(tensor_file_kind(file), "CTranslate2") == 0;
}

/* CTranslate2's name for ours; false when there is none */
static bool translate(const char *name, char *out, size_t size, const name_pair **pair)
{
    bool encoder = strncmp(name, "encoder.", 8) == 0;
    const char *rest = name + 8, *end = strrchr(name, '.');
    char front[64];
    if ((!encoder && strncmp(name, "decoder.", 8) != 0) || end == NULL || end < rest)
        return false;
    snprintf(front, sizeof front, "%.7s", name);
    const name_pair *table = outer_names;
    size_t count = sizeof outer_names / sizeof *outer_names;
    int layer, used = 0;
    if (sscanf(rest, "layers.%d.%n", &layer, &used) == 1 && used > 0) {
        snprintf(front, sizeof front, "%.7s/layer_%d", name, layer);
        table = layer_names;
        count = sizeof layer_names / sizeof *layer_names;
        rest += used;
    }
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(table[i].ours);
        if (length != (size_t)(end - rest) || strncmp(table[i].ours, rest, length) != 0)
            continue;
        const char *ending = end + 1;
        if (strstr(table[i].theirs, "layer_norm"))
            ending = strcmp(ending, "weight") == 0 ? "gamma" : "beta";
        else if (strcmp(table[i].theirs, "position_encodings") == 0)
            ending = "encodings";
        int written = snprintf(out, size, "%s/%s/%s", front, table[i].theirs, ending);
        *pair = &table[i];
        return written > 0 && (size_t)written < size;
    }
    return false;
}

static smac_status missing(const tensor_file *file, const char *name, smac_error *error)
{
    return FAIL(error, SMAC_ERROR_NOT_FOUND, "none of the %s file's %zu tensors is %s; " WEIGHTS_OF_ONE_MODEL,
        tensor_file_kind(file), tensor_file_count(file), name);
}

smac_status whisper_find(
    const tensor_file *file, const char *name, int rank, const int64_t *dim, whisper_tensor *out, smac_error *error)
{
    const name_pair *pair = NULL;
    const tensor_entry *found;
    char full[256], scale[300];
    int64_t wanted[TENSOR_MAX_RANK], parts = 1;
    memset(out, 0, sizeof *out);
    if (whisper_is_ctranslate2(file)) {
        if (!translate(name, full, sizeof full, &pair))
            return missing(file, name, error);
        found = tensor_file_find(file, full);
        parts = pair->parts;
        snprintf(scale, sizeof scale, "%s_scale", full);
        out->scale = tensor_file_find(file, scale);
    } else {
        snprintf(full, sizeof full, "model.%s", name);
        found = tensor_file_find(file, full);
        if (found == NULL)
            found = tensor_file_find(file, name);
    }
    if (found == NULL)
        return missing(file, full, error);
    if (out->scale == NULL && found->type == TENSOR_I8) { /* as `semanticmac models convert` writes them */
        snprintf(scale, sizeof scale, "%s_scale", found->name);
        out->scale = tensor_file_find(file, scale);
    }
    for (int i = 0; i < rank; i++)
        wanted[i] = dim[i];
    wanted[0] *= parts;
    if (found->rank != rank || memcmp(found->dim, wanted, (size_t)rank * sizeof *wanted) != 0) {
        char have[128], want[128];
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "tensor %s has shape %s in the file, but this Whisper needs %s; " WEIGHTS_OF_ONE_MODEL, found->name,
            tensor_shape_text(found->rank, found->dim, have, sizeof have),
            tensor_shape_text(rank, wanted, want, sizeof want));
    }
    bool integer = found->type != TENSOR_F32 && found->type != TENSOR_F16 && found->type != TENSOR_BF16 &&
        found->type != TENSOR_F64;
    if (integer &&
        (found->type != TENSOR_I8 || out->scale == NULL || out->scale->rank != 1 || out->scale->dim[0] != wanted[0] ||
            out->scale->type == TENSOR_I8))
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "tensor %s is of type %s, expected floating point, or int8 with a "
            "scale for each of its %lld rows; convert the published model again",
            found->name, tensor_type_name(found->type), (long long)wanted[0]);
    if (!integer)
        out->scale = NULL;
    out->entry = found;
    out->count = found->count / parts;
    out->first = pair ? pair->part * out->count : 0;
    out->row = dim[0] > 0 ? out->count / dim[0] : 0;
    return SMAC_OK;
}

void whisper_read(const whisper_tensor *t, int64_t first_row, int64_t rows, float *out)
{
    int64_t first = t->first + first_row * t->row;
    tensor_to_f32_part(t->entry, first, rows * t->row, out);
    for (int64_t r = 0; t->scale && r < rows; r++) {
        float scale;
        tensor_to_f32_part(t->scale, first / t->row + r, 1, &scale);
        for (int64_t i = 0; i < t->row; i++)
            out[r * t->row + i] /= scale;
    }
}

smac_status whisper_load(
    const tensor_file *file, const char *name, int rank, const int64_t *dim, float *out, smac_error *error)
{
    whisper_tensor t;
    TRY(whisper_find(file, name, rank, dim, &t, error));
    whisper_read(&t, 0, dim[0], out);
    return SMAC_OK;
}
