/*
 * objectives/label_internal.h - what the files of the label generation share: its structs, and the ways to suggest a
 * label for every sample of a bank from the other samples' truth.  Not for other modules.
 *
 * A bank_view is a kind of the bank without the samples that were never written or have no label of the task: count
 * vectors, centred on their mean, and their truth.  suggestions (count, targets) is filled by each way.
 */
#ifndef SMAC_OBJECTIVES_LABEL_INTERNAL_H
#define SMAC_OBJECTIVES_LABEL_INTERNAL_H

#include "objectives/label_generation.h"

struct label_bank {
    int64_t samples, width;
    float *vectors[LABEL_BANKS];   /* (N, D); NULL where the rule needs none */
    uint8_t *written[LABEL_BANKS]; /* (N) */
};

struct label_generation {
    label_generation_options options;
    const label_bank *bank;
    float *truth;                              /* (N, targets) */
    uint8_t *have;                             /* (N) */
    int32_t *groups;                           /* (N) or NULL */
    float *label[MODALITIES_AND_SHARED];       /* (N, targets) */
    float *suggestion[MODALITIES_AND_SHARED];  /* (N, targets) */
    double reliability[MODALITIES_AND_SHARED]; /* 0 to 1 */
};

typedef struct bank_view {
    int64_t count, width;
    int targets;
    float *vectors;        /* (count, width), centred */
    float *truth;          /* (count, targets) */
    int64_t *samples;      /* (count) indices into the training set */
    const int32_t *groups; /* (N) by training sample, or NULL */
} bank_view;

smac_status bank_view_make(const label_generation *g, int kind, bank_view *view, smac_error *error);
void bank_view_free(bank_view *view);

/* y within the label range, or within 0 to 1 for a class's weight. */
float label_clamp(const label_generation_options *o, double y);

/* How many neighbours: k, at most a share of the bank, at least 1, at most all the others; 0 for fewer than two. */
int64_t neighbour_count(const label_generation_options *o, int64_t count);

/*
 * The k nearest others of each row in rows (row_count indices, or NULL: all of the view): cosine, or Euclidean where
 * options say so; ties go to the smaller index.  indices and similarities (row_count, k), nearest first.  Euclidean
 * similarities are -distance / (root mean square distance of two vectors), so that the temperature has no unit.
 */
typedef struct neighbour_rows {
    const int64_t *rows;
    int64_t count, k;
} neighbour_rows;
smac_status neighbours_find(const bank_view *view, const label_generation_options *o, const neighbour_rows *wanted,
    int64_t *indices, float *similarities, smac_error *error);

smac_status neighbours_suggest(
    const bank_view *view, const label_generation_options *o, float *suggestions, smac_error *error);

/* Ridge regression of the truth on the vectors, each fold predicted by the other folds; clipped to the labels' range,
 * or made a distribution by raising what is under 1e-6. */
smac_status held_out_suggest(
    const bank_view *view, const label_generation_options *o, float *suggestions, smac_error *error);

/*
 * The fold of each sample of the view, and how many there are (at least 2 where the view has two samples).  Groups are
 * dealt to the folds in an order by hash, each to the fold with the fewest samples so far, so that no fold holds all; a
 * view of one group alone is dealt by sample.  folds (count).
 */
smac_status held_out_folds(
    const bank_view *view, const label_generation_options *o, int64_t *folds, int64_t *fold_count, smac_error *error);

/*
 * The mix by clip.  The distances |suggestion - truth| are seen as a mixture of two half-normal distributions: clips
 * in accord (narrow) and clips where the modality says something else (wide); lambda_i = lambda + (1 - lambda) P(wide |
 * distance_i).  mixes (count).
 */
void clipwise_mix(const bank_view *view, double mix, const float *suggestions, double *mixes);

/* Self-MM's rule: next and suggestion (N, targets) of every target. */
smac_status self_mm_renew(const label_generation *g, int64_t epoch, float *next[MODALITIES_AND_SHARED],
    float *suggestion[MODALITIES_AND_SHARED], smac_error *error);

#endif
