/* base/file.h - whole files: mapped for reading, written beside, synced and renamed; names; SHA-256. */
#ifndef SMAC_BASE_FILE_H
#define SMAC_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/path.h" /* for the time of the change: file.h held it before */

/*
 * A read-only mapping.  An empty file maps to data NULL, size 0.  What is no regular file (a folder, a pipe, a device) or
 * is not there is an error.
 */
typedef struct mapped_file {
    const uint8_t *data;
    size_t size;
} mapped_file;

smac_status file_map(const char *path, mapped_file *out, smac_error *error);
void file_unmap(mapped_file *file); /* NULL and an unmapped one are fine */
/* Tell the system that these bytes will not be read again (after packing weights). */
void file_map_forget(const mapped_file *file, const void *from, size_t bytes);

/* The whole file, or what a pipe gives, with a NUL behind it; limit 0: no limit.  Free *out with free(). */
smac_status file_read(const char *path, size_t limit, char **out, size_t *size, smac_error *error);

/*
 * Writing that never leaves half a file: begin opens "PATH.partial-PID" beside the target, commit flushes, syncs,
 * renames and syncs the folder, abandon removes it.  Write with fwrite on file; commit reports an earlier short write.
 * A symbolic link is followed, and a file that is replaced keeps its permissions.  Pipes, devices and /dev/stdout are
 * written to as they stand (partial is NULL then): a rename would put a file in their place.
 */
typedef struct file_writer {
    FILE *file;
    char *path, *partial;
} file_writer;

smac_status file_writer_begin(file_writer *w, const char *path, smac_error *error);
smac_status file_writer_commit(file_writer *w, smac_error *error); /* w is empty afterwards, in either case */
void file_writer_abandon(file_writer *w);
/* Remove what processes that are no more left half-written in a folder (kill -9). */
void file_remove_leftovers(const char *folder);
smac_status file_write(const char *path, const void *data, size_t size, smac_error *error); /* the three in one */

bool file_exists(const char *path);
bool file_is_folder(const char *path);
smac_status folder_make(const char *path, smac_error *error); /* with its parents; there already is fine */
/*
 * Names in a folder that wanted says yes to, sorted by their bytes; hidden ones (".name") are passed over.  A folder that
 * is not there gives none.  Free with folder_list_free.
 */
smac_status folder_list(const char *folder, bool (*wanted)(const char *folder, const char *name), char ***names,
    size_t *count, smac_error *error);
void folder_list_free(char **names, size_t count);

/* SHA-256 (FIPS 180-4) as 64 hexadecimal digits and a NUL. */
void sha256_hex(const void *data, size_t size, char out[65]);
smac_status sha256_file(const char *path, char out[65], smac_error *error);
typedef struct sha256_state sha256_state;
sha256_state *sha256_new(void);
void sha256_add(sha256_state *s, const void *data, size_t size);
void sha256_finish_free(sha256_state *s, char out[65]);

#endif
