/* apps/cli/analyze.c - semanticmac analyze: files in, what they say out. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "cli.h"
#include "compute/precision.h"
#include "media/media.h"
#include "semanticmac/semanticmac.h"

static int run(int argc, char **argv);

const command command_analyze = {"analyze", "analyze FILE|FOLDER... --model M [--text T | --transcript F] [options]",
    "what a recording says: prediction, words, voice, face, what they share, second by second",
    "Of a folder: the recordings that lie in it (by their endings: mp4, mkv, wav, ...), sorted by name.  A\n"
    "recording that cannot be analysed does not end the rest: it is named at the end, and the exit status is 1.  With\n"
    "-o FOLDER/ each recording's result is written as NAME.ENDING as soon as it is there, by --format.\n"
    "Without --text and --transcript the words come from embedded subtitles, when there are any, else from the sound\n"
    "itself when a speech model is installed (semanticmac models list).\n"
    "Formats: text (a timeline for the terminal), json, csv, srt, html (one self-contained page).",
    run};

/* --- which recordings --------------------------------------------------------------------------------------------- */

typedef struct recordings {
    char **paths;
    size_t count, capacity;
    size_t at, analysed; /* the one at work; how many are done */
    smac_analysis **analyses;
    text_buffer failed; /* a line each */
    size_t failures;
    const char *into; /* the folder for a file each, or NULL: one result for all, at the end */
    bool list;        /* several, or a folder, were named: JSON is a list, however many there are */
    smac_format format;
    const reporter *report;
} recordings;

static void recordings_clear(recordings *r)
{
    folder_list_free(r->paths, r->count);
    for (size_t i = 0; i < r->analysed; i++)
        smac_analysis_free(r->analyses[i]);
    free(r->analyses);
    text_free(&r->failed);
}

static smac_status add_recording(recordings *r, char *path, smac_error *error)
{
    if (!path || !memory_grow((void **)&r->paths, &r->capacity, r->count + 1, sizeof *r->paths)) {
        free(path);
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the names of the recordings");
    }
    r->paths[r->count++] = path;
    return SMAC_OK;
}

static bool is_recording(const char *folder, const char *name)
{
    char *path = media_has_ending(name) ? path_join(folder, name) : NULL;
    bool wanted = path && !file_is_folder(path);
    free(path);
    return wanted;
}

static smac_status add_folder(recordings *r, const char *folder, smac_error *error)
{
    char **names = NULL;
    size_t count = 0;
    TRY(folder_list(folder, is_recording, &names, &count, error));
    smac_status status = SMAC_OK;
    if (count == 0)
        status = FAIL(error, SMAC_ERROR_NOT_FOUND,
            "the folder %s holds no recording (a file that ends in .mp4, .mkv, "
            ".wav, ...): name a folder that does, or the files themselves",
            folder);
    for (size_t i = 0; status == SMAC_OK && i < count; i++)
        status = add_recording(r, path_join(folder, names[i]), error);
    folder_list_free(names, count);
    return status;
}

/* Where the result of a recording goes: INTO/NAME.ENDING; free(). */
static char *result_path(const recordings *r, const char *path)
{
    static const char *const endings[] = {".txt", ".json", ".csv", ".srt", ".html"};
    text_buffer name = {0};
    text_add(&name, path_base(path));
    text_add(&name, endings[r->format]);
    char *whole = name.failed ? NULL : path_join(r->into, name.data);
    text_free(&name);
    return whole;
}

/* Results under the names of their recordings need names that differ. */
static smac_status check_names(const recordings *r, smac_error *error)
{
    for (size_t i = 0; r->into && i < r->count; i++)
        for (size_t k = 0; k < i; k++)
            if (!strcmp(path_base(r->paths[i]), path_base(r->paths[k])))
                return FAIL(error, SMAC_ERROR_ARGUMENT,
                    "%s and %s have the same name, their results cannot both go into %s: analyse one of them apart",
                    r->paths[k], r->paths[i], r->into);
    return SMAC_OK;
}

static smac_status find_recordings(char *const *arguments, int count, recordings *r, smac_error *error)
{
    r->list = count > 1 || file_is_folder(arguments[0]);
    for (int i = 0; i < count; i++)
        TRY(file_is_folder(arguments[i]) ? add_folder(r, arguments[i], error)
                                         : add_recording(r, memory_copy_text(arguments[i]), error));
    TRY(check_names(r, error));
    r->analyses = memory_new(r->count, sizeof *r->analyses);
    return r->analyses ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for %zu analyses", r->count);
}

/* --- analysing them ----------------------------------------------------------------------------------------------- */

static int progress(void *user, const char *what, double done, double total)
{
    const recordings *r = user;
    const char *path = r->paths[r->at];
    char text[200];
    if (r->count == 1)
        return report_progress(r->report, what, done, total);
    snprintf(text, sizeof text, "%zu of %zu, %.60s%s%.60s", r->at + 1, r->count, path_base(path),
        strcmp(what, path) ? ": " : "", strcmp(what, path) ? what : "");
    return report_progress(r->report, text, done, total);
}

static smac_status write_some(
    smac_analysis *const *analyses, size_t count, smac_format format, bool list, const char *output, smac_error *error)
{
    char *text = NULL;
    size_t length = 0;
    TRY(smac_analysis_render((const smac_analysis *const *)analyses, count, format, console_columns(),
        !output && console_colour(), &text, &length, error));
    text_buffer listed = {0};
    if (list && count == 1 && format == SMAC_FORMAT_JSON) {
        text_add(&listed, "[\n");
        text_add_n(&listed, text, length);
        text_add(&listed, "]\n");
    }
    smac_status status = listed.failed ? FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to write the result")
        : listed.data                  ? write_result(output, listed.data, listed.length, error)
                                       : write_result(output, text, length, error);
    text_free(&listed);
    free(text);
    return status;
}

/* CSV and SRT have no place for notes: they go to standard error. */
static void print_notes(const recordings *r, const smac_analysis *analysis, const char *path)
{
    text_buffer notes = {0};
    bool hidden = r->format == SMAC_FORMAT_CSV || r->format == SMAC_FORMAT_SRT;
    for (size_t i = 0; hidden && i < smac_analysis_warning_count(analysis); i++) {
        text_add(&notes, "note: ");
        if (r->count > 1)
            text_format(&notes, "%s: ", path_base(path));
        text_add(&notes, smac_analysis_warning(analysis, i));
        text_add_char(&notes, '\n');
    }
    for (char *at = notes.data; at && *at; at++)
        if (((unsigned char)*at < 0x20 && *at != '\n') || *at == 0x7f)
            *at = '?';
    if (notes.data) {
        console_finish();
        fputs(notes.data, stderr);
    }
    text_free(&notes);
}

/* Into a folder: the result is written at once, and the analysis is not held any longer. */
static smac_status write_one(const recordings *r, const char *path, smac_analysis **analysis, smac_error *error)
{
    char *output = result_path(r, path);
    smac_status status = output ? write_some(analysis, 1, r->format, false, output, error)
                                : FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for a file name");
    free(output);
    smac_analysis_free(*analysis);
    *analysis = NULL;
    return status;
}

/* A recording that cannot be analysed does not keep the others from it; a stop that is asked for and a full disk do. */
static int analyze_all(const smac_model *model, const smac_analyze_options *options, recordings *r)
{
    smac_error error;
    int status = EXIT_DONE;
    for (r->at = 0; r->at < r->count; r->at++) {
        smac_analysis **analysis = &r->analyses[r->analysed];
        const char *path = r->paths[r->at];
        smac_status code = smac_analyze_file(model, path, options, analysis, &error);
        bool analysed = code == SMAC_OK;
        if (analysed)
            print_notes(r, *analysis, path);
        if (analysed && r->into)
            code = write_one(r, path, analysis, &error);
        if (code == SMAC_OK) {
            r->analysed++;
            continue;
        }
        status = failure(&command_analyze, &error);
        if (analysed || code == SMAC_ERROR_INTERRUPTED)
            break;
        text_add(&r->failed, "  ");
        for (const char *at = path; *at; at++)
            text_add_char(&r->failed, (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at);
        text_add_char(&r->failed, '\n');
        r->failures++;
    }
    console_finish();
    if (r->count > 1 && r->at < r->count)
        fprintf(stderr, "semanticmac analyze: stopped; %zu of %zu recordings are analysed\n", r->analysed, r->count);
    if (r->count > 1 && r->failures)
        fprintf(stderr, "semanticmac analyze: %zu of %zu recordings could not be analysed:\n%s", r->failures, r->count,
            r->failed.data ? r->failed.data : "");
    return status;
}

static int run(int argc, char **argv)
{
    const char *model_path = NULL, *format_name = NULL, *output = NULL, *encoders = NULL, *how_name = NULL,
               *modalities = NULL, *transcribe = "auto";
    smac_analyze_options options;
    smac_analyze_options_default(&options);
    const option_row rows[] = {
        {"model", 'm', OPTION_TEXT, &model_path, "FILE", "the model (best.safetensors of a training)"},
        {"text", 't', OPTION_TEXT, &options.text, "WORDS", "the words that are said"},
        {"transcript", 0, OPTION_TEXT, &options.transcript, "FILE",
            "the words with their times: .srt, .vtt, .txt, .json"},
        {"transcribe", 0, OPTION_TEXT, &transcribe, "HOW", "hear the words: auto, never, or a Whisper model (auto)"},
        {"language", 0, OPTION_TEXT, &options.language, "CODE", "of the speech, en, de, ... (heard)"},
        {"window", 'w', OPTION_NUMBER, &options.window, "SECONDS", "length of a segment (4)"},
        {"hop", 0, OPTION_NUMBER, &options.hop, "SECONDS", "from one segment to the next (1)"},
        {"modalities", 0, OPTION_TEXT, &modalities, "LIST", "use these alone, e.g. text,audio"},
        {"format", 'f', OPTION_TEXT, &format_name, "NAME", "text, json, csv, srt or html (by -o's ending, or text)"},
        {"output", 'o', OPTION_TEXT, &output, "FILE", "write there in place of standard output; FOLDER/: a file each"},
        {"precision", 0, OPTION_TEXT, &how_name, "NAME", "of the encoders: f32, bf16 or int8 (as they were trained)"},
        {"encoders", 0, OPTION_TEXT, &encoders, "FOLDER", "where frozen encoders lie that the model file only names"},
    };
    int count, status = options_parse(&command_analyze, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count == 0)
        return usage_error(&command_analyze, "no recording is named, give at least one file or folder");
    if (!model_path)
        return usage_error(&command_analyze, "no model is named, give --model FILE");
    if (!(options.window > 0 && options.window < INFINITY) || !(options.hop > 0 && options.hop < INFINITY))
        return usage_error(&command_analyze,
            "the window is %g s and the hop %g s, give more than 0 and a finite number", options.window, options.hop);
    if (options.text && options.transcript)
        return usage_error(&command_analyze, "--text and --transcript cannot both be given: leave one out");
    bool chosen[MODALITIES];
    if (modalities && !cli_modalities(modalities, chosen))
        return usage_error(&command_analyze, "--modalities is \"%s\", give some of text,audio,vision", modalities);
    for (int m = 0; modalities && m < MODALITIES; m++)
        options.without[m] = !chosen[m];
    precision how;
    if (how_name && !precision_from_name(how_name, &how))
        return usage_error(&command_analyze, "there is no precision \"%s\": give f32, bf16 or int8", how_name);
    smac_format format = SMAC_FORMAT_TEXT;
    bool into = output && (file_is_folder(output) || (*output && output[strlen(output) - 1] == '/'));
    const char *dot = output && !into ? strrchr(path_base(output), '.') : NULL;
    if (format_name && !smac_format_from_name(format_name, &format))
        return usage_error(
            &command_analyze, "there is no format \"%s\": give text, json, csv, srt or html", format_name);
    if (!format_name && dot && dot[1] && strcmp(dot, ".txt") && !smac_format_from_name(dot + 1, &format))
        return usage_error(
            &command_analyze, "\"%s\" ends in none of .txt, .json, .csv, .srt and .html: give --format too", output);
    options.thumbnails = format == SMAC_FORMAT_HTML;

    smac_error error = {0};
    recordings all = {.report = console_reporter(), .format = format};
    if (into)
        all.into = output;
    smac_model *model = NULL;
    smac_model_options model_options;
    smac_model_options_default(&model_options);
    model_options.encoder_folder = encoders;
    model_options.precision = how_name;
    char *speech = NULL;
    bool hear = strcmp(transcribe, "never") != 0 && !options.text && !options.transcript;
    options.progress = progress;
    options.user = &all;
    smac_status code = find_recordings(argv + 1, count, &all, &error);
    char *other[] = {(char *)(uintptr_t)model_path, (char *)(uintptr_t)options.transcript};
    if (code == SMAC_OK && all.into)
        code = folder_make(all.into, &error);
    else if (code == SMAC_OK &&
        ((status = check_output(&command_analyze, "-o", output, all.paths, all.count)) >= 0 ||
            (status = check_output(&command_analyze, "-o", output, other, 2)) >= 0)) {
        recordings_clear(&all);
        return status;
    }
    if (code == SMAC_OK && hear)
        code = find_speech_model(strcmp(transcribe, "auto") ? transcribe : NULL, &speech, &error);
    if (code == SMAC_OK && speech)
        code = smac_speech_open(speech, &options.speech, &error);
    if (code == SMAC_OK && all.count > 1 && (options.text || options.transcript)) {
        status = usage_error(&command_analyze, "--%s holds for one recording, %zu are named: analyse that alone",
            options.text ? "text" : "transcript", all.count);
    } else if (code == SMAC_OK && all.count > 1 && format == SMAC_FORMAT_SRT && !all.into) {
        status = usage_error(
            &command_analyze, "%zu recordings cannot stand in one subtitle file: give a folder, -o FOLDER/", all.count);
    } else if (code != SMAC_OK || smac_model_open(model_path, &model_options, &model, &error) != SMAC_OK) {
        status = failure(&command_analyze, &error);
    } else {
        status = analyze_all(model, &options, &all);
        if (all.analysed && !all.into &&
            write_some(all.analyses, all.analysed, format, all.list, output, &error) != SMAC_OK)
            status = failure(&command_analyze, &error);
    }
    recordings_clear(&all);
    smac_speech_free(options.speech);
    smac_model_free(model);
    free(speech);
    return status;
}
