/* apps/cli/embed_speech.c - Whisper's encoder over the sound of a file, window by window. */
#include "embed_speech.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "encoders/whisper.h"
#include "media/mel.h"
#include "media/sound.h"

enum { SAMPLES_A_VECTOR = 320, VECTORS_A_SECOND = MEDIA_SAMPLE_RATE / SAMPLES_A_VECTOR };

struct speech_encoder {
    tensor_file *file;
    parameter_store *store;
    whisper_encoder *encoder;
    whisper_config config;
    mel_filter_bank *bank;
};

void speech_encoder_close(speech_encoder *s)
{
    if (!s)
        return;
    whisper_encoder_free(s->encoder);
    parameter_store_free(s->store);
    mel_filter_bank_free(s->bank);
    tensor_file_close(s->file);
    free(s);
}

smac_status speech_encoder_open(const char *path, precision how, speech_encoder **out, smac_error *error)
{
    speech_encoder *s = memory_new(1, sizeof *s);
    if (!s)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a speech encoder");
    smac_status status = whisper_open_folder(path, &s->file, &s->config, error);
    if (status == SMAC_OK && !(s->store = parameter_store_new()))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a speech encoder");
    if (status == SMAC_OK)
        status = whisper_encoder_add(s->store, "audio.", &s->config, 0, &s->encoder, error);
    if (status == SMAC_OK)
        status = whisper_encoder_pack(s->encoder, s->file, how, error);
    if (status == SMAC_OK)
        status = parameter_store_seal(s->store, false, 0, error);
    if (status == SMAC_OK)
        status = whisper_encoder_load(s->encoder, s->file, error);
    if (status == SMAC_OK)
        status = mel_filter_bank_new_whisper((int)s->config.mel_bins, &s->bank, error);
    if (status != SMAC_OK) {
        speech_encoder_close(s);
        return status;
    }
    *out = s;
    return SMAC_OK;
}

typedef struct listening {
    const speech_encoder *s;
    const reporter *report;
    const char *path;
    bool each;
    vector_rows *out;
    float *samples, *mel, *turned; /* a window: (samples), (bins, frames), (frames, bins) */
    double *sums;                  /* (width), of the vectors of this second so far */
    float *mean;
    int64_t summed;
    size_t window, used;
    double heard; /* seconds */
} listening;

/* The mean of the vectors since the last one. */
static smac_status add_mean(listening *l, smac_error *error)
{
    int64_t width = l->s->config.width;
    if (l->summed == 0)
        return SMAC_OK;
    for (int64_t i = 0; i < width; i++) {
        l->mean[i] = (float)(l->sums[i] / (double)l->summed);
        l->sums[i] = 0;
    }
    l->summed = 0;
    return vector_rows_add(l->out, l->mean, 1, width, false, error);
}

static smac_status add_vectors(listening *l, const float *vectors, int64_t count, smac_error *error)
{
    int64_t width = l->s->config.width;
    if (l->each)
        return vector_rows_add(l->out, vectors, count, width, false, error);
    for (int64_t v = 0; v < count; v++) {
        for (int64_t i = 0; i < width; i++)
            l->sums[i] += vectors[v * width + i];
        if (++l->summed == VECTORS_A_SECOND)
            TRY(add_mean(l, error));
    }
    return SMAC_OK;
}

static smac_status run_window(listening *l, smac_error *error)
{
    if (l->used == 0)
        return SMAC_OK;
    const whisper_config *c = &l->s->config;
    int64_t frames = 2 * c->positions, bins = c->mel_bins;
    int64_t vectors = (int64_t)(l->used + SAMPLES_A_VECTOR - 1) / SAMPLES_A_VECTOR;
    TRY(whisper_log_mel(l->s->bank, l->samples, l->used, l->window, l->mel, error));
    for (int64_t b = 0; b < bins; b++)
        for (int64_t f = 0; f < frames; f++)
            l->turned[f * bins + b] = l->mel[b * frames + f];
    tape *t = tape_new(NULL);
    if (!t)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    value *y = whisper_encoder_forward(t, l->s->encoder, l->turned, 1, frames, NULL);
    smac_status status = tape_status(t, error);
    if (status == SMAC_OK)
        status = add_vectors(l, tape_numbers(t, y), vectors, error);
    tape_free(t);
    l->heard += (double)l->used / MEDIA_SAMPLE_RATE;
    l->used = 0;
    if (status == SMAC_OK && report_progress(l->report, l->path, l->heard, 0) != 0)
        status = FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped after %.1f s of %.300s", l->heard, l->path);
    return status;
}

static smac_status take(void *user, const float *samples, size_t count, int64_t first, smac_error *error)
{
    (void)first;
    listening *l = user;
    while (count > 0) {
        size_t room = l->window - l->used, n = count < room ? count : room;
        memcpy(l->samples + l->used, samples, n * sizeof *samples);
        l->used += n;
        samples += n;
        count -= n;
        if (l->used == l->window)
            TRY(run_window(l, error));
    }
    return SMAC_OK;
}

smac_status speech_encoder_file(
    const speech_encoder *s, const char *path, bool each, const reporter *r, vector_rows *out, smac_error *error)
{
    listening l = {.s = s, .report = r, .path = path, .each = each, .out = out};
    l.window = (size_t)s->config.positions * SAMPLES_A_VECTOR;
    size_t values = (size_t)(2 * s->config.positions * s->config.mel_bins);
    l.samples = memory_new(l.window, sizeof *l.samples);
    l.mel = memory_new(values, sizeof *l.mel);
    l.turned = memory_new(values, sizeof *l.turned);
    media_warnings warnings = {0};
    l.sums = memory_new((size_t)s->config.width, sizeof *l.sums);
    l.mean = memory_new((size_t)s->config.width, sizeof *l.mean);
    bool made = l.samples && l.mel && l.turned && l.sums && l.mean;
    smac_status status = made ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for sound");
    if (status == SMAC_OK)
        status = sound_read(path, NULL, take, &l, &warnings, error);
    if (status == SMAC_OK)
        status = run_window(&l, error);
    if (status == SMAC_OK)
        status = add_mean(&l, error);
    media_warnings_free(&warnings);
    free(l.samples);
    free(l.mel);
    free(l.turned);
    free(l.sums);
    free(l.mean);
    return status;
}
