/* apps/cli/speech_folder.c - the speech model to use when none is named: the first whisper-* folder installed. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli.h"

/* $SEMANTICMAC_MODELS, or the data folder of the XDG base directories. */
static char *models_folder(void)
{
    const char *own = getenv("SEMANTICMAC_MODELS"), *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    text_buffer path = {0};
    if (own && *own)
        return memory_copy_text(own);
    if (data && *data)
        text_format(&path, "%s/semanticmac/models", data);
    else if (home && *home)
        text_format(&path, "%s/.local/share/semanticmac/models", home);
    if (path.failed)
        text_free(&path);
    return path.data;
}

static bool holds_model(const char *folder)
{
    static const char *const weights[] = {"model.bin", "model.safetensors", "model.safetensors.index.json",
        "pytorch_model.bin"};
    bool found = false;
    for (size_t i = 0; i < sizeof weights / sizeof *weights && !found; i++) {
        char *path = path_join(folder, weights[i]);
        found = path != NULL && file_exists(path);
        free(path);
    }
    return found;
}

char *installed_speech_model(const char *name)
{
    char *models = models_folder(), *best = NULL;
    DIR *folder = models ? opendir(models) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (name ? strcmp(entry->d_name, name) != 0 : strncmp(entry->d_name, "whisper-", 8) != 0)
            continue;
        char *path = path_join(models, entry->d_name);
        if (path && holds_model(path) && (!best || strcmp(path, best) < 0)) {
            free(best);
            best = path;
        } else {
            free(path);
        }
    }
    if (folder)
        closedir(folder);
    free(models);
    return best;
}
