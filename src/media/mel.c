/* media/mel.c - Kaldi's filter bank, ImageBind's picture of it, and Whisper's log-mel. */
#include "media/mel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/fourier.h"

#define RATE 16000
#define FRAME 400
#define SHIFT 160
#define KALDI_POINTS 512
#define PI 3.14159265358979323846

struct mel_filter_bank {
    int bins, points; /* points of the transform; points/2 + 1 powers */
    double window[FRAME];
    int *first, *count; /* (bins): the powers that a bin takes */
    double *weights;    /* (bins, points/2 + 1) from first on */
};

/* --- tables ------------------------------------------------------------------------------------------------------ */

void mel_filter_bank_free(mel_filter_bank *b)
{
    if (!b)
        return;
    free(b->first);
    free(b->count);
    free(b->weights);
    free(b);
}

static mel_filter_bank *bank_new(int bins, int points)
{
    mel_filter_bank *b = memory_new(1, sizeof *b);
    if (!b)
        return NULL;
    b->bins = bins;
    b->points = points;
    b->first = memory_new((size_t)bins, sizeof *b->first);
    b->count = memory_new((size_t)bins, sizeof *b->count);
    b->weights = memory_new((size_t)bins * (size_t)(points / 2 + 1), sizeof *b->weights);
    if (b->first && b->count && b->weights)
        return b;
    mel_filter_bank_free(b);
    return NULL;
}

/* Keep weight for power number power of bin; called in rising order of power. */
static void bank_put(mel_filter_bank *b, int bin, int power, double weight)
{
    if (!(weight > 0))
        return;
    if (b->count[bin] == 0)
        b->first[bin] = power;
    b->weights[(size_t)bin * (size_t)(b->points / 2 + 1) + (size_t)(power - b->first[bin])] = weight;
    b->count[bin] = power - b->first[bin] + 1;
}

static double kaldi_mel(double hertz)
{
    return 1127.0 * log(1.0 + hertz / 700.0);
}

smac_status mel_filter_bank_new_kaldi(int bins, mel_filter_bank **out, smac_error *error)
{
    *out = NULL;
    if (bins < 1 || bins > 512)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d mel bins were asked for, expected 1 to 512", bins);
    mel_filter_bank *b = bank_new(bins, KALDI_POINTS);
    if (!b)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for a filter bank");
    for (int i = 0; i < FRAME; i++)
        b->window[i] = 0.5 - 0.5 * cos(2.0 * PI * i / (FRAME - 1));
    double low = kaldi_mel(20.0), step = (kaldi_mel(RATE / 2.0) - low) / (bins + 1);
    for (int bin = 0; bin < bins; bin++) {
        double left = low + bin * step, centre = left + step, right = centre + step;
        for (int power = 0; power < KALDI_POINTS / 2; power++) { /* the Nyquist frequency has weight 0 */
            double mel = kaldi_mel((double)power * RATE / KALDI_POINTS);
            bank_put(b, bin, power, fmin((mel - left) / (centre - left), (right - mel) / (right - centre)));
        }
    }
    *out = b;
    return SMAC_OK;
}

/* Slaney's scale: linear to 1000 Hz (mel 15), then 27 mels for each factor of 6.4. */
static double slaney_hertz(double mel)
{
    return mel < 15.0 ? mel * 200.0 / 3.0 : 1000.0 * exp(log(6.4) / 27.0 * (mel - 15.0));
}

static double slaney_mel(double hertz)
{
    return hertz < 1000.0 ? hertz * 3.0 / 200.0 : 15.0 + log(hertz / 1000.0) * 27.0 / log(6.4);
}

smac_status mel_filter_bank_new_whisper(int bins, mel_filter_bank **out, smac_error *error)
{
    *out = NULL;
    if (bins < 1 || bins > 512)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d mel bins were asked for, expected 80 or 128 (1 to 512)", bins);
    mel_filter_bank *b = bank_new(bins, FRAME);
    if (!b)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for a filter bank");
    for (int i = 0; i < FRAME; i++)
        b->window[i] = 0.5 - 0.5 * cos(2.0 * PI * i / FRAME);
    double step = slaney_mel(RATE / 2.0) / (bins + 1);
    for (int bin = 0; bin < bins; bin++) {
        double left = slaney_hertz(bin * step), centre = slaney_hertz((bin + 1) * step);
        double right = slaney_hertz((bin + 2) * step), area = 2.0 / (right - left);
        for (int power = 0; power <= FRAME / 2; power++) {
            double hertz = (double)power * RATE / FRAME;
            bank_put(b, bin, power, area * fmin((hertz - left) / (centre - left), (right - hertz) / (right - centre)));
        }
    }
    *out = b;
    return SMAC_OK;
}

static double bin_energy(const mel_filter_bank *b, int bin, const double *powers)
{
    const double *weights = b->weights + (size_t)bin * (size_t)(b->points / 2 + 1);
    double sum = 0;
    for (int i = 0; i < b->count[bin]; i++)
        sum += weights[i] * powers[b->first[bin] + i];
    return sum;
}

/* --- Kaldi ------------------------------------------------------------------------------------------------------- */

int64_t kaldi_frame_count(size_t count)
{
    return count < FRAME ? 0 : (int64_t)((count - FRAME) / SHIFT + 1);
}

/* One frame of samples to log energies. */
static void kaldi_frame(
    const mel_filter_bank *b, power_spectrum *spectrum, const float *samples, double mean, float *out)
{
    double frame[KALDI_POINTS] = {0}, powers[KALDI_POINTS / 2 + 1], offset = 0;
    for (int i = 0; i < FRAME; i++) {
        frame[i] = samples[i] - mean;
        offset += frame[i];
    }
    offset /= FRAME;
    for (int i = 0; i < FRAME; i++)
        frame[i] -= offset;
    for (int i = FRAME - 1; i > 0; i--)
        frame[i] -= 0.97 * frame[i - 1];
    frame[0] -= 0.97 * frame[0];
    for (int i = 0; i < FRAME; i++)
        frame[i] *= b->window[i];
    power_spectrum_run(spectrum, frame, powers);
    for (int bin = 0; bin < b->bins; bin++)
        out[bin] = (float)log(fmax(bin_energy(b, bin, powers), 1.1920928955078125e-07));
}

static smac_status kaldi_run(
    const mel_filter_bank *b, const float *samples, size_t count, double mean, float *out, smac_error *error)
{
    if (b->points != KALDI_POINTS)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a Whisper filter bank was given where a Kaldi one is needed");
    power_spectrum *spectrum;
    TRY(power_spectrum_new(KALDI_POINTS, &spectrum, error));
    int64_t frames = kaldi_frame_count(count);
    for (int64_t i = 0; i < frames; i++)
        kaldi_frame(b, spectrum, samples + i * SHIFT, mean, out + i * b->bins);
    power_spectrum_free(spectrum);
    return SMAC_OK;
}

smac_status kaldi_filter_bank(
    const mel_filter_bank *b, const float *samples, size_t count, float *out, smac_error *error)
{
    return kaldi_run(b, samples, count, 0.0, out, error);
}

smac_status imagebind_mel(const mel_filter_bank *b, const float *samples, size_t count, float *out, smac_error *error)
{
    if (b->bins != IMAGEBIND_MEL_BINS)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "a filter bank of %d bins was given, expected %d", b->bins, IMAGEBIND_MEL_BINS);
    float few[FRAME] = {0};
    double mean = 0;
    for (size_t i = 0; i < count; i++)
        mean += samples[i];
    mean = count ? mean / (double)count : 0;
    if (count < FRAME) {
        for (size_t i = 0; i < count; i++)
            few[i] = (float)(samples[i] - mean);
        samples = few;
        count = FRAME;
        mean = 0;
    }
    size_t most = FRAME + (size_t)SHIFT * (IMAGEBIND_MEL_FRAMES - 1); /* what is cut away needs no transform */
    count = count > most ? most : count;
    int64_t frames = kaldi_frame_count(count);
    float *rows = memory_new((size_t)frames * IMAGEBIND_MEL_BINS, sizeof *rows);
    if (!rows)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for a filter bank");
    smac_status status = kaldi_run(b, samples, count, mean, rows, error);
    for (int bin = 0; status == SMAC_OK && bin < IMAGEBIND_MEL_BINS; bin++)
        for (int64_t i = 0; i < IMAGEBIND_MEL_FRAMES; i++) {
            float value = i < frames ? rows[i * IMAGEBIND_MEL_BINS + bin] : 0.0f;
            out[(int64_t)bin * IMAGEBIND_MEL_FRAMES + i] = (value + 4.268f) / 9.138f;
        }
    free(rows);
    return status;
}

/* --- Whisper ----------------------------------------------------------------------------------------------------- */

/* Sample number at of the padded sound, reflected at both ends. */
static double reflected(const float *samples, int64_t count, int64_t padded, int64_t at)
{
    at = at < 0 ? -at : at >= padded ? 2 * (padded - 1) - at : at;
    return at < count ? samples[at] : 0.0;
}

smac_status whisper_log_mel(
    const mel_filter_bank *b, const float *samples, size_t count, size_t padded, float *out, smac_error *error)
{
    if (b->points != FRAME)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a Kaldi filter bank was given where a Whisper one is needed");
    if (padded < FRAME || padded % SHIFT != 0 || padded > INT32_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a window of %zu samples was asked for, expected a multiple of %d of at least %d", padded, SHIFT, 480);
    count = count > padded ? padded : count;
    power_spectrum *spectrum;
    TRY(power_spectrum_new(FRAME, &spectrum, error));
    int64_t frames = (int64_t)(padded / SHIFT);
    float maximum = -INFINITY;
    double frame[FRAME], powers[FRAME / 2 + 1];
    for (int64_t i = 0; i < frames; i++) {
        int64_t from = i * SHIFT - FRAME / 2;
        bool silent = from >= (int64_t)count && from + FRAME <= (int64_t)padded;
        for (int n = 0; n < FRAME && !silent; n++)
            frame[n] = b->window[n] * reflected(samples, (int64_t)count, (int64_t)padded, from + n);
        if (!silent)
            power_spectrum_run(spectrum, frame, powers);
        for (int bin = 0; bin < b->bins; bin++) {
            float value = silent ? -10.0f : (float)log10(fmax(bin_energy(b, bin, powers), 1e-10));
            maximum = value > maximum ? value : maximum;
            out[(int64_t)bin * frames + i] = value;
        }
    }
    power_spectrum_free(spectrum);
    for (int64_t i = 0; i < frames * b->bins; i++)
        out[i] = ((out[i] > maximum - 8.0f ? out[i] : maximum - 8.0f) + 4.0f) / 4.0f;
    return SMAC_OK;
}

smac_status whisper_mel_frames(
    const mel_filter_bank *b, const float *samples, int64_t frames, float *out, smac_error *error)
{
    if (b->points != FRAME)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a Kaldi filter bank was given where a Whisper one is needed");
    power_spectrum *spectrum;
    TRY(power_spectrum_new(FRAME, &spectrum, error));
    double frame[FRAME], powers[FRAME / 2 + 1];
    for (int64_t i = 0; i < frames; i++) {
        for (int n = 0; n < FRAME; n++)
            frame[n] = b->window[n] * (double)samples[i * SHIFT + n];
        power_spectrum_run(spectrum, frame, powers);
        for (int bin = 0; bin < b->bins; bin++)
            out[i * b->bins + bin] = (float)log10(fmax(bin_energy(b, bin, powers), 1e-10));
    }
    power_spectrum_free(spectrum);
    return SMAC_OK;
}
