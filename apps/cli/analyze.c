/* apps/cli/analyze.c - semanticmac analyze: files in, what they say out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli.h"
#include "semanticmac/semanticmac.h"

static int run(int argc, char **argv);

const command command_analyze = {"analyze", "analyze FILE... --model M [--text T | --transcript F] [options]",
    "what a recording says: prediction, words, voice, face, what they share, second by second",
    "Without --text and --transcript the words come from embedded subtitles, when there are any, else from the sound\n"
    "itself when a speech model is installed (semanticmac models list).\n"
    "Formats: text (a timeline for the terminal), json, csv, srt, html (one self-contained page).", run};

static int progress(void *user, const char *what, double done, double total)
{
    return report_progress(user, what, done, total);
}

static bool parse_modalities(const char *text, bool without[SMAC_MODALITIES])
{
    static const char *const names[] = {"text", "audio", "vision"};
    for (int m = 0; m < SMAC_MODALITIES; m++)
        without[m] = true;
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, ",");
        int found = -1;
        for (int m = 0; m < SMAC_MODALITIES; m++)
            if (strlen(names[m]) == length && !strncmp(at, names[m], length))
                found = m;
        if (found < 0)
            return false;
        without[found] = false;
        at += length + (at[length] == ',');
    }
    return *text != 0;
}

static int run(int argc, char **argv)
{
    const char *model_path = NULL, *format_name = NULL, *output = NULL, *encoders = NULL, *modalities = NULL,
        *transcribe = "auto";
    smac_analyze_options options;
    smac_analyze_options_default(&options);
    const option_row rows[] = {
        {"model", 'm', OPTION_TEXT, &model_path, "FILE", "the model (best.safetensors of a training)"},
        {"text", 't', OPTION_TEXT, &options.text, "WORDS", "the words that are said"},
        {"transcript", 0, OPTION_TEXT, &options.transcript, "FILE", "the words with their times: .srt, .vtt, .txt, .json"},
        {"transcribe", 0, OPTION_TEXT, &transcribe, "HOW", "hear the words: auto, never, or a Whisper model (auto)"},
        {"language", 0, OPTION_TEXT, &options.language, "CODE", "of the speech, en, de, ... (heard)"},
        {"window", 'w', OPTION_NUMBER, &options.window, "SECONDS", "length of a segment (4)"},
        {"hop", 0, OPTION_NUMBER, &options.hop, "SECONDS", "from one segment to the next (1)"},
        {"modalities", 0, OPTION_TEXT, &modalities, "LIST", "use these alone, e.g. text,audio"},
        {"format", 'f', OPTION_TEXT, &format_name, "NAME", "text, json, csv, srt or html (by -o's ending, or text)"},
        {"output", 'o', OPTION_TEXT, &output, "FILE", "write there in place of standard output"},
        {"encoders", 0, OPTION_TEXT, &encoders, "FOLDER", "where frozen encoders lie that the model file only names"},
    };
    int count, status = options_parse(&command_analyze, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count == 0)
        return usage_error(&command_analyze, "no recording is named");
    if (!model_path)
        return usage_error(&command_analyze, "no model is named, give --model FILE");
    if (!(options.window > 0) || !(options.hop > 0))
        return usage_error(&command_analyze, "the window is %g s and the hop %g s, both must be more than 0",
            options.window, options.hop);
    if (options.text && options.transcript)
        return usage_error(&command_analyze, "--text and --transcript cannot both be given");
    if (options.text && count > 1)
        return usage_error(&command_analyze, "--text holds for one recording, %d are named", count);
    if (modalities && !parse_modalities(modalities, options.without))
        return usage_error(&command_analyze, "--modalities is \"%s\", expected some of text,audio,vision", modalities);
    smac_format format = SMAC_FORMAT_TEXT;
    const char *dot = output ? strrchr(output, '.') : NULL;
    if (format_name) {
        if (!smac_format_from_name(format_name, &format))
            return usage_error(&command_analyze, "there is no format \"%s\": text, json, csv, srt or html", format_name);
    } else if (dot) {
        smac_format_from_name(dot + 1, &format);
    }
    options.thumbnails = format == SMAC_FORMAT_HTML;
    options.progress = progress;
    options.user = (void *)(uintptr_t)console_reporter();

    smac_error error = {0};
    char *speech = NULL;
    if (strcmp(transcribe, "never") != 0 && !options.text && !options.transcript &&
        find_speech_model(strcmp(transcribe, "auto") ? transcribe : NULL, &speech, &error) != SMAC_OK)
        return failure(&command_analyze, &error);
    options.speech_model = speech;
    smac_model *model = NULL;
    smac_analysis **analyses = memory_new((size_t)count, sizeof *analyses);
    smac_model_options model_options = {.encoder_folder = encoders};
    char *text = NULL;
    size_t length = 0, done = 0;
    status = EXIT_DONE;
    if (!analyses || smac_model_open(model_path, &model_options, &model, &error) != SMAC_OK) {
        status = failure(&command_analyze, &error);
        goto end;
    }
    for (int i = 0; i < count; i++) { /* a file that cannot be read does not keep the others from being analysed */
        if (smac_analyze_file(model, argv[1 + i], &options, &analyses[done], &error) == SMAC_OK) {
            done++;
            continue;
        }
        status = failure(&command_analyze, &error);
        if (error.code == SMAC_ERROR_INTERRUPTED)
            goto end;
    }
    console_finish();
    if (done == 0)
        goto end;
    if (smac_analysis_render((const smac_analysis *const *)analyses, done, format, console_columns(),
            !output && console_colour(), &text, &length, &error) != SMAC_OK ||
        write_result(output, text, length, &error) != SMAC_OK)
        status = failure(&command_analyze, &error);
end:
    console_finish();
    free(text);
    for (size_t i = 0; i < done; i++)
        smac_analysis_free(analyses[i]);
    free(analyses);
    free(speech);
    smac_model_free(model);
    return status;
}
