/* analyze/hear.c - words out of a recording's own sound, by a speech model that many recordings share. */
#include "analyze/hear.h"

#include "speech/shared.h"

static int progress(void *user, const char *what, double done, double total)
{
    const smac_analyze_options *options = user;
    return options->progress ? options->progress(options->user, what, done, total) : 0;
}

smac_status hear_words(const char *path, const smac_analyze_options *options, transcript *words, smac_error *error)
{
    media_info info;
    const speech_model *model;
    speech_options how;
    speech_result heard = {0};
    reporter report = {.progress = progress, .user = (void *)(uintptr_t)options};
    TRY(media_probe(path, NULL, &info, error));
    if (!info.has_sound)
        return SMAC_OK;
    TRY(speech_shared_model(options->speech, &report, &model, error));
    speech_options_default(&how);
    how.words = true;
    how.language = options->language;
    how.report = &report;
    smac_status status = speech_listen_file(model, path, &how, &heard, error);
    if (status == SMAC_OK)
        status = speech_result_transcript(&heard, words, error);
    speech_result_clear(&heard);
    return status;
}
