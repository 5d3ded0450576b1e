/* apps/cli/transcribe.c - semanticmac transcribe: the words of a recording. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cli.h"
#include "compute/precision.h"
#include "semanticmac/semanticmac.h"

static int run(int argc, char **argv);

const command command_transcribe = {"transcribe", "transcribe FILE [--model M] [options]",
    "the words of a recording, with their times, recognised by Whisper",
    "The model is a Whisper folder (Hugging Face's or CTranslate2's), or an installed one by name; without --model\n"
    "the first whisper-* of semanticmac models list is taken.",
    run};

static const char *const formats[] = {[SMAC_TRANSCRIPT_TEXT] = "txt",
    [SMAC_TRANSCRIPT_SRT] = "srt",
    [SMAC_TRANSCRIPT_VTT] = "vtt",
    [SMAC_TRANSCRIPT_JSON] = "json"};

/* By its name, or by the ending of output; -1: unknown. */
static int format_of(const char *name, const char *output)
{
    const char *dot = output ? strrchr(path_base(output), '.') : NULL;
    const char *wanted = name ? name : dot && dot[1] ? dot + 1 : "txt";
    for (int i = 0; i < (int)(sizeof formats / sizeof *formats); i++)
        if (!strcmp(wanted, formats[i]))
            return i;
    return -1;
}

static int show_progress(void *user, const char *what, double done, double total)
{
    (void)user;
    return report_progress(console_reporter(), what, done, total);
}

static void show_log(void *user, smac_log_level level, const char *message)
{
    (void)user;
    report_log(console_reporter(), (log_level)level, "%s", message);
}

static smac_status write_words(
    const smac_transcription *words, smac_transcript_format format, const char *output, smac_error *error)
{
    char *text;
    size_t length;
    smac_status status = smac_transcription_render(words, format, &text, &length, error);
    if (status != SMAC_OK)
        return status;
    status = write_result(output, text, length, error);
    smac_free(text);
    return status;
}

typedef struct request {
    const char *model, *precision, *path, *output;
    smac_transcript_format format;
    smac_transcribe_options options;
} request;

static int transcribe(const request *r)
{
    smac_error error = {0};
    smac_speech *speech = NULL;
    smac_transcription *words = NULL;
    smac_speech_options how;
    int status = EXIT_DONE;
    smac_speech_options_default(&how);
    how.precision = r->precision;
    smac_status code = smac_speech_open_with(r->model, &how, &speech, &error);
    if (code == SMAC_OK)
        code = smac_transcribe_file(speech, r->path, &r->options, &words, &error);
    console_finish();
    if (code != SMAC_OK)
        status = failure(&command_transcribe, &error);
    size_t count = smac_transcription_segment_count(words);
    if (code == SMAC_OK || count > 0) { /* what was recognised before an interruption is kept */
        smac_error writing = {0};
        if (write_words(words, r->format, r->output, &writing) != SMAC_OK)
            status = failure(&command_transcribe, &writing);
        else if (code == SMAC_ERROR_INTERRUPTED)
            fprintf(stderr, "semanticmac transcribe: the words up to there are written\n");
    }
    if (code == SMAC_OK && count == 0)
        fprintf(stderr, "semanticmac transcribe: no words were recognised in %s\n", r->path);
    smac_transcription_free(words);
    smac_speech_free(speech);
    return status;
}

static int run(int argc, char **argv)
{
    const char *model = NULL, *format_name = NULL;
    int64_t beams = 5, seed = 0;
    double temperature = NAN;
    request r = {.precision = "f32"};
    smac_transcribe_options_default(&r.options);
    r.options.words = false;
    const option_row rows[] = {
        {"model", 'm', OPTION_TEXT, &model, "M", "a Whisper folder, or the name of an installed one"},
        {"format", 'f', OPTION_TEXT, &format_name, "NAME", "txt, srt, vtt or json (by -o's ending, or txt)"},
        {"language", 'l', OPTION_TEXT, &r.options.language, "CODE",
            "en, zh-CN, German, ...; auto finds it in the first 30 s (auto)"},
        {"beam", 'b', OPTION_INTEGER, &beams, "N", "hypotheses of the search, 1 is greedy (5)"},
        {"words", 'w', OPTION_FLAG, &r.options.words, NULL, "times of words too (in json)"},
        {"previous", 0, OPTION_FLAG, &r.options.previous_text, NULL,
            "give the model what was said before with the next 30 s"},
        {"temperature", 0, OPTION_NUMBER, &temperature, "T", "this one alone (0, then 0.2 to 1 when it looks wrong)"},
        {"precision", 0, OPTION_TEXT, &r.precision, "NAME", "of the weights: f32, bf16 or int8 (f32)"},
        {"silence", 0, OPTION_NUMBER, &r.options.silence, "LEVEL", "softer than this is silence (0.001 of full scale)"},
        {"seed", 0, OPTION_INTEGER, &seed, "N", "of the samples at temperatures above 0 (0)"},
        {"output", 'o', OPTION_TEXT, &r.output, "FILE", "write there instead of to standard output"},
    };
    int count, status = options_parse(&command_transcribe, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count != 1)
        return usage_error(&command_transcribe, "%d recordings are named, give one", count);
    int format = format_of(format_name, r.output);
    if (format < 0)
        return format_name
            ? usage_error(&command_transcribe, "there is no format \"%s\": give txt, srt, vtt or json", format_name)
            : usage_error(&command_transcribe, "\"%s\" ends in none of .txt, .srt, .vtt and .json: give --format too",
                  r.output);
    if (!isnan(temperature) && !(temperature >= 0 && temperature <= 2))
        return usage_error(&command_transcribe, "--temperature is %g, give 0 to 2", temperature);
    if (!(r.options.silence >= 0 && r.options.silence <= 1))
        return usage_error(&command_transcribe, "--silence is %g, give 0 to 1 of full scale", r.options.silence);
    if (beams < 1 || beams > 32)
        return usage_error(&command_transcribe, "--beam is %lld, give 1 to 32", (long long)beams);
    precision how;
    if (!precision_from_name(r.precision, &how))
        return usage_error(&command_transcribe, "there is no precision \"%s\": give f32, bf16 or int8", r.precision);
    r.options.beams = (int)beams;
    r.options.seed = (uint64_t)seed;
    r.options.progress = show_progress;
    r.options.log = show_log;
    if (!isnan(temperature))
        r.options.temperature = temperature;
    r.format = (smac_transcript_format)format;
    r.path = argv[1];
    status = check_output(&command_transcribe, "-o", r.output, argv + 1, 1);
    if (status >= 0)
        return status;
    smac_error error = {0};
    char *found = NULL;
    if (find_speech_model(model, &found, &error) != SMAC_OK)
        return failure(&command_transcribe, &error);
    if (!found)
        return usage_error(&command_transcribe,
            "no speech model is installed: give --model FOLDER, or see semanticmac models list for a whisper-* to "
            "fetch");
    r.model = found;
    status = transcribe(&r);
    free(found);
    return status;
}
