/* base/file.c - reading files: mapped or whole. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

smac_status file_failed(smac_error *error, const char *what, const char *path)
{
    smac_status code = errno == ENOENT ? SMAC_ERROR_NOT_FOUND : errno == ENOMEM ? SMAC_ERROR_MEMORY : SMAC_ERROR_IO;
    const char *name = *path ? path : "an empty name", *reason = strerror(errno);
    if (errno == ENOENT)
        return error_set(error, code, "file", "cannot %s %s: %s; check its name", what, name, reason);
    if (errno == EACCES)
        return error_set(error, code, "file", "cannot %s %s: %s; check its permissions", what, name, reason);
    return error_set(error, code, "file", "cannot %s %s: %s", what, name, reason);
}

/* stream: a pipe or a device may be there too (bash's <(...), /dev/stdin); else one is refused, not waited for. */
static smac_status open_file(const char *path, bool stream, int *descriptor, size_t *size, smac_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | (stream ? 0 : O_NONBLOCK));
    if (fd < 0)
        return file_failed(error, "open", path);
    struct stat status;
    if (fstat(fd, &status) != 0) {
        file_failed(error, "look at", path);
        close(fd);
        return SMAC_ERROR_IO;
    }
    if (S_ISDIR(status.st_mode)) {
        close(fd);
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is a folder, expected a file: name one", path);
    }
    if (!stream && !S_ISREG(status.st_mode)) {
        close(fd);
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s is a pipe or a device, expected a file: write what it gives into one first", path);
    }
    *descriptor = fd;
    *size = S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size : 0;
    return SMAC_OK;
}

smac_status file_map(const char *path, mapped_file *out, smac_error *error)
{
    *out = (mapped_file){0};
    int fd;
    size_t size;
    struct stat status;
    TRY(open_file(path, false, &fd, &size, error));
    void *data = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (data == MAP_FAILED || fstat(fd, &status) != 0) {
        smac_status code = file_failed(error, "map", path);
        close(fd);
        return code;
    }
    if (data == NULL)
        close(fd);
    else
        *out = (mapped_file){data, size, fd, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
    return SMAC_OK;
}

void file_unmap(mapped_file *file)
{
    if (file && file->data) {
        munmap((void *)(uintptr_t)file->data, file->size);
        close(file->descriptor);
        *file = (mapped_file){0};
    }
}

smac_status file_map_check(const mapped_file *file, smac_error *error)
{
    struct stat now;
    if (!file->data)
        return SMAC_OK;
    if (fstat(file->descriptor, &now) != 0)
        return FAIL(error, SMAC_ERROR_IO, "the file cannot be looked at any more: %s", strerror(errno));
    if ((uint64_t)now.st_size != file->size)
        return FAIL(error, SMAC_ERROR_IO,
            "the file changed from %zu to %lld bytes while it was read; let its writer finish and try again",
            file->size, (long long)now.st_size);
    if (now.st_mtim.tv_sec != file->written_seconds || now.st_mtim.tv_nsec != file->written_nanoseconds)
        return FAIL(
            error, SMAC_ERROR_IO, "the file was written to while it was read; let its writer finish and try again");
    return SMAC_OK;
}

void file_map_forget(const mapped_file *file, const void *from, size_t bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)from, end = start + bytes;
    uintptr_t low = (uintptr_t)file->data, high = low + file->size;
    if (!file->data || start < low || end > high)
        return;
    start = (start + page - 1) / page * page;
    end = end / page * page;
    if (end > start)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

smac_status file_read(const char *path, size_t limit, char **out, size_t *size, smac_error *error)
{
    *out = NULL;
    int fd;
    size_t known;
    TRY(open_file(path, true, &fd, &known, error));
    char *data = NULL;
    size_t used = 0, capacity = 0;
    smac_status code = SMAC_OK;
    if (!memory_grow((void **)&data, &capacity, known + 4097, 1))
        code = FAIL(error, SMAC_ERROR_MEMORY, "%s has %zu bytes, for which there is no memory", path, known);
    while (code == SMAC_OK) {
        if (limit && used > limit) {
            code = FAIL(error, SMAC_ERROR_FORMAT,
                "%s has more than %zu bytes, the most that is read of such a file; name another", path, limit);
            break;
        }
        if (!memory_grow((void **)&data, &capacity, used + 4097, 1)) {
            code = FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the %zu bytes and more of %s", used, path);
            break;
        }
        ssize_t got = read(fd, data + used, capacity - used - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            code = file_failed(error, "read", path);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    close(fd);
    if (code != SMAC_OK) {
        free(data);
        return code;
    }
    data[used] = 0;
    *out = data;
    if (size)
        *size = used;
    return SMAC_OK;
}

smac_status file_read_parts(const char *path,
    smac_status (*each)(void *user, const void *data, size_t size, smac_error *error), void *user, smac_error *error)
{
    enum { PIECE = 4 << 20 };
    int fd;
    size_t known;
    TRY(open_file(path, false, &fd, &known, error));
    char *piece = memory_new(PIECE, 1);
    smac_status status = piece ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to read %s", path);
    for (ssize_t got = 1; status == SMAC_OK && got != 0;) {
        got = read(fd, piece, PIECE);
        if (got < 0 && errno != EINTR)
            status = file_failed(error, "read", path);
        else if (got > 0)
            status = each(user, piece, (size_t)got, error);
    }
    free(piece);
    close(fd);
    return status;
}

bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}
