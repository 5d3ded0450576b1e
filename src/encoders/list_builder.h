/*
 * encoders/list_builder.h - an encoder's parameters, listed one after another: tables, norms and matrices by the names
 * that their publishers gave them.  The first error stays, so the listing reads as a table and asks once at the end.
 *
 * A name is a pattern: "{}" is the builder's next number, "*" its word.  Its tensors end in ".weight" and ".bias"; a
 * pattern that ends in "_" joins them without the dot ("in_proj_" gives in_proj_weight), and one that ends in "=" is
 * the tensor itself.
 */
#ifndef SMAC_ENCODERS_LIST_BUILDER_H
#define SMAC_ENCODERS_LIST_BUILDER_H

#include "encoders/parameter_list.h"

typedef struct list_builder {
    parameter_list *list;
    const char *word;
    int64_t numbers[2]; /* of the block; of the block inside a group */
    int32_t stage;      /* of what is added from now on: STAGE_BEFORE_BLOCKS, a block's number, STAGE_AFTER_BLOCKS */
    float epsilon;      /* of norms */
    bool no_biases;     /* neither norms nor matrices have one */
    bool transposed;    /* matrices are published as (in, out) */
    smac_status status;
    smac_error *error;
} list_builder;

/* ending: "weight" or "bias".  NULL after an error. */
parameter *build_tensor(
    list_builder *b, const char *pattern, const char *ending, parameter_kind kind, int rank, const int64_t *dim);
/* (rows, width); NULL, and nothing is added, without a pattern or rows. */
parameter *build_table(list_builder *b, const char *pattern, int64_t rows, int64_t width);
void build_norm(list_builder *b, const char *pattern, int64_t width, layer_norm *out);
void build_linear(list_builder *b, const char *pattern, int64_t in, int64_t out, linear *layer);

#endif
