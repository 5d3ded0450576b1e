/* pipeline/system_build.h - between system.c and system_file.c: what the encoders are, and putting a system together. */
#ifndef SMAC_PIPELINE_SYSTEM_BUILD_H
#define SMAC_PIPELINE_SYSTEM_BUILD_H

#include "encoders/imagebind.h"
#include "encoders/language_model.h"
#include "encoders/whisper.h"
#include "pipeline/system.h"

/* Sizes of the encoders that the system runs itself; has says which there are. */
typedef struct encoder_plan {
    bool has[MODALITIES];
    language_model_config text;
    imagebind_config audio, vision;
    bool is_whisper; /* of sound: Whisper's encoder, sized by whisper, in place of ImageBind's */
    whisper_config whisper;
    bool outside[MODALITIES]; /* its values come from files[], not from the model file */
    /* The model file that is read, and its path for messages: whatever sizes it claims, its tensors are compared before
     * memory for them is taken.  NULL for a new system. */
    const tensor_file *model_file;
    const char *model_path;
} encoder_plan;

/* An empty system with the configuration; NULL when memory is short. */
affect_system *system_begin(
    const configuration *c, const task_description *tasks, int task_count, const int64_t ready_width[MODALITIES]);

/*
 * Parameters of encoders and core, sealed: at their initial values (initialise), with those of encoders that have a file
 * read from it.  trainable false: everything is frozen (inference).
 */
smac_status system_build(
    affect_system *s, const encoder_plan *plan, bool initialise, bool trainable, smac_error *error);

/* A pre-trained encoder's configuration, from its file; the configuration's picture and mel sizes follow it. */
smac_status system_open_encoder(affect_system *s, int m, const char *path, encoder_plan *plan, smac_error *error);

/* A frozen encoder with a file of its own that is large: the model file names it only. */
bool system_encoder_outside(const affect_system *s, int m);

/* Every parameter has a tensor of its shape in the file, and every tensor a parameter; before or after sealing. */
smac_status system_check_values(const affect_system *s, const tensor_file *file, const char *path, smac_error *error);

/* The parameters of modality m's encoder. */
parameter_list *system_encoder_parameters(const affect_system *s, int m);

/*
 * A SHA-256 that names an encoder's weights, whatever container they lie in: over each tensor's name, type and shape
 * and the SHA-256 of each 8 MB of its values.  The pieces are hashed by all threads: a large frozen encoder is checked
 * each time a model that names it is loaded.
 */
smac_status system_encoder_digest(const tensor_file *file, char out[65], smac_error *error);

/* What the configuration says of an encoder of modality m: its path, "" for one trained from scratch. */
const char *system_encoder_path(const configuration *c, int m);
int64_t system_trainable_blocks(const configuration *c, int m);

#endif
