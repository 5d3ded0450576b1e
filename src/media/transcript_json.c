/*
 * media/transcript_json.c - transcripts in JSON.
 *
 * Whisper's and OpenAI's {"segments": [{"start", "end", "text", "words"}]} and {"words"} without segments, whisper.cpp's
 * {"transcription": [{"offsets", "text"}]}, the {"chunks": [{"timestamp", "text"}]} of transformers, lists of
 * {"start", "duration", "text"}, YouTube's {"events": [{"tStartMs", "dDurationMs", "segs"}]}, {"utterances"}, plain
 * {"text"}, and lists of strings.
 */
#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "media/transcript_text.h"

typedef struct json_reader {
    const char *name; /* of the file */
    transcript *out;
    repairs repairs;
    size_t segment;     /* from 0 */
    bool has_fractions; /* some time is not an integer, so times are in seconds */
} json_reader;

/* --- times --------------------------------------------------------------------------------------------------------- */

/* "0.5", "1.4s" and "00:00:01,500". */
static bool time_from_text(const char *text, double *out)
{
    const char *at = text, *end = text + strlen(text);
    bool full = false;
    if (strchr(text, ':'))
        return cue_time_read(&at, end, out, &full) && at == end;
    char digits[NUMBER_TEXT_MAX];
    size_t length = strlen(text);
    length -= length > 1 && text[length - 1] == 's';
    if (length >= sizeof digits || !isdigit((unsigned char)text[0]))
        return false;
    memcpy(digits, text, length);
    digits[length] = 0;
    return number_parse(digits, out);
}

/* Missing: NAN. */
static smac_status read_time(
    json_reader *r, const json_t *value, const char *key, double scale, double *out, smac_error *error)
{
    *out = NAN;
    if (!value || json_is_null(value))
        return SMAC_OK;
    if (json_is_string(value) ? !time_from_text(json_string_value(value), out) : !json_is_number(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: \"%s\" of segment %zu is not a number", r->name, key, r->segment);
    if (json_is_number(value))
        *out = json_number_value(value);
    *out *= scale;
    r->has_fractions = r->has_fractions || scale != 1 || *out != floor(*out);
    if (!isfinite(*out) || fabs(*out) > 1e9)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: \"%s\" of segment %zu is %g, expected seconds", r->name, key,
            r->segment, *out);
    return SMAC_OK;
}

typedef struct span {
    double start, end;
} span;

static smac_status read_pair(json_reader *r, const json_t *list, const char *key, span *out, smac_error *error)
{
    if (json_array_size(list) != 2)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: \"%s\" of segment %zu has %zu times, expected 2", r->name, key,
            r->segment, json_array_size(list));
    TRY(read_time(r, json_array_get(list, 0), key, 1, &out->start, error));
    return read_time(r, json_array_get(list, 1), key, 1, &out->end, error);
}

static smac_status read_span(json_reader *r, const json_t *object, span *out, smac_error *error)
{
    static const struct {
        const char *within, *start, *end, *length;
        double scale;
    } forms[] = {{"offsets", "from", "to", NULL, 0.001}, {NULL, "start", "end", NULL, 1},
        {NULL, "start", NULL, "duration", 1}, {NULL, "start", NULL, "dur", 1},
        {NULL, "start_ms", "end_ms", NULL, 0.001}, {NULL, "startMs", "endMs", NULL, 0.001},
        {NULL, "tStartMs", NULL, "dDurationMs", 0.001}, {NULL, "start_time", "end_time", NULL, 1},
        {NULL, "startTime", "endTime", NULL, 1}, {NULL, "begin", "end", NULL, 1}, {"timestamps", "from", "to", NULL, 1},
        {NULL, "from", "to", NULL, 1}, {NULL, "start", NULL, NULL, 1}};
    static const char *const pairs[] = {"timestamp", "timestamps"};
    *out = (span){NAN, NAN};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const json_t *list = json_object_get(object, pairs[i]);
        if (json_is_array(list))
            return read_pair(r, list, pairs[i], out, error);
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const json_t *from = forms[i].within ? json_object_get(object, forms[i].within) : object;
        const char *second = forms[i].end ? forms[i].end : forms[i].length;
        const json_t *start = json_object_get(from, forms[i].start),
                     *end = second ? json_object_get(from, second) : NULL;
        if (!(start || (end && forms[i].end)) || (second && !end && (forms[i].length || !start)))
            continue;
        if (forms[i].end && !end && (json_object_get(object, "duration") || json_object_get(object, "dur")))
            continue;
        TRY(read_time(r, start, forms[i].start, forms[i].scale, &out->start, error));
        TRY(read_time(r, end, second ? second : "", forms[i].scale, &out->end, error));
        out->end += forms[i].length ? out->start : 0;
        return SMAC_OK;
    }
    return SMAC_OK;
}

/* --- words --------------------------------------------------------------------------------------------------------- */

/* Words without times (some recognisers give none for numbers) get the time between their neighbours. */
static void complete_words(transcript_segment *s)
{
    for (size_t i = 0; i < s->word_count; i++) {
        transcript_word *w = &s->words[i];
        double before = i > 0 ? s->words[i - 1].end : s->start;
        if (isnan(w->start))
            w->start = isnan(before) ? w->end : before;
        if (isnan(w->end)) {
            double next = s->end;
            for (size_t k = i + 1; k < s->word_count; k++)
                if (!isnan(s->words[k].start)) {
                    next = s->words[k].start;
                    break;
                }
            w->end = next;
        }
        if (!(w->end >= w->start))
            w->end = w->start;
    }
    for (size_t i = s->word_count; i-- > 0;) /* words before the first one with a time */
        if (isnan(s->words[i].start))
            s->words[i].start = s->words[i].end = i + 1 < s->word_count ? s->words[i + 1].start : 0;
}

static smac_status read_words(json_reader *r, const json_t *list, transcript_segment *segment, smac_error *error)
{
    size_t count = json_array_size(list);
    if (count == 0)
        return SMAC_OK;
    segment->words = memory_new(count, sizeof *segment->words);
    if (!segment->words)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", r->name);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i), *value;
        const char *text = json_string_value(json_object_get(item, "word"));
        text = text ? text : json_string_value(json_object_get(item, "text"));
        if (!text)
            return FAIL(
                error, SMAC_ERROR_FORMAT, "%s: word %zu of segment %zu has no \"word\"", r->name, i, r->segment);
        span times;
        TRY(read_span(r, item, &times, error));
        transcript_word word = {.start = times.start, .end = times.end, .probability = NAN};
        value = json_object_get(item, "probability");
        if (json_is_number(value))
            word.probability = json_number_value(value);
        transcript scratch = {0}; /* to clean the text */
        TRY(transcript_add(&scratch, 0, 0, text, strlen(text), error));
        if (scratch.count == 1) {
            word.text = scratch.segments[0].text;
            segment->words[segment->word_count++] = word;
        }
        free(scratch.segments);
    }
    return SMAC_OK;
}

/* --- segments ------------------------------------------------------------------------------------------------------ */

static smac_status add_segment(
    json_reader *r, const json_t *item, const char *text, const json_t *words, smac_error *error)
{
    span times;
    size_t before = r->out->count;
    TRY(read_span(r, item, &times, error));
    TRY(transcript_add(r->out, times.start, times.end, text, strlen(text), error));
    if (r->out->count > before && json_is_array(words))
        TRY(read_words(r, words, &r->out->segments[before], error));
    return SMAC_OK;
}

/* {"segs": [{"utf8": words}]} */
static smac_status read_pieces(json_reader *r, const json_t *item, const json_t *pieces, smac_error *error)
{
    text_buffer text = {0};
    text_add(&text, "");
    for (size_t i = 0; i < json_array_size(pieces); i++) {
        const char *piece = json_string_value(json_object_get(json_array_get(pieces, i), "utf8"));
        text_add(&text, piece ? piece : "");
    }
    smac_status status = text.failed ? FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", r->name)
                                     : add_segment(r, item, text.data, NULL, error);
    text_free(&text);
    return status;
}

static smac_status read_segment(json_reader *r, const json_t *item, smac_error *error)
{
    if (json_is_string(item))
        return transcript_add(r->out, NAN, NAN, json_string_value(item), json_string_length(item), error);
    const json_t *text = json_object_get(item, "text"), *pieces = json_object_get(item, "segs");
    if (json_is_object(item) && json_is_array(pieces))
        return read_pieces(r, item, pieces, error);
    if (json_is_object(item) && json_object_get(item, "tStartMs"))
        return SMAC_OK; /* YouTube's events without words */
    if (!json_is_string(text))
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s: segment %zu is not {\"start\": seconds, \"end\": seconds, \"text\": words}", r->name, r->segment);
    return add_segment(r, item, json_string_value(text), json_object_get(item, "words"), error);
}

static smac_status read_list(json_reader *r, const json_t *list, smac_error *error)
{
    for (r->segment = 0; r->segment < json_array_size(list); r->segment++)
        TRY(read_segment(r, json_array_get(list, r->segment), error));
    return SMAC_OK;
}

/* {"text", "words"} without segments become one segment. */
static smac_status read_loose_words(json_reader *r, const json_t *root, const json_t *words, smac_error *error)
{
    transcript_segment all = {0};
    text_buffer joined = {0};
    const char *text = json_string_value(json_object_get(root, "text"));
    smac_status status = read_words(r, words, &all, error);
    for (size_t i = 0; i < all.word_count; i++)
        text_format(&joined, "%s%s", i ? " " : "", all.words[i].text);
    text = text ? text : joined.data ? joined.data : "";
    if (status == SMAC_OK)
        status = transcript_add(r->out, NAN, NAN, text, strlen(text), error);
    text_free(&joined);
    if (status != SMAC_OK || r->out->count == 0) {
        transcript one = {.segments = &all, .count = 0};
        for (size_t i = 0; i < all.word_count; i++)
            free(all.words[i].text);
        free(all.words);
        (void)one;
        return status;
    }
    transcript_segment *s = &r->out->segments[r->out->count - 1];
    s->words = all.words;
    s->word_count = all.word_count;
    for (size_t i = 0; i < s->word_count; i++) {
        s->start = isnan(s->start) ? s->words[i].start : s->start;
        s->end = isnan(s->words[i].end) ? s->end : s->words[i].end;
    }
    return SMAC_OK;
}

static smac_status read_root(json_reader *r, const json_t *root, smac_error *error)
{
    static const char *const lists[] = {"segments", "transcription", "chunks", "utterances", "events"};
    while (json_array_size(root) == 1 && json_is_object(json_array_get(root, 0))) {
        const json_t *only = json_array_get(root, 0); /* a list with one result */
        bool is_result = false;
        for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
            is_result = is_result || json_is_array(json_object_get(only, lists[i]));
        if (!is_result)
            break;
        root = only;
    }
    if (json_is_array(root))
        return read_list(r, root, error);
    if (json_is_string(root))
        return read_segment(r, root, error);
    const char *language = json_string_value(json_object_get(root, "language"));
    if (language && !(r->out->language = memory_copy_text(language)))
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", r->name);
    bool has_list = false;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const json_t *list = json_object_get(root, lists[i]);
        has_list = has_list || json_is_array(list);
        if (json_array_size(list) > 0)
            return read_list(r, list, error);
    }
    const json_t *words = json_object_get(root, "words");
    if (json_array_size(words) > 0)
        return read_loose_words(r, root, words, error);
    if (json_is_string(json_object_get(root, "text")))
        return read_segment(r, root, error);
    if (has_list)
        return SMAC_OK;
    return FAIL(error, SMAC_ERROR_FORMAT,
        "%s holds neither \"segments\" nor \"text\", expected {\"segments\": [{\"start\": "
        "seconds, \"end\": seconds, \"text\": words}]}",
        r->name);
}

/* --- milliseconds -------------------------------------------------------------------------------------------------- */

/* Speech is never slower than a letter in ten seconds, so larger numbers are milliseconds. */
static bool are_milliseconds(double letters, double seconds)
{
    return letters >= 5 && seconds > 10 * letters;
}

static void rescale_milliseconds(json_reader *r)
{
    transcript *t = r->out;
    double letters = 0, seconds = 0, word_letters = 0, word_seconds = 0;
    for (size_t i = 0; i < t->count; i++) {
        const transcript_segment *s = &t->segments[i];
        if (s->end > s->start) {
            letters += (double)strlen(s->text);
            seconds += s->end - s->start;
        }
        for (size_t w = 0; w < s->word_count; w++)
            if (s->words[w].end > s->words[w].start) {
                word_letters += (double)strlen(s->words[w].text);
                word_seconds += s->words[w].end - s->words[w].start;
            }
    }
    bool segments = !r->has_fractions && are_milliseconds(letters, seconds);
    bool words = are_milliseconds(word_letters, word_seconds);
    for (size_t i = 0; i < t->count && (segments || words); i++) {
        transcript_segment *s = &t->segments[i];
        double last = s->end;
        if (segments) {
            s->start /= 1000;
            s->end /= 1000;
        }
        for (size_t w = 0; w < s->word_count && words; w++) {
            s->words[w].start /= 1000;
            s->words[w].end /= 1000;
        }
        /* the segment's times were taken from its words */
        if (words && !segments && s->word_count > 0 && last > 100 * s->words[s->word_count - 1].end) {
            s->start /= 1000;
            s->end /= 1000;
        }
        repairs_note(&r->repairs, REPAIR_MILLISECONDS, i);
    }
}

/* --- text that is almost JSON -------------------------------------------------------------------------------------- */

static size_t escape_value(const char *text, size_t left, unsigned *value)
{
    *value = 0;
    if (left < 6 || text[0] != '\\' || text[1] != 'u')
        return 0;
    for (int i = 2; i < 6; i++) {
        char c = text[i];
        if (!isxdigit((unsigned char)c))
            return 0;
        *value = *value * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return 6;
}

/* Copy with null instead of NaN and Infinity (written by Python), and U+FFFD instead of unpaired surrogates. */
static void copy_as_json(const transcript_source *text, text_buffer *out, repairs *r)
{
    static const char *const numbers[] = {"-Infinity", "Infinity", "-NaN", "NaN"};
    bool quoted = false;
    size_t line = 1;
    for (size_t i = 0; i < text->size;) {
        const char *at = text->data + i;
        size_t left = text->size - i, skip = 0;
        unsigned high, low;
        line += *at == '\n';
        for (size_t k = 0; !quoted && k < sizeof numbers / sizeof *numbers && !skip; k++) {
            size_t size = strlen(numbers[k]);
            if (left >= size && memcmp(at, numbers[k], size) == 0)
                skip = size;
        }
        if (skip) {
            repairs_note(r, REPAIR_NAN, line);
            text_add(out, "null");
        } else if (quoted && escape_value(at, left, &high) && high >= 0xD800 && high < 0xE000) {
            bool pair = high < 0xDC00 && escape_value(at + 6, left - 6, &low) && low >= 0xDC00 && low < 0xE000;
            skip = pair ? 12 : 6;
            if (!pair)
                repairs_note(r, REPAIR_SURROGATE, line);
            text_add_n(out, pair ? at : "\\ufffd", skip);
        } else {
            skip = quoted && *at == '\\' && left > 1 ? 2 : 1;
            quoted = *at == '"' ? !quoted : quoted;
            text_add_n(out, at, skip);
        }
        i += skip;
    }
}

/* Parse one value, or a sequence of objects (JSON Lines) as a list. */
static json_t *load_values(const char *text, size_t length, json_error_t *reason)
{
    json_t *root = json_loadb(text, length, JSON_DECODE_ANY, reason);
    if (root || length == 0)
        return root;
    json_error_t first = *reason;
    json_t *list = json_array();
    for (size_t at = 0; list && at < length;) {
        while (at < length && isspace((unsigned char)text[at]))
            at++;
        if (at == length)
            break;
        json_t *value = text[at] == '{' ? json_loadb(text + at, length - at, JSON_DISABLE_EOF_CHECK, reason) : NULL;
        if (!value || json_array_append_new(list, value) != 0) {
            json_decref(list);
            *reason = first;
            return NULL;
        }
        at += (size_t)reason->position;
    }
    return list;
}

smac_status transcript_parse_json(const transcript_source *text, transcript *out, smac_error *error)
{
    json_reader r = {.name = text->name, .out = out};
    json_error_t reason;
    json_t *root = load_values(text->data, text->size, &reason);
    repairs of_text = {0};
    if (!root) {
        text_buffer mended = {0};
        text_add(&mended, "");
        copy_as_json(text, &mended, &of_text);
        if (!mended.failed)
            root = load_values(mended.data, mended.length, &reason);
        text_free(&mended);
    }
    if (!root)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is not valid JSON: line %d, column %d: %s", text->name, reason.line,
            reason.column, reason.text);
    smac_status status = read_root(&r, root, error);
    json_decref(root);
    if (status != SMAC_OK)
        return status;
    rescale_milliseconds(&r);
    transcript_complete_times(out, &r.repairs);
    for (size_t i = 0; i < out->count; i++)
        complete_words(&out->segments[i]);
    repairs_tell(&of_text, "line", out);
    repairs_tell(&r.repairs, "segment", out);
    return SMAC_OK;
}
