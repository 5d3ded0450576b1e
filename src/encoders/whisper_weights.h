/*
 * encoders/whisper_weights.h - inside of Whisper: one tensor by its Hugging Face name out of either kind of file.  For
 * this room alone.
 */
#ifndef SMAC_ENCODERS_WHISPER_WEIGHTS_H
#define SMAC_ENCODERS_WHISPER_WEIGHTS_H

#include "encoders/whisper.h"

/*
 * Where a tensor lies: in a CTranslate2 file queries, keys and values are rows of one matrix.  scale: the matrix is
 * int8 and row r holds value * scale[r].
 */
typedef struct whisper_tensor {
    const tensor_entry *entry, *scale;
    int64_t first, count; /* elements */
    int64_t row;          /* elements of a row */
} whisper_tensor;

/* The config.json of a folder, or the one in the folder of a file; free().  NULL when memory is short. */
char *whisper_config_path(const char *path);
bool whisper_is_ctranslate2(const tensor_file *file);
/* name without "model."; the shape must match exactly. */
smac_status whisper_find(
    const tensor_file *file, const char *name, int rank, const int64_t *dim, whisper_tensor *out, smac_error *error);
/* Rows from first on as float32. */
void whisper_read(const whisper_tensor *t, int64_t first_row, int64_t rows, float *out);
/* Both: the whole tensor into out. */
smac_status whisper_load(
    const tensor_file *file, const char *name, int rank, const int64_t *dim, float *out, smac_error *error);

#endif
