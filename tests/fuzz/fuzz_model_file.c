/*
 * Fuzz target of the model file: whatever its metadata and tensors say, it is refused with a sentence or it runs.  The
 * first inputs are model files made here, so that they always follow the format: an input of less than two bytes
 * means one of them - even: ready vectors, odd: encoders of its own.
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "pipeline/affect_model.h"
#include "../support/clips.h"
#include "safetensors_mutator.h"
#include "scratch.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    char *data;
    size_t size;
} first[2];

static const char *const words[] = {"a good day", "a bad day"};

static void make_first(int kind)
{
    static const char *const settings[] = {"model.width=4", "model.heads=1", "model.head_width=4",
        "perceiver.latents=2", "perceiver.layers=1", "perceiver.max_clips=4", "interaction.queries=1",
        "interaction.layers=1", "contrast.projection=2", "text.width=4", "text.heads=1", "text.hidden=4",
        "text.layers=1", "text.vocabulary=64", "text.max_tokens=8", "audio.width=4", "audio.heads=1", "audio.hidden=4",
        "audio.layers=1", "audio.out_width=4", "audio.mel_bins=8", "audio.frames=16", "audio.kernel=8",
        "audio.stride=8", "vision.width=4", "vision.heads=1", "vision.hidden=4", "vision.layers=1",
        "vision.out_width=4", "vision.image_size=8", "vision.patch=8"};
    configuration c;
    task_description task;
    affect_model *s = NULL;
    smac_error error = {0};
    char path[PATH_MAX];
    configuration_defaults(&c);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (configuration_set_assignment(&c, settings[i], &error) != SMAC_OK)
            abort();
    smac_status status = kind ? task_with_classes(&task, "emotion", "meld", 3, NULL, &error)
                              : task_regression(&task, "sentiment", "sims", -1, 1, &error);
    affect_model_options options = {
        .configuration = &c, .tasks = &task, .task_count = 1, .texts = words, .text_count = 2};
    for (int m = 0; m < MODALITIES; m++)
        options.vectors[m] = kind ? (vector_forms){.count = 0} : (vector_forms)VECTORS_ALONE(3);
    if (status != SMAC_OK || affect_model_new(&options, &s, &error) != SMAC_OK ||
        affect_model_save(s, scratch_path(path, "first"), NULL, &error) != SMAC_OK ||
        file_read(path, 0, &first[kind].data, &first[kind].size, &error) != SMAC_OK) {
        fprintf(stderr, "the first model file: %s\n", error.message);
        abort();
    }
    affect_model_free(s);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static char at_once[] = "-len_control=0"; /* whole files from the start, not ever longer beginnings */
    static char *more[64];
    char path[PATH_MAX];
    if (*count + 1 < (int)(sizeof more / sizeof *more)) {
        memcpy(more, *arguments, (size_t)*count * sizeof *more);
        more[(*count)++] = at_once;
        *arguments = more;
    }
    scratch_begin();
    if (setenv("SEMANTICMAC_MODELS", scratch_path(path, "models"), 1) != 0) /* not there */
        abort();
    for (int kind = 0; kind < 2; kind++)
        make_first(kind);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    int kind = size ? data[0] % 2 : 0;
    if (size < 2 && first[kind].size <= max_size) {
        size = first[kind].size;
        memcpy(data, first[kind].data, size);
    }
    return safetensors_mutate(data, size, max_size, seed);
}

/* A sample in the forms that the model says it takes; what does not fit is an error, no crash. */
static void run(const affect_model *s)
{
    enum { MOST = 1 << 14, SIDE = 16 };
    static float values[MOST];
    static uint8_t frames[2 * 3 * SIDE * SIDE * 3];
    const configuration *c = &s->configuration;
    prediction result = {0};
    smac_error error = {0};
    sample x = {0};
    const sample *one = &x;
    if (affect_model_parameter_values(s) > MOST || c->audio.mel_bins > 64 || c->audio.frames > 256 ||
        c->audio.window_seconds > 3)
        return;
    for (int m = 0; m < MODALITIES; m++) {
        int64_t crops = m == MODALITY_VISION ? c->vision.crops : 1;
        if (!s->has[m])
            continue;
        if (s->vectors[m].alone && s->vectors[m].of[0].width <= MOST / 8)
            sample_set_ready(&x, m, 2, crops, s->vectors[m].of[0].width, values, &error);
        else if (m == MODALITY_TEXT && s->preparation.wants[m])
            sample_set_text(&s->preparation, &x, "A good, bad day.", NULL, 0, &error);
        else if (m == MODALITY_AUDIO && s->preparation.wants[m])
            clips_to_sample(&s->preparation, NULL, 0, values, MOST, &x, &error);
        else if (m == MODALITY_VISION && s->preparation.wants[m] && c->vision.image_size <= SIDE)
            clips_to_sample(&s->preparation, frames, 2, NULL, 0, &x, &error);
    }
    error = (smac_error){0};
    if (x.present[MODALITY_TEXT] || x.present[MODALITY_AUDIO] || x.present[MODALITY_VISION])
        if (affect_model_predict(s, &one, 1, NULL, &result, &error) != SMAC_OK && !error.message[0])
            abort();
    prediction_clear(&result);
    sample_clear(&x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    smac_error error = {0};
    affect_model *s = NULL;
    if (size < 2) {
        int kind = size ? data[0] % 2 : 0;
        data = (const uint8_t *)first[kind].data;
        size = first[kind].size;
    }
    int descriptor = memfd_create("fuzz", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    if (descriptor < 0 || write(descriptor, data, size) != (ssize_t)size) {
        close(descriptor);
        return 0;
    }
    if (affect_model_load(path, NULL, &s, &error) == SMAC_OK) {
        json_decref(affect_model_describe(s));
        run(s);
        affect_model_free(s);
    } else if (!error.message[0]) {
        abort();
    }
    close(descriptor);
    return 0;
}
