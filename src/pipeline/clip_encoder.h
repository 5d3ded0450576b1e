/*
 * pipeline/clip_encoder.h - the one way from pictures and sound to what the model reads: fed with pictures, samples and
 * holes as they come, it gives clips one after another, as raw tensors or as the encoders' vectors.
 *
 * A file, a live session, the training data and `embed` all go this way, so a model sees the same numbers in all of
 * them.  Which frames and which sound make a clip is defined in media/clips.h.  A clip whose frames are all black, or
 * whose sound is digital silence, is not given: there is no face and no voice in it.  With vision.crop face a frame in
 * which no face is found is left out, and so is a clip of such frames alone.
 *
 * Take every clip (clip_encoder_next) after each call that feeds; memory is then bounded: the sound of one window, one
 * pair of frames, and `at_once` clips that wait for the encoder.
 */
#ifndef SMAC_PIPELINE_CLIP_ENCODER_H
#define SMAC_PIPELINE_CLIP_ENCODER_H

#include "base/interrupt.h"
#include "media/clips.h"
#include "media/frame_sampler.h"
#include "pipeline/picture_crop.h"
#include "pipeline/sample.h"

struct affect_model; /* pipeline/affect_model.h */

typedef struct clip_encoder_options {
    const preparation *preparation;
    const struct affect_model *model; /* its encoders give vectors; NULL: raw tensors */
    bool without[MODALITIES];         /* leave a modality out, whatever is fed */
    int64_t at_once;                  /* clips that the encoder takes in one go; 0: 8 */
    bool keep_blank;                  /* give black and silent clips too */
    picture_half half;                /* the half of the pictures that is looked at */
    int face;                         /* a face_choice plus 1; 0: as vision.face says */
    interruption interrupt;           /* asked while encoding */
} clip_encoder_options;

typedef struct clip {
    int modality;      /* MODALITY_AUDIO or MODALITY_VISION */
    int64_t index;     /* grows for each modality, with holes where there is no clip */
    double start, end; /* seconds */
    /* raw, one of them; else NULL */
    const uint8_t *frames; /* (crops, pictures, S, S, 3) bytes, with vision.preparation still */
    const float *pictures; /* (crops, pictures, 3, S, S) normalised, with vision.preparation video */
    const float *mel;      /* (mel_bins, mel_frames) normalised; with parts a window of several clips from index on */
    const sound_part *parts;
    int64_t part_count;
    /* encoded */
    const float *vectors; /* (crops, width), or NULL */
    int64_t crops, width;
} clip;

typedef struct clip_encoder clip_encoder;

/* What is borrowed must outlive it.  Free with clip_encoder_free (NULL is fine). */
smac_status clip_encoder_new(const clip_encoder_options *options, clip_encoder **out, smac_error *error);
void clip_encoder_free(clip_encoder *e);

/* Whether the modality is read at all; what is fed of another is ignored. */
bool clip_encoder_takes(const clip_encoder *e, int modality);

/* Pictures: those that the encoder does not want need not be converted and fed.  Spans follow each other in time. */
bool clip_encoder_wants_picture(const clip_encoder *e, const picture_span *span);
smac_status clip_encoder_feed_picture(
    clip_encoder *e, const picture *shown, const picture_span *span, smac_error *error);
/* Sound, mono at 16 kHz, from the recording's start on; pieces and holes follow each other. */
smac_status clip_encoder_feed_sound(clip_encoder *e, const float *samples, size_t count, smac_error *error);
smac_status clip_encoder_feed_hole(clip_encoder *e, int64_t count, smac_error *error);
/* Encode what waits, without waiting for at_once clips (live input). */
smac_status clip_encoder_flush(clip_encoder *e, smac_error *error);
/* No more of a modality, or of anything, will come: the last clips. */
smac_status clip_encoder_finish_modality(clip_encoder *e, int modality, smac_error *error);
smac_status clip_encoder_finish(clip_encoder *e, smac_error *error);

/* The next clip; its pointers hold until the next call of the encoder.  false: none is ready. */
bool clip_encoder_next(clip_encoder *e, clip *out);

/*
 * Seconds up to which all clips of the modality were made: none whose middle is earlier will come.  They may wait for
 * the encoder; clip_encoder_flush gives them.
 */
double clip_encoder_reached(const clip_encoder *e, int modality);

/* Clips that were left out because nothing is in them (black, silent). */
typedef struct blank_clips {
    int64_t count;
    double first; /* seconds, where the first begins */
} blank_clips;
blank_clips clip_encoder_blank(const clip_encoder *e, int modality);

/* With vision.crop face: what was found in each frame so far, in order of time. */
typedef struct face_sighting {
    double time; /* the sampling time */
    int count;   /* faces in the picture */
    bool found;  /* one of them is followed: the rest is set */
    float score;
    float left, top, right, bottom; /* shares of the picture's width and height */
} face_sighting;
const face_sighting *clip_encoder_faces(const clip_encoder *e, size_t *count);

/* The timing that the configuration asks for; its step is a whole number of frames. */
clip_timing clip_timing_of(const configuration *c);
/* How long a sample is: of the part that was read, or, where vectors came ready, of its longest sequence of clips. */
double sample_seconds(const sample *s, const clip_timing *timing);

#endif
