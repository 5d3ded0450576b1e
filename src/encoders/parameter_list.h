/*
 * encoders/parameter_list.h - the parameters of one encoder with the names and shapes that their publishers gave them.
 *
 * The store's name of a parameter is PREFIX + published name.  Two kinds of tensor have another form in the
 * store, and the list says so: convolution kernels are flattened to (out, everything else), and matrices that are published as
 * (in, out) (GPT-2, XLNet) are transposed to (out, in), with ".transposed" at the end of the store's name, so that a
 * file of ours and a published one are never confused.
 *
 * Life of an encoder:  *_add (names and shapes)  ->  parameter_list_pack (frozen matrices; optional)  ->
 * parameter_store_seal  ->  parameter_list_load (all the rest)  ->  parameter_store_pack (optional).  After that the
 * file is not read any more.
 */
#ifndef SMAC_ENCODERS_PARAMETER_LIST_H
#define SMAC_ENCODERS_PARAMETER_LIST_H

#include "base/text.h"
#include "nn/layers.h"
#include "nn/parameters.h"

enum { PUBLISHED_MAX_RANK = 5 };

/* Which learning stage a parameter belongs to: blocks are counted from 0; before them, and after them. */
enum { STAGE_BEFORE_BLOCKS = -1, STAGE_AFTER_BLOCKS = INT32_MAX };

typedef struct listed_parameter {
    parameter *parameter;
    char *published; /* the name in published files, without our prefix */
    int published_rank;
    int64_t published_dim[PUBLISHED_MAX_RANK];
    char *stacked_name; /* CTranslate2's name, where it is part number `part` of `parts` stacked ones; or NULL */
    int part, parts;
    bool transposed; /* (in, out) when published, (out, in) in the store */
    bool packed;     /* set by parameter_list_pack */
    int32_t stage;
} listed_parameter;

typedef struct parameter_list {
    parameter_store *store;
    char *prefix;
    listed_parameter *items;
    size_t count, capacity;
    /* published prefixes that a file may or may not put before every name ("bert."), NULL at the end */
    const char *const *file_prefixes;
    /* other names of a tensor: pairs (ours, also known as), NULL at the end */
    const char *const *aliases;
    float constant;      /* of KIND_CONSTANT */
    float initial_scale; /* standard deviation of matrices; 0: Xavier uniform (small, from scratch) */
} parameter_list;

smac_status parameter_list_begin(parameter_list *list, parameter_store *store, const char *prefix, smac_error *error);
void parameter_list_free(parameter_list *list); /* not the parameters: the store owns them */

/* What is added, with its initial values. */
typedef enum parameter_kind {
    KIND_MATRIX,            /* (out, in) for op_linear */
    KIND_MATRIX_TRANSPOSED, /* published (in, out...): everything after the first dimension is out */
    KIND_KERNEL,            /* convolution (out, ...), flattened to (out, rest) */
    KIND_TABLE,             /* embedding rows */
    KIND_BIAS,              /* zeros, no decay */
    KIND_NORM_WEIGHT,       /* ones, no decay */
    KIND_TOKEN,             /* learned token or position: normal (0.5 from scratch), no decay */
    KIND_CONSTANT,          /* list->constant, no decay */
    /* With the norm after them folded in; ".folded" at the end of the store's name (encoders/mobilenet.h): */
    KIND_CONVOLUTION_FOLDED, /* (out, in, h, w), in the store a matrix (out, h w in) */
    KIND_DEPTHWISE_FOLDED,   /* (channels, 1, h, w), in the store (h, w, channels) */
    KIND_BIAS_FOLDED         /* of the norm: zeros, no decay */
} parameter_kind;

/* A parameter as its publisher has it. */
typedef struct published_parameter {
    const char *name;
    parameter_kind kind;
    int rank;
    const int64_t *dim;
    int32_t stage;
} published_parameter;

/* NULL after an error, which stays in *status (the first one wins): a listing asks once at its end.  name is copied. */
parameter *parameter_list_add(
    parameter_list *list, const published_parameter *published, smac_status *status, smac_error *error);
/* CTranslate2's name of the parameter added last, and which rows of it are its own. */
void parameter_list_stacked(
    parameter_list *list, const char *name, int part, int parts, smac_status *status, smac_error *error);

/*
 * Before sealing: blocks < 0 trains everything, 0 freezes everything, n trains the last n of all_blocks blocks and what
 * follows them.
 */
void parameter_list_set_trainable(parameter_list *list, int blocks, int all_blocks);

parameter *parameter_list_find(const parameter_list *list, const char *published);

#endif
