/* apps/cli/transcribe.c - semanticmac transcribe: the words of a recording. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cli.h"
#include "speech/speech.h"

static int run(int argc, char **argv);

const command command_transcribe = {"transcribe", "transcribe FILE [--model M] [options]",
    "the words of a recording, with their times, heard by Whisper",
    "The model is a Whisper folder (Hugging Face's or CTranslate2's), or an installed one by name; without --model\n"
    "the first whisper-* of semanticmac models list is taken.",
    run};

static smac_status write_as(const char *format, const speech_result *r, text_buffer *out, smac_error *error)
{
    transcript t = {0};
    if (!strcmp(format, "json"))
        return speech_result_json(r, out, error);
    if (!strcmp(format, "txt")) {
        speech_result_text(r, out);
        return SMAC_OK;
    }
    smac_status status = speech_result_transcript(r, &t, error);
    if (status == SMAC_OK && !strcmp(format, "srt"))
        transcript_write_srt(&t, r->duration, out);
    else if (status == SMAC_OK)
        transcript_write_vtt(&t, r->duration, out);
    transcript_free(&t);
    return status;
}

static const char *format_of(const char *name, const char *output)
{
    static const char *const formats[] = {"txt", "srt", "vtt", "json"};
    const char *dot = output ? strrchr(path_base(output), '.') : NULL;
    const char *wanted = name ? name : dot && dot[1] ? dot + 1 : "txt";
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(wanted, formats[i]))
            return formats[i];
    return NULL;
}

static int listen(const char *model_path, const char *path, const speech_options *options, precision how,
    const char *format, const char *output)
{
    smac_error error = {0};
    speech_model *model = NULL;
    speech_result result = {0};
    text_buffer text = {0};
    int status = EXIT_DONE;
    smac_status code = speech_model_open(model_path, how, &model, &error);
    if (code == SMAC_OK)
        code = speech_listen_file(model, path, options, &result, &error);
    console_finish();
    if (code != SMAC_OK)
        status = failure(&command_transcribe, &error);
    if (code == SMAC_OK || (code == SMAC_ERROR_INTERRUPTED && result.count > 0)) { /* what was heard so far is kept */
        smac_error writing = {0};
        if (write_as(format, &result, &text, &writing) != SMAC_OK ||
            write_result(output, text.data ? text.data : "", text.length, &writing) != SMAC_OK)
            status = failure(&command_transcribe, &writing);
        else if (code == SMAC_ERROR_INTERRUPTED)
            fprintf(stderr, "semanticmac transcribe: what was heard up to there is written\n");
    }
    if (code == SMAC_OK && result.count == 0)
        fprintf(stderr, "semanticmac transcribe: no words were heard in %s\n", path);
    text_free(&text);
    speech_result_clear(&result);
    speech_model_free(model);
    return status;
}

static int run(int argc, char **argv)
{
    const char *model = NULL, *format_name = NULL, *output = NULL, *language = NULL, *how_name = "f32";
    int64_t beams = 5;
    double temperature = NAN;
    speech_options options;
    speech_options_default(&options);
    const option_row rows[] = {
        {"model", 'm', OPTION_TEXT, &model, "M", "a Whisper folder, or the name of an installed one"},
        {"format", 'f', OPTION_TEXT, &format_name, "NAME", "txt, srt, vtt or json (by -o's ending, or txt)"},
        {"language", 'l', OPTION_TEXT, &language, "CODE",
            "en, zh-CN, German, ...; auto finds it in the first 30 s (auto)"},
        {"beam", 'b', OPTION_INTEGER, &beams, "N", "hypotheses of the search, 1 is greedy (5)"},
        {"words", 'w', OPTION_FLAG, &options.words, NULL, "times of words too (in json)"},
        {"previous", 0, OPTION_FLAG, &options.previous_text, NULL, "what was said stands before the next 30 s"},
        {"temperature", 0, OPTION_NUMBER, &temperature, "T", "this one alone (0, then 0.2 to 1 when it looks wrong)"},
        {"precision", 0, OPTION_TEXT, &how_name, "NAME", "of the weights: f32, bf16 or int8 (f32)"},
        {"silence", 0, OPTION_NUMBER, &options.silence, "LEVEL", "softer than this is silence (0.001 of full scale)"},
        {"seed", 0, OPTION_INTEGER, &options.seed, "N", "of the samples at temperatures over 0 (0)"},
        {"output", 'o', OPTION_TEXT, &output, "FILE", "write there in place of standard output"},
    };
    int count, status = options_parse(&command_transcribe, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count != 1)
        return usage_error(&command_transcribe, "%d recordings are named, give one", count);
    const char *format = format_of(format_name, output);
    if (!format)
        return format_name
            ? usage_error(&command_transcribe, "there is no format \"%s\": give txt, srt, vtt or json", format_name)
            : usage_error(
                  &command_transcribe, "\"%s\" ends in none of .txt, .srt, .vtt and .json: give --format too", output);
    if (!isnan(temperature) && !(temperature >= 0 && temperature <= 2))
        return usage_error(&command_transcribe, "--temperature is %g, give 0 to 2", temperature);
    if (!(options.silence >= 0 && options.silence <= 1))
        return usage_error(&command_transcribe, "--silence is %g, give 0 to 1 of full scale", options.silence);
    if (beams < 1 || beams > 32)
        return usage_error(&command_transcribe, "--beam is %lld, give 1 to 32", (long long)beams);
    precision how;
    if (!precision_from_name(how_name, &how))
        return usage_error(&command_transcribe, "there is no precision \"%s\": give f32, bf16 or int8", how_name);
    options.beams = (int)beams;
    options.language = language;
    options.report = console_reporter();
    if (!isnan(temperature)) {
        options.temperatures[0] = temperature;
        options.temperature_count = 1;
    }
    status = check_output(&command_transcribe, "-o", output, argv + 1, 1);
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
    status = listen(found, argv[1], &options, how, format, output);
    free(found);
    return status;
}
