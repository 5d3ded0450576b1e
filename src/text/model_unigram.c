/*
 * text/model_unigram.c - the unigram language model (Kudo 2018): of all ways to cut a piece into tokens the one with
 * the largest sum of scores, by Viterbi over a trie of the vocabulary.  Scores and their sums are double, a later
 * candidate must be larger to win, and an unknown character costs the lowest score less 10, all as in the public
 * package, so that ties fall the same way.
 */
#include "text/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "text/json_number.h"

/* Where key is or would be; the table must not be empty. */
static size_t trie_slot(const byte_trie *t, uint64_t key)
{
    uint64_t h = key * 0x9E3779B97F4A7C15u;
    size_t at = (size_t)(h >> 24) & (t->slot_count - 1);
    while (t->keys[at] && t->keys[at] != key)
        at = (at + 1) & (t->slot_count - 1);
    return at;
}

/* The node after node by a byte; false: there is none (a trie of the empty token alone has no table). */
static bool trie_step(const byte_trie *t, uint32_t *node, unsigned char byte)
{
    uint64_t key = ((uint64_t)*node << 8 | byte) + 1;
    size_t at = t->slot_count ? trie_slot(t, key) : 0;
    if (!t->slot_count || !t->keys[at])
        return false;
    *node = t->children[at];
    return true;
}

static bool trie_grow(byte_trie *t)
{
    byte_trie next = *t;
    next.slot_count = t->slot_count ? t->slot_count * 2 : 1024;
    next.keys = memory_new(next.slot_count, sizeof *next.keys);
    next.children = memory_new(next.slot_count, sizeof *next.children);
    if (!next.keys || !next.children) {
        free(next.keys);
        free(next.children);
        return false;
    }
    for (size_t i = 0; i < t->slot_count; i++)
        if (t->keys[i]) {
            size_t at = trie_slot(&next, t->keys[i]);
            next.keys[at] = t->keys[i];
            next.children[at] = t->children[i];
        }
    free(t->keys);
    free(t->children);
    *t = next;
    return true;
}

static int64_t trie_new_node(byte_trie *t)
{
    if (t->node_count >= UINT32_MAX / 2 ||
        !memory_grow((void **)&t->ids, &t->node_capacity, t->node_count + 1, sizeof *t->ids))
        return -1;
    t->ids[t->node_count] = -1;
    return (int64_t)t->node_count++;
}

static bool trie_add(byte_trie *t, const char *token, size_t length, int32_t id)
{
    uint32_t node = 0;
    if (t->node_count == 0 && trie_new_node(t) < 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        if ((t->used + 1) * 2 > t->slot_count && !trie_grow(t))
            return false;
        uint64_t key = ((uint64_t)node << 8 | (unsigned char)token[i]) + 1;
        size_t at = trie_slot(t, key);
        if (!t->keys[at]) {
            int64_t child = trie_new_node(t);
            if (child < 0)
                return false;
            t->keys[at] = key;
            t->children[at] = (uint32_t)child;
            t->used++;
        }
        node = t->children[at];
    }
    t->ids[node] = id;
    return true;
}

void byte_trie_free(byte_trie *t)
{
    free(t->keys);
    free(t->children);
    free(t->ids);
    *t = (byte_trie){0};
}

smac_status unigram_read(const json_t *value, model *out, smac_error *error)
{
    const json_t *vocab = json_object_get(value, "vocab");
    size_t count = json_array_size(vocab);
    int64_t unknown;
    bool exact;
    TRY(json_allow_members(value, "it", "type unk_id vocab byte_fallback exact_scores", error));
    if (!json_is_array(vocab) || count == 0 || count > INT32_MAX)
        return FAIL(error, SMAC_ERROR_FORMAT, "\"vocab\" is missing, empty or no list of tokens with their scores");
    TRY(json_get_integer(value, "unk_id", -1, &unknown, error));
    TRY(json_get_bool(value, "byte_fallback", false, &out->byte_fallback, error));
    /* Ours: the scores come from a .model file, not from a JSON text that the public package would have read. */
    TRY(json_get_bool(value, "exact_scores", false, &exact, error));
    if (unknown < -1 || unknown >= (int64_t)count)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "\"unk_id\" is %lld, the vocabulary has %zu tokens", (long long)unknown, count);
    out->unknown_id = (int32_t)unknown;
    out->fuse_unknown = true;
    out->scores = memory_new(count, sizeof *out->scores);
    if (!out->scores)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu scores", count);
    double lowest = INFINITY;
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(vocab, i);
        const json_t *token = json_array_get(pair, 0), *score = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !json_is_string(token) || !json_is_number(score))
            return FAIL(error, SMAC_ERROR_FORMAT, "token %zu is not a pair of a text and a score", i);
        const char *text = json_string_value(token);
        TRY(vocabulary_add(&out->tokens, text, strlen(text), (int32_t)i, error));
        out->scores[i] = exact ? json_number_value(score) : json_number_as_serde(json_number_value(score));
        lowest = out->scores[i] < lowest ? out->scores[i] : lowest;
        if (!trie_add(&out->trie, text, strlen(text), *text ? (int32_t)i : -1))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a trie of %zu tokens", count);
    }
    out->unknown_score = lowest - 10.0;
    for (int i = 0; i < 256; i++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", i);
        out->byte_ids[i] = vocabulary_find(&out->tokens, name, strlen(name));
    }
    return SMAC_OK;
}

/* One piece of the best path: a token, or characters that are unknown. */
static smac_status put(const model *m, const aligned_char *items, const model_work *w, size_t from, size_t to,
    token_list *out, smac_error *error)
{
    const char *bytes = w->bytes + w->at[from];
    size_t length = w->at[to] - w->at[from];
    uint32_t start = items[from].start, end = items[to - 1].end;
    int32_t id = vocabulary_find(&m->tokens, bytes, length);
    if (id < 0 && m->byte_fallback) {
        size_t k = 0;
        while (k < length && m->byte_ids[(unsigned char)bytes[k]] >= 0)
            k++;
        if (k == length) {
            for (k = 0; k < length; k++)
                token_add(out, m->byte_ids[(unsigned char)bytes[k]], start, end);
            return SMAC_OK;
        }
    }
    if (id < 0)
        id = m->unknown_id;
    if (id < 0)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "the text has a character that is not in the vocabulary, and there is no unknown token");
    token_add(out, id, start, end);
    return SMAC_OK;
}

smac_status unigram_encode(
    const model *m, const aligned_char *items, size_t count, model_work *w, token_list *out, smac_error *error)
{
    TRY(model_work_spell(w, items, count, error));
    if (!memory_grow((void **)&w->path, &w->path_capacity, count + 1, sizeof *w->path))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a piece of %zu characters", count);
    path_node *path = w->path;
    for (size_t i = 0; i <= count; i++)
        path[i] = (path_node){0, SIZE_MAX, -1};
    for (size_t from = 0; from < count; from++) {
        double here = path[from].score;
        bool single = false;
        uint32_t node = 0;
        for (size_t to = from; to < count; to++) {
            bool alive = true;
            for (size_t b = w->at[to]; b < w->at[to + 1] && alive; b++)
                alive = trie_step(&m->trie, &node, (unsigned char)w->bytes[b]);
            if (!alive)
                break;
            int32_t id = m->trie.ids[node];
            if (id < 0)
                continue;
            path_node *target = &path[to + 1];
            double score = m->scores[id] + here;
            if (target->from == SIZE_MAX || score > target->score)
                *target = (path_node){score, from, id};
            single = single || to == from;
        }
        if (!single) {
            path_node *target = &path[from + 1];
            double score = m->unknown_score + here;
            if (m->unknown_id < 0 && !m->byte_fallback)
                return FAIL(error, SMAC_ERROR_FORMAT,
                    "the text has a character that is not in the vocabulary, and there is no unknown token");
            if (target->from == SIZE_MAX || score > target->score)
                *target = (path_node){score, from, m->unknown_id};
        }
    }
    /* Backwards along the best path: its steps are reversed in place, then unknown neighbours are joined. */
    size_t to = count, next = SIZE_MAX;
    while (to > 0) {
        size_t from = path[to].from;
        path[to].from = next;
        next = to;
        to = from;
    }
    for (size_t from = 0; from < count;) {
        size_t end = next;
        next = path[end].from;
        if (m->unknown_id >= 0 && path[end].id == m->unknown_id)
            while (next != SIZE_MAX && path[next].id == m->unknown_id) {
                end = next;
                next = path[end].from;
            }
        TRY(put(m, items, w, from, end, out, error));
        from = end;
    }
    return SMAC_OK;
}
