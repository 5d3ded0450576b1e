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

/* Which samples belong together: kernel (B, B) with a zero diagonal. */
typedef enum contrast_kernel {
    CONTRAST_KERNEL_SOFT,   /* scores: exp(-(y_i - y_j)^2 / (2 sigma^2)); distributions: y_i . y_j (equal classes: 1) */
    CONTRAST_KERNEL_ROUNDED /* scores: equal after rounding half to even (ConFEDE); distributions: same largest class */
} contrast_kernel;
/* target (B, targets); valid (B) or NULL: 0 takes a sample out altogether.  Writes kernel (B, B). */
void contrast_kernel_fill(contrast_kernel kind, bool classes, int64_t batch, int targets, const float *target,
    const uint8_t *valid, float sigma, float *kernel);

/*
 * z (B, P), not normalised yet; kernel (B, B) as above, kept until the backward pass; valid (B) or NULL.
 *   L = mean over anchors i with sum_j k_ij > 0 of -sum_j k_ij / sum k_i log(e^{z_i.z_j/tau} / sum_{l != i} e^{z_i.z_l/tau})
 * With zeros and ones in the kernel it is SupCon (Khosla and others 2020, L_out).  floor (may be NULL): the mean entropy of
 * the kernel's rows, which is the least value that L can have.
 */
value *inter_contrast(tape *t, value *z, const float *kernel, const uint8_t *valid, float tau, double *floor);

/*
 * Rank-N-Contrast (Zha and others 2023) on z (B, P) as it is: similarity -|z_i - z_j|/tau; for anchor i and every j the
 * denominator holds all k whose label is at least as far from y_i as y_j's.  Distance of labels: |y_i - y_j| (scores),
 * half the L1 distance (distributions).
 */
value *rank_contrast(
    tape *t, value *z, bool classes, int targets, const float *target, const uint8_t *valid, float tau);

#endif
