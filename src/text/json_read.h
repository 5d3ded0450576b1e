/* text/json_read.h - reading members of JSON objects with errors that name what is wrong. */
#ifndef SMAC_TEXT_JSON_READ_H
#define SMAC_TEXT_JSON_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Only these members (names separated by a space) may be there; another one is refused by its name. */
smac_status json_members(const json_t *object, const char *what, const char *names, smac_error *error);
/* The member or the default where it is missing or null; another type is an error. */
smac_status json_bool(const json_t *object, const char *name, bool otherwise, bool *out, smac_error *error);
smac_status json_int(const json_t *object, const char *name, int64_t otherwise, int64_t *out, smac_error *error);
/* NULL when it is missing or null and not needed. */
smac_status json_text(const json_t *object, const char *name, bool needed, const char **out, smac_error *error);
/* UTF-8 to code points, 0-terminated; free(*out).  length may be NULL. */
smac_status json_points(const char *text, uint32_t **out, size_t *length, smac_error *error);

/* Base64 (RFC 4648, padded); free(*out). */
smac_status base64_read(const char *text, unsigned char **out, size_t *size, smac_error *error);
char *base64_write(const void *data, size_t size); /* NULL when memory is short */

#endif
