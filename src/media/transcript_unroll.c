/*
 * media/transcript_unroll.c - rolling captions, in which each cue repeats the previous line and adds a new one.
 *
 * Only transcripts in which most cues do so are changed; words that are really said twice remain.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "media/transcript_text.h"

/* LINE_TOKENS: shortest repetition of a part of a cue, unless nearly all cues repeat shorter ones. */
enum { TOKENS_MAX = 400, LINE_TOKENS = 3, STRICT_PAIRS = 3 };
static const double ADJACENT = 0.5; /* longest pause between two cues, in seconds */

/* A word, or one character of a script without spaces. */
typedef struct token {
    const char *from;
    size_t length;
} token;

typedef struct token_list {
    token items[TOKENS_MAX];
    size_t count; /* TOKENS_MAX: too long for a caption */
} token_list;

static void cut_tokens(const char *text, token_list *out)
{
    size_t length = strlen(text);
    bool open = false;
    out->count = 0;
    for (size_t at = 0; at < length && out->count < TOKENS_MAX;) {
        size_t from = at;
        uint32_t c = utf8_next(text, length, &at);
        bool alone = c >= 0x2E80;
        if (c == ' ') {
            open = false;
        } else if (open && !alone) {
            out->items[out->count - 1].length += at - from;
        } else {
            out->items[out->count++] = (token){text + from, at - from};
            open = !alone;
        }
    }
}

static bool token_is_same(const token *a, const token *b)
{
    return a->length == b->length && memcmp(a->from, b->from, a->length) == 0;
}

/* The number of tokens at the end of the previous cue that this one repeats at its beginning: whole cues, or `least`. */
static size_t repeated(const token_list *before, const token_list *now, size_t least)
{
    size_t most = before->count < now->count ? before->count : now->count;
    for (size_t k = most; k > 0; k--) {
        size_t i = 0;
        while (i < k && token_is_same(&before->items[before->count - k + i], &now->items[i]))
            i++;
        if (i == k && (k == before->count || k == now->count || k >= least))
            return k;
    }
    return 0;
}

typedef struct rolling {
    size_t pairs, repeats, appends, tokens;
    size_t *cuts; /* of each segment: tokens to remove */
} rolling;

static bool measure_rolling(const transcript *t, size_t least, rolling *r)
{
    *r = (rolling){0};
    token_list *lists = memory_new(2, sizeof *lists);
    r->cuts = memory_new(t->count ? t->count : 1, sizeof *r->cuts);
    if (!lists || !r->cuts) {
        free(lists);
        free(r->cuts);
        return false;
    }
    token_list *before = &lists[0], *now = &lists[1];
    for (size_t i = 0; i < t->count; i++) {
        const transcript_segment *s = &t->segments[i];
        cut_tokens(s->text, now);
        bool adjacent = i > 0 && s->start - t->segments[i - 1].end <= ADJACENT && s->start > t->segments[i - 1].start;
        if (adjacent && before->count < TOKENS_MAX && now->count < TOKENS_MAX) {
            size_t cut = repeated(before, now, least);
            r->pairs++;
            r->cuts[i] = cut;
            r->repeats += cut > 0;
            r->appends += cut > 0 && cut < now->count;
            r->tokens += cut;
        }
        token_list *last = before;
        before = now;
        now = last;
    }
    free(lists);
    return true;
}

static void segment_cut(transcript_segment *s, size_t tokens)
{
    token_list list;
    cut_tokens(s->text, &list);
    const char *rest = tokens < list.count ? list.items[tokens].from : s->text + strlen(s->text);
    memmove(s->text, rest, strlen(rest) + 1);
}

void transcript_unroll(transcript *t)
{
    rolling r;
    if (!measure_rolling(t, LINE_TOKENS, &r))
        return; /* without memory it remains unchanged */
    bool is_rolling =
        r.appends > 0 && r.tokens >= LINE_TOKENS && r.repeats * 10 >= r.pairs * 6 && r.appends * 4 >= r.pairs;
    if (!is_rolling) { /* lines of one or two words: only when nearly every cue repeats the one before */
        free(r.cuts);
        if (!measure_rolling(t, 1, &r))
            return;
        is_rolling = r.pairs >= STRICT_PAIRS && r.repeats * 10 >= r.pairs * 9 && r.appends * 4 >= r.pairs;
    }
    size_t kept = 0;
    for (size_t i = 0; i < t->count && is_rolling; i++) {
        transcript_segment *s = &t->segments[i];
        if (r.cuts[i] > 0 && s->word_count == 0)
            segment_cut(s, r.cuts[i]);
        if (s->text[0])
            t->segments[kept++] = *s;
        else
            free(s->text);
    }
    free(r.cuts);
    if (!is_rolling)
        return;
    char sentence[160];
    number_format(sentence, sizeof sentence,
        "its captions roll: %zu of %zu repeat words of the one before, which were left out", r.repeats, t->count);
    media_warnings_add(&t->warnings, sentence);
    t->count = kept;
}
