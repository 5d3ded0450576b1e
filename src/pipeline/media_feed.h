/*
 * pipeline/media_feed.h - a recording's pictures and sound, decoded once and in order, given to whoever takes them: the
 * clip encoder of a training clip, or a session with its speech listener and thumbnails.
 */
#ifndef SMAC_PIPELINE_MEDIA_FEED_H
#define SMAC_PIPELINE_MEDIA_FEED_H

#include "media/decoder.h"
#include "media/frame_sampler.h"

typedef struct media_sink {
    void *user;
    /* Pictures are converted only when they are wanted.  shown NULL: not wanted, its span alone. */
    bool (*wants_picture)(void *user, const picture_span *span);
    smac_status (*picture)(void *user, const picture *shown, const picture_span *span, smac_error *error);
    /* Mono at 16 kHz, pieces follow each other from the start of the part read.  hole: no sound there, silence given. */
    smac_status (*sound)(void *user, const float *samples, size_t count, bool hole, smac_error *error);
} media_sink;

/* To the end, or to the first error. */
smac_status media_feed(decoder *from, const media_sink *to, smac_error *error);

#endif
