/* weights/tensor_file_internal.h - what the readers of one kind each fill in. */
#ifndef SMAC_WEIGHTS_TENSOR_FILE_INTERNAL_H
#define SMAC_WEIGHTS_TENSOR_FILE_INTERNAL_H

#include "base/memory.h"
#include "weights/tensor_file.h"

struct tensor_file {
    const char *kind;
    arena *memory;         /* names, metadata, converted data */
    tensor_entry *entries; /* malloc */
    size_t count, capacity;
    size_t *by_name;       /* indices sorted by name, made by tensor_file_index */
    const char **metadata; /* key, value, key, value... in the arena's texts; malloc */
    size_t metadata_count, metadata_capacity;
    mapped_file *maps; /* malloc */
    size_t map_count, map_capacity;
};

tensor_file *tensor_file_new(const char *kind);
bool tensor_file_add(tensor_file *file, const tensor_entry *entry); /* the name is copied */
bool tensor_file_add_metadata(tensor_file *file, const char *key, const char *value);
bool tensor_file_add_map(tensor_file *file, mapped_file map);
/* Sort by name; a name twice is an error. */
smac_status tensor_file_index(tensor_file *file, const char *source, smac_error *error);
/* product of the dimensions with checks against negative and overflow */
bool tensor_count(int rank, const int64_t *dim, int64_t *out);

/* Readers by kind: each adds its entries to file; data lives as long as file. */
smac_status safetensors_read_into(
    tensor_file *file, const uint8_t *data, size_t size, const char *name, smac_error *error);
smac_status pytorch_read_into(
    tensor_file *file, const uint8_t *data, size_t size, const char *source, smac_error *error);
smac_status ctranslate2_read_into(
    tensor_file *file, const uint8_t *data, size_t size, const char *source, smac_error *error);
bool ctranslate2_recognises(const uint8_t *data, size_t size);

/* The reader that the bytes ask for. */
smac_status tensor_file_read_into(
    tensor_file *file, const uint8_t *data, size_t size, const char *source, smac_error *error);

#endif
