/* speech/segments.c - the tokens of a window cut at their time stamps into segments, which go into the result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "speech/listen.h"

enum { FRAMES_A_STAMP = 2 };
static const double RESET_TEMPERATURE = 0.5; /* the text of a window found at more is not put before the next one's */

/* The text of tokens without time stamps and other special ones, without spaces at its ends; free(). */
smac_status listener_text(const speech_listener *l, const int32_t *tokens, size_t count, char **out, smac_error *error)
{
    int32_t *plain = memory_new(count + 1, sizeof *plain);
    size_t kept = 0, length;
    if (plain == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", count);
    for (size_t i = 0; i < count; i++)
        if (tokens[i] < l->model->rules.end)
            plain[kept++] = tokens[i];
    smac_status status = tokenizer_decode(l->model->tokens, plain, kept, true, out, &length, error);
    free(plain);
    TRY(status);
    char *text = *out;
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        text[--length] = 0;
    size_t skip = strspn(text, " \t\r\n");
    memmove(text, text + skip, length - skip + 1);
    return SMAC_OK;
}

/* Tokens [from, to) as a segment; times in seconds. */
static smac_status parts_add(
    window_parts *parts, const int32_t *tokens, size_t from, size_t to, double start, double end, smac_error *error)
{
    if (!memory_grow((void **)&parts->items, &parts->capacity, parts->count + 1, sizeof *parts->items))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu segments", parts->count + 1);
    parts->items[parts->count++] =
        (window_part){.start = start, .end = end, .tokens = tokens + from, .count = to - from};
    return SMAC_OK;
}

/* Cuts the tokens where two time stamps follow each other; *seek is where the next window begins. */
static smac_status parts_of_window(
    const speech_listener *l, const heard *h, int64_t frames, window_parts *parts, int64_t *seek, smac_error *error)
{
    const int32_t *t = h->found.tokens, stamp = l->model->rules.first_timestamp;
    size_t n = h->found.count, from = 0;
    double offset = (double)l->seek / FRAMES_A_SECOND, step = (double)FRAMES_A_STAMP / FRAMES_A_SECOND;
    parts->single_end = n >= 2 && t[n - 2] < stamp && t[n - 1] >= stamp;
    bool any = false;
    for (size_t i = 1; i <= n; i++) {
        bool pair = i < n && t[i] >= stamp && t[i - 1] >= stamp;
        any |= pair;
        if (!pair && !(i == n && any && parts->single_end))
            continue;
        TRY(parts_add(parts, t, from, i, offset + step * (t[from] - stamp), offset + step * (t[i - 1] - stamp), error));
        from = i;
    }
    if (any && !parts->single_end) {
        *seek = l->seek + (int64_t)FRAMES_A_STAMP * (t[from - 1] - stamp); /* the unfinished rest is heard again */
        return SMAC_OK;
    }
    if (!any) {
        double length = (double)frames / FRAMES_A_SECOND;
        for (size_t i = n; i-- > 0;)
            if (t[i] >= stamp) {
                if (t[i] != stamp)
                    length = step * (t[i] - stamp);
                break;
            }
        TRY(parts_add(parts, t, 0, n, offset, offset + length, error));
    }
    *seek = l->seek + frames;
    return SMAC_OK;
}

static smac_status part_keep(speech_listener *l, window_part *part, const heard *h, smac_error *error)
{
    speech_result *r = l->result;
    int64_t from = (int64_t)(part->start * FRAMES_A_SECOND), to = (int64_t)ceil(part->end * FRAMES_A_SECOND);
    char *text;
    TRY(listener_text(l, part->tokens, part->count, &text, error));
    if (part->nothing || text[0] == 0 || features_loudness(&l->features, from, to) < l->options.silence) {
        free(text);
        return SMAC_OK;
    }
    int32_t *tokens = memory_new(part->count + 1, sizeof *tokens);
    if (tokens == NULL || !memory_grow((void **)&r->segments, &r->capacity, r->count + 1, sizeof *r->segments)) {
        free(tokens);
        free(text);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu segments", r->count + 1);
    }
    memcpy(tokens, part->tokens, part->count * sizeof *tokens);
    r->segments[r->count++] = (speech_segment){.start = part->start,
        .end = part->end,
        .text = text,
        .tokens = tokens,
        .token_count = part->count,
        .words = part->words,
        .word_count = part->word_count,
        .log_probability = h->found.log_probability,
        .no_speech = h->found.no_speech,
        .compression_ratio = h->compression_ratio,
        .temperature = h->temperature};
    part->words = NULL;
    part->word_count = 0;
    if (!l->options.previous_text)
        return SMAC_OK;
    if (!memory_grow(
            (void **)&l->previous, &l->previous_capacity, l->previous_count + part->count, sizeof *l->previous))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the previous text");
    memcpy(l->previous + l->previous_count, part->tokens, part->count * sizeof *tokens);
    l->previous_count += part->count;
    size_t most = (size_t)l->model->config.text_positions; /* no prompt takes more */
    if (l->previous_count > 4 * most) {
        memmove(l->previous, l->previous + (l->previous_count - most), most * sizeof *l->previous);
        l->previous_count = most;
    }
    return SMAC_OK;
}

static void parts_clear(window_parts *p)
{
    for (size_t i = 0; i < p->count; i++) {
        for (size_t w = 0; w < p->items[i].word_count; w++)
            free(p->items[i].words[w].text);
        free(p->items[i].words);
    }
    free(p->items);
    memset(p, 0, sizeof *p);
}

smac_status window_keep(speech_listener *l, heard *h, int64_t frames, int64_t *next, smac_error *error)
{
    window_parts parts = {0};
    smac_status status = parts_of_window(l, h, frames, &parts, next, error);
    if (status == SMAC_OK && l->options.words)
        status = parts_time_words(l, &parts, frames, next, error);
    parts_put_in_order(l, &parts, frames);
    for (size_t i = 0; status == SMAC_OK && i < parts.count; i++)
        status = part_keep(l, &parts.items[i], h, error);
    parts_clear(&parts);
    if (h->temperature > RESET_TEMPERATURE)
        l->previous_count = 0;
    return status;
}
