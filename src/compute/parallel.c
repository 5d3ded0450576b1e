/* compute/parallel.c - teams over OpenMP. */
#include "compute/parallel.h"

#include <omp.h>
#include <stdatomic.h>

static atomic_int default_threads; /* of the process; 0: the machine's */
static _Thread_local int requested_threads;
static _Thread_local int thread_slot;

static int clamped(int count)
{
    return count < 0 ? 0 : count > PARALLEL_MOST_THREADS ? PARALLEL_MOST_THREADS : count;
}

void parallel_set_threads(int count)
{
    atomic_store(&default_threads, clamped(count));
}

int parallel_request(int count)
{
    int before = requested_threads;
    requested_threads = clamped(count);
    return before;
}

int parallel_threads(void)
{
    if (omp_in_parallel())
        return 1;
    int wanted = requested_threads > 0 ? requested_threads : atomic_load(&default_threads);
    return wanted > 0 ? wanted : clamped(omp_get_max_threads());
}

parallel_team parallel_team_for(int64_t pieces)
{
    int threads = parallel_threads();
    return (parallel_team){threads > pieces ? pieces > 1 ? (int)pieces : 1 : threads};
}

parallel_team parallel_team_alone(void)
{
    return (parallel_team){1};
}

int parallel_slot(void)
{
    return thread_slot;
}

void parallel_run(parallel_team team, int64_t pieces, parallel_body body, void *context)
{
    if (team.size <= 1 || pieces <= 1) {
        int outer = thread_slot;
        thread_slot = 0;
        for (int64_t i = 0; i < pieces; i++)
            body(context, i);
        thread_slot = outer;
        return;
    }
#pragma omp parallel num_threads(team.size)
    {
        int outer = thread_slot;
        thread_slot = omp_get_thread_num();
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < pieces; i++)
            body(context, i);
        thread_slot = outer;
    }
}

void parallel_for(int64_t pieces, parallel_body body, void *context)
{
    parallel_run(parallel_team_for(pieces), pieces, body, context);
}

void serial_for(int64_t pieces, parallel_body body, void *context)
{
    parallel_run(parallel_team_alone(), pieces, body, context);
}
