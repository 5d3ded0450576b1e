/* analyze/hear.c - words out of a recording's own sound, by a speech model that many recordings share. */
#include "analyze/hear.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "speech/speech.h"

struct smac_speech {
    char *path;
    pthread_mutex_t lock; /* over the loading */
    speech_model *model;  /* NULL: not loaded */
    smac_error failure;   /* of the loading, which is not tried again; code SMAC_OK: none */
};

SMAC_API smac_status smac_speech_open(const char *path, smac_speech **out, smac_error *error)
{
    if (!path || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_speech_open needs a path and a place for the speech model");
    if (!file_is_folder(path))
        return FAIL(error, file_exists(path) ? SMAC_ERROR_ARGUMENT : SMAC_ERROR_NOT_FOUND,
            "%s is no folder, expected a Whisper model's: give one that `semanticmac models list` shows", path);
    smac_speech *speech = memory_new(1, sizeof *speech);
    if (!speech || !(speech->path = memory_copy_text(path)) || pthread_mutex_init(&speech->lock, NULL) != 0) {
        if (speech)
            free(speech->path);
        free(speech);
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to open %s", path);
    }
    *out = speech;
    return SMAC_OK;
}

SMAC_API void smac_speech_free(smac_speech *speech)
{
    if (!speech)
        return;
    speech_model_free(speech->model);
    pthread_mutex_destroy(&speech->lock);
    free(speech->path);
    free(speech);
}

static int progress(void *user, const char *what, double done, double total)
{
    const smac_analyze_options *options = user;
    return options->progress ? options->progress(options->user, what, done, total) : 0;
}

/* The model, loaded by whoever comes first; the others wait for it. */
static smac_status loaded_model(
    smac_speech *speech, const reporter *report, const speech_model **out, smac_error *error)
{
    smac_status status = SMAC_OK;
    pthread_mutex_lock(&speech->lock);
    if (speech->failure.code != SMAC_OK)
        status = error_copy(error, &speech->failure);
    else if (!speech->model && report_progress(report, "loading the speech model", 0, 0))
        status = FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked before loading %s", speech->path);
    else if (!speech->model && speech_model_open(speech->path, PRECISION_F32, &speech->model, &speech->failure))
        status = error_copy(error, &speech->failure);
    *out = speech->model;
    pthread_mutex_unlock(&speech->lock);
    return status;
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
    TRY(loaded_model(options->speech, &report, &model, error));
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
