/* base/folder.c - making and listing folders. */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"

smac_status folder_make(const char *path, smac_error *error)
{
    char *copy = memory_copy_text(path);
    if (!copy)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the name %s", path);
    for (char *at = copy + 1; *copy && *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            smac_status code = file_failed(error, "make the folder", copy);
            free(copy);
            return code;
        }
        *at = '/';
    }
    smac_status code = SMAC_OK;
    if (mkdir(copy, 0777) != 0 && errno != EEXIST)
        code = file_failed(error, "make the folder", path);
    else if (!file_is_folder(copy))
        code = FAIL(error, SMAC_ERROR_IO, "%s is there and is not a folder, give another name", path);
    free(copy);
    return code;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void folder_list_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

smac_status folder_list(const char *folder, bool (*wanted)(const char *folder, const char *name), char ***names,
    size_t *count, smac_error *error)
{
    char **list = NULL;
    size_t used = 0, capacity = 0;
    smac_status status = SMAC_OK;
    DIR *open = opendir(folder);
    for (struct dirent *e; open && status == SMAC_OK && (e = readdir(open));) {
        if (e->d_name[0] == '.' || !wanted(folder, e->d_name))
            continue;
        if (!memory_grow((void **)&list, &capacity, used + 1, sizeof *list) ||
            !(list[used] = memory_copy_text(e->d_name)))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the list of %s", folder);
        else
            used++;
    }
    if (open)
        closedir(open);
    else if (errno != ENOENT)
        status = FAIL(error, SMAC_ERROR_IO, "cannot look into %s: %s", folder, strerror(errno));
    if (status != SMAC_OK) {
        folder_list_free(list, used);
        return status;
    }
    if (used)
        qsort(list, used, sizeof *list, compare_names);
    *names = list;
    *count = used;
    return SMAC_OK;
}
