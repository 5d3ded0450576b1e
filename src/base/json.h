/*
 * base/json.h - JSON through jansson: parsing with messages that name the place, members with a check of their type,
 * values that jansson itself would refuse (numbers that are not finite, malformed UTF-8).
 */
#ifndef SMAC_BASE_JSON_H
#define SMAC_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * One JSON object from memory or from a file of at most limit bytes (0: no limit).  A member that occurs twice is
 * refused.  what is the subject of the message ("config.json").  json_decref(*out); NULL after a failure.
 */
smac_status json_parse_object(const char *text, size_t size, const char *what, json_t **out, smac_error *error);
smac_status json_read_object(const char *path, size_t limit, json_t **out, smac_error *error);

/* Only these members (names separated by a space) are allowed; another one is unsupported, by its name. */
smac_status json_allow_members(const json_t *object, const char *what, const char *names, smac_error *error);

/*
 * A member's value, or the default where it is missing or null; a value of another type is an error that names the
 * member.  json_get_number takes integers too; json_get_text gives NULL for a member that is missing and not needed,
 * and a text that lives as long as object.
 */
smac_status json_get_bool(const json_t *object, const char *name, bool otherwise, bool *out, smac_error *error);
smac_status json_get_integer(
    const json_t *object, const char *name, int64_t otherwise, int64_t *out, smac_error *error);
smac_status json_get_number(const json_t *object, const char *name, double otherwise, double *out, smac_error *error);
smac_status json_get_text(const json_t *object, const char *name, bool needed, const char **out, smac_error *error);

/* A number, null where it is not finite. */
json_t *json_from_number(double value);
/* A number as a text that keeps every bit and may be infinite or NaN; reading gives NaN for anything else. */
json_t *json_from_exact(double value);
double json_exact_value(const json_t *value);
/* A text with U+FFFD for what is not UTF-8. */
json_t *json_from_text(const char *text);

/*
 * Serialised with jansson's flags; free().  NULL for NULL and when memory is short: json_dumps itself gives a text that
 * lacks names when its buffer cannot grow in the middle of one.
 */
char *json_dump_text(const json_t *json, size_t flags);

#endif
