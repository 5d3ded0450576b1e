/* data/dataset.c - the clips of a dataset: adding them, their labels, splits and columns. */
#include "data/dataset.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "data/readers.h"
#include "media/media.h"

typedef struct dataset_memory {
    arena *texts;
    size_t capacity;
    dataset **parts; /* sets that this one was joined of: their texts and numbers are this one's */
    size_t part_count, part_capacity, loss_capacity;
    dataset_loss *losses;
} dataset_memory;

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

bool dataset_note_loss(dataset *d, dataset_loss_kind kind, const char *message)
{
    dataset_memory *m = d->memory;
    const char *copy = dataset_text(d, message);
    if (!copy || !memory_grow((void **)&m->losses, &m->loss_capacity, (size_t)d->loss_count + 1, sizeof *m->losses))
        return false;
    m->losses[d->loss_count++] = (dataset_loss){kind, copy};
    d->losses = m->losses;
    return true;
}

/* A row or a clip that cannot be used. */
static smac_status leave_out(
    dataset *d, const dataset_options *options, const reporter *r, smac_error *error, const dataset_loss *loss)
{
    if (!options->skip_bad)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s (--skip-bad leaves such clips out)", loss->message);
    d->skipped++;
    report_log(r, LOG_WARNING, "%s; left out", loss->message);
    return dataset_note_loss(d, loss->kind, loss->message) ? SMAC_OK
                                                           : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a message");
}

smac_status dataset_bad_row(
    dataset *d, const dataset_options *options, const reporter *r, smac_error *error, const char *format, ...)
{
    char message[700];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(message, sizeof message, format, arguments);
    va_end(arguments);
    return leave_out(d, options, r, error, &(dataset_loss){LOSS_ROW, message});
}

smac_status dataset_bad_media(
    dataset *d, const dataset_options *options, const reporter *r, smac_error *error, const char *format, ...)
{
    char message[700];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(message, sizeof message, format, arguments);
    va_end(arguments);
    d->missing++;
    return leave_out(d, options, r, error, &(dataset_loss){LOSS_MEDIA, message});
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

/* --- the whole ---------------------------------------------------------------------------------------------------- */

dataset *dataset_new(void)
{
    dataset *d = memory_new(1, sizeof *d);
    dataset_memory *m = memory_new(1, sizeof *m);
    arena *texts = arena_new(0);
    if (!d || !m || !texts) {
        free(d);
        free(m);
        arena_free(texts);
        return NULL;
    }
    m->texts = texts;
    d->memory = m;
    return d;
}

bool dataset_keep(dataset *d, dataset *part)
{
    dataset_memory *m = d->memory;
    if (!memory_grow((void **)&m->parts, &m->part_capacity, m->part_count + 1, sizeof *m->parts))
        return false;
    m->parts[m->part_count++] = part;
    return true;
}

void dataset_free(dataset *d)
{
    if (!d)
        return;
    dataset_memory *m = d->memory;
    for (size_t i = 0; i < m->part_count; i++)
        dataset_free(m->parts[i]);
    free(m->parts);
    free(m->losses);
    arena_free(m->texts);
    free(m);
    free(d->items);
    free(d->sources);
    free(d);
}
