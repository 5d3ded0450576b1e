/* text/encode.c - a text with its context to ids: splitting, the model, cutting to length, the template. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/tokenizer_parts.h"
#include "text/unicode.h"

/* Buffers of one call. */
typedef struct encode_work {
    segmented text;
    aligned_text piece, scratch;
    model_work model;
} encode_work;

static void work_free(encode_work *w)
{
    segmented_free(&w->text);
    aligned_free(&w->piece);
    aligned_free(&w->scratch);
    model_work_free(&w->model);
}

text_span text_span_of(const char *text)
{
    return (text_span){text ? text : "", text ? strlen(text) : 0};
}

/* Each text segment through the normalisers, by itself. */
static smac_status normalize_segments(const tokenizer *t, encode_work *w, smac_error *error)
{
    segmented *s = &w->text;
    if (t->normalize.count == 0)
        return SMAC_OK;
    for (size_t i = 0; i < s->segments.count; i++) {
        const segment *g = &s->segments.items[i];
        size_t begin = s->next_text.count;
        if (g->token >= 0) {
            aligned_add_all(&s->next_text, s->text.items + g->begin, g->count);
        } else {
            w->piece.count = 0;
            aligned_add_all(&w->piece, s->text.items + g->begin, g->count);
            TRY(normalizer_apply(&t->normalize, &w->piece, &w->scratch, error));
            aligned_add_all(&s->next_text, w->piece.items, w->piece.count);
        }
        segment_add(&s->next_segments, begin, s->next_text.count - begin, g->token);
    }
    segmented_swap(s, true);
    return segmented_check(s, error);
}

/* Byte-level: spaces at a token's ends are not of its place (they are one byte each in the text). */
static void trim_places(const tokenizer *t, const char *text, token_list *out, size_t from)
{
    for (size_t i = from; i < out->count; i++) {
        token_item *item = &out->items[i];
        const char *token = t->tokens[item->id];
        size_t length = strlen(token);
        uint32_t leading = 0, trailing = 0;
        bool still = true;
        for (size_t at = 0; at < length;) {
            uint32_t c = utf8_next(token, length, &at);
            bool space = c == 0x120 || unicode_is_space(c);
            still = still && space;
            leading += still;
            trailing = space ? trailing + 1 : 0;
        }
        /* A single one at the beginning was put there; more of them stood there. */
        if (leading == 1 && (i == from || item->start == 0) && t->post.add_prefix_space) {
            leading = 0;
            if (still)
                item->end = item->start; /* nothing but the one that was put there */
        }
        /* A space that was put before a piece is not in the text. */
        for (; leading && item->start < item->end && text[item->start] == ' '; leading--)
            item->start++;
        for (; trailing && item->end > item->start && text[item->end - 1] == ' '; trailing--)
            item->end--;
    }
}

/* The tokens of one text, without special tokens. */
static smac_status encode_text(const tokenizer *t, text_span text, encode_work *w, token_list *out, smac_error *error)
{
    segmented *s = &w->text;
    size_t from = out->count;
    s->text.count = s->next_text.count = s->segments.count = s->next_segments.count = 0;
    TRY(aligned_read(&s->text, text.data, text.length, error));
    segment_add(&s->segments, 0, s->text.count, -1);
    TRY(segmented_check(s, error));
    TRY(added_split(&t->added, false, s, error));
    TRY(normalize_segments(t, w, error));
    TRY(added_split(&t->added, true, s, error));
    TRY(pretokenizer_apply(&t->split, s, error));
    for (size_t i = 0; i < s->segments.count; i++) {
        const segment *g = &s->segments.items[i];
        const aligned_char *items = s->text.items + g->begin;
        size_t first = 0, last = g->count;
        if (g->token < 0) {
            TRY(model_encode(&t->model, items, g->count, &w->model, out, error));
            continue;
        }
        while (t->post.trim_offsets && first < last && unicode_is_space(items[first].code))
            first++;
        while (t->post.trim_offsets && last > first && unicode_is_space(items[last - 1].code))
            last--;
        token_add(out, g->token, last ? items[first < last ? first : 0].start : 0, last ? items[last - 1].end : 0);
    }
    if (out->failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", out->count);
    if (t->post.trim_offsets)
        trim_places(t, text.data, out, from);
    return SMAC_OK;
}

static size_t special_count(const template_list *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += l->items[i].sequence < 0;
    return n;
}

/* All arrays of an encoding in one allocation, ids first. */
static smac_status make_encoding(size_t count, token_encoding *out, smac_error *error)
{
    size_t bytes, each = 2 * sizeof(int32_t) + 2 + sizeof(token_place);
    char *memory = checked_multiply(count, each, &bytes) ? memory_new(bytes + sizeof(token_place), 1) : NULL;
    if (!memory)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", count);
    out->count = count;
    /* Places have the widest alignment, so they follow the ids and types only in pairs of four bytes. */
    out->ids = (int32_t *)memory;
    out->types = out->ids + count;
    out->places = (token_place *)(out->types + count);
    out->mask = (uint8_t *)(out->places + count);
    out->special = out->mask + count;
    return SMAC_OK;
}

/* The two texts of a template: tokens with the text each is from (-1: a separator). */
typedef struct side {
    const token_item *items;
    const int32_t *texts;
    size_t count;
} side;

static smac_status assemble(
    const template_list *l, bool specials, side first, side second, token_encoding *out, smac_error *error)
{
    size_t count = first.count + second.count + (specials ? special_count(l) : 0), n = 0;
    TRY(make_encoding(count, out, error));
    memset(out->mask, 1, count);
    for (size_t i = 0; i < l->count; i++) {
        const template_piece *p = &l->items[i];
        if (p->sequence < 0) {
            if (!specials)
                continue;
            out->ids[n] = p->id;
            out->types[n] = p->type;
            out->special[n] = 1;
            out->places[n++] = (token_place){-1, 0, 0};
            continue;
        }
        side s = p->sequence ? second : first;
        for (size_t k = 0; k < s.count; k++) {
            out->ids[n] = s.items[k].id;
            out->types[n] = p->type;
            out->special[n] = s.texts[k] < 0;
            out->places[n++] = (token_place){s.texts[k], s.items[k].start, s.items[k].end};
        }
    }
    return SMAC_OK;
}

/* Context and text as two lists, and which text each token is from. */
typedef struct encode_lists {
    token_list context, text;
    int32_t *context_texts, *text_texts;
    size_t context_capacity, text_capacity;
} encode_lists;

static smac_status mark(int32_t **texts, size_t *capacity, size_t from, size_t count, int32_t number, smac_error *error)
{
    if (!memory_grow((void **)texts, capacity, count + 1, sizeof **texts))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", count);
    for (size_t i = from; i < count; i++)
        (*texts)[i] = number;
    return SMAC_OK;
}

static smac_status encode_parts(
    const tokenizer *t, text_span text, const encode_options *o, encode_work *w, encode_lists *l, smac_error *error)
{
    int32_t joiner = t->special_ids.sep >= 0 ? t->special_ids.sep : t->special_ids.eos;
    for (size_t i = 0; i < o->context_count; i++) {
        token_list *c = &l->context;
        size_t before = c->count;
        bool join = before > 0 && joiner >= 0 && !o->no_special_tokens;
        if (join) {
            token_add(c, joiner, 0, 0);
            TRY(mark(&l->context_texts, &l->context_capacity, before, before + 1, -1, error));
        }
        TRY(encode_text(t, o->context[i], w, c, error));
        if (c->count == before + join)
            c->count = before; /* nothing was said */
        else
            TRY(mark(&l->context_texts, &l->context_capacity, before + join, c->count, (int32_t)i, error));
    }
    TRY(encode_text(t, text, w, &l->text, error));
    return mark(&l->text_texts, &l->text_capacity, 0, l->text.count, (int32_t)o->context_count, error);
}

static smac_status cut_and_assemble(
    const tokenizer *t, const encode_options *o, const encode_lists *l, token_encoding *out, smac_error *error)
{
    bool specials = !o->no_special_tokens;
    size_t limit = o->max_length > 0 ? (size_t)o->max_length : SIZE_MAX;
    size_t single = specials ? special_count(&t->post.single) : 0, pair = specials ? special_count(&t->post.pair) : 0;
    side context = {l->context.items, l->context_texts, l->context.count};
    side text = {l->text.items, l->text_texts, l->text.count};
    if (single > limit)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "max_length is %lld, but the special tokens alone are %zu",
            (long long)o->max_length, single);
    size_t cut = 0;
    if (context.count) {
        size_t room = limit > pair + text.count ? limit - pair - text.count : 0;
        size_t drop = context.count > room ? context.count - room : 0;
        while (drop && drop < context.count && context.texts[drop] < 0)
            drop++; /* a separator with nothing before it */
        cut += drop;
        context = (side){context.items + drop, context.texts + drop, context.count - drop};
    }
    if (context.count == 0 && text.count > limit - single) {
        cut += text.count - (limit - single);
        text.count = limit - single;
    }
    if (context.count)
        TRY(assemble(&t->post.pair, specials, context, text, out, error));
    else
        TRY(assemble(&t->post.single, specials, text, (side){0}, out, error));
    out->cut = cut;
    return SMAC_OK;
}

static smac_status encode_with(
    const tokenizer *t, text_span text, const encode_options *o, encode_work *w, token_encoding *out, smac_error *error)
{
    encode_lists l = {0};
    smac_status status = encode_parts(t, text, o, w, &l, error);
    if (status == SMAC_OK)
        status = cut_and_assemble(t, o, &l, out, error);
    free(l.context.items);
    free(l.text.items);
    free(l.context_texts);
    free(l.text_texts);
    return status;
}

static smac_status check_options(const encode_options *o, smac_error *error)
{
    if (o->max_length < 0)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "max_length is %lld, expected 0 (no limit) or more", (long long)o->max_length);
    if (o->context_count > INT32_MAX - 1 || (o->context_count && !o->context))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%zu context texts are given without an array of them, or are too many",
            o->context_count);
    return SMAC_OK;
}

smac_status tokenizer_encode(
    const tokenizer *t, text_span text, const encode_options *options, token_encoding *out, smac_error *error)
{
    static const encode_options plain;
    encode_work w = {0};
    *out = (token_encoding){0};
    options = options ? options : &plain;
    TRY(check_options(options, error));
    smac_status status = encode_with(t, text, options, &w, out, error);
    work_free(&w);
    return status;
}

void token_encoding_free(token_encoding *e)
{
    free(e->ids);
    *e = (token_encoding){0};
}
