/* media/transcript_repair.c - completing the times of a transcript, and warnings about corrections. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/transcript_text.h"

enum { LOOK_AHEAD = 1000 };                  /* segments */
static const double LETTERS_A_SECOND = 12.5; /* of speech, roughly */

void repairs_note(repairs *r, repair kind, size_t place)
{
    if (r && r->count[kind]++ == 0)
        r->first[kind] = place;
}

void repairs_tell(const repairs *r, const char *place, transcript *t)
{
    static const char *const sentences[REPAIRS] = {
        [REPAIR_END] = "the end is before the start: it was taken to last until the next one",
        [REPAIR_NEGATIVE] = "the start is before 0 and was taken as 0",
        [REPAIR_BEFORE] = "it is before 0 and was left out",
        [REPAIR_NO_END] = "one of its times is missing and was taken from its neighbours",
        [REPAIR_NO_TIMES] = "it has no times and was placed between its neighbours",
        [REPAIR_FULL] = "1000 milliseconds were read as a second, 60 seconds as a minute",
        [REPAIR_ARROW] = "the arrow was read as \"-->\"",
        [REPAIR_STRAY] = "text without times was left out",
        [REPAIR_HEADER] = "only .vtt files begin with WEBVTT: the file was read according to its contents",
        [REPAIR_NAN] = "NaN and Infinity are not JSON numbers and were read as missing",
        [REPAIR_SURROGATE] = "half a character was replaced by U+FFFD",
        [REPAIR_MILLISECONDS] = "the times are too large for seconds and were read as milliseconds",
    };
    for (int kind = 0; kind < REPAIRS; kind++) {
        text_buffer sentence = {0};
        if (r->count[kind] == 0)
            continue;
        text_format(&sentence, "%s %zu: %s", place, r->first[kind], sentences[kind]);
        if (r->count[kind] > 1)
            text_format(&sentence, " (%zu such places)", r->count[kind]);
        if (sentence.data && !sentence.failed)
            media_warnings_add(&t->warnings, sentence.data);
        text_free(&sentence);
    }
}

static double speaking_time(const transcript_segment *s)
{
    return fmax(1.0, (double)strlen(s->text) / LETTERS_A_SECOND);
}

static void segment_remove(transcript *t, size_t index)
{
    transcript_segment gone = t->segments[index];
    for (size_t w = 0; w < gone.word_count; w++)
        free(gone.words[w].text);
    free(gone.words);
    free(gone.text);
    t->count--;
    memmove(&t->segments[index], &t->segments[index + 1], (t->count - index) * sizeof *t->segments);
}

/* Divide the time between the neighbours of the segments [from, to) among them by their letters. */
static void place_between(transcript *t, size_t from, size_t to)
{
    double start = from > 0 ? fmax(t->segments[from - 1].start, t->segments[from - 1].end) : 0, end = NAN;
    if (to < t->count)
        end = isnan(t->segments[to].start) ? t->segments[to].end : t->segments[to].start;
    double letters = 0, length = 0, seen = 0;
    for (size_t i = from; i < to; i++) {
        letters += (double)strlen(t->segments[i].text);
        length += speaking_time(&t->segments[i]);
    }
    end = isnan(end) ? start + length : fmax(start, end);
    for (size_t i = from; i < to; i++) {
        t->segments[i].start = start + (end - start) * seen / letters;
        seen += (double)strlen(t->segments[i].text);
        t->segments[i].end = start + (end - start) * seen / letters;
    }
}

/* Segment i has only one of its two times. */
static void complete_one(transcript *t, size_t i)
{
    transcript_segment *s = &t->segments[i];
    if (isnan(s->start)) {
        double before = i > 0 ? fmax(t->segments[i - 1].start, t->segments[i - 1].end) : 0;
        s->start = fmax(fmin(before, s->end), s->end - speaking_time(s));
        return;
    }
    s->end = s->start + speaking_time(s);
    for (size_t k = i + 1; k < t->count && k < i + LOOK_AHEAD; k++)
        if (t->segments[k].start > s->start) {
            s->end = fmin(s->end, t->segments[k].start);
            return;
        }
}

/* Times before 0, and ends before starts. */
static void check_given_times(transcript *t, repairs *r)
{
    for (size_t i = 0; i < t->count; i++) {
        transcript_segment *s = &t->segments[i];
        if (s->end < 0 || (s->end == 0 && s->start < 0)) {
            repairs_note(r, REPAIR_BEFORE, i);
            segment_remove(t, i--);
        } else if (s->start < 0) {
            repairs_note(r, REPAIR_NEGATIVE, i);
            s->start = 0;
        }
    }
    for (size_t i = 0; i < t->count; i++)
        if (t->segments[i].end < t->segments[i].start) {
            repairs_note(r, REPAIR_END, i);
            t->segments[i].end = NAN;
            complete_one(t, i);
        }
}

void transcript_complete_times(transcript *t, repairs *r)
{
    bool some = false;
    for (size_t i = 0; i < t->count; i++)
        some = some || !isnan(t->segments[i].start) || !isnan(t->segments[i].end);
    if (!some)
        return; /* the text belongs to the whole recording */
    check_given_times(t, r);
    for (size_t i = 0; i < t->count; i++) {
        transcript_segment *s = &t->segments[i];
        if (isnan(s->start) == isnan(s->end))
            continue;
        repairs_note(r, REPAIR_NO_END, i);
        complete_one(t, i);
    }
    for (size_t i = 0; i < t->count; i++) {
        size_t to = i;
        for (; to < t->count && isnan(t->segments[to].start); to++)
            repairs_note(r, REPAIR_NO_TIMES, to);
        if (to > i)
            place_between(t, i, to);
        i = to;
    }
}
