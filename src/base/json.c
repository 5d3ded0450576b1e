/* base/json.c - JSON through jansson. */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "base/utf8.h"

smac_status json_parse_object(const char *text, size_t size, const char *what, json_t **out, smac_error *error)
{
    json_error_t where;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
    *out = NULL;
    if (!root && json_error_code(&where) == json_error_out_of_memory)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the %zu bytes of JSON in %s", size, what);
    if (!root)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is not valid JSON (line %d, column %d: %s)", what, where.line,
            where.column, where.text);
    if (!json_is_object(root)) {
        json_decref(root);
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is not a JSON object, expected {...}", what);
    }
    *out = root;
    return SMAC_OK;
}

smac_status json_read_object(const char *path, size_t limit, json_t **out, smac_error *error)
{
    char *text;
    size_t size;
    *out = NULL;
    TRY(file_read(path, limit, &text, &size, error));
    smac_status status = json_parse_object(text, size, path, out, error);
    free(text);
    return status;
}

static bool name_is_listed(const char *name, const char *names)
{
    size_t length = strlen(name);
    for (const char *at = names, *end; at; at = end ? end + 1 : NULL) {
        end = strchr(at, ' ');
        size_t n = end ? (size_t)(end - at) : strlen(at);
        if (n == length && memcmp(at, name, n) == 0)
            return true;
    }
    return false;
}

smac_status json_allow_members(const json_t *object, const char *what, const char *names, smac_error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        if (!name_is_listed(name, names))
            return FAIL(
                error, SMAC_ERROR_UNSUPPORTED, "%s has the member \"%.80s\", which is not supported", what, name);
    }
    return SMAC_OK;
}

/* The member, or NULL where it is missing or null. */
static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

smac_status json_get_bool(const json_t *object, const char *name, bool otherwise, bool *out, smac_error *error)
{
    const json_t *value = member(object, name);
    *out = value ? json_is_true(value) : otherwise;
    if (value && !json_is_boolean(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" must be true or false", name);
    return SMAC_OK;
}

smac_status json_get_integer(const json_t *object, const char *name, int64_t otherwise, int64_t *out, smac_error *error)
{
    const json_t *value = member(object, name);
    *out = value ? json_integer_value(value) : otherwise;
    if (value && !json_is_integer(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" must be a whole number", name);
    return SMAC_OK;
}

smac_status json_get_number(const json_t *object, const char *name, double otherwise, double *out, smac_error *error)
{
    const json_t *value = member(object, name);
    *out = value ? json_number_value(value) : otherwise;
    if (value && !json_is_number(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" must be a number", name);
    return SMAC_OK;
}

smac_status json_get_text(const json_t *object, const char *name, bool needed, const char **out, smac_error *error)
{
    const json_t *value = member(object, name);
    *out = json_string_value(value);
    if (!value && needed)
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" is missing", name);
    if (value && !json_is_string(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" must be a text", name);
    return SMAC_OK;
}

json_t *json_from_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_from_exact(double value)
{
    char text[NUMBER_TEXT_MAX];
    return json_string(number_hexadecimal(value, text));
}

double json_exact_value(const json_t *value)
{
    double x;
    return number_parse(json_string_value(value), &x) ? x : NAN;
}

json_t *json_from_text(const char *text)
{
    size_t length = strlen(text);
    if (utf8_invalid_at(text, length) == SIZE_MAX)
        return json_stringn(text, length);
    text_buffer clean = {0};
    char bytes[4];
    for (size_t at = 0; at < length;) {
        int n = utf8_put(utf8_next(text, length, &at), bytes);
        text_add_n(&clean, bytes, (size_t)n);
    }
    json_t *string = clean.failed ? NULL : json_stringn(clean.data, clean.length);
    text_free(&clean);
    return string;
}

char *json_dump_text(const json_t *json, size_t flags)
{
    size_t size = json ? json_dumpb(json, NULL, 0, flags) : 0;
    char *text = size && size < SIZE_MAX ? malloc(size + 1) : NULL;
    if (text && json_dumpb(json, text, size, flags) != size) {
        free(text);
        return NULL;
    }
    if (text)
        text[size] = 0;
    return text;
}
