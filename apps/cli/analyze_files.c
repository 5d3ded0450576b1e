/* apps/cli/analyze_files.c - finding recordings, analysing them one after another, writing results. */
#include "analyze_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/path.h"
#include "cli.h"
#include "media/media.h"
#include "media/transcript.h"
#include "stream_input.h"

/* --- which recordings --------------------------------------------------------------------------------------------- */

void recordings_clear(recordings *r)
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
    text_add(&name, path_base(stream_input_name(path)));
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

smac_status recordings_find(recordings *r, char *const *arguments, int count, smac_error *error)
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

int recordings_progress(void *user, const char *what, double done, double total)
{
    const recordings *r = user;
    const char *path = r->paths[r->at];
    char text[200];
    bool reading = strcmp(what, path) == 0; /* in seconds of the recording */
    if (r->count == 1 && !reading)
        return report_progress(r->report, what, done, total);
    if (r->count == 1)
        snprintf(text, sizeof text, "reading %.120s", path_base(path));
    else
        snprintf(text, sizeof text, "%s%zu of %zu, %.60s%s%.60s", reading ? "reading " : "", r->at + 1, r->count,
            path_base(path), reading ? "" : ": ", reading ? "" : what);
    return report_progress(r->report, text, done, total);
}

static smac_status write_some(
    smac_analysis *const *analyses, size_t count, smac_format format, bool list, const char *output, smac_error *error)
{
    char *text = NULL;
    size_t length = 0;
    smac_render_options how;
    smac_render_options_default(&how);
    how.format = format;
    how.columns = console_columns();
    how.colour = !output && console_colour();
    TRY(smac_analysis_render((const smac_analysis *const *)analyses, count, &how, &text, &length, error));
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

/* --- transcripts beside recordings -------------------------------------------------------------------------------- */

/* Our own subtitles say what was found: their first cue begins with a task of the model, not with words. */
static bool is_own_result(const smac_model *model, const char *path)
{
    char line[200];
    bool own = false;
    FILE *file = fopen(path, "rb");
    for (int i = 0; file && i < 3 && fgets(line, sizeof line, file); i++)
        for (int k = 0; i == 2 && k < smac_model_task_count(model); k++) {
            const char *name = smac_model_task(model, k)->name;
            own = own || (!strncmp(line, name, strlen(name)) && strchr(" :", line[strlen(name)]));
        }
    if (file)
        fclose(file);
    return own;
}

/* The transcript beside a recording, or in the folder of transcripts; *out NULL: none.  free() */
static smac_status find_transcript(
    const recordings *r, const smac_model *model, const smac_analyze_options *options, char **out, smac_error *error)
{
    *out = NULL;
    if (r->quiet_words)
        return SMAC_OK;
    TRY(transcript_find(r->paths[r->at], r->transcripts, options->language, out, error));
    if (*out && !r->transcripts && is_own_result(model, *out)) {
        free(*out);
        *out = NULL;
    }
    return SMAC_OK;
}

/* --- one after another -------------------------------------------------------------------------------------------- */

static smac_status analyze_stream(const smac_model *model, const char *path, const smac_analyze_options *options,
    smac_analysis **out, smac_error *error)
{
    stream_input stream;
    TRY(stream_input_open(path, &stream, error));
    smac_status status = smac_analyze_input(model, &stream.input, options, out, error);
    stream_input_close(&stream);
    return status;
}

static smac_status analyze_one(const recordings *r, const smac_model *model, const smac_analyze_options *options,
    smac_analysis **out, smac_error *error)
{
    const char *path = r->paths[r->at];
    smac_analyze_options mine = *options;
    if (stream_input_is(path))
        return analyze_stream(model, path, &mine, out, error);
    char *transcript;
    TRY(find_transcript(r, model, options, &transcript, error));
    if (transcript)
        mine.transcript = transcript;
    smac_status status = smac_analyze_file(model, path, &mine, out, error);
    free(transcript);
    return status;
}

static void note_failure(recordings *r, const char *path)
{
    text_add(&r->failed, "  ");
    for (const char *at = path; *at; at++)
        text_add_char(&r->failed, (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at);
    text_add_char(&r->failed, '\n');
    r->failures++;
}

/* A recording that fails does not end the rest; a stop that was asked for and a full disk do. */
int recordings_analyze(recordings *r, const smac_model *model, const smac_analyze_options *options)
{
    smac_error error;
    int status = EXIT_DONE;
    for (r->at = 0; r->at < r->count; r->at++) {
        smac_analysis **analysis = &r->analyses[r->analysed];
        const char *path = r->paths[r->at];
        smac_status code = analyze_one(r, model, options, analysis, &error);
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
        if (analysed || code == SMAC_ERROR_INTERRUPTED || console_interrupted())
            break;
        note_failure(r, path);
    }
    console_finish();
    if (r->count > 1 && r->at < r->count)
        fprintf(stderr, "semanticmac analyze: stopped; %zu of %zu recordings are analysed\n", r->analysed, r->count);
    if (r->count > 1 && r->failures)
        fprintf(stderr, "semanticmac analyze: %zu of %zu recordings could not be analysed:\n%s", r->failures, r->count,
            r->failed.data ? r->failed.data : "");
    return status;
}

smac_status recordings_write(const recordings *r, const char *output, smac_error *error)
{
    return r->analysed && !r->into ? write_some(r->analyses, r->analysed, r->format, r->list, output, error) : SMAC_OK;
}
