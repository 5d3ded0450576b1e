/*
 * analyze/analysis.h - what an analysis holds.
 */
#ifndef SMAC_ANALYZE_ANALYSIS_H
#define SMAC_ANALYZE_ANALYSIS_H

#include "analyze/tasks.h"
#include "base/modality.h"
#include "base/text.h"
#include "media/transcript.h"
#include "pipeline/prediction.h"
#include "semanticmac/semanticmac.h"

typedef struct thumbnail {
    uint8_t *jpeg; /* NULL: none */
    size_t size;
    double time; /* seconds */
} thumbnail;

struct smac_analysis {
    char *recording; /* the path as given */
    double duration; /* seconds; of a still 0 */
    char *model_name, *model_sha256;
    public_tasks tasks; /* what each segment's results are about */
    double window, hop;
    const char *missing[SMAC_MODALITIES]; /* why a modality that is not there is not; constant texts */
    smac_segment summary;
    smac_segment *segments; /* their texts are owned */
    size_t segment_count, segment_capacity;
    thumbnail *thumbnails; /* in order of time; at most one a second */
    size_t thumbnail_count;
    smac_face *faces; /* in order of time, one a second */
    size_t face_count;
    char **warnings;
    size_t warning_count, warning_capacity;
    transcript said;     /* the words; their times may be NAN */
    bool by_utterance;   /* how the segments are cut */
    uint32_t calibrated; /* bit k: the probabilities of task k are calibrated */
    char *model_card;    /* a JSON object of texts, or NULL */
    char *words_from;    /* "text", a file, "subtitles", "speech", or NULL: no words */
    char *language;      /* or NULL */
    smac_timing timing;
};

/* Add a warning (one sentence); nothing happens when memory is short. */
void analysis_warn(smac_analysis *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
