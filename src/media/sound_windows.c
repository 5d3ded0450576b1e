/*
 * media/sound_windows.c - windows of sound centred on the clips, from a stream of samples with holes.
 *
 * A stretch is a piece of sound without a long hole.  Its windows are those of the clips that pictures would have if a
 * picture were on show for as long as the stretch lasts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/clips.h"
#include "media/frame_sampler.h"
#include "media/media.h"

/* A window whose loudest sample is at most this (-80 dB of full scale) is silent. */
#define SILENT_LEVEL 1e-4f

struct sound_windows {
    clip_timing timing;
    int64_t window; /* samples of a window */
    int64_t clips;  /* of a window, where they are side by side; else 0 */
    int64_t hole;   /* samples of the hole that is going on */
    int64_t bridge; /* the longest hole that is filled with silence */
    int64_t position;
    bool in_stretch, ended; /* a stretch has begun; it has ended, and its last windows are still to be taken */
    int64_t begin, end;     /* of the stretch, in samples from the start of the recording */
    float *samples;         /* of the stretch, from position base on */
    size_t held, capacity;
    int64_t base;
    int64_t next; /* the smallest index that may still come */
};

static double seconds(int64_t samples)
{
    return (double)samples / MEDIA_SAMPLE_RATE;
}

sound_windows *sound_windows_new(const clip_timing *timing, double window_seconds)
{
    sound_windows *w = memory_new(1, sizeof *w);
    if (w) {
        w->timing = *timing;
        w->window = llround(window_seconds * MEDIA_SAMPLE_RATE);
        w->bridge = llround(2 / timing->rate * MEDIA_SAMPLE_RATE);
    }
    return w;
}

sound_windows *sound_windows_new_side_by_side(const clip_timing *timing, double window_seconds)
{
    double clip = 2 / timing->rate, step = clip_step_seconds(timing);
    int64_t more = window_seconds > clip ? (int64_t)floor((window_seconds - clip) / step + 1e-9) : 0;
    sound_windows *w = sound_windows_new(timing, clip + (double)more * step);
    if (w)
        w->clips = 1 + more;
    return w;
}

void sound_windows_free(sound_windows *w)
{
    if (w)
        free(w->samples);
    free(w);
}

/* Where the window of a clip, or the one that begins with it, begins when the stretch has no end. */
static int64_t window_begin(const sound_windows *w, int64_t index)
{
    int64_t begin = w->clips > 0 ? llround(clip_start(&w->timing, index) * MEDIA_SAMPLE_RATE)
                                 : llround(clip_middle(&w->timing, index) * MEDIA_SAMPLE_RATE) - w->window / 2;
    return begin > w->begin ? begin : w->begin;
}

/* --- feeding ------------------------------------------------------------------------------------------------------ */

/* Forget the samples that no window needs any more. */
static void drop_samples(sound_windows *w)
{
    int64_t keep = window_begin(w, w->next), tail = w->end - w->window;
    keep = keep > tail ? tail : keep; /* the last windows are moved back from the end */
    if (keep <= w->base)
        return;
    size_t drop = (size_t)(keep - w->base);
    drop = drop > w->held ? w->held : drop;
    w->held -= drop;
    memmove(w->samples, w->samples + drop, w->held * sizeof *w->samples);
    w->base += (int64_t)drop;
}

/* samples NULL: silence. */
static smac_status append_samples(sound_windows *w, const float *samples, size_t count, smac_error *error)
{
    size_t needed;
    drop_samples(w);
    if (!checked_add(w->held, count, &needed) ||
        !memory_grow((void **)&w->samples, &w->capacity, needed, sizeof *w->samples))
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %zu samples of sound", count);
    if (samples && count > 0)
        memcpy(w->samples + w->held, samples, count * sizeof *samples);
    else if (count > 0)
        memset(w->samples + w->held, 0, count * sizeof *w->samples);
    w->held = needed;
    w->end += (int64_t)count;
    return SMAC_OK;
}

static void begin_stretch(sound_windows *w)
{
    w->in_stretch = true;
    w->ended = false;
    w->held = 0;
    w->begin = w->end = w->base = w->position;
}

smac_status sound_windows_feed(sound_windows *w, const float *samples, size_t count, smac_error *error)
{
    if (count == 0)
        return SMAC_OK;
    if (!w->in_stretch || w->ended)
        begin_stretch(w);
    else if (w->hole > 0)
        TRY(append_samples(w, NULL, (size_t)w->hole, error));
    w->hole = 0;
    w->position += (int64_t)count;
    return append_samples(w, samples, count, error);
}

smac_status sound_windows_skip(sound_windows *w, int64_t count, smac_error *error)
{
    if (count < 0 || count > INT64_MAX / 4 - w->position)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "a hole of %lld samples in the sound; expected at least 0", (long long)count);
    w->hole += count;
    w->position += count;
    if (w->hole > w->bridge)
        w->ended = true;
    return SMAC_OK;
}

void sound_windows_finish(sound_windows *w)
{
    w->ended = true;
}

/* --- taking ------------------------------------------------------------------------------------------------------- */

/* The frames whose sampling times lie in the stretch as far as it goes; false: none yet. */
static bool frames_of_stretch(const sound_windows *w, int64_t *first, int64_t *last)
{
    double rate = w->timing.rate;
    *first = frame_first_at(seconds(w->begin), rate);
    *last = frame_first_at(seconds(w->end), rate) - 1;
    if (*last >= *first)
        return true;
    *first = *last = (int64_t)floor(seconds(w->begin) * rate); /* too short for any: one, as of a still */
    return w->ended;
}

/* The first clip not before w->next that has a frame in [first, last]; whether it is complete with these frames. */
static bool next_clip(const sound_windows *w, int64_t first, int64_t last, int64_t *index)
{
    int64_t lowest, highest, step = w->timing.step;
    clips_of_frame(&w->timing, first, &lowest, &highest);
    if (step == 1)
        lowest = first; /* the clip before would have one frame alone */
    *index = lowest > w->next ? lowest : w->next;
    if (step > 1)
        return *index * step <= last;
    return *index + 1 <= last || (w->ended && first == last && *index == first);
}

/* Of a stretch that has ended. */
static int64_t last_clip(const sound_windows *w, int64_t first, int64_t last)
{
    return w->timing.step > 1 ? last / w->timing.step : last > first ? last - 1 : first;
}

bool sound_is_silent(const float *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(samples[i]) <= SILENT_LEVEL))
            return false;
    return true;
}

bool sound_windows_next(sound_windows *w, sound_window *out)
{
    int64_t first, last, index;
    if (!w->in_stretch || !frames_of_stretch(w, &first, &last) || !next_clip(w, first, last, &index))
        return false;
    int64_t begin = window_begin(w, index), length = w->window;
    if (begin + length > w->end) {
        if (!w->ended)
            return false;
        begin = w->end - w->begin > length ? w->end - length : w->begin;
        length = w->end - w->begin < length ? w->end - w->begin : length;
    }
    *out = (sound_window){
        .index = index, .clips = 1, .begin = begin, .samples = w->samples + (begin - w->base), .count = (size_t)length};
    out->silent = sound_is_silent(out->samples, out->count);
    if (w->clips > 0) {
        int64_t left = w->ended ? last_clip(w, first, last) - index + 1 : w->clips;
        out->clips = left < w->clips ? left : w->clips;
    }
    w->next = index + out->clips;
    return true;
}

int64_t sound_windows_reached(const sound_windows *w)
{
    int64_t first, last, index;
    if (w->in_stretch && frames_of_stretch(w, &first, &last)) {
        if (next_clip(w, first, last, &index) || !w->ended)
            return index;
    } else if (w->in_stretch && !w->ended) {
        clips_of_frame(&w->timing, (int64_t)floor(seconds(w->begin) * w->timing.rate), &index, &last);
        return index > w->next ? index : w->next;
    }
    clips_of_frame(&w->timing, (int64_t)floor(seconds(w->position) * w->timing.rate), &index, &last);
    return index > w->next ? index : w->next;
}
