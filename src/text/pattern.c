/* text/pattern.c - matching the expressions that published tokenizers use. */
#include "text/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "text/unicode.h"

static const char gpt2_expression[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

static smac_status read_text(const char *text, pattern *out, smac_error *error)
{
    out->kind = PATTERN_TEXT;
    return unicode_points(text, &out->text, &out->length, error);
}

/* + or {n} or {n,} after a class, to the end of the expression; nothing there: one. */
static bool read_quantifier(const char *at, pattern *out)
{
    out->least = out->most = 1;
    if (*at == '\0')
        return true;
    if (strcmp(at, "+") == 0) {
        out->most = 0;
        return true;
    }
    if (*at != '{' || at[1] < '1' || at[1] > '9')
        return false;
    char *end;
    unsigned long n = strtoul(at + 1, &end, 10);
    if (n > 1000)
        return false;
    out->least = out->most = n;
    if (strcmp(end, "}") == 0)
        return true;
    out->most = 0;
    return strcmp(end, ",}") == 0;
}

static smac_status read_expression(const char *e, pattern *out, smac_error *error)
{
    static const struct {
        const char *spelling;
        char name;
    } classes[] = {{"\\s", 's'}, {"\\p{L}", 'L'}, {"\\p{N}", 'N'}, {"[0-9]", '9'}};

    if (strcmp(e, gpt2_expression) == 0) {
        out->kind = PATTERN_GPT2;
        return SMAC_OK;
    }
    if (!strpbrk(e, "\\[](){}.*+?^$|"))
        return read_text(e, out, error);
    out->kind = PATTERN_RUN;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        size_t n = strlen(classes[i].spelling);
        out->class_name = classes[i].name;
        if (strncmp(e, classes[i].spelling, n) == 0 && read_quantifier(e + n, out))
            return SMAC_OK;
    }
    size_t length = strlen(e), at = 0;
    if (length && !strchr("\\[](){}.*+?^$|", *e)) {
        utf8_next(e, length, &at);
        if (read_quantifier(e + at, out)) {
            out->class_name = 'c';
            TRY(unicode_points(e, &out->text, NULL, error));
            return SMAC_OK;
        }
    }
    return FAIL(error, SMAC_ERROR_UNSUPPORTED, "the regular expression \"%.300s\" is not supported", e);
}

smac_status pattern_read(const json_t *value, pattern *out, smac_error *error)
{
    const char *text;
    memset(out, 0, sizeof *out);
    if (json_is_string(value))
        return read_text(json_string_value(value), out, error);
    if (!json_is_object(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"pattern\" is missing or neither a String nor a Regex");
    TRY(json_allow_members(value, "pattern", "String Regex", error));
    TRY(json_get_text(value, "String", false, &text, error));
    if (text)
        return read_text(text, out, error);
    TRY(json_get_text(value, "Regex", true, &text, error));
    return read_expression(text, out, error);
}

void pattern_free(pattern *p)
{
    free(p->text);
    memset(p, 0, sizeof *p);
}

/* What GPT-2's expression asks of a character. */
static char gpt2_class(uint32_t c)
{
    return unicode_is_letter(c) ? 'L' : unicode_is_number(c) ? 'N' : unicode_is_space(c) ? 's' : 'o';
}

size_t pattern_gpt2_length(const aligned_char *items, size_t count, size_t at)
{
    uint32_t c = items[at].code;
    if (c == '\'' && at + 1 < count) {
        uint32_t next = items[at + 1].code, third = at + 2 < count ? items[at + 2].code : 0;
        if (next == 's' || next == 't' || next == 'm' || next == 'd')
            return 2;
        if ((next == 'r' && third == 'e') || (next == 'v' && third == 'e') || (next == 'l' && third == 'l'))
            return 3;
    }
    size_t from = at;
    if (c == ' ' && at + 1 < count && gpt2_class(items[at + 1].code) != 's')
        from++;
    char kind = gpt2_class(items[from].code);
    size_t end = from + 1;
    while (end < count && gpt2_class(items[end].code) == kind)
        end++;
    /* Spaces before something else leave their last one to it. */
    if (kind == 's' && end < count && end - at > 1)
        end--;
    return end - at;
}

static bool in_class(const pattern *p, uint32_t c)
{
    switch (p->class_name) {
    case 's':
        return unicode_is_space(c);
    case 'L':
        return unicode_is_letter(c);
    case 'N':
        return unicode_is_number(c);
    case '9':
        return c >= '0' && c <= '9';
    default:
        return c == p->text[0];
    }
}

bool pattern_next(const pattern *p, const aligned_char *items, size_t count, size_t from, size_t *begin, size_t *length)
{
    if (from >= count)
        return false;
    if (p->kind == PATTERN_GPT2) {
        *begin = from;
        *length = pattern_gpt2_length(items, count, from);
        return true;
    }
    if (p->kind == PATTERN_RUN) {
        for (size_t at = from; at < count; at++) {
            size_t n = 0;
            while (at + n < count && (p->most == 0 || n < p->most) && in_class(p, items[at + n].code))
                n++;
            if (n >= p->least) {
                *begin = at;
                *length = n;
                return true;
            }
            at += n; /* the character after a run that was too short is not of the class */
        }
        return false;
    }
    if (p->length == 0)
        return false;
    for (size_t at = from; at + p->length <= count; at++) {
        size_t n = 0;
        while (n < p->length && items[at + n].code == p->text[n])
            n++;
        if (n == p->length) {
            *begin = at;
            *length = n;
            return true;
        }
    }
    return false;
}
