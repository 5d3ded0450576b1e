/* compute/parallel.c - parallel_for over OpenMP. */
#include "compute/parallel.h"

#include <omp.h>
#include <stdatomic.h>

/* The only setting of the process: how many threads to use, 0 for OpenMP's own choice. */
static atomic_int wanted_threads;

/* Which of the threads of the innermost parallel_for this one is: scratch memory is handed out by it. */
static _Thread_local int thread_slot;

int parallel_threads(void)
{
    if (omp_in_parallel())
        return 1;
    int wanted = atomic_load(&wanted_threads);
    return wanted > 0 ? wanted : omp_get_max_threads();
}

void parallel_set_threads(int count)
{
    atomic_store(&wanted_threads, count > 0 ? count : 0);
}

int parallel_slot(void)
{
    return thread_slot;
}

void serial_for(int64_t pieces, parallel_body body, void *context)
{
    int outer = thread_slot;
    thread_slot = 0;
    for (int64_t i = 0; i < pieces; i++)
        body(context, i);
    thread_slot = outer;
}

void parallel_for(int64_t pieces, parallel_body body, void *context)
{
    int threads = parallel_threads();
    if (threads > pieces)
        threads = (int)pieces;
    if (threads <= 1) {
        serial_for(pieces, body, context);
        return;
    }
#pragma omp parallel num_threads(threads)
    {
        int outer = thread_slot;
        thread_slot = omp_get_thread_num();
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < pieces; i++)
            body(context, i);
        thread_slot = outer;
    }
}
