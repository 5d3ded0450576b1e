/*
 * data/feature_store.h - vectors of frozen encoders on disk, computed once for each clip and shared by all runs.
 *
 * A store is a folder.  Vectors that were made in one way (the same encoder weights, the same preparation) are in one
 * file, vectors-XXXXXXXXXXXXXXXX.store, named by the first 16 digits of the SHA-256 of a description of that way.  The
 * file begins with the description; then follow records, one a clip, appended in the order in which they were made.
 * Several processes may fill one file at once (each append holds a lock); a record that a killed process left half
 * written is cut off by the next append, and every record has a digest that is checked when it is read.
 *
 *   feature_store *store;
 *   TRY(feature_store_open(folder, description, &store, error));
 *   TRY(feature_store_get(store, &key, &vectors, &found, error));
 *   if (!found)
 *       ... compute, then TRY(feature_store_put(store, &key, &vectors, error));
 *   feature_store_close(store);
 */
#ifndef SMAC_DATA_FEATURE_STORE_H
#define SMAC_DATA_FEATURE_STORE_H

#include "pipeline/sample.h"

typedef struct feature_store feature_store;

/* Which stretch of which medium. */
typedef struct feature_key {
    char media[65];    /* SHA-256 of the media file, or of the text */
    double start, end; /* seconds; end 0: to the end */
} feature_key;

/*
 * Open (or begin) the file for vectors made as description says: any text; it must name everything that changes the
 * vectors (modality, digest of the encoder's weights, precision, sampling, picture and filter bank sizes).
 * Errors: IO (the folder cannot be made or written), FORMAT (a file of that name that is not a store, or that was made by
 * another description), MEMORY.  Close with feature_store_close.  A store may be used by several threads.
 */
smac_status feature_store_open(const char *folder, const char *description, feature_store **out, smac_error *error);
void feature_store_close(feature_store *s);

/*
 * *found tells whether the store has the vectors; then out->data (steps, crops, width) is the caller's: free() it.
 * A record whose digest is wrong is treated as missing, and counted.
 */
smac_status feature_store_get(
    feature_store *s, const feature_key *key, feature_sequence *out, bool *found, smac_error *error);
/* Append; a key that is there already is fine (the later record counts).  IO: a full disk; nothing half-written counts. */
smac_status feature_store_put(
    feature_store *s, const feature_key *key, const feature_sequence *vectors, smac_error *error);

int64_t feature_store_count(const feature_store *s); /* records that this process knows */
int64_t feature_store_damaged(
    const feature_store *s); /* records that were passed over because their digest was wrong */

/*
 * The SHA-256 of media files, remembered in the store's folder by path, size and time of change, so that unchanged files
 * are read once.  out: 64 digits and a NUL.
 */
smac_status feature_store_digest(feature_store *s, const char *path, char out[65], smac_error *error);

/* $SEMANTICMAC_STORE, else $XDG_CACHE_HOME/semanticmac/vectors, else ~/.cache/semanticmac/vectors; free().  NOT_FOUND
 * when none of the variables is set. */
smac_status feature_store_folder(char **out, smac_error *error);

#endif
