/*
 * train/team.h - the seam for training on several machines: a team of ranks, each a process with the whole model, the
 * whole data set's descriptions and a part of every batch.  What they have to share goes through five functions; with one
 * process (team NULL) none of them does anything.
 *
 *   one step of a rank:  its rows of the batch -> team_sum of what the losses are means over -> forward ->
 *                        team_gather of what the contrasts compare -> backward -> team_sum_gradients -> AdamW, the same
 *                        on every rank -> team_gather of the bank's vectors
 *
 * Every rank makes the same calls in the same order.  A rank that has failed calls team_agree with its status in the place
 * of the call that the others are in; theirs then fail too, so that nobody waits for ever.  Results are added and joined
 * in the order of the ranks: the same number of ranks gives the same bits.
 */
#ifndef SMAC_TRAIN_TEAM_H
#define SMAC_TRAIN_TEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autograd/tape.h"
#include "base/error.h"
#include "nn/parameters.h"

typedef struct team {
    int rank, size;
    void *context;
    /* values (count) <- their sums over the ranks */
    smac_status (*sum)(void *context, double *values, size_t count, smac_error *error);
    smac_status (*sum_floats)(void *context, float *values, size_t count, smac_error *error);
    /* all <- the ranks' blocks one after another; bytes (size): how long each is, known to every rank */
    smac_status (*gather)(void *context, const void *mine, const size_t *bytes, void *all, smac_error *error);
    /* Every rank gives its status and whether it was asked to stop.  The first failure, by rank, is everybody's; *stop: any
     * rank was asked. */
    smac_status (*agree)(void *context, smac_status mine, bool *stop, smac_error *error);
} team;

/* The same with a team that may be NULL. */
int team_size(const team *t);
int team_rank(const team *t);
bool team_is_first(const team *t); /* the rank that writes files */
smac_status team_sum(const team *t, double *values, size_t count, smac_error *error);
smac_status team_agree(const team *t, smac_status mine, bool *stop, smac_error *error);

/* Which of count rows are a rank's: from *first on, as many as are returned; parts of nearly equal length. */
int64_t team_rows(const team *t, int rank, int64_t count, int64_t *first);

/* The gradients of all trainable parameters, summed over the ranks: between backward and optimiser. */
smac_status team_sum_gradients(const team *t, parameter_store *store, smac_error *error);

/* Rows of width bytes (floats) each: mine are this rank's of count (by team_rows); all (count, width). */
smac_status team_gather_rows(
    const team *t, const void *mine, int64_t count, size_t width, void *all, smac_error *error);

/*
 * Rows (own, width) of this rank as rows (count, width) of all: those of other ranks are numbers without a gradient.  own
 * may be NULL on a rank without rows.  A failure sticks to the tape.
 */
value *team_gather_value(const team *t, tape *tape, value *own, int64_t count, int64_t width);

#endif
