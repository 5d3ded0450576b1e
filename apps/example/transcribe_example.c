/*
 * apps/example/transcribe_example.c - the words of a recording, with their times; Ctrl-C stops and keeps what is there.
 * usage: transcribe_example MODEL_FOLDER RECORDING [LANGUAGE]
 */
#include <signal.h>
#include <stdio.h>

#include "semanticmac/semanticmac.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static int progress(void *user, const char *what, double done, double total)
{
    (void)user, (void)what, (void)done, (void)total;
    return stop;
}

static void show_log(void *user, smac_log_level level, const char *message)
{
    (void)user;
    if (level == SMAC_LOG_WARNING)
        fprintf(stderr, "note: %s\n", message);
}

static void print_words(const smac_transcription *words)
{
    printf("language %s, %.1f s\n", smac_transcription_language(words), smac_transcription_duration(words));
    for (size_t i = 0; i < smac_transcription_segment_count(words); i++) {
        const smac_spoken_segment *s = smac_transcription_segment(words, i);
        printf("%7.2f %7.2f  %s\n", s->start, s->end, s->text);
        for (size_t k = 0; k < s->word_count; k++) {
            const smac_spoken_word *w = smac_transcription_word(words, i, k);
            printf("    %7.2f %7.2f  %3.0f%%  %s\n", w->start, w->end, 100 * w->probability, w->text);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: transcribe_example MODEL_FOLDER RECORDING [LANGUAGE]\n");
        return 2;
    }
    signal(SIGINT, on_signal);
    smac_error error;
    smac_speech *speech = NULL;
    smac_transcription *words = NULL;
    smac_transcribe_options options;
    smac_transcribe_options_default(&options);
    options.language = argc > 3 ? argv[3] : NULL;
    options.progress = progress;
    options.log = show_log;
    smac_status status = smac_speech_open(argv[1], &speech, &error);
    if (status == SMAC_OK)
        status = smac_transcribe_file(speech, argv[2], &options, &words, &error);
    if (status != SMAC_OK)
        fprintf(stderr, "transcribe_example: %s\n", error.message);
    if (words) /* after an interruption too */
        print_words(words);
    smac_transcription_free(words);
    smac_speech_free(speech);
    return status != SMAC_OK;
}
