/* data/mmsa_features.c - vectors, words and labels out of MMSA's feature pickles. */
#include "data/mmsa_features.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/sha256.h"
#include "data/set_reading.h"
#include "weights/pickle.h"
#include "weights/pickle_numbers.h"

static const char *const split_names[SPLIT_COUNT] = {"train", "valid", "test"};

typedef struct feature_pickle {
    const char *path;
    mapped_file file;
    arena *memory;
    pickle_value *root;
    dataset *d;
    const reporter *report;
    smac_error *error;
    int64_t replaced; /* values that were not finite */
} feature_pickle;

static smac_status open_pickle(feature_pickle *g, const char *path, smac_error *error)
{
    g->path = path;
    g->error = error;
    TRY(file_map(path, &g->file, error));
    g->memory = arena_new(0);
    if (!g->memory)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %.300s", path);
    TRY(pickle_read(g->file.data, g->file.size, path, g->memory, &g->root, error));
    for (int s = 0; s < SPLIT_COUNT; s++)
        if (g->root->kind == PICKLE_DICT && pickle_get(g->root, split_names[s]))
            return SMAC_OK;
    return FAIL(error, SMAC_ERROR_FORMAT,
        "%.300s is not an MMSA feature file: it has none of \"train\", \"valid\" and \"test\"; name one that has",
        path);
}

static smac_status close_pickle(feature_pickle *g, smac_status status)
{
    set_reading set = {.d = g->d, .report = g->report, .error = g->error};
    if (status == SMAC_OK)
        status = set_note_replaced(&set, g->path, g->replaced);
    arena_free(g->memory);
    file_unmap(&g->file);
    return status;
}

/* "audio" of a split as (N, steps, width), steps 1 for (N, width); false where the split has none. */
static bool feature_shape(const pickle_value *array, int64_t *steps, int64_t *width)
{
    if (!pickle_is_numbers(array) || array->rank < 2 || array->rank > 3)
        return false;
    *steps = array->rank == 3 ? array->dim[1] : 1;
    *width = array->dim[array->rank - 1];
    return *steps > 0 && *width > 0;
}

/* The true length of row index of a modality, at most steps. */
static int64_t true_steps(const pickle_value *split, int m, int64_t index, int64_t steps)
{
    char key[32];
    double length = 0;
    float value;
    snprintf(key, sizeof key, "%s_lengths", modality_name(m));
    const pickle_value *lengths = pickle_get(split, key);
    if (!lengths || index >= pickle_count(lengths))
        return steps;
    if (pickle_is_numbers(lengths)) {
        if (pickle_floats(lengths, index, 1, key, &value, NULL) != SMAC_OK)
            return steps;
        length = (double)value;
    } else if (!pickle_to_number(lengths->items[index], &length)) {
        return steps;
    }
    return length < 1 ? 1 : length > (double)steps ? steps : (int64_t)length;
}

static smac_status take_vectors(
    feature_pickle *g, const pickle_value *split, int s, int64_t index, int m, dataset_item *item)
{
    const pickle_value *array = pickle_get(split, modality_name(m));
    int64_t steps, width;
    char what[400];
    if (!feature_shape(array, &steps, &width))
        return SMAC_OK;
    snprintf(what, sizeof what, "\"%s\" of \"%s\" in %.300s", modality_name(m), split_names[s], g->path);
    int64_t used = true_steps(split, m, index, steps);
    float *values = arena_take(dataset_arena(g->d), (size_t)(used * width) * sizeof *values);
    if (!values)
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the vectors of %.300s", g->path);
    TRY(pickle_floats(array, index * steps * width, used * width, what, values, g->error));
    for (int64_t i = 0; i < used * width; i++)
        if (!isfinite(values[i])) {
            values[i] = 0;
            g->replaced++;
        }
    item->features[m] = (feature_sequence){.steps = used, .crops = 1, .width = width, .data = values};
    return SMAC_OK;
}

/* One width a modality in all splits: a model has one. */
static smac_status check_widths(const feature_pickle *g)
{
    for (int m = 0; m < MODALITIES; m++) {
        int64_t first = 0, steps, width;
        for (int s = 0; s < SPLIT_COUNT; s++) {
            const pickle_value *split = pickle_get(g->root, split_names[s]);
            if (!split || !feature_shape(pickle_get(split, modality_name(m)), &steps, &width))
                continue;
            if (first && width != first)
                return FAIL(g->error, SMAC_ERROR_MISMATCH,
                    "\"%s\" of %.300s is %lld wide in one part and %lld in \"%s\"; every part needs the same width",
                    modality_name(m), g->path, (long long)first, (long long)width, split_names[s]);
            first = width;
        }
    }
    return SMAC_OK;
}

/* --- by id -------------------------------------------------------------------------------------------------------- */

typedef struct id_place {
    const char *id;
    int64_t item;
} id_place;

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const id_place *)a)->id, ((const id_place *)b)->id);
}

static smac_status attach_split(
    feature_pickle *g, int s, const bool wanted[MODALITIES], id_place *places, int64_t *found)
{
    const pickle_value *split = pickle_get(g->root, split_names[s]), *ids = split ? pickle_get(split, "id") : NULL;
    if (!split)
        return SMAC_OK;
    if (!ids)
        return FAIL(g->error, SMAC_ERROR_FORMAT, "\"%s\" of %.300s has no \"id\"", split_names[s], g->path);
    for (int64_t i = 0; i < pickle_count(ids); i++) {
        char *id = NULL;
        TRY(pickle_text_at(ids, i, g->path, &id, g->error));
        id_place *place = bsearch(&(id_place){.id = id}, places, (size_t)g->d->count, sizeof *places, compare_ids);
        free(id);
        if (!place)
            continue;
        (*found)++;
        for (int m = 0; m < MODALITIES; m++)
            if (wanted[m])
                TRY(take_vectors(g, split, s, i, m, &g->d->items[place->item]));
    }
    return SMAC_OK;
}

static smac_status attach_all(feature_pickle *g, const bool wanted[MODALITIES])
{
    int64_t found = 0;
    id_place *places = memory_new((size_t)g->d->count + 1, sizeof *places);
    if (!places)
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for %lld ids", (long long)g->d->count);
    for (int64_t i = 0; i < g->d->count; i++)
        places[i] = (id_place){g->d->items[i].id, i};
    qsort(places, (size_t)g->d->count, sizeof *places, compare_ids);
    smac_status status = check_widths(g);
    for (int s = 0; s < SPLIT_COUNT && status == SMAC_OK; s++)
        status = attach_split(g, s, wanted, places, &found);
    free(places);
    TRY(status);
    if (found == 0)
        return FAIL(g->error, SMAC_ERROR_MISMATCH,
            "%.300s has vectors of none of the %lld clips (the first is %.100s): use the feature file of the same set",
            g->path, (long long)g->d->count, g->d->count ? g->d->items[0].id : "");
    if (found < g->d->count)
        report_log(g->report, LOG_WARNING, "%s has no vectors of %lld of the %lld clips", g->path,
            (long long)(g->d->count - found), (long long)g->d->count);
    return SMAC_OK;
}

smac_status mmsa_features_attach(
    dataset *d, const char *path, const bool wanted[MODALITIES], const reporter *r, smac_error *error)
{
    feature_pickle g = {.d = d, .report = r};
    smac_status status = open_pickle(&g, path, error);
    if (status == SMAC_OK)
        status = attach_all(&g, wanted);
    return close_pickle(&g, status);
}

/* --- a set of its own --------------------------------------------------------------------------------------------- */

static const char *const label_keys[TRUTH_KINDS] = {
    "regression_labels", "regression_labels_T", "regression_labels_A", "regression_labels_V"};

/* A label of a clip; NAN where there is none. */
static float label_at(const pickle_value *split, int64_t index, int kind)
{
    const pickle_value *labels = pickle_get(split, label_keys[kind]);
    double number = NAN;
    float value = NAN;
    if (!labels || index >= pickle_count(labels))
        return NAN;
    if (pickle_is_numbers(labels))
        return pickle_floats(labels, index, 1, label_keys[kind], &value, NULL) == SMAC_OK ? value : NAN;
    return pickle_to_number(labels->items[index], &number) ? (float)number : NAN;
}

/* False: a label lies outside of the task's range (an infinite one too); why says which. */
static bool are_labels_in_range(
    const feature_pickle *g, const pickle_value *split, int64_t index, dataset_split part, char why[LABEL_WHY])
{
    const task_description *task = &g->d->tasks[0];
    for (int k = 0; k < TRUTH_KINDS; k++) {
        float value = label_at(split, index, k);
        if (isnan(value) ? k == TRUTH_MULTIMODAL && part != SPLIT_TEST
                         : value < (float)task->low || value > (float)task->high) {
            number_format(why, LABEL_WHY, "%s is %g, expected a number from %g to %g (is it the set of --dataset?)",
                label_keys[k], (double)value, task->low, task->high);
            return false;
        }
    }
    return true;
}

static smac_status take_labels(feature_pickle *g, const pickle_value *split, int64_t index, dataset_item *item)
{
    for (int k = 0; k < TRUTH_KINDS; k++) {
        float value = label_at(split, index, k);
        if (isnan(value))
            continue;
        if (!dataset_set_label(g->d, item, 0, k, &value))
            return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the labels of %.300s", g->path);
    }
    return SMAC_OK;
}

/* "Positive" and the like. */
static smac_status take_annotation(feature_pickle *g, const pickle_value *split, int64_t index, dataset_item *item)
{
    const pickle_value *annotations = pickle_get(split, "annotations");
    char *text = NULL;
    if (!annotations || index >= pickle_count(annotations))
        return SMAC_OK;
    TRY(pickle_text_at(annotations, index, g->path, &text, g->error));
    item->annotation = dataset_text(g->d, text);
    free(text);
    return item->annotation ? SMAC_OK : FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the clips of %.300s", g->path);
}

static smac_status read_entry(feature_pickle *g, set_reading *set, int s, int64_t index)
{
    const pickle_value *split = pickle_get(g->root, split_names[s]), *texts = pickle_get(split, "raw_text");
    char *id = NULL, *text = NULL;
    smac_status status = pickle_text_at(pickle_get(split, "id"), index, g->path, &id, g->error);
    if (status == SMAC_OK && texts && index < pickle_count(texts))
        status = pickle_text_at(texts, index, g->path, &text, g->error);
    if (status == SMAC_OK && set->options->lower_case)
        for (char *c = text; c && *c; c++)
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    char why[LABEL_WHY];
    if (status == SMAC_OK && !are_labels_in_range(g, split, index, (dataset_split)s, why)) {
        status = dataset_bad_row(g->d, set->options, g->report, g->error, "%.300s: clip %.100s of \"%s\": %s", g->path,
            id, split_names[s], why);
        free(id);
        free(text);
        return status;
    }
    dataset_item *item = NULL;
    char *cut = id ? strstr(id, "$_$") : NULL, *video = NULL;
    if (status == SMAC_OK) {
        video = memory_copy_text_n(id, cut ? (size_t)(cut - id) : strlen(id));
        set_clip c = {.id = id,
            .video_id = video,
            .clip_id = cut ? cut + 3 : "",
            .text = text,
            .split = (dataset_split)s,
            .line = index + 1};
        status = video ? set_add_clip(set, &c, &item) : FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for a clip");
    }
    if (status == SMAC_OK)
        status = take_annotation(g, split, index, item);
    if (status == SMAC_OK)
        status = take_labels(g, split, index, item);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        if (m != MODALITY_TEXT || !text)
            status = take_vectors(g, split, s, index, m, item);
    free(id);
    free(text);
    free(video);
    return status;
}

static smac_status read_set(feature_pickle *g, set_reading *set)
{
    task_description task;
    double range = strncmp(g->d->layout, "sims", 4) == 0 || strcmp(g->d->layout, "cremad") == 0 ? 1 : 3;
    TRY(task_regression(&task, "sentiment", g->d->layout, -range, range, g->error));
    TRY(dataset_add_task(g->d, &task, g->error));
    TRY(check_widths(g));
    for (int s = 0; s < SPLIT_COUNT; s++) {
        const pickle_value *split = pickle_get(g->root, split_names[s]);
        const pickle_value *ids = split ? pickle_get(split, "id") : NULL;
        if (split && !ids)
            return FAIL(g->error, SMAC_ERROR_FORMAT, "\"%s\" of %.300s has no \"id\"", split_names[s], g->path);
        for (int64_t i = 0; ids && i < pickle_count(ids); i++)
            TRY(read_entry(g, set, s, i));
    }
    return SMAC_OK;
}

smac_status dataset_read_mmsa_pickle(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    set_reading set = {0};
    feature_pickle g = {.d = d, .report = r};
    smac_status status = set_begin(&set, options, r, d, error);
    if (status == SMAC_OK)
        status = sha256_file(options->path, d->sha256, error);
    if (status == SMAC_OK)
        status = open_pickle(&g, options->path, error);
    if (status == SMAC_OK)
        status = read_set(&g, &set);
    status = close_pickle(&g, status);
    set_end(&set);
    return status;
}
