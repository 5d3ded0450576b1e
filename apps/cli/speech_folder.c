/* apps/cli/speech_folder.c - the speech model to use: the one that is named, or the first whisper-* that is installed. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "cli.h"
#include "models/models.h"

smac_status find_speech_model(const char *name_or_path, char **out, smac_error *error)
{
    char **names = NULL, *first = NULL;
    size_t count = 0;
    *out = NULL;
    if (name_or_path)
        return models_find(name_or_path, out, error);
    if (models_installed(&names, &count, NULL) != SMAC_OK)
        return SMAC_OK;
    for (size_t i = 0; i < count && !first; i++)
        if (!strncmp(names[i], "whisper-", 8))
            first = memory_copy_text(names[i]);
    folder_list_free(names, count);
    smac_status status = first ? models_find(first, out, error) : SMAC_OK;
    free(first);
    return status;
}
