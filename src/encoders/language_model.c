/*
 * encoders/language_model.c - a language model: embeddings, blocks, final norm; the options that each family sets.
 */
#include "encoders/language_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoders/block_stack.h"
#include "encoders/language_parts.h"
#include "encoders/language_family.h"

/* --- adding ------------------------------------------------------------------------------------------------------- */

typedef struct builder {
    language_model *m;
    const family_names *names;
    smac_status status;
    smac_error *error;
} builder;

bool name_write(const char *base, const char *ending, int64_t first, int64_t second, char *out, size_t size)
{
    size_t used = 0;
    int number = 0;
    for (const char *c = base; *c; c++) {
        int wrote;
        if (c[0] == '{' && c[1] == '}') {
            wrote = snprintf(out + used, size - used, "%lld", (long long)(number++ ? second : first));
            c++;
        } else if (c[0] == '=' && !c[1]) {
            out[used] = 0;
            return true;
        } else {
            wrote = snprintf(out + used, size - used, "%c", *c);
        }
        if (wrote < 0 || (size_t)wrote >= size - used)
            return false;
        used += (size_t)wrote;
    }
    int wrote = snprintf(out + used, size - used, "%s", ending);
    return wrote >= 0 && (size_t)wrote < size - used;
}

static parameter *add(builder *b, const char *base, const char *ending, int64_t first, int64_t second,
    parameter_kind kind, int rank, const int64_t *dim, int32_t stage)
{
    char name[256];
    if (b->status == SMAC_OK && !name_write(base, ending, first, second, name, sizeof name))
        b->status = FAIL(b->error, SMAC_ERROR_INTERNAL, "the name %s does not fit", base);
    if (b->status != SMAC_OK)
        return NULL;
    return parameter_list_add(&b->m->list, name, kind, rank, dim, stage, &b->status, b->error);
}

static void add_table(builder *b, const char *base, int64_t rows, int64_t width, parameter **out)
{
    if (base != NULL && rows > 0)
        *out = add(b, base, ".weight", 0, 0, KIND_TABLE, 2, (int64_t[]){rows, width}, STAGE_BEFORE_BLOCKS);
}

static void add_norm(builder *b, const char *base, int64_t i, int64_t j, int64_t width, int32_t stage, layer_norm *out)
{
    out->epsilon = b->m->config.norm_epsilon;
    out->weight = add(b, base, ".weight", i, j, KIND_NORM_WEIGHT, 1, (int64_t[]){width}, stage);
    if (!b->m->config.family->no_biases)
        out->bias = add(b, base, ".bias", i, j, KIND_BIAS, 1, (int64_t[]){width}, stage);
}

static void add_linear(builder *b, const char *base, int64_t i, int64_t j, int64_t in, int64_t out, bool bias,
    int32_t stage, linear *layer)
{
    bool transposed = b->m->config.family->transposed;
    layer->weight = add(b, base, ".weight", i, j, transposed ? KIND_MATRIX_TRANSPOSED : KIND_MATRIX, 2,
        transposed ? (int64_t[]){in, out} : (int64_t[]){out, in}, stage);
    if (bias)
        layer->bias = add(b, base, ".bias", i, j, KIND_BIAS, 1, (int64_t[]){out}, stage);
}

/* XLNet's projections are published as (width, heads, head width); the output's serves as (out, in) as it lies. */
static void add_xlnet_attention(builder *b, int64_t i, int32_t stage, transformer_block *k)
{
    const language_model_config *c = &b->m->config;
    const int64_t projection[] = {c->width, c->heads, c->head_width}, bias[] = {c->heads, c->head_width};
    k->query.weight = add(b, b->names->query, "", i, 0, KIND_MATRIX_TRANSPOSED, 3, projection, stage);
    k->key.weight = add(b, b->names->key, "", i, 0, KIND_MATRIX_TRANSPOSED, 3, projection, stage);
    k->value.weight = add(b, b->names->value, "", i, 0, KIND_MATRIX_TRANSPOSED, 3, projection, stage);
    k->out.weight = add(b, b->names->out, "", i, 0, KIND_KERNEL, 3, projection, stage);
    k->position.weight = add(b, b->names->relative, "", i, 0, KIND_MATRIX_TRANSPOSED, 3, projection, stage);
    k->content_bias = add(b, b->names->content_bias, "", i, 0, KIND_TOKEN, 2, bias, stage);
    k->position_bias = add(b, b->names->relative_bias, "", i, 0, KIND_TOKEN, 2, bias, stage);
    k->segment_bias = add(b, b->names->segment_bias, "", i, 0, KIND_TOKEN, 2, bias, stage);
    k->segment_table =
        add(b, b->names->segment_table, "", i, 0, KIND_TOKEN, 3, (int64_t[]){2, c->heads, c->head_width}, stage);
}

static void add_attention(builder *b, int64_t i, int64_t j, int32_t stage, transformer_block *k)
{
    const language_model_config *c = &b->m->config;
    const family_names *n = b->names;
    int64_t inner = c->heads * c->head_width;
    bool bias = !c->family->no_biases;
    k->stacked = n->key == NULL;
    if (k->stacked) {
        add_linear(b, n->query, i, j, c->width, 3 * inner, bias, stage, &k->query);
    } else {
        add_linear(b, n->query, i, j, c->width, inner, bias, stage, &k->query);
        add_linear(b, n->key, i, j, c->width, inner, bias, stage, &k->key);
        add_linear(b, n->value, i, j, c->width, inner, bias, stage, &k->value);
    }
    add_linear(b, n->out, i, j, inner, c->width, bias, stage, &k->out);
    if (c->family->relative != RELATIVE_DISENTANGLED)
        return;
    if (c->content_to_position) {
        k->position_key = k->key;
        if (!c->shared_position_projection)
            add_linear(b, n->position_key, i, j, c->width, inner, true, stage, &k->position_key);
    }
    if (c->position_to_content) {
        k->position_query = k->query;
        if (!c->shared_position_projection)
            add_linear(b, n->position_query, i, j, c->width, inner, true, stage, &k->position_query);
    }
}

static float score_scale(const language_model_config *c, int64_t layer)
{
    if (c->family->unscaled)
        return 1;
    int terms = 1 + c->content_to_position + c->position_to_content;
    double scale = c->scale_flat ? 1 : 1 / sqrt((double)(c->head_width * terms));
    return (float)(c->scale_by_layer ? scale / (double)(layer + 1) : scale);
}

/* DeBERTa-v2's convolution stands beside the first block alone. */
static void add_convolution(builder *b, int32_t stage, transformer_block *k)
{
    const language_model_config *c = &b->m->config;
    const int64_t dim[] = {c->width, c->width, c->convolution};
    k->convolution_activation = c->convolution_activation;
    k->convolution.weight = add(b, b->names->convolution, ".weight", 0, 0, KIND_KERNEL, 3, dim, stage);
    k->convolution.bias = add(b, b->names->convolution, ".bias", 0, 0, KIND_BIAS, 1, dim, stage);
    add_norm(b, b->names->convolution_norm, 0, 0, c->width, stage, &k->convolution_norm);
}

static void add_block(builder *b, int64_t i, int64_t j, int32_t stage, transformer_block *k)
{
    const language_model_config *c = &b->m->config;
    const family_names *n = b->names;
    bool bias = !c->family->no_biases;
    *k = (transformer_block){.heads = (int)c->heads,
        .head_width = c->head_width,
        .scale = score_scale(c, i),
        .activation = c->activation,
        .dropout = c->dropout,
        .attention_dropout = c->attention_dropout,
        .pre_norm = c->family->pre_norm,
        .causal = c->family->causal,
        .inner_dropout = c->family->inner_dropout,
        .relative = c->family->relative};
    if (c->family->relative == RELATIVE_SINUSOIDAL)
        add_xlnet_attention(b, i, stage, k);
    else
        add_attention(b, i, j, stage, k);
    add_norm(b, n->attention_norm, i, j, c->width, stage, &k->attention_norm);
    add_linear(b, c->gated ? n->up_gated : n->up, i, j, c->width, c->hidden, bias, stage, &k->up);
    if (c->gated)
        add_linear(b, n->gate, i, j, c->width, c->hidden, bias, stage, &k->gate);
    add_linear(b, n->down, i, j, c->hidden, c->width, bias, stage, &k->down);
    add_norm(b, n->output_norm, i, j, c->width, stage, &k->output_norm);
    if (c->convolution > 0 && i == 0)
        add_convolution(b, stage, k);
}

static smac_status add_all(language_model *m, smac_error *error)
{
    const language_model_config *c = &m->config;
    builder b = {.m = m, .names = &c->family->names, .error = error};
    const family_names *n = b.names;
    m->list.file_prefixes = n->file_prefixes;
    m->list.aliases = n->aliases;
    m->list.initial_scale = c->initial_scale;
    add_table(&b, n->word_table, c->vocabulary, c->embedding_width, &m->word_table);
    add_table(&b, n->position_table, c->positions, c->embedding_width, &m->position_table);
    add_table(&b, n->type_table, c->token_types, c->embedding_width, &m->type_table);
    if (n->embedding_norm != NULL)
        add_norm(&b, n->embedding_norm, 0, 0, c->embedding_width, STAGE_BEFORE_BLOCKS, &m->embedding_norm);
    bool wider = c->embedding_width != c->width;
    if (n->embedding_projection != NULL && (wider || !c->family->projection_if_wider))
        add_linear(&b, n->embedding_projection, 0, 0, c->embedding_width, c->width, true, STAGE_BEFORE_BLOCKS,
            &m->embedding_projection);
    else if (wider) /* DeBERTa's embed_proj comes before its norm */
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "embedding_size is %lld and hidden_size %lld, but %s models are supported only with equal ones",
            (long long)c->embedding_width, (long long)c->width, c->family->name);
    if (c->family->relative == RELATIVE_BIAS)
        add_table(&b, n->relative_table, c->buckets, c->heads, &m->relative_table);
    if (c->family->relative == RELATIVE_DISENTANGLED) {
        add_table(&b, n->relative_table, 2 * (c->buckets > 0 ? c->buckets : c->bucket_distance), c->width,
            &m->relative_table);
        if (c->relative_norm)
            add_norm(&b, n->relative_norm, 0, 0, c->width, STAGE_BEFORE_BLOCKS, &m->relative_norm);
    }
    int64_t shared = c->layers / c->groups;
    for (int64_t group = 0; group < c->groups; group++)
        for (int64_t inner = 0; inner < c->inner_groups; inner++)
            add_block(
                &b, group, inner, (int32_t)((group + 1) * shared - 1), &m->blocks[group * c->inner_groups + inner]);
    if (n->final_norm != NULL)
        add_norm(&b, n->final_norm, 0, 0, c->width, STAGE_AFTER_BLOCKS, &m->final_norm);
    return b.status;
}

smac_status language_model_add(parameter_store *store, const char *prefix, const language_model_config *config,
    int trainable_blocks, language_model **out, smac_error *error)
{
    TRY(language_model_config_check(config, error));
    language_model *m = memory_new(1, sizeof *m);
    if (m == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a language model");
    m->config = *config;
    m->blocks = memory_new((size_t)(config->groups * config->inner_groups), sizeof *m->blocks);
    smac_status status = m->blocks != NULL ? parameter_list_begin(&m->list, store, prefix, error)
                                           : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a language model's blocks");
    if (status == SMAC_OK)
        status = add_all(m, error);
    if (status != SMAC_OK) {
        language_model_free(m);
        return status;
    }
    parameter_list_set_trainable(&m->list, trainable_blocks, (int)config->layers);
    for (size_t i = 0; i < m->list.count; i++)
        m->list.items[i].parameter->language = true;
    *out = m;
    return SMAC_OK;
}

void language_model_free(language_model *m)
{
    if (m == NULL)
        return;
    parameter_list_free(&m->list);
    free(m->blocks);
    free(m);
}

const language_model_config *language_model_get_config(const language_model *m)
{
    return &m->config;
}

parameter_list *language_model_parameters(language_model *m)
{
    return &m->list;
}

int64_t language_model_config_max_length(const language_model_config *c)
{
    return c->positions == 0 ? INT64_MAX : c->positions - (c->pad_id + 1);
}

int64_t language_model_max_length(const language_model *m)
{
    return language_model_config_max_length(&m->config);
}

bool language_model_has_types(const language_model *m)
{
    return m->config.token_types > 0 || m->config.family->takes_types;
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* What one call was asked. */
typedef struct request {
    const language_model *m;
    const int32_t *ids, *token_types;
    const uint8_t *mask;
    int64_t batch, length;
} request;

static value *embed(tape *t, const void *call)
{
    const request *r = call;
    return language_embed(t, r->m, r->ids, r->token_types, r->batch, r->length);
}

static bool make_context(tape *t, const void *call, block_context *context)
{
    const request *r = call;
    context->mask = r->mask;
    return language_context(t, r->m, r->token_types, r->batch, r->length, context);
}

value *language_model_forward(tape *t, const language_model *m, const int32_t *ids, const uint8_t *mask,
    const int32_t *token_types, int64_t batch, int64_t length, value **hidden)
{
    if (tape_status(t, NULL) != SMAC_OK || !language_check(t, m, ids, token_types, batch, length))
        return NULL;
    const language_model_config *c = &m->config;
    const request r = {.m = m, .ids = ids, .token_types = token_types, .mask = mask, .batch = batch, .length = length};
    const block_stack stack = {.list = &m->list,
        .blocks = m->blocks,
        .layers = c->layers,
        .shared = c->layers / c->groups,
        .inner = c->inner_groups,
        .embed = embed,
        .context = make_context};
    value *x = block_stack_forward(t, &stack, &r, hidden);
    if (m->final_norm.weight != NULL)
        x = layer_norm_forward(t, &m->final_norm, x);
    x = op_dropout(t, x, c->family->final_dropout ? c->dropout : 0);
    if (m->final_norm.weight != NULL && hidden != NULL)
        hidden[c->layers] = x;
    return x;
}
