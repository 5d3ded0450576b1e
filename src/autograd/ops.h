/*
 * autograd/ops.h - every operation, forward and backward.  Shapes are written as (B, T, D); "..." is any number of
 * leading dimensions, flattened to rows.  Masks are bytes, 1 for a position that counts.  They are arrays of the host,
 * read during the call and during the backward pass: they must exist unchanged as long as the tape's values (memory of
 * tape_scratch, or the caller's batch).  Indices of op_gather, targets and weights of losses are copied.  Each operation
 * gives NULL on a failed tape, and has its cases in tests/autograd/cases.c.
 */
#ifndef SMAC_AUTOGRAD_OPS_H
#define SMAC_AUTOGRAD_OPS_H

#include "autograd/tape.h"
#include "compute/activation.h"

/* --- products --------------------------------------------------------------------------------------------------- */
/* y(..., N) = x(..., K) W(N, K)^T + b(N).  b may be NULL.  W a parameter: its packed form is used. */
value *op_linear(tape *t, value *x, value *w, value *b);
/* the same followed by an activation (compute/activation.h), fused */
value *op_linear_activation(tape *t, value *x, value *w, value *b, activation a);
/* c(..., M, N) = a(..., M, K) b(..., K, N); transpose_b: b(..., N, K).  Equal leading dimensions, or b has rank 2. */
value *op_matmul(tape *t, value *a, value *b, bool transpose_b);

/* --- attention -------------------------------------------------------------------------------------------------- */
typedef struct attention_options {
    int heads;               /* query heads */
    int kv_heads;            /* key and value heads: heads, or 1 for multi-query, or a divisor of heads */
    float scale;             /* 0: 1/sqrt(head width) */
    const uint8_t *key_mask; /* (B, Tk) or NULL; a row without any key that counts gives zeros */
    value *bias;             /* added to the scores: (heads, Tq, Tk) or (B, heads, Tq, Tk), or NULL; tracked if it is */
    bool causal;             /* query i sees keys up to i + Tk - Tq */
    float dropout;           /* on the weights, in training */
} attention_options;
/* q(B, Tq, heads*d), k(B, Tk, kv_heads*d), v(B, Tk, kv_heads*dv) -> (B, Tq, heads*dv).  Fused: scores are never kept
 * whole in inference. */
value *op_attention(tape *t, value *q, value *k, value *v, const attention_options *options);

/* --- element by element ------------------------------------------------------------------------------------------ */
/* b has a's shape, or its dimensions are the last ones of a (broadcast over the leading ones), or it is a scalar. */
value *op_add(tape *t, value *a, value *b);
value *op_subtract(tape *t, value *a, value *b);
value *op_multiply(tape *t, value *a, value *b);
value *op_scale(tape *t, value *a, float factor);
value *op_add_constant(tape *t, value *a, float constant);
value *op_activation(tape *t, value *x, activation a);
value *op_exp(tape *t, value *x);
value *op_log(tape *t, value *x);
value *op_absolute(tape *t, value *x);
value *op_dropout(tape *t, value *x, float probability); /* inverted; the identity outside training */
/* a(R rows..., D) times factor(R), one factor a leading index: dims of factor are the first ones of a */
value *op_scale_rows(tape *t, value *a, value *factor);

/* --- normalisation and softmax ------------------------------------------------------------------------------------ */
value *op_layer_norm(tape *t, value *x, value *weight, value *bias, float epsilon); /* over the last dimension */
value *op_rms_norm(tape *t, value *x, value *weight, float epsilon);
value *op_softmax(tape *t, value *x); /* over the last dimension */
value *op_log_softmax(tape *t, value *x);
value *op_l2_normalise(tape *t, value *x, float epsilon); /* x / max(|x|, epsilon) over the last dimension */

/* --- shape --------------------------------------------------------------------------------------------------------- */
value *op_reshape(tape *t, value *x, int rank, const int64_t *dim); /* no copy */
value *op_transpose(tape *t, value *x, int first, int second);      /* swaps two dimensions */
value *op_concat(tape *t, value *const *parts, int count, int dimension);
value *op_slice(tape *t, value *x, int dimension, int64_t start, int64_t length);
value *op_repeat(tape *t, value *x, int64_t times); /* a new first dimension: (D...) -> (times, D...) */
/* rows of table(V, D) by index: indices(count) -> (dims..., D); index -1 gives zeros without gradient */
value *op_gather(tape *t, value *table, const int32_t *indices, int rank, const int64_t *dim);
/* out = mask ? a : b by leading index: mask covers the first dimensions of a; b has a's shape or the trailing dims */
value *op_where(tape *t, const uint8_t *mask, int64_t mask_count, value *a, value *b);

/* --- sums ----------------------------------------------------------------------------------------------------------- */
value *op_sum(tape *t, value *x); /* to a scalar, in double */
value *op_mean(tape *t, value *x);
value *op_mean_over(tape *t, value *x, int dimension);         /* that dimension is dropped */
value *op_masked_mean(tape *t, value *x, const uint8_t *mask); /* x(B, T, D), mask(B, T) -> (B, D); no position: 0 */

/* --- convolution ----------------------------------------------------------------------------------------------------- */
/* x(B, T, C), w(O, C, width), b(O) -> (B, (T + 2 padding - width)/stride + 1, O): time first, channels last */
value *op_conv1d(tape *t, value *x, value *w, value *b, int stride, int padding);

/* --- losses (scalars) -------------------------------------------------------------------------------------------------- */
/* mean over rows of |prediction - target|; weight(B) or NULL weighs rows, and 0 leaves them out: sum(w|.|)/sum(w) */
value *op_l1_loss(tape *t, value *prediction, const float *target, const float *weight);
/* logits(B, C), target(B, C) a distribution a row: sum(w * CE)/sum(w); all weights 0: a zero without gradient */
value *op_cross_entropy(tape *t, value *logits, const float *target, const float *weight);

#endif
