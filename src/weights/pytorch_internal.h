/* weights/pytorch_internal.h - between PyTorch's two forms of file: archives (pytorch.c) and what was before them. */
#ifndef SMAC_WEIGHTS_PYTORCH_INTERNAL_H
#define SMAC_WEIGHTS_PYTORCH_INTERNAL_H

#include "weights/pickle.h"

typedef struct pytorch_storage {
    const char *key;
    const uint8_t *data; /* in the file, at any address */
    size_t bytes;
} pytorch_storage;

/* Does a file of PyTorch before 1.6 (torch.save without an archive) begin so? */
bool pytorch_old_recognises(const uint8_t *data, size_t size);
/* Such a file: the pickled object, and its storages sorted by key; all lives in an arena and points into the file. */
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
