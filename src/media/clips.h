/*
 * media/clips.h - which frames and which sound make a clip.
 *
 * Frames are sampled at a fixed rate r (media/frame_sampler.h).  Clip j holds the frames j*step and j*step + 1; it spans
 * [j*step, j*step + 2) / r and its middle is (j*step + 1) / r.  With r 2 and step 2 clips are one second long and side
 * by side; with step 1 they overlap by half.  A clip of which only one frame exists (a still, an odd last frame, a
 * picture that begins late) repeats it, unless that frame is part of another clip.
 *
 * The sound window of clip j has the same middle.  It exists where the picture's clip would exist if the picture lasted
 * as long as the sound.
 */
#ifndef SMAC_MEDIA_CLIPS_H
#define SMAC_MEDIA_CLIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct clip_timing {
    double rate;  /* frames a second */
    int64_t step; /* frames from the beginning of one clip to the next, at least 1 */
} clip_timing;

double clip_start(const clip_timing *t, int64_t index);
double clip_middle(const clip_timing *t, int64_t index);
double clip_end(const clip_timing *t, int64_t index);
double clip_step_seconds(const clip_timing *t);
/* The clips that hold frame `index`: the range [*first, *last], empty (*first > *last) for a frame between two clips. */
void clips_of_frame(const clip_timing *t, int64_t index, int64_t *first, int64_t *last);

/*
 * Sound windows out of a stream of 16 kHz samples: feed any number of samples, take the windows that are complete;
 * finish gives the rest.  Memory: the last window or two.
 *
 * Either there is a window around each clip, or windows of several clips are side by side: each holds the sound of its
 * clips, and sound shorter than a window is one window of its own length.
 *
 * A window is moved inwards at the ends of the sound, so that it holds only true sound wherever there is enough of it.
 * A hole (where the recording has no sound) longer than a clip ends one stretch of sound and begins another: no window
 * reaches over it and none has its middle in it.  A shorter hole is filled with silence.
 */
typedef struct sound_windows sound_windows;

typedef struct sound_window {
    int64_t index;        /* of its first clip */
    int64_t clips;        /* how many it is of */
    int64_t begin;        /* samples from the start of the recording */
    const float *samples; /* until the next feed */
    size_t count;
    bool silent; /* nothing is to be heard in it */
} sound_window;

/* A window of that length around each clip; NULL: no memory. */
sound_windows *sound_windows_new(const clip_timing *timing, double seconds);
/* Windows side by side of as many clips as fit into that length, at least one; NULL: no memory. */
sound_windows *sound_windows_new_side_by_side(const clip_timing *timing, double seconds);
void sound_windows_free(sound_windows *w);
smac_status sound_windows_feed(sound_windows *w, const float *samples, size_t count, smac_error *error);
smac_status sound_windows_skip(sound_windows *w, int64_t count, smac_error *error); /* a hole of count samples */
void sound_windows_finish(sound_windows *w);
bool sound_windows_next(sound_windows *w, sound_window *out);
/* All windows with a smaller index were given, or do not exist. */
int64_t sound_windows_reached(const sound_windows *w);

/* No sample is louder than -80 dB of full scale. */
bool sound_is_silent(const float *samples, size_t count);

#endif
