/*
 * data/manifest.c - the neutral form of a dataset: JSON lines, one clip a line.
 *
 *   {"tasks": {"sentiment": {"range": [-1, 1], "protocol": "sims"}, "emotion": {"classes": ["joy", "anger"]}}}
 *   {"id": "a1", "split": "train", "media": "clips/a1.mp4", "start": 0, "end": 2.5, "text": "so", "context": ["well?"],
 *    "speaker": "ann", "labels": {"sentiment": 0.4, "emotion": {"joy": 3, "anger": 1}}, "labels_text": {"sentiment": 0},
 *    "features": {"audio": [[0.1, 0.2]], "vision": {"file": "v.safetensors", "tensor": "a1"}}}
 *
 * The first line may describe the tasks; without it they are found out from the labels.  A label is a number, a class, or
 * weights of classes (weights of sum 1 are kept to the bit).  Paths are absolute or relative to the manifest's folder.  Also:
 * "video", "clip" (what the clip was cut from, and which part), "annotation", "extra" (texts by name) of a clip, and
 * "lowered" beside "tasks": the words of the set were lowered.  data/manifest_write.c writes all of this.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/sha256.h"
#include "data/label_survey.h"
#include "data/manifest_internal.h"

/* The members that hold labels, by TRUTH_*. */
static const char *const label_members[TRUTH_KINDS] = {"labels", "labels_text", "labels_audio", "labels_vision"};

/* --- lines -------------------------------------------------------------------------------------------------------- */

static smac_status parse_line(manifest_reading *g, const char *text, size_t length, int64_t line, json_t **out)
{
    json_error_t why;
    *out = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (!*out)
        return FAIL(g->set.error, SMAC_ERROR_FORMAT, "%.300s line %lld is not JSON (%s, column %d)", g->set.path,
            (long long)line, why.text, why.column);
    if (json_is_object(*out))
        return SMAC_OK;
    json_decref(*out);
    *out = NULL;
    return FAIL(g->set.error, SMAC_ERROR_FORMAT, "%.300s line %lld is not a JSON object", g->set.path, (long long)line);
}

/* All lines as JSON, with their numbers; empty ones are left out. */
static smac_status read_lines(manifest_reading *g)
{
    char *text = NULL;
    size_t size = 0;
    TRY(file_read(g->set.path, 0, &text, &size, g->set.error));
    smac_status status = SMAC_OK;
    int64_t line = 0;
    size_t from = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (size_t at = from; at < size && status == SMAC_OK;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at, blank = 0;
        line++;
        while (blank < length && strchr(" \t\r", text[at + blank]))
            blank++;
        if (blank < length) {
            if (!memory_grow((void **)&g->lines, &g->capacity, g->count + 1, sizeof *g->lines))
                status = FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for the lines of %.300s", g->set.path);
            else
                status = parse_line(g, text + at, length, line, &g->lines[g->count].object);
            if (status == SMAC_OK)
                g->lines[g->count++].number = line;
        }
        at += length + 1;
    }
    free(text);
    return status;
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

static bool is_asked_for(const manifest_reading *g, const char *name)
{
    const char *at = g->set.options->task ? g->set.options->task : "";
    char one[TASK_NAME_MAX];
    bool any = false;
    while (label_next_name(&at, one)) {
        any = true;
        if (strcmp(one, name) == 0)
            return true;
    }
    return !any && dataset_task_wanted(g->set.options, g->set.d, name);
}

/* {"range": [low, high]} or {"classes": [names]}, with "protocol" or without. */
static smac_status declared_task(const char *name, const json_t *o, task_description *out, smac_error *error)
{
    const json_t *range = json_object_get(o, "range"), *classes = json_object_get(o, "classes");
    const char *protocol = json_string_value(json_object_get(o, "protocol"));
    json_t *whole = json_pack("{s:s, s:s, s:s}", "name", name, "protocol",
        protocol      ? protocol
            : classes ? "classes"
                      : "scores",
        "kind", classes ? "classes" : "regression");
    if (range)
        json_object_set(whole, "range", (json_t *)(uintptr_t)range);
    if (classes)
        json_object_set(whole, "classes", (json_t *)(uintptr_t)classes);
    smac_status status = range || classes
        ? task_from_json(out, whole, error)
        : FAIL(
              error, SMAC_ERROR_FORMAT, "task %.60s has neither \"range\": [low, high] nor \"classes\": [names]", name);
    json_decref(whole);
    return status;
}

static smac_status add_declared_tasks(manifest_reading *g, const json_t *tasks)
{
    const char *name;
    json_t *o;
    json_object_foreach((json_t *)(uintptr_t)tasks, name, o)
    {
        task_description task;
        if (!is_asked_for(g, name))
            continue;
        smac_status status = declared_task(name, o, &task, g->set.error);
        if (status == SMAC_OK)
            status = dataset_add_task(g->set.d, &task, g->set.error);
        if (status != SMAC_OK)
            return error_context(g->set.error, status, "%.300s line %lld", g->set.path, (long long)g->lines[0].number);
    }
    return SMAC_OK;
}

/* A label's value as texts that a survey counts; numbers are written into the dataset's memory. */
static void survey_label(manifest_reading *g, label_survey *survey, const json_t *value)
{
    const char *class;
    json_t *weight;
    char number[NUMBER_TEXT_MAX];
    if (json_is_string(value)) {
        label_survey_add(survey, json_string_value(value));
    } else if (json_is_number(value)) {
        const char *kept = dataset_text(g->set.d, number_shortest(json_number_value(value), number));
        survey->failed = survey->failed || !kept;
        if (kept)
            label_survey_add(survey, kept);
    } else if (json_is_boolean(value)) {
        label_survey_add(survey, json_is_true(value) ? "true" : "false");
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, class, weight) label_survey_add(survey, class);
    }
}

static smac_status add_found_task(manifest_reading *g, const char *name)
{
    label_survey survey = {0};
    task_description task;
    char where[400];
    const task_description *wanted = dataset_wanted_task(g->set.options, g->set.d, name);
    bool classes = false;
    if (wanted) {
        task = *wanted;
        snprintf(task.name, sizeof task.name, "%s", name);
        return dataset_add_task(g->set.d, &task, g->set.error);
    }
    for (size_t i = 0; i < g->count; i++) {
        const json_t *value = json_object_get(json_object_get(g->lines[i].object, label_members[0]), name);
        classes = classes || json_is_string(value) || json_is_object(value) || json_is_boolean(value);
        survey_label(g, &survey, value);
    }
    snprintf(where, sizeof where, "labels \"%.60s\" of %.300s", name, g->set.path);
    smac_status status = label_survey_task(
        &survey, name, classes ? LABEL_KIND_CLASSES : LABEL_KIND_ANY, where, g->set.report, &task, g->set.error);
    label_survey_free(&survey);
    return status == SMAC_OK ? dataset_add_task(g->set.d, &task, g->set.error) : status;
}

static bool has_task(const dataset *d, const char *name)
{
    for (int i = 0; i < d->task_count; i++)
        if (strcmp(d->tasks[i].name, name) == 0)
            return true;
    return false;
}

/* Every name under "labels" that is asked for, in the order of its first clip. */
static smac_status add_found_tasks(manifest_reading *g)
{
    const char *name;
    json_t *value;
    for (size_t i = 0; i < g->count; i++)
        json_object_foreach(json_object_get(g->lines[i].object, label_members[0]), name,
            value) if (!json_is_null(value) && !has_task(g->set.d, name) && is_asked_for(g, name))
            TRY(add_found_task(g, name));
    if (g->set.d->task_count == 0)
        return FAIL(g->set.error, SMAC_ERROR_FORMAT,
            "%.300s has no labels%s%.60s: give clips \"labels\": {NAME: value}", g->set.path,
            g->set.options->task ? " of the task " : "", g->set.options->task ? g->set.options->task : "");
    return SMAC_OK;
}

/* --- clips -------------------------------------------------------------------------------------------------------- */

/* A label as the task's numbers; false: why. */
static bool label_values(const task_description *task, const json_t *value, float *out, char why[LABEL_WHY])
{
    char text[NUMBER_TEXT_MAX];
    const char *class;
    json_t *weight;
    double sum = 0;
    if (json_is_string(value))
        return label_parse(task, json_string_value(value), out, why);
    if (json_is_number(value))
        return label_parse(task, number_shortest(json_number_value(value), text), out, why);
    if (json_is_boolean(value))
        return label_parse(task, json_is_true(value) ? "true" : "false", out, why);
    snprintf(why, LABEL_WHY, "the label of %.60s is not a number, a class or weights of classes", task->name);
    if (!json_is_object(value) || task->kind != TASK_CLASSES)
        return false;
    memset(out, 0, (size_t)task->classes * sizeof *out);
    json_object_foreach((json_t *)(uintptr_t)value, class, weight)
    {
        int c = label_class_index(task, class);
        double w = json_is_number(weight) ? json_number_value(weight) : -1;
        snprintf(why, LABEL_WHY, "%.60s: '%.60s' is not one of its classes, or its weight is not a number from 0 on",
            task->name, class);
        if (c < 0 || !(w >= 0))
            return false;
        out[c] += (float)w;
        sum += w;
    }
    snprintf(why, LABEL_WHY, "the weights of %.60s are all 0", task->name);
    bool shares = fabs(sum - 1) < 1e-5;
    for (int c = 0; c < task->classes && sum > 0 && !shares; c++)
        out[c] = (float)(out[c] / sum);
    return sum > 0;
}

/* Labels of all kinds into the item (NULL: only looked at).  False: why. */
static bool read_labels(manifest_reading *g, const json_t *o, dataset_item *item, bool *any, char why[LABEL_WHY])
{
    dataset *d = g->set.d;
    float values[TASK_CLASSES_MAX];
    *any = false;
    for (int kind = 0; kind < TRUTH_KINDS; kind++) {
        const json_t *labels = json_object_get(o, label_members[kind]);
        for (int task = 0; task < d->task_count; task++) {
            const json_t *value = json_object_get(labels, d->tasks[task].name);
            if (!value || json_is_null(value) || (json_is_string(value) && label_is_missing(json_string_value(value))))
                continue;
            if (!label_values(&d->tasks[task], value, values, why))
                return false;
            *any = true;
            if (item && !dataset_set_label(d, item, task, kind, values)) {
                snprintf(why, LABEL_WHY, "no memory for its labels");
                return false;
            }
        }
    }
    return true;
}

static const char *text_member(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    return text ? text : "";
}

/* The context's lines, borrowed from o; a single text counts as one line. */
static const char **context_of(const json_t *o, int64_t *count)
{
    const json_t *context = json_object_get(o, "context");
    size_t lines = json_is_string(context) ? 1 : json_array_size(context);
    const char **out = memory_new(lines + 1, sizeof *out);
    *count = 0;
    for (size_t i = 0; out && i < lines; i++) {
        const char *line = json_string_value(json_is_string(context) ? context : json_array_get(context, i));
        if (line && *line)
            out[(*count)++] = line;
    }
    return out;
}

/* What is wrong with a clip's line; "": nothing. */
static void check_clip(manifest_reading *g, const json_t *o, const set_clip *clip, char why[LABEL_WHY])
{
    static const char *const known[] = {"id", "split", "media", "start", "end", "text", "context", "speaker",
        "features", "video", "clip", "annotation", "extra", "labels", "labels_text", "labels_audio", "labels_vision"};
    const char *name;
    json_t *value;
    bool any;
    *why = 0;
    json_object_foreach((json_t *)(uintptr_t)o, name, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known = is_known || strcmp(known[i], name) == 0;
        if (!is_known && !*why)
            snprintf(why, LABEL_WHY, "it has a member \"%.60s\", which means nothing here", name);
    }
    dataset_split split;
    if (!*why && !dataset_split_from_name(text_member(o, "split"), &split))
        snprintf(why, LABEL_WHY, "its split is '%.40s'; expected train, valid or test", text_member(o, "split"));
    else if (!*why && !(clip->start >= 0 && (clip->end == 0 || clip->end > clip->start)))
        snprintf(why, LABEL_WHY, "its start and end are not seconds, the end after the start");
    else if (!*why && !*clip->text && !clip->media && !json_object_size(json_object_get(o, "features")))
        snprintf(why, LABEL_WHY, "it has neither words, nor a media file, nor features");
    else if (!*why && read_labels(g, o, NULL, &any, why)) {
        *why = 0;
        if (!any && split != SPLIT_TEST)
            snprintf(why, LABEL_WHY, "it has no label");
    }
}

/* Names under "extra" of all clips, in the order of their first clip. */
static smac_status find_extra_names(manifest_reading *g)
{
    dataset_source *source = &g->set.d->sources[0];
    const char **names = NULL, *name;
    size_t count = 0, capacity = 0;
    bool whole = true;
    json_t *value;
    for (size_t i = 0; i < g->count; i++)
        json_object_foreach(json_object_get(g->lines[i].object, "extra"), name, value)
        {
            bool known = false;
            for (size_t k = 0; k < count; k++)
                known = known || strcmp(names[k], name) == 0;
            if (known || !(whole = whole && memory_grow((void **)&names, &capacity, count + 1, sizeof *names)))
                continue;
            names[count++] = dataset_text(g->set.d, name);
            whole = names[count - 1] != NULL;
        }
    const char **kept = whole && count ? arena_take(dataset_arena(g->set.d), count * sizeof *kept) : NULL;
    if (kept) {
        memcpy(kept, names, count * sizeof *kept);
        source->extra_names = kept;
        source->extra_count = (int64_t)count;
    }
    free(names);
    return kept || (whole && !count) ? SMAC_OK
                                     : FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for names of columns");
}

/* Members that are kept as texts alone. */
static bool read_remarks(manifest_reading *g, const json_t *o, dataset_item *item)
{
    dataset *d = g->set.d;
    const dataset_source *source = &d->sources[0];
    const json_t *extra = json_object_get(o, "extra");
    if (*text_member(o, "annotation") && !(item->annotation = dataset_text(d, text_member(o, "annotation"))))
        return false;
    if (!extra)
        return true;
    const char **cells = arena_take(dataset_arena(d), (size_t)source->extra_count * sizeof *cells + 1);
    for (int64_t i = 0; cells && i < source->extra_count; i++)
        if (!(cells[i] = dataset_text(d, text_member(extra, source->extra_names[i]))))
            return false;
    item->extra = cells;
    return cells != NULL;
}

static smac_status read_clip(manifest_reading *g, const manifest_line *line)
{
    set_reading *set = &g->set;
    const json_t *o = line->object;
    char why[LABEL_WHY], number[32];
    bool any;
    snprintf(number, sizeof number, "%lld", (long long)line->number);
    set_clip clip = {.id = *text_member(o, "id") ? text_member(o, "id") : number,
        .text = text_member(o, "text"),
        .clip_id = text_member(o, "clip"),
        .video_id = *text_member(o, "video") ? text_member(o, "video") : NULL,
        .speaker = *text_member(o, "speaker") ? text_member(o, "speaker") : NULL,
        .media = *text_member(o, "media") ? text_member(o, "media") : NULL,
        .start = json_number_value(json_object_get(o, "start")),
        .end = json_number_value(json_object_get(o, "end")),
        .line = line->number};
    check_clip(g, o, &clip, why);
    if (*why)
        return dataset_bad_row(set->d, set->options, set->report, set->error, "%.300s line %lld (%.100s): %s",
            set->path, (long long)line->number, clip.id, why);
    dataset_split_from_name(text_member(o, "split"), &clip.split);
    if (clip.media) {
        smac_status status;
        clip.media = set_media(set, clip.media, line->number, &status);
        if (!clip.media)
            return status;
    }
    clip.context = context_of(o, &clip.context_count);
    if (!clip.context)
        return FAIL(set->error, SMAC_ERROR_MEMORY, "no memory for a context");
    dataset_item *item;
    smac_status status = set_add_clip(set, &clip, &item);
    free((void *)(uintptr_t)clip.context);
    TRY(status);
    if (!read_remarks(g, o, item))
        return FAIL(set->error, SMAC_ERROR_MEMORY, "no memory for the texts of %.300s", set->path);
    if (!read_labels(g, o, item, &any, why))
        return FAIL(set->error, SMAC_ERROR_MEMORY, "%.300s line %lld: %s", set->path, (long long)line->number, why);
    return manifest_read_features(g, line, item);
}

/* --- the reader --------------------------------------------------------------------------------------------------- */

static smac_status read_manifest(manifest_reading *g)
{
    set_reading *set = &g->set;
    TRY(sha256_file(set->path, set->d->sha256, set->error));
    TRY(read_lines(g));
    const json_t *tasks = g->count ? json_object_get(g->lines[0].object, "tasks") : NULL;
    if (g->count < 1 + (tasks != NULL))
        return FAIL(set->error, SMAC_ERROR_FORMAT, "%.300s has no clip; expected one JSON object a line", set->path);
    set->d->sources[0].lowered =
        set->d->sources[0].lowered || (tasks && json_is_true(json_object_get(g->lines[0].object, "lowered")));
    TRY(find_extra_names(g));
    if (tasks)
        TRY(add_declared_tasks(g, tasks));
    if (set->d->task_count == 0)
        TRY(add_found_tasks(g));
    for (size_t i = tasks != NULL; i < g->count; i++)
        TRY(read_clip(g, &g->lines[i]));
    return SMAC_OK;
}

smac_status dataset_read_manifest(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    manifest_reading g = {.lines = NULL};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK && !g.set.path)
        status = FAIL(error, SMAC_ERROR_ARGUMENT, "%.300s is a folder: name the manifest in it", options->path);
    if (status == SMAC_OK)
        status = read_manifest(&g);
    for (size_t i = 0; i < g.count; i++)
        json_decref(g.lines[i].object);
    free(g.lines);
    manifest_close_features(&g);
    set_end(&g.set);
    return status;
}
