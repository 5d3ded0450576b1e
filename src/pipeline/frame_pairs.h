/* pipeline/frame_pairs.h - sampled frames to clips of two frames, or of one (media/clips.h); for the clip encoder alone. */
#ifndef SMAC_PIPELINE_FRAME_PAIRS_H
#define SMAC_PIPELINE_FRAME_PAIRS_H

#include "media/clips.h"

typedef struct frame_pairs_form {
    int64_t pictures; /* of a clip: 2, or 1: the first of the two that exists */
    int64_t crops;
    size_t bytes; /* of one frame of one crop */
} frame_pairs_form;

typedef struct frame_pairs {
    clip_timing timing;
    int64_t pictures, crops;
    size_t bytes;
    uint8_t *held;  /* (crops, frame): the frame that waits for the one after it */
    uint8_t *pair;  /* (crops, pictures, frame): the clip that was made */
    int64_t frame;  /* index of the held frame; -1: none */
    int64_t given;  /* pictures 1: the clip that was given last; -1: none */
    bool is_paired; /* it is the second frame of a clip that was given (step 1) */
} frame_pairs;

bool frame_pairs_new(frame_pairs *p, const clip_timing *timing, frame_pairs_form form); /* false: no memory */
void frame_pairs_free(frame_pairs *p);

/*
 * Frame `index` (crops, frame) arrives.  true: *clip was completed by it and p->pair holds it.  Indices grow; call
 * frame_pairs_pass with the same index first.
 */
bool frame_pairs_add(frame_pairs *p, int64_t index, const void *frame, int64_t *clip);
/*
 * No frame before `index` will come any more.  true: the held frame stays alone, and *clip is the clip that repeats it.
 */
bool frame_pairs_pass(frame_pairs *p, int64_t index, int64_t *clip);
/* The smallest clip that may still come when the next frame is at least `index`. */
int64_t frame_pairs_reached(const frame_pairs *p, int64_t index);

#endif
