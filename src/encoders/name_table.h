/*
 * encoders/name_table.h - what each family calls its tensors: one readable table.
 *
 * A name is the base of ".weight" and ".bias"; one that ends in '=' is the tensor itself, without an ending.  "{}"
 * stands for the number of the block (ALBERT: of the group, and the second one for the block inside the group).  NULL:
 * the family does not have it.
 */
#ifndef SMAC_ENCODERS_NAME_TABLE_H
#define SMAC_ENCODERS_NAME_TABLE_H

#include "encoders/language_model.h"

typedef struct family_names {
    const char *file_prefixes[4]; /* a file may or may not put one of these before every name */
    const char *aliases[5];       /* pairs (ours, also known as): tied tensors of which a file holds one */
    /* before the blocks */
    const char *word_table, *position_table, *type_table, *embedding_norm, *embedding_projection;
    /* relative positions, shared by all blocks */
    const char *relative_table, *relative_norm;
    /* a block */
    const char *query, *key, *value; /* key NULL: query holds all three stacked */
    const char *out, *attention_norm;
    const char *up, *up_gated, *gate, *down, *output_norm;
    const char *position_key, *position_query;  /* DeBERTa, when not shared with the content's */
    const char *convolution, *convolution_norm; /* DeBERTa-v2, beside the first block */
    const char *relative, *content_bias, *relative_bias, *segment_bias, *segment_table; /* XLNet */
    /* behind the blocks */
    const char *final_norm;
} family_names;

const family_names *name_table(language_family family);

/* Write base with its numbers for "{}" and the ending into out; false when it does not fit. */
bool name_write(const char *base, const char *ending, int64_t first, int64_t second, char *out, size_t size);

#endif
