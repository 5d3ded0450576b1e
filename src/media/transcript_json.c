/* media/transcript_json.c - transcripts in JSON: Whisper's, whisper.cpp's, plain text, lists. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/transcript_text.h"

typedef struct json_place {
    const char *name; /* of the file */
    size_t segment;   /* from 0 */
} json_place;

static smac_status read_number(const json_t *object, const char *key, json_place place, double *out, smac_error *error)
{
    const json_t *value = json_object_get(object, key);
    *out = NAN;
    if (!value || json_is_null(value))
        return SMAC_OK;
    if (!json_is_number(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: \"%s\" of segment %zu is no number", place.name, key, place.segment);
    *out = json_number_value(value);
    if (!isfinite(*out) || *out < 0 || *out > 1e9)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: \"%s\" of segment %zu is %g, expected seconds", place.name, key,
            place.segment, *out);
    return SMAC_OK;
}

static smac_status read_span(const json_t *object, json_place place, double *start, double *end, smac_error *error)
{
    TRY(read_number(object, "start", place, start, error));
    TRY(read_number(object, "end", place, end, error));
    const json_t *offsets = json_object_get(object, "offsets"); /* whisper.cpp: milliseconds */
    if (json_is_object(offsets)) {
        TRY(read_number(offsets, "from", place, start, error));
        TRY(read_number(offsets, "to", place, end, error));
        *start /= 1000;
        *end /= 1000;
    }
    if (isnan(*start) != isnan(*end))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: segment %zu has only one of \"start\" and \"end\"", place.name,
            place.segment);
    if (*end < *start)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: segment %zu ends at %g s, before it starts at %g s", place.name,
            place.segment, *end, *start);
    return SMAC_OK;
}

static smac_status read_words(const json_t *list, json_place place, transcript_segment *segment, smac_error *error)
{
    size_t count = json_array_size(list);
    if (count == 0)
        return SMAC_OK;
    segment->words = memory_new(count, sizeof *segment->words);
    if (!segment->words)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", place.name);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const char *text = json_string_value(json_object_get(item, "word"));
        text = text ? text : json_string_value(json_object_get(item, "text"));
        if (!text)
            return FAIL(
                error, SMAC_ERROR_FORMAT, "%s: word %zu of segment %zu has no \"word\"", place.name, i, place.segment);
        transcript_word word = {0};
        TRY(read_span(item, place, &word.start, &word.end, error));
        TRY(read_number(item, "probability", place, &word.probability, error));
        if (isnan(word.start)) /* some recognisers leave numbers without times */
            word.start = word.end = i ? segment->words[segment->word_count - 1].end : segment->start;
        transcript scratch = {0}; /* cleans the text */
        TRY(transcript_add(&scratch, 0, 0, text, strlen(text), error));
        if (scratch.count == 1) {
            word.text = scratch.segments[0].text;
            segment->words[segment->word_count++] = word;
        }
        free(scratch.segments);
    }
    return SMAC_OK;
}

static smac_status read_segment(const json_t *item, json_place place, transcript *out, smac_error *error)
{
    if (json_is_string(item))
        return transcript_add(out, NAN, NAN, json_string_value(item), json_string_length(item), error);
    const json_t *text = json_object_get(item, "text");
    if (!json_is_object(item) || !json_is_string(text))
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s: segment %zu is not {\"start\": seconds, \"end\": seconds, \"text\": words}", place.name,
            place.segment);
    double start, end;
    TRY(read_span(item, place, &start, &end, error));
    size_t before = out->count;
    TRY(transcript_add(out, start, end, json_string_value(text), json_string_length(text), error));
    const json_t *words = json_object_get(item, "words");
    if (out->count == before || !json_is_array(words))
        return SMAC_OK;
    return read_words(words, place, &out->segments[before], error);
}

static smac_status read_list(const json_t *list, const char *name, transcript *out, smac_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(read_segment(json_array_get(list, i), (json_place){name, i}, out, error));
    return SMAC_OK;
}

static smac_status read_root(const json_t *root, const char *name, transcript *out, smac_error *error)
{
    if (json_is_array(root))
        return read_list(root, name, out, error);
    if (json_is_string(root))
        return read_segment(root, (json_place){name, 0}, out, error);
    const char *language = json_string_value(json_object_get(root, "language"));
    if (language && !(out->language = memory_copy_text(language)))
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", name);
    const json_t *segments = json_object_get(root, "segments");
    segments = segments ? segments : json_object_get(root, "transcription");
    if (json_is_array(segments))
        return read_list(segments, name, out, error);
    if (json_is_string(json_object_get(root, "text")))
        return read_segment(root, (json_place){name, 0}, out, error);
    return FAIL(error, SMAC_ERROR_FORMAT,
        "%s holds neither \"segments\" nor \"text\", expected {\"segments\": [{\"start\": "
        "seconds, \"end\": seconds, \"text\": words}]}",
        name);
}

smac_status transcript_parse_json(const char *text, size_t length, const char *name, transcript *out, smac_error *error)
{
    json_error_t reason;
    json_t *root = json_loadb(text, length, JSON_DECODE_ANY, &reason);
    if (!root)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is no valid JSON: line %d, column %d: %s", name, reason.line,
            reason.column, reason.text);
    smac_status status = read_root(root, name, out, error);
    json_decref(root);
    return status;
}
