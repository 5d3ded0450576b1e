/*
 * media/libav_spool.c - an mp4 or mov that can only be read forward (a pipe) and whose index comes after its samples: it
 * is kept in a temporary file without a name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/libav_file.h"

enum { PIECE = 1 << 16 };

/* The boxes of the first bytes: whether the index ("moov") comes before the samples ("mdat"). */
static bool index_comes_first(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 8 <= size;) {
        uint64_t length = (uint64_t)data[at] << 24 | (uint64_t)data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3];
        if (memcmp(data + at + 4, "moov", 4) == 0)
            return true;
        if (memcmp(data + at + 4, "mdat", 4) == 0 || length < 8 || length > size - at)
            return false;
        at += (size_t)length;
    }
    return false;
}

bool libav_needs_spool(const libav_file *f, const char *kind)
{
    size_t known = (size_t)(f->io->buf_end - f->io->buf_ptr);
    return !f->input.seek && strncmp(kind, "mov,", 4) == 0 && !index_comes_first(f->io->buf_ptr, known);
}

static int open_temporary(void)
{
    const char *folder = getenv("TMPDIR");
    char path[512];
    int length = snprintf(path, sizeof path, "%s/semanticmac-XXXXXX", folder && *folder ? folder : "/tmp");
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int descriptor = mkstemp(path);
    if (descriptor >= 0)
        unlink(path);
    return descriptor;
}

static bool write_whole(int descriptor, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(descriptor, bytes, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        size -= (size_t)done;
    }
    return true;
}

static smac_status spool_into(libav_file *f, int descriptor, int64_t *size, smac_error *error)
{
    uint8_t *piece = av_malloc(PIECE);
    bool written = true;
    int got = 0;
    *size = 0;
    if (!piece)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", f->path);
    while (written && (got = avio_read(f->io, piece, PIECE)) > 0) {
        written = write_whole(descriptor, piece, (size_t)got);
        *size += got;
    }
    av_free(piece);
    if (f->interrupted)
        return libav_stopped(f, error);
    if (!written)
        return FAIL(error, SMAC_ERROR_IO,
            "%s must be kept in a temporary file, and there is no room for it: %s; set TMPDIR to another folder",
            f->path, strerror(errno));
    if (f->read_failed)
        return libav_unreadable(f, error);
    return SMAC_OK;
}

smac_status libav_spool(libav_file *f, smac_error *error)
{
    int64_t size;
    int descriptor = open_temporary();
    if (descriptor < 0)
        return FAIL(error, SMAC_ERROR_IO,
            "%s must be kept in a temporary file, which cannot be made: %s; set TMPDIR to a folder", f->path,
            strerror(errno));
    smac_status status = spool_into(f, descriptor, &size, error);
    if (status == SMAC_OK && lseek(descriptor, 0, SEEK_SET) != 0)
        status = FAIL(error, SMAC_ERROR_IO, "%s: its temporary file cannot be read: %s", f->path, strerror(errno));
    if (status != SMAC_OK) {
        close(descriptor);
        return status;
    }
    return libav_use_descriptor(f, descriptor, size, error);
}
