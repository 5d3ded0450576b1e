/*
 * weights/safetensors.h - the safetensors format: u64 length of a JSON header, the header (name -> dtype, shape,
 * data_offsets; "__metadata__" -> texts), the data.  Reading goes through tensor_file.h; this is the reader for bytes
 * in memory (tests, fuzzing) and the writer.
 */
#ifndef SMAC_WEIGHTS_SAFETENSORS_H
#define SMAC_WEIGHTS_SAFETENSORS_H

#include "weights/tensor_file.h"

/* data must outlive the result.  Refused: a header that is truncated, oversized, not JSON, has a name twice, offsets
 * that overlap, leave gaps, run backwards or outside, shapes that do not fit their bytes, or unknown types. */
smac_status safetensors_parse(const uint8_t *data, size_t size, const char *name, tensor_file **out, smac_error *error);

typedef struct safetensors_pair {
    const char *key, *value;
} safetensors_pair;

/*
 * Write tensors (entry->name, type, rank, dim, data) and metadata to path, completely or not at all (base/file.h).
 * Tensors are laid out in the order given, each aligned to 64 bytes in the file by the header's padding and to its own
 * size after it.
 */
smac_status safetensors_write(const char *path, const tensor_entry *entries, size_t count,
    const safetensors_pair *metadata, size_t metadata_count, smac_error *error);

/* Writes the entries[index].bytes bytes of a tensor to file; a short write is noticed at the end. */
typedef smac_status (*tensor_source)(void *user, size_t index, FILE *file, smac_error *error);

typedef struct safetensors_contents {
    const tensor_entry *entries;
    size_t count;
    const safetensors_pair *metadata;
    size_t metadata_count;
    tensor_source source; /* NULL: the entries' data are written; else they are not read */
    void *user;           /* for source */
} safetensors_contents;

/* The same, also for tensors that are made as they are written. */
smac_status safetensors_write_contents(const char *path, const safetensors_contents *contents, smac_error *error);

#endif
