/*
 * data/csd_raw.h - the recordings and transcripts that CMU-MOSI and CMU-MOSEI ship beside their sequences, in Raw/:
 *   Videos/Full/Combined/VIDEO.mp4 or Video/Full/VIDEO.mp4      whole videos, of which a clip is a stretch
 *   Video/Segmented/VIDEO_K.mp4                                 MOSI's clips, numbered from 1
 *   Transcript/Segmented/Combined/VIDEO.txt                     lines VIDEO___INDEX___START___END___SENTENCE
 */
#ifndef SMAC_DATA_CSD_RAW_H
#define SMAC_DATA_CSD_RAW_H

#include "data/set_reading.h"

typedef struct csd_raw {
    char folder[1024]; /* the set's Raw folder; "": there is none */
    bool has_media;    /* one of the folders of recordings is there: then every clip must have one */
} csd_raw;

/* A clip: number (from 0) of a video, and its stretch in seconds. */
typedef struct csd_raw_place {
    const char *video;
    int64_t number;
    double start, end;
} csd_raw_place;

typedef struct csd_raw_line {
    double start, end;
    const char *sentence;
} csd_raw_line;

/* One video's transcript; lines NULL: there is none. */
typedef struct csd_raw_video {
    char *text;
    csd_raw_line *lines;
    size_t count, capacity;
} csd_raw_video;

void csd_raw_find(csd_raw *raw, const char *folder);
/* The clip's media, start and end.  Without a file: as a bad row of g; c->media stays NULL. */
smac_status csd_raw_media(const csd_raw *raw, set_reading *g, const csd_raw_place *place, set_clip *c);
/* FORMAT names the line that is not of that form. */
smac_status csd_raw_open(const csd_raw *raw, const char *video, csd_raw_video *out, smac_error *error);
/* The sentence whose stretch is the clip's, to half a second; "": none. */
const char *csd_raw_sentence(const csd_raw_video *v, const csd_raw_place *place);
void csd_raw_close(csd_raw_video *v);

#endif
