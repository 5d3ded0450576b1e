/*
 * autograd/attention.c - scaled dot-product attention (Vaswani and others 2017; multi-query: Shazeer 2019).
 *
 * Per sample and head, with P = softmax(s Q K^T + bias) and W = dropout(P):  O = W V, and backward
 *   dV = W^T dO,  dW = dO V^T,  dS = W dW - P sum(W dW) (row by row),  dQ = s dS K,  dK = s dS^T Q,  dbias = dS.
 * A tape that needs gradients keeps P (and W when there is dropout); all else runs fused and keeps no scores.  Work is
 * cut by sample, head and block of queries; the backward pass by sample and key head, so that sums over the query heads
 * of one key head have a fixed order.
 */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"
#include "autograd/random_mask.h"
#include "compute/attention.h"
#include "compute/kernels.h"
#include "compute/parallel.h"
#include "compute/products.h"

enum { QUERY_BLOCK = 128 };

typedef struct attention_context {
    value *q, *k, *v, *bias, *out;
    const uint8_t *mask;
    int64_t batch, queries, keys, heads, kv_heads, width, value_width, blocks;
    bool bias_per_batch, causal;
    float scale;
    dropout_mask dropout;
    precision how;
    float *weights; /* P: (B, heads, Tq, Tk) */
    float *dropped; /* W: the same as P without dropout */
    /* backward */
    float *dq, *dk, *dv, *ds;
    bool add_q, add_k, add_v, whole_ds; /* ds: (B, heads, Tq, Tk), or (B, kv_heads, block, Tk) */
    int64_t block;
    atomic_int *failed;
} attention_context;

/* Small problems are not worth waking the other threads. */
static void run_pieces(attention_context *c, int64_t pieces, parallel_body body)
{
    if (c->batch * c->heads * c->queries * c->keys * (c->width + c->value_width) < 1 << 16)
        serial_for(pieces, body, c);
    else
        parallel_for(pieces, body, c);
}

/* --- forward, keeping the weights ---------------------------------------------------------------------------------- */

static void softmax_row(const attention_context *c, float *row, int64_t b, int64_t h, int64_t i)
{
    int64_t n = c->keys;
    if (c->causal) {
        n = i + c->keys - c->queries + 1;
        n = n < 0 ? 0 : n > c->keys ? c->keys : n;
    }
    const float *bias = NULL;
    if (c->bias != NULL)
        bias = c->bias->device_data + (((c->bias_per_batch ? b : 0) * c->heads + h) * c->queries + i) * c->keys;
    const uint8_t *mask = c->mask != NULL ? c->mask + b * c->keys : NULL;
    kernels_get()->softmax(row, row, n, 1, bias, mask);
    if (n < c->keys)
        memset(row + n, 0, (size_t)(c->keys - n) * sizeof(float));
}

static void attention_forward_piece(void *context, int64_t piece)
{
    attention_context *c = context;
    int64_t block = piece % c->blocks, h = piece / c->blocks % c->heads, b = piece / c->blocks / c->heads;
    int64_t first = block * QUERY_BLOCK, rows = c->queries - first < QUERY_BLOCK ? c->queries - first : QUERY_BLOCK;
    int64_t kv = h / (c->heads / c->kv_heads);
    int64_t q_row = c->heads * c->width, k_row = c->kv_heads * c->width, v_row = c->kv_heads * c->value_width;
    int64_t out_row = c->heads * c->value_width;
    const float *q = c->q->device_data + (b * c->queries + first) * q_row + h * c->width;
    const float *k = c->k->device_data + b * c->keys * k_row + kv * c->width;
    const float *v = c->v->device_data + b * c->keys * v_row + kv * c->value_width;
    int64_t at = ((b * c->heads + h) * c->queries + first) * c->keys;
    float *weights = c->weights + at, *dropped = c->dropped + at;
    gemm_problem scores = {.how = c->how,
        .transpose_b = true,
        .m = rows,
        .n = c->keys,
        .k = c->width,
        .alpha = c->scale,
        .a = q,
        .lda = q_row,
        .b = k,
        .ldb = k_row,
        .c = weights,
        .ldc = c->keys};
    if (gemm(&scores, NULL)) {
        atomic_store(c->failed, 1);
        return;
    }
    for (int64_t i = 0; i < rows; i++)
        softmax_row(c, weights + i * c->keys, b, h, first + i);
    if (dropped != weights)
        dropout_apply(&c->dropout, at, rows * c->keys, dropped, weights);
    float *out = c->out->device_data + (b * c->queries + first) * out_row + h * c->value_width;
    gemm_problem mix = {.how = c->how,
        .m = rows,
        .n = c->value_width,
        .k = c->keys,
        .a = dropped,
        .lda = c->keys,
        .b = v,
        .ldb = v_row,
        .c = out,
        .ldc = out_row};
    if (gemm(&mix, NULL))
        atomic_store(c->failed, 1);
}

/* --- backward ------------------------------------------------------------------------------------------------------ */

static smac_status attention_backward_block(
    const attention_context *c, int64_t b, int64_t h, int64_t block, bool first_of_kv)
{
    const struct kernels *kernel = kernels_get();
    int64_t first = block * QUERY_BLOCK, rows = c->queries - first < QUERY_BLOCK ? c->queries - first : QUERY_BLOCK;
    int64_t kv = h / (c->heads / c->kv_heads), keys = c->keys;
    int64_t q_row = c->heads * c->width, k_row = c->kv_heads * c->width, v_row = c->kv_heads * c->value_width;
    int64_t out_row = c->heads * c->value_width;
    int64_t q_at = (b * c->queries + first) * q_row + h * c->width, k_at = b * keys * k_row + kv * c->width;
    int64_t v_at = b * keys * v_row + kv * c->value_width;
    int64_t at = ((b * c->heads + h) * c->queries + first) * keys;
    const float *dout = c->out->grad + (b * c->queries + first) * out_row + h * c->value_width;
    const float *weights = c->weights + at, *dropped = c->dropped + at;
    if (c->dv != NULL) {
        gemm_problem dv = {.how = c->how,
            .transpose_a = true,
            .m = keys,
            .n = c->value_width,
            .k = rows,
            .a = dropped,
            .lda = keys,
            .b = dout,
            .ldb = out_row,
            .beta = c->add_v || !first_of_kv,
            .c = c->dv + v_at,
            .ldc = v_row};
        TRY(gemm(&dv, NULL));
    }
    if (c->ds == NULL)
        return SMAC_OK;
    float *ds = c->whole_ds ? c->ds + at : c->ds + (b * c->kv_heads + kv) * c->block * keys;
    gemm_problem dscores = {.how = c->how,
        .transpose_b = true,
        .m = rows,
        .n = keys,
        .k = c->value_width,
        .a = dout,
        .lda = out_row,
        .b = c->v->device_data + v_at,
        .ldb = v_row,
        .c = ds,
        .ldc = keys};
    TRY(gemm(&dscores, NULL));
    for (int64_t i = 0; i < rows; i++) {
        float *row = ds + i * keys;
        kernel->multiply(row, row, dropped + i * keys, keys);
        kernel->axpy(row, weights + i * keys, -(float)kernel->sum(row, keys), keys);
    }
    if (c->dq != NULL) {
        gemm_problem dq = {.how = c->how,
            .m = rows,
            .n = c->width,
            .k = keys,
            .alpha = c->scale,
            .a = ds,
            .lda = keys,
            .b = c->k->device_data + k_at,
            .ldb = k_row,
            .beta = c->add_q,
            .c = c->dq + q_at,
            .ldc = q_row};
        TRY(gemm(&dq, NULL));
    }
    if (c->dk != NULL) {
        gemm_problem dk = {.how = c->how,
            .transpose_a = true,
            .m = keys,
            .n = c->width,
            .k = rows,
            .alpha = c->scale,
            .a = ds,
            .lda = keys,
            .b = c->q->device_data + q_at,
            .ldb = q_row,
            .beta = c->add_k || !first_of_kv,
            .c = c->dk + k_at,
            .ldc = k_row};
        TRY(gemm(&dk, NULL));
    }
    return SMAC_OK;
}

static void attention_backward_piece(void *context, int64_t piece)
{
    const attention_context *c = context;
    int64_t b = piece / c->kv_heads, kv = piece % c->kv_heads, group = c->heads / c->kv_heads;
    for (int64_t h = kv * group; h < (kv + 1) * group; h++)
        for (int64_t block = 0; block < c->blocks; block++)
            if (attention_backward_block(c, b, h, block, h == kv * group && block == 0) != SMAC_OK)
                atomic_store(c->failed, 1);
}

static void bias_gradient_range(void *context, int64_t from, int64_t to)
{
    const attention_context *c = context;
    const struct kernels *kernel = kernels_get();
    int64_t one = c->heads * c->queries * c->keys;
    for (int64_t b = 0; b < c->batch; b++) {
        float *out = c->bias->grad + (c->bias_per_batch ? b * one : 0);
        kernel->axpy(out + from, c->ds + b * one + from, 1, to - from);
    }
}

static void attention_backward(tape *t, void *context)
{
    attention_context *c = context;
    atomic_int failed = 0;
    c->failed = &failed;
    bool alias = c->q == c->k || c->q == c->v || c->k == c->v;
    c->add_q = c->add_k = c->add_v = true;
    c->dq = alias ? value_grad(t, c->q) : grad_open(t, c->q, &c->add_q);
    c->dk = alias ? value_grad(t, c->k) : grad_open(t, c->k, &c->add_k);
    c->dv = alias ? value_grad(t, c->v) : grad_open(t, c->v, &c->add_v);
    if (c->queries == 0) { /* nothing will be written */
        for (int i = 0; i < 2; i++) {
            value *v = i == 0 ? c->k : c->v;
            if (v->grad != NULL && !(i == 0 ? c->add_k : c->add_v))
                memset(v->grad, 0, (size_t)v->count * sizeof(float));
        }
        return;
    }
    float *dbias = c->bias != NULL ? value_grad(t, c->bias) : NULL;
    c->whole_ds = dbias != NULL;
    c->ds = NULL;
    c->block = c->queries < QUERY_BLOCK ? c->queries : QUERY_BLOCK;
    int64_t ds_count = c->batch * c->keys * (c->whole_ds ? c->heads * c->queries : c->kv_heads * c->block);
    if (c->dq != NULL || c->dk != NULL || dbias != NULL)
        c->ds = scratch_take(t, ds_count);
    if (tape_status(t, NULL) != SMAC_OK)
        return;
    /* heads that share keys and values run in one piece, in order */
    run_pieces(c, c->batch * c->kv_heads, attention_backward_piece);
    if (dbias != NULL)
        for_ranges(c->heads * c->queries * c->keys, ELEMENT_STEP, bias_gradient_range, c);
    scratch_give(t, c->ds, ds_count);
    if (atomic_load(&failed))
        tape_fail(t, SMAC_ERROR_INTERNAL, "op_attention", "op_attention: a product failed in the backward pass");
}

/* --- the operation ------------------------------------------------------------------------------------------------- */

static bool attention_shapes_fit(tape *t, const value *q, const value *k, const value *v, const attention_options *o)
{
    bool fits = o->heads > 0 && o->kv_heads > 0 && o->heads % o->kv_heads == 0 && q->rank == 3 && k->rank == 3 &&
        v->rank == 3 && q->dim[0] == k->dim[0] && k->dim[0] == v->dim[0] && k->dim[1] == v->dim[1] &&
        q->dim[2] % o->heads == 0 && k->dim[2] == q->dim[2] / o->heads * o->kv_heads && v->dim[2] % o->kv_heads == 0;
    if (!fits) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_attention",
            "op_attention: q %s, k %s and v %s do not fit %d heads with %d key heads: expected (B, Tq, heads*d), "
            "(B, Tk, key heads*d) and (B, Tk, key heads*dv)",
            shape_of(q).text, shape_of(k).text, shape_of(v).text, o->heads, o->kv_heads);
        return false;
    }
    if (o->bias == NULL)
        return true;
    int64_t want[4] = {q->dim[0], o->heads, q->dim[1], k->dim[1]};
    int skip = o->bias->rank == 3 ? 1 : 0;
    fits = o->bias->rank == 4 - skip && memcmp(o->bias->dim, want + skip, (size_t)(4 - skip) * sizeof want[0]) == 0;
    if (!fits)
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_attention",
            "op_attention: a bias of shape %s does not fit scores of shape %s (with or without the first dimension)",
            shape_of(o->bias).text, shape_of_dims(4, want).text);
    return fits;
}

static smac_status attention_run_fused(tape *t, const attention_context *c, smac_error *error)
{
    attention_problem p = {.batch = c->batch,
        .queries = c->queries,
        .keys = c->keys,
        .heads = c->heads,
        .kv_heads = c->kv_heads,
        .width = c->width,
        .value_width = c->value_width,
        .q = c->q->device_data,
        .k = c->k->device_data,
        .v = c->v->device_data,
        .out = c->out->device_data,
        .scale = c->scale,
        .key_mask = c->mask,
        .bias = c->bias != NULL ? c->bias->device_data : NULL,
        .bias_per_batch = c->bias_per_batch,
        .causal = c->causal,
        .scratch = tape_workspace(t)};
    return attention_fused(c->how, &p, error);
}

value *op_attention(tape *t, value *q, value *k, value *v, const attention_options *o)
{
    if (!OP_READY(t, "op_attention", q, k, v) || (o->bias != NULL && !OP_READY(t, "op_attention", o->bias)) ||
        !attention_shapes_fit(t, q, k, v, o))
        return NULL;
    attention_context c = {.q = q,
        .k = k,
        .v = v,
        .bias = o->bias,
        .mask = o->key_mask,
        .batch = q->dim[0],
        .queries = q->dim[1],
        .keys = k->dim[1],
        .heads = o->heads,
        .kv_heads = o->kv_heads,
        .width = q->dim[2] / o->heads,
        .value_width = v->dim[2] / o->kv_heads,
        .causal = o->causal,
        .bias_per_batch = o->bias != NULL && o->bias->rank == 4,
        .how = tape_get_options(t)->precision};
    c.blocks = (c.queries + QUERY_BLOCK - 1) / QUERY_BLOCK;
    c.scale = o->scale != 0 ? o->scale : c.width > 0 ? 1 / sqrtf((float)c.width) : 1;
    bool tracked = tape_wants(t, q) || tape_wants(t, k) || tape_wants(t, v) || tape_wants(t, o->bias);
    c.out = op_result(t, 3, (int64_t[]){c.batch, c.queries, c.heads * c.value_width}, tracked);
    if (c.out == NULL)
        return NULL;
    bool drops = dropout_begin(t, o->dropout, &c.dropout);
    if (!tracked && !drops) {
        smac_error error = {0};
        if (attention_run_fused(t, &c, &error) != SMAC_OK) {
            tape_fail(t, error.code, "op_attention", "op_attention: %s", error.message);
            return NULL;
        }
        return op_finish(t, "op_attention", c.out, &c, sizeof c, attention_backward);
    }
    size_t bytes = (size_t)(c.batch * c.heads * c.queries * c.keys) * sizeof(float);
    c.weights = c.dropped = tape_scratch(t, bytes);
    if (drops)
        c.dropped = tape_scratch(t, bytes);
    if (c.dropped == NULL)
        return NULL;
    atomic_int failed = 0;
    c.failed = &failed;
    run_pieces(&c, c.batch * c.heads * c.blocks, attention_forward_piece);
    if (atomic_load(&failed)) {
        tape_fail(t, SMAC_ERROR_INTERNAL, "op_attention", "op_attention: a product failed");
        return NULL;
    }
    return op_finish(t, "op_attention", c.out, &c, sizeof c, attention_backward);
}

/* --- the weights for pictures and timestamps ----------------------------------------------------------------------- */

static void weights_piece(void *context, int64_t piece)
{
    const attention_context *c = context;
    const struct kernels *kernel = kernels_get();
    int64_t h = piece % c->heads, b = piece / c->heads, kv = h / (c->heads / c->kv_heads);
    int64_t q_row = c->heads * c->width, k_row = c->kv_heads * c->width;
    for (int64_t i = 0; i < c->queries; i++) {
        const float *q = c->q->device_data + (b * c->queries + i) * q_row + h * c->width;
        float *row = c->weights + ((b * c->heads + h) * c->queries + i) * c->keys;
        for (int64_t j = 0; j < c->keys; j++)
            row[j] = c->scale * kernel->dot(q, c->k->device_data + (b * c->keys + j) * k_row + kv * c->width, c->width);
        softmax_row(c, row, b, h, i);
    }
}

smac_status attention_weights(const value *q, const value *k, const attention_options *o, float *out, smac_error *error)
{
    if (q == NULL || k == NULL || q->rank != 3 || k->rank != 3 || q->dim[0] != k->dim[0] || o->heads < 1 ||
        o->kv_heads < 1 || o->heads % o->kv_heads != 0 || q->dim[2] % o->heads != 0 ||
        k->dim[2] != q->dim[2] / o->heads * o->kv_heads)
        return FAIL(error, SMAC_ERROR_MISMATCH, "q %s and k %s do not fit %d heads with %d key heads",
            q != NULL ? shape_of(q).text : "(missing)", k != NULL ? shape_of(k).text : "(missing)", o->heads,
            o->kv_heads);
    attention_context c = {.q = (value *)q,
        .k = (value *)k,
        .bias = o->bias,
        .mask = o->key_mask,
        .batch = q->dim[0],
        .queries = q->dim[1],
        .keys = k->dim[1],
        .heads = o->heads,
        .kv_heads = o->kv_heads,
        .width = q->dim[2] / o->heads,
        .causal = o->causal,
        .weights = out,
        .bias_per_batch = o->bias != NULL && o->bias->rank == 4};
    c.scale = o->scale != 0 ? o->scale : c.width > 0 ? 1 / sqrtf((float)c.width) : 1;
    parallel_for(c.batch * c.heads, weights_piece, &c);
    return SMAC_OK;
}
