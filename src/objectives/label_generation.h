/*
 * objectives/label_generation.h - semantic-centric label generation (docs/method.md, section 5) of one task.
 *
 * For each of N training samples a bank (label_bank.h) holds the vectors of its last training step: text, audio, vision,
 * shared.  For each of these targets a label q starts as the ground truth.  At the end of an epoch the labels are renewed
 * from what the truth of the nearest neighbours says (or a held-out prediction), mixed with the sample's own truth and
 * averaged over epochs.  Same input, same bits, for any number of threads.
 *
 *   label_bank_new, label_generation_new a task -> every step: label_bank_write -> every epoch: label_generation_refresh
 */
#ifndef SMAC_OBJECTIVES_LABEL_GENERATION_H
#define SMAC_OBJECTIVES_LABEL_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/modality.h"
#include "objectives/label_bank.h"

typedef struct label_generation_options {
    int targets;  /* numbers a label has: 1 score, or the number of classes */
    bool classes; /* labels are distributions over targets classes; else scores in [low, high] */
    double low, high;
    label_rule rule;
    bool euclidean;                    /* rank by distance, not by cosine of centred vectors */
    int64_t neighbours;                /* k */
    double neighbour_fraction;         /* k is at most this share of the samples in the bank (and at least 1) */
    double temperature;                /* of the neighbours' softmax */
    double mix[MODALITIES_AND_SHARED]; /* lambda: weight of what the neighbours say */
    bool clipwise;                     /* lambda by sample, see label_clipwise_mix */
    bool momentum;                     /* q <- n/(n+2) q + 2/(n+2) new; else q <- new */
    int64_t start_epoch;               /* the first epoch after which labels change */
    int64_t folds;                     /* of the held-out prediction; fewer where there are fewer groups */
    double ridge;  /* share of the bank's mean variance; 0: chosen by the held-out error of the truth */
    uint64_t seed; /* of the folds */
} label_generation_options;

typedef struct label_generation label_generation;

/*
 * The bank is borrowed.  truth (N, targets), copied; have (N) or NULL, copied: 0 for a sample without a label of this
 * task, which takes no part.  groups (N) or NULL, copied: samples of one group (a speaker) share a fold of the held-out
 * prediction; a negative number is a group of its own.  Errors: sizes, labels out of range or off the simplex, Self-MM
 * with classes.  Free with label_generation_free.
 */
typedef struct label_truth {
    const float *values;   /* (N, targets) */
    const uint8_t *have;   /* (N) or NULL */
    const int32_t *groups; /* (N) or NULL */
} label_truth;
smac_status label_generation_new(const label_generation_options *options, const label_bank *bank,
    const label_truth *truth, label_generation **out, smac_error *error);
void label_generation_free(label_generation *g);
const label_generation_options *label_generation_get_options(const label_generation *g);

/* Put labels in place of the truth: labels (N, targets); have (N) or NULL says which rows to take. */
smac_status label_generation_set(
    label_generation *g, modality target, const float *labels, const uint8_t *have, smac_error *error);

/*
 * How reliable a modality's suggestions are, 0 to 1 (initially 1): lambda is multiplied by it.  Suggestions come from
 * vectors that were trained on the clip's own label, so a modality that has merely memorised its training clips seems to
 * predict them well; its accuracy on validation clips shows the difference.  Set it before each refresh.
 */
void label_generation_set_reliability(label_generation *g, modality target, double reliability);

/* Renew the labels after epoch (counted from 1).  Before start_epoch, and with the fixed rule, nothing happens. */
smac_status label_generation_refresh(label_generation *g, int64_t epoch, const reporter *report, smac_error *error);

/* q of all samples (N, targets); of some of them, gathered into out (count, targets). */
const float *label_generation_labels(const label_generation *g, modality target);
void label_generation_gather(
    const label_generation *g, modality target, const int64_t *samples, int64_t count, float *out);
/* The suggestions of the neighbours (or the held-out prediction) at the last refresh, before mixing (N, targets). */
const float *label_generation_suggestions(const label_generation *g, modality target);
/* Neighbours of sample i by the bank's vectors now: fills indices and similarities (up to limit), returns how many. */
int64_t label_generation_neighbours(
    const label_generation *g, int bank, int64_t sample, int64_t limit, int64_t *indices, float *similarities);

/*
 * The state for checkpoints: named arrays that together are everything that changes.  Write them to a file; to resume,
 * make the same label generation again and copy them back into the same places.
 */
int label_generation_array_count(const label_generation *g);
/* "label.text", "suggestion.text", ... */
label_array label_generation_array_at(const label_generation *g, int index);

#endif
