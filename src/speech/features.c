/* speech/features.c - log-mel frames of a stream. */
#include "speech/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { HOP = WHISPER_HOP, FRAME = 400, EDGE = FRAME / 2, AT_ONCE = 100, LOUDNESS_FRAMES = 10 };

smac_status features_begin(speech_features *f, int bins, smac_error *error)
{
    memset(f, 0, sizeof *f);
    f->bins = bins;
    f->maximum = -INFINITY;
    return mel_filter_bank_new_whisper(bins, &f->bank, error);
}

void features_clear(speech_features *f)
{
    mel_filter_bank_free(f->bank);
    free(f->samples);
    free(f->mel);
    free(f->power);
    memset(f, 0, sizeof *f);
}

static smac_status add_samples(speech_features *f, const float *samples, size_t count, smac_error *error)
{
    size_t needed;
    if (!checked_add(f->held, count, &needed) ||
        !memory_grow((void **)&f->samples, &f->capacity, needed, sizeof *f->samples))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu samples of sound", count);
    if (samples != NULL && count > 0)
        memcpy(f->samples + f->held, samples, count * sizeof *samples);
    else if (count > 0)
        memset(f->samples + f->held, 0, count * sizeof *f->samples);
    f->held = needed;
    return SMAC_OK;
}

/* Every whole frame of what is held, up to frame limit; with all, also when they are few. */
static smac_status make_frames(speech_features *f, bool all, int64_t limit, smac_error *error)
{
    int64_t next = f->first + f->frames;
    int64_t ready = (f->base + (int64_t)f->held - FRAME) / HOP + 1 - next;
    ready = ready > limit - next ? limit - next : ready;
    if (f->base + (int64_t)f->held < FRAME || ready <= 0 || (!all && ready < AT_ONCE))
        return SMAC_OK;
    size_t values;
    if (!checked_multiply((size_t)(f->frames + ready), (size_t)f->bins, &values) ||
        !memory_grow((void **)&f->mel, &f->mel_capacity, values, sizeof *f->mel) ||
        !memory_grow((void **)&f->power, &f->power_capacity, (size_t)(f->frames + ready), sizeof *f->power))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld frames of sound", (long long)ready);
    const float *from = f->samples + (next * HOP - f->base);
    float *out = f->mel + f->frames * f->bins;
    TRY(whisper_mel_frames(f->bank, from, ready, out, error));
    for (int64_t i = 0; i < ready * f->bins; i++)
        f->maximum = out[i] > f->maximum ? out[i] : f->maximum;
    for (int64_t i = 0; i < ready; i++) {
        double sum = 0;
        for (int n = 0; n < HOP; n++) /* the samples that begin at the frame's middle */
            sum += (double)from[i * HOP + EDGE + n] * (double)from[i * HOP + EDGE + n];
        f->power[f->frames + i] = (float)(sum / HOP);
    }
    f->frames += ready;
    int64_t drop = (next + ready) * HOP - f->base;
    f->held -= (size_t)drop;
    memmove(f->samples, f->samples + drop, f->held * sizeof *f->samples);
    f->base += drop;
    return SMAC_OK;
}

/* The reflected edge before the sound: samples 200 ... 1. */
static smac_status begin_sound(speech_features *f, smac_error *error)
{
    size_t sound = f->held;
    TRY(add_samples(f, NULL, EDGE, error));
    memmove(f->samples + EDGE, f->samples, sound * sizeof *f->samples);
    for (size_t i = 0; i < EDGE; i++)
        f->samples[i] = f->samples[2 * EDGE - i];
    f->begun = true;
    return SMAC_OK;
}

smac_status features_feed(speech_features *f, const float *samples, size_t count, smac_error *error)
{
    TRY(add_samples(f, samples, count, error));
    f->total += (int64_t)count;
    if (!f->begun && f->held > EDGE)
        TRY(begin_sound(f, error));
    return f->begun ? make_frames(f, false, INT64_MAX, error) : SMAC_OK;
}

smac_status features_finish(speech_features *f, smac_error *error)
{
    int64_t limit = f->total / HOP + 1; /* the one after the sound counts for the maximum */
    TRY(add_samples(f, NULL, HOP, error));
    if (!f->begun) {
        if (f->held <= EDGE)
            TRY(add_samples(f, NULL, EDGE + 1 - f->held, error));
        TRY(begin_sound(f, error));
    }
    TRY(make_frames(f, true, limit, error)); /* leaves at least 240 samples, or what there is of a short sound */
    size_t last = f->held;
    TRY(add_samples(f, NULL, EDGE, error));
    for (size_t i = 0; i < EDGE && i + 2 <= last; i++)
        f->samples[last + i] = f->samples[last - 2 - i];
    TRY(make_frames(f, true, limit, error));
    f->finished = true;
    return SMAC_OK;
}

int64_t features_ready(const speech_features *f)
{
    return f->first + f->frames;
}

int64_t features_length(const speech_features *f)
{
    return f->finished ? f->total / HOP : INT64_MAX;
}

void features_window(const speech_features *f, int64_t from, int64_t count, int64_t whole, float *out)
{
    float floor_ = f->maximum - 8.0f;
    const float *in = f->mel + (from - f->first) * f->bins;
    for (int64_t i = 0; i < count * f->bins; i++)
        out[i] = ((in[i] > floor_ ? in[i] : floor_) + 4.0f) / 4.0f;
    memset(out + count * f->bins, 0, (size_t)((whole - count) * f->bins) * sizeof *out);
}

double features_loudness(const speech_features *f, int64_t from, int64_t to)
{
    double sum = 0, most = 0;
    int64_t end = f->first + f->frames;
    from = from < f->first ? f->first : from;
    to = to > end ? end : to;
    int64_t span = to - from < LOUDNESS_FRAMES ? to - from : LOUDNESS_FRAMES;
    for (int64_t i = from; i < to; i++) {
        sum += (double)f->power[i - f->first];
        if (i - from >= span)
            sum -= (double)f->power[i - span - f->first];
        if (i - from + 1 >= span && sum > most)
            most = sum;
    }
    return span > 0 ? sqrt(most / (double)span) : 0;
}

void features_forget(speech_features *f, int64_t before)
{
    int64_t drop = before - f->first;
    if (drop <= 0)
        return;
    drop = drop > f->frames ? f->frames : drop;
    f->frames -= drop;
    f->first += drop;
    memmove(f->mel, f->mel + drop * f->bins, (size_t)(f->frames * f->bins) * sizeof *f->mel);
    memmove(f->power, f->power + drop, (size_t)f->frames * sizeof *f->power);
}
