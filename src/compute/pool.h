/*
 * compute/pool.h - the threads of the process that help operations with their pieces.  Private to
 * src/compute; operations use compute/parallel.h.
 *
 * One pool serves all callers.  A caller publishes its operation, takes pieces itself until none is left, and then waits
 * only for the pieces that a helper has begun: a helper that the system has not yet given a processor costs nothing.
 * Helpers watch for work for a short time after the last, then they sleep.
 */
#ifndef SMAC_COMPUTE_POOL_H
#define SMAC_COMPUTE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/parallel.h"

/*
 * Run body for the pieces on the calling thread and at most helpers threads of the pool (0: on the calling thread
 * alone).  wake: also wake threads that sleep, and start them if there are too few; without it only those help that
 * happen to be awake.
 */
void pool_run(int helpers, bool wake, int64_t pieces, parallel_body body, void *context);

int pool_slot(void);    /* inside a body: 0 on the calling thread, 1 to helpers on the others */
bool pool_inside(void); /* the calling thread is inside a body of an operation that others may share */
int pool_threads(void); /* how many threads the pool has started: for tests */

#endif
