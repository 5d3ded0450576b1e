/* data/dataset_read.c - the table of layouts, and reading a set by it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/mmsa_features.h"
#include "data/renumbering.h"

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
    {"table", dataset_read_table},
    {"folder", dataset_read_folder},
    {"manifest", dataset_read_manifest},
};
/* Layouts with folds: "mustard-1" to "mustard-5", and the like. */
static const char *const with_folds[] = {"iemocap4", "iemocap6", "mustard"};
enum { FOLDS = 5 };

enum { LAYOUTS = sizeof layouts / sizeof layouts[0] };

const char *dataset_layout_at(int index)
{
    return index >= 0 && index < LAYOUTS ? layouts[index].name : NULL;
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

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
            status =
                FAIL(error, SMAC_ERROR_FORMAT, "clip %.200s is in the data twice, on lines %lld and %lld: remove one",
                    sorted[i]->id, (long long)sorted[i - 1]->line, (long long)sorted[i]->line);
    free(sorted);
    return status;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* NULL: unknown. */
/* Which half of the pictures shows the speaker, where the data say so. */
static smac_status find_halves(dataset *d, smac_error *error)
{
    for (int64_t i = 0; i < d->count; i++) {
        dataset_item *item = &d->items[i];
        int column = dataset_extra(d, item, "half");
        const char *half = column < 0 ? "" : item->extra[column];
        item->half = strcmp(half, "left") == 0 ? PICTURE_LEFT
            : strcmp(half, "right") == 0       ? PICTURE_RIGHT
                                               : PICTURE_WHOLE;
        if (*half && item->half == PICTURE_WHOLE)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "clip %.200s has \"%.60s\" as its half of the picture; expected left, right or nothing", item->id,
                half);
    }
    return SMAC_OK;
}

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

/* The layout of a file that is named without one; NULL: a folder, or another ending. */
static const char *layout_by_ending(const char *path)
{
    static const struct {
        const char *ending, *layout;
    } endings[] = {{".jsonl", "manifest"}, {".csv", "table"}, {".tsv", "table"}, {".txt", "table"}};
    size_t length = path ? strlen(path) : 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t own = strlen(endings[i].ending);
        if (length > own && strcmp(path + length - own, endings[i].ending) == 0 && !file_is_folder(path))
            return endings[i].layout;
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

/* The layout's ranges are noted, and labels mapped to the one that is asked for. */
static smac_status set_ranges(const dataset_options *options, dataset *d, smac_error *error)
{
    dataset_source *source = &d->sources[0];
    bool asked = options->range[0] != 0 || options->range[1] != 0;
    renumbering *same = memory_new(1, sizeof *same);
    task_description *tasks = memory_new(DATASET_TASKS_MAX, sizeof *tasks);
    smac_status status =
        same && tasks ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the tasks of a dataset");
    for (int k = 0; k < d->task_count && status == SMAC_OK; k++) {
        tasks[k] = d->tasks[k];
        same->task[k] = k;
        for (int c = 0; c < TASK_CLASSES_MAX; c++)
            same->classes[k][c] = c;
        if (asked && tasks[k].kind == TASK_REGRESSION) {
            tasks[k].low = options->range[0];
            tasks[k].high = options->range[1];
        }
    }
    for (int k = 0; k < source->task_count && status == SMAC_OK; k++) {
        source->range[k][0] = d->tasks[source->task[k]].low;
        source->range[k][1] = d->tasks[source->task[k]].high;
    }
    for (int64_t i = 0; asked && i < d->count && status == SMAC_OK; i++)
        if (!renumber_item(d, &d->items[i], tasks, same))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the labels of %lld clips", (long long)d->count);
    if (status == SMAC_OK)
        memcpy(d->tasks, tasks, sizeof *tasks * DATASET_TASKS_MAX);
    free(same);
    free(tasks);
    return status;
}

/* Words, vectors and labels of modalities that are not used; media are left out where they are read (cache.c). */
static smac_status leave_out(const dataset_options *options, dataset *d, smac_error *error)
{
    static const int truth[MODALITIES] = {TRUTH_TEXT, TRUTH_AUDIO, TRUTH_VISION};
    memcpy(d->sources[0].without, options->without, sizeof options->without);
    for (int m = 0; m < MODALITIES; m++) {
        if (!options->without[m])
            continue;
        for (int64_t i = 0; i < d->count; i++) {
            dataset_item *item = &d->items[i];
            dataset_target *targets =
                arena_take_zeroed(dataset_arena(d), (size_t)(item->target_count + 1) * sizeof *targets);
            if (!targets)
                return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the labels of %lld clips", (long long)d->count);
            for (int k = 0; k < item->target_count; k++) {
                targets[k] = item->targets[k];
                targets[k].values[truth[m]] = NULL;
            }
            item->targets = targets;
            memset(&item->features[m], 0, sizeof item->features[m]);
            if (m == MODALITY_TEXT) {
                item->text = "";
                item->context_count = 0;
            }
        }
    }
    if (options->without[MODALITY_AUDIO] && options->without[MODALITY_VISION])
        for (int64_t i = 0; i < d->count; i++)
            d->items[i].media = NULL;
    return SMAC_OK;
}

smac_status dataset_read(const dataset_options *options, const reporter *r, dataset **out, smac_error *error)
{
    const char *name = options->layout && *options->layout ? options->layout : layout_by_ending(options->path);
    const struct layout *layout = layout_find(name);
    text_buffer known = {0};
    for (int i = 0; i < LAYOUTS; i++) {
        text_add(&known, i == 0 ? "" : i + 1 < LAYOUTS ? ", " : " or ");
        text_add(&known, layouts[i].name);
    }
    smac_status status = SMAC_OK;
    if (!layout)
        status = FAIL(error, SMAC_ERROR_ARGUMENT, "unknown dataset layout '%.60s'; expected %s", name ? name : "",
            known.data ? known.data : "a known one");
    text_free(&known);
    TRY(status);
    if (!options->path || (!file_exists(options->path) && !file_is_folder(options->path)))
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is no data at %.300s, expected the dataset's folder: look at --data",
            options->path ? options->path : "(no path)");
    dataset *d = dataset_new();
    if (d)
        d->sources = memory_new(1, sizeof *d->sources);
    if (!d || !d->sources) {
        dataset_free(d);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a dataset");
    }
    d->source_count = 1;
    dataset_options own = *options;
    own.layout = name;
    own.lower_case = own.lower_case || strcmp(layout->name, "mosi") == 0; /* its words are all in capitals */
    d->sources[0].lowered = own.lower_case;
    d->sources[0].weight = options->weight > 0 ? options->weight : 1;
    snprintf(d->sources[0].form, sizeof d->sources[0].form, "%.63s", options->form ? options->form : "");
    snprintf(d->layout, sizeof d->layout, "%s", name);
    snprintf(d->sources[0].layout, sizeof d->sources[0].layout, "%s", name);
    snprintf(d->sources[0].name, sizeof d->sources[0].name, "%s", name);
    status = read_layout(layout, &own, r, d, error);
    if (status == SMAC_OK && d->count == 0)
        status = FAIL(error, SMAC_ERROR_FORMAT,
            "%.300s holds no clip that can be used: look at its table, media and split", options->path);
    if (status == SMAC_OK && !own.keep_repeats)
        status = check_ids(d, error);
    if (status == SMAC_OK)
        status = set_ranges(&own, d, error);
    if (status == SMAC_OK)
        status = leave_out(&own, d, error);
    if (status == SMAC_OK)
        status = find_halves(d, error);
    snprintf(d->sources[0].sha256, sizeof d->sources[0].sha256, "%s", d->sha256);
    if (status != SMAC_OK) {
        dataset_free(d);
        return status;
    }
    *out = d;
    return SMAC_OK;
}
