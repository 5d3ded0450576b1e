/*
 * encoders/language_model.c - a language model: embeddings, blocks, final norm; the options that each family sets.
 */
#include "encoders/language_model.h"

#include <math.h>
#include <stdlib.h>

#include "encoders/block_stack.h"
#include "encoders/language_parts.h"
#include "encoders/language_family.h"
#include "encoders/list_builder.h"

/* --- adding ------------------------------------------------------------------------------------------------------- */

/* XLNet's projections are published as (width, heads, head width); the output's serves as (out, in) as it is. */
static void add_sinusoidal_attention(list_builder *b, const language_model_config *c, transformer_block *k)
{
    const family_names *n = &c->family->names;
    const int64_t projection[] = {c->width, c->heads, c->head_width}, bias[] = {c->heads, c->head_width};
    const int64_t segments[] = {2, c->heads, c->head_width};
    k->query.weight = build_tensor(b, n->query, "", KIND_MATRIX_TRANSPOSED, 3, projection);
    k->key.weight = build_tensor(b, n->key, "", KIND_MATRIX_TRANSPOSED, 3, projection);
    k->value.weight = build_tensor(b, n->value, "", KIND_MATRIX_TRANSPOSED, 3, projection);
    k->out.weight = build_tensor(b, n->out, "", KIND_KERNEL, 3, projection);
    k->position.weight = build_tensor(b, n->relative, "", KIND_MATRIX_TRANSPOSED, 3, projection);
    k->content_bias = build_tensor(b, n->content_bias, "", KIND_TOKEN, 2, bias);
    k->position_bias = build_tensor(b, n->relative_bias, "", KIND_TOKEN, 2, bias);
    k->segment_bias = build_tensor(b, n->segment_bias, "", KIND_TOKEN, 2, bias);
    k->segment_table = build_tensor(b, n->segment_table, "", KIND_TOKEN, 3, segments);
}

static void add_attention(list_builder *b, const language_model_config *c, transformer_block *k)
{
    const family_names *n = &c->family->names;
    int64_t inner = c->heads * c->head_width;
    k->stacked = n->key == NULL;
    build_linear(b, n->query, c->width, k->stacked ? 3 * inner : inner, &k->query);
    if (!k->stacked) {
        build_linear(b, n->key, c->width, inner, &k->key);
        build_linear(b, n->value, c->width, inner, &k->value);
    }
    build_linear(b, n->out, inner, c->width, &k->out);
    if (c->content_to_position) {
        k->position_key = k->key;
        if (!c->shared_position_projection)
            build_linear(b, n->position_key, c->width, inner, &k->position_key);
    }
    if (c->position_to_content) {
        k->position_query = k->query;
        if (!c->shared_position_projection)
            build_linear(b, n->position_query, c->width, inner, &k->position_query);
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

/* Beside the first block alone (DeBERTa-v2). */
static void add_convolution(list_builder *b, const language_model_config *c, transformer_block *k)
{
    const family_names *n = &c->family->names;
    const int64_t dim[] = {c->width, c->width, c->convolution};
    k->convolution_activation = c->convolution_activation;
    k->convolution.weight = build_tensor(b, n->convolution, "weight", KIND_KERNEL, 3, dim);
    k->convolution.bias = build_tensor(b, n->convolution, "bias", KIND_BIAS, 1, dim);
    build_norm(b, n->convolution_norm, c->width, &k->convolution_norm);
}

/* The block that b's numbers and stage are set to. */
static void add_block(list_builder *b, const language_model_config *c, transformer_block *k)
{
    const family_names *n = &c->family->names;
    *k = (transformer_block){.heads = (int)c->heads,
        .head_width = c->head_width,
        .scale = score_scale(c, b->numbers[0]),
        .activation = c->activation,
        .dropout = c->dropout,
        .attention_dropout = c->attention_dropout,
        .pre_norm = c->family->pre_norm,
        .causal = c->family->causal,
        .inner_dropout = c->family->inner_dropout,
        .relative = c->family->relative};
    if (c->family->relative == RELATIVE_SINUSOIDAL)
        add_sinusoidal_attention(b, c, k);
    else
        add_attention(b, c, k);
    build_norm(b, n->attention_norm, c->width, &k->attention_norm);
    build_linear(b, c->gated ? n->up_gated : n->up, c->width, c->hidden, &k->up);
    if (c->gated)
        build_linear(b, n->gate, c->width, c->hidden, &k->gate);
    build_linear(b, n->down, c->hidden, c->width, &k->down);
    build_norm(b, n->output_norm, c->width, &k->output_norm);
    if (c->convolution > 0 && b->numbers[0] == 0)
        add_convolution(b, c, k);
}

static smac_status add_embeddings(list_builder *b, language_model *m, smac_error *error)
{
    const language_model_config *c = &m->config;
    const family_names *n = &c->family->names;
    b->stage = STAGE_BEFORE_BLOCKS;
    m->word_table = build_table(b, n->word_table, c->vocabulary, c->embedding_width);
    m->position_table = build_table(b, n->position_table, c->positions, c->embedding_width);
    m->type_table = build_table(b, n->type_table, c->token_types, c->embedding_width);
    if (n->embedding_norm != NULL)
        build_norm(b, n->embedding_norm, c->embedding_width, &m->embedding_norm);
    bool wider = c->embedding_width != c->width;
    if (n->embedding_projection != NULL && (wider || !c->family->projection_if_wider))
        build_linear(b, n->embedding_projection, c->embedding_width, c->width, &m->embedding_projection);
    else if (wider) /* DeBERTa's embed_proj comes before its norm */
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "embedding_size is %lld and hidden_size %lld, but %s models are supported only with equal ones",
            (long long)c->embedding_width, (long long)c->width, c->family->name);
    if (c->family->relative == RELATIVE_BIAS)
        m->relative_table = build_table(b, n->relative_table, c->buckets, c->heads);
    if (c->family->relative == RELATIVE_DISENTANGLED)
        m->relative_table =
            build_table(b, n->relative_table, 2 * (c->buckets > 0 ? c->buckets : c->bucket_distance), c->width);
    if (c->relative_norm)
        build_norm(b, n->relative_norm, c->width, &m->relative_norm);
    return SMAC_OK;
}

static smac_status language_list_parameters(language_model *m, smac_error *error)
{
    const language_model_config *c = &m->config;
    const family_names *n = &c->family->names;
    list_builder b = {.list = &m->list,
        .epsilon = c->norm_epsilon,
        .no_biases = c->family->no_biases,
        .transposed = c->family->transposed,
        .error = error};
    m->list.file_prefixes = n->file_prefixes;
    m->list.aliases = n->aliases;
    m->list.initial_scale = c->initial_scale;
    TRY(add_embeddings(&b, m, error));
    int64_t shared = c->layers / c->groups;
    for (int64_t group = 0; group < c->groups; group++)
        for (int64_t inner = 0; inner < c->inner_groups; inner++) {
            b.numbers[0] = group;
            b.numbers[1] = inner;
            b.stage = (int32_t)((group + 1) * shared - 1);
            add_block(&b, c, &m->blocks[group * c->inner_groups + inner]);
        }
    b.stage = STAGE_AFTER_BLOCKS;
    if (n->final_norm != NULL)
        build_norm(&b, n->final_norm, c->width, &m->final_norm);
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
        status = language_list_parameters(m, error);
    if (status != SMAC_OK) {
        language_model_free(m);
        return status;
    }
    parameter_list_set_trainable(&m->list, trainable_blocks, (int)config->layers);
    for (size_t i = 0; i < m->list.count; i++)
        m->list.items[i].parameter->pretrained = true;
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

typedef struct request {
    const language_model *m;
    const language_input *in;
} request;

static value *embed_request(tape *t, const void *call)
{
    const request *r = call;
    return language_embed(t, r->m, r->in->ids, r->in->token_types, r->in->batch, r->in->length);
}

static bool request_context(tape *t, const void *call, block_context *context)
{
    const request *r = call;
    context->mask = r->in->mask;
    return language_context(t, r->m, r->in->token_types, r->in->batch, r->in->length, context);
}

static block_stack stack_of(const language_model *m)
{
    const language_model_config *c = &m->config;
    return (block_stack){.list = &m->list,
        .blocks = m->blocks,
        .layers = c->layers,
        .shared = c->layers / c->groups,
        .inner = c->inner_groups,
        .embed = embed_request,
        .context = request_context};
}

int64_t language_model_frozen(const language_model *m)
{
    const block_stack stack = stack_of(m);
    return block_stack_frozen(&stack);
}

value *language_model_front(tape *t, const language_model *m, const language_input *in)
{
    if (tape_status(t, NULL) != SMAC_OK || !language_check(t, m, in->ids, in->token_types, in->batch, in->length))
        return NULL;
    const request r = {.m = m, .in = in};
    const block_stack stack = stack_of(m);
    return block_stack_front(t, &stack, &r);
}

/* What follows the last block. */
static value *language_end(tape *t, const language_model *m, value *x)
{
    if (m->final_norm.weight != NULL)
        x = layer_norm_forward(t, &m->final_norm, x);
    return op_dropout(t, x, m->config.family->final_dropout ? m->config.dropout : 0);
}

value *language_model_resume(tape *t, const language_model *m, const language_input *in, value *front)
{
    if (tape_status(t, NULL) != SMAC_OK || front == NULL)
        return NULL;
    language_input rest = *in;
    rest.batch = front->dim[0];
    rest.length = front->dim[1];
    const request r = {.m = m, .in = &rest};
    const block_stack stack = stack_of(m);
    return language_end(t, m, block_stack_resume(t, &stack, &r, front));
}

value *language_model_forward(tape *t, const language_model *m, const language_input *in, value **hidden)
{
    if (tape_status(t, NULL) != SMAC_OK || !language_check(t, m, in->ids, in->token_types, in->batch, in->length))
        return NULL;
    const language_model_config *c = &m->config;
    const request r = {.m = m, .in = in};
    const block_stack stack = stack_of(m);
    value *x = block_stack_forward(t, &stack, &r, hidden);
    x = language_end(t, m, x);
    if (m->final_norm.weight != NULL && hidden != NULL)
        hidden[c->layers] = x;
    return x;
}
