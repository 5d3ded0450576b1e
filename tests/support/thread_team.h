/*
 * tests/support/thread_team.h - a team of ranks that are threads of one process, for tests of the seam in train/team.h:
 * every call waits for all ranks, a rank that has failed breaks the team for all.
 */
#ifndef SMAC_TESTS_SUPPORT_THREAD_TEAM_H
#define SMAC_TESTS_SUPPORT_THREAD_TEAM_H

#include "support/check.h"

#include <pthread.h>

#include "train/team.h"

enum { THREAD_TEAM_MAX = 4 };

typedef enum thread_call { CALL_SUM, CALL_SUM_FLOATS, CALL_GATHER, CALL_AGREE } thread_call;

typedef struct thread_team {
    int size;
    pthread_mutex_t lock;
    pthread_cond_t all;
    int arrived;
    uint64_t round;
    smac_status broken;
    /* what each rank brings to the call */
    thread_call call[THREAD_TEAM_MAX];
    const void *given[THREAD_TEAM_MAX];
    smac_status status[THREAD_TEAM_MAX];
    bool stop[THREAD_TEAM_MAX];
} thread_team;

typedef struct thread_rank {
    thread_team *shared;
    int rank;
} thread_rank;

static inline void thread_team_init(thread_team *t, int size)
{
    memset(t, 0, sizeof *t);
    t->size = size;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->all, NULL);
}

/* Waits until all ranks are here, or the team is broken.  Called with the lock held. */
static inline smac_status thread_team_meet(thread_team *t)
{
    uint64_t round = t->round;
    if (t->broken != SMAC_OK)
        return t->broken;
    if (++t->arrived == t->size) {
        t->arrived = 0;
        t->round++;
        pthread_cond_broadcast(&t->all);
    }
    while (t->round == round && t->broken == SMAC_OK)
        pthread_cond_wait(&t->all, &t->lock);
    return t->broken;
}

/*
 * One call of a rank: all meet, each takes what it needs from what the others gave (take), all meet again before what was
 * given may change.
 */
typedef void (*thread_take)(const thread_team *t, void *out, const void *what);
static inline smac_status thread_team_call(thread_rank *r, thread_call call, const void *given, thread_take take,
    void *out, const void *what, smac_error *error)
{
    thread_team *t = r->shared;
    pthread_mutex_lock(&t->lock);
    t->call[r->rank] = call;
    t->given[r->rank] = given;
    smac_status status = thread_team_meet(t);
    for (int i = 0; status == SMAC_OK && i < t->size; i++)
        if (t->call[i] != call) /* another rank is somewhere else: it has failed, or the ranks do not do the same */
            status = t->broken =
                t->call[i] == CALL_AGREE && t->status[i] != SMAC_OK ? t->status[i] : SMAC_ERROR_INTERNAL;
    if (status == SMAC_OK)
        take(t, out, what);
    if (status == SMAC_OK)
        status = thread_team_meet(t);
    if (status != SMAC_OK)
        pthread_cond_broadcast(&t->all);
    pthread_mutex_unlock(&t->lock);
    return status == SMAC_OK ? status : FAIL(error, status, "another rank of the team has failed");
}

static inline void thread_take_sum(const thread_team *t, void *out, const void *what)
{
    size_t count = *(const size_t *)what;
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int rank = 0; rank < t->size; rank++)
            sum += ((const double *)t->given[rank])[i];
        ((double *)out)[i] = sum;
    }
}

static inline void thread_take_float_sum(const thread_team *t, void *out, const void *what)
{
    size_t count = *(const size_t *)what;
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int rank = 0; rank < t->size; rank++)
            sum += (double)((const float *)t->given[rank])[i];
        ((float *)out)[i] = (float)sum;
    }
}

static inline void thread_take_all(const thread_team *t, void *out, const void *what)
{
    const size_t *bytes = what;
    char *at = out;
    for (int rank = 0; rank < t->size; rank++) {
        if (bytes[rank])
            memcpy(at, t->given[rank], bytes[rank]);
        at += bytes[rank];
    }
}

static inline smac_status thread_sum(void *context, double *values, size_t count, smac_error *error)
{
    double *sums = calloc(count + 1, sizeof *sums);
    smac_status status = thread_team_call(context, CALL_SUM, values, thread_take_sum, sums, &count, error);
    if (status == SMAC_OK)
        memcpy(values, sums, count * sizeof *sums);
    free(sums);
    return status;
}

static inline smac_status thread_sum_floats(void *context, float *values, size_t count, smac_error *error)
{
    float *sums = calloc(count + 1, sizeof *sums);
    smac_status status = thread_team_call(context, CALL_SUM_FLOATS, values, thread_take_float_sum, sums, &count, error);
    if (status == SMAC_OK)
        memcpy(values, sums, count * sizeof *sums);
    free(sums);
    return status;
}

static inline smac_status thread_gather(
    void *context, const void *mine, const size_t *bytes, void *all, smac_error *error)
{
    return thread_team_call(context, CALL_GATHER, mine, thread_take_all, all, bytes, error);
}

static inline smac_status thread_agree(void *context, smac_status mine, bool *stop, smac_error *error)
{
    thread_rank *r = context;
    thread_team *t = r->shared;
    pthread_mutex_lock(&t->lock);
    t->call[r->rank] = CALL_AGREE;
    t->status[r->rank] = mine;
    t->stop[r->rank] = *stop;
    if (mine != SMAC_OK && t->broken == SMAC_OK) {
        t->broken = mine;
        pthread_cond_broadcast(&t->all);
    }
    smac_status status = thread_team_meet(t);
    for (int i = 0; status == SMAC_OK && i < t->size; i++) {
        *stop = *stop || t->stop[i];
        if (t->call[i] != CALL_AGREE)
            status = t->broken = SMAC_ERROR_INTERNAL;
    }
    if (status == SMAC_OK)
        status = thread_team_meet(t);
    pthread_mutex_unlock(&t->lock);
    return status == SMAC_OK ? status : FAIL(error, status, "another rank of the team has failed");
}

static inline team thread_team_of(thread_rank *r)
{
    return (team){.rank = r->rank,
        .size = r->shared->size,
        .context = r,
        .sum = thread_sum,
        .sum_floats = thread_sum_floats,
        .gather = thread_gather,
        .agree = thread_agree};
}

#endif
