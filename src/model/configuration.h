/*
 * model/configuration.h - the keys that decide what a model is: its trunk, its encoders, how media become tensors.  They
 * are stored in the model file; what a training run needs beside them is train/run_configuration.h's.
 *
 * The table (configuration.c) gives for each key its place in the struct, its default, the allowed range or choices and
 * one line of documentation.  The struct holds no pointers: copy it by assignment.
 */
#ifndef SMAC_MODEL_CONFIGURATION_H
#define SMAC_MODEL_CONFIGURATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/settings.h"

enum { CONFIGURATION_TEXT_MAX = SETTINGS_TEXT_MAX };

typedef enum gate_kind { GATE_NONE, GATE_TANH, GATE_SIGMOID, GATE_BOTH } gate_kind;
typedef enum pooling_kind { POOLING_PERCEIVER, POOLING_MEAN } pooling_kind;
/* Of a frozen encoder's products; auto: as its file has them. */
typedef enum encoder_precision { ENCODER_AUTO, ENCODER_F32, ENCODER_BF16, ENCODER_INT8 } encoder_precision;
typedef enum picture_loader { PICTURE_STILL, PICTURE_VIDEO } picture_loader;
typedef enum vision_crop { CROP_WHOLE, CROP_FACE, CROP_CENTRE, CROP_LEFT, CROP_RIGHT } vision_crop;
typedef enum vision_face { VISION_FACE_LARGEST, VISION_FACE_LEFT, VISION_FACE_RIGHT, VISION_FACE_CENTRE } vision_face;

typedef struct model_configuration {
    char name[CONFIGURATION_TEXT_MAX];
    int64_t width, heads, head_width;
    double dropout;
    bool text, audio, vision; /* which modalities the model has at all */
} model_configuration;

typedef struct text_configuration { /* encoder "": a small BERT trained from scratch with the sizes below */
    char encoder[CONFIGURATION_TEXT_MAX];
    int64_t width, layers, heads, hidden, vocabulary, max_tokens, trainable_blocks;
    double dropout;
    bool lower_case, lower_words, context;
    encoder_precision precision;
    char layers_mix[CONFIGURATION_TEXT_MAX]; /* none, all, or a range like 2-5 */
} text_configuration;

typedef struct audio_configuration { /* encoder "": a small ImageBind-like tower trained from scratch */
    char encoder[CONFIGURATION_TEXT_MAX];
    int64_t width, layers, heads, hidden, out_width, mel_bins, frames, kernel, stride, trainable_blocks;
    double dropout, window_seconds, chunk_seconds;
    bool voice_gate;
    encoder_precision precision;
    char layers_mix[CONFIGURATION_TEXT_MAX];
} audio_configuration;

typedef struct vision_configuration {
    char encoder[CONFIGURATION_TEXT_MAX];
    int64_t width, layers, heads, hidden, out_width, image_size, pictures, patch, crops, trainable_blocks;
    double dropout;
    picture_loader preparation;
    vision_crop crop;
    vision_face face;
    encoder_precision precision;
    char layers_mix[CONFIGURATION_TEXT_MAX];
} vision_configuration;

typedef struct media_configuration {
    double frames_per_second, clip_step;
} media_configuration;

typedef struct perceiver_configuration {
    pooling_kind pooling;
    int64_t latents, layers, max_clips;
} perceiver_configuration;

typedef struct interaction_configuration {
    int64_t queries, layers;
    gate_kind gate;
    double gate_start, gate_rate_scale;
} interaction_configuration;

typedef struct projection_configuration {
    int64_t projection;
} projection_configuration;

typedef struct configuration {
    model_configuration model;
    text_configuration text;
    audio_configuration audio;
    vision_configuration vision;
    media_configuration media;
    perceiver_configuration perceiver;
    interaction_configuration interaction;
    projection_configuration contrast;
} configuration;

extern const settings_table configuration_table; /* of a configuration */

/* settings_* (base/settings.h) for a configuration alone. */
void configuration_defaults(configuration *c);
smac_status configuration_set(configuration *c, const char *name, const char *text, smac_error *error);
smac_status configuration_set_assignment(configuration *c, const char *assignment, smac_error *error);
bool configuration_get(const configuration *c, const char *name, char out[CONFIGURATION_TEXT_MAX]);
json_t *configuration_to_json(const configuration *c);
smac_status configuration_from_json(configuration *c, const json_t *object, smac_error *error); /* all or nothing */

/* From a model file of format 1, whose configuration has the keys of its run in it as well: those are left out. */
smac_status configuration_from_old_json(configuration *c, const json_t *object, smac_error *error);

/* Conditions between keys (a width that is a multiple of its heads, ...).  Call after all keys are set. */
smac_status configuration_check(const configuration *c, smac_error *error);

#endif
