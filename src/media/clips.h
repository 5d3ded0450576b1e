/*
 * media/clips.h - a file as the encoders take it: clips of two frames and windows of filter bank, one pass.
 *
 * Picture clip j (see media/frames.h) is a float tensor (crops, 3, 2, S, S), normalised with CLIP_PICTURE_MEAN and _STD.
 * Sound window j has the same centre as clip j, (j*step + 1) / rate seconds, and is 2 s long: its mel picture (128, 204)
 * is media/mel.h's imagebind_mel.  Windows exist for clips of the sound's own length, by the rule of the pictures (a
 * sound of 0.02 s has one).  At the edges a window is moved inwards until it lies within the sound, so that it holds
 * 2 s of true sound wherever there are 2 s; a sound shorter than 2 s is one window's whole content, and the mel picture
 * is padded as ImageBind pads (zeros before normalising).  Picture and sound may have different numbers of clips.
 */
#ifndef SMAC_MEDIA_CLIPS_H
#define SMAC_MEDIA_CLIPS_H

#include "media/frames.h"

typedef struct clip_options {
    frame_options frames;
    int step;    /* frames from one clip to the next: 2 (0 means 2), or 1 */
    bool no_mel; /* sound windows are given as samples alone */
} clip_options;

/* The two presets of method.md: plain (1 crop, a clip a second) and dense (3 crops, a clip every half second). */
clip_options clip_options_default(void);
clip_options clip_options_dense(void);

typedef enum clip_event_kind { CLIP_EVENT_PICTURE, CLIP_EVENT_SOUND, CLIP_EVENT_END } clip_event_kind;

typedef struct clip_event {
    clip_event_kind kind;
    int64_t index;        /* j, from 0 without holes for each kind */
    double start, end;    /* of the clip, seconds: centre - 1/rate, centre + 1/rate */
    const float *picture; /* PICTURE: (crops, 3, 2, S, S) */
    const uint8_t *rgb;   /* PICTURE with PREPARE_STILL: the first frame, (crops, S, S, 3), for thumbnails */
    const float *mel;     /* SOUND: (128, 204); NULL with no_mel */
    const float *samples; /* SOUND: the window's samples */
    size_t sample_count;  /* at most 32000 */
} clip_event;

typedef struct clip_reader clip_reader;

/* options NULL: the default preset.  Free with clip_reader_close (NULL is fine). */
smac_status clip_reader_open(const char *path, const clip_options *options, clip_reader **out, smac_error *error);
void clip_reader_close(clip_reader *reader);
/* The next event; its pointers hold until the next call.  Picture and sound events come in the file's own order. */
smac_status clip_reader_next(clip_reader *reader, clip_event *event, smac_error *error);
const media_info *clip_reader_info(const clip_reader *reader);
const media_warnings *clip_reader_warnings(const clip_reader *reader);
double clip_reader_picture_seconds(const clip_reader *reader); /* whole at the end */
double clip_reader_sound_seconds(const clip_reader *reader);

/*
 * Sound windows without a file (live sound, or samples already there): feed any number of samples, get the windows that
 * are whole; finish gives the rest.  Memory: the last few seconds.
 */
typedef struct sound_windows sound_windows;
sound_windows *sound_windows_new(double rate, int step, double seconds); /* seconds of a window: 2; NULL: no memory */
void sound_windows_free(sound_windows *w);
smac_status sound_windows_feed(sound_windows *w, const float *samples, size_t count, smac_error *error);
void sound_windows_finish(sound_windows *w);
/* true: *samples, *count (valid until the next feed) and *index are the next window. */
bool sound_windows_next(sound_windows *w, const float **samples, size_t *count, int64_t *index);

#endif
