/* text/decoder.c - tokens to text. */
#include "text/decoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/part.h"
#include "text/unicode.h"

static const part_kind kinds[] = {
    {"ByteLevel", DECODER_BYTE_LEVEL, "add_prefix_space trim_offsets use_regex"},
    {"WordPiece", DECODER_WORDPIECE, "prefix cleanup"},
    {"Metaspace", DECODER_METASPACE, "replacement prepend_scheme add_prefix_space split str_rep"},
    {"BPEDecoder", DECODER_BPE, "suffix"},
    {"ByteFallback", DECODER_BYTE_FALLBACK, ""},
    {"Fuse", DECODER_FUSE, ""},
    {"Strip", DECODER_STRIP, "content start stop"},
    {"Replace", DECODER_REPLACE, "pattern content"},
    {NULL, 0, NULL},
};

static smac_status read_copy(
    const json_t *value, const char *name, const char *otherwise, char **out, smac_error *error)
{
    const char *text;
    TRY(json_get_text(value, name, otherwise == NULL, &text, error));
    *out = memory_copy_text(text ? text : otherwise);
    return *out ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a decoder");
}

static smac_status read_step(const json_t *value, decoder_step *s, smac_error *error)
{
    int64_t start, stop;
    bool split;
    switch (s->kind) {
    case DECODER_WORDPIECE:
        TRY(read_copy(value, "prefix", "##", &s->text, error));
        return json_get_bool(value, "cleanup", true, &s->cleanup, error);
    case DECODER_METASPACE:
        return metaspace_read(value, &s->replacement, &s->prepend, &split, error);
    case DECODER_BPE:
        return read_copy(value, "suffix", "</w>", &s->text, error);
    case DECODER_STRIP:
        TRY(read_copy(value, "content", NULL, &s->text, error));
        TRY(json_get_integer(value, "start", 0, &start, error));
        TRY(json_get_integer(value, "stop", 0, &stop, error));
        if (!*s->text || start < 0 || stop < 0)
            return FAIL(error, SMAC_ERROR_FORMAT, "Strip has no content or negative counts");
        s->start = (size_t)start;
        s->stop = (size_t)stop;
        return SMAC_OK;
    case DECODER_REPLACE: {
        const json_t *pattern = json_object_get(value, "pattern");
        if (!json_is_object(pattern) || !json_is_string(json_object_get(pattern, "String")))
            return FAIL(error, SMAC_ERROR_UNSUPPORTED, "a Replace whose pattern is not a String is not supported");
        TRY(read_copy(pattern, "String", NULL, &s->text, error));
        if (!*s->text)
            return FAIL(error, SMAC_ERROR_FORMAT, "Replace looks for an empty text");
        return read_copy(value, "content", NULL, &s->content, error);
    }
    default:
        return SMAC_OK;
    }
}

static smac_status add_step(void *user, int kind, const json_t *value, smac_error *error)
{
    decoder *out = user;
    if (!memory_grow((void **)&out->steps, &out->capacity, out->count + 1, sizeof *out->steps))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a step");
    decoder_step *step = &out->steps[out->count++];
    *step = (decoder_step){.kind = (decoder_kind)kind};
    return read_step(value, step, error);
}

smac_status decoder_read(const json_t *value, decoder *out, smac_error *error)
{
    static const part_format format = {"decoder", "decoders", kinds, add_step};
    out->present = value && !json_is_null(value);
    return part_read(&format, value, out, error);
}

void decoder_free(decoder *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->steps[i].text);
        free(d->steps[i].content);
    }
    free(d->steps);
    *d = (decoder){0};
}

/* Add text with every find replaced by put. */
static void add_replaced(text_buffer *out, const char *text, size_t length, const char *find, const char *put)
{
    size_t n = strlen(find);
    for (size_t at = 0; at < length;) {
        if (n && at + n <= length && memcmp(text + at, find, n) == 0) {
            text_add(out, put);
            at += n;
        } else
            text_add_char(out, text[at++]);
    }
}

/* The tidying of English that WordPiece's decoder does in each token. */
static void clean(text_buffer *b)
{
    static const char *const pairs[][2] = {{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"},
        {" n't", "n't"}, {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (b->length == 0 || !strstr(b->data, pairs[i][0]))
            continue;
        text_buffer next = {0};
        add_replaced(&next, b->data, b->length, pairs[i][0], pairs[i][1]);
        next.failed |= b->failed;
        text_free(b);
        *b = next;
    }
}

/* The byte that a token such as <0x0A> means, or -1. */
static int fallback_byte(const text_buffer *t)
{
    if (t->length != 6 || memcmp(t->data, "<0x", 3) != 0 || t->data[5] != '>')
        return -1;
    int value = 0;
    for (int i = 3; i < 5; i++) {
        int c = (unsigned char)t->data[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Valid UTF-8 or one U+FFFD for each malformed part; each_byte: one for each byte if anything is malformed. */
static void add_lossy(text_buffer *out, const char *bytes, size_t length, bool each_byte)
{
    if (each_byte && length && utf8_invalid_at(bytes, length) == SIZE_MAX)
        each_byte = false;
    for (size_t at = 0; at < length;) {
        char put[4];
        uint32_t c = utf8_next(bytes, length, &at);
        if (each_byte)
            continue;
        text_add_n(out, put, (size_t)utf8_put(c, put));
    }
    for (size_t i = 0; each_byte && i < length; i++)
        text_add(out, "\xEF\xBF\xBD");
}

static void step_metaspace(const decoder_step *s, text_buffer *token, bool first)
{
    text_buffer next = {0};
    for (size_t at = 0; at < token->length;) {
        size_t from = at;
        if (utf8_next(token->data, token->length, &at) != s->replacement)
            text_add_n(&next, token->data + from, at - from);
        else if (!first || s->prepend == PREPEND_NEVER)
            text_add_char(&next, ' ');
    }
    next.failed |= token->failed;
    text_free(token);
    *token = next;
}

static void step_strip(const decoder_step *s, text_buffer *token)
{
    size_t n = strlen(s->text), begin = 0, end = token->length;
    for (size_t i = 0; i < s->start && end - begin >= n && memcmp(token->data + begin, s->text, n) == 0; i++)
        begin += n;
    for (size_t i = 0; i < s->stop && end - begin >= n && memcmp(token->data + end - n, s->text, n) == 0; i++)
        end -= n;
    if (begin)
        memmove(token->data, token->data + begin, end - begin);
    token->length = end - begin;
    if (token->data)
        token->data[token->length] = '\0';
}

static void step_wordpiece(const decoder_step *s, text_buffer *token, bool first)
{
    size_t n = strlen(s->text);
    if (!first) {
        text_buffer next = {0};
        bool goes_on = token->length >= n && (n == 0 || memcmp(token->data, s->text, n) == 0);
        if (!goes_on)
            text_add_char(&next, ' ');
        if (token->length)
            text_add_n(&next, token->data + (goes_on ? n : 0), token->length - (goes_on ? n : 0));
        next.failed |= token->failed;
        text_free(token);
        *token = next;
    }
    if (s->cleanup)
        clean(token);
}

static void step_replace(text_buffer *token, const char *find, const char *put)
{
    text_buffer next = {0};
    add_replaced(&next, token->data, token->length, find, put);
    next.failed |= token->failed;
    text_free(token);
    *token = next;
}

/* All tokens into one; how many are left is returned. */
static size_t step_join(const decoder_step *s, text_buffer *tokens, size_t count)
{
    text_buffer all = {0}, whole = {0};
    for (size_t i = 0; i < count; i++) {
        size_t before = all.length;
        bool bytes = s->kind == DECODER_BYTE_LEVEL;
        for (size_t at = 0; at < tokens[i].length && bytes;) {
            int byte = byte_level_byte(utf8_next(tokens[i].data, tokens[i].length, &at));
            bytes = byte >= 0;
            if (bytes)
                text_add_char(&all, (char)byte);
        }
        if (!bytes) { /* not of the alphabet: as it is written */
            all.length = before;
            if (tokens[i].length)
                text_add_n(&all, tokens[i].data, tokens[i].length);
        }
        all.failed |= tokens[i].failed;
        text_free(&tokens[i]);
        tokens[i] = (text_buffer){0};
    }
    add_lossy(&whole, all.data, all.length, false);
    whole.failed |= all.failed;
    text_free(&all);
    tokens[0] = whole;
    return 1;
}

/* Runs of byte tokens to the text they make. */
static size_t step_fallback(text_buffer *tokens, size_t count)
{
    size_t written = 0;
    for (size_t i = 0; i < count;) {
        if (fallback_byte(&tokens[i]) < 0) {
            text_buffer t = tokens[i];
            tokens[i++] = (text_buffer){0};
            tokens[written++] = t;
            continue;
        }
        text_buffer bytes = {0}, whole = {0};
        for (int byte; i < count && (byte = fallback_byte(&tokens[i])) >= 0; i++) {
            text_add_char(&bytes, (char)byte);
            text_free(&tokens[i]);
            tokens[i] = (text_buffer){0};
        }
        add_lossy(&whole, bytes.data, bytes.length, true);
        whole.failed |= bytes.failed;
        text_free(&bytes);
        tokens[written++] = whole;
    }
    return written;
}

smac_status decoder_apply(
    const decoder *d, const char *const *tokens, size_t count, text_buffer *out, smac_error *error)
{
    text_buffer *work = memory_new(count + 1, sizeof *work);
    if (!work)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", count);
    for (size_t i = 0; i < count; i++)
        text_add(&work[i], tokens[i]);
    size_t left = count;
    for (size_t k = 0; k < d->count && left; k++) {
        const decoder_step *s = &d->steps[k];
        if (s->kind == DECODER_BYTE_LEVEL || s->kind == DECODER_FUSE)
            left = step_join(s, work, left);
        else if (s->kind == DECODER_BYTE_FALLBACK)
            left = step_fallback(work, left);
        for (size_t i = 0; i < left; i++) {
            if (s->kind == DECODER_WORDPIECE)
                step_wordpiece(s, &work[i], i == 0);
            else if (s->kind == DECODER_METASPACE)
                step_metaspace(s, &work[i], i == 0);
            else if (s->kind == DECODER_BPE)
                step_replace(&work[i], s->text, i + 1 == left ? "" : " ");
            else if (s->kind == DECODER_REPLACE)
                step_replace(&work[i], s->text, s->content);
            else if (s->kind == DECODER_STRIP)
                step_strip(s, &work[i]);
        }
    }
    for (size_t i = 0; i < left; i++) {
        if (!d->present && i)
            text_add_char(out, ' ');
        if (work[i].length)
            text_add_n(out, work[i].data, work[i].length);
        out->failed |= work[i].failed;
    }
    for (size_t i = 0; i < count; i++)
        text_free(&work[i]);
    free(work);
    return out->failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for the text of %zu tokens", count) : SMAC_OK;
}
