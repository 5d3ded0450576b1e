/*
 * data/mustard.c - MUStARD (Castro and others 2019): sarcasm_data.json, an object by id of {utterance, speaker, context[],
 * context_speakers[], show, sarcasm}; videos utterances_final/ID.mp4 where they are there, else words alone.
 *
 * "mustard" is the speaker-independent setting: clips of FRIENDS are the test part; of the others one in five, by a hash
 * of the id, is for validation.  "mustard-1" to "mustard-5" are the stored folds of split_indices.p (pickle of five pairs
 * of index lists): the fold's test part, and one in ten of its training part for validation.  Without that file the folds
 * are by a hash of the id, and the fold's part that is held out is for validation.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/sha256.h"
#include "data/set_reading.h"
#include "weights/pickle.h"
#include "weights/pickle_numbers.h"

enum { FOLDS = 5 };
static const char *const classes[] = {"not sarcastic", "sarcastic"};

typedef struct mustard_reading {
    set_reading set;
    json_t *root;
    int fold;         /* 1 to 5; 0: speaker-independent */
    bool stored;      /* the fold's places come from split_indices.p */
    uint8_t *is_test; /* (clips) of a stored fold */
    int sarcasm;      /* the task */
    size_t clips;
    bool videos;
} mustard_reading;

static smac_status open_json(mustard_reading *g)
{
    set_reading *s = &g->set;
    json_error_t why;
    if (!s->path && !(s->path = path_join(s->folder, "sarcasm_data.json")))
        return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (!file_exists(s->path))
        return FAIL(s->error, SMAC_ERROR_NOT_FOUND,
            "the folder %.300s has no sarcasm_data.json: name the folder of MUStARD", s->folder);
    TRY(sha256_file(s->path, s->d->sha256, s->error));
    char *text = NULL;
    size_t size = 0;
    TRY(file_read(s->path, 0, &text, &size, s->error));
    g->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (!g->root)
        return FAIL(s->error, SMAC_ERROR_FORMAT, "%.300s is not JSON (line %d: %.100s): get it again", s->path,
            why.line, why.text);
    if (!json_is_object(g->root))
        return FAIL(
            s->error, SMAC_ERROR_FORMAT, "%.300s is not an object of clips by id: name MUStARD's own file", s->path);
    g->clips = json_object_size(g->root);
    return SMAC_OK;
}

static smac_status read_fold_value(mustard_reading *g, const pickle_value *root, const char *path)
{
    smac_error *error = g->set.error;
    const pickle_value *pair = (root->kind == PICKLE_LIST || root->kind == PICKLE_TUPLE) && root->count == FOLDS
        ? root->items[g->fold - 1]
        : NULL;
    if (!pair || pair->count != 2)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s does not hold five pairs of index lists: get it again", path);
    int64_t *places = NULL;
    size_t count = 0;
    TRY(pickle_integers(pair->items[1], path, &places, &count, error));
    for (size_t i = 0; i < count; i++) {
        if (places[i] < 0 || (size_t)places[i] >= g->clips) {
            free(places);
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%.300s names clip %lld of the %zu in sarcasm_data.json: use the two files of one release", path,
                (long long)places[i], g->clips);
        }
        g->is_test[places[i]] = 1;
    }
    free(places);
    return SMAC_OK;
}

static smac_status read_fold(mustard_reading *g)
{
    set_reading *s = &g->set;
    char *path = path_join(s->folder, "split_indices.p"), *data = NULL;
    size_t size = 0;
    g->is_test = memory_new(g->clips + 1, 1);
    smac_status status = path && g->is_test ? SMAC_OK : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a fold");
    if (status == SMAC_OK && file_exists(path)) {
        arena *memory = arena_new(0);
        pickle_value *root = NULL;
        g->stored = true;
        status = memory ? file_read(path, 0, &data, &size, s->error)
                        : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a fold");
        if (status == SMAC_OK)
            status = pickle_read((const uint8_t *)data, size, path, memory, &root, s->error);
        if (status == SMAC_OK)
            status = read_fold_value(g, root, path);
        arena_free(memory);
        free(data);
    }
    free(path);
    return status;
}

static dataset_split split_of(const mustard_reading *g, const char *id, const char *show, size_t index)
{
    if (g->fold == 0)
        return strcmp(show, "FRIENDS") == 0 ? SPLIT_TEST : set_held_out(id, 5, 0) ? SPLIT_VALID : SPLIT_TRAIN;
    if (!g->stored)
        return set_held_out(id, FOLDS, (unsigned)g->fold - 1) ? SPLIT_VALID : SPLIT_TRAIN;
    return g->is_test[index] ? SPLIT_TEST : set_held_out(id, 10, 0) ? SPLIT_VALID : SPLIT_TRAIN;
}

/* "SPEAKER: sentence" of each sentence of the context, in a malloc'd list. */
static char **context_of(const json_t *clip, size_t *count)
{
    const json_t *said = json_object_get(clip, "context"), *by = json_object_get(clip, "context_speakers");
    *count = json_array_size(said);
    char **out = memory_new(*count + 1, sizeof *out);
    for (size_t i = 0; out && i < *count; i++) {
        const char *text = json_string_value(json_array_get(said, i));
        const char *speaker = json_string_value(json_array_get(by, i));
        text_buffer line = {0};
        if (speaker) {
            text_add(&line, speaker);
            text_add(&line, ": ");
        }
        text_add(&line, text ? text : "");
        out[i] = line.data;
    }
    return out;
}

static smac_status read_clip(mustard_reading *g, const char *id, const json_t *clip, size_t index)
{
    set_reading *s = &g->set;
    const char *text = json_string_value(json_object_get(clip, "utterance"));
    const char *show = json_string_value(json_object_get(clip, "show"));
    const json_t *sarcasm = json_object_get(clip, "sarcasm");
    char file[300];
    const char *media = NULL;
    if (!text || !show || !json_is_boolean(sarcasm))
        return dataset_bad_row(s->d, s->options, s->report, s->error,
            "%.300s clip %.60s lacks one of utterance, show and sarcasm", s->path, id);
    if (g->videos) {
        smac_status status;
        snprintf(file, sizeof file, "utterances_final/%.200s.mp4", id);
        media = set_media(s, file, (int64_t)index + 1, &status);
        if (!media)
            return status;
    }
    size_t count = 0;
    char **context = context_of(clip, &count);
    set_clip c = {.id = id,
        .video_id = show,
        .clip_id = id,
        .text = text,
        .media = media,
        .line = (int64_t)index + 1,
        .speaker = json_string_value(json_object_get(clip, "speaker")),
        .split = split_of(g, id, show, index),
        .context = (const char *const *)context,
        .context_count = (int64_t)count};
    dataset_item *item = NULL;
    smac_status status =
        context ? set_add_clip(s, &c, &item) : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a clip");
    for (size_t i = 0; context && i < count; i++)
        free(context[i]);
    free(context);
    return status == SMAC_OK ? set_class(s, item, g->sarcasm, json_is_true(sarcasm)) : status;
}

static smac_status read_all(mustard_reading *g)
{
    set_reading *s = &g->set;
    const set_task task = {.name = "sarcasm",
        .protocol = "mustard",
        .number = &g->sarcasm,
        .is_default = true,
        .classes = classes,
        .class_count = 2};
    TRY(set_add_tasks(s, &task, 1));
    TRY(open_json(g));
    if (g->fold)
        TRY(read_fold(g));
    char *videos = path_join(s->folder, "utterances_final");
    if (!videos)
        return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
    g->videos = file_is_folder(videos);
    free(videos);
    const char *id;
    json_t *clip;
    size_t index = 0;
    json_object_foreach(g->root, id, clip) TRY(read_clip(g, id, clip, index++));
    return SMAC_OK;
}

smac_status dataset_read_mustard(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    mustard_reading g = {0};
    const char *dash = strchr(options->layout, '-');
    g.fold = dash ? dash[1] - '0' : 0;
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = read_all(&g);
    json_decref(g.root);
    free(g.is_test);
    set_end(&g.set);
    return status;
}
