/*
 * autograd/ops_decoder.h - operations that only decoding token by token needs.  Inference alone: none has a gradient,
 * and a recording tape does not record them.
 *
 * Keys and values of the tokens so far are kept in an attention_cache; those of what all tokens look at (a window of
 * sound) in an attention_memory.  Both belong to one decoding, which one thread runs at a time.
 */
#ifndef SMAC_AUTOGRAD_OPS_DECODER_H
#define SMAC_AUTOGRAD_OPS_DECODER_H

#include "autograd/tape.h"

/* Rows of a packed table (V, D), of a parameter that may be held packed alone: indices (count) -> (count, D). */
value *op_gather_packed(tape *t, value *table, const int32_t *indices, int64_t count);

/* --- keys and values of earlier tokens ----------------------------------------------------------------------------- */

typedef struct attention_cache attention_cache;

typedef struct attention_cache_sizes {
    int64_t layers, heads, width; /* width: of all heads of a layer */
    int64_t positions, sequences; /* the most tokens of a sequence; the most sequences at once */
} attention_cache_sizes;

attention_cache *attention_cache_new(const attention_cache_sizes *sizes); /* NULL: memory is short */
void attention_cache_free(attention_cache *c);                            /* NULL is fine */
void attention_cache_clear(attention_cache *c);                           /* forget all tokens */
int64_t attention_cache_length(const attention_cache *c);                 /* tokens of each sequence */
int64_t attention_cache_alive(const attention_cache *c);                  /* sequences; 0 when it is empty */

/*
 * Say which tokens come next: `count` successive ones of one sequence (only into an empty cache), or one token of each
 * of `sequences`, where number i continues sequence origin[i] (NULL: the i-th, or the only one there is).  Nothing is
 * copied: a sequence is a list of places.  Errors: ARGUMENT.
 */
smac_status attention_cache_begin(attention_cache *c, int64_t count, smac_error *error);
smac_status attention_cache_continue(attention_cache *c, int64_t sequences, const int32_t *origin, smac_error *error);
/* After every layer has seen the new tokens: they count as tokens of the cache. */
void attention_cache_commit(attention_cache *c);

/*
 * Causal self-attention of the new tokens in one layer: qkv (tokens, 3 width) holds queries, keys and values side by
 * side; keys and values are kept.  -> (tokens, width)
 */
value *op_attention_cached(tape *t, value *qkv, attention_cache *c, int64_t layer);

/* --- keys and values that stay ------------------------------------------------------------------------------------- */

typedef struct attention_memory attention_memory;

attention_memory *attention_memory_new(int64_t layers, int64_t heads, int64_t width); /* NULL: memory is short */
void attention_memory_free(attention_memory *m);                                      /* NULL is fine */
int64_t attention_memory_length(const attention_memory *m);                           /* 0: not every layer is set */
void attention_memory_clear(attention_memory *m);
/*
 * keys_values (length, 2 width), the same length in every layer; packed here, so the value is not needed any more.
 * false: the tape has failed.
 */
bool attention_memory_set(tape *t, attention_memory *m, int64_t layer, value *keys_values);

/* Scores that the caller wants to see: those of heads (layer, head), scaled, before the softmax. */
typedef struct attention_scores {
    const int32_t (*heads)[2];
    int64_t count;
    float *out; /* (count, tokens, length) */
} attention_scores;

/* q (tokens, width) -> (tokens, width); scores may be NULL */
value *op_attention_memory(tape *t, value *q, attention_memory *m, int64_t layer, const attention_scores *scores);

#endif
