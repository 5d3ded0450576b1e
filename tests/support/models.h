/* tests/support/models.h - a models folder for one test, and published-looking folders out of the golden files. */
#ifndef SMAC_TESTS_SUPPORT_MODELS_H
#define SMAC_TESTS_SUPPORT_MODELS_H

#include "support/folder.h"
#include "support/golden.h"

#include "base/file.h"
#include "base/folder.h"
#include "weights/safetensors.h"

static const char models_words[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ngood\nbad\nfilm\n##s\n";

static inline void copy_golden(const char *name, const char *folder, const char *as)
{
    char from[600], to[512], *data;
    size_t size;
    snprintf(from, sizeof from, "%s/tests/golden/encoders/%s", SMAC_SOURCE_DIR, name);
    assert_ok(file_read(from, 0, &data, &size, error));
    assert_ok(file_write(file_in(folder, as, to), data, size, error));
    free(data);
}

/* FOLDER/NAME as a Hugging Face folder: config.json, model.safetensors, vocab.txt. */
static inline void publish(const char *golden, const char *folder, const char *name, char path[512])
{
    char file[100];
    tensor_file *g = golden_open("encoders", golden);
    assert_ok(folder_make(file_in(folder, name, path), error));
    write_text(path, "config.json", tensor_file_metadata(g, "config"));
    write_text(path, "vocab.txt", models_words);
    snprintf(file, sizeof file, "%s.safetensors", golden);
    copy_golden(file, path, "model.safetensors");
    tensor_file_close(g);
}

/* A golden file's tensors with the metadata that says ImageBind's sizes, as FOLDER/NAME. */
static inline void publish_imagebind(const char *folder, const char *name, char path[512])
{
    tensor_file *g = golden_open("encoders", "imagebind_vision");
    tensor_entry *entries = calloc(tensor_file_count(g), sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; i < tensor_file_count(g); i++)
        if (strncmp(tensor_file_at(g, i)->name, "golden.", 7) != 0)
            entries[count++] = *tensor_file_at(g, i);
    safetensors_pair pair = {"imagebind.vision", tensor_file_metadata(g, "config")};
    assert_ok(safetensors_write(file_in(folder, name, path), entries, count, &pair, 1, error));
    free(entries);
    tensor_file_close(g);
}

/* A new models folder in a new folder, and SEMANTICMAC_MODELS set to it. */
static inline void models_start(char folder[256])
{
    char path[512];
    folder_new(folder);
    assert_int_equal(setenv("SEMANTICMAC_MODELS", file_in(folder, "models", path), 1), 0);
}

static inline bool in_models(const char *folder, const char *name)
{
    char models[512], path[512];
    return file_exists(file_in(file_in(folder, "models", models), name, path));
}

#define assert_refused(call, status, words)                                                      \
    do {                                                                                         \
        smac_error refused_ = {0};                                                               \
        smac_error *error = &refused_;                                                           \
        int code_ = (call);                                                                      \
        if (code_ != (status))                                                                   \
            fail_msg("%s gave %d (%s), expected %d", #call, code_, refused_.message, (status));  \
        if (!strstr(refused_.message, (words)))                                                  \
            fail_msg("%s said \"%s\", expected \"%s\" in it", #call, refused_.message, (words)); \
    } while (0)

#endif
