/*
 * model/configuration.h - every number and switch of the program as one struct and one table of keys.
 *
 * The table (configuration.c) gives for each key its name ("section.name"), its place in the struct, its default, the
 * allowed range or choices and one line of documentation.  YAML files, --set key=value, --help, docs/configuration.md
 * and the model file's metadata are all made from it.  The struct holds no pointers: copy it by assignment.
 * Defaults are those of docs/method.md.
 */
#ifndef SMAC_MODEL_CONFIGURATION_H
#define SMAC_MODEL_CONFIGURATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { CONFIGURATION_TEXT_MAX = 512 }; /* longest text value with its NUL; longer ones are refused */

typedef enum gate_kind { GATE_NONE, GATE_TANH, GATE_SIGMOID, GATE_BOTH } gate_kind;
typedef enum pooling_kind { POOLING_PERCEIVER, POOLING_MEAN } pooling_kind;
typedef enum label_scheme { LABELS_GENERATED, LABELS_SELF_MM, LABELS_MULTIMODAL, LABELS_TRUE } label_scheme;
typedef enum label_predictor { PREDICTOR_NEIGHBOURS, PREDICTOR_HELD_OUT } label_predictor;
typedef enum label_similarity { SIMILARITY_COSINE, SIMILARITY_EUCLIDEAN } label_similarity;
typedef enum inter_kind { INTER_KERNEL, INTER_ROUNDED, INTER_RANK } inter_kind;
typedef enum schedule_kind { SCHEDULE_CONSTANT, SCHEDULE_LINEAR, SCHEDULE_COSINE } schedule_kind;
typedef enum precision_kind { PRECISION_KIND_F32, PRECISION_KIND_BF16 } precision_kind;
/* Of a frozen encoder's products; auto: as its file has them. */
typedef enum encoder_precision { ENCODER_AUTO, ENCODER_F32, ENCODER_BF16, ENCODER_INT8 } encoder_precision;
typedef enum picture_loader { PICTURE_STILL, PICTURE_VIDEO } picture_loader;

typedef struct configuration {
    struct {
        char name[CONFIGURATION_TEXT_MAX];
        int64_t width, heads, head_width;
        double dropout;
        bool text, audio, vision; /* which modalities the model has at all */
    } model;
    struct { /* encoder "": a small BERT trained from scratch with the sizes below; else a Hugging Face folder */
        char encoder[CONFIGURATION_TEXT_MAX];
        int64_t width, layers, heads, hidden, vocabulary, max_tokens, trainable_blocks;
        double dropout;
        bool lower_case, context;
        encoder_precision precision;
    } text;
    struct { /* encoder "": a small ImageBind-like tower trained from scratch; else a weights file */
        char encoder[CONFIGURATION_TEXT_MAX];
        int64_t width, layers, heads, hidden, out_width, mel_bins, frames, kernel, stride, trainable_blocks;
        double dropout, window_seconds;
        encoder_precision precision;
    } audio;
    struct {
        char encoder[CONFIGURATION_TEXT_MAX];
        int64_t width, layers, heads, hidden, out_width, image_size, patch, crops, trainable_blocks;
        double dropout;
        picture_loader preparation;
        encoder_precision precision;
    } vision;
    struct {
        double frames_per_second, clip_step;
    } media;
    struct {
        pooling_kind pooling;
        int64_t latents, layers, max_clips;
    } perceiver;
    struct {
        int64_t queries, layers;
        gate_kind gate;
        double gate_start, gate_rate_scale;
    } interaction;
    struct {
        label_scheme scheme;
        label_predictor predictor;
        label_similarity similarity;
        int64_t neighbours, start_epoch, folds;
        double neighbour_fraction, temperature, mix, mix_text, mix_audio, mix_vision, mix_shared, ridge;
        bool momentum, clipwise, reliability;
    } labels;
    struct {
        double specific, shared, intra, inter;
        bool class_weights;
    } loss;
    struct {
        int64_t projection;
        double tau_intra, tau_inter, tau_rank, sigma_fraction;
        inter_kind inter;
        bool centre, cross_negatives;
    } contrast;
    struct {
        double words, shift, light, level;
        bool flip;
    } augment;
    struct {
        int64_t epochs, batch, large_batch, large_from, seed, patience, threads, accumulate;
        double rate, language_rate, beta1, beta2, epsilon, weight_decay, clip, warmup, modality_dropout;
        schedule_kind schedule;
        precision_kind precision;
        bool check_finite;
    } train;
} configuration;

typedef enum key_type { KEY_INTEGER, KEY_NUMBER, KEY_SWITCH, KEY_CHOICE, KEY_TEXT } key_type;

typedef struct configuration_key {
    const char *name; /* "perceiver.latents" */
    key_type type;
    size_t offset;             /* of the member in configuration: int64_t, double, bool, an enum (int), char[] */
    const char *initial;       /* the default as text */
    double low, high;          /* KEY_INTEGER, KEY_NUMBER: both ends are allowed */
    const char *choices;       /* KEY_CHOICE: "none|tanh|sigmoid|both" in the order of the enum; else NULL */
    const char *documentation; /* one line */
} configuration_key;

/* The table, in the order of the sections. */
size_t configuration_key_count(void);
const configuration_key *configuration_key_at(size_t index);       /* NULL outside */
const configuration_key *configuration_key_find(const char *name); /* NULL when there is none */

void configuration_defaults(configuration *c);

/* Set one key from text.  Unknown key: the message names the nearest ones; bad value: the allowed range or choices. */
smac_status configuration_set(configuration *c, const char *name, const char *text, smac_error *error);
/* The same from "name=value" (the first '=' parts them). */
smac_status configuration_set_assignment(configuration *c, const char *assignment, smac_error *error);
/* The value as text that configuration_set reads back to the same value; returns false for an unknown key. */
bool configuration_get(const configuration *c, const char *name, char out[CONFIGURATION_TEXT_MAX]);
/* What the key allows, for messages and documents: "integer from 1 to 4096", "none, tanh, sigmoid or both", ... */
void configuration_key_allowed(const configuration_key *key, char out[CONFIGURATION_TEXT_MAX]);

/* Conditions between keys (width = heads x head width, ...).  Call after all keys are set. */
smac_status configuration_check(const configuration *c, smac_error *error);

/* {"section": {"name": value, ...}, ...}.  From JSON: nested sections or flat "section.name" keys; keys that are
 * absent keep their value; unknown ones are errors. */
json_t *configuration_to_json(const configuration *c); /* a new reference; NULL when memory is short */
smac_status configuration_from_json(configuration *c, const json_t *object, smac_error *error);

/* A YAML file with all keys, their documentation as comments.  Free with free(); NULL when memory is short. */
char *configuration_to_yaml(const configuration *c);

/* docs/configuration.md: every key with its default, what it allows and what it means.  Free with free(). */
char *configuration_to_markdown(void);

/* labels.mix_* of the target (0 text, 1 audio, 2 vision, 3 shared): its own, or labels.mix where that is -1. */
double configuration_label_mix(const configuration *c, int target);
/* train.batch, or when that is 0: 32, and train.large_batch from train.large_from training clips on. */
int64_t configuration_batch(const configuration *c, int64_t training_clips);

#endif
