/* text/json_read.c - members of JSON objects, base64. */
#include "text/json_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/unicode.h"

smac_status json_members(const json_t *object, const char *what, const char *names, smac_error *error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        size_t length = strlen(key);
        const char *at = names;
        bool known = false;
        while (!known && at && *at) {
            const char *end = strchr(at, ' ');
            size_t n = end ? (size_t)(end - at) : strlen(at);
            known = n == length && memcmp(at, key, n) == 0;
            at = end ? end + 1 : NULL;
        }
        if (!known)
            return FAIL(
                error, SMAC_ERROR_UNSUPPORTED, "%s has the member \"%.80s\", which is not supported", what, key);
    }
    return SMAC_OK;
}

smac_status json_bool(const json_t *object, const char *name, bool otherwise, bool *out, smac_error *error)
{
    const json_t *value = json_object_get(object, name);
    *out = otherwise;
    if (!value || json_is_null(value))
        return SMAC_OK;
    if (!json_is_boolean(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" is not true or false", name);
    *out = json_is_true(value);
    return SMAC_OK;
}

smac_status json_int(const json_t *object, const char *name, int64_t otherwise, int64_t *out, smac_error *error)
{
    const json_t *value = json_object_get(object, name);
    *out = otherwise;
    if (!value || json_is_null(value))
        return SMAC_OK;
    if (!json_is_integer(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" is not a whole number", name);
    *out = json_integer_value(value);
    return SMAC_OK;
}

smac_status json_text(const json_t *object, const char *name, bool needed, const char **out, smac_error *error)
{
    const json_t *value = json_object_get(object, name);
    *out = NULL;
    if (!value || json_is_null(value))
        return needed ? FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" is missing", name) : SMAC_OK;
    if (!json_is_string(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" is not a text", name);
    *out = json_string_value(value);
    return SMAC_OK;
}

smac_status json_points(const char *text, uint32_t **out, size_t *length, smac_error *error)
{
    size_t bytes = strlen(text), count = 0;
    *out = memory_new(bytes + 1, sizeof **out);
    if (!*out)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a text of %zu bytes", bytes);
    for (size_t at = 0; at < bytes;)
        (*out)[count++] = utf8_next(text, bytes, &at);
    if (length)
        *length = count;
    return SMAC_OK;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

smac_status base64_read(const char *text, unsigned char **out, size_t *size, smac_error *error)
{
    size_t length = strlen(text), n = 0;
    signed char value[256];
    memset(value, -1, sizeof value);
    for (int i = 0; i < 64; i++)
        value[(unsigned char)alphabet[i]] = (signed char)i;
    while (length && text[length - 1] == '=')
        length--;
    *out = memory_new(length / 4 * 3 + 4, 1);
    if (!*out)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu bytes of base64", length);
    uint32_t bits = 0;
    for (size_t i = 0; i < length; i++) {
        int v = value[(unsigned char)text[i]];
        if (v < 0 || length % 4 == 1) {
            free(*out);
            *out = NULL;
            return FAIL(error, SMAC_ERROR_FORMAT, "the base64 text is broken at byte %zu", i);
        }
        bits = bits << 6 | (uint32_t)v;
        if (i % 4 == 3) {
            (*out)[n++] = (unsigned char)(bits >> 16);
            (*out)[n++] = (unsigned char)(bits >> 8);
            (*out)[n++] = (unsigned char)bits;
        }
    }
    if (length % 4 == 2)
        (*out)[n++] = (unsigned char)(bits >> 4);
    if (length % 4 == 3) {
        (*out)[n++] = (unsigned char)(bits >> 10);
        (*out)[n++] = (unsigned char)(bits >> 2);
    }
    *size = n;
    return SMAC_OK;
}

char *base64_write(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    if (size > SIZE_MAX / 2)
        return NULL;
    char *out = memory_new((size + 2) / 3 * 4 + 1, 1), *to = out;
    if (!out)
        return NULL;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)bytes[i] << 16;
        if (i + 1 < size)
            bits |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < size)
            bits |= bytes[i + 2];
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = i + 1 < size ? alphabet[bits >> 6 & 63] : '=';
        *to++ = i + 2 < size ? alphabet[bits & 63] : '=';
    }
    return out;
}
