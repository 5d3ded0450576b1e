/*
 * data/csd_file.h - CMU-MultimodalSDK's computational sequences (.csd): HDF5 files with one entry a video, each with
 * features (n, d) and intervals (n, 2) in seconds.  libhdf5 is used in csd_file.c alone.
 */
#ifndef SMAC_DATA_CSD_FILE_H
#define SMAC_DATA_CSD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct csd_file csd_file;

/* Errors: NOT_FOUND, FORMAT (not HDF5, cut short, no group "data").  Close with csd_close (NULL is fine). */
smac_status csd_open(const char *path, csd_file **out, smac_error *error);
void csd_close(csd_file *f);

const char *csd_name(const csd_file *f);                /* of the sequence: the file's only group */
size_t csd_count(const csd_file *f);                    /* entries */
const char *csd_entry(const csd_file *f, size_t index); /* names, sorted by their bytes */
bool csd_has(const csd_file *f, const char *entry);
bool csd_is_text(const csd_file *f); /* its features are words */

/* One entry.  free() the arrays; words are NULL of numbers, numbers NULL of words. */
typedef struct csd_rows {
    int64_t count, width;
    double *intervals; /* (count, 2) seconds */
    float *numbers;    /* (count, width) */
    char **words;      /* (count) UTF-8 */
} csd_rows;

/* NOT_FOUND: no entry of that name.  FORMAT: shapes that do not fit, with the entry's name. */
smac_status csd_read(const csd_file *f, const char *entry, csd_rows *out, smac_error *error);
void csd_rows_clear(csd_rows *r);

#endif
