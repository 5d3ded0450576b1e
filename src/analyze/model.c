/* analyze/model.c - the public functions about models and the library. */
#include "analyze/model.h"

#include <jansson.h>
#include <stdlib.h>

#include "analyze/options.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/modality.h"
#include "compute/cpu.h"
#include "compute/parallel.h"

_Static_assert((int)SMAC_TEXT == MODALITY_TEXT && (int)SMAC_AUDIO == MODALITY_AUDIO &&
        (int)SMAC_VISION == MODALITY_VISION && (int)SMAC_MODALITIES == MODALITIES,
    "the public order of the modalities is the library's own");

#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

SMAC_API const char *smac_version(void)
{
    return TEXT_OF(SMAC_VERSION_MAJOR) "." TEXT_OF(SMAC_VERSION_MINOR) "." TEXT_OF(SMAC_VERSION_PATCH);
}

SMAC_API int smac_version_hex(void)
{
    return SMAC_VERSION_HEX;
}

SMAC_API void smac_free(void *memory)
{
    free(memory);
}

SMAC_API const char *smac_processor(char *out, size_t size)
{
    cpu_describe(out, size);
    return out;
}

SMAC_API void smac_set_threads(int count)
{
    parallel_set_threads(count);
}

SMAC_API void smac_model_options_init(smac_model_options *options, size_t size)
{
    options_init(options, size);
}

SMAC_API smac_status smac_model_open(
    const char *path, const smac_model_options *options, smac_model **out, smac_error *error)
{
    if (!path || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_model_open needs a path and a place for the model");
    smac_model *model = memory_new(1, sizeof *model);
    if (!model)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to open %s", path);
    precision how;
    smac_model_options mine = {0};
    smac_status code = options ? options_copy(options, &mine, sizeof mine, "smac_model_options", error) : SMAC_OK;
    affect_model_load_options loading = {.encoder_folder = mine.encoder_folder};
    if (code == SMAC_OK && mine.precision) {
        loading.precision = &how;
        if (!precision_from_name(mine.precision, &how))
            code = FAIL(error, SMAC_ERROR_ARGUMENT, "there is no precision \"%.40s\"; expected f32, bf16 or int8",
                mine.precision);
    }
    interruption before = tensor_file_interrupt((interruption){mine.interrupt, mine.user});
    if (code == SMAC_OK)
        code = affect_model_load(path, &loading, &model->affect, error);
    tensor_file_interrupt(before);
    if (code == SMAC_OK)
        code = public_tasks_new(model->affect->tasks, model->affect->task_count, &model->tasks, error);
    if (code != SMAC_OK) {
        smac_model_free(model);
        return code;
    }
    *out = model;
    return SMAC_OK;
}

SMAC_API void smac_model_free(smac_model *model)
{
    if (model) {
        affect_model_free(model->affect);
        public_tasks_free(&model->tasks);
        free(model);
    }
}

SMAC_API const char *smac_model_name(const smac_model *model)
{
    return model ? model->affect->name : NULL;
}

SMAC_API const char *smac_model_sha256(const smac_model *model)
{
    return model ? model->affect->sha256 : NULL;
}

SMAC_API int smac_model_task_count(const smac_model *model)
{
    return model ? model->tasks.count : 0;
}

SMAC_API const smac_task *smac_model_task(const smac_model *model, int index)
{
    return model && index >= 0 && index < model->tasks.count ? &model->tasks.items[index] : NULL;
}

SMAC_API char *smac_model_describe(const smac_model *model)
{
    json_t *root = model ? affect_model_describe(model->affect) : NULL;
    char *text = root ? json_dump_text(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    return text;
}
