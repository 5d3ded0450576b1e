/* media/transcript_text.c - encodings, lines and markup of transcripts. */
#include "media/transcript_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

#define MARKUP_MAX 1000 /* bytes of one tag; without a bound many open ones would cost the square of their number */

static smac_status not_utf8(const char *data, size_t at, const char *name, smac_error *error)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += data[i] == '\n';
    return FAIL(error, SMAC_ERROR_FORMAT,
        "%s is not UTF-8: byte 0x%02X at position %zu (line %zu); convert it "
        "first, for example from Latin-1 with: iconv -f LATIN1 -t UTF-8 OLD -o NEW",
        name, (unsigned char)data[at], at, line);
}

static smac_status decode_utf16(
    const char *data, size_t size, bool big, const char *name, text_buffer *out, smac_error *error)
{
    const unsigned char *bytes = (const unsigned char *)data;
    for (size_t i = 2; i < size; i += 2) {
        if (i + 1 >= size)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%s is cut off: UTF-16 with an odd number of bytes (%zu); export it again", name, size);
        uint32_t unit = big ? (uint32_t)bytes[i] << 8 | bytes[i + 1] : (uint32_t)bytes[i + 1] << 8 | bytes[i];
        if (unit >= 0xD800 && unit < 0xDC00 && i + 3 < size) {
            uint32_t low =
                big ? (uint32_t)bytes[i + 2] << 8 | bytes[i + 3] : (uint32_t)bytes[i + 3] << 8 | bytes[i + 2];
            if (low >= 0xDC00 && low < 0xE000) {
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                i += 2;
            }
        }
        if (unit >= 0xD800 && unit < 0xE000)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%s is no valid UTF-16: half a surrogate pair at byte %zu; export it as UTF-8", name, i);
        char encoded[4];
        text_add_n(out, encoded, (size_t)utf8_put(unit, encoded));
    }
    return SMAC_OK;
}

smac_status transcript_decode(
    const char *data, size_t size, const char *name, char **text, size_t *length, smac_error *error)
{
    text_buffer out = {0};
    text_add_n(&out, "", 0);
    const unsigned char *b = (const unsigned char *)data;
    smac_status status = SMAC_OK;
    if (size >= 4 &&
        ((b[0] == 0xFF && b[1] == 0xFE && !b[2] && !b[3]) || (!b[0] && !b[1] && b[2] == 0xFE && b[3] == 0xFF)))
        status = FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%s is UTF-32, expected UTF-8; convert it first, for example with: iconv -f UTF-32 -t UTF-8 OLD -o NEW",
            name);
    else if (size >= 2 && ((b[0] == 0xFF && b[1] == 0xFE) || (b[0] == 0xFE && b[1] == 0xFF)))
        status = decode_utf16(data, size, b[0] == 0xFE, name, &out, error);
    else {
        size_t mark = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        size_t bad = utf8_invalid_at(data + mark, size - mark);
        if (bad != SIZE_MAX)
            status = not_utf8(data, bad + mark, name, error);
        else if (size > mark)
            text_add_n(&out, data + mark, size - mark);
    }
    const char *zero = status == SMAC_OK && out.data && out.length ? memchr(out.data, 0, out.length) : NULL;
    if (zero)
        status = FAIL(error, SMAC_ERROR_FORMAT,
            "%s holds a byte 0 at position %zu, expected text in UTF-8: convert "
            "it first (it may be UTF-16 without a byte order mark)",
            name, (size_t)(zero - out.data));
    if (status == SMAC_OK && out.failed)
        status = FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", name);
    if (status != SMAC_OK) {
        text_free(&out);
        return status;
    }
    *text = out.data;
    *length = out.length;
    return SMAC_OK;
}

bool next_line(line_cursor *c, const char **line, size_t *length)
{
    if (c->at >= c->length)
        return false;
    size_t from = c->at, at = from;
    while (at < c->length && c->text[at] != '\n' && c->text[at] != '\r')
        at++;
    *line = c->text + from;
    *length = at - from;
    if (at < c->length)
        at += c->text[at] == '\r' && at + 1 < c->length && c->text[at + 1] == '\n' ? 2 : 1;
    c->at = at;
    c->number++;
    return true;
}

bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t')
            return false;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Length of a tag at text, 0 when it is none: <b>, </b>, <v Name>, <c.yellow>, <00:01.000>; not "a < b". */
static size_t tag_length(const char *text, size_t length)
{
    if (length < 3 || text[0] != '<')
        return 0;
    char c = text[1];
    if (!is_letter(c) && c != '/' && !(c >= '0' && c <= '9'))
        return 0;
    const char *end = memchr(text, '>', length < MARKUP_MAX ? length : MARKUP_MAX);
    return end ? (size_t)(end - text) + 1 : 0;
}

static size_t entity_length(const char *text, size_t length, const char **replacement)
{
    static const struct {
        const char *name, *text;
    } entities[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&nbsp;", " "}, {"&quot;", "\""}, {"&#39;", "'"},
        {"&apos;", "'"}, {"&#123;", "{"}, {"&lrm;", ""}, {"&rlm;", ""}};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        size_t size = strlen(entities[i].name);
        if (length >= size && memcmp(text, entities[i].name, size) == 0) {
            *replacement = entities[i].text;
            return size;
        }
    }
    return 0;
}

void add_without_markup(text_buffer *out, const char *text, size_t length, bool entities)
{
    for (size_t i = 0; i < length;) {
        size_t skip = tag_length(text + i, length - i);
        const char *replacement = "";
        if (skip == 0 && text[i] == '{' && i + 1 < length && text[i + 1] == '\\') {
            const char *end = memchr(text + i, '}', length - i < MARKUP_MAX ? length - i : MARKUP_MAX);
            skip = end ? (size_t)(end - (text + i)) + 1 : 0;
        }
        if (skip == 0 && entities && text[i] == '&')
            skip = entity_length(text + i, length - i, &replacement);
        if (skip == 0)
            text_add_char(out, text[i++]);
        else
            text_add(out, replacement);
        i += skip;
    }
}

/* Whether drawing is on after an override block: the last \p with a number says; not one inside \t(...). */
static bool ass_block_draws(const char *block, size_t length, bool drawing)
{
    int depth = 0;
    for (size_t i = 0; i < length; i++) {
        depth += (block[i] == '(') - (block[i] == ')' && depth > 0);
        bool has_number = i + 2 < length && block[i + 2] >= '0' && block[i + 2] <= '9';
        if (depth > 0 || block[i] != '\\' || i + 1 >= length || block[i + 1] != 'p' || !has_number)
            continue;
        drawing = false;
        for (size_t k = i + 2; k < length && block[k] >= '0' && block[k] <= '9'; k++)
            drawing = drawing || block[k] != '0';
    }
    return drawing;
}

void add_ass_text(text_buffer *out, const char *text, size_t length)
{
    bool drawing = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i], next = i + 1 < length ? text[i + 1] : 0;
        if (c == '{') {
            const char *end = memchr(text + i, '}', length - i);
            if (end) {
                size_t block = (size_t)(end - (text + i));
                drawing = ass_block_draws(text + i, block, drawing);
                i += block;
                continue;
            }
        }
        if (drawing)
            continue;
        if (c == '\\' && (next == 'N' || next == 'n' || next == 'h')) {
            text_add_char(out, ' ');
            i++;
        } else if (c == '\\' && (next == '{' || next == '}')) {
            text_add_char(out, next);
            i++;
        } else {
            text_add_char(out, c);
        }
    }
}
