/*
 * text/model_bpe.c - byte pair encoding: of all adjacent pairs the one with the lowest rank (the leftmost of equals) is
 * merged, until none is left (Sennrich and others 2016).  A heap of candidates keeps long words at n log n.
 */
#include "text/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* The two tokens of a merge: a text with one space between them, or a pair. */
static smac_status merge_sides(
    const json_t *merge, size_t number, const char **left, size_t *left_length, const char **right, smac_error *error)
{
    if (json_is_string(merge)) {
        *left = json_string_value(merge);
        const char *space = strchr(*left, ' ');
        if (!space || strchr(space + 1, ' '))
            return FAIL(error, SMAC_ERROR_FORMAT,
                "merge %zu is \"%.100s\", expected two tokens and a space between them", number, *left);
        *left_length = (size_t)(space - *left);
        *right = space + 1;
        return SMAC_OK;
    }
    *left = json_string_value(json_array_get(merge, 0));
    *right = json_string_value(json_array_get(merge, 1));
    if (json_array_size(merge) != 2 || !*left || !*right)
        return FAIL(error, SMAC_ERROR_FORMAT, "merge %zu is neither a text nor a pair of texts", number);
    *left_length = strlen(*left);
    return SMAC_OK;
}

static smac_status read_merge(const json_t *merge, size_t number, model *out, text_buffer *joined, smac_error *error)
{
    const char *left, *right;
    size_t left_length, prefix = strlen(out->prefix);
    TRY(merge_sides(merge, number, &left, &left_length, &right, error));
    size_t right_length = strlen(right);
    int32_t a = vocabulary_find(&out->tokens, left, left_length);
    int32_t b = vocabulary_find(&out->tokens, right, right_length);
    if (a < 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "merge %zu names \"%.*s\", which is not in the vocabulary", number,
            (int)(left_length > 100 ? 100 : left_length), left);
    if (b < 0 || right_length < prefix)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "merge %zu names \"%.100s\", which is not in the vocabulary", number, right);
    joined->length = 0;
    text_add_n(joined, left, left_length);
    text_add(joined, right + prefix);
    if (joined->failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a token");
    int32_t id = vocabulary_find(&out->tokens, joined->data, joined->length);
    if (id < 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "merge %zu makes \"%.100s\", which is not in the vocabulary", number,
            joined->data);
    pair_table_put(&out->merges, a, b, (int32_t)number, id);
    return SMAC_OK;
}

smac_status bpe_read_merges(const json_t *merges, model *out, smac_error *error)
{
    size_t count = json_array_size(merges);
    text_buffer joined = {0};
    if (!json_is_array(merges) || count > INT32_MAX)
        return FAIL(error, SMAC_ERROR_FORMAT, "\"merges\" is missing or no list");
    smac_status status = pair_table_make(&out->merges, count, error);
    for (size_t i = 0; i < count && status == SMAC_OK; i++)
        status = read_merge(json_array_get(merges, i), i, out, &joined, error);
    text_free(&joined);
    return status;
}

static bool before(const bpe_candidate *a, const bpe_candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static bool heap_push(model_work *w, bpe_candidate c)
{
    if (!memory_grow((void **)&w->heap, &w->heap_capacity, w->heap_count + 1, sizeof *w->heap))
        return false;
    size_t i = w->heap_count++;
    while (i > 0 && before(&c, &w->heap[(i - 1) / 2])) {
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = c;
    return true;
}

static bpe_candidate heap_pop(model_work *w)
{
    bpe_candidate top = w->heap[0], last = w->heap[--w->heap_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= w->heap_count)
            break;
        if (child + 1 < w->heap_count && before(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!before(&w->heap[child], &last))
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return top;
}

static bool offer(const model *m, model_work *w, int32_t left)
{
    int32_t right = left >= 0 ? w->symbols[left].after : -1;
    if (right < 0)
        return true;
    const pair_entry *merge = pair_table_find(&m->merges, w->symbols[left].id, w->symbols[right].id);
    return !merge || heap_push(w, (bpe_candidate){merge->rank, left, merge->id});
}

/*
 * The id of one character with the affixes that its place in the word asks for, or -1.  The model's suffix follows the
 * word in w->bytes.
 */
static int32_t character_id(const model *m, const model_work *w, const aligned_char *items, size_t i, size_t count)
{
    bool prefixed = i > 0 && *m->prefix, suffixed = i + 1 == count && *m->suffix;
    if (!prefixed && !suffixed && items[i].code < MODEL_CHARS)
        return m->char_ids[items[i].code];
    const char *bytes = w->bytes + w->at[i];
    size_t prefix = prefixed ? strlen(m->prefix) : 0;
    size_t length = w->at[i + 1] - w->at[i] + (suffixed ? strlen(m->suffix) : 0);
    uint32_t hash = vocabulary_hash_add(VOCABULARY_HASH_START, m->prefix, prefix);
    hash = vocabulary_hash_add(hash, bytes, length);
    return vocabulary_find_parts(&m->tokens, hash, m->prefix, prefix, bytes, length);
}

static bool has_bytes(const model *m, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (m->byte_ids[(unsigned char)bytes[i]] < 0)
            return false;
    return true;
}

/* The symbols a word begins with; at most four a character (byte fallback).  Returns how many, or -1 without memory. */
static int64_t start_symbols(const model *m, const aligned_char *items, size_t count, model_work *w)
{
    size_t n = 0;
    bool unknown_before = false;
    if (count > INT32_MAX / 4 ||
        !memory_grow(
            (void **)&w->symbols, &w->symbol_capacity, m->byte_fallback ? count * 4 : count, sizeof *w->symbols))
        return -1;
    for (size_t i = 0; i < count; i++) {
        int32_t id = character_id(m, w, items, i, count);
        const char *bytes = w->bytes + w->at[i];
        size_t length = w->at[i + 1] - w->at[i];
        uint32_t start = items[i].start, end = items[i].end;
        if (id < 0 && m->byte_fallback && has_bytes(m, bytes, length)) {
            for (size_t k = 0; k < length; k++)
                w->symbols[n++] = (bpe_symbol){m->byte_ids[(unsigned char)bytes[k]], 0, 0, start, end};
            unknown_before = false;
            continue;
        }
        if (id < 0) {
            if (m->unknown_id < 0)
                continue; /* without an unknown token the character is left out, as in the public package */
            if (m->fuse_unknown && unknown_before) {
                w->symbols[n - 1].end = end;
                continue;
            }
            w->symbols[n++] = (bpe_symbol){m->unknown_id, 0, 0, start, end};
            unknown_before = true;
            continue;
        }
        w->symbols[n++] = (bpe_symbol){id, 0, 0, start, end};
        unknown_before = false;
    }
    for (size_t i = 0; i < n; i++) {
        w->symbols[i].before = (int32_t)i - 1;
        w->symbols[i].after = i + 1 < n ? (int32_t)i + 1 : -1;
    }
    return (int64_t)n;
}

smac_status bpe_encode(
    const model *m, const aligned_char *items, size_t count, model_work *w, token_list *out, smac_error *error)
{
    TRY(model_work_spell(w, items, count, error));
    size_t suffix = strlen(m->suffix);
    if (!memory_grow((void **)&w->bytes, &w->byte_capacity, w->byte_count + suffix, 1))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a word of %zu characters", count);
    memcpy(w->bytes + w->byte_count, m->suffix, suffix);
    if (m->ignore_merges) {
        int32_t id = vocabulary_find(&m->tokens, w->bytes, w->byte_count);
        if (id >= 0) {
            token_add(out, id, items[0].start, items[count - 1].end);
            return SMAC_OK;
        }
    }
    int64_t n = start_symbols(m, items, count, w);
    bool fine = n >= 0;
    w->heap_count = 0;
    for (int64_t i = 0; fine && i + 1 < n; i++)
        fine = offer(m, w, (int32_t)i);
    while (fine && w->heap_count) {
        bpe_candidate c = heap_pop(w);
        bpe_symbol *left = &w->symbols[c.at];
        if (left->id < 0 || left->after < 0)
            continue;
        bpe_symbol *right = &w->symbols[left->after];
        const pair_entry *merge = pair_table_find(&m->merges, left->id, right->id);
        if (!merge || merge->id != c.id)
            continue; /* one of the two was merged since */
        left->id = c.id;
        left->end = right->end;
        right->id = -1;
        left->after = right->after;
        if (left->after >= 0)
            w->symbols[left->after].before = c.at;
        fine = offer(m, w, left->before) && offer(m, w, c.at);
    }
    if (!fine)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a word of %zu characters", count);
    for (int32_t i = n > 0 ? 0 : -1; i >= 0; i = w->symbols[i].after)
        token_add(out, w->symbols[i].id, w->symbols[i].start, w->symbols[i].end);
    return SMAC_OK;
}
