/* text/pretokenizer.c - splitting normalised text before the model. */
#include "text/pretokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/part.h"
#include "text/unicode.h"

static const part_kind kinds[] = {
    {"BertPreTokenizer", PRETOKENIZER_BERT, ""},
    {"ByteLevel", PRETOKENIZER_BYTE_LEVEL, "add_prefix_space trim_offsets use_regex"},
    {"Metaspace", PRETOKENIZER_METASPACE, "replacement prepend_scheme add_prefix_space split str_rep"},
    {"Whitespace", PRETOKENIZER_WHITESPACE, ""},
    {"WhitespaceSplit", PRETOKENIZER_WHITESPACE_SPLIT, ""},
    {"Punctuation", PRETOKENIZER_PUNCTUATION, "behavior"},
    {"Digits", PRETOKENIZER_DIGITS, "individual_digits"},
    {"Split", PRETOKENIZER_SPLIT, "pattern behavior invert"},
    {"CharDelimiterSplit", PRETOKENIZER_DELIMITER, "delimiter"},
    {NULL, 0, NULL},
};

/*
 * GPT-2's letters for bytes: the printable characters of Latin-1 represent themselves, the other 68 bytes take the code
 * points from U+0100 on in their order.
 */
static bool stands_for_itself(uint32_t c)
{
    return (c >= 0x21 && c <= 0x7E) || (c >= 0xA1 && c <= 0xAC) || (c >= 0xAE && c <= 0xFF);
}

uint32_t byte_level_char(unsigned char byte)
{
    if (stands_for_itself(byte))
        return byte;
    if (byte <= 0x20)
        return 0x100u + byte;
    if (byte == 0xAD)
        return 0x143;
    return 0x121u + (byte - 0x7Fu); /* 0x7F..0xA0 */
}

int byte_level_byte(uint32_t code)
{
    if (code < 0x100)
        return stands_for_itself(code) ? (int)code : -1;
    if (code <= 0x120)
        return (int)(code - 0x100);
    if (code < 0x143)
        return (int)(code - 0x121 + 0x7F);
    return code == 0x143 ? 0xAD : -1;
}

static smac_status read_character(
    const json_t *value, const char *name, const char *otherwise, uint32_t *out, smac_error *error)
{
    const char *text;
    TRY(json_get_text(value, name, otherwise == NULL, &text, error));
    if (!text)
        text = otherwise;
    size_t at = 0, length = strlen(text);
    if (length == 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" is empty, it should be one character", name);
    *out = utf8_next(text, length, &at);
    if (at != length)
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" is \"%.40s\", it should be one character", name, text);
    return SMAC_OK;
}

smac_status metaspace_read(
    const json_t *value, uint32_t *replacement, prepend_scheme *prepend, bool *split, smac_error *error)
{
    static const char *const names[] = {"always", "first", "never"};
    const char *scheme;
    bool add;
    TRY(read_character(value, "replacement", "\xE2\x96\x81", replacement, error));
    TRY(json_get_bool(value, "split", true, split, error));
    TRY(json_get_bool(value, "add_prefix_space", true, &add, error));
    TRY(json_get_text(value, "prepend_scheme", false, &scheme, error));
    *prepend = add ? PREPEND_ALWAYS : PREPEND_NEVER;
    for (int i = 0; scheme && i < 3; i++)
        if (strcmp(scheme, names[i]) == 0) {
            *prepend = (prepend_scheme)i;
            return SMAC_OK;
        }
    if (scheme)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "the prepend_scheme \"%.80s\" is not supported", scheme);
    return SMAC_OK;
}

static smac_status read_behavior(const json_t *value, split_behavior *out, smac_error *error)
{
    static const char *const names[] = {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"};
    const char *text;
    TRY(json_get_text(value, "behavior", false, &text, error));
    *out = SPLIT_ISOLATED;
    for (int i = 0; text && i < 5; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (split_behavior)i;
            return SMAC_OK;
        }
    return text ? FAIL(error, SMAC_ERROR_UNSUPPORTED, "the behavior \"%.80s\" is not supported", text) : SMAC_OK;
}

static smac_status read_step(const json_t *value, pretokenizer_step *s, smac_error *error)
{
    switch (s->kind) {
    case PRETOKENIZER_BYTE_LEVEL:
        TRY(json_get_bool(value, "add_prefix_space", true, &s->add_prefix_space, error));
        return json_get_bool(value, "use_regex", true, &s->use_regex, error);
    case PRETOKENIZER_METASPACE:
        return metaspace_read(value, &s->replacement, &s->prepend, &s->split, error);
    case PRETOKENIZER_PUNCTUATION:
        return read_behavior(value, &s->behavior, error);
    case PRETOKENIZER_DIGITS:
        return json_get_bool(value, "individual_digits", false, &s->individual, error);
    case PRETOKENIZER_SPLIT:
        TRY(pattern_read(json_object_get(value, "pattern"), &s->find, error));
        TRY(read_behavior(value, &s->behavior, error));
        return json_get_bool(value, "invert", false, &s->invert, error);
    case PRETOKENIZER_DELIMITER:
        return read_character(value, "delimiter", NULL, &s->replacement, error);
    default:
        return SMAC_OK;
    }
}

static smac_status add_step(void *user, int kind, const json_t *value, smac_error *error)
{
    pretokenizer *out = user;
    if (!memory_grow((void **)&out->steps, &out->capacity, out->count + 1, sizeof *out->steps))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a step");
    pretokenizer_step *step = &out->steps[out->count++];
    *step = (pretokenizer_step){.kind = (pretokenizer_kind)kind};
    return read_step(value, step, error);
}

smac_status pretokenizer_read(const json_t *value, pretokenizer *out, smac_error *error)
{
    static const part_format format = {"pre_tokenizer", "pretokenizers", kinds, add_step};
    return part_read(&format, value, out, error);
}

void pretokenizer_free(pretokenizer *p)
{
    for (size_t i = 0; i < p->count; i++)
        pattern_free(&p->steps[i].find);
    free(p->steps);
    *p = (pretokenizer){0};
}

/* Single characters as delimiters, chosen by a test. */
static void split_by(const aligned_char *items, size_t begin, size_t count, bool (*test)(uint32_t),
    split_behavior behavior, segment_list *out)
{
    splitter s = splitter_start(out, behavior);
    size_t at = begin, end = begin + count;
    while (at < end) {
        size_t from = at;
        while (at < end && !test(items[at].code))
            at++;
        splitter_piece(&s, from, at - from, false);
        if (at < end)
            splitter_piece(&s, at++, 1, true);
    }
    splitter_finish(&s);
}

/* White space away, each punctuation mark alone. */
static void split_bert(const aligned_char *items, size_t begin, size_t count, segment_list *out)
{
    size_t from = begin, end = begin + count;
    for (size_t at = begin; at < end; at++) {
        bool space = unicode_is_space(items[at].code);
        if (!space && !unicode_is_punctuation(items[at].code))
            continue;
        segment_add(out, from, at - from, -1);
        if (!space)
            segment_add(out, at, 1, -1);
        from = at + 1;
    }
    segment_add(out, from, end - from, -1);
}

/* Runs of word characters and runs of what is neither that nor white space. */
static void split_words(const aligned_char *items, size_t begin, size_t count, segment_list *out)
{
    size_t at = begin, end = begin + count;
    while (at < end) {
        if (unicode_is_space(items[at].code)) {
            at++;
            continue;
        }
        bool word = unicode_is_word(items[at].code);
        size_t from = at++;
        while (at < end && unicode_is_word(items[at].code) == word && !unicode_is_space(items[at].code))
            at++;
        segment_add(out, from, at - from, -1);
    }
}

static void split_pattern(
    const pretokenizer_step *s, const aligned_char *items, size_t begin, size_t count, segment_list *out)
{
    splitter p = splitter_start(out, s->behavior);
    size_t at = 0, from, length;
    while (pattern_next(&s->find, items + begin, count, at, &from, &length)) {
        splitter_piece(&p, begin + at, from - at, s->invert);
        splitter_piece(&p, begin + from, length, !s->invert);
        at = from + length;
    }
    splitter_piece(&p, begin + at, count - at, s->invert);
    splitter_finish(&p);
}

static void split_delimiter(uint32_t delimiter, split_behavior behavior, const aligned_char *items, size_t begin,
    size_t count, segment_list *out)
{
    splitter p = splitter_start(out, behavior);
    size_t from = begin, end = begin + count;
    for (size_t at = begin; at < end; at++) {
        if (items[at].code != delimiter)
            continue;
        splitter_piece(&p, from, at - from, false);
        splitter_piece(&p, at, 1, true);
        from = at + 1;
    }
    splitter_piece(&p, from, end - from, false);
    splitter_finish(&p);
}

/* ByteLevel: each character to the letters of its bytes, all of them from the same place of the text. */
static void byte_level(const pretokenizer_step *s, segmented *t, const segment *g)
{
    const aligned_char *items = t->text.items + g->begin;
    aligned_text *out = &t->next_text;
    size_t at = 0;
    aligned_char space = {' ', items[0].start, items[0].end};
    bool prefix = s->add_prefix_space && items[0].code != ' ';
    /* The prefix joins the first piece, unless that begins with white space. */
    while (at < g->count || prefix) {
        size_t length, begin = out->count;
        if (!s->use_regex)
            length = g->count;
        else if (prefix && unicode_is_space(items[0].code)) {
            /* " " before white space: the expression takes all of it but the last, or all at the end. */
            size_t run = 0;
            while (run < g->count && unicode_is_space(items[run].code))
                run++;
            length = run < g->count ? run - 1 : run;
        } else if (prefix && items[0].code == '\'') {
            /* " '" is a sign after a space: no contraction. */
            length = 1;
            while (length < g->count && !unicode_is_space(items[length].code) &&
                !unicode_is_letter(items[length].code) && !unicode_is_number(items[length].code))
                length++;
        } else
            length = pattern_gpt2_length(items, g->count, at);
        if (prefix)
            aligned_add(out, byte_level_char(' '), space.start, space.end);
        prefix = false;
        for (size_t i = at; i < at + length; i++) {
            char bytes[4];
            int n = utf8_put(items[i].code, bytes);
            for (int k = 0; k < n; k++)
                aligned_add(out, byte_level_char((unsigned char)bytes[k]), items[i].start, items[i].end);
        }
        segment_add(&t->next_segments, begin, out->count - begin, -1);
        at += length;
    }
}

static void metaspace(const pretokenizer_step *s, segmented *t, const segment *g)
{
    const aligned_char *items = t->text.items + g->begin;
    aligned_text *out = &t->next_text;
    size_t begin = out->count;
    bool has = items[0].code == ' ' || items[0].code == s->replacement;
    if (!has && (s->prepend == PREPEND_ALWAYS || (s->prepend == PREPEND_FIRST && items[0].start == 0)))
        aligned_add(out, s->replacement, items[0].start, items[0].end);
    for (size_t i = 0; i < g->count; i++)
        aligned_add(out, items[i].code == ' ' ? s->replacement : items[i].code, items[i].start, items[i].end);
    if (out->failed)
        return;
    if (s->split)
        split_delimiter(
            s->replacement, SPLIT_MERGED_WITH_NEXT, out->items, begin, out->count - begin, &t->next_segments);
    else
        segment_add(&t->next_segments, begin, out->count - begin, -1);
}

smac_status pretokenizer_apply(const pretokenizer *p, segmented *t, smac_error *error)
{
    for (size_t i = 0; i < p->count; i++) {
        const pretokenizer_step *s = &p->steps[i];
        bool rewrites = s->kind == PRETOKENIZER_BYTE_LEVEL || s->kind == PRETOKENIZER_METASPACE;
        for (size_t k = 0; k < t->segments.count && !t->next_segments.failed && !t->next_text.failed; k++) {
            const segment *g = &t->segments.items[k];
            const aligned_char *items = t->text.items;
            segment_list *out = &t->next_segments;
            if (g->token >= 0) {
                size_t begin = g->begin;
                if (rewrites) {
                    begin = t->next_text.count;
                    aligned_add_all(&t->next_text, items + g->begin, g->count);
                }
                segment_add(out, begin, g->count, g->token);
                continue;
            }
            switch (s->kind) {
            case PRETOKENIZER_BERT:
                split_bert(items, g->begin, g->count, out);
                break;
            case PRETOKENIZER_BYTE_LEVEL:
                byte_level(s, t, g);
                break;
            case PRETOKENIZER_METASPACE:
                metaspace(s, t, g);
                break;
            case PRETOKENIZER_WHITESPACE:
                split_words(items, g->begin, g->count, out);
                break;
            case PRETOKENIZER_WHITESPACE_SPLIT:
                split_by(items, g->begin, g->count, unicode_is_space, SPLIT_REMOVED, out);
                break;
            case PRETOKENIZER_PUNCTUATION:
                split_by(items, g->begin, g->count, unicode_is_punctuation, s->behavior, out);
                break;
            case PRETOKENIZER_DIGITS:
                split_by(items, g->begin, g->count, unicode_is_numeric,
                    s->individual ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS, out);
                break;
            case PRETOKENIZER_SPLIT:
                split_pattern(s, items, g->begin, g->count, out);
                break;
            case PRETOKENIZER_DELIMITER:
                split_delimiter(s->replacement, SPLIT_REMOVED, items, g->begin, g->count, out);
                break;
            }
        }
        segmented_swap(t, rewrites);
        TRY(segmented_check(t, error));
    }
    return SMAC_OK;
}
