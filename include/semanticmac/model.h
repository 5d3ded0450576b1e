/*
 * semanticmac/model.h - opening a model and asking what it predicts.
 *
 * An open model is immutable: any number of threads may use it at once, each with requests of its own.
 */
#ifndef SEMANTICMAC_MODEL_H
#define SEMANTICMAC_MODEL_H

#include "semanticmac/library.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct smac_model smac_model;

typedef struct smac_model_options {
    size_t size;                  /* set by smac_model_options_default */
    const char *encoder_folder;   /* where else to look for frozen encoders that the model file only names; or NULL */
    const char *precision;        /* of the encoders' products: "f32", "bf16", "int8"; NULL: as they were trained */
    int (*interrupt)(void *user); /* asked before each tensor is read, on the calling thread: non-zero stops; or NULL */
    void *user;                   /* of interrupt */
} smac_model_options;

/* Fills the first `size` bytes.  Thread-safe when: the struct is the caller's own. */
SMAC_API void smac_model_options_init(smac_model_options *options, size_t size);
#define smac_model_options_default(options) smac_model_options_init((options), sizeof(smac_model_options))

/*
 * Open a model file.  options may be NULL.  Errors: NOT_FOUND, FORMAT (not a model file, truncated), MISMATCH (a tensor
 * of another shape: its name and both shapes), UNSUPPORTED, ARGUMENT, INTERRUPTED, MEMORY.  Free with
 * smac_model_free.
 * The file must not be changed while the model is open: large weights are used where they are mapped.
 * Thread-safe: always.
 */
SMAC_API smac_status smac_model_open(
    const char *path, const smac_model_options *options, smac_model **out, smac_error *error);
/* NULL is fine.  Thread-safe when: no other thread uses the model, and no session of it is open. */
SMAC_API void smac_model_free(smac_model *model);

/*
 * The functions below give what belongs to the model, until it is freed; of NULL: NULL, or 0.  Thread-safe: always.
 */
SMAC_API const char *smac_model_name(const smac_model *model);
SMAC_API const char *smac_model_sha256(const smac_model *model); /* of the file, 64 hexadecimal digits */

/* What a model predicts: a score in a range, or a probability for each of several classes. */
typedef struct smac_task {
    const char *name;               /* "sentiment", "emotion", ... */
    int classes;                    /* 0: a score in [low, high]; else the number of classes */
    double low, high;               /* of a score; 0 and 1 for classes */
    const char *const *class_names; /* (classes); NULL for a score */
} smac_task;

SMAC_API int smac_model_task_count(const smac_model *model);
SMAC_API const smac_task *smac_model_task(const smac_model *model, int index); /* NULL outside */
/*
 * How it was made (configuration, tasks, training record, sizes) as JSON; free with smac_free.  NULL when memory is
 * short.  Thread-safe: always.
 */
SMAC_API char *smac_model_describe(const smac_model *model);

#ifdef __cplusplus
}
#endif
#endif
