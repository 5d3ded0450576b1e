/*
 * train/trainer_order.c - which clips are in which batch, and which modalities are left out: pure functions of
 * (seed, epoch), so that a resumed run goes on with the same ones.
 */
#include <math.h>
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
    return length + 16 * (s->clips > sample_sounds(s) ? s->clips : sample_sounds(s));
}

static int by_length(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* --- how often each dataset ------------------------------------------------------------------------------------------ */

/* Whether every clip is drawn once: the datasets weigh the same, and the temperature is 1. */
static bool draws_each_once(const training *t)
{
    const dataset *d = t->cache->source;
    for (int s = 1; s < d->source_count; s++)
        if (d->sources[s].weight != d->sources[0].weight)
            return false;
    return d->source_count < 2 || t->run->train.sampling == 1;
}

/* Clips that each dataset gives an epoch, their sum the number of training clips; own: how many it has. */
static void share_epoch(const training *t, const int64_t *own, int64_t *share)
{
    const dataset *d = t->cache->source;
    double sum = 0, before = 0;
    int64_t given = 0;
    for (int s = 0; s < d->source_count; s++)
        sum += own[s] ? d->sources[s].weight * pow((double)own[s], 1 / t->run->train.sampling) : 0;
    for (int s = 0; s < d->source_count; s++) {
        before += own[s] ? d->sources[s].weight * pow((double)own[s], 1 / t->run->train.sampling) : 0;
        int64_t until = llround(before / sum * (double)t->count);
        share[s] = until - given;
        given = until;
    }
}

/*
 * The dataset's next `wanted` clips of a sequence of shuffles of its `own` clips, one after another: each clip comes as
 * often as the others, but for one, over all epochs.
 */
static void draw_from(const training *t, int source, int64_t *clips, int64_t own, int64_t wanted, int64_t *out)
{
    uint64_t stream = random_stream("train.draw") + ((uint64_t)source << 32);
    int64_t at = (t->epoch - 1) * wanted, shuffle = -1;
    for (int64_t i = 0; i < wanted; i++, at++) {
        if (at / own != shuffle) {
            shuffle = at / own;
            random_sequence r = random_start((uint64_t)t->run->train.seed, stream + (uint64_t)shuffle);
            int64_t count = 0;
            for (int64_t k = 0; k < t->count; k++)
                if (training_item(t, k)->source == source)
                    clips[count++] = k;
            random_shuffle(&r, clips, own);
        }
        out[i] = clips[at % own];
    }
}

/* drawn (N): the clips of the epoch, each once, or by the temperature of sampling. */
static smac_status draw_clips(const training *t, int64_t *drawn, smac_error *error)
{
    int64_t own[DATASET_SOURCES_MAX] = {0}, share[DATASET_SOURCES_MAX], at = 0;
    for (int64_t i = 0; i < t->count; i++) {
        drawn[i] = i;
        own[training_item(t, i)->source]++;
    }
    if (draws_each_once(t))
        return SMAC_OK;
    int64_t *clips = memory_new((size_t)t->count, sizeof *clips);
    if (!clips)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the order of %lld clips", (long long)t->count);
    share_epoch(t, own, share);
    for (int s = 0; s < t->cache->source->source_count; s++) {
        if (share[s] > 0)
            draw_from(t, s, clips, own[s], share[s], drawn + at);
        at += share[s];
    }
    free(clips);
    return SMAC_OK;
}

/* --- the order ------------------------------------------------------------------------------------------------------- */

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
    smac_status status = draw_clips(t, shuffled, error);
    if (status != SMAC_OK) {
        free(pool);
        free(shuffled);
        free(places);
        return status;
    }
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

void training_modality_dropout(
    const training *t, const int64_t *clips, const sample *const *samples, int64_t count, uint8_t *drop)
{
    uint64_t seed = (uint64_t)t->run->train.seed, stream = random_stream("train.modality_dropout");
    float probability = (float)t->run->train.modality_dropout;
    memset(drop, 0, (size_t)(count * MODALITIES));
    for (int64_t i = 0; i < count && probability > 0; i++) {
        const sample *s = samples[i];
        uint64_t at = ((uint64_t)t->epoch * (uint64_t)t->count + (uint64_t)clips[i]) * 4;
        int have[MODALITIES], n = 0, dropped = 0;
        for (int m = 0; m < MODALITIES; m++)
            if (s->present[m] && t->model->has[m])
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
