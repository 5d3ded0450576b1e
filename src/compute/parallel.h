/*
 * compute/parallel.h - one pool of threads (OpenMP's, the one that oneDNN uses too).
 *
 * Work is cut into pieces whose number and borders depend on the problem alone, never on the number of threads: so the
 * same bits come out for one thread and for many.  Inside a piece oneDNN runs on one thread.
 */
#ifndef SMAC_COMPUTE_PARALLEL_H
#define SMAC_COMPUTE_PARALLEL_H

#include <stdint.h>

typedef void (*parallel_body)(void *context, int64_t piece);

/* Run body for every piece in [0, pieces).  Serial when already inside a parallel region or when pieces is 1. */
void parallel_for(int64_t pieces, parallel_body body, void *context);
/* The same on the calling thread alone: for work too small to share. */
void serial_for(int64_t pieces, parallel_body body, void *context);

int parallel_threads(void);           /* how many threads a parallel_for may use now */
int parallel_slot(void);              /* inside a body: this thread's number, below what parallel_threads said before */
void parallel_set_threads(int count); /* 0: as many as the machine (or OMP_NUM_THREADS) gives */

#endif
