/* encoders/language_parts.c - before the blocks: checking what was given, embeddings, shared relative positions. */
#include "encoders/language_parts.h"

#include <math.h>
#include <string.h>

bool language_check(
    tape *t, const language_model *m, const int32_t *ids, const int32_t *token_types, int64_t batch, int64_t length)
{
    const char *where = "language_model_forward";
    if (ids == NULL || batch < 1 || length < 1) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, where,
            "a batch of %lld texts of %lld tokens was given, at least 1 and 1 are needed", (long long)batch,
            (long long)length);
        return false;
    }
    if (length > language_model_max_length(m)) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, where,
            "a text of %lld tokens was given, but this model has positions for %lld: cut it", (long long)length,
            (long long)language_model_max_length(m));
        return false;
    }
    if (length > 46340 || batch > INT32_MAX / length) { /* (L, L) tables are counted in 32 bits */
        tape_fail(t, SMAC_ERROR_ARGUMENT, where, "%lld texts of %lld tokens are too many for one call: split them",
            (long long)batch, (long long)length);
        return false;
    }
    for (int64_t i = 0; i < batch * length; i++) {
        if (ids[i] < 0 || ids[i] >= m->config.vocabulary) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, where,
                "token id %d at text %lld, position %lld is outside the "
                "vocabulary of %lld: is the tokenizer another model's?",
                ids[i], (long long)(i / length), (long long)(i % length), (long long)m->config.vocabulary);
            return false;
        }
        if (token_types != NULL && m->type_table != NULL &&
            (token_types[i] < 0 || token_types[i] >= m->config.token_types)) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, where,
                "token type %d at text %lld, position %lld is outside the %lld of this model", token_types[i],
                (long long)(i / length), (long long)(i % length), (long long)m->config.token_types);
            return false;
        }
    }
    return true;
}

static int32_t *take_indices(tape *t, int64_t count)
{
    return tape_scratch(t, (size_t)count * sizeof(int32_t));
}

/* Positions from 0; with a pad id (RoBERTa, MPNet) from pad + 1, counting only tokens that are not padding. */
static void write_positions(const language_model *m, const int32_t *ids, int64_t batch, int64_t length, int32_t *out)
{
    for (int64_t b = 0; b < batch; b++) {
        int32_t count = 0;
        for (int64_t i = 0; i < length; i++, out++, ids++) {
            if (m->config.pad_id < 0)
                *out = (int32_t)i;
            else
                *out = *ids == m->config.pad_id ? *ids : (int32_t)m->config.pad_id + ++count;
        }
    }
}

value *language_embed(
    tape *t, const language_model *m, const int32_t *ids, const int32_t *token_types, int64_t batch, int64_t length)
{
    const int64_t dim[] = {batch, length};
    int32_t *words = take_indices(t, batch * length);
    if (words == NULL)
        return NULL;
    memcpy(words, ids, (size_t)(batch * length) * sizeof *words);
    value *x = op_gather(t, tape_parameter(t, m->word_table), words, 2, dim);
    if (m->type_table != NULL) {
        int32_t *types = take_indices(t, batch * length);
        if (types == NULL)
            return NULL;
        if (token_types != NULL)
            memcpy(types, token_types, (size_t)(batch * length) * sizeof *types);
        else
            memset(types, 0, (size_t)(batch * length) * sizeof *types);
        x = op_add(t, x, op_gather(t, tape_parameter(t, m->type_table), types, 2, dim));
    }
    if (m->position_table != NULL) {
        int32_t *positions = take_indices(t, batch * length);
        if (positions == NULL)
            return NULL;
        write_positions(m, ids, batch, length, positions);
        x = op_add(t, x, op_gather(t, tape_parameter(t, m->position_table), positions, 2, dim));
    }
    if (m->embedding_norm.weight != NULL)
        x = layer_norm_forward(t, &m->embedding_norm, x);
    x = op_dropout(t, x, m->config.dropout);
    if (m->embedding_projection.weight != NULL)
        x = linear_forward(t, &m->embedding_projection, x);
    return x;
}

/* (heads, L, L) from the table of buckets (buckets, heads) */
static bool bucket_bias(tape *t, const language_model *m, int64_t length, block_context *context)
{
    int32_t *index = take_indices(t, length * length);
    if (index == NULL)
        return false;
    for (int64_t i = 0; i < length; i++)
        for (int64_t j = 0; j < length; j++)
            index[i * length + j] = relative_bucket(j - i, m->config.buckets, m->config.bucket_distance);
    value *bias = op_gather(t, tape_parameter(t, m->relative_table), index, 1, (int64_t[]){length * length});
    bias = op_transpose(t, bias, 0, 1);
    context->bias = op_reshape(t, bias, 3, (int64_t[]){m->config.heads, length, length});
    return context->bias != NULL;
}

/* The rows of DeBERTa's table that distances up to length - 1 fall on: a range, for buckets grow with distance. */
static bool disentangled_rows(tape *t, const language_model *m, int64_t length, block_context *context)
{
    const language_model_config *c = &m->config;
    int32_t *index = take_indices(t, length * length);
    if (index == NULL)
        return false;
    int32_t first = disentangled_bucket(1 - length, c->buckets, c->bucket_distance);
    int32_t last = disentangled_bucket(length - 1, c->buckets, c->bucket_distance);
    for (int64_t i = 0; i < length; i++)
        for (int64_t j = 0; j < length; j++)
            index[i * length + j] = disentangled_bucket(i - j, c->buckets, c->bucket_distance) - first;
    value *rows = op_slice(t, tape_parameter(t, m->relative_table), 0, first, last - first + 1);
    context->position_rows = m->relative_norm.weight != NULL ? layer_norm_forward(t, &m->relative_norm, rows) : rows;
    context->position_index = index;
    return context->position_rows != NULL;
}

/* Sinusoids of the distances length-1 ... 1-length, sines first, then cosines; and who shares whose segment. */
static bool sinusoidal_rows(
    tape *t, const language_model *m, const int32_t *token_types, int64_t batch, int64_t length, block_context *context)
{
    int64_t width = m->config.width, rows = 2 * length - 1;
    int32_t *index = take_indices(t, length * length);
    value *r = tape_value(t, 2, (int64_t[]){rows, width}, NULL);
    float *numbers = tape_map(t, r);
    if (index == NULL || numbers == NULL)
        return false;
    for (int64_t k = 0; k < (width + 1) / 2; k++) {
        float frequency = 1 / powf(10000.0f, (float)(2 * k) / (float)width);
        for (int64_t p = 0; p < rows; p++) {
            float angle = (float)(length - 1 - p) * frequency;
            numbers[p * width + k] = sinf(angle);
            if (width / 2 + k < width)
                numbers[p * width + width / 2 + k] = cosf(angle);
        }
    }
    tape_unmap(t, r, numbers);
    for (int64_t i = 0; i < length; i++)
        for (int64_t j = 0; j < length; j++)
            index[i * length + j] = (int32_t)(length - 1 - (i - j));
    context->position_rows = r;
    context->position_index = index;
    if (token_types == NULL)
        return true;
    int32_t *segments = take_indices(t, batch * length * length);
    if (segments == NULL)
        return false;
    for (int64_t b = 0; b < batch; b++)
        for (int64_t i = 0; i < length; i++)
            for (int64_t j = 0; j < length; j++)
                segments[(b * length + i) * length + j] = token_types[b * length + i] != token_types[b * length + j];
    context->segment_index = segments;
    return true;
}

bool language_context(
    tape *t, const language_model *m, const int32_t *token_types, int64_t batch, int64_t length, block_context *context)
{
    if (tape_status(t, NULL) != SMAC_OK)
        return false;
    switch (m->blocks[0].relative) {
    case RELATIVE_NONE:
        return true;
    case RELATIVE_BIAS:
        return bucket_bias(t, m, length, context);
    case RELATIVE_DISENTANGLED:
        return disentangled_rows(t, m, length, context);
    case RELATIVE_SINUSOIDAL:
        return sinusoidal_rows(t, m, token_types, batch, length, context);
    }
    return false;
}
