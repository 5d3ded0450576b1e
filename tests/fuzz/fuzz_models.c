/*
 * Fuzz target of models' folders: weights in one file or in the shards that an index names, config.json, the manifest,
 * and a folder at an address, as `models fetch` reads it (inputs with a part 'f').
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/folder.h"
#include "install/install.h"
#include "safetensors_mutator.h"
#include "scratch.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One of the files by its kind, or all of it. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint64_t state = seed;
    size_t parts = 0, chosen, at = scratch_part_end(data, size, 0);
    for (size_t i = 0; i < size; i++)
        parts += data[i] == SCRATCH_MARK;
    chosen = parts ? mutator_random(&state, parts) : 0;
    for (; at < size && chosen; chosen--)
        at = scratch_part_end(data, size, at + 1);
    if (at + 3 >= size || mutator_random(&state, 6) == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    size_t end = scratch_part_end(data, size, at + 1);
    bool json = strchr("cis", data[at + 1]) != NULL, tensors = strchr("wab", data[at + 1]) != NULL;
    if ((!json && !tensors) || end < at + 3)
        return LLVMFuzzerMutate(data, size, max_size);
    return scratch_mutate(data, size, max_size, at + 2, end, seed, json ? json_mutate : safetensors_mutate);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    scratch_begin();
    scratch_folder("m");
    if (setenv("SEMANTICMAC_MODELS", scratch, 1) != 0)
        abort();
    return 0;
}

static bool asks_to_fetch(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++)
        if (data[i] == SCRATCH_MARK && data[i + 1] == 'f')
            return true;
    return false;
}

static void expect_said(smac_status status, const smac_error *error)
{
    if (status != SMAC_OK && !error->message[0])
        abort();
}

static void use_folder(const char *folder)
{
    smac_error error = {0};
    tensor_file *file = NULL;
    model_summary summary;
    smac_status status = tensor_file_open(folder, &file, &error);
    expect_said(status, &error);
    for (size_t i = 0; file && i < tensor_file_count(file); i++)
        if (tensor_file_find(file, tensor_file_at(file, i)->name) != tensor_file_at(file, i))
            abort();
    tensor_file_close(file);
    error = (smac_error){0};
    expect_said(models_recognise(folder, &summary, &error), &error);
}

static void use_manifest(void)
{
    smac_error error = {0};
    json_t *manifest = NULL;
    char *path = NULL, **names = NULL;
    size_t count = 0;
    expect_said(models_manifest("m", &manifest, &error), &error);
    json_decref(manifest);
    error = (smac_error){0};
    if (models_find("m", &path, &error) == SMAC_OK && strncmp(path, scratch, strlen(scratch)) != 0)
        abort(); /* a manifest names no place outside of its folder */
    free(path);
    error = (smac_error){0};
    expect_said(models_verify("m", NULL, &error), &error);
    if (models_installed(&names, &count, &error) == SMAC_OK)
        folder_list_free(names, count);
}

static void fetch(const char *folder)
{
    char address[PATH_MAX + 16], path[PATH_MAX];
    smac_error error = {0};
    snprintf(address, sizeof address, "file://%s/", folder);
    expect_said(models_fetch("n", address, NULL, &error), &error);
    scratch_empty(scratch_path(path, "n.part"));
    rmdir(path);
    scratch_empty(scratch_path(path, "n"));
    rmdir(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const scratch_name names[] = {{'c', "m/config.json"}, {'i', "m/model.safetensors.index.json"},
        {'w', "m/model.safetensors"}, {'a', "m/a.safetensors"}, {'b', "m/b.safetensors"}, {'p', "m/pytorch_model.bin"},
        {'2', "m/model.bin"}, {'s', "m/semanticmac.json"}, {'v', "m/vocab.txt"}, {0, NULL}};
    char folder[PATH_MAX];
    scratch_unpack(names, data, size);
    scratch_path(folder, "m");
    use_folder(folder);
    use_manifest();
    if (asks_to_fetch(data, size))
        fetch(folder);
    return 0;
}
