/*
 * data/media_digests.h - SHA-256 of media files, remembered by path, size and time of change in FOLDER/digests.tsv, so
 * that a file that did not change is read once.  Several processes may add to it at once.
 */
#ifndef SMAC_DATA_MEDIA_DIGESTS_H
#define SMAC_DATA_MEDIA_DIGESTS_H

#include "base/error.h"

typedef struct media_digests media_digests;

media_digests *media_digests_new(const char *folder); /* NULL: memory is short.  The file is read at the first use */
void media_digests_free(media_digests *d);

/* out: 64 digits and a NUL.  May be called by several threads.  Errors: NOT_FOUND, IO (of the file itself), MEMORY. */
smac_status media_digests_get(media_digests *d, const char *path, char out[65], smac_error *error);

#endif
