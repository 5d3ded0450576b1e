/* text/vocabulary.h - tokens by spelling: an open-addressed hash table over one pool of bytes. */
#ifndef SMAC_TEXT_VOCABULARY_H
#define SMAC_TEXT_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct vocabulary_entry {
    size_t offset; /* in the pool; the spelling is followed by a NUL */
    uint32_t length;
    int32_t id;
    uint32_t hash;
} vocabulary_entry;

typedef struct vocabulary {
    char *pool;
    size_t pool_size, pool_capacity;
    vocabulary_entry *entries;
    size_t count, capacity;
    uint32_t *slots; /* entry number + 1, 0: free */
    size_t slot_count;
    uint32_t longest; /* bytes of the longest spelling */
} vocabulary;

/* FNV-1a over bytes; may be computed piece by piece, starting from VOCABULARY_HASH_START. */
#define VOCABULARY_HASH_START 2166136261u
static inline uint32_t vocabulary_hash_add(uint32_t hash, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
    return hash;
}

/* FORMAT when the spelling is already there. */
smac_status vocabulary_add(vocabulary *v, const char *token, size_t length, int32_t id, smac_error *error);
/* The id, or -1. */
int32_t vocabulary_find(const vocabulary *v, const char *token, size_t length);
/* The same for a spelling in two parts whose hash is known. */
int32_t vocabulary_find_parts(
    const vocabulary *v, uint32_t hash, const char *prefix, size_t prefix_length, const char *rest, size_t rest_length);
static inline const char *vocabulary_spelling(const vocabulary *v, size_t entry)
{
    return v->pool + v->entries[entry].offset;
}
void vocabulary_free(vocabulary *v);

/* Pairs of ids to (rank, id): the merges of BPE. */
typedef struct pair_entry {
    uint64_t key; /* left << 32 | right, UINT64_MAX: free */
    int32_t rank, id;
} pair_entry;

typedef struct pair_table {
    pair_entry *slots;
    size_t slot_count, count;
} pair_table;

smac_status pair_table_make(pair_table *t, size_t expected, smac_error *error);
/* A later merge of the same pair replaces the earlier one, as in the public package. */
void pair_table_put(pair_table *t, int32_t left, int32_t right, int32_t rank, int32_t id);
const pair_entry *pair_table_find(const pair_table *t, int32_t left, int32_t right); /* NULL when not there */
void pair_table_free(pair_table *t);

#endif
