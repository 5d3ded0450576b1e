/*
 * encoders/transformer_block.h - the one transformer block of all encoders, with options.
 *
 *   post-norm:  x = norm1(x + drop(out(attention(x))));         x = norm2(x + drop(feed_forward(x)))
 *   pre-norm:   x = x + drop(out(attention(norm1(x))));         x = x + drop(feed_forward(norm2(x)))
 *   feed_forward(x) = down(act(up x))   or, gated,   down(act(up x) * gate x)
 *   beside it:  block(x) = norm3(block(x) + act(drop(convolution(x))))   over neighbouring positions; those of padding
 *               are zeros (DeBERTa-v2's first block)
 *
 * Scores of attention are scale * (q k^T) plus, by the relative positions' kind,
 *   RELATIVE_BIAS         a table by bucket and head (MPNet, T5), the same for all blocks;
 *   RELATIVE_DISENTANGLED scale * (q_i . K r[i-j] + k_j . Q r[i-j]), r rows of a shared table (DeBERTa, He and others
 *                         2021), K and Q the content's projections or ones of their own;
 *   RELATIVE_SINUSOIDAL   scale * ((q_i + u) . k_j + (q_i + v) . W r[i-j] + (q_i + w) . s[same segment or not]), r the
 *                         sinusoids of the distance (Transformer-XL and XLNet, Dai and others, Yang and others 2019).
 */
#ifndef SMAC_ENCODERS_TRANSFORMER_BLOCK_H
#define SMAC_ENCODERS_TRANSFORMER_BLOCK_H

#include "encoders/parameter_list.h"

typedef enum relative_positions {
    RELATIVE_NONE,
    RELATIVE_BIAS,
    RELATIVE_DISENTANGLED,
    RELATIVE_SINUSOIDAL
} relative_positions;

typedef struct transformer_block {
    bool pre_norm, causal;
    bool stacked; /* query holds the weights of q, k and v, one under the other */
    int heads;
    int64_t head_width;
    float scale; /* of the scores */
    activation activation;
    float dropout, attention_dropout;
    bool inner_dropout; /* after the activation too (T5, XLNet) */
    relative_positions relative;

    linear query, key, value, out;
    layer_norm attention_norm, output_norm;
    linear up, gate, down;               /* gate.weight NULL: not gated */
    parameter *extra_key, *extra_value;  /* one more key and value for every sequence, or NULL */
    linear position_key, position_query; /* disentangled; either may be without weight: that term is left out */
    linear position;                     /* sinusoidal: W */
    linear convolution;                  /* kernel (width, width * words) and bias; weight NULL: none */
    layer_norm convolution_norm;
    activation convolution_activation;
    parameter *content_bias, *position_bias, *segment_bias, *segment_table; /* u, v, w (H, d); s (2, H, d) */
} transformer_block;

/* What all blocks of one call share. */
typedef struct block_context {
    const uint8_t *mask;           /* (B, T) or NULL */
    value *bias;                   /* RELATIVE_BIAS: (heads, T, T) */
    value *position_rows;          /* disentangled, sinusoidal: (P, width) */
    const int32_t *position_index; /* (T, T): the row of position_rows for query i and key j */
    const int32_t *segment_index;  /* sinusoidal: (B, T, T), 0 the same segment, 1 another; NULL: no segments */
} block_context;

/* x(B, T, width) -> (B, T, width) */
value *transformer_block_forward(tape *t, const transformer_block *block, value *x, const block_context *context);

/*
 * Bucket of a distance key - query as T5 has it (Raffel and others 2020), both directions: half the buckets for each,
 * the first half of those exact, the rest logarithmic up to distance.
 */
int32_t relative_bucket(int64_t key_minus_query, int64_t buckets, int64_t distance);
/*
 * DeBERTa-v2's bucket of query - key: exact up to half of buckets, then logarithmic up to distance; clamped into
 * [-buckets, buckets - 1] and moved to start from 0.  buckets <= 0: the distance itself, clamped to +-distance.
 */
int32_t disentangled_bucket(int64_t query_minus_key, int64_t buckets, int64_t distance);

#endif
