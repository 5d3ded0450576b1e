/*
 * autograd/attention_cached.c - attention of new tokens over the tokens before them, and over keys and values that stay.
 *
 * A step of a few sequences reads all weights once: it is bound by memory.  Keys and values of earlier tokens stay where
 * they were written (position, slot); a sequence that continues another one takes over its list of slots.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops_decoder.h"
#include "compute/kernels.h"
#include "compute/parallel.h"
#include "compute/products.h"

enum { SERIAL_PAIRS = 256 }; /* fewer pairs of query and key are not worth waking other threads */

/* --- the cache ---------------------------------------------------------------------------------------------------- */

struct attention_cache {
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
    size_t places = (size_t)(sizes->sequences * sizes->positions),
           bytes = places * (size_t)sizes->width * sizeof(float);
    c->slots = memory_new(places, sizeof *c->slots);
    c->next_slots = memory_new(places, sizeof *c->next_slots);
    c->keys = memory_new((size_t)sizes->layers, sizeof *c->keys);
    c->values = memory_new((size_t)sizes->layers, sizeof *c->values);
    bool good = c->slots != NULL && c->next_slots != NULL && c->keys != NULL && c->values != NULL;
    for (int64_t i = 0; good && i < sizes->layers; i++) {
        c->keys[i] = memory_aligned(bytes);
        c->values[i] = memory_aligned(bytes);
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
            memory_aligned_free(c->keys[i]);
        if (c->values != NULL)
            memory_aligned_free(c->values[i]);
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

typedef struct cached_context {
    const attention_cache *cache;
    const float *qkv, *keys, *values;
    float *out, *scores; /* scores: (heads, positions) */
    int64_t head;        /* width of a head */
    float scale;
} cached_context;

static void cached_head(void *context, int64_t h)
{
    const cached_context *c = context;
    const attention_cache *cache = c->cache;
    const struct kernels *kernel = kernels_get();
    int64_t width = cache->sizes.width, sequences = cache->sizes.sequences, positions = cache->sizes.positions;
    float *scores = c->scores + h * positions;
    for (int64_t row = 0; row < cache->rows; row++) {
        const float *q = c->qkv + row * 3 * width + h * c->head;
        const int32_t *slots = cache->slots + (cache->successive ? 0 : row) * positions;
        int64_t seen = cache->length + (cache->successive ? row : 0) + 1;
        float *out = c->out + row * width + h * c->head;
        for (int64_t i = 0; i < seen; i++)
            scores[i] = kernel->dot(q, c->keys + (i * sequences + slots[i]) * width + h * c->head, c->head);
        kernel->softmax(scores, scores, seen, c->scale, NULL, NULL);
        memset(out, 0, (size_t)c->head * sizeof *out);
        for (int64_t i = 0; i < seen; i++)
            kernel->axpy(out, c->values + (i * sequences + slots[i]) * width + h * c->head, scores[i], c->head);
    }
}

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
    cached_context context = {.cache = c,
        .qkv = qkv->device_data,
        .keys = c->keys[layer],
        .values = c->values[layer],
        .head = width / c->sizes.heads,
        .scores = tape_scratch(t, (size_t)(c->sizes.heads * c->sizes.positions) * sizeof(float))};
    if (out == NULL || context.scores == NULL)
        return NULL;
    context.out = out->device_data;
    context.scale = (float)(1 / sqrt((double)context.head));
    for (int64_t row = 0; row < c->rows; row++) {
        int64_t place = c->successive ? (c->length + row) * sequences : c->length * sequences + row;
        const float *from = qkv->device_data + row * 3 * width;
        memcpy(c->keys[layer] + place * width, from + width, (size_t)width * sizeof *from);
        memcpy(c->values[layer] + place * width, from + 2 * width, (size_t)width * sizeof *from);
    }
    if (c->rows * (c->length + c->rows) < SERIAL_PAIRS)
        serial_for(c->sizes.heads, cached_head, &context);
    else
        parallel_for(c->sizes.heads, cached_head, &context);
    return out;
}

/* --- keys and values that stay ------------------------------------------------------------------------------------ */

struct attention_memory {
    int64_t layers, heads, width, length, set; /* set: layers that have keys and values */
    packed_matrix **keys, **values;            /* (layers, heads): (length, head width), and (head width, length) */
    workspace *work;                           /* a head's products */
};

attention_memory *attention_memory_new(int64_t layers, int64_t heads, int64_t width)
{
    attention_memory *m = memory_new(1, sizeof *m);
    if (m == NULL)
        return NULL;
    *m = (attention_memory){.layers = layers, .heads = heads, .width = width};
    m->keys = memory_new((size_t)(layers * heads), sizeof *m->keys);
    m->values = memory_new((size_t)(layers * heads), sizeof *m->values);
    m->work = memory_new((size_t)heads, sizeof *m->work);
    if (m->keys != NULL && m->values != NULL && m->work != NULL)
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
    for (int64_t h = 0; m->work != NULL && h < m->heads; h++)
        workspace_clear(&m->work[h]);
    free(m->keys);
    free(m->values);
    free(m->work);
    free(m);
}

int64_t attention_memory_length(const attention_memory *m)
{
    return m->set == m->layers ? m->length : 0;
}

typedef struct memory_packing {
    const float *both; /* (length, 2 width): keys, values */
    float *scratch;    /* a head's share: 2 length * head */
    packed_matrix **keys, **values;
    int64_t length, width, head;
    atomic_int failed;
} memory_packing;

static void pack_head(void *context, int64_t h)
{
    memory_packing *c = context;
    float *keys = c->scratch + h * 2 * c->length * c->head, *values = keys + c->length * c->head;
    for (int64_t i = 0; i < c->length; i++) {
        const float *row = c->both + i * 2 * c->width + h * c->head;
        memcpy(keys + i * c->head, row, (size_t)c->head * sizeof *row);
        for (int64_t j = 0; j < c->head; j++)
            values[j * c->length + i] = row[c->width + j];
    }
    packed_matrix_free(c->keys[h]);
    packed_matrix_free(c->values[h]);
    c->keys[h] = packed_matrix_new(keys, c->length, c->head, PRECISION_F32);
    c->values[h] = packed_matrix_new(values, c->head, c->length, PRECISION_F32);
    if (c->keys[h] == NULL || c->values[h] == NULL)
        atomic_store(&c->failed, 1);
}

smac_status attention_memory_set(attention_memory *m, int64_t layer, const value *keys_values, smac_error *error)
{
    int64_t length = keys_values->rank == 2 ? keys_values->dim[0] : 0;
    if (layer != m->set || layer >= m->layers || length < 1 || keys_values->dim[1] != 2 * m->width ||
        (layer > 0 && length != m->length))
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "keys and values of shape %s were given for layer %lld, expected (%lld, %lld) for layer %lld of %lld",
            shape_of(keys_values).text, (long long)layer, (long long)(layer > 0 ? m->length : length),
            (long long)(2 * m->width), (long long)m->set, (long long)m->layers);
    memory_packing c = {.both = keys_values->device_data,
        .keys = m->keys + layer * m->heads,
        .values = m->values + layer * m->heads,
        .length = length,
        .width = m->width,
        .head = m->width / m->heads,
        .scratch = memory_aligned((size_t)(2 * length * m->width) * sizeof(float))};
    if (c.scratch != NULL)
        parallel_for(m->heads, pack_head, &c);
    memory_aligned_free(c.scratch);
    if (c.scratch == NULL || atomic_load(&c.failed))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the keys and values of %lld vectors", (long long)length);
    m->length = length;
    m->set = layer + 1;
    return SMAC_OK;
}

typedef struct memory_context {
    attention_memory *memory;
    const attention_scores *wanted;
    const float *query;
    float *out, *scratch; /* scratch: a head's share: rows * (length + 2 head) */
    int64_t rows, layer, head;
    float scale;
    atomic_int failed;
} memory_context;

static void show_scores(const memory_context *c, int64_t h, const float *scores)
{
    int64_t count = c->rows * c->memory->length;
    for (int64_t i = 0; c->wanted != NULL && i < c->wanted->count; i++)
        if (c->wanted->heads[i][0] == c->layer && c->wanted->heads[i][1] == h)
            kernels_get()->scale(c->wanted->out + i * count, scores, c->scale, count);
}

/* All queries against one head's keys and values. */
static void memory_head(void *context, int64_t h)
{
    memory_context *c = context;
    attention_memory *m = c->memory;
    int64_t length = m->length, at = c->layer * m->heads + h;
    float *scores = c->scratch + h * c->rows * (length + 2 * c->head);
    float *query = scores + c->rows * length, *out = query + c->rows * c->head;
    for (int64_t row = 0; row < c->rows; row++)
        memcpy(query + row * c->head, c->query + row * m->width + h * c->head, (size_t)c->head * sizeof *query);
    packed_product product = {.y = scores, .x = query, .rows = c->rows, .weight = m->keys[at], .scratch = &m->work[h]};
    if (product_packed(&product, NULL) != SMAC_OK) {
        atomic_store(&c->failed, 1);
        return;
    }
    show_scores(c, h, scores);
    for (int64_t row = 0; row < c->rows; row++)
        kernels_get()->softmax(scores + row * length, scores + row * length, length, c->scale, NULL, NULL);
    product = (packed_product){.y = out, .x = scores, .rows = c->rows, .weight = m->values[at], .scratch = &m->work[h]};
    if (product_packed(&product, NULL) != SMAC_OK)
        atomic_store(&c->failed, 1);
    for (int64_t row = 0; row < c->rows; row++)
        memcpy(c->out + row * m->width + h * c->head, out + row * c->head, (size_t)c->head * sizeof *out);
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
    int64_t rows = q->dim[0], head = m->width / m->heads;
    value *out = op_result(t, 2, q->dim, false);
    memory_context c = {.memory = m,
        .wanted = scores,
        .query = q->device_data,
        .rows = rows,
        .layer = layer,
        .head = head,
        .scale = (float)(1 / sqrt((double)head)),
        .scratch = tape_scratch(t, (size_t)(m->heads * rows * (m->length + 2 * head)) * sizeof(float))};
    if (out == NULL || c.scratch == NULL)
        return NULL;
    c.out = out->device_data;
    parallel_for(m->heads, memory_head, &c);
    if (atomic_load(&c.failed)) {
        tape_fail(t, SMAC_ERROR_MEMORY, "op_attention_memory", "no memory for attention over %lld vectors",
            (long long)m->length);
        return NULL;
    }
    return out;
}
