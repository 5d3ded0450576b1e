/* base/utf8.c - UTF-8 (Unicode 15, table 3-7). */
#include "base/utf8.h"

#include <string.h>

/*
 * The number of bytes of the sequence at s (length > 0) that can be a part of a well-formed one, at least 1; whole: it
 * is well-formed and *code is its code point.
 */
static size_t sequence_at(const uint8_t *s, size_t length, uint32_t *code)
{
    uint8_t first = s[0];
    *code = first;
    if (first < 0x80)
        return 1;
    *code = UINT32_MAX;
    size_t count = first >= 0xC2 && first <= 0xDF ? 2 : first >= 0xE0 && first <= 0xEF ? 3 : 0;
    if (first >= 0xF0 && first <= 0xF4)
        count = 4;
    if (!count)
        return 1;
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    uint32_t c = first & (0xFFu >> (count + 1));
    for (size_t i = 1; i < count; i++) {
        if (i >= length || s[i] < low || s[i] > high)
            return i;
        c = c << 6 | (s[i] & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    *code = c;
    return count;
}

uint32_t utf8_next(const char *text, size_t length, size_t *at)
{
    uint32_t code;
    *at += sequence_at((const uint8_t *)text + *at, length - *at, &code);
    return code == UINT32_MAX ? 0xFFFD : code;
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
    for (size_t at = 0, count; at < length; at += count) {
        count = sequence_at((const uint8_t *)text + at, length - at, &code);
        if (code == UINT32_MAX)
            return at;
    }
    return SIZE_MAX;
}

size_t utf8_cut(const char *text, size_t length, size_t limit)
{
    if (length <= limit)
        return length;
    size_t at = limit;
    while (at > 0 && limit - at < 3 && ((uint8_t)text[at] & 0xC0) == 0x80)
        at--;
    return ((uint8_t)text[at] & 0xC0) == 0x80 ? limit : at;
}

size_t utf8_printable(const char *text, size_t length, char *out, size_t size)
{
    size_t used = 0, fits = 0; /* fits: what leaves room for "..." */
    for (size_t at = 0; at < length;) {
        uint32_t c;
        const uint8_t *s = (const uint8_t *)text + at;
        size_t count = sequence_at(s, length - at, &c);
        at += count;
        if (c == UINT32_MAX || c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029) {
            s = (const uint8_t *)"?";
            count = 1;
        }
        if (used + count + 1 > size) {
            memcpy(out + fits, "...", 4);
            return fits + 3;
        }
        memcpy(out + used, s, count);
        used += count;
        if (used + 4 <= size)
            fits = used;
    }
    out[used] = 0;
    return used;
}
