/* base/memory.c - checked sizes and arenas. */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

bool checked_multiply(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

bool checked_add(size_t a, size_t b, size_t *out)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

void *memory_new(size_t count, size_t size)
{
    return calloc(count ? count : 1, size ? size : 1);
}

void *memory_resize(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (!checked_multiply(count, size, &bytes))
        return NULL;
    return realloc(old, bytes ? bytes : 1);
}

char *memory_copy_text_n(const char *text, size_t length)
{
    size_t bytes;
    if (!text || !checked_add(length, 1, &bytes))
        return NULL;
    char *copy = malloc(bytes);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

char *memory_copy_text(const char *text)
{
    return text ? memory_copy_text_n(text, strlen(text)) : NULL;
}

bool memory_grow(void **items, size_t *capacity, size_t needed, size_t element)
{
    if (needed <= *capacity)
        return true;
    size_t wanted = *capacity ? *capacity : 8;
    while (wanted < needed)
        if (!checked_multiply(wanted, 2, &wanted))
            return false;
    void *grown = memory_resize(*items, wanted, element);
    if (!grown)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

void *memory_aligned(size_t bytes)
{
    size_t rounded;
    if (!checked_add(bytes ? bytes : 1, 63, &rounded))
        return NULL;
    return aligned_alloc(64, rounded / 64 * 64);
}

void memory_aligned_free(void *pointer)
{
    free(pointer);
}

typedef struct arena_block {
    uint8_t *data;
    size_t size, used;
} arena_block;

struct arena {
    arena_block *blocks;
    size_t count, capacity, current, block_bytes, bytes;
    void *(*allocate)(size_t bytes);
    void (*release)(void *memory);
};

arena *arena_new_from(size_t block_bytes, void *(*allocate)(size_t bytes), void (*release)(void *memory))
{
    arena *a = memory_new(1, sizeof *a);
    if (!a)
        return NULL;
    a->block_bytes = block_bytes ? block_bytes : (size_t)1 << 20;
    a->allocate = allocate;
    a->release = release;
    return a;
}

arena *arena_new(size_t block_bytes)
{
    return arena_new_from(block_bytes, memory_aligned, memory_aligned_free);
}

void arena_free(arena *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->count; i++)
        a->release(a->blocks[i].data);
    free(a->blocks);
    free(a);
}

void *arena_take(arena *a, size_t bytes)
{
    size_t rounded;
    if (!checked_add(bytes ? bytes : 1, 63, &rounded))
        return NULL;
    rounded = rounded / 64 * 64;
    for (; a->current < a->count; a->current++) { /* blocks after the current one are empty */
        arena_block *b = &a->blocks[a->current];
        if (b->size - b->used >= rounded) {
            void *piece = b->data + b->used;
            b->used += rounded;
            return piece;
        }
        if (a->current + 1 == a->count)
            break;
    }
    size_t size = rounded > a->block_bytes ? rounded : a->block_bytes;
    if (!memory_grow((void **)&a->blocks, &a->capacity, a->count + 1, sizeof *a->blocks))
        return NULL;
    uint8_t *data = a->allocate(size);
    if (!data)
        return NULL;
    a->blocks[a->count] = (arena_block){data, size, rounded};
    a->current = a->count++;
    a->bytes += size;
    return data;
}

void *arena_take_zeroed(arena *a, size_t bytes)
{
    void *piece = arena_take(a, bytes);
    if (piece)
        memset(piece, 0, bytes);
    return piece;
}

char *arena_copy_text(arena *a, const char *text)
{
    if (!text)
        return NULL;
    size_t bytes = strlen(text) + 1;
    char *copy = arena_take(a, bytes);
    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

arena_mark arena_here(const arena *a)
{
    if (a->count == 0)
        return (arena_mark){0, 0};
    return (arena_mark){a->current, a->blocks[a->current].used};
}

void arena_release(arena *a, arena_mark mark)
{
    if (a->count == 0)
        return;
    for (size_t i = mark.block + 1; i < a->count; i++)
        a->blocks[i].used = 0;
    a->blocks[mark.block].used = mark.used;
    a->current = mark.block;
}

size_t arena_bytes(const arena *a)
{
    return a->bytes;
}
