/*
 * data/csd.c - a folder of CMU-MultimodalSDK's sequences (layout "csd", CMU-MOSI and CMU-MOSEI as the SDK downloads them):
 * one file of labels (its name holds "label"), one of words, and files of vectors: those whose names hold covarep,
 * opensmile, acoustic or audio are of the voice, openface, facet, visual or vision of the face, glove of the words.
 *
 * Every interval of the labels is a clip; it has the words and vectors whose middle lies in it.  After the SDK's alignment
 * entries are called VIDEO[k], one clip each, and have their words and vectors under the same name.  Labels of one number
 * are the sentiment, of seven MOSEI's sentiment, happy, sad, anger, surprise, disgust, fear (0 to 3 each).  The standard
 * folds are in the SDK's code, not in its files: folds.json {"train": [video ids], "valid": [], "test": []} in the folder
 * gives them; without it one video in five is for the test and one in ten for validation, by a hash of its id.  Recordings
 * and transcripts are taken from Raw/ where it is there (data/csd_raw.c).
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/json.h"
#include "base/path.h"
#include "base/sha256.h"
#include "data/csd_file.h"
#include "data/csd_raw.h"
#include "data/emotions.h"
#include "data/set_reading.h"

enum { MOSEI_WIDTH = 7 };

typedef struct csd_reading {
    set_reading set;
    csd_file *labels, *words, *vectors[MODALITIES];
    json_t *folds;
    csd_raw raw;
    int sentiment, emotion;       /* tasks, or -1 */
    int64_t replaced[MODALITIES]; /* values that were not finite */
} csd_reading;

static bool name_holds(const char *name, const char *const *parts)
{
    for (int i = 0; parts[i]; i++)
        for (const char *at = name; *at; at++)
            if (strncasecmp(at, parts[i], strlen(parts[i])) == 0)
                return true;
    return false;
}

static bool is_csd(const char *folder, const char *name)
{
    (void)folder;
    size_t length = strlen(name);
    return length > 4 && strcasecmp(name + length - 4, ".csd") == 0;
}

/* Where a file belongs; NULL: nowhere. */
static csd_file **place_of(csd_reading *g, const char *name, const csd_file *file)
{
    static const char *const labels[] = {"label", NULL};
    static const char *const audio[] = {"covarep", "opensmile", "acoustic", "audio", NULL};
    static const char *const vision[] = {"openface", "facet", "visual", "vision", NULL};
    static const char *const text[] = {"glove", "wordvector", "word_vector", NULL};
    if (csd_is_text(file))
        return &g->words;
    if (name_holds(name, labels))
        return &g->labels;
    return name_holds(name, audio) ? &g->vectors[MODALITY_AUDIO]
        : name_holds(name, vision) ? &g->vectors[MODALITY_VISION]
        : name_holds(name, text)   ? &g->vectors[MODALITY_TEXT]
                                   : NULL;
}

static smac_status open_files(csd_reading *g)
{
    set_reading *s = &g->set;
    char **names = NULL;
    size_t count = 0;
    TRY(folder_list(s->folder, is_csd, &names, &count, s->error));
    smac_status status = SMAC_OK;
    for (size_t i = 0; i < count && status == SMAC_OK; i++) {
        csd_file *file = NULL;
        char *path = path_join(s->folder, names[i]);
        status = path ? csd_open(path, &file, s->error) : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
        csd_file **place = status == SMAC_OK ? place_of(g, names[i], file) : NULL;
        if (place && !*place) {
            *place = file;
            if (place == &g->labels)
                status = sha256_file(path, s->d->sha256, s->error);
        } else if (status == SMAC_OK) {
            report_log(s->report, LOG_WARNING, "%s is not used: %s", names[i],
                place ? "another file holds the same" : "its name does not say what it holds");
            csd_close(file);
        }
        free(path);
    }
    folder_list_free(names, count);
    TRY(status);
    return g->labels
        ? SMAC_OK
        : FAIL(s->error, SMAC_ERROR_NOT_FOUND,
              "the folder %.300s has no .csd file with \"label\" in its name: name the folder of the SDK", s->folder);
}

/* --- folds -------------------------------------------------------------------------------------------------------- */

/* folds.json holds three lists of texts, and no video twice. */
static smac_status check_folds(csd_reading *g, const char *path)
{
    json_t *seen = json_object();
    smac_status status = seen ? SMAC_OK : FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for the folds");
    for (int s = 0; s < SPLIT_COUNT && status == SMAC_OK; s++) {
        const char *name = dataset_split_name((dataset_split)s);
        const json_t *list = json_object_get(g->folds, name);
        if (list && !json_is_array(list))
            status = FAIL(g->set.error, SMAC_ERROR_FORMAT, "\"%s\" of %.300s is not a list of video ids", name, path);
        for (size_t i = 0; status == SMAC_OK && i < json_array_size(list); i++) {
            const char *id = json_string_value(json_array_get(list, i));
            const char *other = id ? json_string_value(json_object_get(seen, id)) : NULL;
            if (!id)
                status = FAIL(g->set.error, SMAC_ERROR_FORMAT,
                    "entry %zu of \"%s\" in %.300s is not a text; expected video ids", i + 1, name, path);
            else if (other)
                status = FAIL(g->set.error, SMAC_ERROR_FORMAT,
                    "%.300s names the video %.100s in \"%s\" and in \"%s\": a video belongs to one part", path, id,
                    other, name);
            else if (json_object_set_new(seen, id, json_string(name)) != 0)
                status = FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for the folds");
        }
    }
    if (status == SMAC_OK) { /* from here on by video */
        json_decref(g->folds);
        g->folds = json_incref(seen);
    }
    json_decref(seen);
    return status;
}

static smac_status open_folds(csd_reading *g)
{
    set_reading *s = &g->set;
    char *path = path_join(s->folder, "folds.json");
    smac_status status = path ? SMAC_OK : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (status == SMAC_OK && file_exists(path)) {
        status = json_read_object(path, 0, &g->folds, s->error);
        if (status == SMAC_OK)
            status = check_folds(g, path);
    } else if (status == SMAC_OK) {
        report_log(s->report, LOG_WARNING,
            "there is no folds.json in %s: one video in five is for the test, one in ten for validation", s->folder);
    }
    free(path);
    return status;
}

/* SPLIT_COUNT: in none of the folds. */
static dataset_split split_of(const csd_reading *g, const char *video)
{
    dataset_split split = SPLIT_COUNT;
    if (!g->folds)
        return set_held_out(video, 5, 0) ? SPLIT_TEST : set_held_out(video, 10, 1) ? SPLIT_VALID : SPLIT_TRAIN;
    const char *name = json_string_value(json_object_get(g->folds, video));
    return name && dataset_split_from_name(name, &split) ? split : SPLIT_COUNT;
}

/* --- clips -------------------------------------------------------------------------------------------------------- */

static bool is_within(const double *interval, double start, double end)
{
    double middle = (interval[0] + interval[1]) / 2;
    return middle >= start && middle < end;
}

/* Rows of a sequence within the clip, as the item's vectors.  A video that the sequence lacks has none. */
static smac_status take_vectors(
    csd_reading *g, const csd_rows *rows, double start, double end, int m, dataset_item *item)
{
    int64_t count = 0;
    for (int64_t i = 0; i < rows->count; i++)
        count += is_within(rows->intervals + 2 * i, start, end);
    if (count == 0)
        return SMAC_OK;
    float *values = arena_take(dataset_arena(g->set.d), (size_t)(count * rows->width) * sizeof *values), *to = values;
    if (!values)
        return FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for the vectors of %.300s", g->set.folder);
    for (int64_t i = 0; i < rows->count; i++) {
        if (!is_within(rows->intervals + 2 * i, start, end))
            continue;
        for (int64_t k = 0; k < rows->width; k++, to++) {
            float value = rows->numbers[i * rows->width + k];
            *to = isfinite(value) ? value : 0;
            g->replaced[m] += !isfinite(value);
        }
    }
    item->features[m] = (feature_sequence){.steps = count, .crops = 1, .width = rows->width, .data = values};
    return SMAC_OK;
}

static void add_words(const csd_rows *rows, double start, double end, text_buffer *out)
{
    for (int64_t i = 0; i < rows->count; i++) {
        if (!is_within(rows->intervals + 2 * i, start, end) || strcmp(rows->words[i], "sp") == 0)
            continue; /* sp is a pause */
        text_add(out, out->length ? " " : "");
        text_add(out, rows->words[i]);
    }
}

static smac_status take_labels(csd_reading *g, const float *row, int64_t width, dataset_item *item)
{
    set_reading *s = &g->set;
    TRY(set_label(s, item, g->sentiment, TRUTH_MULTIMODAL, row));
    if (g->emotion < 0 || width != MOSEI_WIDTH)
        return SMAC_OK;
    static const emotion order[] = {
        EMOTION_JOY, EMOTION_SADNESS, EMOTION_ANGER, EMOTION_SURPRISE, EMOTION_DISGUST, EMOTION_FEAR};
    float weights[EMOTIONS] = {0}, sum = 0;
    for (int i = 0; i < 6; i++) {
        weights[order[i]] = row[1 + i] > 0 ? row[1 + i] : 0;
        sum += weights[order[i]];
    }
    weights[EMOTION_NEUTRAL] = sum > 0 ? 0 : 1;
    for (int i = 0; i < EMOTIONS && sum > 0; i++)
        weights[i] /= sum;
    return set_label(s, item, g->emotion, TRUTH_MULTIMODAL, weights);
}

typedef struct csd_video {
    const char *entry; /* "VIDEO", or of aligned files "VIDEO[k]" */
    char name[200];    /* the video */
    int64_t first;     /* number of the first clip: k of an aligned entry, else 0 */
    dataset_split split;
    csd_rows labels, words, vectors[MODALITIES];
    csd_raw_video raw;
} csd_video;

/* What is wrong with row index of the labels; NULL: nothing. */
static const char *check_row(const csd_video *v, int64_t index)
{
    const double *interval = v->labels.intervals + 2 * index;
    const float *row = v->labels.numbers + index * v->labels.width;
    bool mosei = v->labels.width == MOSEI_WIDTH;
    if (!(row[0] >= -3 && row[0] <= 3))
        return "its sentiment lies outside [-3, 3]";
    for (int i = 1; mosei && i < MOSEI_WIDTH; i++)
        if (!(row[i] >= 0 && row[i] <= 3))
            return "one of its emotions lies outside [0, 3]";
    return interval[0] >= 0 && interval[1] > interval[0] && isfinite(interval[1])
        ? NULL
        : "its interval is not seconds, the end after the start";
}

static smac_status read_clip(csd_reading *g, const csd_video *v, int64_t index)
{
    set_reading *s = &g->set;
    const double *interval = v->labels.intervals + 2 * index;
    int64_t number = v->first + index;
    char id[300], clip[32];
    text_buffer words = {0};
    snprintf(clip, sizeof clip, "%lld", (long long)number);
    snprintf(id, sizeof id, "%.200s[%lld]", v->name, (long long)number);
    const char *wrong = check_row(v, index);
    if (wrong)
        return dataset_bad_row(
            s->d, s->options, s->report, s->error, "%.300s: the labels of clip %.200s: %s", s->folder, id, wrong);
    set_clip c = {
        .id = id, .video_id = v->name, .clip_id = clip, .speaker = v->name, .split = v->split, .line = index + 1};
    const csd_raw_place place = {v->name, number, interval[0], interval[1]};
    smac_status status = csd_raw_media(&g->raw, s, &place, &c);
    if (status != SMAC_OK || (g->raw.has_media && !c.media))
        return status;
    if (g->words)
        add_words(&v->words, interval[0], interval[1], &words);
    c.text = g->words ? (words.data ? words.data : "") : csd_raw_sentence(&v->raw, &place);
    dataset_item *item = NULL;
    status = set_add_clip(s, &c, &item);
    text_free(&words);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        if (v->vectors[m].numbers)
            status = take_vectors(g, &v->vectors[m], interval[0], interval[1], m, item);
    return status == SMAC_OK ? take_labels(g, v->labels.numbers + index * v->labels.width, v->labels.width, item)
                             : status;
}

/* An entry of a sequence that may lack it: under the aligned name, else under the video's. */
static smac_status read_entry(csd_reading *g, const csd_file *file, const csd_video *v, csd_rows *out)
{
    if (!file)
        return SMAC_OK;
    const char *name = csd_has(file, v->entry) ? v->entry : v->name;
    return csd_has(file, name) ? csd_read(file, name, out, g->set.error) : SMAC_OK;
}

/* "VIDEO[3]" is clip 3 of VIDEO. */
static void name_video(csd_video *v)
{
    const char *bracket = strrchr(v->entry, '[');
    char *end = NULL;
    long long number = bracket && bracket[1] >= '0' && bracket[1] <= '9' ? strtoll(bracket + 1, &end, 10) : -1;
    bool aligned = number >= 0 && end && strcmp(end, "]") == 0;
    v->first = aligned ? number : 0;
    snprintf(
        v->name, sizeof v->name, "%.*s", (int)(aligned ? bracket - v->entry : (ptrdiff_t)strlen(v->entry)), v->entry);
}

static smac_status read_video(csd_reading *g, const char *entry)
{
    csd_video v = {.entry = entry};
    name_video(&v);
    v.split = split_of(g, v.name);
    if (v.split == SPLIT_COUNT)
        return SMAC_OK;
    smac_status status = csd_read(g->labels, entry, &v.labels, g->set.error);
    if (status == SMAC_OK && v.labels.width < 1)
        status = FAIL(g->set.error, SMAC_ERROR_FORMAT, "entry %.100s of the labels in %.300s has no number", entry,
            g->set.folder);
    if (status == SMAC_OK)
        status = read_entry(g, g->words, &v, &v.words);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        status = read_entry(g, g->vectors[m], &v, &v.vectors[m]);
    if (status == SMAC_OK && !g->words)
        status = csd_raw_open(&g->raw, v.name, &v.raw, g->set.error);
    for (int64_t i = 0; i < v.labels.count && status == SMAC_OK; i++)
        status = read_clip(g, &v, i);
    csd_raw_close(&v.raw);
    csd_rows_clear(&v.labels);
    csd_rows_clear(&v.words);
    for (int m = 0; m < MODALITIES; m++)
        csd_rows_clear(&v.vectors[m]);
    return status;
}

static smac_status read_all(csd_reading *g)
{
    set_reading *s = &g->set;
    const set_task tasks[] = {
        {.name = "sentiment", .protocol = "mosei", .number = &g->sentiment, .is_default = true, .low = -3, .high = 3},
        {.name = "emotion",
            .protocol = "classes",
            .number = &g->emotion,
            .classes = emotion_names,
            .class_count = EMOTIONS}};
    TRY(set_add_tasks(s, tasks, sizeof tasks / sizeof *tasks));
    TRY(open_files(g));
    TRY(open_folds(g));
    csd_raw_find(&g->raw, s->folder);
    for (size_t i = 0; i < csd_count(g->labels); i++)
        TRY(read_video(g, csd_entry(g->labels, i)));
    for (int m = 0; m < MODALITIES; m++)
        TRY(set_note_replaced(s, g->vectors[m] ? csd_name(g->vectors[m]) : "", g->replaced[m]));
    return SMAC_OK;
}

smac_status dataset_read_csd(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    csd_reading g = {0};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = read_all(&g);
    csd_close(g.labels);
    csd_close(g.words);
    for (int m = 0; m < MODALITIES; m++)
        csd_close(g.vectors[m]);
    json_decref(g.folds);
    set_end(&g.set);
    return status;
}
