/* media/transcript_cues.c - SubRip (.srt) and WebVTT (.vtt). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/transcript_text.h"

/* --- times ------------------------------------------------------------------------------------------------------- */

static bool read_digits(const char **at, const char *end, int most, int64_t *value, int *digits)
{
    *value = 0;
    *digits = 0;
    while (*at < end && **at >= '0' && **at <= '9' && *digits < most) {
        *value = *value * 10 + (**at - '0');
        ++*at;
        ++*digits;
    }
    return *digits > 0 && !(*at < end && **at >= '0' && **at <= '9');
}

/* [hours:]minutes:seconds[(, or .)fraction] */
static bool read_time(const char **at, const char *end, double *seconds)
{
    int64_t parts[3], fraction = 0;
    int count = 0, digits;
    do {
        if (!read_digits(at, end, 9, &parts[count], &digits))
            return false;
        count++;
    } while (count < 3 && *at < end && **at == ':' && ++*at);
    if (count < 2)
        return false;
    int64_t second = parts[count - 1], minute = parts[count - 2], hour = count == 3 ? parts[0] : 0;
    if (second >= 60 || (minute >= 60 && count == 3))
        return false;
    double scale = 1;
    if (*at < end && (**at == ',' || **at == '.')) {
        ++*at;
        if (!read_digits(at, end, 9, &fraction, &digits))
            return false;
        scale = pow(10.0, digits);
    }
    *seconds = (double)(hour * 3600 + minute * 60 + second) + (double)fraction / scale;
    return true;
}

static void skip_spaces(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
}

static bool read_span(const char *line, size_t length, double *start, double *stop)
{
    const char *at = line, *end = line + length;
    skip_spaces(&at, end);
    if (!read_time(&at, end, start))
        return false;
    skip_spaces(&at, end);
    if (end - at < 3 || memcmp(at, "-->", 3) != 0)
        return false;
    at += 3;
    skip_spaces(&at, end);
    return read_time(&at, end, stop) && (at == end || *at == ' ' || *at == '\t'); /* settings may follow */
}

static bool has_arrow(const char *line, size_t length)
{
    for (size_t i = 0; i + 3 <= length; i++)
        if (memcmp(line + i, "-->", 3) == 0)
            return true;
    return false;
}

static bool is_number(const char *line, size_t length)
{
    const char *at = line, *end = line + length;
    skip_spaces(&at, end);
    const char *from = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    bool some = at > from;
    skip_spaces(&at, end);
    return some && at == end;
}

/* A line that was meant as times: it begins as one. */
static bool looks_like_times(const char *line, size_t length)
{
    const char *at = line, *end = line + length;
    skip_spaces(&at, end);
    int64_t value;
    int digits;
    return read_digits(&at, end, 9, &value, &digits) && at < end && *at == ':';
}

/* --- cues -------------------------------------------------------------------------------------------------------- */

typedef struct cue_parser {
    line_cursor lines;
    bool vtt, has_cue;
    const char *name;
    double start, end;
    text_buffer text;
    transcript *out;
} cue_parser;

static smac_status bad_times(const cue_parser *p, const char *line, size_t length, smac_error *error)
{
    int shown = length > 60 ? 60 : (int)length;
    while (shown > 0 && (size_t)shown < length && ((unsigned char)line[shown] & 0xC0) == 0x80)
        shown--; /* not in the middle of a character */
    return FAIL(error, SMAC_ERROR_FORMAT, "%s, line %zu: found \"%.*s\", expected times like %s", p->name,
        p->lines.number, shown, line, p->vtt ? "00:00:01.000 --> 00:00:02.500" : "00:00:01,000 --> 00:00:02,500");
}

static smac_status finish_cue(cue_parser *p, smac_error *error)
{
    if (p->text.failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", p->name);
    smac_status status = SMAC_OK;
    if (p->has_cue && p->text.data)
        status = transcript_add(p->out, p->start, p->end, p->text.data, p->text.length, error);
    p->has_cue = false;
    p->text.length = 0;
    if (p->text.data)
        p->text.data[0] = 0;
    return status;
}

static smac_status begin_cue(cue_parser *p, const char *line, size_t length, smac_error *error)
{
    TRY(finish_cue(p, error));
    if (!read_span(line, length, &p->start, &p->end))
        return bad_times(p, line, length, error);
    if (p->end < p->start)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s, line %zu: a cue ends at %.3f s, before it starts at %.3f s", p->name,
            p->lines.number, p->end, p->start);
    p->has_cue = true;
    return SMAC_OK;
}

static bool peek(const cue_parser *p, const char **line, size_t *length)
{
    line_cursor ahead = p->lines;
    return next_line(&ahead, line, length);
}

static void skip_block(cue_parser *p)
{
    const char *line;
    size_t length;
    while (next_line(&p->lines, &line, &length) && !is_blank(line, length))
        ;
}

static bool starts_with(const char *line, size_t length, const char *word)
{
    size_t size = strlen(word);
    return length >= size && memcmp(line, word, size) == 0 &&
        (length == size || line[size] == ' ' || line[size] == '\t' || line[size] == ':');
}

static smac_status parse_all(cue_parser *p, smac_error *error)
{
    const char *line, *next;
    size_t length, next_length;
    if (p->vtt) {
        if (!next_line(&p->lines, &line, &length) || !starts_with(line, length, "WEBVTT"))
            return FAIL(error, SMAC_ERROR_FORMAT, "%s, line 1: expected WEBVTT, as every WebVTT file begins", p->name);
        if (!is_blank(line, length))
            skip_block(p);
    }
    bool fresh = true; /* a blank line came before */
    while (next_line(&p->lines, &line, &length)) {
        if (is_blank(line, length)) {
            fresh = true;
            continue;
        }
        bool was_fresh = fresh;
        fresh = false;
        if (has_arrow(line, length)) {
            TRY(begin_cue(p, line, length, error));
            continue;
        }
        if (was_fresh && p->vtt &&
            (starts_with(line, length, "NOTE") || starts_with(line, length, "STYLE") ||
                starts_with(line, length, "REGION"))) {
            skip_block(p);
            fresh = true;
            continue;
        }
        /* The number (or, in WebVTT, any name) of the cue that begins on the next line. */
        bool may_be_name = is_number(line, length) || (p->vtt && was_fresh);
        if (may_be_name && peek(p, &next, &next_length)) {
            bool damaged = !p->vtt && was_fresh && looks_like_times(next, next_length);
            if (has_arrow(next, next_length) || damaged) {
                next_line(&p->lines, &next, &next_length);
                TRY(begin_cue(p, next, next_length, error));
                continue;
            }
        }
        if (!p->has_cue)
            return bad_times(p, line, length, error);
        text_add_char(&p->text, ' ');
        add_without_markup(&p->text, line, length, p->vtt);
    }
    return finish_cue(p, error);
}

smac_status transcript_parse_cues(
    const char *text, size_t length, bool vtt, const char *name, transcript *out, smac_error *error)
{
    cue_parser p = {.lines = {text, length, 0, 0}, .vtt = vtt, .name = name, .out = out};
    smac_status status = parse_all(&p, error);
    text_free(&p.text);
    return status;
}
