/* encoders/whisper_check.c - whether a file holds every tensor that a Whisper of given sizes needs, in its shape. */
#include <stdio.h>
#include <string.h>

#include "encoders/whisper_weights.h"

typedef struct checker {
    const tensor_file *file;
    smac_status status;
    smac_error *error;
} checker;

static void need(checker *k, int rank, const int64_t *dim, const char *front, const char *name, const char *ending)
{
    char full[256];
    whisper_tensor found;
    snprintf(full, sizeof full, "%s.%s.%s", front, name, ending);
    if (k->status == SMAC_OK)
        k->status = whisper_find(k->file, full, rank, dim, &found, k->error);
}

static void need_linear(checker *k, const char *front, const char *name, int64_t out, int64_t in, bool bias)
{
    need(k, 2, (int64_t[]){out, in}, front, name, "weight");
    if (bias)
        need(k, 1, &out, front, name, "bias");
}

static void need_norm(checker *k, const char *front, const char *name, int64_t width)
{
    need(k, 1, &width, front, name, "weight");
    need(k, 1, &width, front, name, "bias");
}

static void need_attention(checker *k, const char *layer, const char *which, int64_t width)
{
    char front[160], norm[64];
    snprintf(front, sizeof front, "%s.%s", layer, which);
    snprintf(norm, sizeof norm, "%s_layer_norm", which);
    need_linear(k, front, "q_proj", width, width, true);
    need_linear(k, front, "k_proj", width, width, false);
    need_linear(k, front, "v_proj", width, width, true);
    need_linear(k, front, "out_proj", width, width, true);
    need_norm(k, layer, norm, width);
}

static void need_layers(checker *k, const char *side, int64_t layers, int64_t width, int64_t hidden, bool cross)
{
    for (int64_t i = 0; k->status == SMAC_OK && i < layers; i++) {
        char layer[64];
        snprintf(layer, sizeof layer, "%s.layers.%lld", side, (long long)i);
        need_attention(k, layer, "self_attn", width);
        if (cross)
            need_attention(k, layer, "encoder_attn", width);
        need_linear(k, layer, "fc1", hidden, width, true);
        need_linear(k, layer, "fc2", width, hidden, true);
        need_norm(k, layer, "final_layer_norm", width);
    }
    need_norm(k, side, "layer_norm", width);
}

smac_status whisper_check_file(const tensor_file *file, const whisper_config *c, smac_error *error)
{
    TRY(whisper_config_check(c, error));
    checker k = {.file = file, .status = SMAC_OK, .error = error};
    need(&k, 3, (int64_t[]){c->width, c->mel_bins, 3}, "encoder", "conv1", "weight");
    need(&k, 1, &c->width, "encoder", "conv1", "bias");
    need(&k, 3, (int64_t[]){c->width, c->width, 3}, "encoder", "conv2", "weight");
    need(&k, 1, &c->width, "encoder", "conv2", "bias");
    need(&k, 2, (int64_t[]){c->positions, c->width}, "encoder", "embed_positions", "weight");
    need_layers(&k, "encoder", c->encoder_layers, c->width, c->encoder_hidden, false);
    need(&k, 2, (int64_t[]){c->vocabulary, c->width}, "decoder", "embed_tokens", "weight");
    need(&k, 2, (int64_t[]){c->text_positions, c->width}, "decoder", "embed_positions", "weight");
    need_layers(&k, "decoder", c->decoder_layers, c->width, c->decoder_hidden, true);
    return k.status;
}
