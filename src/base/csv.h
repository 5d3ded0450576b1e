/*
 * base/csv.h - CSV by RFC 4180: quotes, doubled quotes, line ends inside quotes, CRLF or LF; a UTF-8 byte order mark is
 * skipped.  Rows may differ in length; an empty line is not a row.
 */
#ifndef SMAC_BASE_CSV_H
#define SMAC_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

typedef struct csv_row {
    char **cells;
    size_t count;
    size_t line; /* the line of the file where the row starts, from 1 */
} csv_row;

typedef struct csv_table {
    csv_row *rows;
    size_t count;
    void *memory; /* owns all cells */
} csv_table;

smac_status csv_parse(const char *data, size_t size, csv_table *out, smac_error *error);
/* The same with another separator between the cells: ';', a tab, '|'. */
smac_status csv_parse_separated(const char *data, size_t size, char separator, csv_table *out, smac_error *error);
smac_status csv_read(const char *path, csv_table *out, smac_error *error);
void csv_free(csv_table *table); /* NULL and an empty one are fine */
/* The index of the column of this name in row 0, or -1. */
int csv_column(const csv_table *table, const char *name);
/* Add a cell, quoted where necessary; first: without a comma before it. */
void csv_add_cell(text_buffer *b, const char *cell, bool first);

#endif
