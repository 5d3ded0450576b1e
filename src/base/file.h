/* base/file.h - files: mapped or read whole; written beside, synced and renamed. */
#ifndef SMAC_BASE_FILE_H
#define SMAC_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

/*
 * A read-only mapping.  An empty file maps to data NULL, size 0.  Anything but a regular file (a folder, a pipe, a
 * device) and a file that does not exist are errors.
 *
 * Reading a mapping of a file that has become shorter ends the process (SIGBUS).  So keep no pointer into one after
 * loading, and ask file_map_check before each longer read and after the last one: it sees a file that was cut or
 * written to, which leaves only a short window.  Replacing a file by a rename, as file_writer does, is harmless.
 */
typedef struct mapped_file {
    const uint8_t *data;
    size_t size;
    int descriptor; /* open while data is not NULL */
    int64_t written_seconds, written_nanoseconds;
} mapped_file;

smac_status file_map(const char *path, mapped_file *out, smac_error *error);
void file_unmap(mapped_file *file); /* NULL and an unmapped one are fine */
/* SMAC_ERROR_IO when the file was cut, grew or was written to since it was mapped. */
smac_status file_map_check(const mapped_file *file, smac_error *error);
/* Tell the system that these bytes will not be read again (after packing weights). */
void file_map_forget(const mapped_file *file, const void *from, size_t bytes);

/* The whole file, or what a pipe gives, with a NUL after it; limit 0: no limit.  Free *out with free(). */
smac_status file_read(const char *path, size_t limit, char **out, size_t *size, smac_error *error);
/* A regular file in pieces of some MiB, while each returns SMAC_OK. */
smac_status file_read_parts(const char *path,
    smac_status (*each)(void *user, const void *data, size_t size, smac_error *error), void *user, smac_error *error);

/*
 * Writing that never leaves half a file: begin opens a new file beside the target ("PATH.partial-" and a number that
 * nobody can guess), commit flushes, syncs, renames and syncs the folder, abandon removes it.  Write with fwrite on
 * file; commit reports an earlier short write.  Two writers of one path do not disturb each other: the later commit
 * stays.  A symbolic link is followed, and a file that is replaced keeps its permissions.  Pipes, devices and
 * /dev/stdout are written to directly (partial is NULL then): a rename would put a file in their place.
 */
typedef struct file_writer {
    FILE *file;
    char *path, *partial;
} file_writer;

smac_status file_writer_begin(file_writer *w, const char *path, smac_error *error);
smac_status file_writer_commit(file_writer *w, smac_error *error); /* w is empty afterwards, in either case */
void file_writer_abandon(file_writer *w);
smac_status file_write(const char *path, const void *data, size_t size, smac_error *error); /* the three in one */
/*
 * Remove the partial files that a writer has left in a folder (kill -9).  A file that is being written is locked
 * (flock), so no process, container or machine removes another's.
 */
void file_remove_leftovers(const char *folder);

bool file_exists(const char *path);
bool file_is_folder(const char *path);

/* "cannot WHAT PATH: " with errno in words; gives SMAC_ERROR_NOT_FOUND, SMAC_ERROR_MEMORY or SMAC_ERROR_IO. */
smac_status file_failed(smac_error *error, const char *what, const char *path);

#endif
