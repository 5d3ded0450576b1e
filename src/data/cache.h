/*
 * data/cache.h - the tensors of a dataset's clips, read and prepared once, in parallel, and kept: every epoch uses the
 * same ones.  Where an encoder is frozen whole, its vectors are kept in place of the raw form, and on disk too
 * (data/feature_store.h): the next run neither decodes nor encodes these clips.  Of a partly trained encoder, where asked,
 * what its frozen first blocks give.
 */
#ifndef SMAC_DATA_CACHE_H
#define SMAC_DATA_CACHE_H

#include "data/dataset.h"

struct affect_model; /* pipeline/affect_model.h */

typedef struct sample_cache {
    const dataset *source;
    sample *samples; /* (source->count); an item of another split, or left out, has nothing present */
    uint8_t *usable; /* (source->count) */
    int64_t skipped; /* clips that could not be read and were left out */
    int64_t bytes;   /* memory of all tensors */
    int64_t from_store,
        into_store; /* clips' modalities whose vectors were read from the feature store, and added to it */
} sample_cache;

typedef struct cache_options {
    bool splits[SPLIT_COUNT]; /* which to prepare */
    bool skip_bad;            /* a clip that cannot be read is left out with a warning; else it is an error */
    bool without[MODALITIES];
    bool front[MODALITIES]; /* keep the states of a partly trained encoder's frozen blocks in place of the raw form */
    bool pictures;     /* training clips keep their pictures where their encoder is frozen; the store keeps them too */
    bool no_store;     /* neither read nor fill the feature store */
    const char *store; /* its folder; NULL: feature_store_folder's */
    bool discard;      /* keep no tensors: the store alone is filled */
} cache_options;

/* d and model must outlive the cache.  Progress "reading clips".  Free with sample_cache_free. */
smac_status sample_cache_new(const dataset *d, const struct affect_model *model, const cache_options *options,
    const reporter *r, sample_cache **out, smac_error *error);
void sample_cache_free(sample_cache *c);

#endif
