/*
 * embed/sound.c - vectors of sound.  Whisper reads windows of 30 s side by side, the last one filled up with silence
 * that gives no vectors; ImageBind reads two seconds around the middle of each second, as the clips of a recording.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "embed/embed.h"
#include "media/media.h"
#include "media/pcm.h"
#include "pipeline/clip_encoder.h"

enum { SAMPLES_A_VECTOR = 2 * WHISPER_HOP, VECTORS_A_SECOND = 50 };

struct sound_embedding {
    embed_call call;
    preparation preparation; /* ImageBind */
    clip_encoder *clips;
    /* Whisper: a window */
    float *samples, *mel;
    size_t window, used;
    double *sums; /* (width), of the vectors of this second so far */
    float *mean;
    int64_t summed;
};

/* --- Whisper ------------------------------------------------------------------------------------------------------ */

/* The mean of the vectors since the last one. */
static smac_status sound_add_mean(sound_embedding *s, smac_error *error)
{
    size_t width = s->call.vectors->width;
    if (s->summed == 0)
        return SMAC_OK;
    for (size_t i = 0; i < width; i++) {
        s->mean[i] = (float)(s->sums[i] / (double)s->summed);
        s->sums[i] = 0;
    }
    s->summed = 0;
    return vectors_add(s->call.vectors, s->mean, 1, error);
}

static smac_status sound_add_vectors(sound_embedding *s, const float *vectors, int64_t count, smac_error *error)
{
    size_t width = s->call.vectors->width;
    if (s->call.options.tokens)
        return vectors_add(s->call.vectors, vectors, count, error);
    for (int64_t v = 0; v < count; v++) {
        for (size_t i = 0; i < width; i++)
            s->sums[i] += (double)vectors[(size_t)v * width + i];
        if (++s->summed == VECTORS_A_SECOND)
            TRY(sound_add_mean(s, error));
    }
    return SMAC_OK;
}

static smac_status sound_run_window(sound_embedding *s, smac_error *error)
{
    const smac_encoder *e = s->call.encoder;
    if (s->used == 0)
        return SMAC_OK;
    int64_t vectors = (int64_t)(s->used + SAMPLES_A_VECTOR - 1) / SAMPLES_A_VECTOR;
    TRY(whisper_log_mel(e->mel, s->samples, s->used, s->window, s->mel, error));
    tape *t = embed_tape(&s->call);
    if (!t)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    const encoder_input input = {
        .rows = 1, .mel = s->mel, .mel_bins = e->form.mel_bins, .mel_frames = e->form.mel_frames};
    encoder_states states = {0};
    encoder_encode(t, e->model.encoder, &input, &states);
    smac_status status = tape_status(t, error);
    if (status == SMAC_OK)
        status = sound_add_vectors(s, tape_numbers(t, states.steps), vectors, error);
    tape_free(t);
    s->call.done += (double)s->used / MEDIA_SAMPLE_RATE;
    s->used = 0;
    return status;
}

static smac_status sound_feed_window(sound_embedding *s, const float *samples, size_t count, smac_error *error)
{
    while (count > 0) {
        size_t room = s->window - s->used, n = count < room ? count : room;
        memcpy(s->samples + s->used, samples, n * sizeof *samples);
        s->used += n;
        samples += n;
        count -= n;
        if (s->used == s->window)
            TRY(sound_run_window(s, error));
    }
    return SMAC_OK;
}

/* --- ImageBind ---------------------------------------------------------------------------------------------------- */

static smac_status sound_take_clips(sound_embedding *s, smac_error *error)
{
    const smac_encoder *e = s->call.encoder;
    clip c;
    while (clip_encoder_next(s->clips, &c)) {
        const encoder_input input = {
            .rows = 1, .mel = c.mel, .mel_bins = e->form.mel_bins, .mel_frames = e->form.mel_frames};
        tape *t = embed_tape(&s->call);
        if (!t)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
        value *vector = encoder_encode(t, e->model.encoder, &input, NULL);
        smac_status status = tape_status(t, error);
        if (status == SMAC_OK)
            status = vectors_add(s->call.vectors, tape_numbers(t, vector), 1, error);
        tape_free(t);
        TRY(status);
        s->call.done = c.end;
    }
    return SMAC_OK;
}

/* --- both --------------------------------------------------------------------------------------------------------- */

smac_status sound_embedding_feed(sound_embedding *s, const float *samples, size_t count, smac_error *error)
{
    if (!s->clips)
        return sound_feed_window(s, samples, count, error);
    TRY(clip_encoder_feed_sound(s->clips, samples, count, error));
    return sound_take_clips(s, error);
}

static smac_status sound_finish(sound_embedding *s, smac_error *error)
{
    if (!s->clips) {
        TRY(sound_run_window(s, error));
        return sound_add_mean(s, error);
    }
    TRY(clip_encoder_finish(s->clips, error));
    return sound_take_clips(s, error);
}

smac_status sound_embedding_finish(sound_embedding *s, smac_vectors **out, smac_error *error)
{
    TRY(sound_finish(s, error));
    *out = s->call.vectors;
    s->call.vectors = NULL;
    return SMAC_OK;
}

static smac_status sound_begin(sound_embedding *s, smac_error *error)
{
    const smac_encoder *e = s->call.encoder;
    s->call.vectors->per_second = s->call.options.tokens ? VECTORS_A_SECOND : 1;
    if (e->form.mel != MEL_WHISPER) {
        s->preparation =
            (preparation){.configuration = &e->configuration, .mel = e->mel, .wants[MODALITY_AUDIO] = true};
        const clip_encoder_options options = {.preparation = &s->preparation, .keep_blank = true};
        return clip_encoder_new(&options, &s->clips, error);
    }
    s->window = (size_t)e->form.mel_frames * WHISPER_HOP;
    s->samples = memory_new(s->window, sizeof *s->samples);
    s->mel = memory_new((size_t)(e->form.mel_frames * e->form.mel_bins), sizeof *s->mel);
    s->sums = memory_new(s->call.vectors->width, sizeof *s->sums);
    s->mean = memory_new(s->call.vectors->width, sizeof *s->mean);
    if (!s->samples || !s->mel || !s->sums || !s->mean)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a window of sound");
    return SMAC_OK;
}

smac_status sound_embedding_new(const smac_encoder *encoder, const smac_embed_options *options, double seconds,
    sound_embedding **out, smac_error *error)
{
    sound_embedding *s = memory_new(1, sizeof *s);
    if (!s)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for vectors of sound");
    smac_status status = embed_begin(&s->call, encoder, MODALITY_AUDIO, options, error);
    s->call.total = seconds;
    if (status == SMAC_OK)
        status = sound_begin(s, error);
    if (status != SMAC_OK) {
        sound_embedding_free(s);
        return status;
    }
    *out = s;
    return SMAC_OK;
}

void sound_embedding_free(sound_embedding *s)
{
    if (!s)
        return;
    embed_end(&s->call);
    clip_encoder_free(s->clips);
    free(s->samples);
    free(s->mel);
    free(s->sums);
    free(s->mean);
    free(s);
}

/* --- samples ------------------------------------------------------------------------------------------------------ */

static smac_status sound_feed_converted(
    sound_embedding *s, pcm_converter *from, const float *samples, size_t count, int rate, smac_error *error)
{
    const float *converted;
    size_t ready;
    bool hole;
    for (size_t at = 0; at < count; at += (size_t)rate) {
        const pcm_block block = {.samples = samples + at,
            .frames = count - at < (size_t)rate ? count - at : (size_t)rate,
            .channels = 1,
            .rate = rate};
        TRY(pcm_converter_feed(from, &block, NAN, error));
        while (pcm_converter_next(from, &converted, &ready, &hole))
            TRY(sound_embedding_feed(s, converted, ready, error));
    }
    TRY(pcm_converter_finish(from, error));
    while (pcm_converter_next(from, &converted, &ready, &hole))
        TRY(sound_embedding_feed(s, converted, ready, error));
    return SMAC_OK;
}

static smac_status sound_feed_all(sound_embedding *s, const float *samples, size_t count, int rate, smac_error *error)
{
    if (rate == MEDIA_SAMPLE_RATE)
        return sound_embedding_feed(s, samples, count, error);
    pcm_converter *converter = pcm_converter_new();
    smac_status status = converter ? sound_feed_converted(s, converter, samples, count, rate, error)
                                   : FAIL(error, SMAC_ERROR_MEMORY, "no memory for resampling");
    pcm_converter_free(converter);
    return status;
}

static smac_status check_sound(const float *samples, size_t count, int rate, smac_error *error)
{
    if (count == 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the sound is empty: give at least one sample");
    if (rate < 1000 || rate > 768000)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d samples a second, expected 1000 to 768000", rate);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(samples[i]))
            return FAIL(error, SMAC_ERROR_ARGUMENT, "sample %zu of the sound is %g, expected finite values", i,
                (double)samples[i]);
    return SMAC_OK;
}

SMAC_API smac_status smac_embed_sound(const smac_encoder *encoder, const float *samples, size_t count, int rate,
    const smac_embed_options *options, smac_vectors **out, smac_error *error)
{
    sound_embedding *s;
    if (!samples || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_embed_sound needs samples and a place for the vectors");
    *out = NULL;
    TRY(check_sound(samples, count, rate, error));
    TRY(sound_embedding_new(encoder, options, (double)count / rate, &s, error));
    smac_status status = sound_feed_all(s, samples, count, rate, error);
    if (status == SMAC_OK)
        status = sound_embedding_finish(s, out, error);
    sound_embedding_free(s);
    return status;
}
