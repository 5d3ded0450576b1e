/* apps/cli/analyze.c - semanticmac analyze: its options. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze_files.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/path.h"
#include "cli.h"
#include "compute/precision.h"

static int analyze_run(int argc, char **argv);

const command command_analyze = {"analyze", "analyze FILE|FOLDER|-... --model M [--text T | --transcript F] [options]",
    "what a recording says: prediction, words, voice, face, what they share, second by second",
    "Of a folder: the recordings in it (by their endings: mp4, mkv, wav, ...), sorted by name.  - is standard input.  A\n"
    "recording that cannot be analysed does not end the rest: it is named at the end, and the exit status is 1.  With\n"
    "-o FOLDER/ each recording's result is written as NAME.ENDING as soon as it is there, by --format.\n"
    "Without --text and --transcript the words come from NAME.srt or NAME.vtt beside the recording NAME.mp4, else from\n"
    "embedded subtitles, else from the sound itself when a speech model is installed (semanticmac models list).\n"
    "Formats: text (a timeline for the terminal), json, csv, srt, html (one self-contained page).",
    analyze_run};

/* What the command line says, beyond smac_analyze_options. */
typedef struct analyze_call {
    const char *model, *format, *output, *encoders, *precision, *modalities, *transcribe, *transcript, *segments, *face;
    int64_t threads;
    smac_analyze_options options;
    smac_format chosen;
    bool into; /* a file each */
} analyze_call;

static bool face_from_name(const char *name, smac_face_choice *out)
{
    static const char *const names[] = {"", "largest", "left", "right", "centre"};
    for (int i = SMAC_FACE_LARGEST; i <= SMAC_FACE_CENTRE; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (smac_face_choice)i;
            return true;
        }
    return false;
}

/* Wrong uses that show before any work; -1, or an exit status. */
static int check_call(analyze_call *c)
{
    smac_analyze_options *o = &c->options;
    static const char *const names[] = {"auto", "window", "utterance"};
    bool chosen[MODALITIES], named = false;
    precision how;
    if (!c->model)
        return usage_error(&command_analyze, "no model is named, give --model FILE");
    if (!(o->window > 0 && o->window < INFINITY) || !(o->hop > 0 && o->hop < INFINITY))
        return usage_error(&command_analyze,
            "the window is %g s and the hop %g s, give more than 0 and a finite number", o->window, o->hop);
    if (o->text && c->transcript)
        return usage_error(&command_analyze, "--text and --transcript cannot both be given: leave one out");
    if (c->modalities && !cli_modalities(c->modalities, chosen))
        return usage_error(&command_analyze, "--modalities is \"%s\", give some of text,audio,vision", c->modalities);
    for (int m = 0; c->modalities && m < MODALITIES; m++)
        o->without[m] = !chosen[m];
    for (int i = 0; i < 3 && !named; i++)
        if (!strcmp(c->segments, names[i])) {
            o->segments = (smac_segments)i;
            named = true;
        }
    if (!named)
        return usage_error(
            &command_analyze, "there are no segments \"%s\": give auto, utterance or window", c->segments);
    if (c->face && !face_from_name(c->face, &o->face))
        return usage_error(&command_analyze, "--face is \"%s\", give largest, left, right or centre", c->face);
    if (c->precision && !precision_from_name(c->precision, &how))
        return usage_error(&command_analyze, "there is no precision \"%s\": give f32, bf16 or int8", c->precision);
    if (c->threads < 0 || c->threads > 100000)
        return usage_error(
            &command_analyze, "%lld threads, give 0 (as many as the machine has) or more", (long long)c->threads);
    o->threads = (int)c->threads;
    return -1;
}

/* The format, by name or by the output's ending; -1, or an exit status. */
static int choose_format(analyze_call *c)
{
    const char *output = c->output;
    c->chosen = SMAC_FORMAT_TEXT;
    c->into = output && (file_is_folder(output) || (*output && output[strlen(output) - 1] == '/'));
    const char *dot = output && !c->into ? strrchr(path_base(output), '.') : NULL;
    if (c->format && !smac_format_from_name(c->format, &c->chosen))
        return usage_error(&command_analyze, "there is no format \"%s\": give text, json, csv, srt or html", c->format);
    if (!c->format && dot && dot[1] && strcmp(dot, ".txt") && !smac_format_from_name(dot + 1, &c->chosen))
        return usage_error(
            &command_analyze, "\"%s\" ends in none of .txt, .json, .csv, .srt and .html: give --format too", output);
    c->options.thumbnails = c->chosen == SMAC_FORMAT_HTML;
    return -1;
}

/* What does not fit the number of recordings; -1, or an exit status. */
static int check_count(const analyze_call *c, const recordings *all)
{
    size_t streams = 0;
    for (size_t i = 0; i < all->count; i++)
        streams += !strcmp(all->paths[i], "-");
    if (streams > 1)
        return usage_error(&command_analyze, "standard input (-) is named %zu times: name it once", streams);
    if (all->count > 1 && (c->options.text || c->options.transcript))
        return usage_error(&command_analyze, "--%s holds for one recording, %zu are named: analyse that alone",
            c->options.text ? "text" : "transcript", all->count);
    if (all->count > 1 && c->chosen == SMAC_FORMAT_SRT && !all->into)
        return usage_error(&command_analyze,
            "%zu recordings do not fit into one subtitle file: give a folder, -o FOLDER/", all->count);
    return -1;
}

/* The words: where they come from when they are not in the recording. */
static smac_status find_words(analyze_call *c, recordings *all, smac_error *error)
{
    smac_analyze_options *o = &c->options;
    char *speech = NULL;
    bool hears = strcmp(c->transcribe, "never") != 0, named = hears && strcmp(c->transcribe, "auto") != 0;
    if (c->transcript && file_is_folder(c->transcript))
        all->transcripts = c->transcript;
    else
        o->transcript = c->transcript;
    all->quiet_words = o->text || o->transcript || (named && !all->transcripts);
    o->no_subtitles = named && !o->subtitle_track; /* a speech model that is named is to be used */
    if (!hears || o->text || o->transcript)
        return SMAC_OK;
    TRY(find_speech_model(named ? c->transcribe : NULL, &speech, error));
    smac_status status = speech ? smac_speech_open(speech, &o->speech, error) : SMAC_OK;
    free(speech);
    return status;
}

static int loading_interrupted(void *user)
{
    (void)user;
    return console_interrupted();
}

static int analyze_recordings(analyze_call *c, recordings *all)
{
    smac_error error = {0};
    smac_model *model = NULL;
    smac_model_options how;
    smac_model_options_default(&how);
    how.encoder_folder = c->encoders;
    how.precision = c->precision;
    how.interrupt = loading_interrupted;
    if (smac_model_open(c->model, &how, &model, &error) != SMAC_OK)
        return failure(&command_analyze, &error);
    int status = recordings_analyze(all, model, &c->options);
    if (recordings_write(all, c->output, &error) != SMAC_OK)
        status = failure(&command_analyze, &error);
    smac_model_free(model);
    return status;
}

/* Everything about the output that can be refused before any work; -1, or an exit status. */
static int prepare_output(const analyze_call *c, recordings *all, smac_error *error)
{
    if (all->into)
        return folder_make(all->into, error) == SMAC_OK ? -1 : failure(&command_analyze, error);
    char *other[] = {(char *)(uintptr_t)c->model, (char *)(uintptr_t)c->transcript};
    int status = check_output(&command_analyze, "-o", c->output, all->paths, all->count);
    return status >= 0 ? status : check_output(&command_analyze, "-o", c->output, other, 2);
}

static int analyze_run(int argc, char **argv)
{
    analyze_call c = {.transcribe = "auto", .segments = "auto"};
    smac_analyze_options *o = &c.options;
    smac_analyze_options_default(o);
    const option_row rows[] = {
        {"model", 'm', OPTION_TEXT, &c.model, "FILE", "the model (best.safetensors of a training)"},
        {"text", 't', OPTION_TEXT, &o->text, "WORDS", "the words that are said"},
        {"transcript", 0, OPTION_TEXT, &c.transcript, "FILE",
            "the words with their times: .srt, .vtt, .txt, .json; or a folder with one for each recording"},
        {"transcribe", 0, OPTION_TEXT, &c.transcribe, "HOW",
            "recognise the words: auto, never, or a Whisper model (auto)"},
        {"language", 0, OPTION_TEXT, &o->language, "CODE", "of the speech, en, de, ... (recognised)"},
        {"subtitles", 0, OPTION_TEXT, &o->subtitle_track, "TRACK", "embedded ones: a stream, a language, or none"},
        {"sound", 0, OPTION_TEXT, &o->sound_track, "TRACK", "of several: a stream, a language, or none"},
        {"picture", 0, OPTION_TEXT, &o->picture_track, "TRACK", "of several: a stream, or none"},
        {"face", 0, OPTION_TEXT, &c.face, "WHO", "of several: largest, left, right or centre (as the model says)"},
        {"segments", 0, OPTION_TEXT, &c.segments, "HOW",
            "window, or utterance (as words have times; auto: utterance when they have)"},
        {"window", 'w', OPTION_NUMBER, &o->window, "SECONDS", "length of a window (4)"},
        {"hop", 0, OPTION_NUMBER, &o->hop, "SECONDS", "from one window to the next (1)"},
        {"modalities", 0, OPTION_TEXT, &c.modalities, "LIST", "use these alone, e.g. text,audio"},
        {"format", 'f', OPTION_TEXT, &c.format, "NAME", "text, json, csv, srt or html (by -o's ending, or text)"},
        {"output", 'o', OPTION_TEXT, &c.output, "FILE",
            "write there in place of standard output; FOLDER/: a file each"},
        {"precision", 0, OPTION_TEXT, &c.precision, "NAME",
            "of the encoders: f32, bf16 or int8 (as they were trained)"},
        {"encoders", 0, OPTION_TEXT, &c.encoders, "FOLDER", "with the frozen encoders that the model file only names"},
        {"threads", 0, OPTION_INTEGER, &c.threads, "COUNT", "to use (as many as the machine has)"},
    };
    int count, status = options_parse(&command_analyze, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count == 0)
        return usage_error(&command_analyze, "no recording is named, give at least one file or folder");
    if ((status = check_call(&c)) >= 0 || (status = choose_format(&c)) >= 0)
        return status;
    smac_error error = {0};
    recordings all = {.report = console_reporter(), .format = c.chosen, .into = c.into ? c.output : NULL};
    o->progress = recordings_progress;
    o->user = &all;
    if (recordings_find(&all, argv + 1, count, &error) != SMAC_OK)
        status = failure(&command_analyze, &error);
    else if ((status = prepare_output(&c, &all, &error)) < 0) {
        smac_status code = find_words(&c, &all, &error);
        if ((status = check_count(&c, &all)) < 0)
            status = code == SMAC_OK ? analyze_recordings(&c, &all) : failure(&command_analyze, &error);
    }
    recordings_clear(&all);
    smac_speech_free(o->speech);
    return status;
}
