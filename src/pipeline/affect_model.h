/*
 * pipeline/affect_model.h - a whole SemanticMAC: configuration, tasks, tokenizer, encoders, the core model and their
 * parameters, made anew or read from a model file.
 *
 * A loaded model is immutable: any number of threads may run affect_model_forward on it, each with a tape of its own that
 * does not record.  Training owns the model it trains.
 *
 * The model file is one safetensors file: every parameter under its name, and in the metadata
 *   semanticmac.format "1", semanticmac.configuration, semanticmac.tasks, semanticmac.training, semanticmac.encoders
 *   (JSON), semanticmac.vocabulary / semanticmac.tokenizer (the tokenizer's own text),
 *   semanticmac.card (JSON, optional).
 * An encoder that is frozen whole and came from a file is not stored again: its name, path and SHA-256 are.  Of the face
 * detector (vision.crop face) the SHA-256 is.
 */
#ifndef SMAC_PIPELINE_AFFECT_MODEL_H
#define SMAC_PIPELINE_AFFECT_MODEL_H

#include <jansson.h>

#include "base/log.h"
#include "compute/precision.h"
#include "model/configuration.h"
#include "model/semanticmac.h"
#include "model/task.h"
#include "nn/parameters.h"
#include "pipeline/batch.h"
#include "pipeline/calibration.h"
#include "pipeline/prediction.h"
#include "pipeline/sample.h"
#include "weights/safetensors.h"

#define AFFECT_MODEL_CARD "semanticmac.card" /* the metadata key of the model card, a JSON object of texts */

enum { AFFECT_MODEL_TASKS_MAX = SEMANTICMAC_TASKS_MAX };

struct encoder;       /* encoders/encoder.h */
struct face_detector; /* face/detector.h */

/* How a model came to be; all of it is in the model file. */
typedef struct training_record {
    char program_version[32];
    char dataset[64], data_sha256[65]; /* layout, and SHA-256 of the label file */
    uint64_t seed;
    int64_t epoch, steps; /* of these weights */
    char metric[32];      /* validation picked by it */
    double metric_value;  /* NAN: not validated */
    int64_t training_clips;
    double longest_clip; /* seconds of the longest clip trained on; 0: not known */
} training_record;

typedef struct affect_model {
    configuration configuration;
    task_description tasks[AFFECT_MODEL_TASKS_MAX];
    int task_count;
    bool has[MODALITIES];             /* modalities that the model takes at all */
    vector_forms vectors[MODALITIES]; /* the kinds of ready vectors that it takes, beside the encoder or alone */
    preparation preparation;          /* points into this struct */
    struct tokenizer *tokenizer;      /* NULL without words */
    parameter_store *store;
    struct encoder *encoders[MODALITIES]; /* NULL where vectors come ready */
    int64_t encoder_width[MODALITIES];    /* of E_t, E_a, E_v */
    bool frozen[MODALITIES];              /* the encoder has no trainable parameter: its vectors can be kept */
    bool rest[MODALITIES];                /* a packed file: what it lacks of the encoder is in the encoder's own file */
    precision precision[MODALITIES];      /* of a frozen encoder's products; a trained one was trained in float32 */
    semanticmac *core;
    training_record training;
    task_calibration calibration[AFFECT_MODEL_TASKS_MAX]; /* zeros: not calibrated */
    char sha256[65];                                      /* of the model file it was read from; "" for a new one */
    char name[128];                                       /* model.name, or the file's base name */
    tensor_file *files[MODALITIES];      /* pre-trained encoders' files, read while the model is built */
    char encoder_sha256[MODALITIES][65]; /* affect_model_encoder_digest of these files; "" without one */
    struct mel_filter_bank *mel;
    struct face_detector *faces; /* with vision.crop face */
    char faces_sha256[65];       /* of its weights, as encoder_sha256; "" without one */
    char *tokenizer_text;        /* what the tokenizer was made from, for the model file */
    char *card;                  /* the model card, a JSON object of texts (docs/analyze.md), or NULL */
} affect_model;

typedef struct affect_model_options {
    const configuration *configuration; /* copied */
    const task_description *tasks;      /* the first is the main one */
    int task_count;
    vector_forms vectors[MODALITIES];
    /* words of the training part: with text.encoder "" the vocabulary is made from them (text.vocabulary entries) */
    const char *const *texts;
    int64_t text_count;
    uint64_t seed; /* of the initial weights */
} affect_model_options;

/* A new model: random weights from the seed, pre-trained encoders where the configuration names files. */
smac_status affect_model_new(const affect_model_options *options, affect_model **out, smac_error *error);
void affect_model_free(affect_model *s);
/* The encoder's values are those of its own file, never trained by us: its vectors of a clip may be kept under its SHA-256. */
bool affect_model_keeps_vectors(const affect_model *s, int m);

/*
 * Read a model file for inference.  options may be NULL.  Refused with a message that says what was found and expected:
 * no model file of ours, a parameter missing, of another shape (its name and both shapes) or left over, an encoder's
 * SHA-256 that differs.  Large frozen encoders exist in packed form alone.
 */
typedef struct affect_model_load_options {
    const char *encoder_folder; /* a further place to look for frozen encoders that the file only names; or NULL */
    const precision *precision; /* of all encoders' products, in place of what they were trained with; or NULL */
} affect_model_load_options;
smac_status affect_model_load(
    const char *path, const affect_model_load_options *options, affect_model **out, smac_error *error);
/*
 * Names of the models that must be installed for this model file: the encoders whose values it leaves out, where they are
 * named and not given by a path, and the face detector.  Sorted, each once; free with folder_list_free.
 */
smac_status affect_model_needs(const char *path, char ***names, size_t *count, smac_error *error);
/* Write it whole or not at all.  extra (may be NULL): further tensors, whose names begin with "training.", and texts. */
typedef struct affect_model_extra {
    const tensor_entry *tensors;
    size_t tensor_count;
    const safetensors_pair *texts;
    size_t text_count;
} affect_model_extra;
smac_status affect_model_save(
    const affect_model *s, const char *path, const affect_model_extra *extra, smac_error *error);
/* Values of every parameter from a model file whose model has the same shape (resume; the best epoch's weights). */
smac_status affect_model_load_values(affect_model *s, const tensor_file *file, const char *path, smac_error *error);
/* {"configuration":..., "tasks":..., "training":..., "encoders":..., "parameters": count} for `inspect`; new ref. */
json_t *affect_model_describe(const affect_model *s);

/*
 * Which of the model's inputs of a modality ready vectors are for: those of the same name and width, else the only one of
 * the width (vectors that the model's encoder gave need no such question: 0).  An error: there is none, or several.
 */
smac_status affect_model_vector_input(
    const affect_model *s, int m, const vector_form *form, int *input, smac_error *error);

/* Whether it takes the modality from a recording: not where it takes ready vectors alone. */
bool affect_model_reads(const affect_model *s, int m);

int64_t affect_model_parameter_values(const affect_model *s); /* numbers in all parameters */

/* Put samples together for this model (its tokenizer's padding); as batch_make. */
smac_status affect_model_batch(const affect_model *s, const sample *const *samples, int64_t count, const uint8_t *drop,
    batch *out, smac_error *error);

/*
 * Encoders and core over a batch, which must live as long as the tape's values.  Frozen encoders run without recording.
 * Task 0 is the main one: out->prediction[0], out->specific_head[0][modality], out->shared_head[0] (B, targets), scores
 * (unclipped) or logits; rows of samples without the modality have no meaning.  Errors stick to the tape: ask
 * tape_status, as after any operation.
 */
semanticmac_outputs affect_model_forward(const affect_model *s, tape *t, const batch *b, semanticmac_wanted wanted);

typedef struct affect_model_encode_options {
    bool everything;        /* all encoders; else only those that are frozen whole */
    bool keep_pictures;     /* not that of pictures: they stay as they are, for augmentation */
    interruption interrupt; /* asked between the operations */
} affect_model_encode_options;

/* Run encoders over a sample and put their vectors in place of its raw form.  options NULL: the frozen ones. */
smac_status affect_model_encode(
    const affect_model *s, sample *x, const affect_model_encode_options *options, smac_error *error);

#endif
