/* base/text.h - a growing text, UTF-8 checks, CSV (RFC 4180) and numbers that do not depend on the locale. */
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
void text_format(text_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_xml(text_buffer *b, const char *text); /* & < > " ' escaped */
void text_free(text_buffer *b);

/* Decode one code point at text[*at] (at < length), moving *at; 0xFFFD for a malformed byte (moves one byte). */
uint32_t utf8_next(const char *text, size_t length, size_t *at);
int utf8_put(uint32_t code_point, char out[4]); /* bytes written; surrogates and > 0x10FFFF give U+FFFD */
/* Position of the first malformed byte, or SIZE_MAX when all is UTF-8. */
size_t utf8_invalid_at(const char *text, size_t length);

/* Whole-string numbers with '.' for the point whatever the locale: false for empty, trailing bytes or out of range. */
bool text_to_double(const char *text, double *out);
bool text_to_int64(const char *text, int64_t *out);

/*
 * CSV by RFC 4180: quotes, doubled quotes, line ends inside quotes, CRLF or LF, a UTF-8 byte order mark skipped.
 * Rows may differ in length.  All cells live as long as the table.
 */
typedef struct csv_row {
    char **cells;
    size_t count;
    size_t line; /* the line of the file where the row starts, from 1 */
} csv_row;
typedef struct csv_table {
    csv_row *rows;
    size_t count;
    void *memory;
} csv_table;

smac_status csv_parse(const char *data, size_t size, csv_table *out, smac_error *error);
smac_status csv_read(const char *path, csv_table *out, smac_error *error);
void csv_free(csv_table *table);
/* Index of the column named name in row 0, or -1. */
int csv_column(const csv_table *table, const char *name);
/* Add a cell, quoted where it must be; first: no comma before it. */
void csv_add_cell(text_buffer *b, const char *cell, bool first);

#endif
