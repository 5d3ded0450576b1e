/*
 * analyze/recording.h - a recording read once: one vector a second from the encoders, thumbnails, lengths, warnings.
 *
 * The tensors are prepared as training's are (pipeline/sample.h), a stretch at a time: memory grows by the vectors
 * alone, some kilobytes a second, whatever the length of the file.
 */
#ifndef SMAC_ANALYZE_RECORDING_H
#define SMAC_ANALYZE_RECORDING_H

#include "analyze/analysis.h"
#include "pipeline/system.h"

typedef struct recording {
    sample vectors;     /* audio and vision ready where they are there: (steps, crops, width) */
    double clip_step;   /* seconds from one step to the next */
    double clip_length; /* seconds of a clip */
    double duration;    /* the longer of picture and sound; 0 for a still */
} recording;

/* Reads path; adds thumbnails and warnings to a.  options: without, thumbnails, progress. */
smac_status recording_read(const affect_system *system, const char *path, const smac_analyze_options *options,
    smac_analysis *a, recording *out, smac_error *error);
void recording_clear(recording *r);

#endif
