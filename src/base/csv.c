/* base/csv.c - comma-separated values by RFC 4180. */
#include "base/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

typedef struct csv_memory {
    char *bytes;  /* the cells, unquoted in place, each with its NUL */
    char **cells; /* of all rows */
    csv_row *rows;
} csv_memory;

static void memory_release(csv_memory *m)
{
    if (m) {
        free(m->bytes);
        free(m->cells);
        free(m->rows);
        free(m);
    }
}

smac_status csv_parse(const char *data, size_t size, csv_table *out, smac_error *error)
{
    return csv_parse_separated(data, size, ',', out, error);
}

smac_status csv_parse_separated(const char *data, size_t size, char separator, csv_table *out, smac_error *error)
{
    *out = (csv_table){0};
    if (size >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3)) {
        data += 3;
        size -= 3;
    }
    csv_memory *m = memory_new(1, sizeof *m);
    size_t cells = 0, cell_capacity = 0, rows = 0, row_capacity = 0, used = 0, line = 1;
    size_t *starts = NULL, start_capacity = 0; /* offset of each cell in bytes, which never moves once written */
    /* A cell's text and its NUL need at most one byte more than the source gave it, and it had a separator. */
    if (m)
        m->bytes = memory_new(size + 2, 1);
    if (!m || !m->bytes)
        goto no_memory;
    for (size_t at = 0; at < size;) {
        size_t row_line = line, row_start = cells;
        for (bool more = true; more;) {
            if (!memory_grow((void **)&starts, &start_capacity, cells + 1, sizeof *starts))
                goto no_memory;
            starts[cells++] = used;
            if (at < size && data[at] == '"') {
                size_t opened = line;
                for (at++;; at++) {
                    if (at >= size) {
                        free(starts);
                        memory_release(m);
                        return FAIL(error, SMAC_ERROR_FORMAT,
                            "line %zu: a quoted cell is never closed: put the closing \" there", opened);
                    }
                    if (data[at] == '"') {
                        if (at + 1 < size && data[at + 1] == '"')
                            at++;
                        else
                            break;
                    }
                    line += data[at] == '\n';
                    m->bytes[used++] = data[at];
                }
                at++;
            }
            while (at < size && data[at] != separator && data[at] != '\n' &&
                !(data[at] == '\r' && (at + 1 == size || data[at + 1] == '\n')))
                m->bytes[used++] = data[at++];
            m->bytes[used++] = 0;
            more = at < size && data[at] == separator;
            at += more;
        }
        if (at < size && data[at] == '\r')
            at++;
        if (at < size && data[at] == '\n') {
            at++;
            line++;
        }
        if (cells - row_start == 1 && !m->bytes[starts[row_start]]) { /* an empty line is not a row */
            cells--;
            used = starts[row_start];
            continue;
        }
        if (!memory_grow((void **)&m->rows, &row_capacity, rows + 1, sizeof *m->rows))
            goto no_memory;
        m->rows[rows++] = (csv_row){NULL, cells - row_start, row_line};
    }
    if (!memory_grow((void **)&m->cells, &cell_capacity, cells + 1, sizeof *m->cells))
        goto no_memory;
    for (size_t i = 0; i < cells; i++)
        m->cells[i] = m->bytes + starts[i];
    for (size_t i = 0, first = 0; i < rows; first += m->rows[i++].count)
        m->rows[i].cells = m->cells + first;
    free(starts);
    *out = (csv_table){m->rows, rows, m};
    return SMAC_OK;
no_memory:
    free(starts);
    memory_release(m);
    return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for a table of %zu bytes", size);
}

smac_status csv_read(const char *path, csv_table *out, smac_error *error)
{
    char *data;
    size_t size;
    *out = (csv_table){0};
    TRY(file_read(path, 0, &data, &size, error));
    smac_status code = csv_parse(data, size, out, error);
    free(data);
    return error_context(error, code, "%s", path);
}

void csv_free(csv_table *table)
{
    if (table) {
        memory_release(table->memory);
        *table = (csv_table){0};
    }
}

int csv_column(const csv_table *table, const char *name)
{
    for (size_t i = 0; table->count && i < table->rows[0].count; i++)
        if (!strcmp(table->rows[0].cells[i], name))
            return (int)i;
    return -1;
}

void csv_add_cell(text_buffer *b, const char *cell, bool first)
{
    if (!first)
        text_add_char(b, ',');
    /* at the start of a file it would be taken for the file's own */
    bool mark = first && !strncmp(cell, "\xEF\xBB\xBF", 3);
    if (!mark && !strpbrk(cell, ",\"\r\n")) {
        text_add(b, cell);
        return;
    }
    text_add_char(b, '"');
    for (; *cell; cell++) {
        if (*cell == '"')
            text_add_char(b, '"');
        text_add_char(b, *cell);
    }
    text_add_char(b, '"');
}
