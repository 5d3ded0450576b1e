/*
 * data/urfunny.c - UR-FUNNY V2 (Hasan and others 2019) as its makers ship it: data_folds.pkl {train, dev, test: [ids]},
 * language_sdk.pkl {id: {punchline_sentence, context_sentences, ...}}, humor_label_sdk.pkl {id: 0 | 1}; where they are
 * there also the videos urfunny2_videos/ID.mp4, else covarep_features_sdk.pkl and openface_features_sdk.pkl {id:
 * {punchline_features: a vector a word, ...}} as ready vectors of sound and pictures.  Task: humor.
 */
#include <math.h>
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
enum { FOLDS, LANGUAGE, LABELS, COVAREP, OPENFACE, FILES, NEEDED = COVAREP };
static const char *const file_names[FILES] = {"data_folds.pkl", "language_sdk.pkl", "humor_label_sdk.pkl",
    "covarep_features_sdk.pkl", "openface_features_sdk.pkl"};

typedef struct urfunny_reading {
    set_reading set;
    arena *memory;
    mapped_file file[FILES];
    char *path[FILES];
    pickle_value *root[FILES]; /* NULL: that file is not used */
    bool videos;
    int humor;        /* the task */
    int64_t replaced; /* values that were not finite */
} urfunny_reading;

static smac_status open_pickles(urfunny_reading *g)
{
    set_reading *s = &g->set;
    char digests[NEEDED * 64 + 1];
    g->memory = arena_new(0);
    if (!g->memory)
        return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for the pickles");
    for (int i = 0; i < FILES; i++) {
        char digest[65];
        if (i >= NEEDED && g->videos)
            break; /* vectors are for who has no videos */
        if (!(g->path[i] = path_join(s->folder, file_names[i])))
            return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
        if (i >= NEEDED && !file_exists(g->path[i]))
            continue;
        if (!file_exists(g->path[i]))
            return FAIL(s->error, SMAC_ERROR_NOT_FOUND,
                "the folder %.300s has no file %s: name the folder of UR-FUNNY V2", s->folder, file_names[i]);
        if (i < NEEDED) {
            TRY(sha256_file(g->path[i], digest, s->error));
            memcpy(digests + 64 * i, digest, 65);
        }
        TRY(file_map(g->path[i], &g->file[i], s->error));
        TRY(pickle_read(g->file[i].data, g->file[i].size, g->path[i], g->memory, &g->root[i], s->error));
        if (g->root[i]->kind != PICKLE_DICT)
            return FAIL(s->error, SMAC_ERROR_FORMAT, "%.300s does not hold a dictionary: get it again", g->path[i]);
    }
    sha256_hex(digests, NEEDED * 64, s->d->sha256);
    return SMAC_OK;
}

/* A vector of a list: its numbers, or an array's.  False: it is neither, or of another width. */
static bool take_vector(const pickle_value *from, int64_t width, float *out)
{
    if (pickle_count(from) != width)
        return false;
    if (pickle_is_numbers(from))
        return pickle_floats(from, 0, width, "a vector", out, NULL) == SMAC_OK;
    for (int64_t i = 0; i < width; i++) {
        double number;
        if (!pickle_to_number(from->items[i], &number))
            return false;
        out[i] = (float)number;
    }
    return true;
}

/* punchline_features of a clip: an array (words, width), or a list of vectors. */
static smac_status take_features(urfunny_reading *g, int file, int64_t id, dataset_item *item, int m)
{
    const pickle_value *clip = g->root[file] ? pickle_get_integer(g->root[file], id) : NULL;
    const pickle_value *from = clip ? pickle_get(clip, "punchline_features") : NULL;
    int64_t steps = from ? pickle_count(from) : 0;
    bool array = from && pickle_is_numbers(from);
    if (steps < 1)
        return SMAC_OK;
    int64_t width = array ? (from->rank == 2 ? from->dim[1] : 0) : pickle_count(from->items[0]);
    float *values = width > 0 && width < 1 << 20 && steps < 1 << 20
        ? arena_take(dataset_arena(g->set.d), (size_t)(steps * width) * sizeof *values)
        : NULL;
    bool whole = values && (!array || pickle_floats(from, 0, steps * width, g->path[file], values, NULL) == SMAC_OK);
    for (int64_t i = 0; whole && !array && i < steps; i++)
        whole = take_vector(from->items[i], width, values + i * width);
    if (!whole)
        return FAIL(g->set.error, SMAC_ERROR_FORMAT,
            "%.300s: punchline_features of clip %lld are not vectors of one width: get it again", g->path[file],
            (long long)id);
    for (int64_t i = 0; i < steps * width; i++)
        if (!isfinite(values[i])) {
            values[i] = 0;
            g->replaced++;
        }
    item->features[m] = (feature_sequence){.steps = steps, .crops = 1, .width = width, .data = values};
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
    if (status == SMAC_OK)
        status = take_features(g, COVAREP, id, item, MODALITY_AUDIO);
    if (status == SMAC_OK)
        status = take_features(g, OPENFACE, id, item, MODALITY_VISION);
    return status == SMAC_OK ? set_class(s, item, g->humor, (int)funny) : status;
}

static smac_status read_all(urfunny_reading *g)
{
    static const char *const names[] = {"train", "dev", "test"};
    set_reading *s = &g->set;
    const set_task task = {.name = "humor",
        .protocol = "urfunny",
        .number = &g->humor,
        .is_default = true,
        .classes = classes,
        .class_count = 2};
    TRY(set_add_tasks(s, &task, 1));
    char *videos = path_join(s->folder, "urfunny2_videos");
    if (!videos)
        return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
    g->videos = file_is_folder(videos);
    free(videos);
    TRY(open_pickles(g));
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
    return set_note_replaced(s, "the feature pickles", g->replaced);
}

smac_status dataset_read_urfunny(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    urfunny_reading g = {0};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = read_all(&g);
    arena_free(g.memory);
    for (int i = 0; i < FILES; i++) {
        file_unmap(&g.file[i]);
        free(g.path[i]);
    }
    set_end(&g.set);
    return status;
}
