/*
 * weights/pytorch_internal.h - shared by PyTorch's two file formats: zip archives (pytorch.c) and the older one
 * (pytorch_old.c).
 */
#ifndef SMAC_WEIGHTS_PYTORCH_INTERNAL_H
#define SMAC_WEIGHTS_PYTORCH_INTERNAL_H

#include "weights/pickle.h"

typedef struct pytorch_storage {
    const char *key;
    const uint8_t *data; /* in the file, at any address */
    size_t bytes;
} pytorch_storage;

/* Whether the data begin as a file of PyTorch before 1.6 does (torch.save without an archive). */
bool pytorch_old_recognises(const uint8_t *data, size_t size);
/*
 * Such a file: the pickled object, and its storages sorted by key; everything is in an arena and points into the file.
 */
typedef struct pytorch_old {
    pickle_value *root;
    pytorch_storage *storages;
    size_t count;
} pytorch_old;

/* Errors: FORMAT for what is cut off or contradicts itself, UNSUPPORTED for big-endian files, MEMORY. */
smac_status pytorch_old_read(
    const uint8_t *data, size_t size, const char *source, arena *memory, pytorch_old *out, smac_error *error);
/* The storage of a key, or NULL. */
const pytorch_storage *pytorch_storage_find(const pytorch_storage *storages, size_t count, const char *key);

#endif
