/* base/file_write.c - files that are written whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

/* A file that is being written is called "PATH.partial-" and 16 hexadecimal digits. */
#define PARTIAL ".partial-"
enum { PARTIAL_LENGTH = sizeof PARTIAL - 1, DIGITS = 16, TRIES = 100 };

/*
 * What must not be replaced by a rename, because the name would then mean something else: devices (/dev/null), pipes and
 * the descriptors of a process (/dev/stdout).  They are written to directly.
 */
static bool is_stream(const char *path)
{
    struct stat status;
    bool exists = stat(path, &status) == 0;
    return (exists && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) || !strncmp(path, "/dev/fd/", 8) ||
        !strncmp(path, "/proc/", 6) || !strcmp(path, "/dev/stdout") || !strcmp(path, "/dev/stderr");
}

/* The target of a symbolic link, so that the link stays one; other paths as they are.  free(). */
static char *follow_link(const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode)) {
        char *target = realpath(path, NULL);
        if (target)
            return target;
    }
    return memory_copy_text(path);
}

static uint64_t unpredictable_number(void)
{
    static atomic_uint_fast64_t calls;
    uint64_t number = 0;
    struct timespec now = {0};
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) { /* early in a system's start */
        clock_gettime(CLOCK_REALTIME, &now);
        number = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
        number = (number ^ (uint64_t)getpid() << 40) * 0x9E3779B97F4A7C15u;
    }
    return number + atomic_fetch_add(&calls, 1);
}

/*
 * Creates the partial file (never through a link, never one that exists) and locks it: a partial file that can be locked
 * has been left behind.  Gives its descriptor, or -1 with errno.
 */
static int create_partial(char *name, size_t path_length)
{
    for (int i = 0; i < TRIES; i++) {
        snprintf(name + path_length, PARTIAL_LENGTH + DIGITS + 1, PARTIAL "%016llx",
            (unsigned long long)unpredictable_number());
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return -1;
        struct stat status;
        bool removed = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        removed |= fstat(fd, &status) == 0 && status.st_nlink == 0;
        if (!removed) /* file systems without locks: leftovers are then kept, which is harmless */
            return fd;
        close(fd); /* another process took it for a leftover in the moment before it was locked */
    }
    errno = EEXIST;
    return -1;
}

smac_status file_writer_begin(file_writer *w, const char *path, smac_error *error)
{
    memset(w, 0, sizeof *w);
    if (!*path)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the name of the file to write is empty; give one");
    if (file_is_folder(path))
        return FAIL(error, SMAC_ERROR_IO, "cannot write %s, it is a folder; give a file name", path);
    bool stream = is_stream(path);
    w->path = stream ? memory_copy_text(path) : follow_link(path);
    size_t length = w->path ? strlen(w->path) : 0;
    char *partial = memory_new(length + PARTIAL_LENGTH + DIGITS + 1, 1);
    if (!w->path || !partial) {
        free(partial);
        file_writer_abandon(w);
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to write %s", path);
    }
    memcpy(partial, w->path, length);
    int fd = stream ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : create_partial(partial, length);
    if (fd >= 0 && !stream)
        w->partial = partial;
    else
        free(partial);
    w->file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!w->file) {
        smac_status code = file_failed(error, "write", path);
        if (fd >= 0)
            close(fd);
        file_writer_abandon(w);
        return code == SMAC_ERROR_NOT_FOUND ? SMAC_ERROR_IO : code;
    }
    struct stat before;
    if (!stream && stat(w->path, &before) == 0 && fchmod(fd, before.st_mode & 07777) != 0)
        errno =
            0; /* a private file stays private; where the file system has no permissions, there is nothing to keep */
    return SMAC_OK;
}

void file_writer_abandon(file_writer *w)
{
    if (w->partial)
        unlink(w->partial);
    if (w->file)
        fclose(w->file);
    free(w->path);
    free(w->partial);
    memset(w, 0, sizeof *w);
}

static void sync_folder_of(const char *path)
{
    const char *base = path_base(path);
    char *folder = base == path ? memory_copy_text(".") : memory_copy_text_n(path, (size_t)(base - path));
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd); /* some file systems cannot sync a folder; the rename is done all the same */
        close(fd);
    }
    free(folder);
}

smac_status file_writer_commit(file_writer *w, smac_error *error)
{
    bool whole = w->partial != NULL, bad = ferror(w->file) != 0;
    bad |= fflush(w->file) != 0;
    bad |= !bad && whole && fsync(fileno(w->file)) != 0 && errno != EINVAL && errno != EROFS;
    int reason = errno ? errno : EIO;
    if (bad) {
        smac_status code = whole
            ? FAIL(error, SMAC_ERROR_IO,
                  "cannot write %s: %s, what was there before is unchanged; make room and try again", w->path,
                  strerror(reason))
            : FAIL(error, SMAC_ERROR_IO, "cannot write %s: %s", w->path, strerror(reason));
        file_writer_abandon(w);
        return code;
    }
    if (whole && rename(w->partial, w->path) != 0) {
        smac_status code = file_failed(error, "put in place", w->path);
        file_writer_abandon(w);
        return code;
    }
    free(w->partial);
    w->partial = NULL; /* the lock goes with the descriptor: until then nobody took the file for a leftover */
    if (whole)
        sync_folder_of(w->path);
    file_writer_abandon(w);
    return SMAC_OK;
}

smac_status file_write(const char *path, const void *data, size_t size, smac_error *error)
{
    file_writer w;
    TRY(file_writer_begin(&w, path, error));
    if (size)
        fwrite(data, 1, size, w.file); /* a short write shows in ferror */
    return file_writer_commit(&w, error);
}

/* "X.partial-0123456789abcdef" */
static bool is_partial_name(const char *name)
{
    size_t length = strlen(name), ending = PARTIAL_LENGTH + DIGITS;
    const char *at = name + length - ending;
    return length > ending && memcmp(at, PARTIAL, PARTIAL_LENGTH) == 0 &&
        strspn(at + PARTIAL_LENGTH, "0123456789abcdef") == DIGITS;
}

void file_remove_leftovers(const char *folder)
{
    DIR *list = opendir(folder);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        if (!is_partial_name(entry->d_name))
            continue;
        int fd = openat(dirfd(list), entry->d_name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat status;
        if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
            unlinkat(dirfd(list), entry->d_name, 0);
        if (fd >= 0)
            close(fd);
    }
    if (list)
        closedir(list);
}
