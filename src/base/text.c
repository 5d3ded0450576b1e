/* base/text.c - growing text, UTF-8, numbers. */
#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void text_add_n(text_buffer *b, const char *text, size_t length)
{
    size_t needed;
    if (b->failed || !checked_add(b->length, length, &needed) || !checked_add(needed, 1, &needed) ||
        !memory_grow((void **)&b->data, &b->capacity, needed, 1)) {
        b->failed = true;
        return;
    }
    memcpy(b->data + b->length, text, length);
    b->length += length;
    b->data[b->length] = 0;
}

void text_add(text_buffer *b, const char *text)
{
    text_add_n(b, text, strlen(text));
}

void text_add_char(text_buffer *b, char c)
{
    text_add_n(b, &c, 1);
}

void text_format(text_buffer *b, const char *format, ...)
{
    char small[256];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length < 0) {
        b->failed = true;
    } else if ((size_t)length < sizeof small) {
        text_add_n(b, small, (size_t)length);
    } else {
        char *large = memory_new((size_t)length + 1, 1);
        if (large) {
            vsnprintf(large, (size_t)length + 1, format, again);
            text_add_n(b, large, (size_t)length);
            free(large);
        } else {
            b->failed = true;
        }
    }
    va_end(again);
}

void text_add_xml(text_buffer *b, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            text_add(b, "&amp;");
            break;
        case '<':
            text_add(b, "&lt;");
            break;
        case '>':
            text_add(b, "&gt;");
            break;
        case '"':
            text_add(b, "&quot;");
            break;
        case '\'':
            text_add(b, "&#39;");
            break;
        default:
            text_add_char(b, *text);
        }
    }
}

void text_free(text_buffer *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

/* Bytes of the well-formed sequence at text (length > 0), and its code point; 0 when malformed (Unicode table 3-7). */
static int sequence_at(const uint8_t *s, size_t length, uint32_t *code)
{
    uint8_t a = s[0];
    if (a < 0x80) {
        *code = a;
        return 1;
    }
    int count = a >= 0xC2 && a <= 0xDF ? 2 : a >= 0xE0 && a <= 0xEF ? 3 : a >= 0xF0 && a <= 0xF4 ? 4 : 0;
    if (!count || length < (size_t)count)
        return 0;
    uint8_t low = a == 0xE0 ? 0xA0 : a == 0xF0 ? 0x90 : 0x80, high = a == 0xED ? 0x9F : a == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high)
        return 0;
    uint32_t c = a & (0xFF >> (count + 1));
    for (int i = 1; i < count; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3F);
    }
    *code = c;
    return count;
}

uint32_t utf8_next(const char *text, size_t length, size_t *at)
{
    uint32_t code;
    int count = sequence_at((const uint8_t *)text + *at, length - *at, &code);
    *at += count ? (size_t)count : 1;
    return count ? code : 0xFFFD;
}

int utf8_put(uint32_t c, char out[4])
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    int count = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = count - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)((0xF00 >> count) | c);
    return count;
}

size_t utf8_invalid_at(const char *text, size_t length)
{
    uint32_t code;
    for (size_t at = 0; at < length;) {
        int count = sequence_at((const uint8_t *)text + at, length - at, &code);
        if (!count)
            return at;
        at += (size_t)count;
    }
    return SIZE_MAX;
}

bool text_to_double(const char *text, double *out)
{
    if (!text || !*text || strchr(" \t\n\v\f\r", *text))
        return false;
    locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (c == (locale_t)0)
        return false;
    locale_t before = uselocale(c);
    char *end;
    errno = 0;
    double x = strtod(text, &end);
    uselocale(before);
    freelocale(c);
    if (*end || (errno == ERANGE && fabs(x) > 1))
        return false;
    *out = x;
    return true;
}

bool text_to_int64(const char *text, int64_t *out)
{
    if (!text || !*text || strchr(" \t\n\v\f\r", *text))
        return false;
    char *end;
    errno = 0;
    long long x = strtoll(text, &end, 10);
    if (*end || errno == ERANGE)
        return false;
    *out = x;
    return true;
}
