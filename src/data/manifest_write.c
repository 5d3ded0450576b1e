/* data/manifest_write.c - a dataset as JSON lines.  Each number has the fewest digits that read back as the same value. */
#include "data/manifest_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/path.h"
#include "base/text.h"
#include "data/readers.h"
#include "weights/safetensors.h"

typedef struct manifest_writing {
    const dataset *d;
    const char *path;
    char *folder;   /* of the manifest, absolute, with a slash at its end */
    char *features; /* path of the file of ready vectors; NULL: the dataset has none */
    text_buffer text;
    smac_error *error;
} manifest_writing;

static smac_status no_memory(const manifest_writing *w)
{
    return FAIL(w->error, SMAC_ERROR_MEMORY, "no memory for the manifest %.300s", w->path);
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void add_quoted(manifest_writing *w, const char *text)
{
    json_t *value = json_from_text(text);
    char *quoted = value ? json_dump_text(value, JSON_ENCODE_ANY) : NULL;
    if (quoted)
        text_add(&w->text, quoted);
    else
        w->text.failed = true;
    free(quoted);
    json_decref(value);
}

/* "name": after a comma where something is before it. */
static void add_name(manifest_writing *w, const char *name, bool *first)
{
    text_add(&w->text, *first ? "" : ", ");
    add_quoted(w, name);
    text_add(&w->text, ": ");
    *first = false;
}

static void add_text_member(manifest_writing *w, const char *name, const char *value, bool *first)
{
    if (!value || !*value)
        return;
    add_name(w, name, first);
    add_quoted(w, value);
}

static void add_number(manifest_writing *w, double value)
{
    char number[NUMBER_TEXT_MAX];
    text_add(&w->text, number_shortest(value, number));
}

static void add_float(manifest_writing *w, float value)
{
    char number[NUMBER_TEXT_MAX];
    text_add(&w->text, number_shortest_float(value, number));
}

/* --- the first line ----------------------------------------------------------------------------------------------- */

static void add_tasks(manifest_writing *w)
{
    const dataset *d = w->d;
    bool first = true;
    text_add(&w->text, "{\"tasks\": {");
    for (int i = 0; i < d->task_count; i++) {
        const task_description *task = &d->tasks[i];
        bool first_member = true;
        add_name(w, task->name, &first);
        text_add_char(&w->text, '{');
        if (task->kind == TASK_REGRESSION) {
            add_name(w, "range", &first_member);
            text_add_char(&w->text, '[');
            add_number(w, task->low);
            text_add(&w->text, ", ");
            add_number(w, task->high);
        } else {
            add_name(w, "classes", &first_member);
            text_add_char(&w->text, '[');
            for (int c = 0; c < task->classes; c++) {
                text_add(&w->text, c ? ", " : "");
                add_quoted(w, task->class_names[c]);
            }
        }
        text_add_char(&w->text, ']');
        add_name(w, "protocol", &first_member);
        add_quoted(w, d->sources[0].protocol[i]);
        text_add_char(&w->text, '}');
    }
    text_add(&w->text, d->sources[0].lowered ? "}, \"lowered\": true}\n" : "}}\n");
}

/* --- labels ------------------------------------------------------------------------------------------------------- */

/* The one class of weight 1; -1: there are several, or the name would be read as a missing label. */
static int only_class(const task_description *task, const float *values)
{
    int only = -1;
    for (int c = 0; c < task->classes; c++) {
        if (values[c] == 0)
            continue;
        if (values[c] != 1 || only >= 0)
            return -1;
        only = c;
    }
    return only >= 0 && label_is_missing(task->class_names[only]) ? -1 : only;
}

static void add_label(manifest_writing *w, const task_description *task, const float *values)
{
    bool first = true;
    int only = task->kind == TASK_REGRESSION ? -1 : only_class(task, values);
    if (task->kind == TASK_REGRESSION) {
        add_float(w, values[0]);
    } else if (only >= 0) {
        add_quoted(w, task->class_names[only]);
    } else {
        text_add_char(&w->text, '{');
        for (int c = 0; c < task->classes; c++) {
            if (values[c] == 0)
                continue;
            add_name(w, task->class_names[c], &first);
            add_float(w, values[c]);
        }
        text_add_char(&w->text, '}');
    }
}

static void add_labels(manifest_writing *w, const dataset_item *item, bool *first)
{
    static const char *const members[TRUTH_KINDS] = {"labels", "labels_text", "labels_audio", "labels_vision"};
    for (int kind = 0; kind < TRUTH_KINDS; kind++) {
        bool any = false, first_label = true;
        for (int i = 0; i < item->target_count; i++)
            any = any || item->targets[i].values[kind];
        if (!any)
            continue;
        add_name(w, members[kind], first);
        text_add_char(&w->text, '{');
        for (int task = 0; task < w->d->task_count; task++) {
            const dataset_target *target = dataset_target_of(item, task);
            if (!target || !target->values[kind])
                continue;
            add_name(w, w->d->tasks[task].name, &first_label);
            add_label(w, &w->d->tasks[task], target->values[kind]);
        }
        text_add_char(&w->text, '}');
    }
}

/* --- clips -------------------------------------------------------------------------------------------------------- */

static smac_status add_media(manifest_writing *w, const dataset_item *item, bool *first)
{
    char *whole = realpath(item->media, NULL);
    if (!whole)
        return file_failed(w->error, "find the media file", item->media);
    size_t length = strlen(w->folder);
    add_text_member(w, "media", strncmp(whole, w->folder, length) == 0 ? whole + length : whole, first);
    free(whole);
    return SMAC_OK;
}

static void add_context(manifest_writing *w, const dataset_item *item, bool *first)
{
    if (item->context_count == 0)
        return;
    add_name(w, "context", first);
    for (int64_t i = 0; i < item->context_count; i++) {
        text_add(&w->text, i ? ", " : "[");
        add_quoted(w, item->context[i]);
    }
    text_add_char(&w->text, ']');
}

/* Cells of the layout's further columns. */
static void add_extra(manifest_writing *w, const dataset_item *item, bool *first)
{
    const dataset_source *source = &w->d->sources[0];
    bool first_cell = true;
    for (int64_t i = 0; item->extra && i < source->extra_count; i++) {
        if (first_cell) {
            add_name(w, "extra", first);
            text_add_char(&w->text, '{');
        }
        add_name(w, source->extra_names[i], &first_cell);
        add_quoted(w, item->extra[i]);
    }
    text_add(&w->text, first_cell ? "" : "}");
}

/* A tensor's name: "audio/ID"; free(). */
static char *tensor_name(const dataset_item *item, int m)
{
    size_t length = strlen(item->id) + 16;
    char *name = memory_new(length, 1);
    if (name)
        snprintf(name, length, "%s/%s", modality_name((modality)m), item->id);
    return name;
}

static void add_features(manifest_writing *w, const dataset_item *item, bool *first)
{
    bool first_one = true;
    for (int m = 0; m < MODALITIES; m++) {
        if (!item->features[m].data)
            continue;
        char *name = tensor_name(item, m);
        if (first_one) {
            add_name(w, "features", first);
            text_add_char(&w->text, '{');
        }
        add_name(w, modality_name((modality)m), &first_one);
        text_add(&w->text, "{\"file\": ");
        add_quoted(w, path_base(w->features));
        text_add(&w->text, ", \"tensor\": ");
        if (name)
            add_quoted(w, name);
        else
            w->text.failed = true;
        text_add_char(&w->text, '}');
        free(name);
    }
    text_add(&w->text, first_one ? "" : "}");
}

static smac_status add_clip(manifest_writing *w, const dataset_item *item)
{
    bool first = true;
    text_add_char(&w->text, '{');
    add_text_member(w, "id", item->id, &first);
    add_text_member(w, "split", dataset_split_name(item->split), &first);
    if (strcmp(item->video_id, item->id) != 0)
        add_text_member(w, "video", item->video_id, &first);
    add_text_member(w, "clip", item->clip_id, &first);
    if (item->media)
        TRY(add_media(w, item, &first));
    if (item->start != 0 || item->end != 0) {
        add_name(w, "start", &first);
        add_number(w, item->start);
        add_name(w, "end", &first);
        add_number(w, item->end);
    }
    add_text_member(w, "text", item->text, &first);
    add_context(w, item, &first);
    add_text_member(w, "speaker", item->speaker, &first);
    add_text_member(w, "annotation", item->annotation, &first);
    add_labels(w, item, &first);
    add_extra(w, item, &first);
    add_features(w, item, &first);
    text_add(&w->text, "}\n");
    return w->text.failed ? no_memory(w) : SMAC_OK;
}

/* --- ready vectors ------------------------------------------------------------------------------------------------ */

static smac_status describe_tensor(const manifest_writing *w, const dataset_item *item, int m, tensor_entry *entry)
{
    const feature_sequence *f = &item->features[m];
    int64_t count = f->steps * f->crops * f->width;
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(f->data[i]))
            return FAIL(w->error, SMAC_ERROR_FORMAT,
                "clip %.200s has vectors of %s that are not finite: correct its feature file", item->id,
                modality_name((modality)m));
    *entry = (tensor_entry){.name = tensor_name(item, m),
        .type = TENSOR_F32,
        .rank = f->crops == 1 ? 2 : 3,
        .dim = {f->steps, f->crops == 1 ? f->width : f->crops, f->width},
        .count = count,
        .data = (const void *)f->data,
        .bytes = (size_t)count * sizeof *f->data};
    return entry->name ? SMAC_OK : no_memory(w);
}

static smac_status write_features(const manifest_writing *w)
{
    size_t count = 0;
    tensor_entry *entries = memory_new((size_t)w->d->count * MODALITIES + 1, sizeof *entries);
    smac_status status = entries ? SMAC_OK : no_memory(w);
    for (int64_t i = 0; i < w->d->count; i++)
        for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
            if (w->d->items[i].features[m].data)
                status = describe_tensor(w, &w->d->items[i], m, &entries[count++]);
    if (status == SMAC_OK)
        status = safetensors_write(w->features, entries, count, NULL, 0, w->error);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)entries[i].name);
    free(entries);
    return status;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool has_features(const dataset *d)
{
    for (int64_t i = 0; i < d->count; i++)
        for (int m = 0; m < MODALITIES; m++)
            if (d->items[i].features[m].data)
                return true;
    return false;
}

/* The manifest's folder and the name of its file of vectors. */
static smac_status find_places(manifest_writing *w)
{
    const char *slash = strrchr(w->path, '/');
    char *given = slash ? memory_copy_text_n(w->path, (size_t)(slash - w->path) + 1) : memory_copy_text(".");
    char *whole = given ? realpath(given, NULL) : NULL;
    smac_status status = given ? SMAC_OK : no_memory(w);
    if (given && !whole)
        status = file_failed(w->error, "find the folder", given);
    if (whole && !(w->folder = path_join(whole, "")))
        status = no_memory(w);
    free(given);
    free(whole);
    TRY(status);
    if (!has_features(w->d))
        return SMAC_OK;
    text_buffer name = {0};
    size_t length = strlen(w->path);
    text_add_n(&name, w->path, length > 6 && strcmp(w->path + length - 6, ".jsonl") == 0 ? length - 6 : length);
    text_add(&name, ".features.safetensors");
    w->features = name.failed ? NULL : memory_copy_text(name.data);
    text_free(&name);
    return w->features ? SMAC_OK : no_memory(w);
}

smac_status manifest_write(const dataset *d, const char *path, smac_error *error)
{
    manifest_writing w = {.d = d, .path = path, .error = error};
    if (d->source_count != 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d datasets for one manifest: write one each", d->source_count);
    smac_status status = find_places(&w);
    add_tasks(&w);
    for (int64_t i = 0; i < d->count && status == SMAC_OK; i++)
        status = add_clip(&w, &d->items[i]);
    if (status == SMAC_OK && w.features)
        status = write_features(&w);
    if (status == SMAC_OK)
        status = file_write(path, w.text.data, w.text.length, error);
    text_free(&w.text);
    free(w.folder);
    free(w.features);
    return status;
}
