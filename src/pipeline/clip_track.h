/*
 * pipeline/clip_track.h - the encoders' vectors of a recording by time, and any stretch of it as a sample.
 *
 * Memory: one vector a clip (some kilobytes a second of recording) until clip_track_forget.
 */
#ifndef SMAC_PIPELINE_CLIP_TRACK_H
#define SMAC_PIPELINE_CLIP_TRACK_H

#include "pipeline/clip_encoder.h"

typedef struct track_lane {
    int64_t *index; /* of each clip, growing */
    float *vectors; /* (count, crops, width) */
    int64_t count, crops, width;
    size_t index_capacity, vector_capacity;
} track_lane;

typedef struct clip_track {
    clip_timing timing;
    track_lane lanes[MODALITIES]; /* of text: unused */
} clip_track;

void clip_track_clear(clip_track *t);
/* An encoded clip, copied; those of a modality come in order. */
smac_status clip_track_add(clip_track *t, const clip *c, smac_error *error);
/*
 * Sound and picture of [start, end): the clips whose middle lies in it, else the nearest one if its middle is less than
 * half a clip step away, else the modality is absent.  *out must be empty; its words are left as they are.
 */
smac_status clip_track_window(const clip_track *t, double start, double end, sample *out, smac_error *error);
/* Drop the clips that no window from `before` seconds on can take. */
void clip_track_forget(clip_track *t, double before);
bool clip_track_has(const clip_track *t, int modality); /* at least one clip is there */

#endif
