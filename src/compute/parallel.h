/*
 * compute/parallel.h - sharing the pieces of an operation among threads.
 *
 * Work is cut into pieces whose number and borders depend on the problem alone, never on the number of threads, and
 * each piece is computed by one thread: so the same bits come out for one thread and for many.
 *
 * An operation takes its team once, when it starts, and sizes its scratch memory by it.  A change of the number of
 * threads during the operation takes effect with the next one.
 */
#ifndef SMAC_COMPUTE_PARALLEL_H
#define SMAC_COMPUTE_PARALLEL_H

#include <stdbool.h>
#include <stdint.h>

enum { PARALLEL_MOST_THREADS = 256 }; /* larger numbers count as this one */

typedef void (*parallel_body)(void *context, int64_t piece);

/* How many threads one operation may use: at least 1, never more than its pieces. */
typedef struct parallel_team {
    int size;
    bool wakes; /* also wakes threads that sleep; else only those that are awake help */
} parallel_team;

/* 1 inside a piece of another operation: there, all pieces run on the calling thread. */
parallel_team parallel_team_for(int64_t pieces);
/* The same for work of about so many multiplications: little is done alone, and only much wakes others. */
parallel_team parallel_team_for_work(int64_t pieces, double multiplications);
parallel_team parallel_team_alone(void); /* the calling thread: for work too small to share */

/* Run body for every piece in [0, pieces), in any order; returns when all are done. */
void parallel_run(parallel_team team, int64_t pieces, parallel_body body, void *context);
/* Inside a body: which place in the team this thread has, from 0 to size - 1; no two at work at once have the same. */
int parallel_slot(void);

/* Both at once, for operations whose pieces need no scratch memory. */
void parallel_for(int64_t pieces, parallel_body body, void *context);
void serial_for(int64_t pieces, parallel_body body, void *context);

/*
 * The number of threads.  The process has a default (0: as many as the machine has processors for this process, or
 * OMP_NUM_THREADS); a request may have its own number, which holds for all operations that the calling thread starts
 * (0: the process's).  parallel_request returns the number before, so that the end of a request can restore it.
 */
void parallel_set_threads(int count);
int parallel_request(int count);
int parallel_threads(void); /* how many threads an operation that starts here and now may use */

#endif
