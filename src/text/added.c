/* text/added.c - finding added tokens in texts. */
#include "text/added.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "text/unicode.h"

smac_status added_append(added_tokens *a, const char *content, int32_t id, bool special, bool silent, smac_error *error)
{
    if (!memory_grow((void **)&a->items, &a->capacity, a->count + 1, sizeof *a->items))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu added tokens", a->count + 1);
    added_token *t = &a->items[a->count++];
    *t = (added_token){.id = id, .special = special, .silent = silent};
    t->content = memory_copy_text(content);
    return t->content ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for an added token");
}

smac_status added_read(const json_t *list, added_tokens *out, smac_error *error)
{
    if (!list || json_is_null(list))
        return SMAC_OK;
    if (!json_is_array(list))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"added_tokens\" is not a list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        const char *content;
        int64_t id;
        if (!json_is_object(value))
            return FAIL(error, SMAC_ERROR_FORMAT, "added token %zu is not a JSON object", i);
        TRY(json_allow_members(
            value, "an added token", "id content single_word lstrip rstrip normalized special", error));
        TRY(json_get_text(value, "content", true, &content, error));
        TRY(json_get_integer(value, "id", -1, &id, error));
        if (id < 0 || id >= INT32_MAX || !*content)
            return FAIL(error, SMAC_ERROR_FORMAT, "added token %zu, \"%.100s\", has the id %lld or is empty", i,
                content, (long long)id);
        TRY(added_append(out, content, (int32_t)id, false, false, error));
        added_token *t = &out->items[out->count - 1];
        TRY(json_get_bool(value, "special", false, &t->special, error));
        TRY(json_get_bool(value, "single_word", false, &t->single_word, error));
        TRY(json_get_bool(value, "lstrip", false, &t->left, error));
        TRY(json_get_bool(value, "rstrip", false, &t->right, error));
        TRY(json_get_bool(value, "normalized", !t->special, &t->normalized, error));
    }
    return SMAC_OK;
}

/* The one to look for first: smaller first character, then longer, then the one read earlier. */
static bool sooner(const added_token *items, size_t a, size_t b)
{
    const added_token *x = &items[a], *y = &items[b];
    if (x->match[0] != y->match[0])
        return x->match[0] < y->match[0];
    if (x->match_length != y->match_length)
        return x->match_length > y->match_length;
    return a < b;
}

static void sift(const added_token *items, size_t *order, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && sooner(items, order[child], order[child + 1]))
            child++;
        if (!sooner(items, order[root], order[child]))
            return;
        size_t t = order[root];
        order[root] = order[child];
        order[child] = t;
    }
}

static void sort(const added_token *items, size_t *order, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift(items, order, i, count);
    for (size_t end = count; end-- > 1;) {
        size_t t = order[0];
        order[0] = order[end];
        order[end] = t;
        sift(items, order, 0, end);
    }
}

smac_status added_prepare(added_tokens *a, const normalizer *n, smac_error *error)
{
    for (int k = 0; k < 2; k++) {
        a->order[k] = memory_new(a->count + 1, sizeof *a->order[k]);
        if (!a->order[k])
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu added tokens", a->count);
    }
    for (size_t i = 0; i < a->count; i++) {
        added_token *t = &a->items[i];
        aligned_text text = {0}, scratch = {0};
        smac_status status = aligned_read(&text, t->content, strlen(t->content), error);
        if (status == SMAC_OK && t->normalized)
            status = normalizer_apply(n, &text, &scratch, error);
        if (status == SMAC_OK && !(t->match = memory_new(text.count + 1, sizeof *t->match)))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for an added token");
        for (size_t k = 0; status == SMAC_OK && k < text.count; k++)
            t->match[k] = text.items[k].code;
        t->match_length = text.count;
        aligned_free(&text);
        aligned_free(&scratch);
        TRY(status);
        if (!t->silent && t->match_length)
            a->order[t->normalized][a->order_count[t->normalized]++] = i;
    }
    for (int k = 0; k < 2; k++)
        sort(a->items, a->order[k], a->order_count[k]);
    return SMAC_OK;
}

void added_free(added_tokens *a)
{
    for (size_t i = 0; i < a->count; i++) {
        free(a->items[i].content);
        free(a->items[i].match);
    }
    free(a->items);
    free(a->order[0]);
    free(a->order[1]);
    *a = (added_tokens){0};
}

const added_token *added_by_name(const added_tokens *a, const char *content, size_t length)
{
    for (size_t i = 0; i < a->count; i++)
        if (strlen(a->items[i].content) == length && memcmp(a->items[i].content, content, length) == 0)
            return &a->items[i];
    return NULL;
}

/* The longest token that is at items[0], or NULL. */
static const added_token *match_here(const added_tokens *a, bool normalized, const aligned_char *items, size_t left)
{
    const size_t *order = a->order[normalized];
    size_t low = 0, high = a->order_count[normalized], end = high;
    while (low < high) { /* the first whose first character is not below */
        size_t middle = low + (high - low) / 2;
        if (a->items[order[middle]].match[0] < items[0].code)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < end; low++) {
        const added_token *t = &a->items[order[low]];
        if (t->match[0] != items[0].code)
            return NULL;
        size_t n = 1;
        if (t->match_length > left)
            continue;
        while (n < t->match_length && t->match[n] == items[n].code)
            n++;
        if (n == t->match_length)
            return t;
    }
    return NULL;
}

static void split_segment(const added_tokens *a, bool normalized, segmented *s, const segment *g)
{
    const aligned_char *items = s->text.items;
    size_t end = g->begin + g->count, kept = g->begin, at = g->begin;
    while (at < end) {
        const added_token *t = match_here(a, normalized, items + at, end - at);
        if (!t) {
            at++;
            continue;
        }
        size_t start = at, stop = at + t->match_length;
        at = stop; /* matches do not overlap, whether they are taken or not */
        if (t->single_word &&
            ((start > g->begin && unicode_is_word(items[start - 1].code)) ||
                (stop < end && unicode_is_word(items[stop].code))))
            continue;
        while (t->left && start > g->begin && unicode_is_space(items[start - 1].code))
            start--;
        if (start < kept)
            start = kept;
        while (t->right && stop < end && unicode_is_space(items[stop].code))
            stop++;
        if (start > kept)
            segment_add(&s->next_segments, kept, start - kept, -1);
        segment_add(&s->next_segments, start, stop > start ? stop - start : 0, t->id);
        kept = stop;
    }
    if (end > kept)
        segment_add(&s->next_segments, kept, end - kept, -1);
}

smac_status added_split(const added_tokens *a, bool normalized, segmented *s, smac_error *error)
{
    if (a->order_count[normalized] == 0)
        return SMAC_OK;
    for (size_t i = 0; i < s->segments.count; i++) {
        const segment *g = &s->segments.items[i];
        if (g->token >= 0)
            segment_add(&s->next_segments, g->begin, g->count, g->token);
        else
            split_segment(a, normalized, s, g);
    }
    segmented_swap(s, false);
    return segmented_check(s, error);
}
