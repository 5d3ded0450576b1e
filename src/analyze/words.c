/*
 * analyze/words.c - the words of a recording: given, from a transcript or subtitles, recognised, or fed to a session.
 *
 * Words without times are spread evenly over the recording, by characters, unless one window holds it all.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/session.h"
#include "base/memory.h"
#include "base/utf8.h"

bool session_reads_words(const smac_session *s)
{
    return s->affect->has[MODALITY_TEXT] && s->affect->tokenizer && !s->options.without[SMAC_TEXT];
}

smac_status session_check_text(const char *text, smac_error *error)
{
    size_t bad = utf8_invalid_at(text, strlen(text));
    return bad == SIZE_MAX ? SMAC_OK
                           : FAIL(error, SMAC_ERROR_FORMAT, "the text is not UTF-8 (byte %zu): write it in UTF-8", bad);
}

smac_status session_open_words(smac_session *s, smac_error *error)
{
    const smac_analyze_options *o = &s->options;
    transcript words = {0};
    if (o->without[SMAC_TEXT] || (!o->text && !o->transcript))
        return SMAC_OK;
    s->words.until = INFINITY;
    if (o->text) {
        TRY(session_check_text(o->text, error));
        TRY(transcript_add(&words, NAN, NAN, o->text, strlen(o->text), error));
        return session_add_words(s, &words, "given text", error);
    }
    TRY(transcript_read(o->transcript, &words, error));
    if (words.count == 0)
        session_warn(s, "the transcript %s holds no words", o->transcript);
    return session_add_words(s, &words, o->transcript, error);
}

smac_status session_add_words(smac_session *s, transcript *words, const char *source, smac_error *error)
{
    transcript *to = &s->words.said;
    for (size_t i = 0; i < words->warnings.count; i++)
        session_warn(s, "%s: %s", source, words->warnings.items[i]);
    if (words->language && !to->language) {
        to->language = words->language;
        words->language = NULL;
    }
    if (words->count > 0 &&
        !memory_grow((void **)&to->segments, &to->capacity, to->count + words->count, sizeof *to->segments)) {
        transcript_free(words);
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the words");
    }
    for (size_t i = 0; i < words->count; i++) {
        const transcript_segment *one = &words->segments[i];
        s->words.are_untimed = s->words.are_untimed || isnan(one->start);
        s->words.late += s->next.index > 0 && one->end <= session_planned_until(s);
        to->segments[to->count++] = *one;
        s->words.source = source;
    }
    words->count = 0; /* they were moved */
    transcript_free(words);
    transcript_sort(to);
    return SMAC_OK;
}

static smac_status spread_text(transcript *timed, const char *text, double second, size_t at, smac_error *error)
{
    for (size_t from = 0; text[from];) {
        size_t length = strcspn(text + from, " ");
        if (length)
            TRY(transcript_add(timed, second * (double)(at + from), second * (double)(at + from + length + 1),
                text + from, length, error));
        from += length + (text[from + length] == ' ');
    }
    return SMAC_OK;
}

smac_status session_spread_words(smac_session *s, smac_error *error)
{
    transcript *words = &s->words.said, timed = {0};
    double duration = s->analysis->duration;
    size_t total = 0, at = 0;
    for (size_t i = 0; i < words->count; i++) {
        if (!isnan(words->segments[i].start))
            return SMAC_OK;
        total += strlen(words->segments[i].text) + 1;
    }
    if (total == 0 || duration <= s->analysis->window)
        return SMAC_OK;
    session_warn(s, "the words have no times: they are spread evenly over the recording");
    for (size_t i = 0; i < words->count; i++) {
        const char *text = words->segments[i].text;
        smac_status status = spread_text(&timed, text, duration / (double)total, at, error);
        if (status != SMAC_OK) {
            transcript_free(&timed);
            return status;
        }
        at += strlen(text) + 1;
    }
    timed.language = words->language;
    words->language = NULL;
    transcript_free(words);
    *words = timed;
    return SMAC_OK;
}

smac_status session_retire_words(smac_session *s, double time, smac_error *error)
{
    transcript *words = &s->words.said;
    text_buffer *text = &s->summary.text;
    transcript *to = &s->analysis->said;
    size_t gone = 0;
    if (!memory_grow((void **)&to->segments, &to->capacity, to->count + words->count, sizeof *to->segments))
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the words");
    while (gone < words->count && (isinf(time) || words->segments[gone].end <= time)) {
        transcript_segment *one = &words->segments[gone++];
        if (text->length > 0 && one->text[0])
            text_add_char(text, ' ');
        text_add(text, one->text);
        to->segments[to->count++] = *one;
    }
    words->count -= gone;
    if (gone > 0)
        memmove(words->segments, words->segments + gone, words->count * sizeof *words->segments);
    return text->failed ? FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the words") : SMAC_OK;
}
