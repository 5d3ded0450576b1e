/*
 * objectives/label_internal.h - what the files of the label generation share: the ways to suggest a label for every
 * sample of a bank from the other samples' truth.  Not for other rooms.
 *
 * A bank_view is a bank without the samples that were never written: count vectors, centred on their mean, and their
 * truth.  suggestions (count, targets) is filled by each.
 */
#ifndef SMAC_OBJECTIVES_LABEL_INTERNAL_H
#define SMAC_OBJECTIVES_LABEL_INTERNAL_H

#include "objectives/label_generation.h"

typedef struct bank_view {
    int64_t count, width;
    int targets;
    float *vectors;        /* (count, width), centred */
    float *truth;          /* (count, targets) */
    int64_t *samples;      /* (count) indices into the training set */
    const int32_t *groups; /* (N) by training sample, or NULL */
} bank_view;

/* How many neighbours: k, at most a share of the bank, at least 1, at most all the others; 0 for fewer than two. */
int64_t neighbour_count(const label_generation_options *o, int64_t count);

/*
 * The k nearest others of each row in rows (row_count indices, or NULL: all of the view): cosine, or Euclidean where
 * options say so; ties go to the smaller index.  indices and similarities (row_count, k), nearest first.  Euclidean
 * similarities are -distance / (root mean square distance of two vectors), so that the temperature has no unit.
 */
smac_status neighbours_find(const bank_view *view, const label_generation_options *o, const int64_t *rows,
    int64_t row_count, int64_t k, int64_t *indices, float *similarities, smac_error *error);

smac_status neighbours_suggest(
    const bank_view *view, const label_generation_options *o, float *suggestions, smac_error *error);

/* Ridge regression of the truth on the vectors, each fold predicted by the other folds; clipped to the labels' range,
 * or projected to the simplex by dropping what is negative. */
smac_status held_out_suggest(
    const bank_view *view, const label_generation_options *o, float *suggestions, smac_error *error);

/*
 * The mix by clip.  The distances |suggestion - truth| are seen as a mixture of two half-normal distributions: clips
 * in accord (narrow) and clips where the modality says something else (wide); lambda_i = lambda + (1 - lambda) P(wide |
 * distance_i).  mixes (count).
 */
void clipwise_mix(const bank_view *view, double mix, const float *suggestions, double *mixes);

#endif
