/* data/cache.c - reading all clips of a dataset once, in parallel, with progress. */
#include "data/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "compute/parallel.h"
#include "data/stored_vectors.h"
#include "pipeline/sample_read.h"
#include "pipeline/affect_model.h"
#include "pipeline/encoder_front.h"

#define ASK_SECONDS 0.2

/* The first warning of a clip's reader (a cut-off or damaged file); many are read at once, so it is told afterwards. */
typedef struct clip_note {
    char text[300];
} clip_note;

static void keep_note(void *user, log_level level, const char *message)
{
    clip_note *note = user;
    if (level == LOG_WARNING && !note->text[0])
        snprintf(note->text, sizeof note->text, "%s", message);
}

typedef struct work {
    const dataset *d;
    const affect_model *model;
    const cache_options *options;
    stored_vectors *stored;
    sample_cache *cache;
    const int64_t *items; /* the wanted ones, of this chunk */
    const uint8_t
        *vectors;       /* (sources, MODALITIES) 1 + the model's input for the source's ready vectors; 0: it has none */
    smac_error *errors; /* one a piece of the chunk */
    clip_note *notes;   /* likewise */
    /* stopping: only the thread that called asks, the others see what it was told */
    const reporter *report;
    double total;
    atomic_llong done; /* clips */
    pthread_t caller;
    struct timespec asked;
    atomic_bool is_stopped;
    atomic_bool store_failed; /* it takes no more: a full disk */
    smac_error store_error;   /* the first reason */
} work;

/* An interruption: asks the caller several times a second. */
static int reading_asks(void *user)
{
    work *w = user;
    struct timespec now;
    if (pthread_equal(pthread_self(), w->caller) && !atomic_load(&w->is_stopped)) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        double since = (double)(now.tv_sec - w->asked.tv_sec) + 1e-9 * (double)(now.tv_nsec - w->asked.tv_nsec);
        if (since > ASK_SECONDS) {
            w->asked = now;
            if (report_progress(w->report, "reading clips", (double)atomic_load(&w->done), w->total))
                atomic_store(&w->is_stopped, true);
        }
    }
    return atomic_load(&w->is_stopped);
}

/* Where each modality of a clip comes from. */
typedef struct clip_plan {
    bool features[MODALITIES]; /* the dataset's own vectors */
    bool wanted[MODALITIES];   /* from words or media */
    bool stored[MODALITIES];   /* found in the store */
} clip_plan;

/* From words and media what is wanted and not stored. */
static smac_status read_raw(
    const work *w, const dataset_item *item, const clip_plan *plan, clip_note *note, sample *out, smac_error *error)
{
    reporter keeper = {.log = keep_note, .user = note};
    sample_source source = {.media = item->media,
        .start = item->start,
        .end = item->end,
        .half = item->half,
        .text = item->text,
        .context = item->context,
        .context_count = item->context_count,
        .report = &keeper,
        .interrupt = {reading_asks, (void *)(uintptr_t)w}};
    bool others = false;
    for (int m = 0; m < MODALITIES; m++) {
        bool ids = m == MODALITY_TEXT && w->stored->front[m]; /* token ids are read beside the stored states */
        source.without[m] = !plan->wanted[m] || (plan->stored[m] && !ids);
        others = others || plan->features[m] || plan->stored[m];
    }
    if (source.without[MODALITY_AUDIO] && source.without[MODALITY_VISION])
        source.media = NULL;
    source.may_be_empty = others;
    if (!others || source.media)
        return sample_read(&w->model->preparation, &source, out, error);
    return source.without[MODALITY_TEXT]
        ? SMAC_OK
        : sample_set_text(&w->model->preparation, out, source.text, source.context, source.context_count, error);
}

/* The dataset's vectors, which are not copied. */
static void lend_vectors(sample *out, int m, const feature_sequence *vectors, int input)
{
    sample_drop(out, m);
    out->ready[m] = *vectors;
    out->ready[m].input = input;
    out->ready[m].borrowed = true;
    out->present[m] = true;
}

/* Stored states of the frozen blocks become the sample's.  False: they are of other tokens, and are made again. */
static bool take_front(const work *w, int m, sample *stored, sample *out)
{
    if (m == MODALITY_TEXT && (!out->present[m] || out->tokens != stored->front[m].steps))
        return false;
    sample_give_front(out, &w->model->configuration, m, &stored->front[m]);
    stored->front[m] = (feature_sequence){0};
    return true;
}

/* Whether the clip's pictures are kept, for augmentation, though their encoder is frozen. */
static bool keeps_pictures(const work *w, const dataset_item *item, const clip_plan *plan)
{
    return w->options->pictures && item->split == SPLIT_TRAIN && plan->wanted[MODALITY_VISION] &&
        w->model->frozen[MODALITY_VISION];
}

/* Stored pictures become the sample's. */
static void take_pictures(sample *stored, sample *out)
{
    sample_borrow(out, stored, MODALITY_VISION);
    stored->frames = NULL;
    stored->pictures = NULL;
}

/* What was made of the clip goes into the store.  A store that fails is remembered, and left alone from then on. */
static void keep_in_store(
    work *w, const dataset_item *item, const bool made[MODALITIES], bool pictures, const sample *x)
{
    smac_error why = {0};
    smac_status status = SMAC_OK;
    bool vectors[MODALITIES];
    if (atomic_load(&w->store_failed))
        return;
    memcpy(vectors, made, sizeof vectors);
    vectors[MODALITY_VISION] = made[MODALITY_VISION] && !pictures;
    if (pictures && made[MODALITY_VISION])
        status = stored_frames_put(w->stored, w->model, item, x, &why);
    if (status == SMAC_OK)
        status = stored_vectors_put(w->stored, item, vectors, x, &why);
    if (status != SMAC_OK && !atomic_exchange(&w->store_failed, true))
        w->store_error = why;
}

static smac_status read_item(work *w, const dataset_item *item, clip_note *note, sample *out, smac_error *error)
{
    clip_plan plan = {0};
    sample stored = {0};
    bool made[MODALITIES];
    for (int m = 0; m < MODALITIES; m++) {
        bool used = !w->options->without[m] && w->model->has[m] && !w->d->sources[item->source].without[m];
        int input = w->vectors[item->source * MODALITIES + m];
        plan.features[m] = used && input && item->features[m].data;
        plan.wanted[m] = used && !input && w->model->preparation.wants[m];
    }
    bool pictures = keeps_pictures(w, item, &plan), vectors[MODALITIES];
    memcpy(vectors, plan.wanted, sizeof vectors);
    vectors[MODALITY_VISION] = vectors[MODALITY_VISION] && !pictures;
    smac_status status = stored_vectors_take(w->stored, item, vectors, plan.stored, &stored, error);
    if (status == SMAC_OK && pictures)
        status = stored_frames_take(w->stored, w->model, item, &stored, &plan.stored[MODALITY_VISION], error);
    if (status == SMAC_OK)
        status = read_raw(w, item, &plan, note, out, error);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++) {
        if (plan.features[m])
            lend_vectors(out, m, &item->features[m], w->vectors[item->source * MODALITIES + m] - 1);
        else if (plan.stored[m] && stored.front[m].data)
            plan.stored[m] = take_front(w, m, &stored, out);
        else if (plan.stored[m] && stored.present[m] && !stored.ready[m].data)
            take_pictures(&stored, out);
        else if (plan.stored[m] && stored.present[m]) {
            out->ready[m] = stored.ready[m];
            out->present[m] = true;
            stored.ready[m] = (feature_sequence){0};
        }
    }
    if (status == SMAC_OK && !out->present[0] && !out->present[1] && !out->present[2])
        status = FAIL(error, SMAC_ERROR_FORMAT, "it has no words, sound or picture that the model takes");
    if (status == SMAC_OK)
        status = affect_model_encode(w->model, out,
            &(affect_model_encode_options){
                .keep_pictures = pictures, .interrupt = {reading_asks, (void *)(uintptr_t)w}},
            error);
    for (int m = 0; m < MODALITIES; m++) {
        made[m] = plan.wanted[m] && !plan.stored[m];
        if (status == SMAC_OK && made[m] && w->options->front[m] && affect_model_front_layers(w->model, m) > 0)
            status =
                affect_model_encode_front(w->model, out, m, &(interruption){reading_asks, (void *)(uintptr_t)w}, error);
    }
    if (status == SMAC_OK)
        keep_in_store(w, item, made, pictures, out);
    sample_clear(&stored);
    return status;
}

static void read_piece(void *context, int64_t piece)
{
    work *w = context;
    int64_t index = w->items[piece];
    smac_error *error = &w->errors[piece];
    memset(error, 0, sizeof *error);
    w->notes[piece].text[0] = 0;
    if (read_item(w, &w->d->items[index], &w->notes[piece], &w->cache->samples[index], error) == SMAC_OK)
        w->cache->usable[index] = 1;
    if (!w->cache->usable[index] || w->options->discard)
        sample_clear(&w->cache->samples[index]);
    atomic_fetch_add(&w->done, 1);
}

/* Clips that are read at once: many for each thread, since all wait for the last of them. */
enum { CHUNK = 256 };

/* A store that failed ends what only fills it; training goes on without it, with a warning. */
static smac_status look_at_store(work *w, smac_error *error)
{
    if (!atomic_load(&w->store_failed) || w->store_error.code == SMAC_OK)
        return SMAC_OK;
    smac_status why = w->store_error.code;
    if (w->options->discard)
        error_copy(error, &w->store_error);
    else
        report_log(w->report, LOG_WARNING, "vectors are not kept from here on: %s", w->store_error.message);
    w->store_error.code = SMAC_OK; /* said once */
    return w->options->discard ? why : SMAC_OK;
}

static smac_status read_all(work *w, const int64_t *items, int64_t count, const reporter *r, smac_error *error)
{
    smac_error *errors = w->errors, first = {0};
    clip_note *notes = w->notes;
    int64_t bad = 0;
    w->report = r;
    w->total = (double)count;
    w->caller = pthread_self();
    for (int64_t i = 0; i < count; i += CHUNK) {
        int64_t some = count - i < CHUNK ? count - i : CHUNK;
        if (report_progress(r, "reading clips", (double)i, (double)count))
            return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped while the clips were read");
        w->items = items + i;
        parallel_for(some, read_piece, w);
        TRY(look_at_store(w, error));
        for (int64_t k = 0; k < some; k++) {
            int64_t index = items[i + k];
            const dataset_item *item = &w->d->items[index];
            if (w->cache->usable[index] && notes[k].text[0])
                report_log(r, LOG_WARNING, "clip %s (line %lld): %s", item->id, (long long)item->line, notes[k].text);
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

/*
 * Which of the model's inputs the ready vectors of each source are for (work.vectors).  A source that has vectors of a
 * modality uses these alone, a clip without any then lacks the modality.
 */
static smac_status find_inputs(
    const dataset *d, const affect_model *model, const cache_options *options, uint8_t *inputs, smac_error *error)
{
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *item = &d->items[i];
        uint8_t *of = inputs + item->source * MODALITIES;
        for (int m = 0; m < MODALITIES; m++) {
            if (of[m] || !item->features[m].data || options->without[m] || !options->splits[item->split])
                continue;
            if (!model->has[m] || !model->vectors[m].count) /* an encoder alone reads words or media in their place */
                continue;
            vector_form form = {.width = item->features[m].width};
            int input;
            snprintf(form.name, sizeof form.name, "%s", d->sources[item->source].form);
            TRY(error_context(error, affect_model_vector_input(model, m, &form, &input, error),
                "clip %.150s (line %lld)", item->id, (long long)item->line));
            of[m] = (uint8_t)(1 + input);
        }
    }
    return SMAC_OK;
}

smac_status sample_cache_new(const dataset *d, const struct affect_model *model, const cache_options *options,
    const reporter *r, sample_cache **out, smac_error *error)
{
    sample_cache *cache = memory_new(1, sizeof *cache);
    int64_t *items = memory_new((size_t)d->count + 1, sizeof *items), count = 0;
    if (cache) {
        cache->source = d;
        cache->samples = memory_new((size_t)d->count + 1, sizeof *cache->samples);
        cache->usable = memory_new((size_t)d->count + 1, 1);
    }
    uint8_t *inputs = memory_new((size_t)d->source_count + 1, MODALITIES);
    if (!cache || !items || !inputs || !cache->samples || !cache->usable) {
        sample_cache_free(cache);
        free(items);
        free(inputs);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the tensors of %lld clips", (long long)d->count);
    }
    for (int64_t i = 0; i < d->count; i++)
        if (options->splits[d->items[i].split])
            items[count++] = i;
    stored_vectors stored = {0};
    if (!options->no_store)
        stored_vectors_open(&stored, model, options->front, options->store, r);
    if (!options->no_store && options->pictures && model->frozen[MODALITY_VISION] && model->has[MODALITY_VISION])
        stored_frames_open(&stored, model, options->store, r);
    work w = {.d = d,
        .model = model,
        .options = options,
        .stored = &stored,
        .cache = cache,
        .vectors = inputs,
        .errors = memory_new(CHUNK, sizeof *w.errors),
        .notes = memory_new(CHUNK, sizeof *w.notes)};
    smac_status status = w.errors && w.notes ? find_inputs(d, model, options, inputs, error)
                                             : FAIL(error, SMAC_ERROR_MEMORY, "no memory to read clips");
    if (status == SMAC_OK)
        status = read_all(&w, items, count, r, error);
    cache->from_store = stored.read;
    cache->into_store = stored.written;
    if (cache->from_store || cache->into_store)
        report_log(r, LOG_INFO, "vectors of frozen encoders: %lld from the feature store, %lld new",
            (long long)cache->from_store, (long long)cache->into_store);
    stored_vectors_close(&stored);
    free(w.errors);
    free(w.notes);
    free(items);
    free(inputs);
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
