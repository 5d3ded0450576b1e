/* bench/bench_watch.h - what the benchmarks share: time, and the end after an error. */
#ifndef SMAC_BENCH_WATCH_H
#define SMAC_BENCH_WATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"

/* Time of the wall, or, with one thread, of this process alone: it can be compared on a busy machine. */
static clockid_t watch = CLOCK_MONOTONIC;

static inline double now(void)
{
    struct timespec at;
    clock_gettime(watch, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

static inline void check(smac_status status, const smac_error *error)
{
    if (status == SMAC_OK)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

#endif
