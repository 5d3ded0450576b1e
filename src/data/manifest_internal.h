/* data/manifest_internal.h - what the files of the manifest's reader share. */
#ifndef SMAC_DATA_MANIFEST_INTERNAL_H
#define SMAC_DATA_MANIFEST_INTERNAL_H

#include <jansson.h>

#include "data/set_reading.h"
#include "weights/tensor_file.h"

typedef struct manifest_line {
    json_t *object;
    int64_t number; /* in the file, from 1 */
} manifest_line;

/* A file of tensors that clips' features are in, open until the end. */
typedef struct feature_file {
    char *path;
    tensor_file *file;
} feature_file;

typedef struct manifest_reading {
    set_reading set;
    manifest_line *lines;
    size_t count, capacity;
    feature_file *files;
    size_t file_count, file_capacity;
} manifest_reading;

/* "features" of a clip's line into the item: by modality a list of vectors, or {"file": PATH, "tensor": NAME}. */
smac_status manifest_read_features(manifest_reading *g, const manifest_line *line, dataset_item *item);
void manifest_close_features(manifest_reading *g);

#endif
