/*
 * weights/zip_directory.h - where the files of a zip archive lie, so that they can be used where they are mapped.
 *
 * PyTorch stores its archives without compression, for exactly that use; libzip gives no place within the file, so the
 * directory is read here.  Zip64 is read; compressed, encrypted and split archives are refused by name (a zip bomb is
 * one of the first).
 */
#ifndef SMAC_WEIGHTS_ZIP_DIRECTORY_H
#define SMAC_WEIGHTS_ZIP_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct zip_member {
    char *name;
    const uint8_t *data;
    size_t size;
} zip_member;

typedef struct zip_directory {
    zip_member *members; /* sorted by name */
    size_t count;
} zip_directory;

/* data must outlive the result.  Free with zip_directory_free. */
smac_status zip_directory_read(
    const uint8_t *data, size_t size, const char *name, zip_directory *out, smac_error *error);
const zip_member *zip_directory_find(const zip_directory *d, const char *name); /* NULL when there is none */
void zip_directory_free(zip_directory *d);

#endif
