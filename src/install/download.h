/* install/download.h - one file from an address, by libcurl. */
#ifndef SMAC_INSTALL_DOWNLOAD_H
#define SMAC_INSTALL_DOWNLOAD_H

#include "base/error.h"
#include "base/log.h"

/*
 * Download to path by way of path.part, which an interrupted download leaves and the next goes on from.  expected (64
 * hexadecimal digits, or NULL) is the SHA-256; where it is NULL and the server says one (X-Linked-ETag, as the hub does
 * for large files) that one is checked.  sha256 (65 bytes, may be NULL) gets that of the file.  what is the
 * name in progress reports.  Addresses: http, https, file.
 * Errors: NOT_FOUND when it is not there, IO without network or space, MISMATCH for a wrong SHA-256 (path.part is then
 * removed), INTERRUPTED.
 */
smac_status download_file(const char *address, const char *path, const char *what, const char *expected,
    const reporter *r, char *sha256, smac_error *error);

#endif
