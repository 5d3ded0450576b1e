/*
 * data/mmsa_features.h - MMSA's feature pickles: {train, valid, test: {id, raw_text, audio, vision, text, audio_lengths,
 * vision_lengths, regression_labels(_T, _A, _V), ...}}, arrays (N, steps, width) of float16, float32 or float64, written by
 * NumPy 1 or 2 with protocols 2 to 5.
 */
#ifndef SMAC_DATA_MMSA_FEATURES_H
#define SMAC_DATA_MMSA_FEATURES_H

#include "data/readers.h"

/*
 * Give the clips of d the vectors that the pickle has for their ids (without the steps after audio_lengths and
 * vision_lengths, as float32).  wanted: which modalities.  Values that are not finite become 0, with a warning that counts
 * them.  Clips that the pickle lacks keep none, with a warning; MISMATCH when it has none of them.
 */
smac_status mmsa_features_attach(
    dataset *d, const char *path, const bool wanted[MODALITIES], const reporter *r, smac_error *error);

/*
 * A whole set from a pickle alone: ids, words (raw_text), labels and vectors.  Of the words the vectors ("text") are taken
 * where there is no raw_text.
 */
smac_status dataset_read_mmsa_pickle(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);

#endif
