/*
 * synth/plan.h - the plan of a whole set: who speaks in which split, every clip's states and sentence, label.csv.
 *
 * The plan is a function of clips, seed and clips_per_speaker alone.  Speakers are shared out 70/10/20 to train, valid
 * and test; voices (variants of espeak-ng) are shared out too, so that a voice of test is never heard in training; no
 * sentence occurs twice.
 */
#ifndef SMAC_SYNTH_PLAN_H
#define SMAC_SYNTH_PLAN_H

#include "base/text.h"
#include "synth/clip.h"

typedef enum synth_split { SYNTH_TRAIN, SYNTH_VALID, SYNTH_TEST, SYNTH_SPLITS } synth_split;

typedef struct plan_speaker {
    synth_split split;
    size_t variant;
} plan_speaker;

typedef struct plan_clip {
    synth_states states;
    char *text;
    int64_t speaker; /* from 0; its video_id is video_0001 and so on */
    int number;      /* clip_id within the video, from 1 */
} plan_clip;

typedef struct synth_plan {
    synth_options options;
    plan_speaker *speakers;
    plan_clip *clips;
    int64_t speaker_count;
} synth_plan;

/* options: all values set, checked.  Free with synth_plan_free. */
smac_status synth_plan_make(const synth_options *options, synth_plan *out, smac_error *error);
void synth_plan_free(synth_plan *plan);

/* All that rendering the index-th clip needs (text points into the plan). */
clip_plan synth_plan_clip(const synth_plan *plan, int64_t index);
/* "Raw/video_0001/0001.mp4" */
void synth_plan_path(const synth_plan *plan, int64_t index, char *out, size_t size);
/* label.csv */
void synth_plan_csv(const synth_plan *plan, text_buffer *out);
/* Its header line, and one row with these words; label NAN: the clip's own. */
void synth_plan_csv_head(text_buffer *out);
void synth_plan_csv_row(const synth_plan *plan, int64_t index, const char *text, double label, text_buffer *out);

#endif
