/* Teams of threads: a number of threads that changes while operations run, numbers that are too large, nesting. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"
#include "compute/attention.h"
#include "compute/parallel.h"
#include "compute/pool.h"
#include "compute/products.h"
#include "compute/backends.h"

enum { ROWS = 60, N = 300, K = 70, HEADS = 6 };

/* One operation of each kind with scratch memory for each thread, and what it gives on one thread. */
typedef struct work {
    float *x, *w, *out, *want;
    packed_matrix *packed[PRECISION_INT8 + 1];
} work;

enum { KINDS = 7 };

static void work_run(work *w, int kind)
{
    if (kind <= PRECISION_INT8) {
        product_packed(&(packed_product){.y = w->out, .x = w->x, .rows = ROWS, .weight = w->packed[kind]}, NULL);
        return;
    }
    gemm_problem g = {.how = kind & 1 ? PRECISION_BF16 : PRECISION_F32,
        .transpose_b = true,
        .m = ROWS,
        .n = N,
        .k = K,
        .a = w->x,
        .lda = K,
        .b = w->w,
        .ldb = K,
        .c = w->out,
        .ldc = N};
    if (kind == 5) { /* a batch: every row by itself */
        g.outer = ROWS;
        g.inner = g.m = 1;
        g.stride_a[0] = K;
        g.stride_c[0] = N;
    }
    if (kind < 6) {
        gemm(&g, NULL);
        return;
    }
    attention_problem p = {.batch = 1,
        .queries = ROWS,
        .keys = ROWS,
        .heads = HEADS,
        .kv_heads = HEADS,
        .width = 10,
        .value_width = 10,
        .q = w->x,
        .k = w->w,
        .v = w->w + ROWS * 60,
        .out = w->out};
    attention_fused(PRECISION_F32, &p, NULL);
}

static void work_new(work *w)
{
    enum { COUNT = N * K };
    w->x = malloc(COUNT * sizeof *w->x);
    w->w = malloc(COUNT * sizeof *w->w);
    w->out = calloc(ROWS * N, sizeof *w->out);
    w->want = calloc(ROWS * N * KINDS, sizeof *w->want);
    for (int64_t i = 0; i < COUNT; i++) {
        w->x[i] = random_normal_at(7, 1, (uint64_t)i);
        w->w[i] = random_normal_at(7, 2, (uint64_t)i);
    }
    for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++)
        w->packed[how] = packed_matrix_new(w->w, N, K, how);
    int before = parallel_request(1);
    for (int kind = 0; kind < KINDS; kind++) {
        work_run(w, kind);
        memcpy(w->want + kind * ROWS * N, w->out, ROWS * N * sizeof *w->out);
    }
    parallel_request(before);
}

/* How many of the kinds give other bits than on one thread. */
static int work_differs(work *w)
{
    int wrong = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        work_run(w, kind);
        wrong += memcmp(w->want + kind * ROWS * N, w->out, (kind == 6 ? ROWS * 60 : ROWS * N) * sizeof *w->out) != 0;
    }
    return wrong;
}

static void work_free(work *w)
{
    for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++)
        packed_matrix_free(w->packed[how]);
    free(w->x), free(w->w), free(w->out), free(w->want);
}

static void *change_threads(void *context)
{
    atomic_bool *done = context;
    for (unsigned i = 0; !atomic_load(done); i++) /* it goes round many times where the products are slow */
        parallel_set_threads(1 + (int)(i % 9));
    return NULL;
}

static void changed_meanwhile(void **state)
{
    (void)state;
    work w;
    work_new(&w);
    atomic_bool done = false;
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, change_threads, &done), 0);
    int wrong = 0;
    for (int round = 0; round < (is_other_backend() ? 20 : 100); round++)
        wrong += work_differs(&w);
    atomic_store(&done, true);
    pthread_join(other, NULL);
    parallel_set_threads(0);
    work_free(&w);
    assert_int_equal(wrong, 0);
}

static void too_many_threads(void **state)
{
    (void)state;
    work w;
    work_new(&w);
    static const int counts[] = {20000, 1000000, 2147483647, -1, -2147483647 - 1};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        parallel_set_threads(counts[i]);
        assert_in_range(parallel_threads(), 1, PARALLEL_MOST_THREADS);
        assert_int_equal(work_differs(&w), 0);
    }
    parallel_set_threads(0);
    work_free(&w);
}

static void count_members(void *context, int64_t piece)
{
    (void)piece;
    assert_int_equal(parallel_threads(), 1); /* all pieces of an operation inside a piece are this thread's */
    assert_int_equal(parallel_team_for(100).size, 1);
    atomic_fetch_add((atomic_int *)context, 1);
}

static void *see_request(void *context)
{
    *(int *)context = parallel_threads();
    return NULL;
}

static void requests(void **state)
{
    (void)state;
    parallel_set_threads(5);
    assert_int_equal(parallel_threads(), 5);
    assert_int_equal(parallel_request(2), 0);
    assert_int_equal(parallel_threads(), 2);
    assert_int_equal(parallel_team_for(7).size, 2);
    assert_int_equal(parallel_team_for(1).size, 1);
    assert_int_equal(parallel_team_for(0).size, 1);
    pthread_t other;
    int seen = 0;
    assert_int_equal(pthread_create(&other, NULL, see_request, &seen), 0);
    pthread_join(other, NULL);
    assert_int_equal(seen, 5); /* another thread's request is its own */
    atomic_int ran = 0;
    parallel_for(40, count_members, &ran);
    assert_int_equal(ran, 40);
    assert_int_equal(parallel_request(0), 2);
    assert_int_equal(parallel_threads(), 5);
    parallel_set_threads(0);
}

/* --- threads that are busy elsewhere, forks, many callers ------------------------------------------------------------ */

typedef struct gate {
    atomic_int begun;
    atomic_bool open;
} gate;

static void wait_at_gate(void *context, int64_t piece)
{
    (void)piece;
    gate *g = context;
    atomic_fetch_add(&g->begun, 1);
    while (!atomic_load(&g->open))
        sched_yield();
}

static void *hold_two_threads(void *context)
{
    parallel_request(2);
    parallel_for(2, wait_at_gate, context);
    return NULL;
}

/* The pool's only thread is at work for another caller, so it comes too late: nobody waits for it. */
static int run_without_helpers(void)
{
    work w;
    gate g = {0};
    pthread_t other;
    parallel_request(2);
    work_new(&w);
    if (pthread_create(&other, NULL, hold_two_threads, &g))
        return 1;
    while (atomic_load(&g.begun) < 2)
        sched_yield();
    int wrong = work_differs(&w) + (pool_threads() != 1);
    atomic_store(&g.open, true);
    pthread_join(other, NULL);
    work_free(&w);
    return wrong;
}

enum { CALLERS = 8 };

static void *many_operations(void *context)
{
    work w;
    parallel_request(4);
    work_new(&w);
    for (int i = 0; i < 10; i++)
        atomic_fetch_add((atomic_int *)context, work_differs(&w));
    work_free(&w);
    return NULL;
}

/* All callers share the threads of one pool. */
static int run_many_callers(void)
{
    pthread_t callers[CALLERS];
    atomic_int wrong = 0;
    for (int i = 0; i < CALLERS; i++)
        if (pthread_create(&callers[i], NULL, many_operations, &wrong))
            return 1;
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    return atomic_load(&wrong) + (pool_threads() > 3);
}

static int run_again_here(void)
{
    work w;
    work_new(&w);
    parallel_request(3);
    int wrong = work_differs(&w);
    work_free(&w);
    return wrong;
}

/* What body gives in the child of a fork, which has none of this process's threads; a child that hangs is killed. */
static int in_child(int (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(body() != 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static void children(void **state)
{
    (void)state;
    parallel_request(3);
    assert_int_equal(run_again_here(), 0);
    assert_int_equal(in_child(run_again_here), 0); /* fork after a product */
    assert_int_equal(in_child(run_without_helpers), 0);
    assert_int_equal(in_child(run_many_callers), 0);
    parallel_request(0);
}

int main(int argc, char **argv)
{
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_meanwhile),
        cmocka_unit_test(too_many_threads),
        cmocka_unit_test(requests),
        cmocka_unit_test(children),
    };
    return cmocka_run_group_tests(tests, 0, 0) + run_other_backends(argv);
}
