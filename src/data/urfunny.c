/*
 * data/urfunny.c - UR-FUNNY V2 (Hasan and others 2019) as its makers ship it: data_folds.pkl {train, dev, test: [ids]},
 * language_sdk.pkl {id: {punchline_sentence, context_sentences, ...}}, humor_label_sdk.pkl {id: 0 | 1}, and the videos
 * urfunny2_videos/ID.mp4 where they are there.  Task: humor.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/sha256.h"
#include "data/set_reading.h"
#include "weights/pickle.h"
#include "weights/pickle_numbers.h"

static const char *const classes[] = {"not humorous", "humorous"};
static const char *const task_names[] = {"humor", NULL};
enum { FOLDS, LANGUAGE, LABELS, FILES };
static const char *const file_names[FILES] = {"data_folds.pkl", "language_sdk.pkl", "humor_label_sdk.pkl"};

typedef struct urfunny_reading {
    set_reading set;
    arena *memory;
    char *data[FILES], *path[FILES];
    pickle_value *root[FILES];
    bool videos;
} urfunny_reading;

static smac_status open_pickles(urfunny_reading *g)
{
    set_reading *s = &g->set;
    char digests[FILES * 64 + 1];
    g->memory = arena_new(0);
    if (!g->memory)
        return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for the pickles");
    for (int i = 0; i < FILES; i++) {
        size_t size = 0;
        char digest[65];
        if (!(g->path[i] = path_join(s->folder, file_names[i])))
            return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
        if (!file_exists(g->path[i]))
            return FAIL(s->error, SMAC_ERROR_NOT_FOUND,
                "the folder %.300s has no file %s: name the folder of UR-FUNNY V2", s->folder, file_names[i]);
        TRY(sha256_file(g->path[i], digest, s->error));
        memcpy(digests + 64 * i, digest, 65);
        TRY(file_read(g->path[i], 0, &g->data[i], &size, s->error));
        TRY(pickle_read((const uint8_t *)g->data[i], size, g->path[i], g->memory, &g->root[i], s->error));
        if (g->root[i]->kind != PICKLE_DICT)
            return FAIL(s->error, SMAC_ERROR_FORMAT, "%.300s does not hold a dictionary: get it again", g->path[i]);
    }
    sha256_hex(digests, FILES * 64, s->d->sha256);
    return SMAC_OK;
}

static smac_status read_clip(urfunny_reading *g, int64_t id, dataset_split split)
{
    set_reading *s = &g->set;
    const pickle_value *words = pickle_get_integer(g->root[LANGUAGE], id),
                       *label = pickle_get_integer(g->root[LABELS], id);
    const pickle_value *text = words ? pickle_get(words, "punchline_sentence") : NULL;
    const pickle_value *before = words ? pickle_get(words, "context_sentences") : NULL;
    int64_t funny = -1;
    char name[32], file[64];
    const char *media = NULL;
    snprintf(name, sizeof name, "%lld", (long long)id);
    if (!text || text->kind != PICKLE_TEXT)
        return dataset_bad_row(s->d, s->options, s->report, s->error, "%.300s has no punchline_sentence of clip %s",
            g->path[LANGUAGE], name);
    if (!label || !pickle_to_integer(label, &funny) || (funny != 0 && funny != 1))
        return dataset_bad_row(
            s->d, s->options, s->report, s->error, "%.300s has no label 0 or 1 of clip %s", g->path[LABELS], name);
    if (g->videos) {
        smac_status status;
        snprintf(file, sizeof file, "urfunny2_videos/%s.mp4", name);
        media = set_media(s, file, 0, &status);
        if (!media)
            return status;
    }
    size_t count = before && before->kind == PICKLE_LIST ? before->count : 0;
    const char **context = memory_new(count + 1, sizeof *context);
    set_clip c = {.id = name, .text = text->text, .media = media, .split = split, .context = context};
    for (size_t i = 0; context && i < count; i++)
        if (before->items[i]->kind == PICKLE_TEXT)
            context[c.context_count++] = before->items[i]->text;
    dataset_item *item = NULL;
    smac_status status =
        context ? set_add_clip(s, &c, &item) : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a clip");
    free(context);
    if (status == SMAC_OK && !set_class(s, item, 0, (int)funny))
        status = FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for the labels of clip %s", name);
    return status;
}

static smac_status read_all(urfunny_reading *g)
{
    static const char *const names[] = {"train", "dev", "test"};
    set_reading *s = &g->set;
    task_description task;
    TRY(set_check_tasks(s, task_names));
    TRY(task_with_classes(&task, "humor", "urfunny", 2, classes, s->error));
    TRY(dataset_add_task(s->d, &task, s->error));
    TRY(open_pickles(g));
    char *videos = path_join(s->folder, "urfunny2_videos");
    if (!videos)
        return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
    g->videos = file_is_folder(videos);
    free(videos);
    for (int i = 0; i < 3; i++) {
        const pickle_value *ids = pickle_get(g->root[FOLDS], names[i]);
        int64_t *places = NULL;
        size_t count = 0;
        if (!ids)
            return FAIL(
                s->error, SMAC_ERROR_FORMAT, "%.300s has no list \"%s\": get it again", g->path[FOLDS], names[i]);
        TRY(pickle_integers(ids, g->path[FOLDS], &places, &count, s->error));
        smac_status status = SMAC_OK;
        for (size_t k = 0; k < count && status == SMAC_OK; k++)
            status = read_clip(g, places[k], (dataset_split)i);
        free(places);
        TRY(status);
    }
    return SMAC_OK;
}

smac_status dataset_read_urfunny(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    urfunny_reading g = {0};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = read_all(&g);
    arena_free(g.memory);
    for (int i = 0; i < FILES; i++) {
        free(g.data[i]);
        free(g.path[i]);
    }
    set_end(&g.set);
    return status;
}
