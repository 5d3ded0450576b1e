/* media/transcript_markup.c - lines and markup of transcripts. */
#include "media/transcript_text.h"

#include <string.h>

#define MARKUP_MAX 1000 /* bytes of one tag; avoids quadratic time for many unclosed tags */

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

/* Length of a tag at text, or 0: <b>, </b>, <v Name>, <c.yellow>, <00:01.000>; not "a < b". */
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

/* Whether drawing mode is on after an override block: set by the last \p with a number outside of \t(...). */
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
