/* speech/part_words.c - the timed words of a window handed out to its segments. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "speech/listen.h"
#include "speech/words.h"

static double round_to_hundredth(double seconds)
{
    return round(seconds * 100) / 100;
}

/* Words from *at on that belong to the part: as many as its text tokens make. */
static smac_status part_take_words(
    const speech_listener *l, window_part *part, timed_words *words, size_t *at, double offset, smac_error *error)
{
    int64_t wanted = 0, taken = 0;
    size_t first = *at;
    for (size_t i = 0; i < part->count; i++)
        wanted += part->tokens[i] < l->model->rules.end;
    for (; *at < words->count && taken < wanted; (*at)++)
        taken += words->items[*at].token_count;
    part->words = memory_new(*at - first + 1, sizeof *part->words);
    if (part->words == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu words", *at - first);
    for (size_t i = first; i < *at; i++) {
        timed_word *word = &words->items[i];
        if (word->text[0] == 0)
            continue;
        size_t skip = strspn(word->text, " ");
        memmove(word->text, word->text + skip, strlen(word->text + skip) + 1);
        part->words[part->word_count++] = (transcript_word){.start = round_to_hundredth(offset + word->start),
            .end = round_to_hundredth(offset + word->end),
            .text = word->text,
            .probability = word->probability};
        word->text = NULL;
    }
    return SMAC_OK;
}

static bool part_has_text(const speech_listener *l, const window_part *part)
{
    for (size_t i = 0; i < part->count; i++)
        if (part->tokens[i] < l->model->rules.end)
            return true;
    return false;
}

/* Words in order from `from` on, and the segment around them. */
static void part_put_in_order(window_part *part, double from)
{
    part->start = fmax(part->start, from);
    for (size_t i = 0; i < part->word_count; i++) {
        transcript_word *w = &part->words[i];
        w->start = fmax(w->start, from);
        w->end = fmax(w->end, w->start);
        from = w->end;
    }
    part->start = fmin(part->start, part->words[0].start);
    part->end = fmax(part->end, from);
}

/* A segment without words between what came before and what follows. */
static void part_squeeze(window_part *part, double from, double next)
{
    part->start = fmax(part->start, from);
    if (part->start > fmax(next, from))
        part->start = fmax(next, from);
    part->end = fmax(fmin(part->end, next), part->start);
}

/* The first words after a pause mostly include the pause; the time stamps around the segment say better where it is. */
static void part_fit_words(window_part *part, double last_speech, double longest)
{
    transcript_word *w = part->words;
    size_t n = part->word_count;
    double median = longest / 2;
    if (w[0].end - last_speech > median * 4 &&
        (w[0].end - w[0].start > longest || (n > 1 && w[1].end - w[0].start > longest * 2))) {
        if (n > 1 && w[1].end - w[1].start > longest) {
            double border = fmax(w[1].end / 2, w[1].end - longest);
            w[0].end = w[1].start = border;
        }
        w[0].start = fmax(0, w[0].end - longest);
    }
    if (part->start < w[0].end && part->start - 0.5 > w[0].start)
        w[0].start = fmax(0, fmin(w[0].end - median, part->start));
    else
        part->start = w[0].start;
    if (part->end > w[n - 1].start && part->end + 0.5 < w[n - 1].end)
        w[n - 1].end = fmax(w[n - 1].start + median, part->end);
    else
        part->end = w[n - 1].end;
}

static smac_status parts_hand_out_words(
    speech_listener *l, window_parts *parts, timed_words *words, double longest, smac_error *error)
{
    size_t at = 0;
    double offset = (double)l->seek / 100;
    for (size_t i = 0; i < parts->count; i++) {
        window_part *part = &parts->items[i];
        TRY(part_take_words(l, part, words, &at, offset, error));
        if (part->word_count > 0) {
            part_fit_words(part, l->last_speech, longest);
            l->last_speech = part->end;
        }
    }
    return SMAC_OK;
}

smac_status parts_time_words(speech_listener *l, window_parts *parts, int64_t frames, int64_t *next, smac_error *error)
{
    const speech_model *m = l->model;
    size_t all = 0, count = 0;
    for (size_t i = 0; i < parts->count; i++)
        all += parts->items[i].count;
    int32_t *text = memory_new(all + 1, sizeof *text);
    if (text == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", all);
    for (size_t i = 0; i < parts->count; i++)
        for (size_t j = 0; j < parts->items[i].count; j++)
            if (parts->items[i].tokens[j] < m->rules.end)
                text[count++] = parts->items[i].tokens[j];
    const int32_t prompt[] = {m->rules.start, l->language, m->transcribe};
    word_request request = {.tokens = m->tokens,
        .prompt = prompt,
        .prompt_count = m->many_languages ? 3 : 1,
        .text = text,
        .count = (int64_t)count,
        .frames = frames / 2,
        .no_timestamps = m->rules.no_timestamps,
        .end = m->rules.end,
        .heads = (const int32_t(*)[2])m->heads,
        .head_count = (int64_t)m->head_count,
        .spaces = l->spaces};
    timed_words words = {0};
    double longest;
    smac_status status = word_times(l->decoding, &request, &words, &longest, error);
    if (status == SMAC_OK)
        status = parts_hand_out_words(l, parts, &words, longest, error);
    timed_words_clear(&words);
    free(text);
    if (status != SMAC_OK || parts->count == 0)
        return status;
    double end = parts->items[parts->count - 1].end;
    for (size_t i = parts->count; i-- > 0;)
        if (parts->items[i].word_count > 0) {
            end = parts->items[i].words[parts->items[i].word_count - 1].end;
            break;
        }
    if (!parts->single_end && end > (double)l->seek / 100)
        *next = llround(end * 100);
    l->last_speech = end;
    return SMAC_OK;
}

void parts_put_in_order(const speech_listener *l, window_parts *parts, int64_t frames)
{
    const speech_result *r = l->result;
    double end = r->count > 0 ? r->segments[r->count - 1].end : 0, border = (double)(l->seek + frames) / 100;
    for (size_t i = 0; i < parts->count; i++) {
        window_part *part = &parts->items[i];
        size_t next = i + 1;
        part->nothing = part->start == part->end || part->start >= border || !part_has_text(l, part);
        if (part->nothing)
            continue;
        while (next < parts->count && parts->items[next].word_count == 0)
            next++;
        if (part->word_count > 0)
            part_put_in_order(part, end);
        else if (l->options.words) /* a word before took its text */
            part_squeeze(part, end, next < parts->count ? parts->items[next].words[0].start : part->end);
        part->start = fmin(part->start, border);
        end = part->end = fmin(part->end, border); /* time stamps are of 30 s, also where the sound ends before */
    }
}
