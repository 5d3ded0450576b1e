/* tests/support/folder.h - a folder for one test's files, and writing small ones. */
#ifndef SMAC_TESTS_SUPPORT_FOLDER_H
#define SMAC_TESTS_SUPPORT_FOLDER_H

#include "support/check.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static inline char *folder_new(char path[256])
{
    const char *base = getenv("TMPDIR");
    snprintf(path, 256, "%s/semanticmac-test-XXXXXX", base && *base ? base : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char inner[1024];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%.500s/%.400s", path, entry->d_name);
        struct stat info;
        if (lstat(inner, &info) == 0 && S_ISDIR(info.st_mode))
            folder_remove(inner);
        else
            remove(inner);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

static inline char *file_in(const char *folder, const char *name, char path[512])
{
    snprintf(path, 512, "%.350s/%.150s", folder, name);
    return path;
}

static inline void write_text(const char *folder, const char *name, const char *text)
{
    char path[512];
    FILE *file = fopen(file_in(folder, name, path), "wb");
    assert_non_null(file);
    fwrite(text, 1, strlen(text), file);
    assert_int_equal(fclose(file), 0);
}

#endif
