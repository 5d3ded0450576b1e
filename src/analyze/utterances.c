/* analyze/utterances.c - where the words of a recording fall into utterances. */
#include "analyze/utterances.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/utf8.h"

/* --- ends of sentences -------------------------------------------------------------------------------------------- */

static bool is_closing(uint32_t code)
{
    static const uint32_t closing[] = {'"', '\'', ')', ']', '}', 0xbb, 0x2019, 0x201d, 0x203a, 0x300d, 0x300f, 0xff09};
    for (size_t i = 0; i < sizeof closing / sizeof closing[0]; i++)
        if (code == closing[i])
            return true;
    return false;
}

static bool is_sentence_mark(uint32_t code)
{
    static const uint32_t marks[] = {
        '.', '!', '?', 0x2026, 0x203c, 0x2047, 0x2048, 0x2049, 0x3002, 0xff01, 0xff0e, 0xff1f, 0xff61, 0x964, 0x61f};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (code == marks[i])
            return true;
    return false;
}

/* "Dr.", "e.g.", "J." - text is all before the full stop. */
static bool is_abbreviation(const char *text, size_t length)
{
    static const char *const known[] = {
        "mr", "mrs", "ms", "dr", "prof", "st", "vs", "jr", "sr", "e.g", "i.e", "a.m", "p.m"};
    size_t from = length;
    while (from > 0 && text[from - 1] != ' ')
        from--;
    size_t word = length - from;
    if (word == 1)
        return (text[from] | 32) >= 'a' && (text[from] | 32) <= 'z' && text[from] != 'I';
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i]) == word && strncasecmp(known[i], text + from, word) == 0)
            return true;
    return false;
}

/* The last character of text[0..*length), which is shortened by it. */
static uint32_t last_character(const char *text, size_t *length)
{
    size_t at = *length - 1;
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    size_t next = at;
    uint32_t code = utf8_next(text, *length, &next);
    *length = at;
    return code;
}

bool text_ends_sentence(const char *text, size_t length)
{
    uint32_t code = ' ';
    while (length > 0 && (code == ' ' || is_closing(code)))
        code = last_character(text, &length);
    return is_sentence_mark(code) && !(code == '.' && is_abbreviation(text, length));
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

static int compare_starts(const void *a, const void *b)
{
    const spoken_piece *x = a, *y = b;
    return x->start != y->start ? (x->start < y->start ? -1 : 1) : (x->end > y->end) - (x->end < y->end);
}

/* The words of a line; marks may be in the line's text alone ("film." there, "film" as the word). */
static size_t pieces_of_words(const transcript_segment *line, double after, spoken_piece *out)
{
    const char *at = line->text;
    size_t count = 0;
    for (size_t w = 0; w < line->word_count; w++) {
        const transcript_word *word = &line->words[w];
        const char *found = *word->text ? strstr(at, word->text) : NULL, *until = found;
        size_t length = strlen(word->text);
        if (found) {
            at = found + length;
            until = at + strcspn(at, " ");
        }
        bool is_last = w + 1 == line->word_count;
        bool touches = found && !is_last && until > at && line->words[w + 1].text[0] &&
            strncmp(at, line->words[w + 1].text, strlen(line->words[w + 1].text)) == 0; /* written without spaces */
        bool ends = found && !touches ? text_ends_sentence(line->text, (size_t)(until - line->text))
                                      : text_ends_sentence(word->text, length);
        if (isfinite(word->start) && word->start > after)
            out[count++] = (spoken_piece){word->start, fmax(word->start, word->end), ends};
    }
    return count;
}

smac_status spoken_pieces(const transcript *said, double after, spoken_piece **out, size_t *count, smac_error *error)
{
    size_t most = 1;
    for (size_t i = 0; i < said->count; i++)
        most += said->segments[i].word_count ? said->segments[i].word_count : 1;
    *count = 0;
    *out = memory_new(most, sizeof **out);
    if (!*out)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the words");
    for (size_t i = 0; i < said->count; i++) {
        const transcript_segment *line = &said->segments[i];
        if (line->word_count > 0)
            *count += pieces_of_words(line, after, *out + *count);
        else if (isfinite(line->start) && line->start > after && line->text[0])
            (*out)[(*count)++] = (spoken_piece){
                line->start, fmax(line->start, line->end), text_ends_sentence(line->text, strlen(line->text))};
    }
    qsort(*out, *count, sizeof **out, compare_starts);
    return SMAC_OK;
}

/* --- utterances --------------------------------------------------------------------------------------------------- */

/* The widest pause among the first count pieces and the one after them; the later of equal ones. */
static size_t widest_pause(const spoken_piece *pieces, size_t count)
{
    double end = pieces[0].end, widest = -INFINITY;
    size_t best = count;
    for (size_t i = 1; i <= count; i++) {
        double pause = pieces[i].start - end;
        if (pause >= widest && end - pieces[0].start >= UTTERANCE_SHORT && pieces[i].start > pieces[i - 1].start) {
            widest = pause;
            best = i;
        }
        end = fmax(end, pieces[i].end);
    }
    return best;
}

typedef struct utterance {
    size_t count;
    double end;
    bool is_open; /* words to come may make it longer */
} utterance;

/* The first utterance by what follows it alone. */
static utterance utterance_take(const spoken_piece *pieces, size_t count, double longest, double known)
{
    utterance u = {.count = 1, .end = pieces[0].end};
    for (; u.count < count; u.count++) {
        const spoken_piece *next = &pieces[u.count];
        double pause = next->start - u.end;
        bool is_short = u.end - pieces[0].start < UTTERANCE_SHORT;
        bool breaks = pause >= UTTERANCE_PAUSE || pieces[u.count - 1].ends_sentence;
        bool together = next->start <= pieces[u.count - 1].start;
        if (!together && fmax(u.end, next->end) - pieces[0].start > longest) {
            u.count = breaks ? u.count : widest_pause(pieces, u.count);
            break;
        }
        if (!together && breaks && !(is_short && pause < UTTERANCE_JOIN))
            return u;
        u.end = fmax(u.end, next->end);
    }
    u.is_open = u.count == count && known < u.end + UTTERANCE_JOIN;
    u.end = pieces[0].end;
    for (size_t i = 1; i < u.count; i++)
        u.end = fmax(u.end, pieces[i].end);
    return u;
}

size_t utterance_first(const spoken_piece *pieces, size_t count, double longest, double known)
{
    while (count > 0 && pieces[count - 1].start > known)
        count--;
    if (count == 0)
        return 0;
    utterance first = utterance_take(pieces, count, longest, known);
    if (first.is_open || first.count == count)
        return first.is_open ? 0 : first.count;
    const spoken_piece *rest = pieces + first.count;
    if (rest[0].start - first.end >= UTTERANCE_JOIN)
        return first.count;
    utterance next = utterance_take(rest, count - first.count, longest, known);
    if (next.end - rest[0].start >= UTTERANCE_SHORT || next.end - pieces[0].start > longest)
        return first.count;
    return next.is_open ? 0 : first.count + next.count;
}
