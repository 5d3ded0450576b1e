/* base/text.c - growing text. */
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

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
    int length = number_vformat(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length < 0) {
        b->failed = true;
    } else if ((size_t)length < sizeof small) {
        text_add_n(b, small, (size_t)length);
    } else {
        char *large = memory_new((size_t)length + 1, 1);
        if (large) {
            number_vformat(large, (size_t)length + 1, format, again);
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
