/* encoders/whisper_encoder.c - Whisper's encoder: convolutions, positions, pre-norm blocks, final norm. */
#include "encoders/whisper.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compute/products.h"
#include "encoders/block_stack.h"
#include "encoders/weights_loading.h"
#include "encoders/whisper_weights.h"

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

typedef struct builder {
    whisper_encoder *e;
    smac_status status;
    smac_error *error;
} builder;

static parameter *add(
    builder *b, int32_t stage, parameter_kind kind, int rank, const int64_t *dim, const char *name, const char *ending)
{
    char full[128];
    snprintf(full, sizeof full, "encoder.%s.%s", name, ending);
    return parameter_list_add(&b->e->list, full, kind, rank, dim, stage, &b->status, b->error);
}

static void add_norm(builder *b, int32_t stage, const char *name, layer_norm *out)
{
    const int64_t dim[] = {b->e->config.width};
    out->epsilon = 1e-5f;
    out->weight = add(b, stage, KIND_NORM_WEIGHT, 1, dim, name, "weight");
    out->bias = add(b, stage, KIND_BIAS, 1, dim, name, "bias");
}

static void add_linear(builder *b, int32_t stage, const char *name, int64_t in, int64_t out, bool bias, linear *layer)
{
    layer->weight = add(b, stage, KIND_MATRIX, 2, (int64_t[]){out, in}, name, "weight");
    layer->bias = bias ? add(b, stage, KIND_BIAS, 1, (int64_t[]){out}, name, "bias") : NULL;
}

static void add_convolution(builder *b, const char *name, int64_t in, linear *layer)
{
    const int64_t dim[] = {b->e->config.width, in, CONVOLUTION_WIDTH};
    layer->weight = add(b, STAGE_BEFORE_BLOCKS, KIND_KERNEL, 3, dim, name, "weight");
    layer->bias = add(b, STAGE_BEFORE_BLOCKS, KIND_BIAS, 1, dim, name, "bias");
}

static void add_block(builder *b, int32_t i, transformer_block *k)
{
    const whisper_config *c = &b->e->config;
    int64_t width = c->width, head = width / c->encoder_heads;
    char name[64];
    *k = (transformer_block){.pre_norm = true,
        .heads = (int)c->encoder_heads,
        .head_width = head,
        .scale = (float)(1 / sqrt((double)head)),
        .activation = ACTIVATION_GELU};
    snprintf(name, sizeof name, "layers.%d.self_attn.k_proj", i);
    add_linear(b, i, name, width, width, false, &k->key);
    snprintf(name, sizeof name, "layers.%d.self_attn.v_proj", i);
    add_linear(b, i, name, width, width, true, &k->value);
    snprintf(name, sizeof name, "layers.%d.self_attn.q_proj", i);
    add_linear(b, i, name, width, width, true, &k->query);
    snprintf(name, sizeof name, "layers.%d.self_attn.out_proj", i);
    add_linear(b, i, name, width, width, true, &k->out);
    snprintf(name, sizeof name, "layers.%d.self_attn_layer_norm", i);
    add_norm(b, i, name, &k->attention_norm);
    snprintf(name, sizeof name, "layers.%d.fc1", i);
    add_linear(b, i, name, width, c->encoder_hidden, true, &k->up);
    snprintf(name, sizeof name, "layers.%d.fc2", i);
    add_linear(b, i, name, c->encoder_hidden, width, true, &k->down);
    snprintf(name, sizeof name, "layers.%d.final_layer_norm", i);
    add_norm(b, i, name, &k->output_norm);
}

static smac_status add_all(whisper_encoder *e, smac_error *error)
{
    const whisper_config *c = &e->config;
    builder b = {.e = e, .error = error};
    e->list.initial_scale = c->initial_scale;
    add_convolution(&b, "conv1", c->mel_bins, &e->first);
    add_convolution(&b, "conv2", c->width, &e->second);
    e->positions =
        add(&b, STAGE_BEFORE_BLOCKS, KIND_TOKEN, 2, (int64_t[]){c->positions, c->width}, "embed_positions", "weight");
    for (int32_t i = 0; i < c->encoder_layers; i++)
        add_block(&b, i, &e->blocks[i]);
    add_norm(&b, STAGE_AFTER_BLOCKS, "layer_norm", &e->norm);
    return b.status;
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
        status = add_all(e, error);
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

static smac_status pack_one(
    whisper_encoder *e, listed_parameter *item, const tensor_file *file, precision how, smac_error *error)
{
    parameter *p = item->parameter;
    whisper_tensor t;
    TRY(whisper_find(file, item->published, item->published_rank, item->published_dim, &t, error));
    float *copy = memory_new((size_t)p->count, sizeof *copy);
    if (copy != NULL)
        whisper_read(&t, 0, item->published_dim[0], copy);
    struct packed_matrix *packed = copy != NULL ? packed_matrix_new(copy, p->dim[0], p->dim[1], how) : NULL;
    free(copy);
    if (packed == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to pack tensor %s", t.entry->name);
    TRY(parameter_adopt_packed(e->list.store, p, packed, error));
    item->packed = true;
    return SMAC_OK;
}

smac_status whisper_encoder_pack(whisper_encoder *e, const tensor_file *file, precision how, smac_error *error)
{
    if (!whisper_is_ctranslate2(file))
        return parameter_list_pack(&e->list, file, how, error);
    for (size_t i = 0; i < e->list.count; i++) {
        listed_parameter *item = &e->list.items[i];
        if (item->parameter->product && !item->parameter->trainable && !item->packed && !item->borrowed)
            TRY(pack_one(e, item, file, how, error));
    }
    return SMAC_OK;
}

smac_status whisper_encoder_load(whisper_encoder *e, const tensor_file *file, smac_error *error)
{
    if (!whisper_is_ctranslate2(file))
        return parameter_list_load(&e->list, file, NULL, error);
    for (size_t i = 0; i < e->list.count; i++) {
        listed_parameter *item = &e->list.items[i];
        parameter *p = item->parameter;
        if (item->packed || item->borrowed)
            continue;
        float *numbers = parameter_map(p);
        if (numbers == NULL)
            return FAIL(
                error, SMAC_ERROR_INTERNAL, "parameter %s has no memory: seal its store before loading", p->name);
        smac_status status =
            whisper_load(file, item->published, item->published_rank, item->published_dim, numbers, error);
        parameter_unmap(p, numbers, true);
        TRY(status);
    }
    return SMAC_OK;
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
