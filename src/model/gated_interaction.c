/* model/gated_interaction.c - see the header for the formulas. */
#include "model/gated_interaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { NAME_LENGTH = 192 };

static smac_status query_attention_add(
    parameter_store *s, const char *name, const configuration *c, attention *layer, smac_error *error)
{
    int64_t d = c->model.width;
    attention_sizes sizes = {
        .width = d, .context_width = d, .heads = (int)c->model.heads, .kv_heads = 1, .head_width = c->model.head_width};
    return attention_add(s, name, &sizes, layer, error);
}

static smac_status query_block_add(
    parameter_store *s, const char *prefix, const configuration *c, query_block *block, smac_error *error)
{
    char name[NAME_LENGTH + 32];
    int64_t d = c->model.width;
    snprintf(name, sizeof name, "%s.norm", prefix);
    TRY(layer_norm_add(s, name, d, 1e-5f, &block->norm, error));
    snprintf(name, sizeof name, "%s.attention", prefix);
    TRY(query_attention_add(s, name, c, &block->attention, error));
    snprintf(name, sizeof name, "%s.feed_forward", prefix);
    return feed_forward_add(s, name, d, 4 * d, (float)c->model.dropout, &block->feed_forward, error);
}

static smac_status queries_add(parameter_store *s, const char *prefix, const char *which, const configuration *c,
    parameter **out, smac_error *error)
{
    char name[NAME_LENGTH];
    snprintf(name, sizeof name, "%s.queries.%s", prefix, which);
    parameter_spec spec = {.name = name,
        .rank = 2,
        .dim = {c->interaction.queries, c->model.width},
        .init = INIT_NORMAL,
        .scale = 0.02f,
        .no_decay = true};
    *out = parameter_add(s, &spec, error);
    return *out ? SMAC_OK : error ? error->code : SMAC_ERROR_INTERNAL;
}

static smac_status cross_add(
    parameter_store *s, const char *prefix, const configuration *c, interaction_layer *layer, smac_error *error)
{
    char name[NAME_LENGTH + 32];
    int64_t d = c->model.width;
    snprintf(name, sizeof name, "%s.cross_norm", prefix);
    TRY(layer_norm_add(s, name, d, 1e-5f, &layer->cross_norm, error));
    snprintf(name, sizeof name, "%s.cross", prefix);
    TRY(query_attention_add(s, name, c, &layer->cross, error));
    if (c->interaction.gate == GATE_SIGMOID || c->interaction.gate == GATE_BOTH) {
        snprintf(name, sizeof name, "%s.gate", prefix);
        TRY(linear_add(s, name, 2 * d, d, true, &layer->gate, error));
    }
    if (c->interaction.gate == GATE_TANH || c->interaction.gate == GATE_BOTH) {
        snprintf(name, sizeof name, "%s.alpha", prefix);
        parameter_spec spec = {.name = name,
            .rank = 1,
            .dim = {1},
            .init = INIT_CONSTANT,
            .scale = (float)c->interaction.gate_start,
            .no_decay = true,
            .rate_scale = (float)c->interaction.gate_rate_scale};
        layer->alpha = parameter_add(s, &spec, error);
        if (!layer->alpha)
            return error ? error->code : SMAC_ERROR_INTERNAL;
    }
    return SMAC_OK;
}

static smac_status layer_add(parameter_store *s, const char *prefix, int index, const configuration *c,
    const bool has[MODALITIES], interaction_layer *layer, smac_error *error)
{
    char name[NAME_LENGTH];
    int count = 0;
    for (modality u = 0; u < MODALITIES; u++) {
        if (!has[u])
            continue;
        snprintf(name, sizeof name, "%s.layers.%d.specific.%s", prefix, index, modality_name(u));
        TRY(query_block_add(s, name, c, &layer->specific[u], error));
        count++;
    }
    snprintf(name, sizeof name, "%s.layers.%d.shared", prefix, index);
    TRY(query_block_add(s, name, c, &layer->shared, error));
    if (count < 2) /* nobody to look across to */
        return SMAC_OK;
    return cross_add(s, name, c, layer, error);
}

static smac_status everything_add(parameter_store *s, const char *prefix, const configuration *c,
    const bool has[MODALITIES], gated_interaction *g, smac_error *error)
{
    char name[NAME_LENGTH];
    for (modality u = 0; u < MODALITIES; u++)
        if (has[u])
            TRY(queries_add(s, prefix, modality_name(u), c, &g->specific_queries[u], error));
    TRY(queries_add(s, prefix, "shared", c, &g->shared_queries, error));
    for (g->layer_count = 0; g->layer_count < c->interaction.layers; g->layer_count++)
        TRY(layer_add(s, prefix, g->layer_count, c, has, &g->layers[g->layer_count], error));
    for (modality u = 0; u < MODALITIES; u++) {
        if (!has[u])
            continue;
        snprintf(name, sizeof name, "%s.specific_norm.%s", prefix, modality_name(u));
        TRY(layer_norm_add(s, name, c->model.width, 1e-5f, &g->specific_norm[u], error));
    }
    snprintf(name, sizeof name, "%s.shared_norm", prefix);
    return layer_norm_add(s, name, c->model.width, 1e-5f, &g->shared_norm, error);
}

smac_status gated_interaction_add(parameter_store *s, const char *prefix, const configuration *c,
    const bool has[MODALITIES], gated_interaction *g, smac_error *error)
{
    memset(g, 0, sizeof *g);
    memcpy(g->has, has, sizeof g->has);
    g->gate = c->interaction.gate;
    if (strlen(prefix) > NAME_LENGTH - 96)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "parameter prefix '%.40s...' is too long", prefix);
    g->layers = memory_new((size_t)c->interaction.layers, sizeof *g->layers);
    if (!g->layers)
        return FAIL(
            error, SMAC_ERROR_MEMORY, "no memory for %lld interaction layers", (long long)c->interaction.layers);
    smac_status status = everything_add(s, prefix, c, has, g, error);
    if (status != SMAC_OK)
        gated_interaction_clear(g);
    return status;
}

void gated_interaction_clear(gated_interaction *g)
{
    if (!g)
        return;
    free(g->layers);
    g->layers = NULL;
    g->layer_count = 0;
}

/* mask (B, T) with count ones after each row: the keys [H | queries] */
static uint8_t *mask_with_queries(tape *t, int64_t batch, int64_t tokens, int64_t queries, const uint8_t *mask)
{
    uint8_t *out = tape_scratch(t, (size_t)(batch * (tokens + queries)));
    for (int64_t b = 0; out && b < batch; b++) {
        memcpy(out + b * (tokens + queries), mask + b * tokens, (size_t)tokens);
        memset(out + b * (tokens + queries) + tokens, 1, (size_t)queries);
    }
    return out;
}

/* x + MQA(LN x, [H | LN x]) */
static value *look_within(tape *t, const query_block *block, value *x, value *tokens, const uint8_t *key_mask)
{
    value *query = layer_norm_forward(t, &block->norm, x);
    value *context = op_concat(t, (value *[]){tokens, query}, 2, 1);
    return op_add(t, x, attention_forward(t, &block->attention, query, context, key_mask));
}

/* r + tanh(alpha) sigmoid(W_g [r | x] + b) * x, with the parts that the gate's kind has */
static value *pass_gate(tape *t, const interaction_layer *layer, gate_kind gate, value *r, value *x)
{
    value *passed = x;
    if (gate == GATE_SIGMOID || gate == GATE_BOTH) {
        value *both = op_concat(t, (value *[]){r, x}, 2, 2);
        passed = op_multiply(t, linear_forward_activation(t, &layer->gate, both, ACTIVATION_SIGMOID), x);
    }
    if (gate == GATE_TANH || gate == GATE_BOTH) {
        value *opening = op_activation(t, tape_parameter(t, layer->alpha), ACTIVATION_TANH);
        passed = op_multiply(t, passed, op_reshape(t, opening, 0, NULL));
    }
    return op_add(t, r, passed);
}

/* The other modalities' tokens, joined, and which of them count: those of modalities that the sample has.  rows gets 1
 * for samples that have any. */
static value *others_joined(tape *t, const gated_interaction *g, int64_t batch, const semantic_tokens *tokens,
    modality u, uint8_t **key_mask, uint8_t **rows)
{
    value *parts[MODALITIES];
    int count = 0;
    int64_t total = 0;
    for (modality w = 0; w < MODALITIES; w++) {
        if (w != u && g->has[w]) {
            parts[count++] = tokens[w].tokens;
            total += tokens[w].tokens->dim[1];
        }
    }
    *key_mask = tape_scratch(t, (size_t)(batch * total));
    *rows = tape_scratch(t, (size_t)batch);
    if (!*key_mask || !*rows)
        return NULL;
    memset(*rows, 0, (size_t)batch);
    for (int64_t b = 0; b < batch; b++) {
        uint8_t *at = *key_mask + b * total;
        for (modality w = 0; w < MODALITIES; w++) {
            if (w == u || !g->has[w])
                continue;
            int64_t length = tokens[w].tokens->dim[1];
            for (int64_t i = 0; i < length; i++)
                at[i] = tokens[w].present[b] && tokens[w].mask[b * length + i];
            at += length;
            (*rows)[b] |= tokens[w].present[b];
        }
    }
    return count == 1 ? parts[0] : op_concat(t, parts, count, 1);
}

/* X_u; zeros for samples that have no other modality */
static value *look_across(tape *t, const gated_interaction *g, const interaction_layer *layer, int64_t batch,
    const semantic_tokens *tokens, modality u, value *r)
{
    uint8_t *key_mask, *rows;
    value *others = others_joined(t, g, batch, tokens, u, &key_mask, &rows);
    value *query = layer_norm_forward(t, &layer->cross_norm, r);
    value *x = attention_forward(t, &layer->cross, query, others, key_mask);
    if (!x || memchr(rows, 0, (size_t)batch) == NULL)
        return x;
    return op_where(t, rows, batch, x, tape_zeros(t, 2, &x->dim[1]));
}

static value *mean_of_queries(tape *t, const layer_norm *norm, value *x)
{
    return op_mean_over(t, layer_norm_forward(t, norm, x), 1);
}

interaction_outputs gated_interaction_forward(
    tape *t, const gated_interaction *g, int64_t batch, const semantic_tokens tokens[MODALITIES])
{
    interaction_outputs out = {{0}, {0}};
    int count = 0;
    for (modality u = 0; u < MODALITIES; u++) {
        if (!g->has[u])
            continue;
        if (!tokens[u].tokens || !tokens[u].mask || !tokens[u].present)
            return out; /* the tape has failed */
        count++;
    }
    for (modality u = 0; u < MODALITIES; u++) {
        if (!g->has[u])
            continue;
        value *h = tokens[u].tokens;
        int64_t queries = g->shared_queries->dim[0];
        uint8_t *key_mask = mask_with_queries(t, batch, h->dim[1], queries, tokens[u].mask);
        value *p = op_repeat(t, tape_parameter(t, g->specific_queries[u]), batch);
        value *r = op_repeat(t, tape_parameter(t, g->shared_queries), batch);
        for (int i = 0; i < g->layer_count; i++) {
            const interaction_layer *layer = &g->layers[i];
            p = look_within(t, &layer->specific[u], p, h, key_mask);
            p = op_add(t, p, feed_forward_forward(t, &layer->specific[u].feed_forward, p));
            r = look_within(t, &layer->shared, r, h, key_mask);
            if (count > 1)
                r = pass_gate(t, layer, g->gate, r, look_across(t, g, layer, batch, tokens, u, r));
            r = op_add(t, r, feed_forward_forward(t, &layer->shared.feed_forward, r));
        }
        out.specific[u] = mean_of_queries(t, &g->specific_norm[u], p);
        out.shared[u] = mean_of_queries(t, &g->shared_norm, r);
    }
    return out;
}
