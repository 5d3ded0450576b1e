/*
 * objectives/contrastive.h - semantic-centric contrastive learning (docs/method.md, section 6), as operations of the
 * tape with gradients of their own.
 */
#ifndef SMAC_OBJECTIVES_CONTRASTIVE_H
#define SMAC_OBJECTIVES_CONTRASTIVE_H

#include "autograd/ops.h"
#include "base/modality.h"

enum { CONTRAST_CENTRE_FROM = 8 }; /* fewer samples of a kind are not centred */

typedef struct intra_contrast_options {
    float tau;            /* 0.5 */
    bool centre;          /* each kind of vector on its mean over the batch, with gradient */
    bool cross_negatives; /* other samples' shared vectors are negatives too */
} intra_contrast_options;

/*
 * Vectors within a sample: shared ones of different modalities attract each other, and repel the specific ones, which
 * repel each other.  shared[u], specific[u]: (B, P) projections, NULL where the model lacks the modality; present[u]
 * (B) or NULL: all present.  Each kind is centred over the samples that have it, then L2-normalised.
 *   L = mean over samples and their positive pairs of -log(e^{s+/tau} / (e^{s+/tau} + sum over negatives e^{s-/tau}))
 * Pairs that need a missing modality drop out; a sample with fewer than two modalities has no part.  A scalar; a zero
 * without gradient when no pair is left.  pairs: how many positive pairs there were (may be NULL).
 */
value *intra_contrast(tape *t, value *const shared[MODALITIES], value *const specific[MODALITIES],
    const uint8_t *const present[MODALITIES], const intra_contrast_options *options, int64_t *pairs);

/* The labels of one task in a batch of B samples. */
typedef struct contrast_labels {
    bool classes; /* distributions over targets classes; else scores, targets 1 */
    int targets;
    const float *target;  /* (B, targets) */
    const uint8_t *valid; /* (B) or NULL: 0 for a sample without a label of the task */
    float sigma;          /* width of the label kernel, of scores */
} contrast_labels;

/*
 * Which samples belong together: a kernel (B, B), 0 to 1, with a zero diagonal.  Negative: the two are not compared at
 * all, since they have no task in common.
 */
typedef enum contrast_kernel {
    CONTRAST_KERNEL_SOFT,   /* scores: exp(-(y_i - y_j)^2 / (2 sigma^2)); distributions: y_i . y_j (equal classes: 1) */
    CONTRAST_KERNEL_ROUNDED /* scores: equal after rounding half to even (ConFEDE); distributions: same largest class */
} contrast_kernel;
void contrast_kernel_fill(contrast_kernel kind, int64_t batch, const contrast_labels *labels, float *kernel);
/* Of several tasks: the mean, weighted by weights (count), of the kernels of the tasks that two samples have in common. */
void contrast_kernel_join(
    contrast_kernel kind, int64_t batch, const contrast_labels *tasks, const float *weights, int count, float *kernel);

/*
 * z (B, P), not normalised yet; kernel (B, B) as above, kept until the backward pass.
 *   L = mean over anchors i with sum_j k_ij > 0 of -sum_j k_ij / sum k_i log(e^{z_i.z_j/tau} / sum_l e^{z_i.z_l/tau})
 * where j and l run over the samples that i is compared with.  With zeros and ones in the kernel it is SupCon (Khosla and
 * others 2020, L_out).  floor (may be NULL): the mean entropy of the kernel's rows, which is the least value that L can
 * have.
 */
value *inter_contrast(tape *t, value *z, const float *kernel, float tau, double *floor);

/*
 * Rank-N-Contrast (Zha and others 2023) on z (B, P) as it is: similarity -|z_i - z_j|/tau; for anchor i and every j the
 * denominator holds all k whose label is at least as far from y_i as y_j's.  Distance of labels: |y_i - y_j| (scores),
 * half the L1 distance (distributions).
 */
value *rank_contrast(tape *t, value *z, const contrast_labels *labels, float tau);

#endif
