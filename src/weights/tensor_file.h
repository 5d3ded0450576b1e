/*
 * weights/tensor_file.h - one face over files of named tensors: safetensors (one file, or shards with an index),
 * PyTorch archives, CTranslate2 models.  Files are mapped; a tensor's data points into the mapping (or into a buffer
 * of the reader's) and lives until tensor_file_close.
 */
#ifndef SMAC_WEIGHTS_TENSOR_FILE_H
#define SMAC_WEIGHTS_TENSOR_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"

enum { TENSOR_MAX_RANK = 8 };

typedef enum tensor_type {
    TENSOR_F64,
    TENSOR_F32,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_I64,
    TENSOR_I32,
    TENSOR_I16,
    TENSOR_I8,
    TENSOR_U8,
    TENSOR_BOOL,
    TENSOR_U16,
    TENSOR_U32,
    TENSOR_U64
} tensor_type;

size_t tensor_type_bytes(tensor_type type);
const char *tensor_type_name(tensor_type type); /* "F32", as safetensors spells it */

typedef struct tensor_entry {
    const char *name;
    tensor_type type;
    int rank;
    int64_t dim[TENSOR_MAX_RANK]; /* row-major */
    int64_t count;
    const void *data; /* contiguous, little-endian; alignment is NOT promised: use the converters */
    size_t bytes;
} tensor_entry;

typedef struct tensor_file tensor_file;

/*
 * Open any kind by its content: a file, an index (*.index.json), or a folder that holds model.safetensors,
 * model.safetensors.index.json, pytorch_model.bin(.index.json) or model.bin.  *out is untouched on failure.
 */
smac_status tensor_file_open(const char *path, tensor_file **out, smac_error *error);
void tensor_file_close(tensor_file *file);

size_t tensor_file_count(const tensor_file *file);
const tensor_entry *tensor_file_at(const tensor_file *file, size_t index);       /* in the file's order */
const tensor_entry *tensor_file_find(const tensor_file *file, const char *name); /* NULL when there is none */
const char *tensor_file_kind(const tensor_file *file);                           /* "safetensors", ... */
/* Metadata by key (safetensors' __metadata__, CTranslate2's specification); NULL when there is none. */
const char *tensor_file_metadata(const tensor_file *file, const char *key);
/* keys in turn, NULL at the end */
const char *tensor_file_metadata_key(const tensor_file *file, size_t index);
/*
 * SMAC_ERROR_IO when a file was cut or written to since it was opened: ask before each longer read of a tensor and after
 * the last one.  (base/file.h says what reading a file that is cut in that very moment does.)
 */
smac_status tensor_file_check(const tensor_file *file, smac_error *error);
/*
 * Whom tensor_file_check asks, on the calling thread, whether reading is to stop (SMAC_ERROR_INTERRUPTED).  Gives the one
 * before, for the caller to restore.
 */
interruption tensor_file_interrupt(interruption by);
/* Tell the system that the bytes of this tensor will not be needed again soon (after packing). */
void tensor_file_forget(const tensor_file *file, const tensor_entry *entry);

/* Convert to float32 whatever the type (integers too); out has entry->count floats. */
void tensor_to_f32(const tensor_entry *entry, float *out);
/* Convert elements [first, first+count) alone. */
void tensor_to_f32_part(const tensor_entry *entry, int64_t first, int64_t count, float *out);
/* Integers exactly; an error for a floating type. */
smac_status tensor_to_i64(const tensor_entry *entry, int64_t *out, smac_error *error);
/* "[3, 4]" into out, for messages; gives out. */
const char *tensor_shape_text(int rank, const int64_t *dim, char *out, size_t size);

/* The entry called name with exactly this shape, or an error that names it and both shapes. */
smac_status tensor_file_expect(const tensor_file *file, const char *name, int rank, const int64_t *dim,
    const tensor_entry **out, smac_error *error);

#endif
