/* compute/parallel.c - how many threads an operation may use. */
#define _GNU_SOURCE
#include "compute/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "compute/pool.h"
#include "compute/environment.h"

enum {
    ALONE = 1 << 18, /* multiplications: about 5 microseconds */
    WAKING = 1 << 20 /* a thread that sleeps is there after some 20 to 50 */
};

static atomic_int default_threads; /* of the process; 0: the machine's */
static _Thread_local int requested_threads;
static int machine_threads;

static int clamped(long count)
{
    return count < 0 ? 0 : count > PARALLEL_MOST_THREADS ? PARALLEL_MOST_THREADS : (int)count;
}

/* The processors that this process may use, or what OMP_NUM_THREADS says. */
static void count_machine_threads(void)
{
    machine_threads = clamped(environment_get()->threads);
    cpu_set_t set;
    if (machine_threads == 0 && sched_getaffinity(0, sizeof set, &set) == 0)
        machine_threads = clamped(CPU_COUNT(&set));
    if (machine_threads == 0)
        machine_threads = clamped(sysconf(_SC_NPROCESSORS_ONLN));
    if (machine_threads == 0)
        machine_threads = 1;
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
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (pool_inside())
        return 1;
    int wanted = requested_threads > 0 ? requested_threads : atomic_load(&default_threads);
    if (wanted > 0)
        return wanted;
    pthread_once(&once, count_machine_threads);
    return machine_threads;
}

parallel_team parallel_team_for(int64_t pieces)
{
    int threads = parallel_threads();
    return (parallel_team){threads > pieces ? pieces > 1 ? (int)pieces : 1 : threads, true};
}

parallel_team parallel_team_for_work(int64_t pieces, double multiplications)
{
    parallel_team team = multiplications > ALONE ? parallel_team_for(pieces) : parallel_team_alone();
    team.wakes = multiplications > WAKING;
    return team;
}

parallel_team parallel_team_alone(void)
{
    return (parallel_team){1, false};
}

int parallel_slot(void)
{
    return pool_slot();
}

void parallel_run(parallel_team team, int64_t pieces, parallel_body body, void *context)
{
    pool_run(team.size - 1, team.wakes, pieces, body, context);
}

void parallel_for(int64_t pieces, parallel_body body, void *context)
{
    parallel_run(parallel_team_for(pieces), pieces, body, context);
}

void serial_for(int64_t pieces, parallel_body body, void *context)
{
    parallel_run(parallel_team_alone(), pieces, body, context);
}
