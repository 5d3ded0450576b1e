/* data/dataset_join.c - several sets as one: their clips one after another, their tasks merged by name and shape. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/sha256.h"
#include "data/readers.h"
#include "data/renumbering.h"

/* --- names -------------------------------------------------------------------------------------------------------- */

static bool name_is_taken(const dataset *d, const char *name)
{
    for (int s = 0; s < d->source_count; s++)
        if (strcmp(d->sources[s].name, name) == 0)
            return true;
    return false;
}

/* "mosi", or "mosi_2" where there is one already. */
static void choose_name(const dataset *d, dataset_source *source)
{
    char wanted[TASK_NAME_MAX];
    memcpy(wanted, source->name, sizeof wanted);
    for (int i = 2; name_is_taken(d, source->name); i++)
        snprintf(source->name, sizeof source->name, "%.50s_%d", wanted, i);
}

static void note_layout(dataset *d, const char *layout)
{
    size_t used = strlen(d->layout);
    snprintf(d->layout + used, sizeof d->layout - used, "%s%s", used ? "+" : "", layout);
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

/* The joined set's task that a part's task is, added where there is none of its name and shape; -1: there are too many. */
static int merge_task(dataset *d, const task_description *task, const char *source, int map[TASK_CLASSES_MAX])
{
    task_description added = *task;
    for (int round = 0; round < 2; round++) {
        bool named = false;
        for (int i = 0; i < d->task_count; i++) {
            if (strcmp(d->tasks[i].name, added.name) != 0)
                continue;
            if (d->tasks[i].classes == added.classes && task_map_classes(&d->tasks[i], &added, map))
                return i;
            named = true;
        }
        if (!named)
            break;
        /* the same name for something else: a head of its own, called after its source */
        snprintf(added.name, sizeof added.name, "%.30s_%.30s", task->name, source);
    }
    if (d->task_count == DATASET_TASKS_MAX)
        return -1;
    for (int c = 0; c < added.classes; c++)
        map[c] = c;
    d->tasks[d->task_count] = added;
    return d->task_count++;
}

/* --- joining ------------------------------------------------------------------------------------------------------ */

/* The part's one source and its clips join d. */
static smac_status join_part(dataset *d, dataset *part, renumbering *map, smac_error *error)
{
    dataset_source *source = &d->sources[d->source_count];
    *source = part->sources[0];
    choose_name(d, source);
    for (int k = 0; k < part->task_count; k++) {
        map->task[k] = merge_task(d, &part->tasks[k], source->name, map->classes[k]);
        if (map->task[k] < 0)
            return FAIL(error, SMAC_ERROR_ARGUMENT,
                "the datasets have more than %d tasks together: choose some of them with --task", DATASET_TASKS_MAX);
    }
    for (int64_t i = 0; i < part->count; i++) {
        dataset_item *item = &d->items[d->count++];
        *item = part->items[i];
        item->source = d->source_count;
        if (!renumber_item(part, item, d->tasks, map))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the labels of %lld clips", (long long)part->count);
    }
    renumber_source(source, map);
    note_layout(d, source->layout);
    d->source_count++;
    d->missing += part->missing;
    d->skipped += part->skipped;
    for (int64_t i = 0; i < part->loss_count; i++)
        if (!dataset_note_loss(d, part->losses[i].kind, part->losses[i].message))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory to join datasets");
    return SMAC_OK;
}

static smac_status join_parts(dataset *d, dataset **parts, int count, smac_error *error)
{
    renumbering *map = memory_new(1, sizeof *map);
    sha256_state *hash = sha256_new();
    smac_status status = map && hash ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory to join %d datasets", count);
    for (int i = 0; i < count && status == SMAC_OK; i++) {
        sha256_add(hash, parts[i]->sha256, sizeof parts[i]->sha256);
        status = join_part(d, parts[i], map, error);
    }
    if (hash)
        sha256_finish_free(hash, d->sha256);
    free(map);
    return status;
}

smac_status dataset_join(dataset **parts, int count, dataset **out, smac_error *error)
{
    int64_t clips = 0;
    for (int i = 0; i < count; i++)
        clips += parts[i]->count;
    dataset *d = dataset_new();
    if (d) {
        d->items = memory_new((size_t)clips + 1, sizeof *d->items);
        d->sources = memory_new((size_t)count, sizeof *d->sources);
    }
    smac_status status = d && d->items && d->sources
        ? join_parts(d, parts, count, error)
        : FAIL(error, SMAC_ERROR_MEMORY, "no memory to join %d datasets", count);
    for (int i = 0; i < count; i++) {
        if (status == SMAC_OK && !dataset_keep(d, parts[i]))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory to join %d datasets", count);
        if (status == SMAC_OK)
            parts[i] = NULL;
    }
    if (status != SMAC_OK) {
        dataset_free(d);
        return status;
    }
    *out = d;
    return SMAC_OK;
}

smac_status dataset_read_all(
    const dataset_options *options, int count, const reporter *r, dataset **out, smac_error *error)
{
    dataset *parts[DATASET_SOURCES_MAX] = {NULL};
    if (count < 1 || count > DATASET_SOURCES_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d datasets; expected 1 to %d", count, DATASET_SOURCES_MAX);
    if (count == 1)
        return dataset_read(options, r, out, error);
    smac_status status = SMAC_OK;
    for (int i = 0; i < count && status == SMAC_OK; i++)
        status = dataset_read(&options[i], r, &parts[i], error);
    if (status == SMAC_OK)
        status = dataset_join(parts, count, out, error);
    for (int i = 0; i < count; i++)
        dataset_free(parts[i]);
    return status;
}
