/* encoders/whisper_decoder.c - Whisper's decoder: parameters in the store, the formula on a tape. */
#include "encoders/whisper_decoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/products.h"

/* --- adding ------------------------------------------------------------------------------------------------------- */

/*
 * One parameter of the item's row: parts that CTranslate2 keeps in one matrix (queries, keys and values) are one
 * parameter here too, (parts * out, in), so that a step is one product; its bias is zeros where a part has none.
 */
static parameter *decoder_add_one(
    whisper_decoder *d, const whisper_item *item, bool bias, smac_status *status, smac_error *error)
{
    char name[128];
    int64_t dim[] = {item->parts * item->dim[0], item->dim[1]};
    parameter_kind kind = bias ? KIND_BIAS : item->kind == KIND_TABLE ? KIND_MATRIX : item->kind;
    if (item->parts > 1)
        snprintf(name, sizeof name, "%s.%s_of_%d", item->name, bias ? "biases" : "stacked", item->parts);
    else
        snprintf(name, sizeof name, "%s", item->name);
    const published_parameter published = {
        .name = name, .kind = kind, .rank = bias ? 1 : item->rank, .dim = dim, .stage = STAGE_BEFORE_BLOCKS};
    return parameter_list_add(&d->list, &published, status, error);
}

static smac_status decoder_add_all(whisper_decoder *d, smac_error *error)
{
    smac_status status = SMAC_OK;
    whisper_walk walk = whisper_walk_of(&d->config, WHISPER_DECODER);
    whisper_item item;
    while (whisper_walk_next(&walk, &item)) {
        if (item.part > 0 || (item.parts > 1 && item.bias))
            continue; /* the first part adds both */
        *whisper_item_place(&d->parts, &item) = decoder_add_one(d, &item, item.bias, &status, error);
        if (item.parts == 1)
            continue;
        whisper_item bias = item;
        bias.bias = true;
        *whisper_item_place(&d->parts, &bias) = decoder_add_one(d, &item, true, &status, error);
    }
    parameter_list_set_trainable(&d->list, 0, 0);
    return status;
}

smac_status whisper_decoder_add(
    parameter_store *store, const char *prefix, const whisper_config *config, whisper_decoder **out, smac_error *error)
{
    TRY(whisper_config_check(config, error));
    whisper_decoder *d = memory_new(1, sizeof *d);
    if (d == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for Whisper's decoder");
    d->config = *config;
    d->parts.layers = memory_new((size_t)config->decoder_layers, sizeof *d->parts.layers);
    smac_status status = d->parts.layers != NULL ? parameter_list_begin(&d->list, store, prefix, error)
                                                 : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a decoder's layers");
    if (status == SMAC_OK)
        status = decoder_add_all(d, error);
    if (status != SMAC_OK) {
        whisper_decoder_free(d);
        return status;
    }
    *out = d;
    return SMAC_OK;
}

void whisper_decoder_free(whisper_decoder *d)
{
    if (d == NULL)
        return;
    parameter_list_free(&d->list);
    free(d->parts.layers);
    free(d);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

/* All parts of the item's row, one under the other; a part that has no such bias is left as it is. */
static smac_status decoder_read_parts(
    const whisper_decoder *d, const tensor_file *file, const whisper_item *item, float *out, smac_error *error)
{
    int64_t count = item->dim[0] * (item->rank > 1 ? item->dim[1] : 1);
    for (int part = 0; part < item->parts; part++) {
        whisper_item one;
        if (whisper_item_part(&d->config, item, part, &one))
            TRY(whisper_load(file, &one, out + part * count, error));
    }
    return SMAC_OK;
}

static smac_status decoder_pack_matrix(
    whisper_decoder *d, const tensor_file *file, const whisper_item *item, precision how, smac_error *error)
{
    parameter *p = *whisper_item_place(&d->parts, item);
    float *copy = memory_new((size_t)p->count, sizeof *copy);
    smac_status status = copy != NULL ? decoder_read_parts(d, file, item, copy, error)
                                      : FAIL(error, SMAC_ERROR_MEMORY, "no memory to read tensor %s", item->name);
    struct packed_matrix *packed = NULL;
    if (status == SMAC_OK) {
        packed = packed_matrix_new(copy, p->dim[0], p->dim[1], how);
        if (packed == NULL)
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory to pack tensor %s", item->name);
    }
    free(copy);
    return status == SMAC_OK ? parameter_adopt_packed(d->list.store, p, packed, error) : status;
}

smac_status whisper_decoder_pack(whisper_decoder *d, const tensor_file *file, precision how, smac_error *error)
{
    whisper_walk walk = whisper_walk_of(&d->config, WHISPER_DECODER);
    whisper_item item;
    while (whisper_walk_next(&walk, &item))
        if (item.part == 0 && (item.kind == KIND_MATRIX || item.kind == KIND_TABLE))
            TRY(decoder_pack_matrix(d, file, &item, how, error));
    return SMAC_OK;
}

smac_status whisper_decoder_load(whisper_decoder *d, const tensor_file *file, smac_error *error)
{
    whisper_walk walk = whisper_walk_of(&d->config, WHISPER_DECODER);
    whisper_item item;
    while (whisper_walk_next(&walk, &item)) {
        if (item.parts > 1) { /* the bias of all parts, which the first part may not have an item for */
            if (item.part > 0 || item.bias)
                continue;
            item.bias = true;
            item.rank = 1;
        }
        parameter *p = *whisper_item_place(&d->parts, &item);
        if (p->packed != NULL)
            continue;
        float *numbers = parameter_map(p);
        if (numbers == NULL)
            return FAIL(error, SMAC_ERROR_INTERNAL,
                "parameter %s has no memory: pack the decoder's matrices and seal its store before loading", p->name);
        smac_status status = decoder_read_parts(d, file, &item, numbers, error);
        TRY(parameter_unmap(p, numbers, status == SMAC_OK, error));
        TRY(status);
    }
    return SMAC_OK;
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* What is at the places of the new tokens: (tokens, width), or (width) for one token of each sequence. */
static value *decoder_positions(tape *t, const whisper_decoder *d, const decoder_input *in)
{
    int64_t first = attention_cache_length(in->cache);
    value *rows = op_slice(t, tape_parameter(t, d->parts.positions.weight), 0, first, in->successive ? in->count : 1);
    return in->successive ? rows : op_reshape(t, rows, 1, (int64_t[]){d->config.width});
}

static value *decoder_layer(tape *t, const whisper_layer *l, value *x, int64_t layer, const decoder_input *in)
{
    value *h = linear_forward(t, &l->self_query, layer_norm_forward(t, &l->self_norm, x));
    x = op_add(t, x, linear_forward(t, &l->self_out, op_attention_cached(t, h, in->cache, layer)));
    h = linear_forward(t, &l->cross_query, layer_norm_forward(t, &l->cross_norm, x));
    h = op_attention_memory(t, h, in->sound, layer, in->scores);
    x = op_add(t, x, linear_forward(t, &l->cross_out, h));
    h = linear_forward_activation(t, &l->up, layer_norm_forward(t, &l->feed_norm, x), ACTIVATION_GELU);
    return op_add(t, x, linear_forward(t, &l->down, h));
}

value *whisper_decoder_forward(tape *t, const whisper_decoder *d, const decoder_input *in)
{
    value *x = op_gather_packed(t, tape_parameter(t, d->parts.tokens.weight), in->tokens, in->count);
    x = op_add(t, x, decoder_positions(t, d, in));
    for (int64_t i = 0; i < d->config.decoder_layers; i++) {
        tape_mark mark = tape_scope_begin(t);
        x = tape_scope_end(t, mark, decoder_layer(t, &d->parts.layers[i], x, i, in));
    }
    return layer_norm_forward(t, &d->parts.norm, x);
}

value *whisper_decoder_logits(tape *t, const whisper_decoder *d, value *states)
{
    return op_linear(t, states, tape_parameter(t, d->parts.tokens.weight), NULL);
}

value *whisper_decoder_keys_values(tape *t, const whisper_decoder *d, value *sound, int64_t layer)
{
    return linear_forward(t, &d->parts.layers[layer].cross_key, sound);
}
