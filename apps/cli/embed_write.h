/* apps/cli/embed_write.h - rows of vectors, and writing them as text, npy or safetensors. */
#ifndef SMAC_APPS_EMBED_WRITE_H
#define SMAC_APPS_EMBED_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "semanticmac/error.h"

/* The vectors of one file. */
typedef struct vector_rows {
    const char *name; /* borrowed */
    float *data;      /* (rows, width) */
    int64_t rows, width;
    int64_t *lengths; /* of each group of rows (the tokens of a line), or NULL */
    size_t groups, capacity, group_capacity;
} vector_rows;

void vector_rows_clear(vector_rows *v);
/* Copies rows; group: they belong together. */
smac_status vector_rows_add(
    vector_rows *v, const float *rows, int64_t count, int64_t width, bool group, smac_error *error);
smac_status vector_rows_add_zeros(vector_rows *v, int64_t width, smac_error *error); /* one row */
/* One row: the mean of rows, made one long (L2, norm at least 1e-12). */
smac_status vector_rows_add_mean(vector_rows *v, const float *rows, int64_t count, int64_t width, smac_error *error);

/* By output's ending; NULL or "-": text on standard output.  Whole or not at all. */
smac_status vector_rows_write(const vector_rows *files, size_t count, const char *output, smac_error *error);

#endif
