/*
 * analyze/analyze.c - a recording and its words through the model, window by window and as a whole.
 *
 * A window takes the clips whose middle lies in it and the words said in it.  Words without times are spread evenly
 * over the recording, by characters, unless one window holds it all.  The whole recording is one pass of the model when
 * it is no longer than SUMMARY_SECONDS; a longer one is the mean over its windows (method.md trains on utterances).
 */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/hear.h"
#include "analyze/model.h"
#include "analyze/recording.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "media/transcript.h"

#define SUMMARY_SECONDS 60.0
enum { WINDOWS_AT_ONCE = 64 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

SMAC_API void smac_analyze_options_default(smac_analyze_options *options)
{
    memset(options, 0, sizeof *options);
    options->window = 4;
    options->hop = 1;
}

void analysis_warn(smac_analysis *a, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    if (memory_grow((void **)&a->warnings, &a->warning_capacity, a->warning_count + 1, sizeof *a->warnings)) {
        char *copy = memory_copy_text(text);
        if (copy)
            a->warnings[a->warning_count++] = copy;
    }
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* hear: the sound may be listened to, because the model reads words */
static smac_status read_words(const char *path, const smac_analyze_options *options, bool hear, smac_analysis *a,
    transcript *words, smac_error *error)
{
    const char *from = NULL;
    if (options->without[SMAC_TEXT])
        return SMAC_OK;
    if (options->text) {
        TRY(transcript_add(words, NAN, NAN, options->text, strlen(options->text), error));
        from = "given text";
        size_t bad = utf8_invalid_at(options->text, strlen(options->text));
        if (bad != SIZE_MAX)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "the text given is not UTF-8 (byte %zu cannot stand there): write it in UTF-8", bad);
    } else if (options->transcript) {
        TRY(transcript_read(options->transcript, words, error));
        from = options->transcript;
        if (words->count == 0)
            analysis_warn(a, "the transcript %s holds no words", options->transcript);
    } else {
        TRY(transcript_from_media(path, NULL, words, NULL, error));
        from = "embedded subtitles";
        if (words->count == 0 && options->speech && hear) {
            TRY(hear_words(path, options, words, error));
            from = "speech";
        }
    }
    if (words->count) {
        a->words_from = memory_copy_text(from);
        if (words->language)
            a->language = memory_copy_text(words->language);
    }
    return SMAC_OK;
}

/* Words without times get some: each segment's share of the recording is its share of the characters, word by word. */
static smac_status spread_words(transcript *words, double duration, smac_analysis *a, smac_error *error)
{
    size_t total = 0;
    for (size_t i = 0; i < words->count; i++) {
        if (!isnan(words->segments[i].start))
            return SMAC_OK;
        total += strlen(words->segments[i].text) + 1;
    }
    if (total == 0 || duration <= a->window)
        return SMAC_OK;
    analysis_warn(a, "the words have no times: they are spread evenly over the recording");
    transcript timed = {0};
    double second = duration / (double)total;
    size_t at = 0;
    for (size_t i = 0; i < words->count; i++) {
        const char *text = words->segments[i].text;
        for (size_t from = 0; text[from];) {
            size_t length = strcspn(text + from, " ");
            if (length) {
                smac_status code = transcript_add(&timed, second * (double)(at + from),
                    second * (double)(at + from + length + 1), text + from, length, error);
                if (code != SMAC_OK) {
                    transcript_free(&timed);
                    return code;
                }
            }
            from += length + (text[from + length] == ' ');
        }
        at += strlen(text) + 1;
    }
    timed.language = words->language;
    words->language = NULL;
    transcript_free(words);
    *words = timed;
    return SMAC_OK;
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

/* one window as a sample: vectors of its clips, and its words */
static smac_status window_sample(const affect_system *system, const recording *r, double start, double end,
    const char *text, sample *out, smac_error *error)
{
    memset(out, 0, sizeof *out);
    TRY(timeline_window(&r->vectors, start, end, out, error));
    if (system->has[MODALITY_TEXT] && system->tokenizer && *text)
        TRY(sample_set_text(&system->preparation, out, text, NULL, 0, error));
    out->start = start;
    out->end = end;
    return SMAC_OK;
}

static smac_status run_windows(const affect_system *system, const recording *r, const transcript *words,
    smac_analysis *a, const smac_analyze_options *options, smac_error *error)
{
    sample samples[WINDOWS_AT_ONCE];
    const sample *pointers[WINDOWS_AT_ONCE];
    prediction *results = memory_new(WINDOWS_AT_ONCE, sizeof *results), nothing = {0};
    text_buffer texts[WINDOWS_AT_ONCE];
    memset(texts, 0, sizeof texts);
    memset(samples, 0, sizeof samples);
    smac_status code = results ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the windows");
    if (code == SMAC_OK)
        code = prediction_new(system->tasks, system->task_count, (bool[MODALITIES]){false}, &nothing, error);
    for (size_t done = 0; code == SMAC_OK && done < a->segment_count;) {
        size_t count = a->segment_count - done < WINDOWS_AT_ONCE ? a->segment_count - done : WINDOWS_AT_ONCE;
        size_t used = 0;
        int64_t runs = 0;
        int64_t place[WINDOWS_AT_ONCE];
        for (; code == SMAC_OK && used < count; used++) {
            double start = (double)(done + used) * a->hop, end = fmin(start + a->window, fmax(a->duration, start));
            if (a->duration <= 0)
                end = start;
            if (words->count)
                transcript_text_between(words, start, a->segment_count == 1 ? INFINITY : end, &texts[used]);
            code =
                window_sample(system, r, start, end, texts[used].data ? texts[used].data : "", &samples[used], error);
            place[used] = -1;
            if (samples[used].present[0] || samples[used].present[1] || samples[used].present[2]) {
                place[used] = runs;
                pointers[runs++] = &samples[used];
            }
        }
        if (code == SMAC_OK && runs)
            code = system_predict(system, pointers, runs, NULL, results, error);
        for (size_t i = 0; code == SMAC_OK && i < count; i++) {
            double start = (double)(done + i) * a->hop, end = fmin(start + a->window, fmax(a->duration, start));
            code = segment_new(&a->tasks, start, a->duration <= 0 ? start : end, texts[i].data,
                place[i] < 0 ? &nothing : &results[place[i]], &a->segments[done + i], error);
        }
        for (int64_t i = 0; i < runs; i++)
            prediction_clear(&results[i]);
        for (size_t i = 0; i < count; i++) {
            sample_clear(&samples[i]);
            memset(&samples[i], 0, sizeof samples[i]);
            text_free(&texts[i]);
        }
        done += count;
        if (code == SMAC_OK && options->progress &&
            options->progress(options->user, "predicting", (double)done, (double)a->segment_count))
            code = FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked while analysing %s", a->recording);
    }
    prediction_clear(&nothing);
    free(results);
    return code;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static smac_status summarise_by_model(
    const affect_system *system, const recording *r, smac_analysis *a, const char *text, smac_error *error)
{
    sample whole;
    prediction result = {0};
    smac_status code = window_sample(system, r, 0, INFINITY, text, &whole, error);
    const sample *pointer = &whole;
    if (code == SMAC_OK)
        code = system_predict(system, &pointer, 1, NULL, &result, error);
    sample_clear(&whole);
    if (code == SMAC_OK)
        code = segment_new(&a->tasks, 0, a->duration, text, &result, &a->summary, error);
    prediction_clear(&result);
    return code;
}

/* The segments' results as predictions that borrow their values. */
static smac_status borrow_results(const smac_analysis *a, prediction **out, smac_error *error)
{
    int tasks = a->tasks.count;
    prediction *all = memory_new(a->segment_count, sizeof *all + (size_t)tasks * sizeof(task_result));
    if (!all)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the summary");
    task_result *next = (task_result *)(all + a->segment_count);
    for (size_t i = 0; i < a->segment_count; i++) {
        const smac_segment *s = &a->segments[i];
        all[i] = (prediction){.task_count = tasks, .tasks = next};
        memcpy(all[i].present, s->has, sizeof all[i].present);
        for (int k = 0; k < tasks; k++, next++) {
            next->prediction = (float *)(uintptr_t)segment_row(s, k, ROW_PREDICTION);
            for (int m = 0; m < MODALITIES_AND_SHARED; m++)
                next->own[m] = (float *)(uintptr_t)segment_row(s, k, ROW_MODALITY + m);
            next->disagreement = s->tasks[k].disagreement;
        }
    }
    *out = all;
    return SMAC_OK;
}

static smac_status summarise_by_mean(smac_analysis *a, const char *text, smac_error *error)
{
    prediction *all = NULL, mean = {0};
    TRY(borrow_results(a, &all, error));
    smac_status code =
        prediction_mean(a->tasks.described, a->tasks.count, all, (int64_t)a->segment_count, &mean, error);
    free(all);
    if (code == SMAC_OK)
        code = segment_new(&a->tasks, 0, a->duration, text, &mean, &a->summary, error);
    prediction_clear(&mean);
    return code;
}

static smac_status analyze(const affect_system *system, const char *path, const smac_analyze_options *options,
    smac_analysis *a, recording *r, transcript *words, text_buffer *text, smac_error *error)
{
    double started = now();
    TRY(read_words(path, options, system->has[MODALITY_TEXT] && system->tokenizer, a, words, error));
    a->timing.transcribe = now() - started;
    double reading = now();
    TRY(recording_read(system, path, options, a, r, error));
    a->timing.read = now() - reading;
    a->duration = r->duration;
    if (words->count && !(system->has[MODALITY_TEXT] && system->tokenizer))
        analysis_warn(a, "this model does not read words: the transcript is shown, not used");
    if (!words->count && system->has[MODALITY_TEXT] && !options->without[SMAC_TEXT])
        analysis_warn(a, "there are no words: %s",
            options->speech ? "none were heard, and there is no transcript"
                            : "give --text, --transcript or --transcribe for what is said to count");
    TRY(spread_words(words, a->duration, a, error));
    transcript_text(words, text);
    double predicting = now();
    double more = (a->duration - a->window) / a->hop;
    if (more > 1e7)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a hop of %g s makes more than ten million segments of %g s, give a larger one", a->hop, a->duration);
    a->segment_count = more > 1e-6 ? (size_t)ceil(more - 1e-6) + 1 : 1;
    a->segments = memory_new(a->segment_count, sizeof *a->segments);
    if (!a->segments)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for %zu segments", a->segment_count);
    if (!timeline_has(&r->vectors, MODALITY_AUDIO) && !timeline_has(&r->vectors, MODALITY_VISION) &&
        !(words->count && system->has[MODALITY_TEXT] && system->tokenizer))
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s gives this model nothing to go by: no picture, sound or words that it takes; name another recording",
            path);
    TRY(run_windows(system, r, words, a, options, error));
    const char *said = text->data ? text->data : "";
    if (a->duration <= SUMMARY_SECONDS)
        TRY(summarise_by_model(system, r, a, said, error));
    else
        TRY(summarise_by_mean(a, said, error));
    a->timing.predict = now() - predicting;
    a->timing.total = now() - started;
    return SMAC_OK;
}

SMAC_API smac_status smac_analyze_file(const smac_model *model, const char *path, const smac_analyze_options *options,
    smac_analysis **out, smac_error *error)
{
    smac_analyze_options defaults;
    smac_analyze_options_default(&defaults);
    if (!model || !path || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_analyze_file needs a model, a path and a place for the result");
    if (!options)
        options = &defaults;
    smac_analysis *a = memory_new(1, sizeof *a);
    if (!a)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to analyse %s", path);
    const affect_system *system = model->system;
    a->window = options->window != 0 ? options->window : defaults.window;
    a->hop = options->hop != 0 ? options->hop : defaults.hop;
    a->recording = memory_copy_text(path);
    a->model_name = memory_copy_text(system->name);
    a->model_sha256 = memory_copy_text(system->sha256);
    for (int m = 0; m < SMAC_MODALITIES; m++)
        a->missing[m] = !system->has[m] ? "the model does not take it"
            : options->without[m]       ? "left out"
            : m == SMAC_TEXT            ? "no words"
                                        : "not in the recording";
    recording r = {0};
    transcript words = {0};
    text_buffer text = {0};
    smac_status code;
    if (!(a->window > 0) || !(a->hop > 0) || !isfinite(a->window) || !isfinite(a->hop))
        code = FAIL(
            error, SMAC_ERROR_ARGUMENT, "the window is %g s and the hop %g s, give more than 0", a->window, a->hop);
    else if (!a->recording || !a->model_name || !a->model_sha256)
        code = FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to analyse %s", path);
    else
        code = public_tasks_new(system->tasks, system->task_count, &a->tasks, error);
    if (code == SMAC_OK)
        code = analyze(system, path, options, a, &r, &words, &text, error);
    recording_clear(&r);
    transcript_free(&words);
    text_free(&text);
    if (code != SMAC_OK) {
        smac_analysis_free(a);
        return code;
    }
    *out = a;
    return SMAC_OK;
}

/* ---- reading the result ------------------------------------------------------------------------------------------ */

SMAC_API void smac_analysis_free(smac_analysis *a)
{
    if (!a)
        return;
    for (size_t i = 0; a->segments && i < a->segment_count; i++)
        segment_free(&a->segments[i]);
    for (size_t i = 0; i < a->thumbnail_count; i++)
        free(a->thumbnails[i].jpeg);
    for (size_t i = 0; i < a->warning_count; i++)
        free(a->warnings[i]);
    segment_free(&a->summary);
    public_tasks_free(&a->tasks);
    free(a->segments);
    free(a->thumbnails);
    free(a->warnings);
    free(a->recording);
    free(a->model_name);
    free(a->model_sha256);
    free(a->words_from);
    free(a->language);
    free(a);
}

SMAC_API int smac_analysis_task_count(const smac_analysis *a)
{
    return a->tasks.count;
}

SMAC_API const smac_task *smac_analysis_task(const smac_analysis *a, int index)
{
    return index >= 0 && index < a->tasks.count ? &a->tasks.items[index] : NULL;
}

SMAC_API double smac_analysis_duration(const smac_analysis *a)
{
    return a->duration;
}

SMAC_API const smac_segment *smac_analysis_summary(const smac_analysis *a)
{
    return &a->summary;
}

SMAC_API size_t smac_analysis_segment_count(const smac_analysis *a)
{
    return a->segment_count;
}

SMAC_API const smac_segment *smac_analysis_segment(const smac_analysis *a, size_t index)
{
    return index < a->segment_count ? &a->segments[index] : NULL;
}

SMAC_API size_t smac_analysis_warning_count(const smac_analysis *a)
{
    return a->warning_count;
}

SMAC_API const char *smac_analysis_warning(const smac_analysis *a, size_t index)
{
    return index < a->warning_count ? a->warnings[index] : NULL;
}
