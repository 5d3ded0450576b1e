/*
 * data/stored_vectors.h - the feature store as the cache of clips uses it: which modalities of a model can be stored (the
 * encoder came from a file, and is frozen whole or in its first blocks), under which description, and a clip's vectors, or
 * the states of these blocks, in and out.
 */
#ifndef SMAC_DATA_STORED_VECTORS_H
#define SMAC_DATA_STORED_VECTORS_H

#include "data/dataset.h"
#include "data/feature_store.h"

struct affect_model; /* pipeline/affect_model.h */

typedef struct stored_vectors {
    feature_store *of[MODALITIES]; /* NULL: not stored */
    bool front[MODALITIES];        /* stored are the states of a partly trained encoder's frozen blocks: sample.front */
    feature_store *frames;         /* pictures themselves, prepared, in place of their vectors; NULL: not stored */
    int64_t read, written;         /* clips' modalities taken from the store and put into it */
} stored_vectors;

/*
 * Open the stores of the model's frozen encoders, and those of the frozen blocks of the modalities in front, in folder
 * (NULL: feature_store_folder's).  A folder that cannot be used is a warning and no store.
 */
void stored_vectors_open(stored_vectors *v, const struct affect_model *model, const bool front[MODALITIES],
    const char *folder, const reporter *r);
/* The same for the pictures of clips, as the model's encoder reads them, so that augmentation need not decode. */
void stored_frames_open(stored_vectors *v, const struct affect_model *model, const char *folder, const reporter *r);
void stored_vectors_close(stored_vectors *v);

/*
 * Take what the store has of the item for the modalities that are wanted: done[m] is set where it was there (then the
 * sample has the vectors, or the modality is known to be absent from the medium).  May be called by several threads.
 */
smac_status stored_vectors_take(stored_vectors *v, const dataset_item *item, const bool wanted[MODALITIES],
    bool done[MODALITIES], sample *out, smac_error *error);
/* Put the vectors that the sample has now for the modalities in made; one that is absent is remembered as such. */
smac_status stored_vectors_put(
    stored_vectors *v, const dataset_item *item, const bool made[MODALITIES], const sample *x, smac_error *error);

/* The same with the pictures themselves: *done, and out has them, or is known to have none. */
smac_status stored_frames_take(stored_vectors *v, const struct affect_model *model, const dataset_item *item,
    sample *out, bool *done, smac_error *error);
smac_status stored_frames_put(
    stored_vectors *v, const struct affect_model *model, const dataset_item *item, const sample *x, smac_error *error);

#endif
