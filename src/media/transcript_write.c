/* media/transcript_write.c - writing SubRip and WebVTT, with segments split into cues that fit on a screen. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "media/transcript.h"

enum { LINE_COLUMNS = 42, CUE_COLUMNS = 2 * LINE_COLUMNS };
static const double SHORTEST_CUE = 0.1; /* seconds; word times closer than this are not used for cues */

/* The smallest unit of line breaking: a word with its punctuation, or one Chinese or Japanese character. */
typedef struct unit {
    size_t from, to;     /* bytes of the text */
    size_t letters;      /* bytes of the text before it, without spaces */
    int columns, before; /* width of the unit, and of the text before it without trailing space */
    bool space;          /* a space precedes it */
    bool stop, pause;    /* ends with a full stop or similar, with a comma or similar */
} unit;

typedef struct units {
    unit *items;
    size_t count, capacity;
    size_t letters; /* of the whole text */
} units;

/* --- units -------------------------------------------------------------------------------------------------------- */

static bool in_ranges(uint32_t c, const uint32_t (*ranges)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

/* East Asian Wide and Fullwidth, by blocks. */
static bool is_wide(uint32_t c)
{
    static const uint32_t wide[][2] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
        {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
    return in_ranges(c, wide, sizeof wide / sizeof *wide);
}

/* Scripts without spaces: a line may break after any character, but not before closing punctuation. */
static bool breaks_anywhere(uint32_t c)
{
    static const uint32_t alone[][2] = {
        {0x2e80, 0x2fdf}, {0x3005, 0x3007}, {0x3041, 0x30ff}, {0x3400, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x3fffd}};
    return in_ranges(c, alone, sizeof alone / sizeof *alone);
}

static bool is_stop(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == 0x3002 || c == 0xff01 || c == 0xff1f || c == 0x2026;
}

static bool is_pause(uint32_t c)
{
    return c == ',' || c == ';' || c == ':' || c == 0xff0c || c == 0x3001 || c == 0xff1b || c == 0xff1a || c == 0x2014;
}

static bool cut_units(const char *text, units *out)
{
    size_t length = strlen(text);
    bool space = false;
    uint32_t last = 0;
    for (size_t at = 0; at < length;) {
        size_t from = at;
        uint32_t c = utf8_next(text, length, &at);
        if (c == ' ') {
            space = true;
            continue;
        }
        unit *u = out->count > 0 ? &out->items[out->count - 1] : NULL;
        bool new_one =
            u == NULL || space || (breaks_anywhere(c) && (breaks_anywhere(last) || is_stop(last) || is_pause(last)));
        if (new_one) {
            if (!memory_grow((void **)&out->items, &out->capacity, out->count + 1, sizeof *out->items))
                return false;
            u = out->count > 0 ? &out->items[out->count - 1] : NULL; /* the array may have moved */
            out->items[out->count] = (unit){.from = from,
                .letters = out->letters,
                .space = u != NULL && space,
                .before = u != NULL ? u->before + u->space + u->columns : 0};
            u = &out->items[out->count++];
        }
        u->to = at;
        u->columns += is_wide(c) ? 2 : 1;
        u->stop = is_stop(c);
        u->pause = is_pause(c);
        out->letters += at - from;
        last = c;
        space = false;
    }
    return true;
}

/* --- cues --------------------------------------------------------------------------------------------------------- */

static int width(const units *u, size_t from, size_t to)
{
    const unit *first = &u->items[from], *last = &u->items[to - 1];
    return last->before + last->space + last->columns - (first->before + first->space);
}

/* Where the second line of the cue [from, to) begins; to: one line is enough; from: it does not fit. */
static size_t second_line(const units *u, size_t from, size_t to)
{
    int whole = width(u, from, to);
    if (whole <= LINE_COLUMNS || to - from == 1)
        return to;
    size_t best = from;
    int least = 0;
    for (size_t i = from + 1; i < to; i++) {
        int first = width(u, from, i), second = width(u, i, to);
        if (!u->items[i].space) /* lines break only at spaces, since readers join them with a space */
            continue;
        if (first > LINE_COLUMNS || second > LINE_COLUMNS)
            continue;
        const unit *before = &u->items[i - 1];
        int cost = abs(first - second) + (before->stop || before->pause ? 0 : 10);
        if (best == from || cost < least) {
            best = i;
            least = cost;
        }
    }
    return best;
}

/* The end of the longest cue that begins at from; it has at least one unit. */
static size_t longest_cue(const units *u, size_t from)
{
    size_t most = from + 1;
    for (size_t to = from + 2; to <= u->count && width(u, from, to) <= CUE_COLUMNS + 1; to++)
        if (second_line(u, from, to) != from)
            most = to;
    return most;
}

/* The end of the cue that begins at from, so that the remaining cues have similar lengths and end at punctuation. */
static size_t cue_end(const units *u, size_t from)
{
    size_t most = longest_cue(u, from);
    if (most == u->count)
        return most;
    double left = (double)width(u, from, u->count), least = INFINITY;
    double wanted = left / ceil(left / (double)width(u, from, most));
    size_t best = most;
    for (size_t to = from + 1; to <= most; to++) {
        if (second_line(u, from, to) == from)
            continue;
        const unit *last = &u->items[to - 1];
        double cost = fabs((double)width(u, from, to) - wanted) + (last->stop ? 0 : last->pause ? 8 : 20);
        if (cost <= least) {
            least = cost;
            best = to;
        }
    }
    return best;
}

/* --- times -------------------------------------------------------------------------------------------------------- */

static size_t letters_of(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text != ' ';
    return count;
}

/* When a letter is spoken, by the times of its word: the start of the word, or its end. */
static double letter_time(const transcript_segment *s, size_t letter, bool end)
{
    size_t seen = 0;
    for (size_t w = 0; w < s->word_count; w++) {
        seen += letters_of(s->words[w].text);
        if (letter < seen)
            return end ? s->words[w].end : s->words[w].start;
    }
    return end ? s->end : s->start;
}

static bool words_make_the_text(const transcript_segment *s, const units *u)
{
    size_t letters = 0;
    for (size_t w = 0; w < s->word_count; w++)
        letters += letters_of(s->words[w].text);
    return s->word_count > 0 && letters == u->letters;
}

static double share_time(const units *u, double start, double end, size_t unit_index)
{
    size_t letters = unit_index < u->count ? u->items[unit_index].letters : u->letters;
    return start + (end - start) * (double)letters / (double)(u->letters ? u->letters : 1);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

typedef struct cue {
    size_t from, to;
    double start, end;
} cue;

typedef struct cues {
    cue *items;
    size_t count, capacity;
} cues;

static bool cut_cues(const units *u, const transcript_segment *s, double start, double end, cues *out)
{
    for (size_t from = 0, to; from < u->count; from = to) {
        to = cue_end(u, from);
        if (!memory_grow((void **)&out->items, &out->capacity, out->count + 1, sizeof *out->items))
            return false;
        out->items[out->count++] = (cue){from, to, share_time(u, start, end, from), share_time(u, start, end, to)};
    }
    if (out->count < 2 || !words_make_the_text(s, u))
        return true;
    for (int pass = 0; pass < 2; pass++) { /* check, then apply */
        double last = start;
        for (size_t i = 0; i < out->count; i++) {
            cue *c = &out->items[i];
            double first = i == 0 ? start : letter_time(s, u->items[c->from].letters, false);
            double last_end = i + 1 == out->count ? end : letter_time(s, u->items[c->to].letters - 1, true);
            if (!(first >= last && last_end >= first + SHORTEST_CUE && last_end <= end))
                return true;
            last = last_end;
            if (pass == 1) {
                c->start = first;
                c->end = last_end;
            }
        }
    }
    return true;
}

static int64_t milliseconds(double seconds)
{
    return seconds > 0 && seconds < 1e9 ? llround(seconds * 1000) : 0;
}

static void add_time(text_buffer *out, int64_t ms, char point)
{
    text_format(out, "%02lld:%02lld:%02lld%c%03lld", (long long)(ms / 3600000), (long long)(ms / 60000 % 60),
        (long long)(ms / 1000 % 60), point, (long long)(ms % 1000));
}

/* WebVTT: XML escapes, and an escape for braces that would be read as {\an8} or similar.  SubRip has no escapes: "-->",
 * which other readers take for a time line, becomes "->". */
static void add_cue_text(text_buffer *out, const char *text, size_t length, bool vtt)
{
    for (size_t i = 0; i < length; i++) {
        char one[2] = {text[i], 0};
        size_t dashes = 0;
        while (!vtt && i + dashes < length && text[i + dashes] == '-')
            dashes++;
        if (dashes > 1 && i + dashes < length && text[i + dashes] == '>')
            i += dashes - 1;
        if (!vtt)
            text_add_char(out, text[i]);
        else if (text[i] == '{' && i + 1 < length && text[i + 1] == '\\')
            text_add(out, "&#123;");
        else
            text_add_xml(out, one);
    }
}

static void write_cue(const char *text, const units *u, const cue *c, size_t number, bool vtt, text_buffer *out)
{
    size_t line = second_line(u, c->from, c->to);
    int64_t start = milliseconds(c->start), end = milliseconds(c->end);
    if (!vtt)
        text_format(out, "%zu\n", number);
    add_time(out, start, vtt ? '.' : ',');
    text_add(out, " --> ");
    add_time(out, end > start ? end : start + 1, vtt ? '.' : ','); /* a cue has a duration */
    text_add_char(out, '\n');
    size_t first_end = line > c->from && line < c->to ? line : c->to;
    const unit *items = u->items;
    add_cue_text(out, text + items[c->from].from, items[first_end - 1].to - items[c->from].from, vtt);
    text_add_char(out, '\n');
    if (first_end < c->to) {
        add_cue_text(out, text + items[first_end].from, items[c->to - 1].to - items[first_end].from, vtt);
        text_add_char(out, '\n');
    }
    text_add_char(out, '\n');
}

static void write_cues(const transcript *t, double duration, bool vtt, text_buffer *out)
{
    size_t number = 0;
    if (vtt)
        text_add(out, "WEBVTT\n\n");
    for (size_t i = 0; i < t->count && !out->failed; i++) {
        const transcript_segment *s = &t->segments[i];
        bool untimed = isnan(s->start) || isnan(s->end);
        units u = {0};
        cues c = {0};
        if (!cut_units(s->text, &u) || !cut_cues(&u, s, untimed ? 0 : s->start, untimed ? duration : s->end, &c))
            out->failed = true;
        for (size_t k = 0; k < c.count; k++)
            write_cue(s->text, &u, &c.items[k], ++number, vtt, out);
        free(u.items);
        free(c.items);
    }
}

void transcript_write_srt(const transcript *t, double duration, text_buffer *out)
{
    write_cues(t, duration, false, out);
}

void transcript_write_vtt(const transcript *t, double duration, text_buffer *out)
{
    write_cues(t, duration, true, out);
}
