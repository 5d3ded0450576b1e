/* encoders/whisper_encoder.c - Whisper's encoder: convolutions, positions, pre-norm blocks, final norm. */
#include "encoders/whisper.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compute/products.h"
#include "encoders/block_stack.h"
#include "encoders/weights_loading.h"
#include "encoders/whisper_tensors.h"

enum { CONVOLUTION_WIDTH = 3 };

struct whisper_encoder {
    whisper_config config;
    parameter_list list;
    linear first, second; /* the convolutions' kernels, (out, in * 3) in the store */
    parameter *positions;
    transformer_block *blocks;
    layer_norm norm;
};

/* --- adding ------------------------------------------------------------------------------------------------------- */

static transformer_block block_of(const whisper_config *c, const whisper_layer *l)
{
    int64_t head = c->width / c->encoder_heads;
    return (transformer_block){.pre_norm = true,
        .heads = (int)c->encoder_heads,
        .head_width = head,
        .scale = (float)(1 / sqrt((double)head)),
        .activation = ACTIVATION_GELU,
        .query = l->self_query,
        .key = l->self_key,
        .value = l->self_value,
        .out = l->self_out,
        .attention_norm = l->self_norm,
        .output_norm = l->feed_norm,
        .up = l->up,
        .down = l->down};
}

static smac_status encoder_add_items(whisper_encoder *e, whisper_parts *parts, smac_error *error)
{
    smac_status status = SMAC_OK;
    whisper_walk walk = whisper_walk_of(&e->config, WHISPER_ENCODER);
    whisper_item item;
    e->list.initial_scale = e->config.initial_scale;
    while (whisper_walk_next(&walk, &item)) {
        const published_parameter published = {
            .name = item.name, .kind = item.kind, .rank = item.rank, .dim = item.dim, .stage = item.stage};
        *whisper_item_place(parts, &item) = parameter_list_add(&e->list, &published, &status, error);
        parameter_list_stacked(&e->list, item.ctranslate2, item.part, item.parts, &status, error);
    }
    return status;
}

static smac_status encoder_add_all(whisper_encoder *e, smac_error *error)
{
    whisper_parts parts = {.layers = memory_new((size_t)e->config.encoder_layers, sizeof *parts.layers)};
    if (parts.layers == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for an encoder's blocks");
    smac_status status = encoder_add_items(e, &parts, error);
    e->first = parts.conv1;
    e->second = parts.conv2;
    e->positions = parts.positions.weight;
    e->norm = parts.norm;
    for (int64_t i = 0; i < e->config.encoder_layers; i++)
        e->blocks[i] = block_of(&e->config, &parts.layers[i]);
    free(parts.layers);
    return status;
}

smac_status whisper_encoder_add(parameter_store *store, const char *prefix, const whisper_config *config,
    int trainable_blocks, whisper_encoder **out, smac_error *error)
{
    static const char *const file_prefixes[] = {"model.", NULL};
    TRY(whisper_config_check(config, error));
    whisper_encoder *e = memory_new(1, sizeof *e);
    if (e == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a Whisper encoder");
    e->config = *config;
    e->blocks = memory_new((size_t)config->encoder_layers, sizeof *e->blocks);
    smac_status status = e->blocks != NULL ? parameter_list_begin(&e->list, store, prefix, error)
                                           : FAIL(error, SMAC_ERROR_MEMORY, "no memory for an encoder's blocks");
    if (status == SMAC_OK)
        status = encoder_add_all(e, error);
    if (status != SMAC_OK) {
        whisper_encoder_free(e);
        return status;
    }
    e->list.file_prefixes = file_prefixes;
    parameter_list_set_trainable(&e->list, trainable_blocks, (int)config->encoder_layers);
    e->positions->trainable = false; /* sinusoids, fixed in the published models too */
    *out = e;
    return SMAC_OK;
}

void whisper_encoder_free(whisper_encoder *e)
{
    if (e == NULL)
        return;
    parameter_list_free(&e->list);
    free(e->blocks);
    free(e);
}

const whisper_config *whisper_encoder_config(const whisper_encoder *e)
{
    return &e->config;
}

parameter_list *whisper_encoder_parameters(whisper_encoder *e)
{
    return &e->list;
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

smac_status whisper_encoder_pack(whisper_encoder *e, const tensor_file *file, precision how, smac_error *error)
{
    return parameter_list_pack(&e->list, file, how, error);
}

smac_status whisper_encoder_load(whisper_encoder *e, const tensor_file *file, smac_error *error)
{
    return parameter_list_load(&e->list, file, NULL, error);
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

static value *convolve(tape *t, const linear *layer, value *x, int stride)
{
    if (x == NULL)
        return NULL;
    value *kernel = op_reshape(
        t, tape_parameter(t, layer->weight), 3, (int64_t[]){layer->weight->dim[0], x->dim[2], CONVOLUTION_WIDTH});
    x = op_conv1d(t, x, kernel, tape_parameter(t, layer->bias), stride, CONVOLUTION_WIDTH / 2);
    return op_activation(t, x, ACTIVATION_GELU);
}

/* What one call was asked. */
typedef struct request {
    const whisper_encoder *e;
    const float *mel;
    int64_t batch, frames;
} request;

/* (B, frames / 2, width) */
static value *embed(tape *t, const void *call)
{
    const request *r = call;
    const whisper_encoder *e = r->e;
    value *x = tape_value(t, 3, (int64_t[]){r->batch, r->frames, e->config.mel_bins}, r->mel);
    x = convolve(t, &e->second, convolve(t, &e->first, x, 1), 2);
    return op_add(t, x, op_slice(t, tape_parameter(t, e->positions), 0, 0, r->frames / 2));
}

value *whisper_encoder_forward(
    tape *t, const whisper_encoder *e, const float *mel, int64_t batch, int64_t frames, value **hidden)
{
    const whisper_config *c = &e->config;
    if (tape_status(t, NULL) != SMAC_OK)
        return NULL;
    if (mel == NULL || batch < 1 || frames < 2 || frames % 2 != 0 || frames / 2 > c->positions) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "whisper_encoder_forward",
            "a batch of %lld sounds of %lld frames was given, "
            "expected at least 1 and an even number of frames up to %lld",
            (long long)batch, (long long)frames, (long long)(2 * c->positions));
        return NULL;
    }
    const request r = {.e = e, .mel = mel, .batch = batch, .frames = frames};
    const block_stack stack = {
        .list = &e->list, .blocks = e->blocks, .layers = c->encoder_layers, .shared = 1, .inner = 1, .embed = embed};
    value *x = block_stack_forward(t, &stack, &r, hidden);
    x = layer_norm_forward(t, &e->norm, x);
    if (hidden != NULL)
        hidden[c->encoder_layers] = x;
    return x;
}
