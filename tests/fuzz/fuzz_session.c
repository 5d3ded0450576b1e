/*
 * Fuzz target of the live session: the input is a list of calls, with times, sizes and texts of any value.  Every segment
 * must be in order and hold values in the model's range, and an error must have a message.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/model.h"
#include "pipeline/affect_model.h"
#include "semanticmac/semanticmac.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS_MAX = 80, SIDE = 24, SAMPLES = 4000 };

static smac_model model;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    static const char *const words[] = {"a good film", "a bad film"};
    static const char *const settings[] = {"model.width=8", "model.heads=1", "model.head_width=8",
        "perceiver.latents=2", "perceiver.layers=1", "interaction.queries=1", "interaction.layers=1",
        "contrast.projection=4", "text.width=8", "text.heads=1", "text.hidden=8", "text.layers=1", "text.vocabulary=64",
        "audio.width=8", "audio.heads=1", "audio.hidden=8", "audio.layers=1", "audio.out_width=8", "audio.mel_bins=16",
        "audio.frames=32", "audio.kernel=8", "audio.stride=8", "vision.width=8", "vision.heads=1", "vision.hidden=8",
        "vision.layers=1", "vision.out_width=8", "vision.image_size=8", "vision.patch=8"};
    configuration c;
    task_description task;
    smac_error error = {0};
    configuration_defaults(&c);
    bool good = task_regression(&task, "sentiment", "sims", -1, 1, &error) == SMAC_OK;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        good = good && configuration_set_assignment(&c, settings[i], &error) == SMAC_OK;
    affect_model_options options = {
        .configuration = &c, .tasks = &task, .task_count = 1, .texts = words, .text_count = 2};
    if (!good || affect_model_new(&options, &model.affect, &error) != SMAC_OK ||
        public_tasks_new(model.affect->tasks, 1, &model.tasks, &error) != SMAC_OK) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return 0;
}

typedef struct reading {
    const uint8_t *data;
    size_t size, at;
    double time;
} reading;

static unsigned take_byte(reading *r)
{
    return r->at < r->size ? r->data[r->at++] : 0;
}

/* Mostly a step forward of a few seconds at most; sometimes any number at all. */
static double take_time(reading *r)
{
    unsigned kind = take_byte(r);
    if (kind < 240)
        return r->time += kind * 0.02;
    double any = 0;
    if (kind < 248 && r->at + sizeof any <= r->size) {
        memcpy(&any, r->data + r->at, sizeof any);
        r->at += sizeof any;
    }
    return any;
}

static void check(smac_status status, const smac_error *error)
{
    if (status != SMAC_OK && (!error->message[0] || status == SMAC_ERROR_INTERNAL))
        abort();
}

static void check_segment(const smac_segment *s)
{
    const smac_task_result *r = &s->tasks[0];
    const float *rows[5] = {r->prediction, r->shared, r->modality[0], r->modality[1], r->modality[2]};
    if (!s->text || !(s->end >= s->start) || !(s->start >= 0))
        abort();
    for (int i = 0; i < 5; i++)
        if (rows[i] && !(*rows[i] >= -1 && *rows[i] <= 1))
            abort();
    for (int m = 0; m < SMAC_MODALITIES; m++)
        if (s->has[m] != (r->modality[m] != NULL))
            abort();
}

static smac_status feed_frame(smac_session *s, reading *r, smac_error *error)
{
    static uint8_t pixels[(SIDE + 1) * (SIDE + 1) * 4];
    smac_picture p = {
        pixels, (int)(take_byte(r) % (SIDE + 1)), (int)(take_byte(r) % (SIDE + 1)), 0, (smac_pixels)(take_byte(r) % 5)};
    memset(pixels, (int)take_byte(r), sizeof pixels);
    return smac_session_frame(s, take_byte(r) % 8 ? &p : NULL, take_time(r), error);
}

static smac_status feed_sound(smac_session *s, reading *r, smac_error *error)
{
    static const int rates[] = {16000, 8000, 44100, 999, 48000};
    static float samples[SAMPLES];
    unsigned kind = take_byte(r), loud = take_byte(r);
    for (int i = 0; i < SAMPLES; i++)
        samples[i] = loud == 255 ? NAN : (float)loud / 256 * sinf((float)i * 0.1f);
    smac_sound sound = {samples, SAMPLES / 8, (int)(kind % 5), rates[kind / 5 % 5], (smac_samples)(kind / 25 % 3)};
    return smac_session_sound(s, &sound, kind % 3 ? NAN : take_time(r), error);
}

static smac_status feed_words(smac_session *s, reading *r, smac_error *error)
{
    char text[32] = {0};
    unsigned length = take_byte(r) % sizeof text;
    for (unsigned i = 0; i + 1 < length; i++)
        text[i] = (char)take_byte(r);
    double start = take_time(r);
    return smac_session_words(s, text, start, take_time(r), error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double lengths[] = {0, 0.5, 1, 2, 7};
    reading r = {data, size, 0, 0};
    smac_analyze_options options;
    smac_session *s = NULL;
    smac_analysis *a = NULL;
    smac_error error = {0};
    double before = -1;
    smac_analyze_options_default(&options);
    options.window = lengths[take_byte(&r) % 5];
    options.hop = lengths[take_byte(&r) % 5];
    options.latency = lengths[take_byte(&r) % 5];
    options.thumbnails = take_byte(&r) % 2;
    options.without[take_byte(&r) % 4 % 3] = take_byte(&r) % 4 == 0;
    options.max_gap = 20;
    options.max_seconds = 60;
    smac_status status = smac_session_open(&model, &options, &s, &error);
    check(status, &error);
    for (int call = 0; status == SMAC_OK && call < CALLS_MAX && r.at < r.size; call++) {
        const smac_segment *one = NULL;
        unsigned kind = take_byte(&r) % 4;
        error = (smac_error){0};
        status = kind == 0 ? feed_frame(s, &r, &error)
            : kind == 1    ? feed_sound(s, &r, &error)
            : kind == 2    ? feed_words(s, &r, &error)
                           : smac_session_next(s, &one, &error);
        check(status, &error);
        if (one) {
            check_segment(one);
            if (one->start <= before)
                abort();
            before = one->start;
        }
        if (status == SMAC_ERROR_ARGUMENT)
            status = SMAC_OK;
    }
    error = (smac_error){0};
    if (s) {
        status = smac_session_finish(s, &a, &error);
        check(status, &error);
    }
    for (size_t i = 0; i < smac_analysis_segment_count(a); i++)
        check_segment(smac_analysis_segment(a, i));
    if (a)
        check_segment(smac_analysis_summary(a));
    smac_analysis_free(a);
    smac_session_free(s);
    return 0;
}
