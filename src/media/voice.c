/* media/voice.c - measures of voice and their weights. */
#include "media/voice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/clips.h"
#include "media/fourier.h"
#include "media/voice_weights.h"

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif

enum {
    RATE = 16000,
    FRAME = 512, /* samples */
    HOP = 256,
    PADDED = 1024,
    BINS = PADDED / 2 + 1,
    BANDS = 16,
    CONTEXT = RATE / 2,
    SHORTEST_LAG = RATE / 420, /* of a pitch */
    LONGEST_LAG = RATE / 70,
    SYLLABLE = 15 /* frames: 0.24 s */
};

typedef struct voice_frame {
    double level;     /* dB */
    double period;    /* autocorrelation at its highest peak, 0 to 1 */
    double pitch;     /* log2 of Hz */
    double flat;      /* spectral flatness, dB */
    double low, high; /* levels below and above 2 kHz, dB */
    double band[BANDS];
} voice_frame;

struct voice_detector {
    power_spectrum *spectrum;
    double window[FRAME], window_correlation[LONGEST_LAG + 2];
    double padded[PADDED], power[BINS], mirrored[PADDED], correlation[BINS];
    int band_of[BINS];
    voice_frame *frames;
    size_t capacity;
};

void voice_detector_free(voice_detector *d)
{
    if (!d)
        return;
    power_spectrum_free(d->spectrum);
    free(d->frames);
    free(d);
}

/* Bands of equal width on the mel scale from 100 to 8000 Hz; -1: none. */
static int band_of_bin(int bin)
{
    double hz = (double)bin * RATE / PADDED, low = log(1 + 100.0 / 700), high = log(1 + 8000.0 / 700);
    int band = (int)floor((log(1 + hz / 700) - low) / (high - low) * BANDS);
    return hz < 100 ? -1 : band < BANDS ? band : BANDS - 1;
}

smac_status voice_detector_new(voice_detector **out, smac_error *error)
{
    voice_detector *d = memory_new(1, sizeof *d);
    if (!d)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a voice detector");
    smac_status status = power_spectrum_new(PADDED, &d->spectrum, error);
    if (status != SMAC_OK) {
        voice_detector_free(d);
        return status;
    }
    for (int i = 0; i < FRAME; i++)
        d->window[i] = 0.5 - 0.5 * cos(2 * M_PI * (i + 0.5) / FRAME);
    for (int lag = 0; lag <= LONGEST_LAG + 1; lag++)
        for (int i = 0; i + lag < FRAME; i++)
            d->window_correlation[lag] += d->window[i] * d->window[i + lag];
    for (int k = 0; k < BINS; k++)
        d->band_of[k] = band_of_bin(k);
    *out = d;
    return SMAC_OK;
}

/* --- one frame ---------------------------------------------------------------------------------------------------- */

static double decibels(double power)
{
    return 10 * log10(power + 1e-10);
}

/* The autocorrelation is the spectrum of the power: its real part, as the power is even. */
static void frame_find_period(voice_detector *d, voice_frame *f)
{
    double *c = d->correlation;
    for (int lag = 0; lag <= LONGEST_LAG + 1; lag++)
        c[lag] = 0;
    for (int lag = 0; lag <= LONGEST_LAG + 1; lag++) {
        const double *x = d->padded;
        for (int i = 0; i + lag < FRAME; i++)
            c[lag] += x[i] * x[i + lag];
    }
    f->period = 0;
    f->pitch = 0;
    if (c[0] < 1e-9)
        return;
    for (int lag = SHORTEST_LAG; lag <= LONGEST_LAG; lag++) {
        double here = c[lag] / d->window_correlation[lag], before = c[lag - 1] / d->window_correlation[lag - 1];
        double after = c[lag + 1] / d->window_correlation[lag + 1];
        double height = here / (c[0] / d->window_correlation[0]);
        if (here < before || here < after || height <= f->period * 1.02) /* a multiple of the period is no better */
            continue;
        double bend = before - 2 * here + after, shift = bend < 0 ? 0.5 * (before - after) / bend : 0;
        f->period = height < 1 ? height : 1;
        f->pitch = log2(RATE / ((double)lag + shift));
    }
}

static void frame_measure(voice_detector *d, const float *samples, voice_frame *f)
{
    double mean = 0, all = 0, logs = 0, low = 0, high = 0, band[BANDS] = {0};
    for (int i = 0; i < FRAME; i++)
        mean += (double)samples[i] / FRAME;
    memset(d->padded, 0, sizeof d->padded);
    for (int i = 0; i < FRAME; i++)
        d->padded[i] = ((double)samples[i] - mean) * d->window[i];
    power_spectrum_run(d->spectrum, d->padded, d->power);
    int count = 0;
    for (int k = 0; k < BINS; k++) {
        double p = d->power[k] / FRAME;
        if (d->band_of[k] < 0)
            continue;
        band[d->band_of[k]] += p;
        *(k < BINS / 4 ? &low : &high) += p;
        all += p;
        logs += log(p + 1e-10);
        count++;
    }
    f->level = decibels(all);
    f->low = decibels(low);
    f->high = decibels(high);
    f->flat = 10 * (logs / count - log(all / count + 1e-10)) / log(10);
    for (int b = 0; b < BANDS; b++)
        f->band[b] = decibels(band[b]);
    frame_find_period(d, f);
}

/* --- many frames -------------------------------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Deviation of values after their mean over a syllable before and after each is taken off. */
static double modulation(const double *x, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        int from = i > SYLLABLE ? i - SYLLABLE : 0, to = i + SYLLABLE < count ? i + SYLLABLE + 1 : count;
        double mean = 0;
        for (int k = from; k < to; k++)
            mean += x[k] / (to - from);
        sum += (x[i] - mean) * (x[i] - mean);
    }
    return sqrt(sum / count);
}

static double correlation_of(const double *x, const double *y, int count)
{
    double mx = 0, my = 0, xx = 1e-9, yy = 1e-9, xy = 0;
    for (int i = 0; i < count; i++) {
        mx += x[i] / count;
        my += y[i] / count;
    }
    for (int i = 0; i < count; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xy / sqrt(xx * yy);
}

static void summarise(const voice_frame *f, int count, double *work, double out[VOICE_MEASURES])
{
    double *level = work, *sorted = work + count, *low = work + 2 * count, *high = work + 3 * count;
    double voiced = 0, moved = 0, pairs = 0, steady = 0, flux = 0, flat = 0, period = 0, loud = 0;
    for (int i = 0; i < count; i++) {
        level[i] = sorted[i] = f[i].level > -60 ? f[i].level : -60;
        low[i] = f[i].low > -60 ? f[i].low : -60;
        high[i] = f[i].high > -60 ? f[i].high : -60;
    }
    qsort(sorted, (size_t)count, sizeof *sorted, compare_numbers);
    double top = sorted[(count * 9) / 10], bottom = sorted[count / 10];
    for (int i = 0; i < count; i++) {
        if (level[i] < top - 25)
            continue;
        loud++;
        flat += f[i].flat;
        period += f[i].period;
        voiced += f[i].period > 0.7;
        if (i == 0 || level[i - 1] < top - 25)
            continue;
        double change = 0;
        for (int b = 0; b < BANDS; b++)
            change +=
                fabs((f[i].band[b] > -60 ? f[i].band[b] : -60) - (f[i - 1].band[b] > -60 ? f[i - 1].band[b] : -60));
        flux += change / BANDS;
        if (f[i].period < 0.6 || f[i - 1].period < 0.6)
            continue;
        double step = fabs(f[i].pitch - f[i - 1].pitch) * 12; /* semitones */
        pairs++;
        moved += step > 0.08 && step < 1.5;
        steady += step <= 0.03;
    }
    memcpy(sorted, level, (size_t)count * sizeof *sorted);
    out[0] = voiced / loud;
    out[1] = period / loud;
    out[2] = pairs / count;
    out[3] = moved / count;
    out[4] = steady / count;
    out[5] = (top - bottom) / 10;
    out[6] = modulation(level, count) / 5;
    out[7] = modulation(low, count) / 5;
    out[8] = modulation(high, count) / 5;
    out[9] = correlation_of(low, high, count);
    out[10] = flat / loud / 10;
    out[11] = flux / loud / 5;
}

smac_status voice_measures(voice_detector *d, const float *samples, size_t count, size_t from, size_t to,
    double out[VOICE_MEASURES], smac_error *error)
{
    size_t begin = from > CONTEXT ? from - CONTEXT : 0, end = count - to > CONTEXT ? to + CONTEXT : count;
    memset(out, 0, VOICE_MEASURES * sizeof *out);
    if (to <= from || end - begin < 4 * FRAME)
        return SMAC_OK;
    int frames = (int)((end - begin - FRAME) / HOP) + 1;
    if (!memory_grow((void **)&d->frames, &d->capacity, (size_t)frames, sizeof *d->frames))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %d frames of sound", frames);
    double *work = memory_new((size_t)frames * 4, sizeof *work);
    if (!work)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %d frames of sound", frames);
    for (int i = 0; i < frames; i++)
        frame_measure(d, samples + begin + (size_t)i * HOP, &d->frames[i]);
    summarise(d->frames, frames, work, out);
    free(work);
    return SMAC_OK;
}

smac_status voice_probability(
    voice_detector *d, const float *samples, size_t count, size_t from, size_t to, double *out, smac_error *error)
{
    double m[VOICE_MEASURES], sum = voice_weight_constant;
    *out = 0;
    if (to <= from || to > count || sound_is_silent(samples + from, to - from))
        return SMAC_OK;
    TRY(voice_measures(d, samples, count, from, to, m, error));
    for (int i = 0; i < VOICE_MEASURES; i++)
        sum += m[i] * voice_weights[i];
    *out = 1 / (1 + exp(-sum));
    return SMAC_OK;
}
