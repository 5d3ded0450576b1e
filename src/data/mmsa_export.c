/* data/mmsa_export.c - the opcodes of a pickle of NumPy arrays, written as they are made. */
#include "data/mmsa_export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "data/readers.h"

typedef struct exporting {
    const sample_cache *cache;
    mmsa_export_result *result;
    FILE *file;
    int score, task; /* the first task with scores, -1: none; the task of the classes */
    float *row;      /* the longest padded sequence */
    smac_error *error;
} exporting;

/* --- opcodes ------------------------------------------------------------------------------------------------------ */

static void put_byte(exporting *e, int byte)
{
    fputc(byte, e->file);
}

/* Little-endian. */
static void put_integer(exporting *e, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        put_byte(e, (int)(value >> (8 * i) & 255));
}

static void put_text(exporting *e, const char *text)
{
    size_t length = strlen(text);
    put_byte(e, length < 256 ? 0x8c : 'X');
    put_integer(e, length, length < 256 ? 1 : 4);
    fwrite(text, 1, length, e->file);
}

static void put_number(exporting *e, int64_t value)
{
    put_byte(e, 'J');
    put_integer(e, (uint64_t)value, 4);
}

static void put_global(exporting *e, const char *module, const char *name)
{
    put_text(e, module);
    put_text(e, name);
    put_byte(e, 0x93);
}

/* numpy's reconstruct(ndarray, (0,), b"b") with the state (1, shape, float32, False, bytes) up to the bytes' length. */
static void begin_array(exporting *e, int rank, const int64_t *dim)
{
    static const char type[] = "\x89\x88\x87R(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb";
    uint64_t bytes = sizeof(float);
    put_global(e, "numpy.core.multiarray", "_reconstruct"); /* NumPy 2 keeps this name for pickles */
    put_global(e, "numpy", "ndarray");
    fwrite("K\x00\x85"
           "C\x01"
           "b\x87R(K\x01(",
        1, 12, e->file);
    for (int i = 0; i < rank; i++) {
        put_number(e, dim[i]);
        bytes *= (uint64_t)dim[i];
    }
    put_byte(e, 't');
    put_global(e, "numpy", "dtype");
    put_text(e, "f4");
    fwrite(type, 1, sizeof type - 1, e->file);
    put_byte(e, 0x89);
    put_byte(e, 0x8e);
    put_integer(e, bytes, 8);
}

static void put_floats(exporting *e, const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        const unsigned char bytes[4] = {bits & 255, bits >> 8 & 255, bits >> 16 & 255, bits >> 24};
        fwrite(bytes, 1, 4, e->file);
    }
}

static void end_array(exporting *e)
{
    put_byte(e, 't');
    put_byte(e, 'b');
    put_byte(e, 's');
}

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
    put_text(e, modality_name((modality)m));
    begin_array(e, 3, dim);
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
        put_floats(e, e->row, steps * width);
    }
    end_array(e);
}

static void put_lengths(exporting *e, dataset_split split, int m)
{
    char key[32];
    int64_t at = -1;
    snprintf(key, sizeof key, "%s_lengths", modality_name((modality)m));
    put_text(e, key);
    put_byte(e, ']');
    put_byte(e, '(');
    while (next_clip(e, split, &at))
        put_number(e, kept_steps(e, at, m));
    put_byte(e, 'e');
    put_byte(e, 's');
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
    put_text(e, key);
    put_byte(e, ']');
    put_byte(e, '(');
    for (const dataset_item *item; (item = next_clip(e, split, &at));)
        put_text(e, clip_text(e, item, key));
    put_byte(e, 'e');
    put_byte(e, 's');
}

/* Scores; or (classes) 0, 1 and 2 of negative, neutral and positive scores, or the class. */
static void put_labels(exporting *e, dataset_split split, const char *key, int task, int kind, bool classes)
{
    const dataset *d = e->cache->source;
    int64_t at = -1;
    const int64_t dim[1] = {count_clips(e, split)};
    put_text(e, key);
    begin_array(e, 1, dim);
    for (const dataset_item *item; (item = next_clip(e, split, &at));) {
        double label = dataset_label(d, item, task, kind);
        if (classes && d->tasks[task].kind == TASK_REGRESSION && !isnan(label))
            label = label < 0 ? 0 : label > 0 ? 2 : 1;
        float value = (float)label;
        put_floats(e, &value, 1);
    }
    end_array(e);
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
    put_text(e, dataset_split_name(split));
    put_byte(e, '}');
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
    put_byte(e, 's');
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
        fwrite("\x80\x04}", 1, 3, e.file);
        for (int split = 0; split < SPLIT_COUNT; split++)
            put_split(&e, (dataset_split)split);
        put_byte(&e, '.');
        status = file_writer_commit(&writer, error);
    }
    free(e.row);
    return status;
}
