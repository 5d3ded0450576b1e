/* media/transcript.c - building transcripts, reading them by file type, selecting the words of an interval. */
#include "media/transcript.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/utf8.h"
#include "media/transcript_text.h"

/* Text with white space and control characters reduced to single spaces; NULL: no memory. */
static char *text_clean(const char *text, size_t length)
{
    text_buffer out = {0};
    text_add_n(&out, "", 0);
    bool space = false;
    for (size_t at = 0; at < length;) {
        size_t from = at;
        uint32_t c = utf8_next(text, length, &at);
        if (c == 0xFEFF || c == 0x200E || c == 0x200F || c == 0x200B || c == 0x2060) /* invisible characters */
            continue;
        if (c <= 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0x2028 || c == 0x2029 || c == 0x3000) {
            space = out.length > 0;
            continue;
        }
        if (space)
            text_add_char(&out, ' ');
        space = false;
        if (c == 0xFFFD)
            text_add(&out, "\xEF\xBF\xBD");
        else
            text_add_n(&out, text + from, at - from);
    }
    if (out.failed)
        text_free(&out);
    return out.data;
}

smac_status transcript_add(transcript *t, double start, double end, const char *text, size_t length, smac_error *error)
{
    char *copy = text_clean(text, length);
    if (copy && !copy[0]) {
        free(copy);
        return SMAC_OK;
    }
    if (!copy || !memory_grow((void **)&t->segments, &t->capacity, t->count + 1, sizeof *t->segments)) {
        free(copy);
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for a transcript of %zu segments", t->count);
    }
    t->segments[t->count++] = (transcript_segment){.start = start, .end = end, .text = copy};
    return SMAC_OK;
}

typedef struct sort_entry {
    transcript_segment segment;
    size_t index;
} sort_entry;

static int by_start(const void *a, const void *b)
{
    const sort_entry *x = a, *y = b;
    double p = isnan(x->segment.start) ? -INFINITY : x->segment.start;
    double q = isnan(y->segment.start) ? -INFINITY : y->segment.start;
    if (p != q)
        return p < q ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

void transcript_sort(transcript *t)
{
    bool sorted = true;
    for (size_t i = 1; i < t->count; i++)
        sorted = sorted && (isnan(t->segments[i - 1].start) || t->segments[i - 1].start <= t->segments[i].start);
    sort_entry *entries = sorted ? NULL : memory_new(t->count, sizeof *entries);
    if (!entries)
        return; /* without memory the file's order remains */
    for (size_t i = 0; i < t->count; i++)
        entries[i] = (sort_entry){t->segments[i], i};
    qsort(entries, t->count, sizeof *entries, by_start);
    for (size_t i = 0; i < t->count; i++)
        t->segments[i] = entries[i].segment;
    free(entries);
}

void transcript_free(transcript *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        for (size_t w = 0; w < t->segments[i].word_count; w++)
            free(t->segments[i].words[w].text);
        free(t->segments[i].words);
        free(t->segments[i].text);
    }
    free(t->segments);
    free(t->language);
    media_warnings_free(&t->warnings);
    *t = (transcript){0};
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static smac_status parse_decoded(
    const transcript_source *text, transcript_format format, transcript *out, smac_error *error)
{
    switch (format) {
    case TRANSCRIPT_SRT:
    case TRANSCRIPT_VTT:
        return transcript_parse_cues(text, format == TRANSCRIPT_VTT, out, error);
    case TRANSCRIPT_JSON:
        return transcript_parse_json(text, out, error);
    case TRANSCRIPT_TEXT:
        return transcript_add(out, NAN, NAN, text->data, text->size, error);
    }
    return FAIL(error, SMAC_ERROR_ARGUMENT, "%s: unknown transcript format %d", text->name, (int)format);
}

smac_status transcript_parse(
    const char *data, size_t size, transcript_format format, const char *name, transcript *out, smac_error *error)
{
    *out = (transcript){0};
    text_buffer text = {0};
    transcript_source source = {data, size, name, format == TRANSCRIPT_JSON};
    smac_status status = transcript_decode(&source, &text, &out->warnings, error);
    source = (transcript_source){text.data, text.length, name, source.is_json};
    if (status == SMAC_OK)
        status = error_advise(
            error, parse_decoded(&source, format, out, error), SMAC_ERROR_FORMAT, "mend it there or export it again");
    text_free(&text);
    if (status != SMAC_OK)
        transcript_free(out);
    else
        transcript_sort(out);
    return status;
}

smac_status transcript_read(const char *path, transcript *out, smac_error *error)
{
    static const struct {
        const char *ending;
        transcript_format format;
    } kinds[] = {
        {".srt", TRANSCRIPT_SRT}, {".vtt", TRANSCRIPT_VTT}, {".txt", TRANSCRIPT_TEXT}, {".json", TRANSCRIPT_JSON}};
    *out = (transcript){0};
    const char *dot = strrchr(path_base(path), '.');
    for (size_t i = 0; dot && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcasecmp(dot, kinds[i].ending) != 0)
            continue;
        char *data;
        size_t size;
        TRY(file_read(path, (size_t)1 << 30, &data, &size, error));
        smac_status status = transcript_parse(data, size, kinds[i].format, path, out, error);
        free(data);
        return status;
    }
    return FAIL(error, SMAC_ERROR_UNSUPPORTED,
        "%s: the extension \"%s\" is not one of a transcript, "
        "expected .srt, .vtt, .txt or .json: rename or convert it",
        path, dot ? dot : "");
}

/* --- choosing words ---------------------------------------------------------------------------------------------- */

static void append_words(text_buffer *out, const char *text)
{
    if (out->length > 0 && text[0])
        text_add_char(out, ' ');
    text_add(out, text);
}

static bool segment_counts(const transcript_segment *s, double from, double to)
{
    if (isnan(s->start) || isnan(s->end))
        return true;
    double overlap = fmin(s->end, to) - fmax(s->start, from), length = s->end - s->start;
    if (length <= 0)
        return s->start >= from && s->start < to;
    return overlap > 0 && (overlap >= 0.5 * length || overlap >= 0.5 * (to - from));
}

void transcript_text_between(const transcript *t, double from, double to, text_buffer *out)
{
    for (size_t i = 0; i < t->count; i++) {
        const transcript_segment *s = &t->segments[i];
        if (s->word_count == 0) {
            if (segment_counts(s, from, to))
                append_words(out, s->text);
            continue;
        }
        const char *at = s->text; /* after the previous word */
        bool before = false;      /* the previous word was taken */
        for (size_t w = 0; w < s->word_count; w++) {
            const char *word = s->words[w].text, *found = *word ? strstr(at, word) : NULL;
            double middle = (s->words[w].start + s->words[w].end) / 2;
            bool wanted = middle >= from && middle < to;
            if (wanted && before && found == at)
                text_add(out, word); /* "-hearted" after "cold", most words of Chinese */
            else if (wanted)
                append_words(out, word);
            before = wanted;
            at = found ? found + strlen(word) : at;
        }
    }
}

void transcript_text(const transcript *t, text_buffer *out)
{
    for (size_t i = 0; i < t->count; i++)
        append_words(out, t->segments[i].text);
}
