/*
 * encoders/whisper_tensors.h - every tensor of a Whisper, listed once: its names in Hugging Face's and CTranslate2's
 * files, its shape, and where its parameter goes.  For the Whisper files of this module alone.
 */
#ifndef SMAC_ENCODERS_WHISPER_TENSORS_H
#define SMAC_ENCODERS_WHISPER_TENSORS_H

#include "encoders/weight_source.h"
#include "encoders/whisper.h"

typedef enum whisper_side { WHISPER_ENCODER, WHISPER_DECODER } whisper_side;

/* The parameters of one layer; the cross-attention's are the decoder's alone. */
typedef struct whisper_layer {
    layer_norm self_norm, cross_norm, feed_norm;
    linear self_query, self_key, self_value, self_out;
    linear cross_query, cross_key, cross_value, cross_out;
    linear up, down;
} whisper_layer;

/* The parameters of one side; convolutions are the encoder's and tokens the decoder's alone. */
typedef struct whisper_parts {
    linear conv1, conv2;
    linear positions, tokens; /* without bias */
    layer_norm norm;
    whisper_layer *layers;
} whisper_parts;

/* One tensor. */
typedef struct whisper_item {
    char name[96];        /* Hugging Face's, without "model.": "encoder.layers.0.self_attn.q_proj.weight" */
    char ctranslate2[96]; /* "encoder/layer_0/self_attention/linear_0/weight" */
    int part, parts;      /* in a CTranslate2 file it is part number `part` of the `parts` that lie in that tensor */
    parameter_kind kind;
    int rank;
    int64_t dim[3];
    int32_t stage; /* the layer, STAGE_BEFORE_BLOCKS or STAGE_AFTER_BLOCKS */
    whisper_side side;
    bool bias;      /* it is the bias of its row of the table */
    size_t row;     /* of the table */
    int64_t number; /* of the layer, or -1 */
} whisper_item;

/* Goes through all tensors of one side in their fixed order: whisper_walk w = whisper_walk_of(...); while (next) */
typedef struct whisper_walk {
    const whisper_config *config;
    whisper_side side;
    int64_t layer;
    size_t row;
    int ending; /* 0: the weight, 1: the bias */
} whisper_walk;
whisper_walk whisper_walk_of(const whisper_config *config, whisper_side side);
bool whisper_walk_next(whisper_walk *w, whisper_item *out);
/* The tensor that is part number `part` of the same CTranslate2 tensor; false: it has no such bias. */
bool whisper_item_part(const whisper_config *config, const whisper_item *item, int part, whisper_item *out);
/* Where the item's parameter goes in p. */
parameter **whisper_item_place(whisper_parts *p, const whisper_item *item);

/* The config.json of a folder, or the one in the folder of a file; free().  NULL when memory is short. */
char *whisper_config_path(const char *path);
bool whisper_is_ctranslate2(const tensor_file *file);
/* Errors: NOT_FOUND, MISMATCH (the shape), UNSUPPORTED (the type); each names the tensor. */
smac_status whisper_find(const tensor_file *file, const whisper_item *item, weight_source *out, smac_error *error);
/* The same, and its values as float32. */
smac_status whisper_load(const tensor_file *file, const whisper_item *item, float *out, smac_error *error);

#endif
