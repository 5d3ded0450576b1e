/*
 * media/frame_sampler.h - frames at fixed sampling times, out of pictures that are fed with the time span in which each
 * is on show.
 *
 * With rate r the k-th sampling time is (k + 0.5) / r: 0.25 s, 0.75 s, 1.25 s, ... at 2 frames a second (docs/method.md,
 * section 1).  The frame at a sampling time is the picture on show then, so variable frame rates are sampled by time.
 * Where no picture is on show (before the first, after the last, in a hole) there is no frame and its index is passed
 * over.  When all pictures together cover no sampling time (a still, a very short video), the last one gives one frame.
 */
#ifndef SMAC_MEDIA_FRAME_SAMPLER_H
#define SMAC_MEDIA_FRAME_SAMPLER_H

#include "media/resize.h"

typedef struct frame_form {
    double rate;                 /* frames a second */
    int size;                    /* S, pixels of the square */
    picture_preparation prepare; /* see media/resize.h */
    int crops;                   /* 1 (centre) or 3 (left, middle, right; top, middle, bottom when tall) */
} frame_form;

/* When a picture is on show. */
typedef struct picture_span {
    double from, until; /* seconds, from <= until */
    bool last;          /* no other picture follows */
} picture_span;

typedef struct sampled_frame {
    int64_t index;       /* k; grows, with holes where nothing is on show */
    double time;         /* the sampling time */
    double shown_from;   /* of the picture */
    const uint8_t *rgb;  /* PREPARE_STILL: (crops, S, S, 3); NULL with PREPARE_VIDEO */
    const float *values; /* PREPARE_VIDEO: (crops, 3, S, S) in [0, 1]; NULL with PREPARE_STILL */
    bool black;          /* nothing is to be seen on it */
} sampled_frame;

typedef struct frame_sampler frame_sampler;

/* Errors: ARGUMENT (0.01 to 1000 frames a second, 1 to 4096 pixels, 1 or 3 crops), MEMORY. */
smac_status frame_sampler_new(const frame_form *form, frame_sampler **out, smac_error *error);
void frame_sampler_free(frame_sampler *s); /* NULL is fine */

/* Whether a picture with this span gives a frame: others need not be converted and fed. */
bool frame_sampler_wants(const frame_sampler *s, const picture_span *span);
/* The next picture; spans follow each other in time.  It is prepared at once and need not stay. */
smac_status frame_sampler_feed(frame_sampler *s, const picture *shown, const picture_span *span, smac_error *error);
/* The next frame of the picture that was fed last; its pointers hold until the next feed.  false: none is left. */
bool frame_sampler_next(frame_sampler *s, sampled_frame *out);

double frame_sampling_time(int64_t index, double rate);
/* The first k whose sampling time is not before time (0 for a negative time). */
int64_t frame_first_at(double time, double rate);

#endif
