/* analyze/thumbnails.h - small pictures for the report, evenly over the recording. */
#ifndef SMAC_ANALYZE_THUMBNAILS_H
#define SMAC_ANALYZE_THUMBNAILS_H

#include "analyze/analysis.h"
#include "media/frame_sampler.h"

/*
 * One a second, JPEG.  When there are more than THUMBNAILS_MAX, every second one is dropped and half as many are made
 * from there on, so a recording of any length ends with between half of them and all.
 */
enum { THUMBNAILS_MAX = 240 };

typedef struct thumbnails {
    frame_sampler *sampler;
    thumbnail *items;
    size_t count, capacity;
    int64_t stride; /* seconds between two */
} thumbnails;

smac_status thumbnails_new(thumbnails *t, smac_error *error);
void thumbnails_clear(thumbnails *t);
bool thumbnails_wants(const thumbnails *t, const picture_span *span);
smac_status thumbnails_feed(thumbnails *t, const picture *shown, const picture_span *span, smac_error *error);

#endif
