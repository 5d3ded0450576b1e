/* pipeline/affect_model_build.h - shared by the files of a model: what its encoders are, and putting it together. */
#ifndef SMAC_PIPELINE_AFFECT_MODEL_BUILD_H
#define SMAC_PIPELINE_AFFECT_MODEL_BUILD_H

#include "encoders/encoder.h"
#include "pipeline/affect_model.h"

/* What the configuration says about a modality's encoder. */
typedef struct encoder_settings {
    const char *path; /* a path or the name of an installed model; "": trained from scratch, with the sizes below */
    int64_t trainable_blocks;
    encoder_precision precision;
    const char *layers_mix; /* of encoder_mix_layers */
    encoder_form form;      /* of its inputs, as samples are made */
    const char *form_keys;  /* the keys that it comes from */
    encoder_sizes sizes;
} encoder_settings;
encoder_settings encoder_settings_of(const configuration *c, int m);

/* The beginning of the names of modality m's encoder parameters: "text." */
const char *affect_model_prefix(int m);

/* The encoders that the model runs itself. */
typedef struct encoder_plan {
    bool has[MODALITIES];
    encoder_config of[MODALITIES];
    bool outside[MODALITIES]; /* its values come from files[], not from the model file */
    /* The model file that is read, and its path for messages: whatever sizes it claims, its tensors are compared before
     * memory for them is taken.  NULL for a new model. */
    const tensor_file *model_file;
    const char *model_path;
} encoder_plan;

/* An empty model with the configuration; NULL when memory is short. */
affect_model *affect_model_begin(
    const configuration *c, const task_description *tasks, int task_count, const vector_forms vectors[MODALITIES]);

/*
 * Parameters of encoders and core, sealed: at their initial values (initialise), with those of encoders that have a file
 * read from it.  trainable false: everything is frozen (inference).
 */
smac_status affect_model_build(
    affect_model *s, const encoder_plan *plan, bool initialise, bool trainable, smac_error *error);

/* The encoder's windows of sound hold several clips: audio.chunk_seconds. */
bool sound_is_side_by_side(const configuration *c, const encoder_config *encoder);

/* Opens the encoder that the configuration names; the configuration's picture and mel sizes become the encoder's. */
smac_status affect_model_open_encoder(affect_model *s, int m, encoder_plan *plan, smac_error *error);

#define FACE_DETECTOR_NAME "retinaface" /* among the installed models */
/*
 * With vision.crop face: the detector, from the folder (may be NULL) or the installed models.  sha256: what it must have,
 * or NULL for any.  NOT_FOUND says how to fetch it; MISMATCH: another version.
 */
smac_status affect_model_open_faces(affect_model *s, const char *sha256, const char *folder, smac_error *error);

#define AFFECT_MODEL_FORMAT "2"
#define AFFECT_MODEL_OLD_FORMAT "1" /* the configuration holds the keys of the run too, features are called ready */

/* Its parameters are so many that a frozen one is not stored in the model file. */
bool affect_model_encoder_is_large(const affect_model *s, int m);
/* A frozen encoder with a file of its own that is large: the model file names it only. */
bool affect_model_encoder_outside(const affect_model *s, int m);

/* Every parameter has a tensor of its shape in the file, and every tensor a parameter; before or after sealing. */
smac_status affect_model_check_values(
    const affect_model *s, const tensor_file *file, const char *path, smac_error *error);

/*
 * A SHA-256 that names an encoder's weights, whatever their container: over each tensor's name, type and shape
 * and the SHA-256 of each 8 MB of its values.  The pieces are hashed by all threads: a large frozen encoder is checked
 * each time a model that names it is loaded.
 */
smac_status affect_model_encoder_digest(const tensor_file *file, char out[65], smac_error *error);

#endif
