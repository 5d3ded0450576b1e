/* base/memory.h - checked sizes, growing, and arenas. */
#ifndef SMAC_BASE_MEMORY_H
#define SMAC_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* a*b, a+b without overflow; false when the result does not fit (out is then untouched). */
bool checked_multiply(size_t a, size_t b, size_t *out);
bool checked_add(size_t a, size_t b, size_t *out);

/* calloc/realloc of count*size bytes that check the product.  NULL on overflow or lack of memory.  Free with free(). */
void *memory_new(size_t count, size_t size);
void *memory_resize(void *old, size_t count, size_t size);
char *memory_copy_text(const char *text);                  /* strdup; NULL for NULL */
char *memory_copy_text_n(const char *text, size_t length); /* copies length bytes and adds NUL */

/* Make room for one more element: *items (of element bytes) grows by doubling.  false when memory is short. */
bool memory_grow(void **items, size_t *capacity, size_t needed, size_t element);

/* 64-byte aligned memory, freed with memory_aligned_free. */
void *memory_aligned(size_t bytes);
void memory_aligned_free(void *pointer);

/*
 * An arena gives 64-byte aligned pieces that are freed together.  Marks are positions; releasing to a mark frees what
 * was taken after it (blocks are kept for use again).  Not safe for use by several threads at once.
 */
typedef struct arena arena;
typedef struct arena_mark {
    size_t block, used;
} arena_mark;

arena *arena_new(size_t block_bytes); /* 0: a default of 1 MiB; larger pieces get blocks of their own */
/* The same over memory of another kind, which the arena never reads or writes: no arena_take_zeroed or copies then. */
arena *arena_new_from(size_t block_bytes, void *(*allocate)(size_t bytes), void (*release)(void *memory));
void arena_free(arena *a);
void *arena_take(arena *a, size_t bytes); /* uninitialised; NULL when memory is short */
void *arena_take_zeroed(arena *a, size_t bytes);
char *arena_copy_text(arena *a, const char *text);
arena_mark arena_here(const arena *a);
void arena_release(arena *a, arena_mark mark);
size_t arena_bytes(const arena *a); /* bytes held from the system */

#endif
