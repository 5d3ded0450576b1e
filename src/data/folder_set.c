/*
 * data/folder_set.c - a folder of pictures or recordings by class: FOLDER/CLASS/FILE, or FOLDER/SPLIT/CLASS/FILE with folders
 * named train, valid (val, dev, validation) and test.  Without split folders eight of ten files train, one each validates
 * and tests, by a hash of CLASS/FILE.  The task is called "class", or what the user names it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/path.h"
#include "base/sha256.h"
#include "data/set_reading.h"
#include "media/media.h"

typedef struct folder_names {
    char **items;
    size_t count;
} folder_names;

typedef struct folder_file {
    char *path; /* relative to the set's folder */
    dataset_split split;
    const char *class; /* a name of folder_reading's */
} folder_file;

typedef struct folder_reading {
    set_reading set;
    arena *memory;
    folder_file *files;
    size_t count, capacity;
    const char **classes; /* names of class folders, a name as often as it occurs */
    size_t class_count, class_capacity;
    int64_t passed_over; /* files that are neither pictures nor recordings */
} folder_reading;

static bool is_folder(const char *folder, const char *name)
{
    char *path = path_join(folder, name);
    bool found = path && file_is_folder(path);
    free(path);
    return found;
}

static bool is_file(const char *folder, const char *name)
{
    return !is_folder(folder, name);
}

static bool is_media(const char *name)
{
    static const char *const pictures[] = {"jpg", "jpeg", "png", "bmp", "webp", "gif", "tif", "tiff", NULL};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && pictures[i]; i++)
        if (strcasecmp(dot + 1, pictures[i]) == 0)
            return true;
    return media_has_ending(name);
}

static smac_status no_memory(const folder_reading *g)
{
    return FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for the files of %.300s", g->set.folder);
}

/* "a/b" in the reading's memory; a NULL: b alone. */
static char *join_names(folder_reading *g, const char *a, const char *b)
{
    size_t length = (a ? strlen(a) + 1 : 0) + strlen(b) + 1;
    char *joined = arena_take(g->memory, length);
    if (joined)
        snprintf(joined, length, "%s%s%s", a ? a : "", a ? "/" : "", b);
    return joined;
}

static bool split_of_folder(const char *name, dataset_split *out)
{
    char lower[32];
    size_t length = strlen(name);
    for (size_t i = 0; i <= length && i < sizeof lower; i++)
        lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    return length < sizeof lower && dataset_split_from_name(lower, out);
}

/* --- finding files ------------------------------------------------------------------------------------------------ */

static smac_status list_class(folder_reading *g, const char *relative, const char *class, const dataset_split *split)
{
    folder_names files = {0};
    char *path = path_join(g->set.folder, relative);
    const char *name = dataset_text(g->set.d, class);
    smac_status status =
        path && name ? folder_list(path, is_file, &files.items, &files.count, g->set.error) : no_memory(g);
    for (size_t i = 0; i < files.count && status == SMAC_OK; i++) {
        if (!is_media(files.items[i])) {
            g->passed_over++;
            continue;
        }
        folder_file *file = NULL;
        const char *in_class = join_names(g, class, files.items[i]);
        if (memory_grow((void **)&g->files, &g->capacity, g->count + 1, sizeof *g->files) &&
            memory_grow((void **)&g->classes, &g->class_capacity, g->class_count + 1, sizeof *g->classes))
            file = &g->files[g->count];
        if (!file || !in_class || !(file->path = join_names(g, relative, files.items[i]))) {
            status = no_memory(g);
            break;
        }
        file->class = g->classes[g->class_count++] = name;
        file->split = split                 ? *split
            : set_held_out(in_class, 10, 0) ? SPLIT_VALID
            : set_held_out(in_class, 10, 1) ? SPLIT_TEST
                                            : SPLIT_TRAIN;
        g->count++;
    }
    folder_list_free(files.items, files.count);
    free(path);
    return status;
}

/* The class folders in FOLDER/relative (NULL: in the set's folder itself). */
static smac_status list_classes(folder_reading *g, const char *relative, const dataset_split *split)
{
    folder_names classes = {0};
    char *path = path_join(g->set.folder, relative ? relative : "");
    smac_status status =
        path ? folder_list(path, is_folder, &classes.items, &classes.count, g->set.error) : no_memory(g);
    for (size_t i = 0; i < classes.count && status == SMAC_OK; i++) {
        const char *inner = join_names(g, relative, classes.items[i]);
        status = inner ? list_class(g, inner, classes.items[i], split) : no_memory(g);
    }
    folder_list_free(classes.items, classes.count);
    free(path);
    return status;
}

static smac_status list_all(folder_reading *g)
{
    folder_names folders = {0};
    size_t splits = 0;
    dataset_split split;
    const char *other = "", *named = "";
    TRY(folder_list(g->set.folder, is_folder, &folders.items, &folders.count, g->set.error));
    for (size_t i = 0; i < folders.count; i++) {
        bool is_split = split_of_folder(folders.items[i], &split);
        splits += is_split;
        *(is_split ? &named : &other) = folders.items[i];
    }
    smac_status status = SMAC_OK;
    if (splits && splits < folders.count)
        status = FAIL(g->set.error, SMAC_ERROR_FORMAT,
            "%.300s has a folder %.60s, which is a split, and a folder %.60s, which is not: put every class folder into a "
            "split's folder, or none",
            g->set.folder, named, other);
    else if (!splits)
        status = list_classes(g, NULL, NULL);
    for (size_t i = 0; i < folders.count && splits && status == SMAC_OK; i++) {
        split_of_folder(folders.items[i], &split);
        status = list_classes(g, folders.items[i], &split);
    }
    folder_list_free(folders.items, folders.count);
    TRY(status);
    if (g->count == 0)
        return FAIL(g->set.error, SMAC_ERROR_FORMAT,
            "%.300s has no picture or recording in folders of classes; expected %.300s/CLASS/FILE or "
            "%.300s/train/CLASS/FILE",
            g->set.folder, g->set.folder, g->set.folder);
    if (g->passed_over)
        report_log(g->set.report, LOG_WARNING, "%s: %lld files are neither pictures nor recordings and are left out",
            g->set.folder, (long long)g->passed_over);
    return SMAC_OK;
}

/* --- the set ------------------------------------------------------------------------------------------------------ */

static smac_status add_task(folder_reading *g)
{
    dataset *d = g->set.d;
    const dataset_options *o = g->set.options;
    const char *at = o->task ? o->task : "";
    char name[TASK_NAME_MAX] = "class", second[TASK_NAME_MAX], where[400];
    bool named = label_next_name(&at, name);
    if (named && label_next_name(&at, second))
        return FAIL(g->set.error, SMAC_ERROR_ARGUMENT, "a folder of classes has one task; %.60s and %.60s are named",
            name, second);
    if (!named && o->wanted_count == 1 && !dataset_wanted_task(o, d, name))
        snprintf(name, sizeof name, "%s", o->wanted[0].name); /* what the model predicts */
    task_description task;
    const task_description *wanted = dataset_wanted_task(o, d, name);
    snprintf(where, sizeof where, "the class folders of %.300s", g->set.folder);
    label_cells cells = {g->classes, g->class_count, where};
    if (wanted) {
        task = *wanted;
        snprintf(task.name, sizeof task.name, "%s", name);
    } else {
        TRY(label_classes(&cells, name, g->set.report, &task, g->set.error));
    }
    return dataset_add_task(d, &task, g->set.error);
}

static smac_status add_file(folder_reading *g, const folder_file *file, sha256_state *hash)
{
    set_reading *set = &g->set;
    smac_status status;
    float values[TASK_CLASSES_MAX];
    char why[LABEL_WHY];
    sha256_add(hash, file->path, strlen(file->path) + 1);
    if (!label_parse(&set->d->tasks[0], file->class, values, why))
        return dataset_bad_row(
            set->d, set->options, set->report, set->error, "%.300s/%.300s: %s", set->folder, file->path, why);
    set_clip clip = {.id = file->path, .split = file->split};
    if (!(clip.media = set_media(set, file->path, 0, &status)))
        return status;
    dataset_item *item;
    TRY(set_add_clip(set, &clip, &item));
    return dataset_set_label(set->d, item, 0, TRUTH_MULTIMODAL, values) ? SMAC_OK : no_memory(g);
}

static smac_status read_folder(folder_reading *g)
{
    TRY(list_all(g));
    TRY(add_task(g));
    sha256_state *hash = sha256_new();
    smac_status status = hash ? SMAC_OK : no_memory(g);
    for (size_t i = 0; i < g->count && status == SMAC_OK; i++)
        status = add_file(g, &g->files[i], hash);
    if (hash)
        sha256_finish_free(hash, g->set.d->sha256);
    return status;
}

smac_status dataset_read_folder(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    folder_reading g = {.memory = arena_new(0)};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK && g.set.path)
        status = FAIL(error, SMAC_ERROR_ARGUMENT, "%.300s is a file; layout folder needs the folder of the classes",
            options->path);
    if (status == SMAC_OK && !g.memory)
        status = no_memory(&g);
    if (status == SMAC_OK)
        status = read_folder(&g);
    free(g.files);
    free(g.classes);
    arena_free(g.memory);
    set_end(&g.set);
    return status;
}
