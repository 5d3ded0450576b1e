/*
 * analyze/recording.h - a recording read once: the encoders' vectors by time, thumbnails, its length, warnings.
 *
 * Memory grows by the vectors alone, some kilobytes a second.
 */
#ifndef SMAC_ANALYZE_RECORDING_H
#define SMAC_ANALYZE_RECORDING_H

#include "analyze/analysis.h"
#include "pipeline/system.h"
#include "pipeline/timeline.h"

typedef struct recording {
    timeline vectors;
    double duration; /* the longer of picture and sound; 0 for a still */
} recording;

/* Reads path; adds thumbnails and warnings to a.  options: without, thumbnails, progress. */
smac_status recording_read(const affect_system *system, const char *path, const smac_analyze_options *options,
    smac_analysis *a, recording *out, smac_error *error);
void recording_clear(recording *r);

#endif
