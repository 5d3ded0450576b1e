/* text/normalizer.c - normalisers: BERT's, the Unicode forms, lower case, accents, replacements, character maps. */
#include "text/normalizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/memory.h"
#include "text/part.h"
#include "text/unicode.h"

static const part_kind kinds[] = {
    {"BertNormalizer", NORMALIZER_BERT, "clean_text handle_chinese_chars strip_accents lowercase"},
    {"NFC", NORMALIZER_NFC, ""},
    {"NFD", NORMALIZER_NFD, ""},
    {"NFKC", NORMALIZER_NFKC, ""},
    {"NFKD", NORMALIZER_NFKD, ""},
    {"Lowercase", NORMALIZER_LOWERCASE, ""},
    {"StripAccents", NORMALIZER_STRIP_ACCENTS, ""},
    {"Strip", NORMALIZER_STRIP, "strip_left strip_right"},
    {"Replace", NORMALIZER_REPLACE, "pattern content"},
    {"Prepend", NORMALIZER_PREPEND, "prepend"},
    {"Nmt", NORMALIZER_NMT, ""},
    {"Precompiled", NORMALIZER_PRECOMPILED, "precompiled_charsmap"},
    {NULL, 0, NULL},
};

static smac_status read_step(const json_t *value, normalizer_step *s, smac_error *error)
{
    const char *text;
    switch (s->kind) {
    case NORMALIZER_BERT:
        TRY(json_get_bool(value, "clean_text", true, &s->clean_text, error));
        TRY(json_get_bool(value, "handle_chinese_chars", true, &s->chinese, error));
        TRY(json_get_bool(value, "lowercase", true, &s->lowercase, error));
        return json_get_bool(value, "strip_accents", s->lowercase, &s->accents, error);
    case NORMALIZER_STRIP:
        TRY(json_get_bool(value, "strip_left", true, &s->left, error));
        return json_get_bool(value, "strip_right", true, &s->right, error);
    case NORMALIZER_REPLACE:
        TRY(pattern_read(json_object_get(value, "pattern"), &s->find, error));
        TRY(json_get_text(value, "content", true, &text, error));
        return unicode_points(text, &s->content, &s->content_length, error);
    case NORMALIZER_PREPEND:
        TRY(json_get_text(value, "prepend", true, &text, error));
        return unicode_points(text, &s->content, &s->content_length, error);
    case NORMALIZER_PRECOMPILED: {
        unsigned char *bytes = NULL;
        size_t size = 0;
        TRY(json_get_text(value, "precompiled_charsmap", false, &text, error));
        TRY(base64_read(text ? text : "", &bytes, &size, error));
        smac_status status = precompiled_read(bytes, size, &s->map, error);
        free(bytes);
        return status;
    }
    default:
        return SMAC_OK;
    }
}

static smac_status add_step(void *user, int kind, const json_t *value, smac_error *error)
{
    normalizer *out = user;
    if (!memory_grow((void **)&out->steps, &out->capacity, out->count + 1, sizeof *out->steps))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a step");
    normalizer_step *step = &out->steps[out->count++];
    *step = (normalizer_step){.kind = (normalizer_kind)kind};
    return read_step(value, step, error);
}

smac_status normalizer_read(const json_t *value, normalizer *out, smac_error *error)
{
    static const part_format format = {"normalizer", "normalizers", kinds, add_step};
    return part_read(&format, value, out, error);
}

void normalizer_free(normalizer *n)
{
    for (size_t i = 0; i < n->count; i++) {
        pattern_free(&n->steps[i].find);
        free(n->steps[i].content);
        precompiled_free(n->steps[i].map);
    }
    free(n->steps);
    *n = (normalizer){0};
}

static bool is_ascii(const aligned_text *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].code >= 0x80)
            return false;
    return true;
}

/* Full decomposition with the canonical order of marks (Unicode, section 3.11). */
static void decompose(const aligned_text *in, aligned_text *out, bool compatible)
{
    for (size_t i = 0; i < in->count; i++) {
        uint32_t points[UNICODE_DECOMPOSED];
        int n = unicode_decompose(in->items[i].code, compatible, points);
        for (int k = 0; k < n; k++)
            aligned_add(out, points[k], in->items[i].start, in->items[i].end);
    }
    if (out->failed)
        return;
    for (size_t i = 0; i < out->count;) {
        /* A run of marks, sorted by class, equal ones in their order: insertion from the left. */
        if (unicode_combining_class(out->items[i].code) == 0) {
            i++;
            continue;
        }
        size_t end = i + 1;
        bool sorted = true;
        while (end < out->count) {
            int class = unicode_combining_class(out->items[end].code);
            if (class == 0)
                break;
            sorted = sorted && unicode_combining_class(out->items[end - 1].code) <= class;
            end++;
        }
        if (!sorted) {
            /* Counting by class keeps long runs linear; there are at most 255 classes. */
            aligned_text order = {0};
            for (int class = 1; class < 256; class ++)
                for (size_t k = i; k < end; k++)
                    if (unicode_combining_class(out->items[k].code) == class)
                        aligned_add(&order, out->items[k].code, out->items[k].start, out->items[k].end);
            if (order.failed || order.count != end - i)
                out->failed = true;
            else
                memcpy(out->items + i, order.items, order.count * sizeof *order.items);
            aligned_free(&order);
        }
        i = end;
    }
}

/* Canonical composition in place; a composed character spans all it is made of. */
static void compose(aligned_text *t)
{
    size_t written = 0, starter = SIZE_MAX;
    int last_class = -1; /* class of the character before, -1: directly after the starter */
    for (size_t i = 0; i < t->count; i++) {
        aligned_char c = t->items[i];
        int class = unicode_combining_class(c.code);
        if (starter != SIZE_MAX && (last_class == -1 || (last_class < class && last_class != 0))) {
            uint32_t composed = unicode_compose(t->items[starter].code, c.code);
            if (composed) {
                aligned_char *s = &t->items[starter];
                s->code = composed;
                s->start = c.start < s->start ? c.start : s->start;
                s->end = c.end > s->end ? c.end : s->end;
                continue;
            }
        }
        if (class == 0) {
            starter = written;
            last_class = -1;
        } else
            last_class = class;
        t->items[written++] = c;
    }
    t->count = written;
}

static void lowercase(const aligned_text *in, aligned_text *out)
{
    for (size_t i = 0; i < in->count; i++) {
        uint32_t points[2];
        int n = unicode_lower(in->items[i].code, points);
        for (int k = 0; k < n; k++)
            aligned_add(out, points[k], in->items[i].start, in->items[i].end);
    }
}

static void swap(aligned_text *a, aligned_text *b)
{
    aligned_text t = *a;
    *a = *b;
    *b = t;
    b->count = 0;
}

/* BERT's: each wish in the order clean, Chinese, accents, lower case. */
static void apply_bert(const normalizer_step *s, aligned_text *text, aligned_text *scratch)
{
    if (s->clean_text) {
        size_t written = 0;
        for (size_t i = 0; i < text->count; i++) {
            aligned_char c = text->items[i];
            if (c.code == 0 || c.code == 0xFFFD || unicode_is_other(c.code))
                continue;
            if (unicode_is_space(c.code))
                c.code = ' ';
            text->items[written++] = c;
        }
        text->count = written;
    }
    bool plain = is_ascii(text);
    if (s->chinese && !plain) {
        for (size_t i = 0; i < text->count; i++) {
            aligned_char c = text->items[i];
            bool chinese = unicode_is_chinese(c.code);
            if (chinese)
                aligned_add(scratch, ' ', c.start, c.end);
            aligned_add(scratch, c.code, c.start, c.end);
            if (chinese)
                aligned_add(scratch, ' ', c.start, c.end);
        }
        swap(text, scratch);
    }
    if (s->accents && !plain) {
        decompose(text, scratch, false);
        swap(text, scratch);
        size_t written = 0;
        for (size_t i = 0; i < text->count; i++)
            if (!unicode_is_nonspacing(text->items[i].code))
                text->items[written++] = text->items[i];
        text->count = written;
    }
    if (s->lowercase) {
        lowercase(text, scratch);
        swap(text, scratch);
    }
}

static void apply_strip(const normalizer_step *s, aligned_text *text)
{
    size_t begin = 0, end = text->count;
    while (s->left && begin < end && unicode_is_space(text->items[begin].code))
        begin++;
    while (s->right && end > begin && unicode_is_space(text->items[end - 1].code))
        end--;
    if (begin)
        memmove(text->items, text->items + begin, (end - begin) * sizeof *text->items);
    text->count = end - begin;
}

static void apply_replace(const normalizer_step *s, aligned_text *text, aligned_text *scratch)
{
    size_t at = 0, begin, length;
    if (!pattern_next(&s->find, text->items, text->count, 0, &begin, &length))
        return;
    do {
        aligned_add_all(scratch, text->items + at, begin - at);
        for (size_t i = 0; i < s->content_length; i++)
            aligned_add(scratch, s->content[i], text->items[begin].start, text->items[begin + length - 1].end);
        at = begin + length;
    } while (!scratch->failed && pattern_next(&s->find, text->items, text->count, at, &begin, &length));
    aligned_add_all(scratch, text->items + at, text->count - at);
    swap(text, scratch);
}

static void apply_prepend(const normalizer_step *s, aligned_text *text, aligned_text *scratch)
{
    if (text->count == 0)
        return;
    for (size_t i = 0; i < s->content_length; i++)
        aligned_add(scratch, s->content[i], text->items[0].start, text->items[0].end);
    aligned_add_all(scratch, text->items, text->count);
    swap(text, scratch);
}

/* sentencepiece's "nmt" rules: controls away, what counts as a space to a space. */
static void apply_nmt(aligned_text *text)
{
    size_t written = 0;
    for (size_t i = 0; i < text->count; i++) {
        aligned_char c = text->items[i];
        uint32_t x = c.code;
        if ((x >= 1 && x <= 8) || x == 0x0B || (x >= 0x0E && x <= 0x1F) || x == 0x7F || x == 0x8F || x == 0x9F)
            continue;
        if (x == 0x09 || x == 0x0A || x == 0x0C || x == 0x0D || x == 0x1680 || (x >= 0x200B && x <= 0x200F) ||
            x == 0x2028 || x == 0x2029 || x == 0x2581 || x == 0xFEFF || x == 0xFFFD)
            c.code = ' ';
        text->items[written++] = c;
    }
    text->count = written;
}

static void apply_step(const normalizer_step *s, aligned_text *text, aligned_text *scratch)
{
    size_t written = 0;
    switch (s->kind) {
    case NORMALIZER_BERT:
        apply_bert(s, text, scratch);
        break;
    case NORMALIZER_NFC:
    case NORMALIZER_NFD:
    case NORMALIZER_NFKC:
    case NORMALIZER_NFKD:
        if (is_ascii(text))
            break;
        decompose(text, scratch, s->kind == NORMALIZER_NFKC || s->kind == NORMALIZER_NFKD);
        swap(text, scratch);
        if (s->kind == NORMALIZER_NFC || s->kind == NORMALIZER_NFKC)
            compose(text);
        break;
    case NORMALIZER_LOWERCASE:
        lowercase(text, scratch);
        swap(text, scratch);
        break;
    case NORMALIZER_STRIP_ACCENTS:
        for (size_t i = 0; i < text->count; i++)
            if (!unicode_is_mark(text->items[i].code))
                text->items[written++] = text->items[i];
        text->count = written;
        break;
    case NORMALIZER_STRIP:
        apply_strip(s, text);
        break;
    case NORMALIZER_REPLACE:
        apply_replace(s, text, scratch);
        break;
    case NORMALIZER_PREPEND:
        apply_prepend(s, text, scratch);
        break;
    case NORMALIZER_NMT:
        apply_nmt(text);
        break;
    case NORMALIZER_PRECOMPILED:
        precompiled_apply(s->map, text, scratch);
        swap(text, scratch);
        break;
    }
}

/* The most characters that a text may become: replacements that repeat what others look for could ask for any number. */
static size_t most_characters(size_t count)
{
    enum { AT_LEAST = 1 << 16, TIMES = 64 };
    return count < SIZE_MAX / TIMES && count * TIMES > AT_LEAST ? count * TIMES : AT_LEAST;
}

smac_status normalizer_apply(const normalizer *n, aligned_text *text, aligned_text *scratch, smac_error *error)
{
    size_t most = most_characters(text->count);
    for (size_t i = 0; i < n->count; i++) {
        scratch->count = 0;
        apply_step(&n->steps[i], text, scratch);
        if (text->failed || scratch->failed)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory to normalise a text of %zu characters", text->count);
        if (text->count > most)
            return FAIL(error, SMAC_ERROR_UNSUPPORTED,
                "the normalizer makes %zu characters of a text, more than the %zu that are allowed for its length",
                text->count, most);
    }
    return SMAC_OK;
}
