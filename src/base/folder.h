/* base/folder.h - making and listing folders. */
#ifndef SMAC_BASE_FOLDER_H
#define SMAC_BASE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

smac_status folder_make(const char *path, smac_error *error); /* with its parents; an existing one is fine */
/*
 * The names in a folder that wanted says yes to, sorted by their bytes; hidden ones (".name") are left out.  A folder
 * that does not exist gives none.  Free with folder_list_free.
 */
smac_status folder_list(const char *folder, bool (*wanted)(const char *folder, const char *name), char ***names,
    size_t *count, smac_error *error);
void folder_list_free(char **names, size_t count);

#endif
