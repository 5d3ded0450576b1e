/* encoders/language_parts.h - inside of a language model: what comes before the blocks.  For this module alone. */
#ifndef SMAC_ENCODERS_LANGUAGE_PARTS_H
#define SMAC_ENCODERS_LANGUAGE_PARTS_H

#include "encoders/language_model.h"
#include "encoders/transformer_block.h"

struct language_model {
    language_model_config config;
    parameter_list list;
    parameter *word_table, *position_table, *type_table; /* the last two NULL where the family has none */
    layer_norm embedding_norm;                           /* weight NULL: none */
    linear embedding_projection;                         /* ALBERT: embedding width to width, after the norm */
    parameter *relative_table;                           /* MPNet, T5 (buckets, heads); DeBERTa (2 span, width) */
    layer_norm relative_norm;                            /* DeBERTa: over the rows of its table; weight NULL: none */
    transformer_block *blocks;                           /* groups * inner_groups of them */
    layer_norm final_norm;                               /* GPT-2, T5 */
};

/* Fails the tape when ids, token types or lengths are invalid; false then. */
bool language_check(
    tape *t, const language_model *m, const int32_t *ids, const int32_t *token_types, int64_t batch, int64_t length);
/* Words, positions, types, norm, projection: (B, L, width) */
value *language_embed(
    tape *t, const language_model *m, const int32_t *ids, const int32_t *token_types, int64_t batch, int64_t length);
/* The relative positions that the blocks share; false on failure. */
bool language_context(tape *t, const language_model *m, const int32_t *token_types, int64_t batch, int64_t length,
    block_context *context);

#endif
