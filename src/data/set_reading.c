/* data/set_reading.c - what the readers of published sets have in common. */
#include "data/set_reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/random.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "data/table_text.h"

smac_status set_begin(set_reading *g, const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    *g = (set_reading){.options = options, .report = r, .d = d, .error = error};
    const char *slash = strrchr(options->path, '/');
    if (file_is_folder(options->path)) {
        g->folder = memory_copy_text(options->path);
    } else if (!file_exists(options->path)) {
        return FAIL(error, SMAC_ERROR_NOT_FOUND, "there is no folder or file %.300s: name the folder of the set",
            options->path);
    } else {
        g->path = memory_copy_text(options->path);
        g->folder = slash ? memory_copy_text_n(options->path, (size_t)(slash - options->path)) : memory_copy_text(".");
    }
    return g->folder && (g->path || file_is_folder(options->path))
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
}

void set_end(set_reading *g)
{
    csv_free(&g->table);
    free(g->folder);
    free(g->path);
}

smac_status set_open_table(set_reading *g, const char *name)
{
    if (!g->path && !(g->path = path_join(g->folder, name)))
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (!file_exists(g->path))
        return FAIL(g->error, SMAC_ERROR_NOT_FOUND, "the folder %.300s has no file %s: name the folder of the set",
            g->folder, name);
    TRY(sha256_file(g->path, g->d->sha256, g->error));
    TRY(table_read(g->path, g->report, &g->table, g->error));
    if (g->table.count < 2)
        return FAIL(g->error, SMAC_ERROR_FORMAT,
            "%.300s has %s; expected a header line and one line a clip: get it again", g->path,
            g->table.count ? "a header line alone" : "no line");
    return SMAC_OK;
}

static smac_status no_such_column(const set_reading *g, const char *name)
{
    text_buffer there = {0};
    for (size_t i = 0; i < g->table.rows[0].count && there.length < 200; i++) {
        text_add(&there, i ? ", " : "");
        text_add(&there, g->table.rows[0].cells[i]);
    }
    smac_status status =
        FAIL(g->error, SMAC_ERROR_FORMAT, "%.300s has no column %s; its columns are %.200s: name the set's own table",
            g->path, name, there.data ? there.data : "none");
    text_free(&there);
    return status;
}

smac_status set_find_columns(set_reading *g, const set_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *columns[i].place = csv_column(&g->table, columns[i].name);
        if (*columns[i].place < 0 && !columns[i].optional)
            return no_such_column(g, columns[i].name);
    }
    return SMAC_OK;
}

const char *set_cell(const csv_row *row, int column)
{
    return column >= 0 && (size_t)column < row->count ? row->cells[column] : "";
}

bool set_split(set_reading *g, const csv_row *row, int column, dataset_split *out, smac_status *status)
{
    const char *name = set_cell(row, column);
    *status = SMAC_OK;
    if (dataset_split_from_name(name, out))
        return true;
    *status = dataset_bad_row(g->d, g->options, g->report, g->error,
        "%.300s line %zu: its %.30s is '%.40s'; expected train, valid or test", g->path, row->line,
        set_cell(&g->table.rows[0], column), name);
    return false;
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

/* Whether one of the layout's tasks is a task of the model that the data are read for. */
static bool model_has_any(const set_reading *g, const set_task *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (dataset_wanted_task(g->options, g->d, tasks[i].name))
            return true;
    return false;
}

/* Whether the user asked for this task; without a wish: whether the model has it, or it is one of the defaults. */
static bool is_wanted(const set_reading *g, const set_task *task, bool by_model)
{
    const char *at = g->options->task ? g->options->task : "";
    char name[TASK_NAME_MAX];
    bool any = false;
    while (label_next_name(&at, name)) {
        any = true;
        if (strcmp(name, task->name) == 0)
            return true;
    }
    return !any && (by_model ? dataset_wanted_task(g->options, g->d, task->name) != NULL : task->is_default);
}

/* Every name that the user asked for is a task's. */
static smac_status check_task_names(const set_reading *g, const set_task *tasks, size_t count)
{
    const char *at = g->options->task ? g->options->task : "";
    char name[TASK_NAME_MAX];
    while (label_next_name(&at, name)) {
        bool known = false;
        text_buffer list = {0};
        for (size_t i = 0; i < count; i++) {
            known = known || strcmp(tasks[i].name, name) == 0;
            text_add(&list, i ? ", " : "");
            text_add(&list, tasks[i].name);
        }
        smac_status status = known ? SMAC_OK
                                   : FAIL(g->error, SMAC_ERROR_ARGUMENT, "%s has no task '%.60s': give one of %.200s",
                                         g->d->layout, name, list.data ? list.data : "");
        text_free(&list);
        TRY(status);
    }
    return SMAC_OK;
}

smac_status set_add_tasks(set_reading *g, const set_task *tasks, size_t count)
{
    TRY(check_task_names(g, tasks, count));
    bool by_model = model_has_any(g, tasks, count);
    for (size_t i = 0; i < count; i++) {
        const set_task *t = &tasks[i];
        task_description task;
        *t->number = -1;
        if (!is_wanted(g, t, by_model))
            continue;
        TRY(t->class_count ? task_with_classes(&task, t->name, t->protocol, t->class_count, t->classes, g->error)
                           : task_regression(&task, t->name, t->protocol, t->low, t->high, g->error));
        *t->number = g->d->task_count;
        TRY(dataset_add_task(g->d, &task, g->error));
    }
    return SMAC_OK;
}

/* --- clips -------------------------------------------------------------------------------------------------------- */

/* A copy in the dataset; false when memory is short. */
static bool copy_text(dataset *d, const char *text, const char **out)
{
    return !text || (*out = dataset_text(d, text)) != NULL;
}

smac_status set_add_clip(set_reading *g, const set_clip *clip, dataset_item **item)
{
    dataset *d = g->d;
    const char *text = clip->text ? clip->text : "";
    if (utf8_invalid_at(text, strlen(text)) != SIZE_MAX)
        return FAIL(g->error, SMAC_ERROR_FORMAT, "%.300s line %lld: the words of clip %.100s are not UTF-8",
            g->path ? g->path : g->folder, (long long)clip->line, clip->id);
    dataset_item *x = dataset_add_item(d);
    const char **context = NULL;
    bool whole = x != NULL;
    if (whole && clip->context_count) {
        context = arena_take_zeroed(dataset_arena(d), (size_t)clip->context_count * sizeof *context);
        whole = context != NULL;
        for (int64_t i = 0; whole && i < clip->context_count; i++)
            whole = copy_text(d, clip->context[i], &context[i]);
    }
    whole = whole && copy_text(d, clip->id, &x->id) &&
        copy_text(d, clip->video_id ? clip->video_id : clip->id, &x->video_id) &&
        copy_text(d, clip->clip_id ? clip->clip_id : "", &x->clip_id) && copy_text(d, clip->speaker, &x->speaker) &&
        copy_text(d, clip->media, &x->media) && copy_text(d, clip->text ? clip->text : "", &x->text);
    *item = whole ? x : NULL;
    if (!whole)
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the clips of %.300s", g->folder);
    x->context = context;
    x->context_count = clip->context_count;
    x->split = clip->split;
    x->line = clip->line;
    x->start = clip->start;
    x->end = clip->end;
    return SMAC_OK;
}

const char *set_media(set_reading *g, const char *relative, int64_t line, smac_status *status)
{
    char *path = *relative == '/' ? memory_copy_text(relative) : path_join(g->folder, relative);
    const char *found = NULL;
    *status = SMAC_OK;
    if (!path || !(found = dataset_text(g->d, path))) {
        *status = FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for a path");
    } else if (!file_exists(path)) {
        *status = line > 0
            ? dataset_bad_media(g->d, g->options, g->report, g->error,
                  "%.300s line %lld: there is no media file %.300s", g->path ? g->path : g->folder, (long long)line,
                  path)
            : dataset_bad_media(g->d, g->options, g->report, g->error, "there is no media file %.300s", path);
        found = NULL;
    }
    free(path);
    return *status == SMAC_OK ? found : NULL;
}

smac_status set_label(set_reading *g, dataset_item *item, int task, int truth, const float *values)
{
    return task < 0 || dataset_set_label(g->d, item, task, truth, values)
        ? SMAC_OK
        : FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the labels of %.300s", g->path ? g->path : g->folder);
}

smac_status set_class(set_reading *g, dataset_item *item, int task, int class)
{
    float values[TASK_CLASSES_MAX] = {0};
    values[class] = 1;
    return set_label(g, item, task, TRUTH_MULTIMODAL, values);
}

smac_status set_note_replaced(set_reading *g, const char *where, int64_t count)
{
    char message[400];
    if (count == 0)
        return SMAC_OK;
    snprintf(message, sizeof message, "%.300s: %lld values are not finite and count as 0", where, (long long)count);
    report_log(g->report, LOG_WARNING, "%s", message);
    return dataset_note_loss(g->d, LOSS_VALUES, message) ? SMAC_OK
                                                         : FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for a message");
}

bool set_held_out(const char *id, unsigned parts, unsigned part)
{
    return random_stream(id) % parts == part;
}
