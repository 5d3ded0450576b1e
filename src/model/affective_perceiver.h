/*
 * model/affective_perceiver.h - from a sequence of encoder vectors of any length to the trunk's tokens H.
 *
 * Audio and vision (docs/method.md, section 2): X[s,c] = W E[s,c] + time[s] + crop[c], flattened; learned latents Z,
 * and in each layer Z <- Z + MHA(LN Z, [LN X | LN Z]), Z <- Z + FFN(Z); H = LN(Z), (B, latents, D) for every length of
 * video.  With mean pooling in its place (perceiver.pooling = mean): H = LN(mean of X), (B, 1, D).
 * Text: H = LN(W E), masked, (B, L, D).
 * A missing modality is one learned vector in place of its tokens X.
 * A modality may have several inputs, vectors of different encoders and widths; each has its own projection W, and all
 * else is shared.
 */
#ifndef SMAC_MODEL_AFFECTIVE_PERCEIVER_H
#define SMAC_MODEL_AFFECTIVE_PERCEIVER_H

#include "model/configuration.h"
#include "nn/layers.h"

enum { PERCEIVER_INPUTS_MAX = 9 };

/* The vectors of one modality for a batch. */
typedef struct semantic_sequence {
    value *vectors;         /* text (B, L, E); audio, vision (B, S, C, E); finite everywhere, also where masked out;
                               NULL: no sample of the batch has this modality */
    const uint8_t *mask;    /* (B, L) or (B, S), 1 for a position that counts; NULL: all count */
    const uint8_t *present; /* (B), 0: this sample lacks the modality; NULL: all have it */
    int input;              /* which of the modality's inputs the vectors are for */
    const struct semantic_sequence *next; /* the samples whose vectors are for another input; NULL: none */
} semantic_sequence;

/* The trunk's tokens of one modality. */
typedef struct semantic_tokens {
    value *tokens;          /* H (B, T, D) */
    const uint8_t *mask;    /* (B, T), never NULL; at least one position of each sample counts */
    const uint8_t *present; /* (B), never NULL: given as present, and with at least one position that counts */
} semantic_tokens;

typedef struct perceiver_layer {
    layer_norm latent_norm, context_norm;
    attention attention;
    feed_forward feed_forward;
} perceiver_layer;

typedef struct affective_perceiver {
    linear project[PERCEIVER_INPUTS_MAX]; /* W (D, E) of each input, without bias */
    int inputs;
    parameter *time;    /* (max_clips, D); NULL for text */
    parameter *crop;    /* (crops, D); NULL for text */
    parameter *latents; /* (latents, D); NULL for text and for mean pooling */
    parameter *missing; /* (D) */
    perceiver_layer *layers;
    int layer_count;
    layer_norm norm;
    pooling_kind pooling;
    bool text;
    int64_t width, max_clips, crops;
} affective_perceiver;

/* What a perceiver is made for. */
typedef struct perceiver_sizes {
    bool text;
    int inputs;                          /* at least 1 */
    int64_t width[PERCEIVER_INPUTS_MAX]; /* E of each */
    int64_t crops;                       /* a clip, at most; ignored for text */
} perceiver_sizes;

/*
 * Parameters under prefix: "PREFIX.project.weight" (further inputs: "PREFIX.project_2.weight", ...), ".time", ".crop", ".latents", ".missing",
 * ".layers.I.{latent_norm,context_norm,attention,feed_forward}...", ".norm".  The layers' array is the
 * perceiver's: free it with affective_perceiver_clear (the parameters belong to the store).
 */
smac_status affective_perceiver_add(parameter_store *s, const char *prefix, const configuration *c,
    const perceiver_sizes *sizes, affective_perceiver *p, smac_error *error);
void affective_perceiver_clear(affective_perceiver *p);

/*
 * H of a batch of B samples.  Videos of more than max_clips clips are subsampled: of the n clips up to the last one
 * that counts those at floor(i n / max_clips), i < max_clips, whatever the batch's padding.  Errors stick to the tape
 * (the tokens are then NULL).
 */
semantic_tokens affective_perceiver_forward(
    tape *t, const affective_perceiver *p, int64_t batch, const semantic_sequence *sequence);

#endif
