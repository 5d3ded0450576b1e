/* analyze/session.c - pictures, sound and words through the encoders into the results of one recording. */
#include "analyze/session.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/listening.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/number.h"

#define ASK_SECONDS 0.05 /* the caller is asked to stop no more often than this while encoding */

double session_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void session_warn(smac_session *s, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    analysis_warn(s->analysis, "%s", text);
    if (s->options.log)
        s->options.log(s->options.user, SMAC_LOG_WARNING, text);
}

/* --- progress and interruption ------------------------------------------------------------------------------------ */

static void session_ask(smac_session *s)
{
    s->asked = session_clock();
    if (s->options.progress && s->options.progress(s->options.user, s->stage, s->done, s->total))
        s->is_stopped = true;
}

int session_asks(void *session)
{
    smac_session *s = session;
    if (!s->is_stopped && s->options.progress && session_clock() - s->asked >= ASK_SECONDS)
        session_ask(s);
    return s->is_stopped;
}

static smac_status session_stopped(const smac_session *s, smac_error *error)
{
    return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked while analysing %s", s->analysis->recording);
}

smac_status session_progress(smac_session *s, const char *stage, double done, double total, smac_error *error)
{
    s->stage = stage;
    s->done = total > 0 && done > total ? total : done;
    s->total = total;
    if (!s->is_stopped)
        session_ask(s);
    return s->is_stopped ? session_stopped(s, error) : SMAC_OK;
}

/* The input has come further; the caller is asked every now and then. */
static smac_status session_advance(smac_session *s, smac_error *error)
{
    s->stage = s->analysis->recording;
    s->total = s->total_seconds;
    s->done = fmax(s->picture_end, s->sound_end);
    if (s->total > 0)
        s->done = fmin(s->done, s->total);
    return session_asks(s) ? session_stopped(s, error) : SMAC_OK;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static smac_status session_copy_texts(smac_session *s, smac_error *error)
{
    const char **options[SESSION_TEXTS] = {&s->options.text, &s->options.transcript, &s->options.language,
        &s->options.picture_track, &s->options.sound_track, &s->options.subtitle_track};
    for (int i = 0; i < SESSION_TEXTS; i++) {
        if (!*options[i])
            continue;
        s->texts[i] = memory_copy_text(*options[i]);
        if (!s->texts[i])
            return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the options");
        *options[i] = s->texts[i];
    }
    return SMAC_OK;
}

static smac_status session_set_analysis(smac_session *s, const char *name, smac_error *error)
{
    smac_analysis *a = s->analysis;
    const affect_model *affect = s->affect;
    a->window = s->options.window;
    a->hop = s->options.hop;
    a->recording = memory_copy_text(name);
    a->model_name = memory_copy_text(affect->name);
    a->model_sha256 = memory_copy_text(affect->sha256);
    for (int k = 0; k < affect->task_count; k++)
        a->calibrated |= (uint32_t)calibration_is_known(&affect->calibration[k]) << k;
    a->model_card = affect->card ? memory_copy_text(affect->card) : NULL;
    if (!a->recording || !a->model_name || !a->model_sha256 || (affect->card && !a->model_card))
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to analyse %s", name);
    for (int m = 0; m < SMAC_MODALITIES; m++)
        a->missing[m] = !affect->has[m]      ? "the model does not take it"
            : !affect_model_reads(affect, m) ? "the model takes it as ready features alone"
            : s->options.without[m]          ? "left out"
            : m == SMAC_TEXT                 ? "no words"
                                             : "not in the recording";
    return public_tasks_new(affect->tasks, affect->task_count, &a->tasks, error);
}

static bool session_reads_anything(const affect_model *affect)
{
    for (int m = 0; m < MODALITIES; m++)
        if (affect_model_reads(affect, m))
            return true;
    return false;
}

static smac_status session_set(smac_session *s, const char *name, smac_error *error)
{
    clip_encoder_options how = {.preparation = &s->affect->preparation,
        .model = s->affect,
        .face = s->options.face,
        .interrupt = {session_asks, s}};
    for (int m = 0; m < MODALITIES; m++)
        how.without[m] = s->options.without[m] || !affect_model_reads(s->affect, m);
    if (!session_reads_anything(s->affect))
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "the model takes words, sound and pictures as ready features alone, which a recording does not have: give a "
            "model that was trained from recordings");
    TRY(session_copy_texts(s, error));
    TRY(session_set_analysis(s, name, error));
    s->stage = s->analysis->recording;
    TRY(clip_encoder_new(&how, &s->clips, error));
    if (s->options.thumbnails && !s->options.without[SMAC_VISION])
        TRY(thumbnails_new(&s->pictures, error));
    TRY(summary_begin(s, error));
    return session_open_words(s, error);
}

smac_status session_new(const smac_model *model, const smac_analyze_options *options, const char *name,
    smac_session **out, smac_error *error)
{
    smac_session *s = memory_new(1, sizeof *s);
    *out = NULL;
    if (!s || !(s->analysis = memory_new(1, sizeof *s->analysis))) {
        free(s);
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to analyse %s", name);
    }
    s->model = model;
    s->affect = model->affect;
    s->options = *options;
    s->next.started = -INFINITY;
    s->by_utterance = options->segments == SMAC_SEGMENTS_UTTERANCE;
    s->track.timing = clip_timing_of(&model->affect->configuration);
    s->started = session_clock();
    smac_status status = session_set(s, name, error);
    if (status != SMAC_OK) {
        smac_session_free(s);
        return status;
    }
    *out = s;
    return SMAC_OK;
}

SMAC_API void smac_session_free(smac_session *s)
{
    if (!s)
        return;
    for (int64_t i = s->given > 0 ? s->given - 1 : 0; i < s->ready_count; i++)
        segment_free(&s->ready[i]);
    free(s->ready);
    free(s->shown.rgb);
    pcm_converter_free(s->pcm);
    listening_free(s->listening);
    clip_encoder_free(s->clips);
    clip_track_clear(&s->track);
    thumbnails_clear(&s->pictures);
    transcript_free(&s->words.said);
    summary_clear(&s->summary);
    smac_analysis_free(s->analysis);
    for (int i = 0; i < SESSION_TEXTS; i++)
        free(s->texts[i]);
    free(s);
}

/* --- feeding ------------------------------------------------------------------------------------------------------ */

bool session_takes(const smac_session *s, int modality)
{
    return clip_encoder_takes(s->clips, modality) ||
        (modality == MODALITY_VISION ? s->pictures.sampler != NULL : s->listening != NULL);
}

smac_status session_collect(smac_session *s, smac_error *error)
{
    clip c;
    while (clip_encoder_next(s->clips, &c))
        TRY(clip_track_add(&s->track, &c, error));
    return SMAC_OK;
}

static smac_status session_check_length(const smac_session *s, smac_error *error)
{
    double length = fmax(s->picture_end, s->sound_end);
    return length <= s->options.max_seconds
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_FORMAT, "%s is longer than %g s, the limit: cut it, or raise the limit (max_seconds)",
              s->analysis->recording, s->options.max_seconds);
}

bool session_wants_picture(void *session, const picture_span *span)
{
    smac_session *s = session;
    return clip_encoder_wants_picture(s->clips, span) || thumbnails_wants(&s->pictures, span);
}

smac_status session_picture(void *session, const picture *shown, const picture_span *span, smac_error *error)
{
    smac_session *s = session;
    s->picture_end = fmax(s->picture_end, span->until);
    TRY(session_check_length(s, error));
    TRY(thumbnails_feed(&s->pictures, shown, span, error));
    TRY(clip_encoder_feed_picture(s->clips, shown, span, error));
    TRY(session_collect(s, error));
    return session_advance(s, error);
}

smac_status session_sound(void *session, const float *samples, size_t count, bool hole, smac_error *error)
{
    smac_session *s = session;
    s->sound_samples += (int64_t)count;
    s->sound_end = (double)s->sound_samples / MEDIA_SAMPLE_RATE;
    TRY(session_check_length(s, error));
    if (s->listening)
        TRY(listening_feed(s, samples, count, error));
    TRY(hole ? clip_encoder_feed_hole(s->clips, (int64_t)count, error)
             : clip_encoder_feed_sound(s->clips, samples, count, error));
    TRY(session_collect(s, error));
    return session_advance(s, error);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* Why clips of sound are left out. */
static const char *silence_of(const smac_session *s)
{
    return s->affect->configuration.audio.voice_gate ? "sound has no voice in it" : "sound is silent";
}

/* What nothing is said about, and why. */
static void warn_of_blanks(smac_session *s)
{
    const char *const names[] = {"", silence_of(s), "picture is black"};
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
        blank_clips b = clip_encoder_blank(s->clips, m);
        if (b.count > 0)
            session_warn(s, "the %s for %g s of the recording, first at %.1f s: nothing is said about it there",
                names[m], (double)b.count * clip_step_seconds(&s->track.timing), b.first);
    }
}

static void warn_about_words(smac_session *s)
{
    const session_words *w = &s->words;
    double duration = s->analysis->duration;
    size_t after = 0;
    for (size_t i = 0; i < w->said.count; i++)
        after += duration > 0 && w->said.segments[i].start >= duration;
    if (after > 0)
        session_warn(s, "%zu of %zu lines of the words begin after the recording's end at %.1f s and are in no segment",
            after, w->said.count, duration);
    if (w->late > 0)
        session_warn(s, "%lld lines of the words came after their segments were given: a larger latency waits for them",
            (long long)w->late);
    if (w->source && !(s->affect->has[MODALITY_TEXT] && s->affect->tokenizer))
        session_warn(s, "this model does not read words: the transcript is shown, not used");
    if (!w->source && session_reads_words(s))
        session_warn(s, "there are no words: %s",
            s->options.speech ? "none were recognised, and there is no transcript"
                              : "give --text, --transcript or --transcribe for what is said to count");
}

static void warn_of_long_windows(smac_session *s)
{
    double longest = s->affect->training.longest_clip;
    double window = fmin(s->analysis->window, s->analysis->duration);
    if (longest > 0 && window > 1.5 * longest)
        session_warn(s,
            "windows of %g s are longer than the clips that the model was trained on (at most %.1f s): what it says of "
            "them is less certain",
            s->analysis->window, longest);
}

static bool has_anything(const smac_session *s)
{
    return clip_track_has(&s->track, MODALITY_AUDIO) || clip_track_has(&s->track, MODALITY_VISION) ||
        (s->words.source && session_reads_words(s)) || s->next.index > 0;
}

static const char *why_nothing(const smac_session *s)
{
    bool silent = clip_encoder_blank(s->clips, MODALITY_AUDIO).count > 0;
    bool black = clip_encoder_blank(s->clips, MODALITY_VISION).count > 0;
    bool faceless = s->analysis->face_count > 0 && !clip_track_has(&s->track, MODALITY_VISION);
    bool gate = s->affect->configuration.audio.voice_gate; /* then a silence may be noise or music */
    if (silent && gate)
        return faceless ? "its sound has no voice in it, no face was found in its picture, and there are no words"
            : black     ? "its sound has no voice in it, its picture is black, and there are no words"
                        : "its sound has no voice in it, and there is no picture and there are no words that it takes";
    return faceless && silent ? "its sound is silent, no face was found in its picture, and there are no words"
        : faceless ? "no face was found in its picture, and there is no sound and there are no words that it takes"
        : silent && black ? "its sound is silent, its picture is black, and there are no words"
        : silent          ? "its sound is silent, and there is no picture and there are no words that it takes"
        : black           ? "its picture is black, and there is no sound and there are no words that it takes"
                          : "no picture, sound or words that it takes";
}

static smac_status make_all_segments(smac_session *s, smac_error *error)
{
    smac_analysis *a = s->analysis;
    double expected = ceil(fmax(a->duration - a->window, 0) / a->hop) + 1;
    if (expected > 1e7 && !s->by_utterance)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a hop of %g s makes more than ten million segments of %g s, give a larger one", a->hop, a->duration);
    for (;;) {
        smac_segment some[SEGMENTS_AT_ONCE];
        int64_t count;
        TRY(session_make_segments(s, some, SEGMENTS_AT_ONCE, &count, error));
        if (count == 0)
            return SMAC_OK;
        if (!memory_grow(
                (void **)&a->segments, &a->segment_capacity, a->segment_count + (size_t)count, sizeof *a->segments)) {
            for (int64_t i = 0; i < count; i++)
                segment_free(&some[i]);
            return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for %lld segments", (long long)s->next.index);
        }
        memcpy(a->segments + a->segment_count, some, (size_t)count * sizeof *some);
        a->segment_count += (size_t)count;
        double done = s->by_utterance ? s->next.from : (double)s->next.index;
        TRY(session_progress(s, "predicting", done, s->by_utterance ? a->duration : fmax(expected, done), error));
    }
}

static smac_status set_words_source(smac_session *s, smac_error *error)
{
    smac_analysis *a = s->analysis;
    const char *language = s->words.said.language;
    if (!s->words.source)
        return SMAC_OK;
    a->words_from = memory_copy_text(s->words.source);
    if (language)
        a->language = memory_copy_text(language);
    return a->words_from && (a->language || !language)
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the words");
}

smac_status session_finish(smac_session *s, double duration, smac_analysis **out, smac_error *error)
{
    smac_analysis *a = s->analysis;
    TRY(clip_encoder_finish(s->clips, error));
    TRY(session_collect(s, error));
    if (s->listening)
        TRY(listening_finish(s, error));
    double words_end = isfinite(s->words.until) ? s->words.until : 0;
    a->duration = isnan(duration) ? fmax(fmax(s->picture_end, s->sound_end), words_end) : duration;
    s->is_finished = true;
    warn_of_blanks(s);
    TRY(session_finish_faces(s, error));
    warn_about_words(s);
    warn_of_long_windows(s);
    if (!has_anything(s))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s gives this model nothing to go by: %s; name another recording",
            a->recording, why_nothing(s));
    session_choose_segments(s);
    a->by_utterance = s->by_utterance;
    TRY(session_spread_words(s, error));
    TRY(set_words_source(s, error));
    TRY(make_all_segments(s, error));
    TRY(summary_finish(s, error));
    a->thumbnails = s->pictures.items;
    a->thumbnail_count = s->pictures.count;
    s->pictures.items = NULL;
    s->pictures.count = 0;
    a->timing.total = session_clock() - s->started;
    a->timing.transcribe = s->listened;
    a->timing.predict = s->predicted;
    a->timing.read = a->timing.total - s->listened - s->predicted;
    *out = a;
    s->analysis = NULL;
    return SMAC_OK;
}
