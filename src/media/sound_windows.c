/* media/sound_windows.c - windows of sound centred on the clips, from a stream of samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/clips.h"

struct sound_windows {
    double rate;
    int step;
    int64_t window; /* samples of a window */
    float *samples; /* the stream from position base on */
    size_t held, capacity;
    int64_t base, total; /* total: samples fed so far */
    int64_t next;        /* the window that comes next */
    bool finished;
};

sound_windows *sound_windows_new(double rate, int step, double seconds)
{
    sound_windows *w = memory_new(1, sizeof *w);
    if (w) {
        w->rate = rate;
        w->step = step;
        w->window = llround(seconds * MEDIA_SAMPLE_RATE);
    }
    return w;
}

void sound_windows_free(sound_windows *w)
{
    if (w)
        free(w->samples);
    free(w);
}

/* Where window number index begins when it may lie anywhere behind 0. */
static int64_t window_start(const sound_windows *w, int64_t index)
{
    double centre = ((double)index * w->step + 1.0) / w->rate * MEDIA_SAMPLE_RATE;
    int64_t start = llround(centre) - w->window / 2;
    return start > 0 ? start : 0;
}

static int64_t window_count(const sound_windows *w)
{
    if (w->total == 0)
        return 0;
    return sampled_clip_count(sampled_frame_count((double)w->total / MEDIA_SAMPLE_RATE, w->rate), w->step);
}

smac_status sound_windows_feed(sound_windows *w, const float *samples, size_t count, smac_error *error)
{
    /* The next window begins at its place, or earlier when the sound ends before its end. */
    int64_t keep = window_start(w, w->next), tail = w->total - w->window;
    keep = keep > tail ? tail : keep;
    keep = keep > w->base ? keep : w->base;
    size_t drop = (size_t)(keep - w->base), needed;
    if (drop > 0) {
        drop = drop > w->held ? w->held : drop;
        w->held -= drop;
        memmove(w->samples, w->samples + drop, w->held * sizeof *w->samples);
        w->base += (int64_t)drop;
    }
    if (!checked_add(w->held, count, &needed) ||
        !memory_grow((void **)&w->samples, &w->capacity, needed, sizeof *w->samples))
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %zu samples of sound", count);
    if (count > 0)
        memcpy(w->samples + w->held, samples, count * sizeof *samples);
    w->held = needed;
    w->total += (int64_t)count;
    return SMAC_OK;
}

void sound_windows_finish(sound_windows *w)
{
    w->finished = true;
}

bool sound_windows_next(sound_windows *w, const float **samples, size_t *count, int64_t *index)
{
    if (w->next >= window_count(w))
        return false;
    int64_t start = window_start(w, w->next), length = w->window;
    if (start + length > w->total) {
        if (!w->finished)
            return false;
        start = w->total > length ? w->total - length : 0;
        length = w->total < length ? w->total : length;
    }
    *samples = w->samples + (start - w->base);
    *count = (size_t)length;
    *index = w->next++;
    return true;
}
