/* data/dataset.c - what all layouts share: the table of readers, items, checks at the end. */
#include "data/dataset.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "data/mmsa_features.h"
#include "data/readers.h"
#include "media/media.h"

static const struct layout {
    const char *name;
    dataset_reader read;
} layouts[] = {
    {"sims", dataset_read_mmsa},
    {"simsv2", dataset_read_mmsa},
    {"mosi", dataset_read_mmsa},
    {"mosei", dataset_read_mmsa},
    {"csd", dataset_read_csd},
    {"meld", dataset_read_meld},
    {"iemocap4", dataset_read_iemocap},
    {"iemocap6", dataset_read_iemocap},
    {"urfunny", dataset_read_urfunny},
    {"mustard", dataset_read_mustard},
    {"cremad", dataset_read_cremad},
    {"ravdess", dataset_read_ravdess},
    {"emodb", dataset_read_emodb},
    {"faces", dataset_read_faces},
    {"goemotions", dataset_read_goemotions},
};
/* Layouts with folds: "mustard-1" to "mustard-5", and the like. */
static const char *const with_folds[] = {"iemocap4", "iemocap6", "mustard"};
enum { FOLDS = 5 };

enum { LAYOUTS = sizeof layouts / sizeof layouts[0] };

typedef struct dataset_memory {
    arena *texts;
    size_t capacity;
} dataset_memory;

const char *dataset_layout_at(int index)
{
    return index >= 0 && index < LAYOUTS ? layouts[index].name : NULL;
}

arena *dataset_arena(const dataset *d)
{
    return ((dataset_memory *)d->memory)->texts;
}

dataset_item *dataset_add_item(dataset *d)
{
    dataset_memory *m = d->memory;
    if (!memory_grow((void **)&d->items, &m->capacity, (size_t)d->count + 1, sizeof *d->items))
        return NULL;
    dataset_item *item = &d->items[d->count++];
    memset(item, 0, sizeof *item);
    item->text = item->clip_id = item->video_id = "";
    d->sources[0].count++;
    return item;
}

smac_status dataset_add_task(dataset *d, const task_description *task, smac_error *error)
{
    dataset_source *source = &d->sources[0];
    TRY(task_check(task, error));
    for (int i = 0; i < d->task_count; i++)
        if (strcmp(d->tasks[i].name, task->name) == 0)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "task %s is named twice: name it once", task->name);
    if (d->task_count == DATASET_TASKS_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "more than %d tasks: name some of them with --task", DATASET_TASKS_MAX);
    source->task[source->task_count] = d->task_count;
    snprintf(source->protocol[source->task_count++], TASK_NAME_MAX, "%s", task->protocol);
    d->tasks[d->task_count++] = *task;
    return SMAC_OK;
}

bool dataset_set_label(dataset *d, dataset_item *item, int task, int kind, const float *values)
{
    int count = task_targets(&d->tasks[task]);
    dataset_target *target = NULL;
    if (!item->targets &&
        !(item->targets = arena_take_zeroed(dataset_arena(d), (size_t)d->task_count * sizeof *target)))
        return false;
    dataset_target *targets = (dataset_target *)(uintptr_t)item->targets; /* ours until the dataset is given away */
    for (int i = 0; i < item->target_count; i++)
        if (targets[i].task == task)
            target = &targets[i];
    if (!target) {
        target = &targets[item->target_count++];
        target->task = task;
    }
    float *copy = arena_take(dataset_arena(d), (size_t)count * sizeof *copy);
    if (!copy)
        return false;
    memcpy(copy, values, (size_t)count * sizeof *copy);
    target->values[kind] = copy;
    return true;
}

const dataset_target *dataset_target_of(const dataset_item *item, int task)
{
    for (int i = 0; i < item->target_count; i++)
        if (item->targets[i].task == task)
            return &item->targets[i];
    return NULL;
}

double dataset_label(const dataset *d, const dataset_item *item, int task, int kind)
{
    const dataset_target *target = dataset_target_of(item, task);
    const float *values = target ? target->values[kind] : NULL;
    if (!values)
        return NAN;
    if (d->tasks[task].kind == TASK_REGRESSION)
        return (double)values[0];
    int best = 0;
    for (int c = 1; c < d->tasks[task].classes; c++)
        best = values[c] > values[best] ? c : best;
    return best;
}

const char *dataset_text(dataset *d, const char *text)
{
    return arena_copy_text(dataset_arena(d), text);
}

const char *dataset_id(dataset *d, const char *video_id, const char *clip_id)
{
    size_t length = strlen(video_id) + strlen(clip_id) + 4;
    char *id = arena_take(dataset_arena(d), length);
    if (id)
        snprintf(id, length, "%s$_$%s", video_id, clip_id);
    return id;
}

smac_status dataset_bad_row(
    dataset *d, const dataset_options *options, const reporter *r, smac_error *error, const char *format, ...)
{
    char message[700];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(message, sizeof message, format, arguments);
    va_end(arguments);
    if (!options->skip_bad)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s (--skip-bad leaves such clips out)", message);
    d->skipped++;
    report_log(r, LOG_WARNING, "%s; left out", message);
    return SMAC_OK;
}

const char *dataset_find_media(dataset *d, const char *folder, const char *stem)
{
    size_t length = strlen(folder) + strlen(stem) + 8;
    arena_mark mark = arena_here(dataset_arena(d));
    char *path = arena_take(dataset_arena(d), length);
    for (size_t i = 0; path && media_endings[i]; i++) {
        for (int upper = 0; upper <= 2; upper++) { /* mp4, Mp4, MP4 */
            snprintf(path, length, "%s/%s.%s", folder, stem, media_endings[i]);
            char *ending = path + strlen(path) - strlen(media_endings[i]);
            for (size_t k = 0; ending[k] && (upper == 2 || k < (size_t)upper); k++)
                ending[k] = (char)toupper((unsigned char)ending[k]);
            if (file_exists(path) && !file_is_folder(path))
                return path;
        }
    }
    arena_release(dataset_arena(d), mark);
    return NULL;
}

/* --- splits and columns ------------------------------------------------------------------------------------------- */

const char *dataset_split_name(dataset_split split)
{
    static const char *const names[] = {"train", "valid", "test"};
    return split < SPLIT_COUNT ? names[split] : "";
}

bool dataset_split_from_name(const char *name, dataset_split *out)
{
    static const struct {
        const char *name;
        dataset_split split;
    } names[] = {{"train", SPLIT_TRAIN}, {"valid", SPLIT_VALID}, {"val", SPLIT_VALID}, {"dev", SPLIT_VALID},
        {"validation", SPLIT_VALID}, {"test", SPLIT_TEST}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i].name) == 0) {
            *out = names[i].split;
            return true;
        }
    }
    return false;
}

int64_t dataset_split_count(const dataset *d, dataset_split split)
{
    int64_t count = 0;
    for (int64_t i = 0; i < d->count; i++)
        count += d->items[i].split == split;
    return count;
}

int dataset_extra(const dataset *d, const dataset_item *item, const char *name)
{
    const dataset_source *source = &d->sources[item->source];
    for (int64_t i = 0; item->extra && i < source->extra_count; i++)
        if (strcmp(source->extra_names[i], name) == 0)
            return (int)i;
    return -1;
}

double dataset_extra_number(const dataset *d, const dataset_item *item, const char *name)
{
    int column = dataset_extra(d, item, name);
    double value;
    if (column < 0 || !number_parse(item->extra[column], &value))
        return NAN;
    return value;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b)
{
    const dataset_item *x = *(dataset_item *const *)a, *y = *(dataset_item *const *)b;
    int order = strcmp(x->id, y->id);
    return order ? order : x->line < y->line ? -1 : x->line > y->line;
}

static smac_status check_ids(const dataset *d, smac_error *error)
{
    dataset_item **sorted = memory_new((size_t)d->count, sizeof *sorted);
    if (!sorted)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to sort %lld clips", (long long)d->count);
    for (int64_t i = 0; i < d->count; i++)
        sorted[i] = &d->items[i];
    qsort(sorted, (size_t)d->count, sizeof *sorted, by_id);
    smac_status status = SMAC_OK;
    for (int64_t i = 1; i < d->count && status == SMAC_OK; i++)
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) == 0)
            status = FAIL(error, SMAC_ERROR_FORMAT,
                "clip %.200s stands twice in the data, on lines %lld and %lld: take one out", sorted[i]->id,
                (long long)sorted[i - 1]->line, (long long)sorted[i]->line);
    free(sorted);
    return status;
}

/* NULL: unknown. */
static const struct layout *layout_find(const char *name)
{
    size_t length = name ? strlen(name) : 0;
    for (int i = 0; i < LAYOUTS; i++) {
        size_t own = strlen(layouts[i].name);
        if (length == own && strcmp(name, layouts[i].name) == 0)
            return &layouts[i];
        for (size_t k = 0; k < sizeof with_folds / sizeof *with_folds; k++)
            if (strcmp(with_folds[k], layouts[i].name) == 0 && length == own + 2 &&
                strncmp(name, with_folds[k], own) == 0 && name[own] == '-' && name[own + 1] >= '1' &&
                name[own + 1] < '1' + FOLDS)
                return &layouts[i];
    }
    return NULL;
}

/* MMSA's layouts may be a feature pickle alone, or media and words with the pickle's vectors beside them. */
static smac_status read_layout(
    const struct layout *layout, const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    static const bool wanted[MODALITIES] = {[MODALITY_AUDIO] = true, [MODALITY_VISION] = true};
    size_t length = strlen(options->path);
    bool mmsa = layout->read == dataset_read_mmsa;
    if (mmsa && length > 4 && strcmp(options->path + length - 4, ".pkl") == 0 && !file_is_folder(options->path))
        return dataset_read_mmsa_pickle(options, r, d, error);
    if (options->features && *options->features && !mmsa && layout->read != dataset_read_cremad)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "layout %s has no feature files: leave --features out", layout->name);
    TRY(layout->read(options, r, d, error));
    return mmsa && options->features && *options->features
        ? mmsa_features_attach(d, options->features, wanted, r, error)
        : SMAC_OK;
}

smac_status dataset_read(const dataset_options *options, const reporter *r, dataset **out, smac_error *error)
{
    const struct layout *layout = layout_find(options->layout);
    text_buffer known = {0};
    for (int i = 0; i < LAYOUTS; i++) {
        text_add(&known, i == 0 ? "" : i + 1 < LAYOUTS ? ", " : " or ");
        text_add(&known, layouts[i].name);
    }
    smac_status status = SMAC_OK;
    if (!layout)
        status = FAIL(error, SMAC_ERROR_ARGUMENT, "unknown dataset layout '%.60s'; expected %s",
            options->layout ? options->layout : "", known.data ? known.data : "a known one");
    text_free(&known);
    TRY(status);
    if (!options->path || (!file_exists(options->path) && !file_is_folder(options->path)))
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is no data at %.300s, expected the dataset's folder: look at --data",
            options->path ? options->path : "(no path)");
    dataset *d = memory_new(1, sizeof *d);
    dataset_memory *m = memory_new(1, sizeof *m);
    if (m)
        m->texts = arena_new(0);
    if (d)
        d->sources = memory_new(1, sizeof *d->sources);
    if (!d || !m || !m->texts || !d->sources) {
        if (d)
            free(d->sources);
        if (m)
            arena_free(m->texts);
        free(d);
        free(m);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a dataset");
    }
    d->memory = m;
    d->source_count = 1;
    d->sources[0].weight = 1;
    snprintf(d->layout, sizeof d->layout, "%s", options->layout);
    snprintf(d->sources[0].layout, sizeof d->sources[0].layout, "%s", options->layout);
    snprintf(d->sources[0].name, sizeof d->sources[0].name, "%s", options->layout);
    status = read_layout(layout, options, r, d, error);
    if (status == SMAC_OK && d->count == 0)
        status = FAIL(error, SMAC_ERROR_FORMAT,
            "%.300s holds no clip that can be used: look at its table, media and split", options->path);
    if (status == SMAC_OK)
        status = check_ids(d, error);
    snprintf(d->sources[0].sha256, sizeof d->sources[0].sha256, "%s", d->sha256);
    if (status != SMAC_OK) {
        dataset_free(d);
        return status;
    }
    *out = d;
    return SMAC_OK;
}

void dataset_free(dataset *d)
{
    if (!d)
        return;
    dataset_memory *m = d->memory;
    arena_free(m->texts);
    free(m);
    free(d->items);
    free(d->sources);
    free(d);
}
