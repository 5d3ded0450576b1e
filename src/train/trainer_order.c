/*
 * train/trainer_order.c - which clips stand in which batch, and which modalities are left out: pure functions of
 * (seed, epoch), so that a resumed run goes on with the same ones.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "train/trainer_internal.h"

enum { POOL_BATCHES = 8 }; /* within so many batches clips are sorted by length */

typedef struct placed {
    int64_t clip, length, place;
} placed;

/* How much work a clip is: steps of its longest modality. */
static int64_t clip_length(const training *t, int64_t clip)
{
    const sample *s = &t->cache->samples[t->items[clip]];
    int64_t length = s->tokens;
    for (int m = 0; m < MODALITIES; m++)
        length = s->ready[m].data && s->ready[m].steps > length ? s->ready[m].steps : length;
    return length + 16 * (s->clips > s->windows ? s->clips : s->windows);
}

static int by_length(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/*
 * A shuffle, then batches of like length: pools of POOL_BATCHES batches are sorted by length and cut, and the batches
 * shuffled; only the last one of the epoch is short, and it stays the last.
 */
smac_status training_make_order(training *t, smac_error *error)
{
    random_sequence r = random_start((uint64_t)t->run->train.seed, random_stream("train.order") + (uint64_t)t->epoch);
    int64_t whole = t->count / t->batch;
    placed *pool = memory_new((size_t)(POOL_BATCHES * t->batch), sizeof *pool);
    int64_t *shuffled = memory_new((size_t)t->count, sizeof *shuffled);
    int64_t *places = memory_new((size_t)whole + 1, sizeof *places);
    if (!pool || !shuffled || !places) {
        free(pool);
        free(shuffled);
        free(places);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the order of %lld clips", (long long)t->count);
    }
    for (int64_t i = 0; i < t->count; i++)
        shuffled[i] = i;
    random_shuffle(&r, shuffled, t->count);
    for (int64_t from = 0; from < whole * t->batch; from += POOL_BATCHES * t->batch) {
        int64_t left = whole * t->batch - from, n = left < POOL_BATCHES * t->batch ? left : POOL_BATCHES * t->batch;
        for (int64_t i = 0; i < n; i++)
            pool[i] = (placed){shuffled[from + i], clip_length(t, shuffled[from + i]), i};
        qsort(pool, (size_t)n, sizeof *pool, by_length);
        for (int64_t i = 0; i < n; i++)
            shuffled[from + i] = pool[i].clip;
    }
    for (int64_t i = 0; i < whole; i++)
        places[i] = i;
    random_shuffle(&r, places, whole);
    for (int64_t i = 0; i < whole; i++)
        memcpy(t->order + i * t->batch, shuffled + places[i] * t->batch, (size_t)t->batch * sizeof *t->order);
    memcpy(t->order + whole * t->batch, shuffled + whole * t->batch,
        (size_t)(t->count - whole * t->batch) * sizeof *t->order);
    free(pool);
    free(shuffled);
    free(places);
    return SMAC_OK;
}

void training_modality_dropout(const training *t, const int64_t *clips, int64_t count, uint8_t *drop)
{
    uint64_t seed = (uint64_t)t->run->train.seed, stream = random_stream("train.modality_dropout");
    float probability = (float)t->run->train.modality_dropout;
    memset(drop, 0, (size_t)(count * MODALITIES));
    for (int64_t i = 0; i < count && probability > 0; i++) {
        const sample *s = &t->cache->samples[t->items[clips[i]]];
        uint64_t at = ((uint64_t)t->epoch * (uint64_t)t->count + (uint64_t)clips[i]) * 4;
        int have[MODALITIES], n = 0, dropped = 0;
        for (int m = 0; m < MODALITIES; m++)
            if (s->present[m] && t->system->has[m])
                have[n++] = m;
        for (int k = 0; k < n; k++) {
            uint8_t gone = random_uniform_at(seed, stream, at + (uint64_t)have[k]) < probability;
            drop[i * MODALITIES + have[k]] = gone;
            dropped += gone;
        }
        if (n > 0 && dropped == n) { /* never all: one of them stays */
            int kept = (int)(random_uniform_at(seed, stream, at + 3) * (float)n);
            drop[i * MODALITIES + have[kept < n ? kept : n - 1]] = 0;
        }
    }
}
