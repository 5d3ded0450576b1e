/* data/table_text.c - encoding and separator of a table. */
#include "data/table_text.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"

/* --- encodings ---------------------------------------------------------------------------------------------------- */

/* UTF-16 by its byte order mark, or by zeros in every other byte of the beginning: 'l', 'b', or 0. */
static char utf16_order(const char *data, size_t size)
{
    size_t zeros[2] = {0, 0}, looked = size < 256 ? size & ~(size_t)1 : 256;
    if (size >= 2 && memcmp(data, "\xFF\xFE", 2) == 0)
        return 'l';
    if (size >= 2 && memcmp(data, "\xFE\xFF", 2) == 0)
        return 'b';
    for (size_t i = 0; i < looked; i++)
        zeros[i % 2] += data[i] == 0;
    if (looked >= 8 && zeros[1] * 4 > looked && zeros[0] == 0)
        return 'l';
    return looked >= 8 && zeros[0] * 4 > looked && zeros[1] == 0 ? 'b' : 0;
}

static uint32_t unit_at(const char *data, size_t at, char order)
{
    unsigned char first = (unsigned char)data[at], second = (unsigned char)data[at + 1];
    return order == 'l' ? first | (uint32_t)second << 8 : second | (uint32_t)first << 8;
}

/* The text in UTF-8; free(); NULL when memory is short. */
static char *from_utf16(const char *data, size_t size, char order, size_t *length)
{
    char *out = memory_new(size / 2 * 3 + 1, 1);
    *length = 0;
    for (size_t at = 0; out && at + 1 < size; at += 2) {
        uint32_t c = unit_at(data, at, order);
        if (c >= 0xD800 && c < 0xDC00 && at + 3 < size) { /* a pair */
            uint32_t low = unit_at(data, at + 2, order);
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        if (!(c == 0xFEFF && at == 0))
            *length += (size_t)utf8_put(c, out + *length);
    }
    return out;
}

/* Whether all of the text is well-formed in an encoding. */
static bool is_encoded_as(const char *encoding, const char *data, size_t size)
{
    iconv_t converter = iconv_open("UTF-8", encoding);
    if (converter == (iconv_t)-1)
        return false;
    bool whole = true;
    char *at = (char *)(uintptr_t)data;
    while (size > 0 && whole) {
        char room[4096], *to = room;
        size_t left = sizeof room, before = size;
        whole = iconv(converter, &at, &size, &to, &left) != (size_t)-1 || (size < before && left < 16);
    }
    iconv_close(converter);
    return whole;
}

/* Chinese in GBK is pairs of bytes from 0x81 on; a Western text has single ones. */
static const char *guess_encoding(const char *data, size_t size)
{
    size_t high = 0, pairs = 0;
    for (size_t i = 0; i < size; i++) {
        bool is_high = (unsigned char)data[i] >= 0x80;
        high += is_high;
        pairs += is_high && i > 0 && (unsigned char)data[i - 1] >= 0x80;
    }
    if (pairs * 3 > high && is_encoded_as("GBK", data, size))
        return "GBK (Chinese)";
    return is_encoded_as("WINDOWS-1252", data, size) ? "Windows-1252 (Western European)" : NULL;
}

/* Whether the text is in another encoding throughout: of its lines with bytes beyond ASCII most are not UTF-8. */
static bool is_foreign(const char *data, size_t size)
{
    size_t good = 0, bad = 0;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(data + at, '\n', size - at);
        size_t length = end ? (size_t)(end - data) - at : size - at;
        bool high = false;
        for (size_t i = 0; i < length; i++)
            high = high || (unsigned char)data[at + i] >= 0x80;
        if (high && utf8_invalid_at(data + at, length) == SIZE_MAX)
            good++;
        else if (high)
            bad++;
        at += length + 1;
    }
    return bad > 1 && bad > good;
}

/* Where a few lines alone are malformed it is for the reader to say so, line by line. */
static smac_status check_utf8(const char *path, const char *data, size_t size, smac_error *error)
{
    size_t bad = utf8_invalid_at(data, size);
    if (bad == SIZE_MAX || !is_foreign(data, size))
        return SMAC_OK;
    const char *guess = guess_encoding(data, size);
    return FAIL(error, SMAC_ERROR_FORMAT, "%.300s is not UTF-8 at byte %zu%s%s; save it as UTF-8", path, bad,
        guess ? "; it looks like " : "", guess ? guess : "");
}

/* --- separators --------------------------------------------------------------------------------------------------- */

/* Of the first line that is not empty, outside of quotes. */
static char find_separator(const char *data, size_t size)
{
    static const char separators[] = ",;\t|";
    size_t count[sizeof separators - 1] = {0}, at = 0;
    bool quoted = false;
    while (at < size && (data[at] == '\n' || data[at] == '\r'))
        at++;
    for (; at < size && (quoted || data[at] != '\n'); at++) {
        const char *found = data[at] ? strchr(separators, data[at]) : NULL;
        quoted = quoted != (data[at] == '"');
        if (found && !quoted)
            count[found - separators]++;
    }
    size_t best = 0;
    for (size_t i = 1; i < sizeof separators - 1; i++)
        best = count[i] > count[best] ? i : best;
    return separators[best];
}

static const char *separator_name(char separator)
{
    return separator == ';' ? "semicolons" : separator == '\t' ? "tabs" : separator == '|' ? "bars" : "commas";
}

/* Lines that end with a carriage return alone, as old Macintosh programs write them, get the usual end. */
static void mend_line_ends(char *data, size_t size)
{
    if (memchr(data, '\n', size))
        return;
    for (char *at = data; (at = memchr(at, '\r', size - (size_t)(at - data)));)
        *at = '\n';
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

smac_status table_read(const char *path, const reporter *r, csv_table *out, smac_error *error)
{
    char *data = NULL;
    size_t size = 0;
    *out = (csv_table){0};
    TRY(file_read(path, 0, &data, &size, error));
    char order = utf16_order(data, size);
    if (order) {
        size_t length = 0;
        char *text = from_utf16(data, size, order, &length);
        free(data);
        if (!text)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %.300s", path);
        data = text;
        size = length;
        report_log(r, LOG_INFO, "%s is in UTF-16", path);
    }
    mend_line_ends(data, size);
    smac_status status = check_utf8(path, data, size, error);
    char separator = find_separator(data, size);
    if (status == SMAC_OK && separator != ',')
        report_log(r, LOG_INFO, "%s has %s between its cells", path, separator_name(separator));
    if (status == SMAC_OK) {
        status = csv_parse_separated(data, size, separator, out, error);
        if (status != SMAC_OK)
            error_context(error, status, "%s", path);
    }
    free(data);
    return status;
}
