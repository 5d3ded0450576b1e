/*
 * train/trainer_pairs.h - samples made of several training clips (train.pairs): a clip that lacks modalities gets them from
 * clips with the same label, so that the fused head learns from several modalities although most clips have one.
 *
 * A made sample counts for the task whose label its parts have in common: the fused and the shared head learn the mean of
 * the parts' labels, each modality's head the label of its own part.  With train.unlike, parts of opposite valence make
 * further samples, which count for that task's class alone and teach no modality's head.  What is made is a function of
 * (seed, epoch, place in the epoch).
 */
#ifndef SMAC_TRAIN_TRAINER_PAIRS_H
#define SMAC_TRAIN_TRAINER_PAIRS_H

#include "base/error.h"
#include "base/modality.h"
#include "pipeline/sample.h"

struct training;

typedef struct clip_pairs clip_pairs; /* the clips of each task and modality by label */

/* NULL without train.pairs.  Errors: train.unlike names no class of a task; a note where nothing can be joined. */
smac_status clip_pairs_new(const struct training *t, clip_pairs **out, smac_error *error);
void clip_pairs_free(clip_pairs *p);

typedef struct clip_pair {
    bool made;                /* false: the clip as it is; nothing below is set */
    bool unlike;              /* the parts are of opposite valence */
    int task;                 /* the parts' labels of it agree; unlike: differ */
    int64_t part[MODALITIES]; /* the training clip that gives each modality; -1: absent */
} clip_pair;

/* The sample at a place of the epoch under way, whose clip is there already. */
clip_pair clip_pairs_at(const struct training *t, int64_t place, int64_t clip);
/* Its tensors, borrowed from the parts: never to be cleared. */
void clip_pair_sample(const struct training *t, const clip_pair *pair, sample *out);

/* Of one row of a batch and one task: where its labels go. */
typedef struct pair_labels {
    float *target;                        /* (targets) */
    float *labels[MODALITIES_AND_SHARED]; /* (targets) of each head */
    uint8_t *valid, *fused_only;          /* of the row */
} pair_labels;
void clip_pair_labels(const struct training *t, const clip_pair *pair, int task, const pair_labels *out);

#endif
