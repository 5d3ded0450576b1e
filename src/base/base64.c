/* base/base64.c - base64 (RFC 4648). */
#include "base/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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
