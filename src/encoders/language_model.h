/*
 * encoders/language_model.h - pre-trained language models as encoders: one transformer block, one table of families.
 *
 * A model is sized by its Hugging Face config.json (or by a configuration given).  Families differ in the names of
 * tensors and keys and in the options of one block (encoders/transformer_block.h): all of it is in their table
 * (encoders/language_families.c), and docs/encoders.md says it in words.  A parameter is called prefix + published name
 * without the family's own prefix: with "text." and BERT, text.embeddings.word_embeddings.weight.
 */
#ifndef SMAC_ENCODERS_LANGUAGE_MODEL_H
#define SMAC_ENCODERS_LANGUAGE_MODEL_H

#include "encoders/parameter_list.h"

/* A family: BERT, RoBERTa, T5, ... (encoders/language_families.c) */
typedef struct language_family language_family;

typedef struct language_model_config {
    const language_family *family;
    int64_t vocabulary;
    int64_t width;           /* of the hidden states */
    int64_t embedding_width; /* ALBERT: 128; else width */
    int64_t layers, heads;
    int64_t head_width;      /* width / heads but for T5 (d_kv) and XLNet (d_head) */
    int64_t hidden;          /* of the feed-forward part */
    int64_t positions;       /* rows of the position table; 0: none (T5, XLNet, DeBERTa-v3) */
    int64_t token_types;     /* rows of the token type table; 0: none */
    int64_t pad_id;          /* where positions count from it (RoBERTa, MPNet); -1: none */
    int64_t buckets;         /* relative positions: MPNet, T5 32; DeBERTa 256; 0: none */
    int64_t bucket_distance; /* T5, MPNet 128; DeBERTa max_relative_positions */
    int64_t groups;          /* ALBERT: parameter sets; else layers */
    int64_t inner_groups;    /* ALBERT: blocks of a set; else 1 */
    activation activation;
    bool gated;                                    /* T5 1.1: activation(W0 x) * (W1 x) */
    bool shared_position_projection;               /* DeBERTa: share_att_key */
    bool content_to_position, position_to_content; /* DeBERTa: pos_att_type */
    bool relative_norm;                            /* DeBERTa: norm_rel_ebd, the table of distances is normed */
    int64_t convolution;                           /* DeBERTa-v2's: words under its kernel, an odd number; 0: none */
    activation convolution_activation;
    bool scale_flat,
        scale_by_layer; /* GPT-2: scores are not divided by sqrt(head width); divided by the layer, from 1 */
    float norm_epsilon;
    float dropout, attention_dropout;
    float initial_scale; /* from scratch: 0 means Xavier uniform, else the standard deviation (0.02) */
} language_model_config;

const language_family *language_family_at(size_t index);                 /* NULL after the last one */
const language_family *language_family_find(const char *model_type);     /* NULL: none of that name */
const language_family *language_family_of_class(const char *class_name); /* of transformers: "BertForMaskedLM" */
const char *language_family_name(const language_family *family);         /* its model_type */

/* The published base size of a family. */
smac_status language_model_config_base(const language_family *family, language_model_config *out, smac_error *error);
/* A small BERT for training from scratch: width 64, 2 layers, 4 heads, positions 128, two token types. */
smac_status language_model_config_tiny(int64_t vocabulary, language_model_config *out, smac_error *error);
/* From the text of a config.json.  What is not supported is refused by the key's name and value. */
smac_status language_model_config_parse(const char *json, size_t size, language_model_config *out, smac_error *error);
/* A config.json that language_model_config_parse (and transformers) reads, for a model file. */
void language_model_config_to_json(const language_model_config *c, text_buffer *out);
smac_status language_model_config_check(const language_model_config *c, smac_error *error);
int64_t language_model_config_max_length(const language_model_config *c); /* tokens; INT64_MAX: no limit */

typedef struct language_model language_model;

/*
 * Add the parameters under prefix (before the store is sealed).  trainable_blocks: -1 all, 0 none, n the last n blocks
 * and what follows them.  Parameters are marked with parameter_set_pretrained.  Free with language_model_free; the
 * store must outlive it.
 */
smac_status language_model_add(parameter_store *store, const char *prefix, const language_model_config *config,
    int trainable_blocks, language_model **out, smac_error *error);
void language_model_free(language_model *m);

const language_model_config *language_model_get_config(const language_model *m);
parameter_list *language_model_parameters(language_model *m); /* for packing and loading; owned by m */
int64_t language_model_max_length(const language_model *m);   /* tokens; INT64_MAX: no limit */
bool language_model_has_types(const language_model *m);       /* token types change what it computes */

typedef struct language_input {
    int64_t batch, length; /* B, L */
    const int32_t *ids;    /* (B, L) */
    const uint8_t *mask; /* (B, L), 1: the token counts; NULL: all count.  It must live as long as the tape's values */
    const int32_t *token_types; /* (B, L); NULL: all 0 (XLNet: no segments) */
} language_input;

/*
 * Last hidden states (B, L, width); rows whose mask is 0 hold finite values without meaning.  hidden (may be NULL):
 * layers + 1 values as transformers' output_hidden_states gives them.  An id outside the vocabulary and more tokens
 * than there are positions are errors.  On a tape that does not record, the model runs in the memory of one block.
 */
value *language_model_forward(tape *t, const language_model *m, const language_input *in, value **hidden);

/* The forward pass in two parts (encoder_front), (B, L, width) between them; the second one does not read the ids. */
int64_t language_model_frozen(const language_model *m);
value *language_model_front(tape *t, const language_model *m, const language_input *in);
value *language_model_resume(tape *t, const language_model *m, const language_input *in, value *front);

#endif
