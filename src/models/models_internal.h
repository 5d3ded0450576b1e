/* models/models_internal.h - shared by the files of models and install. */
#ifndef SMAC_MODELS_MODELS_INTERNAL_H
#define SMAC_MODELS_MODELS_INTERNAL_H

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "encoders/encoder.h"
#include "encoders/weight_source.h"
#include "models/models.h"

enum { MODEL_NAME_MAX = 100 };
#define MANIFEST_NAME "semanticmac.json"

bool models_is_installed(const char *name);
/* The folder of a name with what ending; free(). */
smac_status models_place(const char *name, const char *ending, char **out, smac_error *error);
/* FAIL for a name that is unknown, with near ones. */
smac_status models_unknown(const char *name, smac_error *error);
/* The known name for any of its names; else the name itself. */
const char *models_own_name(const char *name);
/* Names of the plain files of a folder, sorted, without the manifest, *.part and hidden ones. */
smac_status models_files(const char *folder, char ***names, size_t *count, smac_error *error);

/* One tensor that the encoder reads. */
typedef struct read_tensor {
    weight_source source;
    bool product; /* a matrix that products alone read */
} read_tensor;
/* Every tensor that the encoders (and Whisper's decoder) read, each once; shapes are checked.  free(*out). */
smac_status models_tensors(const encoder_files *f, read_tensor **out, size_t *count, smac_error *error);

#endif
