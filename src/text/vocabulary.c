/* text/vocabulary.c - hash tables from spellings to ids and from pairs of ids to merges. */
#include "text/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static uint32_t spread(uint32_t hash)
{
    hash ^= hash >> 16;
    hash *= 0x7feb352du;
    return hash ^ hash >> 15;
}

static bool grow_slots(vocabulary *v)
{
    size_t wanted = v->slot_count ? v->slot_count * 2 : 64;
    uint32_t *slots = memory_new(wanted, sizeof *slots);
    if (!slots)
        return false;
    for (size_t e = 0; e < v->count; e++) {
        size_t at = spread(v->entries[e].hash) & (wanted - 1);
        while (slots[at])
            at = (at + 1) & (wanted - 1);
        slots[at] = (uint32_t)e + 1;
    }
    free(v->slots);
    v->slots = slots;
    v->slot_count = wanted;
    return true;
}

smac_status vocabulary_add(vocabulary *v, const char *token, size_t length, int32_t id, smac_error *error)
{
    int32_t there = vocabulary_find(v, token, length);
    if (there >= 0)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "the token \"%.100s\" is there twice, as %d and as %d; each token may have one id", token, there, id);
    if (v->count >= INT32_MAX || length > INT32_MAX)
        return FAIL(error, SMAC_ERROR_FORMAT, "the vocabulary is too large");
    if (((v->count + 1) * 2 > v->slot_count && !grow_slots(v)) ||
        !memory_grow((void **)&v->entries, &v->capacity, v->count + 1, sizeof *v->entries) ||
        !memory_grow((void **)&v->pool, &v->pool_capacity, v->pool_size + length + 1, 1))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vocabulary of %zu tokens", v->count + 1);
    uint32_t hash = vocabulary_hash_add(VOCABULARY_HASH_START, token, length);
    v->entries[v->count] = (vocabulary_entry){v->pool_size, (uint32_t)length, id, hash};
    if (length)
        memcpy(v->pool + v->pool_size, token, length);
    v->pool[v->pool_size + length] = '\0';
    v->pool_size += length + 1;
    size_t at = spread(hash) & (v->slot_count - 1);
    while (v->slots[at])
        at = (at + 1) & (v->slot_count - 1);
    v->slots[at] = (uint32_t)++v->count;
    if (length > v->longest)
        v->longest = (uint32_t)length;
    return SMAC_OK;
}

int32_t vocabulary_find_parts(
    const vocabulary *v, uint32_t hash, const char *prefix, size_t prefix_length, const char *rest, size_t rest_length)
{
    if (v->slot_count == 0)
        return -1;
    for (size_t at = spread(hash) & (v->slot_count - 1); v->slots[at]; at = (at + 1) & (v->slot_count - 1)) {
        const vocabulary_entry *e = &v->entries[v->slots[at] - 1];
        if (e->hash != hash || e->length != prefix_length + rest_length)
            continue;
        const char *spelling = v->pool + e->offset;
        if ((prefix_length == 0 || memcmp(spelling, prefix, prefix_length) == 0) &&
            (rest_length == 0 || memcmp(spelling + prefix_length, rest, rest_length) == 0))
            return e->id;
    }
    return -1;
}

int32_t vocabulary_find(const vocabulary *v, const char *token, size_t length)
{
    return vocabulary_find_parts(v, vocabulary_hash_add(VOCABULARY_HASH_START, token, length), NULL, 0, token, length);
}

void vocabulary_free(vocabulary *v)
{
    free(v->pool);
    free(v->entries);
    free(v->slots);
    *v = (vocabulary){0};
}

static size_t pair_slot(const pair_table *t, uint64_t key)
{
    uint64_t h = key * 0x9E3779B97F4A7C15u;
    size_t at = (size_t)(h >> 20) & (t->slot_count - 1);
    while (t->slots[at].key != UINT64_MAX && t->slots[at].key != key)
        at = (at + 1) & (t->slot_count - 1);
    return at;
}

smac_status pair_table_make(pair_table *t, size_t expected, smac_error *error)
{
    size_t slots = 16;
    while (slots < expected * 2 && slots < SIZE_MAX / 4)
        slots *= 2;
    *t = (pair_table){memory_new(slots, sizeof *t->slots), slots, 0};
    if (!t->slots)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu merges", expected);
    for (size_t i = 0; i < slots; i++)
        t->slots[i].key = UINT64_MAX;
    return SMAC_OK;
}

void pair_table_put(pair_table *t, int32_t left, int32_t right, int32_t rank, int32_t id)
{
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t at = pair_slot(t, key);
    if (t->slots[at].key == UINT64_MAX)
        t->count++;
    t->slots[at] = (pair_entry){key, rank, id};
}

const pair_entry *pair_table_find(const pair_table *t, int32_t left, int32_t right)
{
    size_t at = pair_slot(t, (uint64_t)(uint32_t)left << 32 | (uint32_t)right);
    return t->slots[at].key == UINT64_MAX ? NULL : &t->slots[at];
}

void pair_table_free(pair_table *t)
{
    free(t->slots);
    *t = (pair_table){0};
}
