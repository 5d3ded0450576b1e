/* data/mmsa_export.h - vectors of clips as an MMSA feature pickle: `semanticmac data export --format mmsa-pkl`. */
#ifndef SMAC_DATA_MMSA_EXPORT_H
#define SMAC_DATA_MMSA_EXPORT_H

#include "data/cache.h"

typedef struct mmsa_export_result {
    int64_t clips;
    int64_t cut;               /* clips' sequences that were longer than the length asked for */
    int64_t steps[MODALITIES]; /* padded length; 0: nobody has vectors of this modality */
    int64_t width[MODALITIES];
} mmsa_export_result;

/*
 * Write the usable clips of the cache to path: pickle protocol 4, readable by NumPy 1 and 2, whole or not at all.  "train",
 * "valid" and "test" each hold id, raw_text, annotations, text, audio and vision (float32, clips x steps x width, zeros after
 * the end; crops are averaged), their lengths, classification_labels, and of the first task with scores regression_labels
 * and, where there are any, the modalities' own _T, _A, _V (NaN: none).  length: steps of every modality, 0: the longest.
 * Errors: ARGUMENT (no clip has vectors), MISMATCH (widths differ), FORMAT (vectors that are not finite), IO, MEMORY.
 */
smac_status mmsa_export(
    const sample_cache *cache, int64_t length, const char *path, mmsa_export_result *result, smac_error *error);

#endif
