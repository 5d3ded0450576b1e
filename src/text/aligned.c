/* text/aligned.c - code points with the place they came from, segments, and the ways of splitting. */
#include "text/aligned.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/unicode.h"

void aligned_add(aligned_text *t, uint32_t code, uint32_t start, uint32_t end)
{
    if (t->count == t->capacity) {
        if (t->failed || !memory_grow((void **)&t->items, &t->capacity, t->count + 1, sizeof *t->items)) {
            t->failed = true;
            return;
        }
    }
    t->items[t->count++] = (aligned_char){code, start, end};
}

void aligned_add_all(aligned_text *t, const aligned_char *items, size_t count)
{
    if (count == 0)
        return;
    if (t->failed || !memory_grow((void **)&t->items, &t->capacity, t->count + count, sizeof *t->items)) {
        t->failed = true;
        return;
    }
    memcpy(t->items + t->count, items, count * sizeof *items);
    t->count += count;
}

void aligned_free(aligned_text *t)
{
    free(t->items);
    *t = (aligned_text){0};
}

smac_status aligned_read(aligned_text *t, const char *text, size_t length, smac_error *error)
{
    if (length > INT32_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the text has %zu bytes, at most %d can be encoded at once; cut it",
            length, INT32_MAX);
    for (size_t at = 0; at < length && !t->failed;) {
        size_t start = at;
        uint32_t code = utf8_next(text, length, &at);
        aligned_add(t, code, (uint32_t)start, (uint32_t)at);
    }
    return t->failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for a text of %zu bytes", length) : SMAC_OK;
}

void segment_add(segment_list *l, size_t begin, size_t count, int32_t token)
{
    if (count == 0 && token < 0)
        return;
    if (l->failed || !memory_grow((void **)&l->items, &l->capacity, l->count + 1, sizeof *l->items)) {
        l->failed = true;
        return;
    }
    l->items[l->count++] = (segment){begin, count, token};
}

void segment_list_free(segment_list *l)
{
    free(l->items);
    *l = (segment_list){0};
}

void segmented_free(segmented *s)
{
    aligned_free(&s->text);
    aligned_free(&s->next_text);
    segment_list_free(&s->segments);
    segment_list_free(&s->next_segments);
}

void segmented_swap(segmented *s, bool text_too)
{
    segment_list segments = s->segments;
    s->segments = s->next_segments;
    s->next_segments = segments;
    s->next_segments.count = 0;
    if (text_too) {
        aligned_text text = s->text;
        s->text = s->next_text;
        s->next_text = text;
        s->next_text.count = 0;
    }
}

smac_status segmented_check(const segmented *s, smac_error *error)
{
    if (s->text.failed || s->next_text.failed || s->segments.failed || s->next_segments.failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a text of %zu characters", s->text.count);
    return SMAC_OK;
}

splitter splitter_start(segment_list *out, split_behavior behavior)
{
    return (splitter){.out = out, .behavior = behavior};
}

/* Give out what waits. */
static void flush(splitter *s)
{
    if (s->pending)
        segment_add(s->out, s->begin, s->count, -1);
    s->pending = false;
}

void splitter_piece(splitter *s, size_t begin, size_t count, bool is_match)
{
    bool join = false;
    if (count == 0)
        return;
    switch (s->behavior) {
    case SPLIT_REMOVED:
        if (!is_match)
            segment_add(s->out, begin, count, -1);
        return;
    case SPLIT_ISOLATED:
        segment_add(s->out, begin, count, -1);
        return;
    case SPLIT_CONTIGUOUS:
        join = s->pending && s->pending_is_match == is_match;
        break;
    case SPLIT_MERGED_WITH_PREVIOUS:
        join = s->pending && is_match && !s->pending_is_match;
        break;
    case SPLIT_MERGED_WITH_NEXT:
        join = s->pending && !is_match && s->pending_is_match;
        break;
    }
    if (join) {
        s->count += count;
        if (s->behavior != SPLIT_CONTIGUOUS)
            s->pending_is_match = is_match;
        return;
    }
    flush(s);
    s->begin = begin;
    s->count = count;
    s->pending = true;
    s->pending_is_match = is_match;
}

void splitter_finish(splitter *s)
{
    flush(s);
}
