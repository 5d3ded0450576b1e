/* data/cache.c - reading all clips of a dataset once, in parallel, with progress. */
#include "data/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "compute/parallel.h"
#include "pipeline/sample_read.h"
#include "pipeline/system.h"

typedef struct work {
    const dataset *d;
    const affect_system *system;
    const cache_options *options;
    sample_cache *cache;
    const int64_t *items; /* the wanted ones, of this chunk */
    smac_error *errors;   /* one a piece of the chunk */
} work;

/* What the item has ready already takes the place of its raw form. */
static smac_status read_item(const work *w, const dataset_item *item, sample *out, smac_error *error)
{
    sample_source source = {.media = item->media,
        .start = item->start,
        .end = item->end,
        .text = item->text,
        .context = item->context,
        .context_count = item->context_count};
    bool ready = false;
    for (int m = 0; m < MODALITIES; m++) {
        bool has = item->features[m].data != NULL && w->system->ready_width[m] > 0;
        source.without[m] = w->options->without[m] || !w->system->has[m] || has;
        ready = ready || (has && !w->options->without[m]);
    }
    if (ready && source.without[MODALITY_AUDIO] && source.without[MODALITY_VISION])
        source.media = NULL;
    smac_status status = SMAC_OK;
    if (ready && !source.media)
        status = source.without[MODALITY_TEXT]
            ? SMAC_OK
            : sample_set_text(&w->system->preparation, out, source.text, source.context, source.context_count, error);
    else
        status = sample_read(&w->system->preparation, &source, out, error);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++) {
        const feature_sequence *f = &item->features[m];
        if (f->data && w->system->ready_width[m] > 0 && !w->options->without[m])
            status = sample_set_ready(out, m, f->steps, f->crops, f->width, f->data, error);
    }
    if (status == SMAC_OK)
        status = system_encode(w->system, out, NULL, error);
    return status;
}

static void read_piece(void *context, int64_t piece)
{
    const work *w = context;
    int64_t index = w->items[piece];
    smac_error *error = &w->errors[piece];
    memset(error, 0, sizeof *error);
    if (read_item(w, &w->d->items[index], &w->cache->samples[index], error) == SMAC_OK)
        w->cache->usable[index] = 1;
    else
        sample_clear(&w->cache->samples[index]);
}

enum { CHUNK = 16 };

static smac_status read_all(work *w, const int64_t *items, int64_t count, const reporter *r, smac_error *error)
{
    smac_error errors[CHUNK], first = {0};
    int64_t bad = 0;
    w->errors = errors;
    for (int64_t i = 0; i < count; i += CHUNK) {
        int64_t some = count - i < CHUNK ? count - i : CHUNK;
        if (report_progress(r, "reading clips", (double)i, (double)count))
            return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped while the clips were read");
        w->items = items + i;
        parallel_for(some, read_piece, w);
        for (int64_t k = 0; k < some; k++) {
            int64_t index = items[i + k];
            const dataset_item *item = &w->d->items[index];
            if (w->cache->usable[index]) {
                w->cache->bytes += sample_bytes(&w->cache->samples[index]);
                continue;
            }
            if (errors[k].code == SMAC_ERROR_MEMORY || errors[k].code == SMAC_ERROR_INTERRUPTED) {
                if (error)
                    *error = errors[k];
                return errors[k].code;
            }
            if (bad++ == 0)
                error_set(&first, errors[k].code, __func__, "clip %.150s (line %lld): %.600s", item->id,
                    (long long)item->line, errors[k].message);
            if (w->options->skip_bad)
                report_log(r, LOG_WARNING, "clip %s (line %lld) is left out: %s", item->id, (long long)item->line,
                    errors[k].message);
        }
    }
    report_progress(r, "reading clips", (double)count, (double)count);
    w->cache->skipped = bad;
    if (bad && (!w->options->skip_bad || bad == count))
        return FAIL(error, first.code, "%s (%lld of %lld clips are like that%s)", first.message, (long long)bad,
            (long long)count, w->options->skip_bad ? "" : ", --skip-bad leaves them out");
    return SMAC_OK;
}

smac_status sample_cache_new(const dataset *d, const struct affect_system *system, const cache_options *options,
    const reporter *r, sample_cache **out, smac_error *error)
{
    sample_cache *cache = memory_new(1, sizeof *cache);
    int64_t *items = memory_new((size_t)d->count + 1, sizeof *items), count = 0;
    if (cache) {
        cache->source = d;
        cache->samples = memory_new((size_t)d->count + 1, sizeof *cache->samples);
        cache->usable = memory_new((size_t)d->count + 1, 1);
    }
    if (!cache || !items || !cache->samples || !cache->usable) {
        sample_cache_free(cache);
        free(items);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the tensors of %lld clips", (long long)d->count);
    }
    for (int64_t i = 0; i < d->count; i++)
        if (options->splits[d->items[i].split])
            items[count++] = i;
    work w = {.d = d, .system = system, .options = options, .cache = cache};
    smac_status status = read_all(&w, items, count, r, error);
    free(items);
    if (status != SMAC_OK) {
        sample_cache_free(cache);
        return status;
    }
    *out = cache;
    return SMAC_OK;
}

void sample_cache_free(sample_cache *c)
{
    if (!c)
        return;
    for (int64_t i = 0; c->samples && i < c->source->count; i++)
        sample_clear(&c->samples[i]);
    free(c->samples);
    free(c->usable);
    free(c);
}
