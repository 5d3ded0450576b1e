/*
 * pipeline/timeline.h - the encoders' vectors of a recording by time, and any stretch of it as a sample.
 *
 * Memory: one vector a clip (some kilobytes a second of recording) until timeline_forget.
 */
#ifndef SMAC_PIPELINE_TIMELINE_H
#define SMAC_PIPELINE_TIMELINE_H

#include "pipeline/clip_encoder.h"

typedef struct timeline_lane {
    int64_t *index; /* of each clip, growing */
    float *vectors; /* (count, crops, width) */
    int64_t count, crops, width;
    size_t index_capacity, vector_capacity;
} timeline_lane;

typedef struct timeline {
    clip_timing timing;
    timeline_lane lanes[MODALITIES]; /* of text: unused */
} timeline;

void timeline_clear(timeline *t);
/* An encoded clip, copied; those of a modality come in order. */
smac_status timeline_add(timeline *t, const clip *c, smac_error *error);
/*
 * Sound and picture of [start, end): the clips whose middle lies in it, else the nearest one if its middle is less than
 * half a clip step away, else the modality is absent.  *out must be empty; its words are left as they are.
 */
smac_status timeline_window(const timeline *t, double start, double end, sample *out, smac_error *error);
/* Drop the clips that no window from `before` seconds on can take. */
void timeline_forget(timeline *t, double before);
bool timeline_has(const timeline *t, int modality); /* at least one clip is there */

#endif
