/*
 * media/frames.h - one pass through a file: frames at the sampling times, prepared, and 16 kHz mono sound, as they come.
 *
 * Sampling (method.md section 1).  With rate r (default 2 a second) the k-th sampling time is (k + 0.5) / r, for as long
 * as it lies before the end of the picture: 0.25 s, 0.75 s, 1.25 s, ...  The frame given is the one on show at that time
 * (the last whose timestamp is not later), so variable frame rates and pauses are sampled by time, not by count.  A file
 * shorter than the first sampling time, or a still, gives its one frame.  Frames are paired into clips: clip j holds the
 * frames j*step and j*step + 1 (step 2: clips of 2/r = one second side by side; step 1, the dense preset: a clip every
 * half second); an odd last frame or a still is repeated.
 *
 * Everything is decoded once and in order, memory does not grow with the length of the file.
 */
#ifndef SMAC_MEDIA_FRAMES_H
#define SMAC_MEDIA_FRAMES_H

#include "media/media.h"
#include "media/resize.h"
#include "media/transcript.h"

typedef struct frame_options {
    media_options media;
    double rate;                 /* frames a second; 0: 2 */
    int size;                    /* S, pixels of the square; 0: 224 */
    picture_preparation prepare; /* PREPARE_STILL (the default) or PREPARE_VIDEO, see media/resize.h */
    int crops;                   /* 1 (centre; 0 means 1) or 3 (left, middle, right; top, middle, bottom when tall) */
} frame_options;

typedef enum media_event_kind { MEDIA_EVENT_FRAME, MEDIA_EVENT_SOUND, MEDIA_EVENT_END } media_event_kind;

/* What next() gave; the pointers hold until the next call. */
typedef struct media_event {
    media_event_kind kind;
    /* FRAME */
    int64_t index;       /* k, from 0 without holes */
    double time;         /* the sampling time, from the start of the part that is read */
    double shown_from;   /* timestamp of the frame itself, from the same start; may be negative */
    const uint8_t *rgb;  /* PREPARE_STILL: (crops, S, S, 3); NULL with PREPARE_VIDEO */
    const float *values; /* PREPARE_VIDEO: (crops, 3, S, S) in [0, 1]; NULL with PREPARE_STILL */
    /* SOUND */
    const float *samples; /* mono at MEDIA_SAMPLE_RATE; pieces follow each other without holes (silence put in) */
    size_t sample_count;
    int64_t first_sample; /* position of samples[0]; 0 is the start of the part that is read */
} media_event;

typedef struct media_reader media_reader;

/* options may be NULL.  Errors as media_probe's.  Free with media_reader_close (NULL is fine). */
smac_status media_reader_open(const char *path, const frame_options *options, media_reader **out, smac_error *error);
/*
 * The same of a file that media_open opened; it is taken over, on failure too.  Of options->media count start, end,
 * skip_* and subtitles alone.
 */
smac_status media_reader_start(media_file *file, const frame_options *options, media_reader **out, smac_error *error);
void media_reader_close(media_reader *reader);

/*
 * The next event; after MEDIA_EVENT_END it stays at the end.  Broken packets are counted and passed over; a truncated
 * file gives what it has.  Errors: FORMAT when there were streams but nothing of any could be decoded; INTERRUPTED.
 */
smac_status media_reader_next(media_reader *reader, media_event *event, smac_error *error);

const media_info *media_reader_info(const media_reader *reader);
const media_warnings *media_reader_warnings(const media_reader *reader); /* grows while reading, whole at the end */
/* Lengths in seconds of what was decoded so far (at the end: of the whole part read); 0: none. */
double media_reader_picture_seconds(const media_reader *reader);
double media_reader_sound_seconds(const media_reader *reader);
/* With options.media.subtitles: the words of the text subtitles, whole and sorted at the end; else empty. */
const transcript *media_reader_subtitles(const media_reader *reader);

/* How many frames a picture of so many seconds gives (at least 1), and how many clips so many frames (0 for 0). */
int64_t sampled_frame_count(double seconds, double rate);
int64_t sampled_clip_count(int64_t frames, int step);

#endif
