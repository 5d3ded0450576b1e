/*
 * tests/fuzz/scratch.h - a folder of the process's own, for what is read from folders.  An input holds several files:
 * each starts with a byte SCRATCH_MARK and a letter that says which, so that seeds can be written by hand and a
 * mutation moves bytes from one file into another.
 */
#ifndef SMAC_TESTS_FUZZ_SCRATCH_H
#define SMAC_TESTS_FUZZ_SCRATCH_H

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_MARK = 0x1E }; /* ASCII's record separator */

typedef struct scratch_name {
    char letter;
    const char *path; /* in the folder; its own folder is there already */
} scratch_name;

static char scratch[256];

static inline void scratch_empty(const char *folder)
{
    DIR *open = opendir(folder);
    for (struct dirent *e; open && (e = readdir(open));) {
        char inner[PATH_MAX];
        struct stat info;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(inner, sizeof inner, "%s/%s", folder, e->d_name);
        if (lstat(inner, &info) == 0 && S_ISDIR(info.st_mode)) {
            scratch_empty(inner);
            rmdir(inner);
        } else {
            unlink(inner);
        }
    }
    if (open)
        closedir(open);
}

static inline void scratch_end(void)
{
    scratch_empty(scratch);
    rmdir(scratch);
}

/* Makes the folder; gone when the process ends well. */
static inline void scratch_begin(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%.200s/semanticmac-fuzz-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(scratch))
        abort();
    atexit(scratch_end);
}

/* The folder's path followed by name. */
static inline const char *scratch_path(char out[PATH_MAX], const char *name)
{
    snprintf(out, PATH_MAX, "%s%s%s", scratch, *name ? "/" : "", name);
    return out;
}

static inline void scratch_folder(const char *name)
{
    char path[PATH_MAX];
    if (mkdir(scratch_path(path, name), 0700) != 0)
        abort();
}

static inline void scratch_write(const char *name, const void *data, size_t size)
{
    char path[PATH_MAX];
    FILE *file = fopen(scratch_path(path, name), "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

/* Where the part that starts at `at` ends. */
static inline size_t scratch_part_end(const uint8_t *data, size_t size, size_t at)
{
    const uint8_t *mark = at < size ? memchr(data + at, SCRATCH_MARK, size - at) : NULL;
    return mark ? (size_t)(mark - data) : size;
}

/* Mutate bytes [from, to) of an input alone; the new size of all. */
static inline size_t scratch_mutate(uint8_t *data, size_t size, size_t max_size, size_t from, size_t to, unsigned seed,
    size_t (*mutate)(uint8_t *, size_t, size_t, unsigned))
{
    size_t part = to - from, most = part + (max_size - size), room = most < 2 * part + 256 ? most : 2 * part + 256;
    uint8_t *copy = malloc(room + 1);
    if (!copy)
        return size;
    memcpy(copy, data + from, part);
    size_t length = mutate(copy, part, room, seed);
    memmove(data + from + length, data + to, size - to);
    memcpy(data + from, copy, length);
    free(copy);
    return size - part + length;
}

/* Write the files of an input and remove those that it does not hold; names end with a letter of 0. */
static inline void scratch_unpack(const scratch_name *names, const uint8_t *data, size_t size)
{
    char path[PATH_MAX];
    for (const scratch_name *n = names; n->letter; n++)
        unlink(scratch_path(path, n->path));
    for (size_t at = scratch_part_end(data, size, 0); at + 1 < size;) {
        size_t end = scratch_part_end(data, size, at + 1);
        for (const scratch_name *n = names; n->letter; n++)
            if (end > at + 1 && data[at + 1] == (uint8_t)n->letter)
                scratch_write(n->path, data + at + 2, end - at - 2);
        at = end;
    }
}

#endif
