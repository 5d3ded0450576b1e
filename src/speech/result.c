/* speech/result.c - what was heard: clearing, as a transcript, as text, as JSON. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "speech/speech.h"

void speech_result_clear(speech_result *r)
{
    for (size_t i = 0; i < r->count; i++) {
        speech_segment *s = &r->segments[i];
        for (size_t w = 0; w < s->word_count; w++)
            free(s->words[w].text);
        free(s->words);
        free(s->tokens);
        free(s->text);
    }
    free(r->segments);
    memset(r, 0, sizeof *r);
}

static smac_status copy_words(const speech_segment *s, transcript_segment *to, smac_error *error)
{
    to->words = memory_new(s->word_count, sizeof *to->words);
    if (to->words == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu words", s->word_count);
    for (size_t w = 0; w < s->word_count; w++) {
        to->words[w] = s->words[w];
        to->words[w].text = memory_copy_text(s->words[w].text);
        to->word_count = w + 1;
        if (to->words[w].text == NULL)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu words", s->word_count);
    }
    return SMAC_OK;
}

smac_status speech_result_transcript(const speech_result *r, transcript *out, smac_error *error)
{
    for (size_t i = 0; i < r->count; i++) {
        const speech_segment *s = &r->segments[i];
        size_t before = out->count;
        TRY(transcript_add(out, s->start, s->end, s->text, strlen(s->text), error));
        if (s->word_count > 0 && out->count > before)
            TRY(copy_words(s, &out->segments[before], error));
    }
    if (r->language[0] && out->language == NULL) {
        out->language = memory_copy_text(r->language);
        if (out->language == NULL)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a transcript");
    }
    return SMAC_OK;
}

void speech_result_text(const speech_result *r, text_buffer *out)
{
    for (size_t i = 0; i < r->count; i++) {
        text_add(out, r->segments[i].text);
        text_add_char(out, '\n');
    }
}

static json_t *json_segment(const speech_segment *s, bool timed)
{
    json_t *words = json_array(), *tokens = json_array();
    for (size_t w = 0; w < s->word_count; w++)
        json_array_append_new(words,
            json_pack("{s:o, s:f, s:f, s:f}", "word", json_from_text(s->words[w].text), "start", s->words[w].start,
                "end", s->words[w].end, "probability", s->words[w].probability));
    for (size_t t = 0; t < s->token_count; t++)
        json_array_append_new(tokens, json_integer(s->tokens[t]));
    json_t *out = json_pack("{s:f, s:f, s:o, s:o, s:f, s:f, s:f, s:f}", "start", s->start, "end", s->end, "text",
        json_from_text(s->text), "tokens", tokens, "log_probability", s->log_probability, "no_speech", s->no_speech,
        "compression_ratio", s->compression_ratio, "temperature", s->temperature);
    if (timed)
        json_object_set(out, "words", words);
    json_decref(words);
    return out;
}

smac_status speech_result_json(const speech_result *r, text_buffer *out, smac_error *error)
{
    json_t *segments = json_array();
    bool timed = false;
    for (size_t i = 0; i < r->count; i++)
        timed |= r->segments[i].word_count > 0;
    for (size_t i = 0; i < r->count; i++)
        json_array_append_new(segments, json_segment(&r->segments[i], timed));
    text_buffer whole = {0};
    for (size_t i = 0; i < r->count; i++) {
        if (i > 0)
            text_add_char(&whole, ' ');
        text_add(&whole, r->segments[i].text);
    }
    json_t *root = json_pack("{s:s?, s:f, s:f, s:o, s:o}", "language", r->language[0] ? r->language : NULL,
        "language_probability", r->language_probability, "duration", r->duration, "text",
        json_from_text(whole.data ? whole.data : ""), "segments", segments);
    char *text = root ? json_dump_text(root, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) : NULL;
    text_free(&whole);
    json_decref(root);
    if (text == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a transcript as JSON");
    text_add(out, text);
    text_add_char(out, '\n');
    free(text);
    return SMAC_OK;
}
