/* speech/transcribe.c - the public transcription: files, samples, streams, and what they give. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/option_struct.h"
#include "media/pcm.h"
#include "speech/shared.h"

/* --- options ------------------------------------------------------------------------------------------------------ */

static const smac_transcribe_options option_defaults = {
    .size = sizeof option_defaults, .beams = 5, .words = true, .temperature = -1, .silence = 0.001};

SMAC_API void smac_transcribe_options_init(smac_transcribe_options *options, size_t size)
{
    option_struct_init(options, size, &option_defaults, sizeof option_defaults);
}

static int option_progress(void *user, const char *what, double done, double total)
{
    const smac_transcribe_options *o = user;
    return o->progress ? o->progress(o->user, what, done, total) : 0;
}

static void option_log(void *user, log_level level, const char *message)
{
    const smac_transcribe_options *o = user;
    if (o->log)
        o->log(o->user, (smac_log_level)level, message);
}

static smac_status read_options(const smac_transcribe_options *o, speech_options *out, smac_error *error)
{
    if (o->temperature > 2 || isnan(o->temperature))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the temperature is %g, expected at most 2", o->temperature);
    if (!(o->silence >= 0 && o->silence <= 1))
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "the level of silence is %g, expected 0 to 1 of full scale", o->silence);
    if (o->threads < 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d threads were asked for, give 0 or more", o->threads);
    speech_options_default(out);
    out->language = o->language;
    out->beams = o->beams;
    out->words = o->words;
    out->previous_text = o->previous_text;
    out->silence = o->silence;
    out->seed = o->seed;
    out->threads = o->threads;
    if (o->temperature >= 0) {
        out->temperatures[0] = o->temperature;
        out->temperature_count = 1;
    }
    return SMAC_OK;
}

/* --- what was recognised ------------------------------------------------------------------------------------------ */

/* A segment as the caller sees it; its texts are the result's. */
typedef struct spoken {
    smac_spoken_segment segment;
    smac_spoken_word words[];
} spoken;

struct smac_transcription {
    speech_result heard;
    spoken **shown; /* one for each of heard's segments, made as they come, so that pointers stay valid */
    size_t count, capacity;
};

/* Shows the segments that came since the last time. */
static smac_status transcription_show(smac_transcription *t, smac_error *error)
{
    if (!memory_grow((void **)&t->shown, &t->capacity, t->heard.count, sizeof *t->shown))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu segments", t->heard.count);
    while (t->count < t->heard.count) {
        const speech_segment *s = &t->heard.segments[t->count];
        spoken *one = memory_new(1, sizeof *one + s->word_count * sizeof *one->words);
        if (!one)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu words", s->word_count);
        one->segment = (smac_spoken_segment){.start = s->start,
            .end = s->end,
            .text = s->text,
            .word_count = s->word_count,
            .log_probability = s->log_probability,
            .no_speech = s->no_speech};
        for (size_t i = 0; i < s->word_count; i++)
            one->words[i] = (smac_spoken_word){.start = s->words[i].start,
                .end = s->words[i].end,
                .text = s->words[i].text,
                .probability = s->words[i].probability};
        t->shown[t->count++] = one;
    }
    return SMAC_OK;
}

SMAC_API void smac_transcription_free(smac_transcription *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++)
        free(t->shown[i]);
    free(t->shown);
    speech_result_clear(&t->heard);
    free(t);
}

SMAC_API size_t smac_transcription_segment_count(const smac_transcription *t)
{
    return t ? t->count : 0;
}

SMAC_API const smac_spoken_segment *smac_transcription_segment(const smac_transcription *t, size_t index)
{
    return t && index < t->count ? &t->shown[index]->segment : NULL;
}

SMAC_API const smac_spoken_word *smac_transcription_word(const smac_transcription *t, size_t segment, size_t index)
{
    if (!t || segment >= t->count || index >= t->shown[segment]->segment.word_count)
        return NULL;
    return &t->shown[segment]->words[index];
}

SMAC_API const char *smac_transcription_language(const smac_transcription *t)
{
    return t ? t->heard.language : "";
}

SMAC_API double smac_transcription_language_probability(const smac_transcription *t)
{
    return t ? t->heard.language_probability : 0;
}

SMAC_API double smac_transcription_duration(const smac_transcription *t)
{
    return t ? t->heard.duration : 0;
}

static smac_status render_subtitles(
    const speech_result *r, smac_transcript_format format, text_buffer *out, smac_error *error)
{
    transcript words = {0};
    smac_status status = speech_result_transcript(r, &words, error);
    if (status == SMAC_OK && format == SMAC_TRANSCRIPT_SRT)
        transcript_write_srt(&words, r->duration, out);
    else if (status == SMAC_OK)
        transcript_write_vtt(&words, r->duration, out);
    transcript_free(&words);
    return status;
}

SMAC_API smac_status smac_transcription_render(
    const smac_transcription *t, smac_transcript_format format, char **text, size_t *length, smac_error *error)
{
    text_buffer out = {0};
    smac_status status = SMAC_OK;
    if (!t || !text)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "smac_transcription_render needs a transcription and a place for the text");
    *text = NULL;
    text_add(&out, ""); /* no words give an empty text, not none */
    if (format == SMAC_TRANSCRIPT_JSON)
        status = speech_result_json(&t->heard, &out, error);
    else if (format == SMAC_TRANSCRIPT_SRT || format == SMAC_TRANSCRIPT_VTT)
        status = render_subtitles(&t->heard, format, &out, error);
    else if (format == SMAC_TRANSCRIPT_TEXT)
        speech_result_text(&t->heard, &out);
    else
        status = FAIL(error, SMAC_ERROR_ARGUMENT,
            "the transcript's format is number %d, expected one of "
            "smac_transcript_format",
            (int)format);
    if (status == SMAC_OK && (out.failed || !out.data))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the text of a transcription");
    if (status != SMAC_OK) {
        text_free(&out);
        return status;
    }
    *text = out.data;
    if (length)
        *length = out.length;
    return SMAC_OK;
}

/* --- a stream ----------------------------------------------------------------------------------------------------- */

struct smac_transcriber {
    smac_transcribe_options options;
    reporter report;
    speech_options how;
    smac_transcription *result;
    speech_listener *listener;
    pcm_converter *converter; /* NULL: the samples have the listener's rate */
    int rate;
    uint64_t fed; /* samples */
};

static smac_status transcriber_begin(smac_transcriber *t, smac_speech *speech, smac_error *error)
{
    const speech_model *model;
    TRY(read_options(&t->options, &t->how, error));
    if (t->rate < 1000 || t->rate > 768000)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d samples a second, expected 1000 to 768000", t->rate);
    t->report = (reporter){.progress = option_progress, .log = option_log, .user = &t->options};
    t->how.report = &t->report;
    t->result = memory_new(1, sizeof *t->result);
    t->converter = t->rate != MEDIA_SAMPLE_RATE ? pcm_converter_new() : NULL;
    if (!t->result || (t->rate != MEDIA_SAMPLE_RATE && !t->converter))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a transcription");
    TRY(speech_shared_model(speech, &t->report, &model, error));
    return speech_listener_new(model, &t->how, &t->result->heard, &t->listener, error);
}

SMAC_API smac_status smac_transcriber_open(
    smac_speech *speech, int rate, const smac_transcribe_options *options, smac_transcriber **out, smac_error *error)
{
    if (!speech || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a speech model and a place for the result are needed");
    *out = NULL;
    smac_transcriber *t = memory_new(1, sizeof *t);
    if (!t)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a transcription");
    t->options = option_defaults;
    t->rate = rate;
    smac_status status = option_struct_read(options, &t->options, sizeof t->options, "smac_transcribe_options", error);
    if (status == SMAC_OK)
        status = transcriber_begin(t, speech, error);
    if (status != SMAC_OK) {
        smac_transcriber_free(t);
        return status;
    }
    *out = t;
    return SMAC_OK;
}

SMAC_API void smac_transcriber_free(smac_transcriber *t)
{
    if (!t)
        return;
    speech_listener_free(t->listener);
    pcm_converter_free(t->converter);
    smac_transcription_free(t->result);
    free(t);
}

SMAC_API const smac_transcription *smac_transcriber_result(const smac_transcriber *t)
{
    return t ? t->result : NULL;
}

/* What the converter has ready goes to the listener. */
static smac_status transcriber_take_converted(smac_transcriber *t, smac_error *error)
{
    const float *samples;
    size_t count;
    bool hole;
    while (pcm_converter_next(t->converter, &samples, &count, &hole))
        TRY(speech_listener_feed(t->listener, samples, count, error));
    return SMAC_OK;
}

static smac_status transcriber_convert(smac_transcriber *t, const float *samples, size_t count, smac_error *error)
{
    while (count > 0) {
        size_t piece = count < (size_t)t->rate ? count : (size_t)t->rate;
        const pcm_block block = {.samples = samples, .frames = piece, .channels = 1, .rate = t->rate};
        TRY(pcm_converter_feed(t->converter, &block, NAN, error));
        TRY(transcriber_take_converted(t, error));
        samples += piece;
        count -= piece;
    }
    return SMAC_OK;
}

/* Segments are shown after an error too: those that were recognised before it. */
static smac_status transcriber_show(smac_transcriber *t, smac_status status, smac_error *error)
{
    smac_status shown = transcription_show(t->result, status == SMAC_OK ? error : NULL);
    return status != SMAC_OK ? status : shown;
}

SMAC_API smac_status smac_transcriber_feed(smac_transcriber *t, const float *samples, size_t count, smac_error *error)
{
    if (!t || (!samples && count > 0))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_transcriber_feed needs a transcriber and samples");
    for (size_t i = 0; i < count; i++)
        if (!isfinite(samples[i]))
            return FAIL(error, SMAC_ERROR_ARGUMENT, "sample %llu of the sound is %g, expected finite values",
                (unsigned long long)(t->fed + i), (double)samples[i]);
    t->fed += count;
    smac_status status = t->converter ? transcriber_convert(t, samples, count, error)
                                      : speech_listener_feed(t->listener, samples, count, error);
    return transcriber_show(t, status, error);
}

SMAC_API smac_status smac_transcriber_finish(smac_transcriber *t, smac_error *error)
{
    if (!t)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_transcriber_finish needs a transcriber");
    smac_status status = SMAC_OK;
    if (t->converter && t->fed > 0) {
        status = pcm_converter_finish(t->converter, error);
        if (status == SMAC_OK)
            status = transcriber_take_converted(t, error);
    }
    if (status == SMAC_OK)
        status = speech_listener_finish(t->listener, error);
    return transcriber_show(t, status, error);
}

/* --- whole recordings --------------------------------------------------------------------------------------------- */

/* Ends a transcriber: its result goes to *out when it is whole or was stopped. */
static smac_status transcriber_close(smac_transcriber *t, smac_status status, smac_transcription **out)
{
    if (status == SMAC_OK || status == SMAC_ERROR_INTERRUPTED) {
        *out = t->result;
        t->result = NULL;
        if (!*out && status == SMAC_OK)
            status = SMAC_ERROR_INTERNAL;
    }
    speech_listener_free(t->listener);
    t->listener = NULL;
    smac_transcriber_free(t);
    return status;
}

SMAC_API smac_status smac_transcribe_samples(smac_speech *speech, const float *samples, size_t count, int rate,
    const smac_transcribe_options *options, smac_transcription **out, smac_error *error)
{
    smac_transcriber *t;
    if (!out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_transcribe_samples needs a place for the transcription");
    *out = NULL;
    TRY(smac_transcriber_open(speech, rate, options, &t, error));
    speech_listener_expect(t->listener, (double)count / rate);
    smac_status status = smac_transcriber_feed(t, samples, count, error);
    if (status == SMAC_OK)
        status = smac_transcriber_finish(t, error);
    return transcriber_close(t, status, out);
}

SMAC_API smac_status smac_transcribe_file(smac_speech *speech, const char *path, const smac_transcribe_options *options,
    smac_transcription **out, smac_error *error)
{
    smac_transcriber *t;
    if (!path || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_transcribe_file needs a path and a place for the transcription");
    *out = NULL;
    TRY(smac_transcriber_open(speech, MEDIA_SAMPLE_RATE, options, &t, error));
    smac_status status = speech_listener_file(t->listener, path, error);
    return transcriber_close(t, transcriber_show(t, status, error), out);
}
