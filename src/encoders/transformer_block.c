/* encoders/transformer_block.c - attention with its kinds of relative positions, and the feed-forward part. */
#include "encoders/transformer_block.h"

#include <math.h>
#include <string.h>

#include "autograd/ops_encoder.h"

int32_t relative_bucket(int64_t key_minus_query, int64_t buckets, int64_t distance)
{
    int64_t half = buckets / 2, exact = half / 2;
    int64_t side = key_minus_query > 0 ? half : 0;
    int64_t n = key_minus_query < 0 ? -key_minus_query : key_minus_query;
    if (n < exact)
        return (int32_t)(side + n);
    /* float32 as the published code computes it, so that borders fall on the same distances */
    float position =
        logf((float)n / (float)exact) / (float)log((double)distance / (double)exact) * (float)(half - exact);
    int64_t large = exact + (int64_t)position;
    return (int32_t)(side + (large < half - 1 ? large : half - 1));
}

int32_t disentangled_bucket(int64_t query_minus_key, int64_t buckets, int64_t distance)
{
    int64_t span = buckets > 0 ? buckets : distance, bucket = query_minus_key;
    if (buckets > 0 && distance > 0) {
        int64_t middle = buckets / 2;
        int64_t n = bucket < 0 ? -bucket : bucket;
        if (n > middle) {
            float large = ceilf(logf((float)n / (float)middle) / logf((float)(distance - 1) / (float)middle) *
                              (float)(middle - 1)) +
                (float)middle;
            bucket = bucket < 0 ? -(int64_t)large : (int64_t)large;
        }
    }
    bucket += span;
    return (int32_t)(bucket < 0 ? 0 : bucket > 2 * span - 1 ? 2 * span - 1 : bucket);
}

/* (N, heads*d) seen as rows of any leading shape -> (heads, N, d) */
static value *heads_first(tape *t, const transformer_block *b, value *x)
{
    if (!x)
        return NULL;
    int64_t rows = x->count / (b->heads * b->head_width);
    x = op_reshape(t, x, 3, (int64_t[]){rows, b->heads, b->head_width});
    return op_transpose(t, x, 0, 1);
}

/* x . rows: (B, T, heads*d), (P, heads*d) -> (heads, B, T, P) */
static value *scores_of_rows(tape *t, const transformer_block *b, value *x, value *rows)
{
    if (!x || !rows)
        return NULL;
    int64_t batch = x->dim[0], length = x->dim[1], count = rows->count / (b->heads * b->head_width);
    value *s = op_matmul(t, heads_first(t, b, x), heads_first(t, b, rows), true);
    return op_reshape(t, s, 4, (int64_t[]){b->heads, batch, length, count});
}

static value *flat_bias(tape *t, const transformer_block *b, parameter *p)
{
    return op_reshape(t, tape_parameter(t, p), 1, (int64_t[]){b->heads * b->head_width});
}

static value *add_scores(tape *t, value *a, value *b)
{
    return a ? op_add(t, a, b) : b;
}

/* DeBERTa: content to position and position to content, scaled. (B, heads, T, T) */
static value *disentangled_scores(tape *t, const transformer_block *b, value *q, value *k, const block_context *c)
{
    value *rows = op_dropout(t, c->position_rows, b->dropout), *scores = NULL;
    if (b->position_key.weight) {
        value *s = scores_of_rows(t, b, q, linear_forward(t, &b->position_key, rows));
        scores = op_relative_gather(t, s, c->position_index, 1, false);
    }
    if (b->position_query.weight) {
        value *s = scores_of_rows(t, b, k, linear_forward(t, &b->position_query, rows));
        scores = add_scores(t, scores, op_relative_gather(t, s, c->position_index, 1, true));
    }
    return op_scale(t, scores, b->scale);
}

/* XLNet: positions and segments, scaled. (B, heads, T, T) */
static value *sinusoidal_scores(tape *t, const transformer_block *b, value *q, const block_context *c)
{
    value *rows = linear_forward(t, &b->position, op_dropout(t, c->position_rows, b->dropout));
    value *s = scores_of_rows(t, b, op_add(t, q, flat_bias(t, b, b->position_bias)), rows);
    value *scores = op_relative_gather(t, s, c->position_index, 1, false);
    if (c->segment_index && q) {
        value *table = op_reshape(t, tape_parameter(t, b->segment_table), 2, (int64_t[]){2, b->heads * b->head_width});
        s = scores_of_rows(t, b, op_add(t, q, flat_bias(t, b, b->segment_bias)), table);
        scores = op_add(t, scores, op_relative_gather(t, s, c->segment_index, q->dim[0], false));
    }
    return op_scale(t, scores, b->scale);
}

/* x(B, T, D) with one more row of the parameter after each sequence */
static value *with_extra_row(tape *t, value *x, parameter *row)
{
    if (!x)
        return NULL;
    value *extra = op_reshape(t, tape_parameter(t, row), 2, (int64_t[]){1, x->dim[2]});
    return op_concat(t, (value *[]){x, op_repeat(t, extra, x->dim[0])}, 2, 1);
}

static value *self_attention(tape *t, const transformer_block *b, value *x, const block_context *c)
{
    value *q = linear_forward(t, &b->query, x), *k, *v;
    int64_t width = b->heads * b->head_width;
    if (b->stacked) {
        value *all = q;
        q = op_slice(t, all, 2, 0, width);
        k = op_slice(t, all, 2, width, width);
        v = op_slice(t, all, 2, 2 * width, width);
    } else {
        k = linear_forward(t, &b->key, x);
        v = linear_forward(t, &b->value, x);
    }
    attention_options options = {.heads = b->heads,
        .kv_heads = b->heads,
        .scale = b->scale,
        .key_mask = c->mask,
        .causal = b->causal,
        .dropout = b->attention_dropout,
        .bias = c->bias};
    if (b->relative == RELATIVE_DISENTANGLED && (b->position_key.weight || b->position_query.weight)) {
        options.bias = disentangled_scores(t, b, q, k, c);
    } else if (b->relative == RELATIVE_SINUSOIDAL) {
        options.bias = sinusoidal_scores(t, b, q, c);
        q = op_add(t, q, flat_bias(t, b, b->content_bias));
    }
    if (b->extra_key) {
        k = with_extra_row(t, k, b->extra_key);
        v = with_extra_row(t, v, b->extra_value);
    }
    return linear_forward(t, &b->out, op_attention(t, q, k, v, &options));
}

static value *block_feed_forward(tape *t, const transformer_block *b, value *x)
{
    value *h = linear_forward_activation(t, &b->up, x, b->activation);
    if (b->gate.weight)
        h = op_multiply(t, h, linear_forward(t, &b->gate, x));
    if (b->inner_dropout)
        h = op_dropout(t, h, b->dropout);
    return linear_forward(t, &b->down, h);
}

/* act(convolution(x)): (B, T, width).  What a padded position gives means nothing, but what it is given must be 0. */
static value *convolve(tape *t, const transformer_block *b, value *x, const block_context *c)
{
    if (x == NULL)
        return NULL;
    const parameter *kernel = b->convolution.weight;
    int64_t width = x->dim[2], words = kernel->dim[1] / width;
    if (c->mask != NULL) {
        x = op_where(t, c->mask, x->dim[0] * x->dim[1], x, tape_zeros(t, 1, &width));
    }
    value *w = op_reshape(t, tape_parameter(t, b->convolution.weight), 3, (int64_t[]){width, width, words});
    x = op_conv1d(t, x, w, tape_parameter(t, b->convolution.bias), 1, (int)(words / 2));
    return op_activation(t, op_dropout(t, x, b->dropout), b->convolution_activation);
}

value *transformer_block_forward(tape *t, const transformer_block *b, value *x, const block_context *c)
{
    if (b->convolution.weight != NULL) {
        transformer_block alone = *b;
        alone.convolution.weight = NULL;
        value *y = transformer_block_forward(t, &alone, x, c);
        return layer_norm_forward(t, &b->convolution_norm, op_add(t, y, convolve(t, b, x, c)));
    }
    if (b->pre_norm) {
        value *a = self_attention(t, b, layer_norm_forward(t, &b->attention_norm, x), c);
        x = op_add(t, x, op_dropout(t, a, b->dropout));
        value *f = block_feed_forward(t, b, layer_norm_forward(t, &b->output_norm, x));
        return op_add(t, x, op_dropout(t, f, b->dropout));
    }
    value *a = op_dropout(t, self_attention(t, b, x, c), b->dropout);
    x = layer_norm_forward(t, &b->attention_norm, op_add(t, x, a));
    value *f = op_dropout(t, block_feed_forward(t, b, x), b->dropout);
    return layer_norm_forward(t, &b->output_norm, op_add(t, x, f));
}
