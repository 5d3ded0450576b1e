/* compute/attention.c - fused attention for inference: one piece of work is a run of queries of one head. */
#include "compute/attention.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "compute/grid.h"
#include "compute/kernels_internal.h"
#include "compute/packing.h"
#include "compute/parallel.h"

enum {
    ENOUGH_PIECES = 16,  /* below that many heads, a head's queries are shared out too */
    FEWEST_QUERIES = 128 /* a piece is not smaller: every piece packs the keys and values again */
};

typedef struct attention_work {
    const attention_problem *p;
    precision how;
    const struct kernels *kernels;
    const tile_kernels *tiles;
    int64_t q_row, k_row, v_row, out_row;
    float scale;
    int64_t width_steps, key_steps; /* a head's width, and the keys, padded to the step of the precision */
    int64_t key_panels, value_panels, queries_piece, query_pieces;
    size_t keys_bytes, values_bytes, query_bytes, score_bytes, weight_bytes, out_bytes, slot_bytes;
    char *memory;
} attention_work;

static size_t rounded(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

/* Keys as the right-hand side of q k^T, values as that of w v. */
static void pack_head(const attention_work *w, int64_t b, int64_t kv_head, char *keys, char *values)
{
    const attention_problem *p = w->p;
    right_matrix k = {.b = p->k + b * p->keys * w->k_row + kv_head * p->width,
        .k = p->width,
        .n = p->keys,
        .step_k = 1,
        .step_n = w->k_row};
    right_matrix v = {.b = p->v + b * p->keys * w->v_row + kv_head * p->value_width,
        .k = p->keys,
        .n = p->value_width,
        .step_k = w->v_row,
        .step_n = 1};
    for (int64_t i = 0; i < w->key_panels; i++)
        pack_panel(keys + (size_t)(i * w->width_steps * PANEL) * element_of(w->how), w->how, w->kernels, &k, i);
    for (int64_t i = 0; i < w->value_panels; i++)
        pack_panel(values + (size_t)(i * w->key_steps * PANEL) * element_of(w->how), w->how, w->kernels, &v, i);
}

/* How many keys query i may see. */
static int64_t keys_seen(const attention_problem *p, int64_t query)
{
    if (!p->causal)
        return p->keys;
    int64_t seen = query + p->keys - p->queries + 1;
    return seen < 0 ? 0 : seen > p->keys ? p->keys : seen;
}

static void attention_piece(void *context, int64_t index)
{
    attention_work *w = context;
    const attention_problem *p = w->p;
    int64_t part = index % w->query_pieces, h = index / w->query_pieces % p->heads;
    int64_t b = index / w->query_pieces / p->heads, kv_head = h / (p->heads / p->kv_heads);
    char *keys = w->memory + (size_t)parallel_slot() * w->slot_bytes, *values = keys + w->keys_bytes;
    uint16_t *query = (uint16_t *)(values + w->values_bytes);
    float *scores = (float *)(values + w->values_bytes + w->query_bytes);
    uint16_t *weights = (uint16_t *)((char *)scores + w->score_bytes);
    float *sums = (float *)((char *)weights + w->weight_bytes);
    pack_head(w, b, kv_head, keys, values);
    bool f32 = w->how == PRECISION_F32;
    int64_t score_width = w->key_panels * PANEL, sum_width = w->value_panels * PANEL;
    int64_t end = (part + 1) * w->queries_piece < p->queries ? (part + 1) * w->queries_piece : p->queries;
    for (int64_t first = part * w->queries_piece; first < end; first += w->tiles->rows) {
        int64_t rows = end - first < w->tiles->rows ? end - first : w->tiles->rows;
        const float *q = p->q + (b * p->queries + first) * w->q_row + h * p->width;
        piece_operands o = {.how = w->how,
            .tiles = w->tiles,
            .k = w->width_steps,
            .left = q,
            .left_row = w->q_row,
            .left_step = f32 ? 1 : 2,
            .panels = keys,
            .panel_elements = PANEL * w->width_steps};
        if (!f32) {
            left_matrix l = left_matrix_plan(w->how, q, rows, p->width, w->q_row, 1, false);
            l.packed = query;
            left_matrix_pack(&l, w->kernels, 0, rows);
            o.left = query;
            o.left_row = l.row;
        }
        multiply_piece(scores, rows, w->key_panels, score_width, &o);
        for (int64_t r = 0; r < rows; r++) {
            float *row = scores + r * score_width;
            int64_t seen = keys_seen(p, first + r);
            const float *bias = p->bias
                ? p->bias + (((p->bias_per_batch ? b * p->heads : 0) + h) * p->queries + first + r) * p->keys
                : 0;
            w->kernels->softmax(row, row, seen, w->scale, bias, p->key_mask ? p->key_mask + b * p->keys : 0);
            memset(row + seen, 0, (size_t)(score_width - seen) * sizeof *row);
        }
        o = (piece_operands){.how = w->how,
            .tiles = w->tiles,
            .k = w->key_steps,
            .left = scores,
            .left_row = score_width,
            .left_step = f32 ? 1 : 2,
            .panels = values,
            .panel_elements = PANEL * w->key_steps};
        if (!f32) {
            w->kernels->to_bf16(weights, scores, rows * score_width);
            o.left = weights;
        }
        multiply_piece(sums, rows, w->value_panels, sum_width, &o);
        for (int64_t r = 0; r < rows; r++)
            memcpy(p->out + (b * p->queries + first + r) * w->out_row + h * p->value_width, sums + r * sum_width,
                (size_t)p->value_width * sizeof *sums);
    }
}

static bool sizes(attention_work *w)
{
    size_t element = w->how == PRECISION_F32 ? 4 : 2, cells, rows = (size_t)w->tiles->rows;
    if (!checked_multiply((size_t)w->key_panels * PANEL, (size_t)w->width_steps + 1, &cells) ||
        !checked_multiply(cells, element, &w->keys_bytes) ||
        !checked_multiply((size_t)w->value_panels * PANEL, (size_t)w->key_steps + 1, &cells) ||
        !checked_multiply(cells, element, &w->values_bytes) ||
        !checked_multiply((size_t)w->key_panels * PANEL, rows * 4, &w->score_bytes))
        return false;
    w->keys_bytes = rounded(w->keys_bytes);
    w->values_bytes = rounded(w->values_bytes);
    w->query_bytes = rounded(rows * (size_t)(w->width_steps + 64) * 2);
    w->weight_bytes = w->how == PRECISION_F32 ? 0 : rounded(w->score_bytes / 2);
    w->out_bytes = rows * (size_t)w->value_panels * PANEL * 4;
    w->slot_bytes = w->keys_bytes + w->values_bytes + w->query_bytes + w->score_bytes + w->weight_bytes + w->out_bytes;
    return true;
}

smac_status attention_fused(precision how, const attention_problem *p, smac_error *error)
{
    if (p->batch <= 0 || p->queries <= 0 || p->heads <= 0)
        return SMAC_OK;
    if (p->kv_heads <= 0 || p->heads % p->kv_heads)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "attention has %lld heads over %lld key heads; the second must divide the first", (long long)p->heads,
            (long long)p->kv_heads);
    attention_work w = {.p = p,
        .how = how == PRECISION_F32 ? how : PRECISION_BF16,
        .kernels = kernels_get(),
        .tiles = tiles_get(),
        .q_row = p->q_row ? p->q_row : p->heads * p->width,
        .k_row = p->k_row ? p->k_row : p->kv_heads * p->width,
        .v_row = p->v_row ? p->v_row : p->kv_heads * p->value_width,
        .out_row = p->heads * p->value_width,
        .scale = p->scale != 0 ? p->scale : 1.0f / sqrtf((float)p->width)};
    w.width_steps = steps_padded(p->width, w.how);
    w.key_steps = steps_padded(p->keys, w.how);
    w.key_panels = panels_of(p->keys);
    w.value_panels = panels_of(p->value_width);
    w.queries_piece = p->queries;
    int64_t heads = p->batch * p->heads;
    if (heads < ENOUGH_PIECES && p->queries > FEWEST_QUERIES) {
        int64_t parts = (ENOUGH_PIECES + heads - 1) / heads, most = p->queries / FEWEST_QUERIES;
        parts = parts < most ? parts : most;
        w.queries_piece = (p->queries + parts - 1) / parts;
    }
    w.query_pieces = (p->queries + w.queries_piece - 1) / w.queries_piece;
    int64_t pieces = heads * w.query_pieces;
    double work = (double)heads * (double)p->queries * (double)p->keys * (double)(p->width + p->value_width);
    parallel_team team = parallel_team_for_work(pieces, work);
    size_t all;
    if (sizes(&w) && checked_multiply(w.slot_bytes, (size_t)team.size, &all))
        w.memory = workspace_take(p->scratch, all);
    if (!w.memory)
        return FAIL(
            error, SMAC_ERROR_MEMORY, "no memory for attention over %lld keys; use shorter input", (long long)p->keys);
    parallel_run(team, pieces, attention_piece, &w);
    workspace_return(p->scratch, w.memory);
    return SMAC_OK;
}
