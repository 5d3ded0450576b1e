/* data/media_digests.c - lines of path, size, time of change and digest, separated by tabs; the last one counts. */
#include "data/media_digests.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"

typedef struct known_file {
    char *path, digest[65];
    int64_t size, changed; /* nanoseconds */
} known_file;

struct media_digests {
    char *list;
    bool loaded, sorted;
    known_file *known;
    size_t count, capacity;
    pthread_mutex_t lock;
};

media_digests *media_digests_new(const char *folder)
{
    media_digests *d = memory_new(1, sizeof *d);
    if (!d)
        return NULL;
    pthread_mutex_init(&d->lock, NULL);
    d->list = path_join(folder, "digests.tsv");
    if (!d->list) {
        media_digests_free(d);
        return NULL;
    }
    return d;
}

void media_digests_free(media_digests *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->count; i++)
        free(d->known[i].path);
    pthread_mutex_destroy(&d->lock);
    free(d->known);
    free(d->list);
    free(d);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const known_file *)a)->path, ((const known_file *)b)->path);
}

/* path TAB size TAB changed TAB digest; lines of another form are passed over. */
static void take_line(media_digests *d, char *line)
{
    char *cell[4] = {line};
    for (int i = 1; i < 4; i++) {
        char *tab = cell[i - 1] ? strchr(cell[i - 1], '\t') : NULL;
        cell[i] = tab ? tab + 1 : NULL;
        if (tab)
            *tab = 0;
    }
    known_file f = {0};
    if (!cell[3] || strlen(cell[3]) != 64 || !number_parse_integer(cell[1], &f.size) ||
        !number_parse_integer(cell[2], &f.changed) || !(f.path = memory_copy_text(line)))
        return;
    memcpy(f.digest, cell[3], 65);
    if (memory_grow((void **)&d->known, &d->capacity, d->count + 1, sizeof *d->known))
        d->known[d->count++] = f;
    else
        free(f.path);
}

/* Sorted by path (a stable merge sort); of several lines of one path the last stays. */
static void sort_known(media_digests *d)
{
    size_t kept = 0;
    known_file *items = d->known;
    for (size_t gap = 1; gap < d->count; gap *= 2) { /* merge runs of gap items */
        known_file *merged = memory_new(d->count, sizeof *merged);
        if (!merged)
            return;
        for (size_t from = 0; from < d->count; from += 2 * gap) {
            size_t middle = from + gap < d->count ? from + gap : d->count;
            size_t end = from + 2 * gap < d->count ? from + 2 * gap : d->count;
            for (size_t a = from, b = middle, to = from; to < end; to++)
                merged[to] =
                    a < middle && (b >= end || compare_paths(&items[a], &items[b]) <= 0) ? items[a++] : items[b++];
        }
        memcpy(items, merged, d->count * sizeof *items);
        free(merged);
    }
    for (size_t i = 0; i < d->count; i++) {
        if (i + 1 < d->count && strcmp(items[i].path, items[i + 1].path) == 0)
            free(items[i].path);
        else
            items[kept++] = items[i];
    }
    d->count = kept;
    d->sorted = true;
}

static void load_list(media_digests *d)
{
    char *data = NULL, *next;
    size_t size = 0;
    d->loaded = true;
    if (file_exists(d->list) && file_read(d->list, 0, &data, &size, NULL) == SMAC_OK) {
        for (char *at = data; *at; at = next) {
            char *end = strchr(at, '\n');
            next = end ? end + 1 : at + strlen(at);
            if (!end)
                break; /* a line that a killed process left half written */
            *end = 0;
            take_line(d, at);
        }
    }
    free(data);
    sort_known(d);
}

static const known_file *find_known(media_digests *d, const char *path)
{
    if (!d->loaded)
        load_list(d);
    if (!d->sorted)
        sort_known(d);
    known_file wanted = {.path = (char *)(uintptr_t)path};
    return d->count ? bsearch(&wanted, d->known, d->count, sizeof *d->known, compare_paths) : NULL;
}

/* One write of a whole line, so that lines of several processes do not mix.  Failure costs a second reading, no more. */
static void remember(media_digests *d, const char *path, const known_file *f)
{
    text_buffer line = {0};
    if (strpbrk(path, "\t\n\r"))
        return;
    text_format(&line, "%s\t%lld\t%lld\t%s\n", path, (long long)f->size, (long long)f->changed, f->digest);
    int file = line.failed ? -1 : open(d->list, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0) {
        ssize_t written = write(file, line.data, line.length);
        (void)written; /* a line that is not whole is passed over when it is read */
        close(file);
    }
    text_free(&line);
    known_file copy = *f;
    if ((copy.path = memory_copy_text(path)) &&
        memory_grow((void **)&d->known, &d->capacity, d->count + 1, sizeof *d->known)) {
        d->known[d->count++] = copy;
        d->sorted = false;
    } else {
        free(copy.path);
    }
}

smac_status media_digests_get(media_digests *d, const char *path, char out[65], smac_error *error)
{
    struct stat info;
    char *whole = realpath(path, NULL);
    if (!whole || stat(whole, &info) != 0) {
        free(whole);
        return FAIL(error, errno == ENOENT ? SMAC_ERROR_NOT_FOUND : SMAC_ERROR_IO, "%.300s cannot be read: %s", path,
            strerror(errno));
    }
    known_file f = {
        .size = (int64_t)info.st_size, .changed = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec};
    pthread_mutex_lock(&d->lock);
    const known_file *known = find_known(d, whole);
    bool good = known && known->size == f.size && known->changed == f.changed;
    if (good)
        memcpy(out, known->digest, 65);
    pthread_mutex_unlock(&d->lock);
    smac_status status = good ? SMAC_OK : sha256_file(whole, f.digest, error);
    if (status == SMAC_OK && !good) {
        memcpy(out, f.digest, 65);
        pthread_mutex_lock(&d->lock);
        remember(d, whole, &f);
        pthread_mutex_unlock(&d->lock);
    }
    free(whole);
    return status;
}
