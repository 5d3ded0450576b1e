/*
 * speech/listen.c - a listener: a stream of sound in windows of 30 s.  Silence is skipped, and the next window begins
 * where the last whole segment ended.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "compute/parallel.h"
#include "media/sound.h"
#include "speech/languages.h"
#include "speech/listen.h"

enum {
    AHEAD = 120 * FRAMES_A_SECOND, /* that much sound is read before a window, for the loudest value */
    LEAD_STEP = 10,                /* silence before a window is looked for in steps of 0.1 s ... */
    LEAD_KEPT = 100                /* ... and its last second is kept */
};

void speech_options_default(speech_options *o)
{
    *o = (speech_options){.beams = 5,
        .patience = 1,
        .length_penalty = 1,
        .temperatures = {0, 0.2, 0.4, 0.6, 0.8, 1.0},
        .temperature_count = 6,
        .best_of = 5,
        .compression_ratio = 2.4,
        .log_probability = -1,
        .no_speech = 0.6,
        .silence = 0.001,
        .report_every = 0.2};
}

/* --- progress and stopping ---------------------------------------------------------------------------------------- */

static double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool listener_report(speech_listener *l)
{
    double seconds = (double)l->seek / FRAMES_A_SECOND, all = l->expected > seconds ? l->expected : 0;
    l->reported = clock_seconds();
    if (report_progress(l->options.report, "listening", seconds, l->features.finished ? l->result->duration : all) != 0)
        l->stopped = true;
    return l->stopped;
}

int listener_interrupted(void *user)
{
    speech_listener *l = user;
    if (l->stopped || l->options.report == NULL || clock_seconds() - l->reported < l->options.report_every)
        return l->stopped;
    return listener_report(l);
}

smac_status listener_stopped(const speech_listener *l, smac_error *error)
{
    return FAIL(
        error, SMAC_ERROR_INTERRUPTED, "stopped as asked after %.0f s of sound", (double)l->seek / FRAMES_A_SECOND);
}

/* --- a listener --------------------------------------------------------------------------------------------------- */

static smac_status listener_check_options(const speech_model *m, const speech_options *o, smac_error *error)
{
    if (o->beams < 1 || o->beams > 32 || o->best_of < 1 || o->best_of > 32)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d beams and %d samples were asked for, expected 1 to 32", o->beams,
            o->best_of);
    if (o->temperature_count < 1 || o->temperature_count > SPEECH_TEMPERATURES)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d temperatures were given, expected 1 to %d", o->temperature_count,
            (int)SPEECH_TEMPERATURES);
    for (int i = 0; i < o->temperature_count; i++)
        if (!(o->temperatures[i] >= 0 && o->temperatures[i] <= 10))
            return FAIL(error, SMAC_ERROR_ARGUMENT, "a temperature is %g, expected 0 to 10", o->temperatures[i]);
    if (!(o->patience >= 0.1 && o->patience <= 10) || !isfinite(o->length_penalty))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "the patience is %g and the length penalty %g, expected 0.1 to 10 and a finite number", o->patience,
            o->length_penalty);
    return o->language != NULL ? speech_model_check_language(m, o->language, error) : SMAC_OK;
}

void listener_set_language(speech_listener *l, int32_t id, double probability)
{
    l->language = id;
    l->result->language_probability = probability;
    if (!speech_model_language(l->model, id, l->result->language, sizeof l->result->language))
        strcpy(l->result->language, "en");
    l->spaces = language_has_spaces(l->result->language);
}

static smac_status listener_begin(speech_listener *l, smac_error *error)
{
    const speech_model *m = l->model;
    int64_t rows = l->options.beams > l->options.best_of ? l->options.beams : l->options.best_of;
    l->window_frames = 2 * m->config.positions;
    TRY(features_begin(&l->features, (int)m->config.mel_bins, error));
    TRY(whisper_decoding_new(m->decoder, rows, &l->decoding, error));
    l->tape = tape_new(&(tape_options){.precision = m->how, .interrupt = {listener_interrupted, l}});
    l->mel = memory_new((size_t)(l->window_frames * m->config.mel_bins), sizeof *l->mel);
    if (l->tape == NULL || l->mel == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a window of sound");
    l->language = -1;
    if (!m->many_languages)
        listener_set_language(l, tokenizer_id(m->tokens, "<|en|>"), 1);
    else if (l->options.language != NULL && strcmp(l->options.language, "auto") != 0)
        listener_set_language(l, speech_model_language_id(m, l->options.language), 1);
    return SMAC_OK;
}

smac_status speech_listener_new(const speech_model *m, const speech_options *options, speech_result *result,
    speech_listener **out, smac_error *error)
{
    speech_listener *l = memory_new(1, sizeof *l);
    if (l == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to listen");
    if (options != NULL)
        l->options = *options;
    else
        speech_options_default(&l->options);
    l->model = m;
    l->result = result;
    smac_status status = listener_check_options(m, &l->options, error);
    if (status == SMAC_OK)
        status = listener_begin(l, error);
    if (status != SMAC_OK) {
        speech_listener_free(l);
        return status;
    }
    *out = l;
    return SMAC_OK;
}

double speech_listener_reached(const speech_listener *l)
{
    return (double)l->seek / FRAMES_A_SECOND;
}

void speech_listener_free(speech_listener *l)
{
    if (l == NULL)
        return;
    features_clear(&l->features);
    whisper_decoding_free(l->decoding);
    tape_free(l->tape);
    free(l->mel);
    free(l->previous);
    free(l);
}

/* --- what is said in a window ------------------------------------------------------------------------------------- */

/* --- segments ----------------------------------------------------------------------------------------------------- */

/* --- windows ------------------------------------------------------------------------------------------------------ */

static smac_status window_encode(speech_listener *l, int64_t frames, smac_error *error)
{
    const speech_model *m = l->model;
    features_window(&l->features, l->seek, frames, l->window_frames, l->mel);
    tape_reset(l->tape, NULL);
    const value *sound = whisper_encoder_forward(l->tape, m->encoder, l->mel, 1, l->window_frames, NULL);
    TRY(tape_status(l->tape, error));
    return whisper_decoding_sound(l->decoding, tape_numbers(l->tape, sound), m->config.positions, error);
}

static smac_status listener_run_window(speech_listener *l, int64_t frames, smac_error *error)
{
    const int64_t end = l->seek + frames;
    int64_t next = end;
    l->result->windows++;
    if (features_loudness(&l->features, l->seek, next) < l->options.silence) {
        l->result->silent_windows++;
        l->seek = next;
        return SMAC_OK;
    }
    TRY(window_encode(l, frames, error));
    if (l->language < 0)
        TRY(window_detect_language(l, error));
    heard h = {0};
    TRY(window_search(l, &h, error));
    smac_status status = SMAC_OK;
    if (h.silent)
        l->result->silent_windows++;
    else
        status = window_keep(l, &h, frames, &next, error);
    search_result_clear(&h.found);
    l->seek = next > l->seek && next <= end ? next : end; /* a time stamp may be after the sound of a short window */
    return status;
}

/* Frames of silence at the window's start that are skipped, so that what is said after them has a whole window. */
static int64_t silent_lead(const speech_listener *l, int64_t frames)
{
    int64_t at = 0;
    while (at < frames && features_loudness(&l->features, l->seek + at, l->seek + at + LEAD_STEP) < l->options.silence)
        at += LEAD_STEP;
    return at < frames && at >= 2 * LEAD_KEPT ? at - LEAD_KEPT : 0;
}

/* Level after which a pause is one, of the loudest in the window. */
#define PAUSE_LEVEL 0.1

/* Where a live stream's window ends: at a pause, or at the quietest place when there was none for long.  0: not yet. */
static int64_t live_frames(const speech_listener *l, int64_t ready)
{
    enum { SHORTEST = 300, LONGEST = 800, PAUSE = 40, LOOK_BACK = 300 };
    int64_t frames = ready - l->seek, quietest = frames;
    double least = INFINITY, pause = features_loudness(&l->features, ready - PAUSE, ready);
    if (frames < SHORTEST)
        return 0;
    if (pause < l->options.silence || pause < PAUSE_LEVEL * features_loudness(&l->features, l->seek, ready))
        return frames < l->window_frames ? frames : l->window_frames;
    if (frames < LONGEST)
        return 0;
    frames = frames < l->window_frames ? frames : l->window_frames;
    for (int64_t at = frames - LOOK_BACK; at + LEAD_STEP <= frames; at += LEAD_STEP) {
        double loud = features_loudness(&l->features, l->seek + at, l->seek + at + LEAD_STEP);
        if (loud < least) {
            least = loud;
            quietest = at + LEAD_STEP / 2;
        }
    }
    return quietest;
}

/* Every window whose sound is there. */
static smac_status listener_run_ready(speech_listener *l, smac_error *error)
{
    for (;;) {
        int64_t end = features_length(&l->features), ready = features_ready(&l->features);
        int64_t frames = l->window_frames < end - l->seek ? l->window_frames : end - l->seek;
        bool waits = !l->features.finished && ready < l->seek + AHEAD;
        if (waits && l->options.live) {
            frames = live_frames(l, ready);
            waits = frames == 0;
        }
        if (frames <= 0 || waits)
            return SMAC_OK;
        int64_t lead = silent_lead(l, frames);
        if (lead > 0) {
            l->seek += lead;
            continue;
        }
        TRY(listener_run_window(l, frames, error));
        features_forget(&l->features, l->seek);
        l->result->duration = (double)l->features.total / WHISPER_HOP / FRAMES_A_SECOND;
        if (listener_report(l))
            return listener_stopped(l, error);
    }
}

/* The message says how far it came, wherever in a window it was stopped. */
static smac_status listener_run(speech_listener *l, smac_error *error)
{
    int before = l->options.threads > 0 ? parallel_request(l->options.threads) : 0;
    smac_status status = listener_run_ready(l, error);
    if (l->options.threads > 0)
        parallel_request(before);
    return status == SMAC_ERROR_INTERRUPTED ? listener_stopped(l, error) : status;
}

smac_status speech_listener_feed(speech_listener *l, const float *samples, size_t count, smac_error *error)
{
    enum { AT_ONCE = 10 * 16000 }; /* so that a long piece takes no more memory than a stream of short ones */
    if (l->features.finished)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "sound was given after the end of the stream: use a new listener");
    while (count > 0) {
        size_t piece = count < AT_ONCE ? count : AT_ONCE;
        TRY(features_feed(&l->features, samples, piece, error));
        TRY(listener_run(l, error));
        samples += piece;
        count -= piece;
    }
    return SMAC_OK;
}

smac_status speech_listener_finish(speech_listener *l, smac_error *error)
{
    if (!l->features.finished)
        TRY(features_finish(&l->features, error));
    l->result->duration = (double)l->features.total / WHISPER_HOP / FRAMES_A_SECOND;
    TRY(listener_run(l, error));
    if (l->result->count == 0) { /* the likeliest language of silence or noise says nothing */
        l->result->language[0] = 0;
        l->result->language_probability = 0;
    }
    return SMAC_OK;
}

void speech_listener_expect(speech_listener *l, double seconds)
{
    l->expected = seconds;
}

static smac_status feed_sound(void *user, const float *samples, size_t count, int64_t first, smac_error *error)
{
    (void)first;
    return speech_listener_feed(user, samples, count, error);
}

smac_status speech_listener_file(speech_listener *l, const char *path, smac_error *error)
{
    media_info info;
    media_options reading = {.report = l->options.report};
    if (media_probe(path, NULL, &info, NULL) == SMAC_OK)
        speech_listener_expect(l, info.duration);
    TRY(sound_read(path, &reading, feed_sound, l, NULL, error));
    return speech_listener_finish(l, error);
}

smac_status speech_listen_file(
    const speech_model *m, const char *path, const speech_options *options, speech_result *out, smac_error *error)
{
    speech_listener *l;
    TRY(speech_listener_new(m, options, out, &l, error));
    smac_status status = speech_listener_file(l, path, error);
    speech_listener_free(l);
    return status;
}
