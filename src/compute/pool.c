/*
 * compute/pool.c - operations in places of a fixed table, helpers that join them, and when they sleep.
 *
 * A place's state is one word, so joining, leaving and closing are single atomic steps.  Only a helper that has joined
 * reads the rest of the place, and the caller leaves the place only when all who joined have left.
 */
#include "compute/pool.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum {
    PLACES = 64,       /* operations at once that can have helpers; more callers work alone */
    SPIN_HELPER = 100, /* microseconds that a helper watches for the next operation */
    SPIN_CALLER = 30   /* and that a caller watches for the end of begun pieces */
};

/* The word of a place: bits, and two counts. */
#define OPEN 1u       /* may be joined */
#define WAITED_FOR 2u /* the caller sleeps until all have left */
#define ROOM_ONE 4u   /* how many helpers may still join: 12 bits */
#define ROOM_MASK 0x3ffcu
#define ACTIVE_ONE 0x10000u /* how many have joined and not left: 12 bits */

typedef struct place {
    alignas(64) atomic_uint state;
    int helpers;
    parallel_body body;
    void *context;
    int64_t pieces;
    alignas(64) atomic_llong next; /* the first piece that nobody has begun */
} place;

static struct {
    alignas(64) atomic_ullong open; /* a bit for each place that may be joined */
    alignas(64) atomic_ullong taken;
    alignas(64) atomic_uint bell; /* changes when sleepers are woken */
    atomic_int sleepers, started;
    pthread_mutex_t starting;
    place places[PLACES];
} pool = {.starting = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local struct {
    int slot;
    bool inside;
} here;

/* --- waiting --------------------------------------------------------------------------------------------------------- */

static void word_wait(atomic_uint *word, unsigned seen)
{
#if defined(__linux__)
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
#else
    if (atomic_load(word) == seen)
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
#endif
}

static void word_wake(atomic_uint *word, int count)
{
#if defined(__linux__)
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
#else
    (void)word, (void)count;
#endif
}

static void processor_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t microseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- a place --------------------------------------------------------------------------------------------------------- */

static void place_work(place *p)
{
    long long piece;
    while ((piece = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->pieces)
        p->body(p->context, piece);
}

/* True if the calling helper has joined: then the place is stable until it leaves. */
static bool place_join(int index)
{
    place *p = &pool.places[index];
    unsigned state = atomic_load(&p->state);
    do
        if (!(state & OPEN) || !(state & ROOM_MASK))
            return false;
    while (!atomic_compare_exchange_weak(&p->state, &state, state - ROOM_ONE + ACTIVE_ONE));
    unsigned room = (state & ROOM_MASK) / ROOM_ONE;
    if (room == 1)
        atomic_fetch_and(&pool.open, ~(1ull << index));
    here.slot = p->helpers - (int)room + 1;
    return true;
}

static void place_leave(place *p)
{
    unsigned state = atomic_fetch_sub(&p->state, ACTIVE_ONE) - ACTIVE_ONE;
    if (state < ACTIVE_ONE && (state & WAITED_FOR))
        word_wake(&p->state, 1);
}

/* No more helpers, and wait for those who are at work. */
static void place_close(int index)
{
    place *p = &pool.places[index];
    atomic_fetch_and(&pool.open, ~(1ull << index));
    unsigned state = atomic_fetch_and(&p->state, ~OPEN);
    if (state >= ACTIVE_ONE) {
        int64_t until = microseconds() + SPIN_CALLER;
        for (int i = 1; (state = atomic_load(&p->state)) >= ACTIVE_ONE && (i % 32 || microseconds() < until); i++)
            processor_pause();
        if (state >= ACTIVE_ONE)
            state = atomic_fetch_or(&p->state, WAITED_FOR) | WAITED_FOR;
        for (; state >= ACTIVE_ONE; state = atomic_load(&p->state))
            word_wait(&p->state, state);
    }
    atomic_store(&p->state, 0);
    atomic_fetch_and(&pool.taken, ~(1ull << index));
}

/* --- helpers --------------------------------------------------------------------------------------------------------- */

/* Join any operation that has room and work at it to its end. */
static bool helper_find_work(void)
{
    for (unsigned long long open = atomic_load(&pool.open); open; open &= open - 1) {
        int index = __builtin_ctzll(open);
        if (place_join(index)) {
            place_work(&pool.places[index]);
            atomic_fetch_and(&pool.open, ~(1ull << index));
            place_leave(&pool.places[index]);
            return true;
        }
    }
    return false;
}

static bool helper_watch(void)
{
    int64_t until = microseconds() + SPIN_HELPER;
    for (int i = 1; i % 32 || microseconds() < until; i++) {
        if (atomic_load_explicit(&pool.open, memory_order_relaxed))
            return true;
        processor_pause();
    }
    return false;
}

static void *helper_main(void *unused)
{
    (void)unused;
    here.inside = true;
    for (;;) {
        if (helper_find_work() || helper_watch())
            continue;
        unsigned seen = atomic_load(&pool.bell);
        atomic_fetch_add(&pool.sleepers, 1);
        if (!atomic_load(&pool.open))
            word_wait(&pool.bell, seen);
        atomic_fetch_sub(&pool.sleepers, 1);
    }
    return NULL;
}

/* The child of a fork has none of the threads and none of the operations. */
static void forget_all(void)
{
    for (int i = 0; i < PLACES; i++)
        atomic_store(&pool.places[i].state, 0);
    atomic_store(&pool.open, 0);
    atomic_store(&pool.taken, 0);
    atomic_store(&pool.sleepers, 0);
    atomic_store(&pool.started, 0);
    pthread_mutex_init(&pool.starting, NULL);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_all);
}

/* As many threads as wanted, or as many as the system gives.  Signals are for the program's own threads. */
static void start_helpers(int wanted)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    if (pthread_mutex_trylock(&pool.starting)) /* another caller is at it */
        return;
    pthread_attr_t detached;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (!pthread_attr_init(&detached)) {
        pthread_t thread;
        pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
        while (atomic_load(&pool.started) < wanted && !pthread_create(&thread, &detached, helper_main, NULL))
            atomic_fetch_add(&pool.started, 1);
        pthread_attr_destroy(&detached);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_mutex_unlock(&pool.starting);
}

/* --- callers --------------------------------------------------------------------------------------------------------- */

static int place_take(void)
{
    unsigned long long taken = atomic_load(&pool.taken);
    while (~taken) {
        int index = __builtin_ctzll(~taken);
        if (atomic_compare_exchange_weak(&pool.taken, &taken, taken | 1ull << index))
            return index;
    }
    return -1;
}

static void wake_helpers(int count)
{
    int sleepers = atomic_load(&pool.sleepers);
    if (sleepers <= 0)
        return;
    atomic_fetch_add(&pool.bell, 1);
    word_wake(&pool.bell, count < sleepers ? count : sleepers);
}

static void run_alone(int64_t pieces, parallel_body body, void *context)
{
    int slot = here.slot;
    here.slot = 0;
    for (int64_t i = 0; i < pieces; i++)
        body(context, i);
    here.slot = slot;
}

void pool_run(int helpers, bool wake, int64_t pieces, parallel_body body, void *context)
{
    if (wake && atomic_load_explicit(&pool.started, memory_order_relaxed) < helpers)
        start_helpers(helpers);
    int index = helpers > 0 && pieces > 1 ? place_take() : -1;
    if (index < 0) {
        run_alone(pieces, body, context);
        return;
    }
    place *p = &pool.places[index];
    p->helpers = helpers;
    p->body = body;
    p->context = context;
    p->pieces = pieces;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    atomic_store(&p->state, OPEN | (unsigned)helpers * ROOM_ONE);
    atomic_fetch_or(&pool.open, 1ull << index);
    if (wake)
        wake_helpers(helpers);
    here.slot = 0;
    here.inside = true;
    place_work(p);
    here.inside = false;
    place_close(index);
}

int pool_slot(void)
{
    return here.slot;
}

bool pool_inside(void)
{
    return here.inside;
}

int pool_threads(void)
{
    return atomic_load(&pool.started);
}
