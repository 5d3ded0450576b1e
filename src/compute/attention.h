/*
 * compute/attention.h - attention for inference, fused: softmax(scale q k^T + bias, masked) v block by block, never
 * holding more scores than a block of queries of one head (Rabe and Staats 2021; Dao and others 2022).
 */
#ifndef SMAC_COMPUTE_ATTENTION_H
#define SMAC_COMPUTE_ATTENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/precision.h"
#include "compute/workspace.h"

typedef struct attention_problem {
    int64_t batch, queries, keys; /* B, Tq, Tk */
    int64_t heads, kv_heads;      /* kv_heads divides heads; head h reads key head h / (heads / kv_heads) */
    int64_t width, value_width;   /* a head's width in q and k, and in v */
    /* Head h of row (b, t) starts at q + (b Tq + t) q_row + h width; rows count in floats; 0: dense (heads * width). */
    const float *q, *k, *v;
    int64_t q_row, k_row, v_row;
    float *out;              /* (B, Tq, heads * value_width), dense */
    float scale;             /* 0: 1 / sqrt(width) */
    const uint8_t *key_mask; /* (B, Tk), 1 counts; or NULL.  A query without any key gives zeros. */
    const float *bias;       /* (heads, Tq, Tk) added to the scaled scores, or NULL */
    bool bias_per_batch;     /* bias is (B, heads, Tq, Tk) */
    bool causal;             /* query i sees keys up to i + Tk - Tq */
    workspace *scratch;      /* NULL: memory from the system for this call */
} attention_problem;

/* PRECISION_BF16 (or INT8): q, k, v and the weights are rounded to bfloat16, sums and softmax are float32. */
smac_status attention_fused(precision how, const attention_problem *p, smac_error *error);

#endif
