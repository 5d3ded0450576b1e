/*
 * encoders/language_family.h - what distinguishes one family of language models from another: an entry of the table in
 * language_families.c.  A new family is one more entry (and its golden file).  For this module alone.
 *
 * Names of tensors are patterns of encoders/list_builder.h; "{}" is the number of the block (ALBERT: of the group, and
 * the second one of the block inside the group).  NULL: the family does not have it.
 */
#ifndef SMAC_ENCODERS_LANGUAGE_FAMILY_H
#define SMAC_ENCODERS_LANGUAGE_FAMILY_H

#include "base/json.h"
#include "encoders/language_model.h"
#include "encoders/transformer_block.h"

typedef struct family_names {
    const char *file_prefixes[4]; /* a file may or may not put one of these before every name */
    const char *aliases[9];       /* pairs (ours, also known as): tied tensors of which a file holds one */
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
    /* after the blocks */
    const char *final_norm;
} family_names;

typedef enum config_kind {
    CONFIG_INTEGER,
    CONFIG_INTEGER_READ, /* not written: the family's own write does */
    CONFIG_NUMBER,
    CONFIG_NUMBER_WRITTEN, /* written for transformers, not read */
    CONFIG_FLAG,
    CONFIG_FLAG_INVERSE,
    CONFIG_ACTIVATION,
    CONFIG_ONLY_INTEGER, /* changes what the model computes and has one supported value: "only" */
    CONFIG_ONLY_FLAG,
    CONFIG_ONLY_TEXT
} config_kind;

/* A key of config.json and the field of language_model_config that it fills. */
typedef struct config_key {
    const char *name, *other; /* other: a name that transformers takes too, or NULL */
    config_kind kind;
    size_t offset;
    const char *only; /* as in JSON: "32", "false"; a text without its quotes */
} config_key;

/* Reads config.json's object into a configuration, one key after another; the first error stays. */
typedef struct config_reader {
    json_t *json;
    smac_status status;
    smac_error *error;
} config_reader;

struct language_family {
    const char *name;           /* model_type */
    const char *class_names[3]; /* transformers' classes begin with one: "Bert" in BertForMaskedLM */
    family_names names;
    config_key keys[24];
    /* Keys with a meaning that the table cannot say: read after the others, written after them.  NULL: none. */
    void (*read)(config_reader *r, language_model_config *c);
    void (*write)(const language_model_config *c, text_buffer *out);
    /* Members of a JSON object: what transformers takes for missing keys, and the published base size beside that. */
    const char *missing, *base;
    relative_positions relative;
    bool pre_norm, causal;
    bool inner_dropout;       /* after the activation of the feed-forward part too */
    bool final_dropout;       /* after the last block or the final norm */
    bool no_biases;           /* neither matrices nor norms have one: norms are root mean square */
    bool transposed;          /* matrices are published as (in, out) */
    bool unscaled;            /* scores are q.k as they are */
    bool own_head_width;      /* heads * head width need not be the width */
    bool positions_optional;  /* the position table may be missing */
    bool wide_hidden;         /* the feed-forward width is 4 * width where the file does not say it */
    bool takes_types;         /* token types count without a table of them (XLNet's segments) */
    bool projection_if_wider; /* the projection of the embeddings is there only if the widths differ (ELECTRA) */
};

/* For a family's own read: keys that are missing leave *out. */
void config_read_integer(config_reader *r, const char *key, int64_t *out);
void config_read_flag(config_reader *r, const char *key, bool *out);
const char *config_read_text(config_reader *r, const char *key); /* NULL where it is missing */
void config_read_activation(config_reader *r, const char *key, const char *name, activation *out);
/* For a family's own write. */
void config_put_integer(text_buffer *b, const char *key, int64_t value);
void config_put_text(text_buffer *b, const char *key, const char *value);
void config_put_flag(text_buffer *b, const char *key, bool value);
const char *config_activation_name(activation a);

#endif
