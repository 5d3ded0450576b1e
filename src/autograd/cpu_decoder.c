/* autograd/cpu_decoder.c - decoding token by token on the CPU: rows of packed tables, attention over kept keys. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "autograd/cpu.h"
#include "compute/parallel.h"

enum { SERIAL_PAIRS = 256 }; /* fewer pairs of query and key are not worth waking other threads */

smac_status cpu_packed_rows(device_run *run, const packed_rows_problem *p)
{
    int64_t k = packed_matrix_k(p->table);
    float *scratch = workspace_take(&run->own, (size_t)(k > 0 ? k : 1) * sizeof *scratch);
    if (scratch == NULL)
        return FAIL(&run->error, SMAC_ERROR_MEMORY, "no memory for a row of %lld numbers", (long long)k);
    for (int64_t i = 0; i < p->count; i++)
        packed_matrix_row(p->table, p->indices[i], p->y + i * k, scratch);
    workspace_return(&run->own, scratch);
    return SMAC_OK;
}

/* --- over earlier tokens ------------------------------------------------------------------------------------------- */

typedef struct cached_work {
    const cached_attention_problem *p;
    float *scores; /* (heads, positions) */
    int64_t head;  /* width of a head */
    float scale;
} cached_work;

static void cached_head(void *context, int64_t h)
{
    const cached_work *w = context;
    const cached_attention_problem *p = w->p;
    const struct kernels *kernel = kernels_get();
    float *scores = w->scores + h * p->positions;
    for (int64_t row = 0; row < p->rows; row++) {
        const float *q = p->qkv + row * 3 * p->width + h * w->head;
        const int32_t *slots = p->slots + (p->successive ? 0 : row) * p->positions;
        int64_t seen = p->length + (p->successive ? row : 0) + 1;
        float *out = p->out + row * p->width + h * w->head;
        for (int64_t i = 0; i < seen; i++)
            scores[i] = kernel->dot(q, p->keys + (i * p->sequences + slots[i]) * p->width + h * w->head, w->head);
        kernel->softmax(scores, scores, seen, w->scale, NULL, NULL);
        memset(out, 0, (size_t)w->head * sizeof *out);
        for (int64_t i = 0; i < seen; i++)
            kernel->axpy(out, p->values + (i * p->sequences + slots[i]) * p->width + h * w->head, scores[i], w->head);
    }
}

static void keep_keys_and_values(const cached_attention_problem *p)
{
    for (int64_t row = 0; row < p->rows; row++) {
        int64_t place = p->successive ? (p->length + row) * p->sequences : p->length * p->sequences + row;
        const float *from = p->qkv + row * 3 * p->width;
        memcpy(p->keys + place * p->width, from + p->width, (size_t)p->width * sizeof *from);
        memcpy(p->values + place * p->width, from + 2 * p->width, (size_t)p->width * sizeof *from);
    }
}

smac_status cpu_cached_attention(device_run *run, const cached_attention_problem *p)
{
    cached_work w = {.p = p, .head = p->width / p->heads};
    w.scale = (float)(1 / sqrt((double)w.head));
    w.scores = workspace_take(&run->own, (size_t)(p->heads * p->positions) * sizeof *w.scores);
    if (w.scores == NULL)
        return FAIL(
            &run->error, SMAC_ERROR_MEMORY, "no memory for attention over %lld tokens", (long long)p->positions);
    keep_keys_and_values(p);
    if (p->rows * (p->length + p->rows) < SERIAL_PAIRS)
        serial_for(p->heads, cached_head, &w);
    else
        parallel_for(p->heads, cached_head, &w);
    workspace_return(&run->own, w.scores);
    return SMAC_OK;
}

/* --- over keys and values that stay -------------------------------------------------------------------------------- */

typedef struct memory_work {
    const memory_attention_problem *p;
    workspace *slots;
    float *scratch; /* a head's share: rows * (length + 2 head) */
    int64_t head;
    float scale;
    atomic_int failed;
} memory_work;

/* All queries against one head's keys and values. */
static void memory_head(void *context, int64_t h)
{
    memory_work *w = context;
    const memory_attention_problem *p = w->p;
    const struct kernels *kernel = kernels_get();
    workspace *slot = &w->slots[parallel_slot()];
    float *scores = w->scratch + h * p->rows * (p->length + 2 * w->head);
    float *query = scores + p->rows * p->length, *out = query + p->rows * w->head;
    for (int64_t row = 0; row < p->rows; row++)
        memcpy(query + row * w->head, p->q + row * p->width + h * w->head, (size_t)w->head * sizeof *query);
    packed_product product = {.y = scores, .x = query, .rows = p->rows, .weight = p->keys[h], .scratch = slot};
    if (product_packed(&product, NULL) != SMAC_OK) {
        atomic_store(&w->failed, 1);
        return;
    }
    if (p->shown != NULL && p->shown[h] != NULL)
        kernel->scale(p->shown[h], scores, w->scale, p->rows * p->length);
    for (int64_t row = 0; row < p->rows; row++)
        kernel->softmax(scores + row * p->length, scores + row * p->length, p->length, w->scale, NULL, NULL);
    product = (packed_product){.y = out, .x = scores, .rows = p->rows, .weight = p->values[h], .scratch = slot};
    if (product_packed(&product, NULL) != SMAC_OK)
        atomic_store(&w->failed, 1);
    for (int64_t row = 0; row < p->rows; row++)
        memcpy(p->out + row * p->width + h * w->head, out + row * w->head, (size_t)w->head * sizeof *out);
}

smac_status cpu_memory_attention(device_run *run, const memory_attention_problem *p)
{
    parallel_team team = parallel_team_for(p->heads);
    memory_work w = {.p = p, .head = p->width / p->heads};
    TRY(cpu_slots(run, team.size));
    w.slots = run->slots;
    w.scale = (float)(1 / sqrt((double)w.head));
    w.scratch = workspace_take(&run->own, (size_t)(p->heads * p->rows * (p->length + 2 * w.head)) * sizeof *w.scratch);
    if (w.scratch != NULL)
        parallel_run(team, p->heads, memory_head, &w);
    workspace_return(&run->own, w.scratch);
    if (w.scratch == NULL || atomic_load(&w.failed))
        return FAIL(&run->error, SMAC_ERROR_MEMORY, "no memory for attention over %lld vectors", (long long)p->length);
    return SMAC_OK;
}
