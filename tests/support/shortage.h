/*
 * tests/support/shortage.h - every allocation in turn fails.  Programs called test_shortage are linked with --wrap, so
 * that the allocations of our own code come here; those of shared libraries do not fail.
 *
 * shortage_sweep runs something again and again: first the 1st allocation fails, then the 2nd, and so on, until a run
 * asks for no more; each run must succeed or give SMAC_ERROR_MEMORY, and must free all that it took.  Then the same with
 * all allocations failing from the n-th on.
 */
#ifndef SMAC_TESTS_SUPPORT_SHORTAGE_H
#define SMAC_TESTS_SUPPORT_SHORTAGE_H

#include "support/check.h"

#include <pthread.h>

#include "base/error.h"
#include "compute/parallel.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
char *__real_strdup(const char *text);
void __real_free(void *memory);

enum { SHORTAGE_SLOTS = 1 << 18 }; /* open addressing; blocks that live while a run is watched */

static struct {
    pthread_mutex_t mutex;
    bool watching, persistent; /* persistent: all fail from fail_at on */
    int64_t count, fail_at;    /* allocations since the run began; the one that fails, from 1 */
    int64_t live;
    void *blocks[SHORTAGE_SLOTS];
} shortage = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool shortage_refuses(void)
{
    pthread_mutex_lock(&shortage.mutex);
    bool refuses = false;
    if (shortage.watching) {
        shortage.count++;
        refuses = shortage.persistent ? shortage.count >= shortage.fail_at : shortage.count == shortage.fail_at;
    }
    pthread_mutex_unlock(&shortage.mutex);
    return refuses;
}

static size_t shortage_slot(const void *block)
{
    size_t at = ((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15u >> 46;
    while (shortage.blocks[at] && shortage.blocks[at] != block)
        at = (at + 1) % SHORTAGE_SLOTS;
    return at;
}

static void *shortage_taken(void *block)
{
    pthread_mutex_lock(&shortage.mutex);
    if (shortage.watching && block) {
        shortage.blocks[shortage_slot(block)] = block;
        shortage.live++;
    }
    pthread_mutex_unlock(&shortage.mutex);
    return block;
}

static void shortage_freed(const void *block)
{
    pthread_mutex_lock(&shortage.mutex);
    size_t at = block ? shortage_slot(block) : 0;
    if (block && shortage.blocks[at] == block) {
        shortage.live--;
        shortage.blocks[at] = NULL;
        for (size_t i = (at + 1) % SHORTAGE_SLOTS; shortage.blocks[i]; i = (i + 1) % SHORTAGE_SLOTS) {
            void *moved = shortage.blocks[i]; /* what lay after it must still be found */
            shortage.blocks[i] = NULL;
            shortage.blocks[shortage_slot(moved)] = moved;
        }
    }
    pthread_mutex_unlock(&shortage.mutex);
}

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t bytes)
{
    return shortage_refuses() ? NULL : shortage_taken(__real_malloc(bytes));
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return shortage_refuses() ? NULL : shortage_taken(__real_calloc(count, bytes));
}

void *__wrap_realloc(void *old, size_t bytes)
{
    if (shortage_refuses())
        return NULL;
    shortage_freed(old);
    return shortage_taken(__real_realloc(old, bytes)); /* it does not fail here */
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return shortage_refuses() ? NULL : shortage_taken(__real_aligned_alloc(alignment, bytes));
}

char *__wrap_strdup(const char *text)
{
    return shortage_refuses() ? NULL : shortage_taken(__real_strdup(text));
}

void __wrap_free(void *memory)
{
    shortage_freed(memory);
    __real_free(memory);
}

typedef smac_status (*shortage_run)(void *context, smac_error *error);

/* One run in which allocation n fails (0: none); gives whether it came so far. */
static bool shortage_once(const char *name, shortage_run run, void *context, int64_t n, bool persistent)
{
    smac_error error = {0}; /* no block of an earlier run is in the table: a run that leaves one fails */
    shortage.live = shortage.count = 0;
    shortage.fail_at = n;
    shortage.persistent = persistent;
    shortage.watching = true;
    smac_status status = run(context, &error);
    shortage.watching = false;
    bool reached = n > 0 && shortage.count >= n;
    if (status != SMAC_OK && (!reached || status != SMAC_ERROR_MEMORY))
        fail_msg("%s: allocation %lld failed%s, and the status is %d: %s", name, (long long)n,
            persistent ? " and all after it" : "", (int)status, error.message);
    if (status != SMAC_OK && !error.message[0])
        fail_msg("%s: allocation %lld failed without a message", name, (long long)n);
    if (shortage.live != 0)
        fail_msg("%s: allocation %lld failed%s, and %lld blocks are not freed", name, (long long)n,
            persistent ? " and all after it" : "", (long long)shortage.live);
    return reached;
}

/* The number of allocations of the run.  most: at most about so many runs, evenly spread (0: every allocation). */
static inline int64_t shortage_sweep(const char *name, shortage_run run, void *context, int64_t most)
{
    smac_error error = {0};
    if (run(context, &error) != SMAC_OK) /* once before, for what is made at first use and kept */
        fail_msg("%s: %s", name, error.message);
    shortage_once(name, run, context, 0, false);
    int64_t count = shortage.count, step = most > 0 && 2 * count > most ? 2 * count / most : 1;
    for (int persistent = 0; persistent < 2; persistent++)
        for (int64_t n = 1; shortage_once(name, run, context, n, persistent); n += step)
            ;
    return count;
}

#endif
