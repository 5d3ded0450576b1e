/* media/transcript_cues.c - SubRip (.srt) and WebVTT (.vtt). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
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

bool cue_time_read(const char **at, const char *end, double *seconds, bool *is_full)
{
    int64_t parts[3], fraction = 0;
    int count = 0, digits = 0;
    bool negative = *at < end && **at == '-';
    *at += negative;
    do {
        if (!read_digits(at, end, 9, &parts[count], &digits))
            return false;
        count++;
    } while (count < 3 && *at < end && **at == ':' && ++*at);
    if (count < 2)
        return false;
    int64_t second = parts[count - 1], minute = parts[count - 2], hour = count == 3 ? parts[0] : 0;
    double scale = 1;
    bool has_fraction = *at < end && (**at == ',' || **at == '.');
    if (has_fraction) {
        ++*at;
        if (!read_digits(at, end, 9, &fraction, &digits))
            return false;
        scale = pow(10.0, digits);
    }
    /* Some programs round up and print 1000 milliseconds, 60 seconds or 60 minutes. */
    bool full_second = has_fraction && digits == 4 && fraction == 1000, full_minute = second == 60 && fraction == 0;
    bool full_hour = minute == 60 && second == 0 && count == 3;
    if ((second >= 60 && !full_minute) || (minute >= 60 && count == 3 && !full_hour))
        return false;
    *is_full = *is_full || full_second || full_minute || full_hour;
    *seconds = (double)(hour * 3600 + minute * 60 + second) + (full_second ? 1 : (double)fraction / scale);
    if (negative)
        *seconds = -*seconds;
    return true;
}

static void skip_spaces(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
}

/* Skip an arrow.  0: none; 1: "-->"; 2: a similar one ("->", "--->", "- ->", with longer dashes). */
static int skip_arrow(const char **at, const char *end)
{
    static const char *const dashes[] = {"-", "\xE2\x80\x93", "\xE2\x80\x94", " "};
    const char *from = *at, *now = *at;
    int count = 0;
    for (bool found = true; found;) {
        found = false;
        for (int i = 0; i < 4; i++) {
            size_t size = strlen(dashes[i]);
            if ((size_t)(end - now) >= size && memcmp(now, dashes[i], size) == 0) {
                now += size;
                count += i < 3;
                found = true;
            }
        }
    }
    if (count == 0 || now == end || *now != '>')
        return 0;
    *at = now + 1;
    return *at - from == 3 && count == 2 ? 1 : 2;
}

/* Whether the rest of the line is settings ("X1:10 X2:20", "line:0 position:20%,line-left"), not words. */
static bool are_settings(const char *at, const char *end)
{
    for (;;) {
        skip_spaces(&at, end);
        if (at == end)
            return true;
        const char *from = at;
        bool has_colon = false;
        for (; at < end && *at != ' ' && *at != '\t'; at++)
            has_colon = has_colon || (*at == ':' && at > from);
        if (!has_colon)
            return false;
    }
}

typedef struct cue_span {
    double start, end;
    bool is_full, is_other_arrow;
    bool is_exact; /* both times have hours or a fraction, unlike "5:30" in a text */
} cue_span;

static bool is_exact_time(const char *from, const char *to)
{
    int colons = 0;
    bool fraction = false;
    for (; from < to; from++) {
        colons += *from == ':';
        fraction = fraction || *from == '.' || *from == ',';
    }
    return fraction || colons == 2;
}

static bool read_span(const char *line, size_t length, cue_span *out)
{
    const char *at = line, *end = line + length;
    *out = (cue_span){0};
    skip_spaces(&at, end);
    const char *from = at;
    if (!cue_time_read(&at, end, &out->start, &out->is_full))
        return false;
    out->is_exact = is_exact_time(from, at);
    skip_spaces(&at, end);
    int arrow = skip_arrow(&at, end);
    out->is_other_arrow = arrow == 2;
    skip_spaces(&at, end);
    from = at;
    if (!arrow || !cue_time_read(&at, end, &out->end, &out->is_full))
        return false;
    out->is_exact = out->is_exact && is_exact_time(from, at);
    return (at == end || *at == ' ' || *at == '\t') && are_settings(at, end);
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

/*
 * Whether an unreadable line was meant as times: where times are expected it begins with hours:minutes:seconds, or with
 * minutes:seconds and an arrow; elsewhere it has both.
 */
static bool looks_like_times(const char *line, size_t length, bool expected)
{
    const char *at = line, *end = line + length;
    int64_t value;
    int digits;
    skip_spaces(&at, end);
    if (!read_digits(&at, end, 9, &value, &digits) || at == end || *at != ':')
        return false;
    bool has_arrow = false, has_hours = false;
    for (const char *c = at + 1; c < end; c++) {
        has_arrow = has_arrow || (c[0] == '>' && c[-1] == '-');
        has_hours = has_hours || (*c == ':' && c - at <= 3);
    }
    return expected ? has_arrow || has_hours : has_arrow && has_hours;
}

/* --- cues -------------------------------------------------------------------------------------------------------- */

typedef struct cue_parser {
    line_cursor lines;
    bool vtt, has_cue;
    const char *name;
    cue_span span;
    text_buffer text;
    transcript *out;
    repairs repairs;
    const char *stray; /* the first line without times */
    size_t stray_length, stray_number, cues;
    bool after_number; /* the previous line was the first of its block and a number */
} cue_parser;

static smac_status bad_times(const cue_parser *p, const char *line, size_t length, size_t number, smac_error *error)
{
    int shown = (int)utf8_cut(line, length, 60);
    return FAIL(error, SMAC_ERROR_FORMAT, "%s, line %zu: found \"%.*s\", expected times like %s", p->name, number,
        shown, line, p->vtt ? "00:00:01.000 --> 00:00:02.500" : "00:00:01,000 --> 00:00:02,500");
}

static smac_status finish_cue(cue_parser *p, smac_error *error)
{
    if (p->text.failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", p->name);
    smac_status status = SMAC_OK;
    if (p->has_cue && p->text.data)
        status = transcript_add(p->out, p->span.start, p->span.end, p->text.data, p->text.length, error);
    p->has_cue = false;
    p->text.length = 0;
    if (p->text.data)
        p->text.data[0] = 0;
    return status;
}

static smac_status begin_cue(cue_parser *p, const cue_span *span, smac_error *error)
{
    size_t line = p->lines.number;
    TRY(finish_cue(p, error));
    p->span = *span;
    p->has_cue = true;
    p->cues++;
    if (span->is_full)
        repairs_note(&p->repairs, REPAIR_FULL, line);
    if (span->is_other_arrow)
        repairs_note(&p->repairs, REPAIR_ARROW, line);
    if (span->end < span->start)
        repairs_note(&p->repairs, REPAIR_END, line);
    else if (span->start < 0)
        repairs_note(&p->repairs, span->end > 0 ? REPAIR_NEGATIVE : REPAIR_BEFORE, line);
    return SMAC_OK;
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

static bool next_is_span(const cue_parser *p, bool exact)
{
    line_cursor ahead = p->lines;
    const char *line;
    size_t length;
    cue_span span;
    return next_line(&ahead, &line, &length) && read_span(line, length, &span) &&
        (!exact || (span.is_exact && !span.is_other_arrow));
}

/* The lines after "WEBVTT" until a blank one or the first cue. */
static smac_status read_header(cue_parser *p, smac_error *error)
{
    const char *line;
    size_t length;
    while (!next_is_span(p, false) && next_line(&p->lines, &line, &length) && !is_blank(line, length)) {
        size_t from = strlen("Language:"), to = length;
        if (length < from || memcmp(line, "Language:", from) != 0 || p->out->language)
            continue;
        while (from < to && (line[from] == ' ' || line[from] == '\t'))
            from++;
        while (to > from && (line[to - 1] == ' ' || line[to - 1] == '\t'))
            to--;
        char *language = to > from ? memory_new(to - from + 1, 1) : NULL;
        if (to > from && !language)
            return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", p->name);
        if (language)
            memcpy(language, line + from, to - from);
        p->out->language = language;
    }
    return SMAC_OK;
}

/* Detect the format by WEBVTT in the first line, and skip the header. */
static smac_status begin_file(cue_parser *p, smac_error *error)
{
    line_cursor ahead = p->lines;
    const char *line;
    size_t length;
    bool some = next_line(&ahead, &line, &length);
    bool has_header = some && starts_with(line, length, "WEBVTT");
    if (p->vtt && !has_header) {
        bool is_cues = false;
        for (line_cursor at = p->lines; !is_cues && next_line(&at, &line, &length);) {
            cue_span span;
            is_cues = read_span(line, length, &span);
            if (!is_cues && !is_blank(line, length) && !is_number(line, length))
                break;
        }
        if (!is_cues)
            return FAIL(error, SMAC_ERROR_FORMAT, "%s, line 1: expected WEBVTT, as every WebVTT file begins", p->name);
    }
    if (p->vtt != has_header && some)
        repairs_note(&p->repairs, REPAIR_HEADER, 1);
    p->vtt = has_header;
    if (!has_header)
        return SMAC_OK;
    next_line(&p->lines, &line, &length);
    return read_header(p, error);
}

/* Process a line that is not blank; fresh: it is the first of its block. */
static smac_status take_line(cue_parser *p, const char *line, size_t length, bool *fresh, smac_error *error)
{
    cue_span span;
    bool was_fresh = *fresh;
    *fresh = false;
    bool is_note = was_fresh && p->vtt &&
        (starts_with(line, length, "NOTE") || starts_with(line, length, "STYLE") ||
            starts_with(line, length, "REGION"));
    if (is_note && !next_is_span(p, false)) {
        skip_block(p);
        *fresh = true;
        return SMAC_OK;
    }
    bool expected = !p->has_cue || was_fresh || p->after_number; /* a time line may come here */
    if (read_span(line, length, &span) && (expected || (span.is_exact && !span.is_other_arrow)))
        return begin_cue(p, &span, error);
    /* The number (in WebVTT any name) of the cue that begins on the next line. */
    if ((is_number(line, length) || (p->vtt && was_fresh)) && next_is_span(p, !was_fresh))
        return SMAC_OK;
    if (looks_like_times(line, length, expected))
        return bad_times(p, line, length, p->lines.number, error);
    if (!p->has_cue) {
        if (!p->stray) {
            p->stray = line;
            p->stray_length = length;
            p->stray_number = p->lines.number;
        }
        if (!is_number(line, length))
            repairs_note(&p->repairs, REPAIR_STRAY, p->lines.number);
        return SMAC_OK;
    }
    text_add_char(&p->text, ' ');
    add_without_markup(&p->text, line, length, p->vtt);
    return SMAC_OK;
}

static smac_status parse_all_cues(cue_parser *p, smac_error *error)
{
    const char *line;
    size_t length;
    TRY(begin_file(p, error));
    bool fresh = true; /* after a blank line */
    while (next_line(&p->lines, &line, &length)) {
        if (is_blank(line, length)) {
            fresh = true;
            p->after_number = false;
            continue;
        }
        bool was_fresh = fresh;
        TRY(take_line(p, line, length, &fresh, error));
        p->after_number = was_fresh && is_number(line, length);
    }
    if (p->cues == 0 && p->stray)
        return bad_times(p, p->stray, p->stray_length, p->stray_number, error);
    return finish_cue(p, error);
}

smac_status transcript_parse_cues(const transcript_source *text, bool vtt, transcript *out, smac_error *error)
{
    cue_parser p = {.lines = {text->data, text->size, 0, 0}, .vtt = vtt, .name = text->name, .out = out};
    smac_status status = parse_all_cues(&p, error);
    text_free(&p.text);
    if (status != SMAC_OK)
        return status;
    transcript_complete_times(out, NULL);
    repairs_tell(&p.repairs, "line", out);
    transcript_sort(out);
    transcript_unroll(out);
    return SMAC_OK;
}
