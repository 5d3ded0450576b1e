/* base/text.h - a growing text. */
#ifndef SMAC_BASE_TEXT_H
#define SMAC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct text_buffer {
    char *data; /* NUL-terminated once anything was added; free with text_free */
    size_t length, capacity;
    bool failed; /* memory ran out: further calls do nothing */
} text_buffer;

void text_add(text_buffer *b, const char *text);
void text_add_n(text_buffer *b, const char *text, size_t length);
void text_add_char(text_buffer *b, char c);
/* As printf does in the C locale: numbers have a '.' in every locale. */
void text_format(text_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_xml(text_buffer *b, const char *text); /* & < > " ' escaped */
void text_free(text_buffer *b);

#endif
