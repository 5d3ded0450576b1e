/* speech/shared.c - a speech model that many requests and threads share. */
#include "speech/shared.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/option_struct.h"
#include "semanticmac/semanticmac.h"
#include "weights/tensor_file.h"

struct smac_speech {
    char *path;
    precision how;
    pthread_mutex_t lock; /* over the loading */
    speech_model *model;  /* NULL: not loaded */
    smac_error failure;   /* of the loading, which is not tried again; code SMAC_OK: none */
};

static const smac_speech_options option_defaults = {.size = sizeof option_defaults};

SMAC_API void smac_speech_options_init(smac_speech_options *options, size_t size)
{
    option_struct_init(options, size, &option_defaults, sizeof option_defaults);
}

SMAC_API smac_status smac_speech_open_with(
    const char *path, const smac_speech_options *options, smac_speech **out, smac_error *error)
{
    smac_speech_options o = option_defaults;
    precision how = PRECISION_F32;
    if (!path || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_speech_open needs a path and a place for the speech model");
    *out = NULL;
    TRY(option_struct_read(options, &o, sizeof o, "smac_speech_options", error));
    if (o.precision && !precision_from_name(o.precision, &how))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the precision is \"%.40s\": give f32, bf16 or int8", o.precision);
    if (!file_is_folder(path))
        return FAIL(error, file_exists(path) ? SMAC_ERROR_ARGUMENT : SMAC_ERROR_NOT_FOUND,
            "%s is not a folder, expected a Whisper model's: give one that `semanticmac models list` shows", path);
    smac_speech *speech = memory_new(1, sizeof *speech);
    if (!speech || !(speech->path = memory_copy_text(path)) || pthread_mutex_init(&speech->lock, NULL) != 0) {
        if (speech)
            free(speech->path);
        free(speech);
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to open %s", path);
    }
    speech->how = how;
    *out = speech;
    return SMAC_OK;
}

SMAC_API smac_status smac_speech_open(const char *path, smac_speech **out, smac_error *error)
{
    return smac_speech_open_with(path, NULL, out, error);
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

static int loading_asks(void *user)
{
    return report_progress(user, "loading the speech model", 0, 0);
}

smac_status speech_shared_model(
    smac_speech *speech, const reporter *report, const speech_model **out, smac_error *error)
{
    smac_status status = SMAC_OK;
    pthread_mutex_lock(&speech->lock);
    if (speech->failure.code != SMAC_OK)
        status = error_copy(error, &speech->failure);
    else if (!speech->model && report_progress(report, "loading the speech model", 0, 0))
        status = FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked before loading %s", speech->path);
    else if (!speech->model) {
        interruption before =
            tensor_file_interrupt((interruption){report ? loading_asks : NULL, (void *)(uintptr_t)report});
        if (speech_model_open(speech->path, speech->how, &speech->model, &speech->failure))
            status = error_copy(error, &speech->failure);
        tensor_file_interrupt(before);
        if (status == SMAC_ERROR_INTERRUPTED) /* the next request loads it */
            speech->failure = (smac_error){0};
    }
    *out = speech->model;
    pthread_mutex_unlock(&speech->lock);
    return status;
}
