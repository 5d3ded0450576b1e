/*
 * encoders/imagebind.h - ImageBind's vision and audio transformers (Girdhar and others 2023), any size.
 *
 * Both are pre-norm vision transformers over patches with a class token and learned positions.  Vision: a pair of
 * frames, a 3-d convolution without overlap, a norm before the blocks.  Audio: a log-mel picture, overlapping 2-d
 * patches followed by a norm, and one learned extra key and value in each attention.  The head normalises, takes the
 * class token and projects it; vision vectors get length 1, audio vectors length exp(log_logit_scale) (20 published).
 *
 * Parameters are called prefix + the name in the published checkpoint, e.g. with prefix "imagebind.":
 *   imagebind.modality_preprocessors.vision.cls_token, imagebind.modality_trunks.audio.blocks.0.attn.in_proj_weight.
 * Convolution kernels are stored as (out, channels * ...).
 */
#ifndef SMAC_ENCODERS_IMAGEBIND_H
#define SMAC_ENCODERS_IMAGEBIND_H

#include "encoders/parameter_list.h"

typedef enum imagebind_modality { IMAGEBIND_VISION, IMAGEBIND_AUDIO } imagebind_modality;

typedef struct imagebind_config {
    imagebind_modality modality;
    int64_t width;       /* of the trunk: 1280 vision, 768 audio */
    int64_t layers;      /* 32, 12 */
    int64_t heads;       /* 16, 12 */
    int64_t hidden;      /* of the MLP: 5120, 3072 */
    int64_t out;         /* of the head: 1024 */
    int64_t channels;    /* 3, 1 */
    int64_t frames;      /* temporal kernel: 2 for vision, 1 for audio */
    int64_t rows;        /* picture height 224; mel bins 128 */
    int64_t columns;     /* picture width 224; time frames 204 */
    int64_t kernel;      /* 14; 16 */
    int64_t stride;      /* 14; 10 */
    float initial_scale; /* from scratch: 0 means Xavier uniform (tiny models), else the standard deviation (0.02) */
} imagebind_config;

/* imagebind_huge as published. */
void imagebind_config_huge(imagebind_modality modality, imagebind_config *out);
/* A small one for training from scratch; change fields as you like. */
void imagebind_config_tiny(imagebind_modality modality, imagebind_config *out);
/* SMAC_ERROR_ARGUMENT with the field's name and value when sizes are invalid. */
smac_status imagebind_config_check(const imagebind_config *c, smac_error *error);
/* JSON object with the fields above by name, for a model file; and back (unknown or missing keys are errors). */
void imagebind_config_to_json(const imagebind_config *c, text_buffer *out);
smac_status imagebind_config_from_json(const char *json, size_t size, imagebind_config *out, smac_error *error);

int64_t imagebind_patches(const imagebind_config *c);     /* 256; 228: row-major (frequency-major) */
int64_t imagebind_input_count(const imagebind_config *c); /* floats of one input: channels*frames*rows*columns */

typedef struct imagebind imagebind;

/*
 * Add the parameters under prefix (before the store is sealed).  trainable_blocks: -1 all, 0 none, n the last n blocks
 * and the head.  Free with imagebind_free; the store must outlive it.
 */
smac_status imagebind_add(parameter_store *store, const char *prefix, const imagebind_config *config,
    int trainable_blocks, imagebind **out, smac_error *error);
void imagebind_free(imagebind *e);

const imagebind_config *imagebind_get_config(const imagebind *e);
parameter_list *imagebind_parameters(imagebind *e); /* for packing and loading; owned by e */

/*
 * input: vision (B, frames, channels, rows, columns) normalised RGB, so a pair of CHW pictures one after the other;
 *        audio (B, 1, rows, columns) normalised log-mel.  Not differentiated.  Read during the call alone.
 * Gives (B, out): the post-processed vector.  tokens (may be NULL): the trunk's output before the head,
 * (B, 1 + patches, width).  hidden (may be NULL): layers + 1 values, the blocks' input and every block's output; asking
 * for it keeps them all in memory.  On a tape that does not record the whole runs in the memory of one block.
 */
value *imagebind_forward(
    tape *t, const imagebind *e, const float *input, int64_t batch, value **tokens, value **hidden);

/* The forward pass in two parts (encoder_front): (B, 1 + patches, width) between them. */
int64_t imagebind_frozen(const imagebind *e);
value *imagebind_front(tape *t, const imagebind *e, const float *input, int64_t batch);
value *imagebind_resume(tape *t, const imagebind *e, value *front);

#endif
