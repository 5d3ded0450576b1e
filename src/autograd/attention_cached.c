/*
 * autograd/attention_cached.c - attention of new tokens over the tokens before them, and over keys and values that stay.
 *
 * A step of a few sequences reads all weights once: it is bound by memory.  Keys and values of earlier tokens stay where
 * they were written (position, slot); a sequence that continues another one takes over its list of slots.
 */
#include <stdlib.h>
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops_decoder.h"

/* --- the cache ---------------------------------------------------------------------------------------------------- */

struct attention_cache {
    const device_operations *device;
    attention_cache_sizes sizes;
    int64_t length, alive;       /* alive: sequences of the last step */
    int64_t rows;                /* new tokens that are not committed yet */
    bool successive;             /* they belong to one sequence */
    float **keys, **values;      /* a layer: (positions, sequences, width) */
    int32_t *slots, *next_slots; /* (sequences, positions): where a sequence's token is */
};

attention_cache *attention_cache_new(const attention_cache_sizes *sizes)
{
    attention_cache *c = memory_new(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->sizes = *sizes;
    c->device = device_default();
    size_t places = (size_t)(sizes->sequences * sizes->positions),
           bytes = places * (size_t)sizes->width * sizeof(float);
    c->slots = memory_new(places, sizeof *c->slots);
    c->next_slots = memory_new(places, sizeof *c->next_slots);
    c->keys = memory_new((size_t)sizes->layers, sizeof *c->keys);
    c->values = memory_new((size_t)sizes->layers, sizeof *c->values);
    bool good = c->slots != NULL && c->next_slots != NULL && c->keys != NULL && c->values != NULL;
    for (int64_t i = 0; good && i < sizes->layers; i++) {
        c->keys[i] = c->device->allocate(bytes);
        c->values[i] = c->device->allocate(bytes);
        good = c->keys[i] != NULL && c->values[i] != NULL;
    }
    if (good)
        return c;
    attention_cache_free(c);
    return NULL;
}

void attention_cache_free(attention_cache *c)
{
    if (c == NULL)
        return;
    for (int64_t i = 0; i < c->sizes.layers; i++) {
        if (c->keys != NULL)
            c->device->release(c->keys[i]);
        if (c->values != NULL)
            c->device->release(c->values[i]);
    }
    free(c->keys);
    free(c->values);
    free(c->slots);
    free(c->next_slots);
    free(c);
}

void attention_cache_clear(attention_cache *c)
{
    c->length = c->alive = c->rows = 0;
}

int64_t attention_cache_length(const attention_cache *c)
{
    return c->length;
}

int64_t attention_cache_alive(const attention_cache *c)
{
    return c->alive;
}

smac_status attention_cache_begin(attention_cache *c, int64_t count, smac_error *error)
{
    if (count < 1 || c->length != 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%lld first tokens were given after %lld others, expected at least 1 after none", (long long)count,
            (long long)c->length);
    if (count > c->sizes.positions)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld tokens were given, expected at most %lld", (long long)count,
            (long long)c->sizes.positions);
    memset(c->slots, 0, (size_t)c->sizes.positions * sizeof *c->slots);
    c->rows = count;
    c->successive = true;
    return SMAC_OK;
}

smac_status attention_cache_continue(attention_cache *c, int64_t sequences, const int32_t *origin, smac_error *error)
{
    int64_t positions = c->sizes.positions;
    if (sequences < 1 || sequences > c->sizes.sequences || c->alive < 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%lld sequences are to be continued, expected 1 to %lld after the first tokens", (long long)sequences,
            (long long)c->sizes.sequences);
    if (c->length >= positions)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "one more token was given after the %lld that a sequence may have",
            (long long)positions);
    for (int64_t i = 0; i < sequences; i++) {
        int64_t from = origin != NULL ? origin[i] : c->alive == 1 ? 0 : i;
        if (from < 0 || from >= c->alive)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "sequence %lld is to continue number %lld of %lld", (long long)i,
                (long long)from, (long long)c->alive);
        memcpy(c->next_slots + i * positions, c->slots + from * positions, (size_t)c->length * sizeof *c->slots);
        c->next_slots[i * positions + c->length] = (int32_t)i;
    }
    int32_t *old = c->slots;
    c->slots = c->next_slots;
    c->next_slots = old;
    c->rows = sequences;
    c->successive = false;
    return SMAC_OK;
}

void attention_cache_commit(attention_cache *c)
{
    c->length += c->successive ? c->rows : 1;
    c->alive = c->successive ? 1 : c->rows;
    c->rows = 0;
}

/* --- over the cache ------------------------------------------------------------------------------------------------ */

value *op_attention_cached(tape *t, value *qkv, attention_cache *c, int64_t layer)
{
    if (!OP_READY(t, "op_attention_cached", qkv))
        return NULL;
    int64_t width = c->sizes.width, sequences = c->sizes.sequences;
    if (qkv->rank != 2 || qkv->dim[0] != c->rows || qkv->dim[1] != 3 * width || layer < 0 || layer >= c->sizes.layers) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_attention_cached",
            "op_attention_cached: queries, keys and values of shape %s were given for layer %lld, expected (%lld, %lld)",
            shape_of(qkv).text, (long long)layer, (long long)c->rows, (long long)(3 * width));
        return NULL;
    }
    value *out = op_result(t, 2, (int64_t[]){c->rows, width}, false);
    int64_t listed = c->successive ? 1 : c->rows;
    const int32_t *slots = op_upload(t, c->slots, (size_t)(listed * c->sizes.positions) * sizeof *c->slots);
    if (out == NULL || slots == NULL ||
        !OP_RUN(t, "op_attention_cached", cached_attention,
            &(cached_attention_problem){.qkv = qkv->device_data,
                .keys = c->keys[layer],
                .values = c->values[layer],
                .slots = slots,
                .rows = c->rows,
                .length = c->length,
                .heads = c->sizes.heads,
                .width = width,
                .positions = c->sizes.positions,
                .sequences = sequences,
                .successive = c->successive,
                .out = out->device_data}))
        return NULL;
    return out;
}

/* --- keys and values that stay ------------------------------------------------------------------------------------ */

struct attention_memory {
    int64_t layers, heads, width, length, set; /* set: layers that have keys and values */
    packed_matrix **keys, **values;            /* (layers, heads): (length, head width), and (head width, length) */
};

attention_memory *attention_memory_new(int64_t layers, int64_t heads, int64_t width)
{
    attention_memory *m = memory_new(1, sizeof *m);
    if (m == NULL)
        return NULL;
    *m = (attention_memory){.layers = layers, .heads = heads, .width = width};
    m->keys = memory_new((size_t)(layers * heads), sizeof *m->keys);
    m->values = memory_new((size_t)(layers * heads), sizeof *m->values);
    if (m->keys != NULL && m->values != NULL)
        return m;
    attention_memory_free(m);
    return NULL;
}

void attention_memory_clear(attention_memory *m)
{
    for (int64_t i = 0; i < m->layers * m->heads; i++) {
        packed_matrix_free(m->keys[i]);
        packed_matrix_free(m->values[i]);
        m->keys[i] = m->values[i] = NULL;
    }
    m->length = m->set = 0;
}

void attention_memory_free(attention_memory *m)
{
    if (m == NULL)
        return;
    if (m->keys != NULL && m->values != NULL)
        attention_memory_clear(m);
    free(m->keys);
    free(m->values);
    free(m);
}

int64_t attention_memory_length(const attention_memory *m)
{
    return m->set == m->layers ? m->length : 0;
}

/* One head's keys (length, head), and its values transposed, packed for products. */
static bool memory_pack_head(tape *t, attention_memory *m, int64_t at, const float *both, int64_t length)
{
    const device_operations *device = tape_device(t);
    int64_t head = m->width / m->heads, h = at % m->heads;
    float *plain = op_memory(t, length * head), *turned = op_memory(t, length * head);
    if (plain == NULL || turned == NULL)
        return false;
    copy_problem copy = {
        .to = plain, .from = both + h * head, .rows = length, .n = head, .to_row = head, .from_row = 2 * m->width};
    if (!OP_RUN(t, "attention_memory_set", copy, &copy))
        return false;
    m->keys[at] = device->pack(plain, length, head, PRECISION_F32);
    copy.from = both + m->width + h * head;
    if (!OP_RUN(t, "attention_memory_set", copy, &copy) ||
        !OP_RUN(t, "attention_memory_set", transpose,
            &(transpose_problem){.to = turned, .from = plain, .outer = 1, .n1 = length, .m = 1, .n2 = head, .c = 1}))
        return false;
    m->values[at] = device->pack(turned, head, length, PRECISION_F32);
    return m->keys[at] != NULL && m->values[at] != NULL;
}

bool attention_memory_set(tape *t, attention_memory *m, int64_t layer, value *keys_values)
{
    if (!OP_READY(t, "attention_memory_set", keys_values))
        return false;
    int64_t length = keys_values->rank == 2 ? keys_values->dim[0] : 0;
    if (layer != m->set || layer >= m->layers || length < 1 || keys_values->dim[1] != 2 * m->width ||
        (layer > 0 && length != m->length)) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "attention_memory_set",
            "keys and values of shape %s were given for layer %lld, expected (%lld, %lld) for layer %lld of %lld",
            shape_of(keys_values).text, (long long)layer, (long long)(layer > 0 ? m->length : length),
            (long long)(2 * m->width), (long long)m->set, (long long)m->layers);
        return false;
    }
    for (int64_t h = 0; h < m->heads; h++) {
        if (!memory_pack_head(t, m, layer * m->heads + h, keys_values->device_data, length)) {
            tape_fail(t, SMAC_ERROR_MEMORY, "attention_memory_set", "no memory for the keys and values of %lld vectors",
                (long long)length);
            return false;
        }
    }
    m->length = length;
    m->set = layer + 1;
    return true;
}

/* Device memory for the scores of each head that is wanted; NULL where none is. */
static bool scores_begin(tape *t, const attention_scores *wanted, int64_t layer, int64_t count, float **shown)
{
    for (int64_t i = 0; wanted != NULL && i < wanted->count; i++)
        if (wanted->heads[i][0] == layer && shown[wanted->heads[i][1]] == NULL) {
            shown[wanted->heads[i][1]] = op_memory(t, count);
            if (shown[wanted->heads[i][1]] == NULL)
                return false;
        }
    return true;
}

static bool scores_end(tape *t, const attention_scores *wanted, int64_t layer, int64_t count, float *const *shown)
{
    for (int64_t i = 0; wanted != NULL && i < wanted->count; i++)
        if (wanted->heads[i][0] == layer &&
            !OP_RUN(t, "op_attention_memory", download, wanted->out + i * count, shown[wanted->heads[i][1]],
                (size_t)count * sizeof(float)))
            return false;
    return true;
}

value *op_attention_memory(tape *t, value *q, attention_memory *m, int64_t layer, const attention_scores *scores)
{
    if (!OP_READY(t, "op_attention_memory", q))
        return NULL;
    if (q->rank != 2 || q->dim[1] != m->width || layer < 0 || layer >= m->set) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_attention_memory",
            "op_attention_memory: queries of shape %s were given for layer %lld of the %lld that have keys, expected "
            "(tokens, %lld)",
            shape_of(q).text, (long long)layer, (long long)m->set, (long long)m->width);
        return NULL;
    }
    int64_t count = q->dim[0] * m->length;
    value *out = op_result(t, 2, q->dim, false);
    float **shown = tape_scratch(t, (size_t)m->heads * sizeof *shown);
    if (out == NULL || shown == NULL)
        return NULL;
    memset(shown, 0, (size_t)m->heads * sizeof *shown);
    if (!scores_begin(t, scores, layer, count, shown) ||
        !OP_RUN(t, "op_attention_memory", memory_attention,
            &(memory_attention_problem){.q = q->device_data,
                .keys = m->keys + layer * m->heads,
                .values = m->values + layer * m->heads,
                .shown = shown,
                .rows = q->dim[0],
                .length = m->length,
                .heads = m->heads,
                .width = m->width,
                .out = out->device_data}) ||
        !scores_end(t, scores, layer, count, shown))
        return NULL;
    return out;
}
