/* base/base64.h - base64 (RFC 4648, padded). */
#ifndef SMAC_BASE_BASE64_H
#define SMAC_BASE_BASE64_H

#include <stddef.h>

#include "base/error.h"

smac_status base64_read(const char *text, unsigned char **out, size_t *size, smac_error *error); /* free(*out) */
char *base64_write(const void *data, size_t size); /* free(); NULL when memory is short */

#endif
