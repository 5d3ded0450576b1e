/*
 * encoders/imagebind.c - ImageBind's vision and audio encoders: stem, class token, blocks, head.
 *
 * Published names: modality_preprocessors.M (stem, class token, positions), modality_trunks.M (norm, blocks),
 * modality_heads.M.0 and .2, modality_postprocessors.audio.1.
 */
#include "encoders/imagebind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compute/parallel.h"
#include "encoders/block_stack.h"
#include "encoders/list_builder.h"

struct imagebind {
    imagebind_config config;
    parameter_list list;
    parameter *class_token, *positions, *kernel;
    layer_norm stem_norm;  /* audio */
    layer_norm trunk_norm; /* vision: before the blocks */
    transformer_block *blocks;
    layer_norm head_norm;
    linear head;
    parameter *log_logit_scale; /* audio */
};

/* --- adding ------------------------------------------------------------------------------------------------------- */

#define TRUNK "modality_trunks.*."
#define STEM "modality_preprocessors.*."
static const float EPSILON = 1e-6f;

/* The block that b's number and stage are set to. */
static void add_block(list_builder *b, const imagebind_config *c, transformer_block *k)
{
    *k = (transformer_block){.pre_norm = true,
        .stacked = true,
        .heads = (int)c->heads,
        .head_width = c->width / c->heads,
        .scale = (float)(1 / sqrt((double)(c->width / c->heads))),
        .activation = ACTIVATION_GELU};
    build_linear(b, TRUNK "blocks.{}.attn.in_proj_", c->width, 3 * c->width, &k->query);
    build_linear(b, TRUNK "blocks.{}.attn.out_proj", c->width, c->width, &k->out);
    if (c->modality == IMAGEBIND_AUDIO) {
        const int64_t dim[] = {1, 1, c->width};
        k->extra_key = build_tensor(b, TRUNK "blocks.{}.attn.bias_k=", "", KIND_TOKEN, 3, dim);
        k->extra_value = build_tensor(b, TRUNK "blocks.{}.attn.bias_v=", "", KIND_TOKEN, 3, dim);
    }
    build_norm(b, TRUNK "blocks.{}.norm_1", c->width, &k->attention_norm);
    build_norm(b, TRUNK "blocks.{}.norm_2", c->width, &k->output_norm);
    build_linear(b, TRUNK "blocks.{}.mlp.fc1", c->width, c->hidden, &k->up);
    build_linear(b, TRUNK "blocks.{}.mlp.fc2", c->hidden, c->width, &k->down);
}

static void add_stem(list_builder *b, imagebind *e)
{
    const imagebind_config *c = &e->config;
    b->stage = STAGE_BEFORE_BLOCKS;
    e->class_token = build_tensor(b, STEM "cls_token=", "", KIND_TOKEN, 3, (int64_t[]){1, 1, c->width});
    if (c->modality == IMAGEBIND_VISION) {
        const int64_t dim[] = {c->width, c->channels, c->frames, c->kernel, c->kernel};
        e->kernel = build_tensor(b, STEM "rgbt_stem.proj.1", "weight", KIND_KERNEL, 5, dim);
    } else {
        const int64_t dim[] = {c->width, c->channels, c->kernel, c->kernel};
        e->kernel = build_tensor(b, STEM "rgbt_stem.proj", "weight", KIND_KERNEL, 4, dim);
        b->epsilon = 1e-5f;
        build_norm(b, STEM "rgbt_stem.norm_layer", c->width, &e->stem_norm);
        b->epsilon = EPSILON;
    }
    const int64_t positions[] = {1, 1 + imagebind_patches(c), c->width};
    e->positions = build_tensor(b, STEM "pos_embedding_helper.pos_embed=", "", KIND_TOKEN, 3, positions);
    if (c->modality == IMAGEBIND_VISION)
        build_norm(b, TRUNK "pre_transformer_layer.0", c->width, &e->trunk_norm);
}

static smac_status imagebind_list_parameters(imagebind *e, smac_error *error)
{
    const imagebind_config *c = &e->config;
    list_builder b = {.list = &e->list,
        .word = c->modality == IMAGEBIND_VISION ? "vision" : "audio",
        .epsilon = EPSILON,
        .error = error};
    e->list.initial_scale = c->initial_scale;
    add_stem(&b, e);
    for (int32_t i = 0; i < c->layers; i++) {
        b.numbers[0] = b.stage = i;
        add_block(&b, c, &e->blocks[i]);
    }
    b.stage = STAGE_AFTER_BLOCKS;
    build_norm(&b, "modality_heads.*.0", c->width, &e->head_norm);
    e->head.weight = build_tensor(&b, "modality_heads.*.2", "weight", KIND_MATRIX, 2, (int64_t[]){c->out, c->width});
    if (c->modality == IMAGEBIND_AUDIO) {
        e->list.constant = logf(20.0f);
        e->log_logit_scale =
            build_tensor(&b, "modality_postprocessors.*.1.log_logit_scale=", "", KIND_CONSTANT, 0, NULL);
    }
    return b.status;
}

smac_status imagebind_add(parameter_store *store, const char *prefix, const imagebind_config *config,
    int trainable_blocks, imagebind **out, smac_error *error)
{
    TRY(imagebind_config_check(config, error));
    imagebind *e = memory_new(1, sizeof *e);
    if (e == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for an ImageBind encoder");
    e->config = *config;
    e->blocks = memory_new((size_t)config->layers, sizeof *e->blocks);
    smac_status status = e->blocks != NULL ? parameter_list_begin(&e->list, store, prefix, error)
                                           : FAIL(error, SMAC_ERROR_MEMORY, "no memory for an encoder's blocks");
    if (status == SMAC_OK)
        status = imagebind_list_parameters(e, error);
    if (status != SMAC_OK) {
        imagebind_free(e);
        return status;
    }
    parameter_list_set_trainable(&e->list, trainable_blocks, (int)config->layers);
    if (e->log_logit_scale != NULL) /* a number of the published model that nothing downstream depends on */
        e->log_logit_scale->trainable = false;
    *out = e;
    return SMAC_OK;
}

void imagebind_free(imagebind *e)
{
    if (e == NULL)
        return;
    parameter_list_free(&e->list);
    free(e->blocks);
    free(e);
}

const imagebind_config *imagebind_get_config(const imagebind *e)
{
    return &e->config;
}

parameter_list *imagebind_parameters(imagebind *e)
{
    return &e->list;
}

/* --- the stem ----------------------------------------------------------------------------------------------------- */

typedef struct patch_context {
    const imagebind_config *config;
    const float *input;
    float *out;
    int64_t across, down;
} patch_context;

/* A piece is one row of patches of one input: each patch becomes a row in the kernel's order (channel, frame, y, x). */
static void cut_patches(void *context, int64_t piece)
{
    const patch_context *p = context;
    const imagebind_config *c = p->config;
    int64_t b = piece / p->down, row = piece % p->down;
    const float *input = p->input + b * imagebind_input_count(c);
    float *out = p->out + piece * p->across * c->channels * c->frames * c->kernel * c->kernel;
    for (int64_t column = 0; column < p->across; column++)
        for (int64_t channel = 0; channel < c->channels; channel++)
            for (int64_t frame = 0; frame < c->frames; frame++)
                for (int64_t y = 0; y < c->kernel; y++) {
                    int64_t plane = frame * c->channels + channel;
                    const float *from =
                        input + (plane * c->rows + row * c->stride + y) * c->columns + column * c->stride;
                    memcpy(out, from, (size_t)c->kernel * sizeof *out);
                    out += c->kernel;
                }
}

/* What one call was asked. */
typedef struct request {
    const imagebind *e;
    const float *input;
    int64_t batch;
} request;

/* (B, 1 + patches, width) */
static value *imagebind_embed(tape *t, const void *call)
{
    const request *r = call;
    const imagebind *e = r->e;
    const imagebind_config *c = &e->config;
    int64_t size = c->channels * c->frames * c->kernel * c->kernel, patches = imagebind_patches(c);
    patch_context p = {.config = c,
        .input = r->input,
        .across = (c->columns - c->kernel) / c->stride + 1,
        .down = (c->rows - c->kernel) / c->stride + 1};
    value *cut = tape_value(t, 3, (int64_t[]){r->batch, patches, size}, NULL);
    p.out = tape_map(t, cut);
    if (p.out == NULL)
        return NULL;
    parallel_for(r->batch * p.down, cut_patches, &p);
    tape_unmap(t, cut, p.out);
    value *x = op_linear(t, cut, tape_parameter(t, e->kernel), NULL);
    if (e->stem_norm.weight != NULL)
        x = layer_norm_forward(t, &e->stem_norm, x);
    value *token = op_reshape(t, tape_parameter(t, e->class_token), 2, (int64_t[]){1, c->width});
    x = op_concat(t, (value *[]){op_repeat(t, token, r->batch), x}, 2, 1);
    x = op_add(t, x, op_reshape(t, tape_parameter(t, e->positions), 2, (int64_t[]){1 + patches, c->width}));
    if (e->trunk_norm.weight != NULL)
        x = layer_norm_forward(t, &e->trunk_norm, x);
    return x;
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* Norm and projection of the class token, then the length that the modality has. */
static value *imagebind_head(tape *t, const imagebind *e, value *x)
{
    if (x == NULL)
        return NULL;
    value *token = op_reshape(t, op_slice(t, x, 1, 0, 1), 2, (int64_t[]){x->dim[0], e->config.width});
    value *y = linear_forward(t, &e->head, layer_norm_forward(t, &e->head_norm, token));
    y = op_l2_normalise(t, y, 1e-12f);
    if (e->log_logit_scale != NULL) {
        float *mapped = parameter_map(e->log_logit_scale);
        float log_scale = mapped != NULL ? mapped[0] : 0;
        parameter_unmap(e->log_logit_scale, mapped, false, NULL);
        y = op_scale(t, y, fminf(expf(log_scale), 100.0f)); /* the published module clips it there */
    }
    return y;
}

static block_stack stack_of(const imagebind *e)
{
    return (block_stack){.list = &e->list,
        .blocks = e->blocks,
        .layers = e->config.layers,
        .shared = 1,
        .inner = 1,
        .embed = imagebind_embed};
}

int64_t imagebind_frozen(const imagebind *e)
{
    const block_stack stack = stack_of(e);
    return block_stack_frozen(&stack);
}

value *imagebind_front(tape *t, const imagebind *e, const float *input, int64_t batch)
{
    const block_stack stack = stack_of(e);
    return block_stack_front(t, &stack, &(request){.e = e, .input = input, .batch = batch});
}

value *imagebind_resume(tape *t, const imagebind *e, value *front)
{
    const block_stack stack = stack_of(e);
    return imagebind_head(t, e, block_stack_resume(t, &stack, NULL, front));
}

value *imagebind_forward(tape *t, const imagebind *e, const float *input, int64_t batch, value **tokens, value **hidden)
{
    if (tape_status(t, NULL) != SMAC_OK)
        return NULL;
    if (input == NULL || batch < 1) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "imagebind_forward", "a batch of %lld inputs was given, at least 1 is needed",
            (long long)batch);
        return NULL;
    }
    const request r = {.e = e, .input = input, .batch = batch};
    const block_stack stack = stack_of(e);
    value *x = block_stack_forward(t, &stack, &r, hidden);
    if (tokens != NULL)
        *tokens = x;
    return imagebind_head(t, e, x);
}
