/*
 * synth/synth.h - a data set of synthetic talking heads: `semanticmac synth`.
 *
 * A drawn face (cairo) speaks a sentence of a grammar with a synthetic voice (espeak-ng); each clip is one H.264/AAC
 * mp4.  Three hidden states s_t (words), s_a (voice) and s_v (face), each in [-1, 1], are shown by one modality each;
 * the multimodal label follows from all three by the rule of synth/states.h.  docs/synthetic.md tells the whole design
 * and what the best prediction from each modality can reach.
 *
 * The folder (the layout that MMSA gives CH-SIMS; synth/layouts.h has the others):
 *   label.csv                   video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode,
 *                               conflict,emotion,humor,sarcasm,irony,speaker,voice
 *   Raw/video_0001/0001.mp4     one video_id a speaker
 *   synth.json                  the settings; a folder of other settings is refused
 * Same options (threads apart), same bytes, for the same versions of the libraries.
 */
#ifndef SMAC_SYNTH_SYNTH_H
#define SMAC_SYNTH_SYNTH_H

#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

/* Single faults, as published sets have them. */
typedef enum synth_fault {
    SYNTH_MISSING = 1,   /* the first clip's file is not there */
    SYNTH_DAMAGED = 2,   /* the second clip's file is not a recording; of vectors: one value is not finite */
    SYNTH_EMPTY = 4,     /* the third clip has no words */
    SYNTH_LABEL = 8,     /* the fourth clip's label (of a table: its split) is unknown */
    SYNTH_DUPLICATE = 16 /* the last clip is listed twice; of csd: its video is in two folds */
} synth_fault;

typedef struct synth_options {
    int64_t clips;         /* how many clips, 1..1000000 */
    uint64_t seed;         /* chooses everything */
    int size;              /* width and height of the picture in pixels, even, 64..1024; 0: 160 */
    int fps;               /* pictures a second, 1..60; 0: 12 */
    int threads;           /* workers; 0: as many as the machine has processors.  Does not change the bytes */
    int clips_per_speaker; /* 1..100; 0: 5 */
    const char *layout;    /* "sims" (or NULL), or another of layout_names() in synth/layouts.h */
    unsigned faults;       /* of synth_fault */
} synth_options;

void synth_options_default(synth_options *options); /* 800 clips, seed 1, the values of 0 above */

/*
 * Make the set in folder (created with its parents).  Clips that a former call with the same settings finished are
 * kept: so an interrupted call is continued by calling again.  Progress is reported in clips, from the calling thread;
 * a reporter (may be NULL) that asks to stop ends it with SMAC_ERROR_INTERRUPTED, finished clips kept.
 * The table is written last: a folder without it is not complete.
 * Errors: ARGUMENT (an option out of its range), MISMATCH (the folder holds a set of other settings), IO, MEMORY,
 * NOT_FOUND (espeak-ng's data is not installed).
 */
smac_status synth_dataset(const char *folder, const synth_options *options, const reporter *report, smac_error *error);

#endif
