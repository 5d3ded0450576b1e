/*
 * autograd/cpu_attention.c - the CPU's attention.
 *
 * Per sample and head, with P = softmax(s Q K^T + bias) and W = dropout(P):  O = W V, and backward
 *   dV = W^T dO,  dW = dO V^T,  dS = W dW - P sum(W dW) (row by row),  dQ = s dS K,  dK = s dS^T Q,  dbias = dS.
 * Where no gradient is wanted it runs fused and keeps no scores.  Work is cut by sample, head and block of queries; the
 * gradient by sample and key head, so that sums over the query heads of one key head have a fixed order.
 */
#include <stdatomic.h>
#include <string.h>

#include "autograd/cpu.h"
#include "base/memory.h"
#include "compute/attention.h"
#include "compute/parallel.h"

enum {
    QUERY_BLOCK = 128,
    ALONE = 1 << 16 /* below that many multiplications it is not worth waking the other threads */
};

typedef struct attention_work {
    const attention_call *p;
    int64_t blocks, block; /* of queries, and queries in the largest */
    float *ds;             /* (batch, heads, queries, keys), or (batch, kv_heads, block, keys) */
    bool whole_ds;
    workspace *slots;
    atomic_int status; /* the first failure of a piece */
} attention_work;

/* Where a block of queries of one head lies in the arrays. */
typedef struct attention_place {
    int64_t first, rows;                    /* queries */
    int64_t q_row, k_row, v_row, out_row;   /* numbers from one position to the next */
    int64_t q, k, v, out, scores, per_head; /* offsets; per_head: of ds, when it is not whole */
} attention_place;

static attention_place place_of(const attention_work *w, int64_t b, int64_t h, int64_t block)
{
    const attention_call *p = w->p;
    int64_t first = block * QUERY_BLOCK, left = p->queries - first, kv = h / (p->heads / p->kv_heads);
    attention_place at = {.first = first,
        .rows = left < QUERY_BLOCK ? left : QUERY_BLOCK,
        .q_row = p->heads * p->width,
        .k_row = p->kv_heads * p->width,
        .v_row = p->kv_heads * p->value_width,
        .out_row = p->heads * p->value_width,
        .scores = ((b * p->heads + h) * p->queries + first) * p->keys,
        .per_head = (b * p->kv_heads + kv) * w->block * p->keys};
    at.q = (b * p->queries + first) * at.q_row + h * p->width;
    at.k = b * p->keys * at.k_row + kv * p->width;
    at.v = b * p->keys * at.v_row + kv * p->value_width;
    at.out = (b * p->queries + first) * at.out_row + h * p->value_width;
    return at;
}

static attention_work attention_work_of(const attention_call *p)
{
    return (attention_work){.p = p,
        .blocks = (p->queries + QUERY_BLOCK - 1) / QUERY_BLOCK,
        .block = p->queries < QUERY_BLOCK ? p->queries : QUERY_BLOCK};
}

/* Runs the pieces, each with scratch memory of its thread, and gives the first failure. */
static smac_status attention_run_pieces(device_run *run, attention_work *w, int64_t pieces, parallel_body body)
{
    const attention_call *p = w->p;
    bool alone = p->batch * p->heads * p->queries * p->keys * (p->width + p->value_width) < ALONE;
    parallel_team team = alone ? parallel_team_alone() : parallel_team_for(pieces);
    TRY(cpu_slots(run, team.size));
    w->slots = run->slots;
    parallel_run(team, pieces, body, w);
    smac_status status = (smac_status)atomic_load(&w->status);
    if (status == SMAC_ERROR_MEMORY)
        return FAIL(&run->error, status, "no memory for attention over %lld keys; use shorter input or smaller batches",
            (long long)p->keys);
    if (status != SMAC_OK)
        return FAIL(&run->error, status, "a product inside attention failed");
    return SMAC_OK;
}

/* A product inside a piece. */
static smac_status piece_product(attention_work *w, gemm_problem product)
{
    product.how = w->p->how;
    product.scratch = &w->slots[parallel_slot()];
    return gemm(&product, NULL);
}

static void piece_end(attention_work *w, smac_status status)
{
    int none = SMAC_OK;
    if (status != SMAC_OK)
        atomic_compare_exchange_strong(&w->status, &none, (int)status);
}

/* --- forward, keeping the weights ---------------------------------------------------------------------------------- */

static void softmax_row(const attention_call *p, float *row, int64_t b, int64_t h, int64_t i)
{
    int64_t n = p->keys;
    if (p->causal) {
        n = i + p->keys - p->queries + 1;
        n = n < 0 ? 0 : n > p->keys ? p->keys : n;
    }
    const float *bias = NULL;
    if (p->bias != NULL)
        bias = p->bias + (((p->bias_per_batch ? b : 0) * p->heads + h) * p->queries + i) * p->keys;
    const uint8_t *mask = p->mask != NULL ? p->mask + b * p->keys : NULL;
    kernels_get()->softmax(row, row, n, 1, bias, mask);
    if (n < p->keys)
        memset(row + n, 0, (size_t)(p->keys - n) * sizeof(float));
}

static smac_status attention_block(attention_work *w, int64_t b, int64_t h, int64_t block)
{
    const attention_call *p = w->p;
    attention_place at = place_of(w, b, h, block);
    float *weights = p->weights + at.scores, *dropped = p->dropped + at.scores;
    TRY(piece_product(w,
        (gemm_problem){.transpose_b = true,
            .m = at.rows,
            .n = p->keys,
            .k = p->width,
            .alpha = p->scale,
            .a = p->q + at.q,
            .lda = at.q_row,
            .b = p->k + at.k,
            .ldb = at.k_row,
            .c = weights,
            .ldc = p->keys}));
    for (int64_t i = 0; i < at.rows; i++)
        softmax_row(p, weights + i * p->keys, b, h, at.first + i);
    if (dropped != weights)
        dropout_apply(&p->dropout, at.scores, at.rows * p->keys, dropped, weights);
    return piece_product(w,
        (gemm_problem){.m = at.rows,
            .n = p->value_width,
            .k = p->keys,
            .a = dropped,
            .lda = p->keys,
            .b = p->v + at.v,
            .ldb = at.v_row,
            .c = p->out + at.out,
            .ldc = at.out_row});
}

static void attention_piece(void *context, int64_t piece)
{
    attention_work *w = context;
    int64_t block = piece % w->blocks, h = piece / w->blocks % w->p->heads, b = piece / w->blocks / w->p->heads;
    piece_end(w, attention_block(w, b, h, block));
}

static smac_status attention_run_fused(device_run *run, const attention_call *p)
{
    attention_problem problem = {.batch = p->batch,
        .queries = p->queries,
        .keys = p->keys,
        .heads = p->heads,
        .kv_heads = p->kv_heads,
        .width = p->width,
        .value_width = p->value_width,
        .q = p->q,
        .k = p->k,
        .v = p->v,
        .out = p->out,
        .scale = p->scale,
        .key_mask = p->mask,
        .bias = p->bias,
        .bias_per_batch = p->bias_per_batch,
        .causal = p->causal,
        .scratch = &run->product};
    return attention_fused(p->how, &problem, &run->error);
}

smac_status cpu_attention(device_run *run, const attention_call *p)
{
    if (p->weights == NULL)
        return attention_run_fused(run, p);
    attention_work w = attention_work_of(p);
    return attention_run_pieces(run, &w, p->batch * p->heads * w.blocks, attention_piece);
}

/* --- gradient ------------------------------------------------------------------------------------------------------ */

static smac_status gradient_block(attention_work *w, int64_t b, int64_t h, int64_t block, bool first_of_kv)
{
    const attention_call *p = w->p;
    const struct kernels *kernel = kernels_get();
    attention_place at = place_of(w, b, h, block);
    const float *dout = p->dout + at.out, *weights = p->weights + at.scores, *dropped = p->dropped + at.scores;
    if (p->dv != NULL)
        TRY(piece_product(w,
            (gemm_problem){.transpose_a = true,
                .m = p->keys,
                .n = p->value_width,
                .k = at.rows,
                .a = dropped,
                .lda = p->keys,
                .b = dout,
                .ldb = at.out_row,
                .beta = p->add_v || !first_of_kv,
                .c = p->dv + at.v,
                .ldc = at.v_row}));
    if (w->ds == NULL)
        return SMAC_OK;
    float *ds = w->ds + (w->whole_ds ? at.scores : at.per_head);
    TRY(piece_product(w,
        (gemm_problem){.transpose_b = true,
            .m = at.rows,
            .n = p->keys,
            .k = p->value_width,
            .a = dout,
            .lda = at.out_row,
            .b = p->v + at.v,
            .ldb = at.v_row,
            .c = ds,
            .ldc = p->keys}));
    for (int64_t i = 0; i < at.rows; i++) {
        float *row = ds + i * p->keys;
        kernel->multiply(row, row, dropped + i * p->keys, p->keys);
        kernel->axpy(row, weights + i * p->keys, -(float)kernel->sum(row, p->keys), p->keys);
    }
    if (p->dq != NULL)
        TRY(piece_product(w,
            (gemm_problem){.m = at.rows,
                .n = p->width,
                .k = p->keys,
                .alpha = p->scale,
                .a = ds,
                .lda = p->keys,
                .b = p->k + at.k,
                .ldb = at.k_row,
                .beta = p->add_q,
                .c = p->dq + at.q,
                .ldc = at.q_row}));
    if (p->dk == NULL)
        return SMAC_OK;
    return piece_product(w,
        (gemm_problem){.transpose_a = true,
            .m = p->keys,
            .n = p->width,
            .k = at.rows,
            .alpha = p->scale,
            .a = ds,
            .lda = p->keys,
            .b = p->q + at.q,
            .ldb = at.q_row,
            .beta = p->add_k || !first_of_kv,
            .c = p->dk + at.k,
            .ldc = at.k_row});
}

/* Heads that share keys and values run in one piece, in order. */
static void gradient_piece(void *context, int64_t piece)
{
    attention_work *w = context;
    int64_t b = piece / w->p->kv_heads, kv = piece % w->p->kv_heads, group = w->p->heads / w->p->kv_heads;
    smac_status status = SMAC_OK;
    for (int64_t h = kv * group; h < (kv + 1) * group; h++)
        for (int64_t block = 0; block < w->blocks && status == SMAC_OK; block++)
            status = gradient_block(w, b, h, block, h == kv * group && block == 0);
    piece_end(w, status);
}

static void bias_gradient_range(void *context, int64_t from, int64_t to)
{
    const attention_work *w = context;
    const attention_call *p = w->p;
    int64_t one = p->heads * p->queries * p->keys;
    for (int64_t b = 0; b < p->batch; b++) {
        float *out = p->dbias + (p->bias_per_batch ? b * one : 0);
        kernels_get()->axpy(out + from, w->ds + b * one + from, 1, to - from);
    }
}

smac_status cpu_attention_gradient(device_run *run, const attention_call *p)
{
    attention_work w = attention_work_of(p);
    if (p->queries == 0) { /* no block writes the gradients of the keys and values */
        if (p->dk != NULL && !p->add_k)
            memset(p->dk, 0, (size_t)(p->batch * p->keys * p->kv_heads * p->width) * sizeof(float));
        if (p->dv != NULL && !p->add_v)
            memset(p->dv, 0, (size_t)(p->batch * p->keys * p->kv_heads * p->value_width) * sizeof(float));
        return SMAC_OK;
    }
    w.whole_ds = p->dbias != NULL;
    int64_t count = p->batch * p->keys * (w.whole_ds ? p->heads * p->queries : p->kv_heads * w.block);
    if (p->dq != NULL || p->dk != NULL || p->dbias != NULL) {
        w.ds = workspace_take(&run->own, (size_t)count * sizeof(float));
        if (w.ds == NULL)
            return FAIL(&run->error, SMAC_ERROR_MEMORY, "no memory for the gradients of %lld scores", (long long)count);
    }
    TRY(attention_run_pieces(run, &w, p->batch * p->kv_heads, gradient_piece));
    if (p->dbias != NULL)
        for_ranges(p->heads * p->queries * p->keys, ELEMENT_STEP, bias_gradient_range, &w);
    return SMAC_OK;
}
