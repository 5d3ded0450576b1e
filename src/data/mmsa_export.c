/* data/mmsa_export.c - the members of an MMSA feature pickle, written as they are made. */
#include "data/mmsa_export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "data/readers.h"
#include "weights/pickle_write.h"

typedef struct exporting {
    const sample_cache *cache;
    mmsa_export_result *result;
    FILE *file;
    int score, task; /* the first task with scores, -1: none; the task of the classes */
    float *row;      /* the longest padded sequence */
    smac_error *error;
} exporting;

/* --- clips -------------------------------------------------------------------------------------------------------- */

/* The next clip of the split after *at (begin with -1); NULL at the end. */
static const dataset_item *next_clip(const exporting *e, dataset_split split, int64_t *at)
{
    const dataset *d = e->cache->source;
    for (++*at; *at < d->count; ++*at)
        if (d->items[*at].split == split && e->cache->usable[*at])
            return &d->items[*at];
    return NULL;
}

static int64_t count_clips(const exporting *e, dataset_split split)
{
    int64_t count = 0, at = -1;
    while (next_clip(e, split, &at))
        count++;
    return count;
}

/* A clip's steps that are written. */
static int64_t kept_steps(const exporting *e, int64_t at, int m)
{
    const sample *x = &e->cache->samples[at];
    int64_t steps = x->present[m] && x->ready[m].data ? x->ready[m].steps : 0;
    return steps < e->result->steps[m] ? steps : e->result->steps[m];
}

static smac_status measure(exporting *e, int64_t length)
{
    const dataset *d = e->cache->source;
    for (int64_t i = 0; i < d->count; i++) {
        const sample *x = &e->cache->samples[i];
        e->result->clips += e->cache->usable[i];
        for (int m = 0; m < MODALITIES; m++) {
            const feature_sequence *f = &x->ready[m];
            if (!e->cache->usable[i] || !x->present[m] || !f->data)
                continue;
            if (e->result->width[m] && e->result->width[m] != f->width)
                return FAIL(e->error, SMAC_ERROR_MISMATCH,
                    "clip %.200s (line %lld) has vectors of %s of width %lld, clips before it of %lld: one file has one "
                    "width",
                    d->items[i].id, (long long)d->items[i].line, modality_name((modality)m), (long long)f->width,
                    (long long)e->result->width[m]);
            for (int64_t k = 0; k < f->steps * f->crops * f->width; k++)
                if (!isfinite(f->data[k]))
                    return FAIL(e->error, SMAC_ERROR_FORMAT,
                        "clip %.200s (line %lld) has vectors of %s that are not finite", d->items[i].id,
                        (long long)d->items[i].line, modality_name((modality)m));
            e->result->width[m] = f->width;
            e->result->cut += length && f->steps > length;
            e->result->steps[m] = length ? length : f->steps > e->result->steps[m] ? f->steps : e->result->steps[m];
        }
    }
    size_t most = 1;
    for (int m = 0; m < MODALITIES; m++) {
        size_t values;
        if (!checked_multiply((size_t)e->result->steps[m], (size_t)e->result->width[m], &values))
            return FAIL(e->error, SMAC_ERROR_MEMORY, "no memory for sequences of %lld steps", (long long)length);
        most = values > most ? values : most;
    }
    if (most == 1 && !e->result->width[0] && !e->result->width[1] && !e->result->width[2])
        return FAIL(e->error, SMAC_ERROR_ARGUMENT,
            "no clip has vectors: name encoders that are frozen and come from a file, for example --set "
            "audio.encoder=whisper-base --set audio.trainable_blocks=0");
    e->row = memory_new(most, sizeof *e->row);
    return e->row ? SMAC_OK : FAIL(e->error, SMAC_ERROR_MEMORY, "no memory for a sequence of vectors");
}

/* --- members of a split ------------------------------------------------------------------------------------------- */

static void put_vectors(exporting *e, dataset_split split, int m)
{
    int64_t steps = e->result->steps[m], width = e->result->width[m], at = -1;
    const int64_t dim[3] = {count_clips(e, split), steps, width};
    pickle_write_text(e->file, modality_name((modality)m));
    pickle_write_array_begin(e->file, 3, dim);
    while (next_clip(e, split, &at)) {
        const feature_sequence *f = &e->cache->samples[at].ready[m];
        int64_t kept = kept_steps(e, at, m);
        memset(e->row, 0, (size_t)(steps * width) * sizeof *e->row);
        for (int64_t i = 0; i < kept * width; i++) {
            double sum = 0;
            for (int64_t c = 0; c < f->crops; c++)
                sum += (double)f->data[(i / width * f->crops + c) * width + i % width];
            e->row[i] = (float)(sum / (double)f->crops);
        }
        pickle_write_floats(e->file, e->row, steps * width);
    }
    pickle_write_array_end(e->file);
}

static void put_lengths(exporting *e, dataset_split split, int m)
{
    char key[32];
    int64_t at = -1;
    snprintf(key, sizeof key, "%s_lengths", modality_name((modality)m));
    pickle_write_text(e->file, key);
    pickle_write_open(e->file, '[');
    while (next_clip(e, split, &at))
        pickle_write_integer(e->file, kept_steps(e, at, m));
    pickle_write_close(e->file, '[');
}

static const char *sign_name(double label)
{
    return isnan(label) ? "" : label < 0 ? "Negative" : label > 0 ? "Positive" : "Neutral";
}

/* A clip's text under a key: by key "id", "raw_text" or "annotations". */
static const char *clip_text(const exporting *e, const dataset_item *item, const char *key)
{
    const dataset *d = e->cache->source;
    double label = dataset_label(d, item, e->task, TRUTH_MULTIMODAL);
    if (strcmp(key, "id") == 0)
        return item->id;
    if (strcmp(key, "raw_text") == 0)
        return item->text;
    if (item->annotation && *item->annotation)
        return item->annotation;
    if (d->tasks[e->task].kind == TASK_REGRESSION)
        return sign_name(label);
    return isnan(label) ? "" : d->tasks[e->task].class_names[(int)label];
}

static void put_texts(exporting *e, dataset_split split, const char *key)
{
    int64_t at = -1;
    pickle_write_text(e->file, key);
    pickle_write_open(e->file, '[');
    for (const dataset_item *item; (item = next_clip(e, split, &at));)
        pickle_write_text(e->file, clip_text(e, item, key));
    pickle_write_close(e->file, '[');
}

/* Scores; or (classes) 0, 1 and 2 of negative, neutral and positive scores, or the class. */
static void put_labels(exporting *e, dataset_split split, const char *key, int task, int kind, bool classes)
{
    const dataset *d = e->cache->source;
    int64_t at = -1;
    const int64_t dim[1] = {count_clips(e, split)};
    pickle_write_text(e->file, key);
    pickle_write_array_begin(e->file, 1, dim);
    for (const dataset_item *item; (item = next_clip(e, split, &at));) {
        double label = dataset_label(d, item, task, kind);
        if (classes && d->tasks[task].kind == TASK_REGRESSION && !isnan(label))
            label = label < 0 ? 0 : label > 0 ? 2 : 1;
        float value = (float)label;
        pickle_write_floats(e->file, &value, 1);
    }
    pickle_write_array_end(e->file);
}

static bool has_own_labels(const exporting *e, int kind)
{
    const dataset *d = e->cache->source;
    for (int64_t i = 0; i < d->count; i++)
        if (e->cache->usable[i] && !isnan(dataset_label(d, &d->items[i], e->score, kind)))
            return true;
    return false;
}

static void put_split(exporting *e, dataset_split split)
{
    static const char *const texts[] = {"id", "raw_text", "annotations"};
    static const char *const labels[TRUTH_KINDS] = {
        "regression_labels", "regression_labels_T", "regression_labels_A", "regression_labels_V"};
    pickle_write_text(e->file, dataset_split_name(split));
    pickle_write_open(e->file, '{');
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_texts(e, split, texts[i]);
    for (int m = 0; m < MODALITIES; m++)
        if (e->result->width[m]) {
            put_vectors(e, split, m);
            put_lengths(e, split, m);
        }
    for (int kind = 0; kind < TRUTH_KINDS && e->score >= 0; kind++)
        if (kind == TRUTH_MULTIMODAL || has_own_labels(e, kind))
            put_labels(e, split, labels[kind], e->score, kind, false);
    put_labels(e, split, "classification_labels", e->task, TRUTH_MULTIMODAL, true);
    pickle_write_close(e->file, '{');
}

smac_status mmsa_export(
    const sample_cache *cache, int64_t length, const char *path, mmsa_export_result *result, smac_error *error)
{
    exporting e = {.cache = cache, .result = result, .score = -1, .error = error};
    const dataset *d = cache->source;
    file_writer writer = {0};
    *result = (mmsa_export_result){0};
    for (int i = d->task_count - 1; i >= 0; i--)
        if (d->tasks[i].kind == TASK_REGRESSION)
            e.score = i;
    e.task = e.score >= 0 ? e.score : 0;
    smac_status status = measure(&e, length);
    if (status == SMAC_OK)
        status = file_writer_begin(&writer, path, error);
    if (status == SMAC_OK) {
        e.file = writer.file;
        pickle_write_begin(e.file);
        pickle_write_open(e.file, '{');
        for (int split = 0; split < SPLIT_COUNT; split++)
            put_split(&e, (dataset_split)split);
        pickle_write_close(e.file, '{');
        pickle_write_end(e.file);
        status = file_writer_commit(&writer, error);
    }
    free(e.row);
    return status;
}
