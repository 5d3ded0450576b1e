/*
 * data/csd.c - a folder of CMU-MultimodalSDK's sequences (layout "csd", CMU-MOSI and CMU-MOSEI as the SDK downloads them):
 * one file of labels (its name holds "label"), one of words, and files of vectors: those whose names hold covarep,
 * opensmile, acoustic or audio are of the voice, openface, facet, visual or vision of the face, glove of the words.
 *
 * Every interval of the labels is a clip; it has the words and vectors whose middle lies in it.  Labels of one number are
 * the sentiment, of seven MOSEI's sentiment, happy, sad, anger, surprise, disgust, fear (0 to 3 each).  The standard folds
 * are in the SDK's code, not in its files: folds.json {"train": [video ids], "valid": [], "test": []} in the folder gives
 * them; without it one video in five is for the test and one in ten for validation, by a hash of its id.
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
#include "data/emotions.h"
#include "data/set_reading.h"

static const char *const task_names[] = {"sentiment", "emotion", NULL};
enum { MOSEI_WIDTH = 7 };

typedef struct csd_reading {
    set_reading set;
    csd_file *labels, *words, *vectors[MODALITIES];
    json_t *folds;
    int sentiment, emotion; /* tasks, or -1 */
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

static dataset_split split_of(const csd_reading *g, const char *video)
{
    for (int s = 0; g->folds && s < SPLIT_COUNT; s++) {
        size_t i;
        json_t *id;
        json_array_foreach(json_object_get(g->folds, dataset_split_name((dataset_split)s)), i,
            id) if (json_is_string(id) && strcmp(json_string_value(id), video) == 0) return (dataset_split)s;
    }
    if (g->folds)
        return SPLIT_COUNT; /* in none of them */
    return set_held_out(video, 5, 0) ? SPLIT_TEST : set_held_out(video, 10, 1) ? SPLIT_VALID : SPLIT_TRAIN;
}

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
        for (int64_t k = 0; k < rows->width; k++, to++)
            *to = isfinite(rows->numbers[i * rows->width + k]) ? rows->numbers[i * rows->width + k] : 0;
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
    float score = row[0];
    if (!(score >= -3 && score <= 3))
        return FAIL(s->error, SMAC_ERROR_FORMAT, "clip %.100s of %.300s has the sentiment %g, outside [-3, 3]",
            item->id, s->folder, (double)score);
    bool whole = g->sentiment < 0 || dataset_set_label(s->d, item, g->sentiment, TRUTH_MULTIMODAL, &score);
    if (g->emotion >= 0 && width == MOSEI_WIDTH) {
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
        whole = whole && dataset_set_label(s->d, item, g->emotion, TRUTH_MULTIMODAL, weights);
    }
    return whole ? SMAC_OK : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for the labels of %.300s", s->folder);
}

typedef struct csd_video {
    csd_rows labels, words, vectors[MODALITIES];
} csd_video;

static smac_status read_clip(csd_reading *g, const char *name, dataset_split split, const csd_video *v, int64_t index)
{
    const double *interval = v->labels.intervals + 2 * index;
    char id[300], clip[32];
    text_buffer words = {0};
    snprintf(clip, sizeof clip, "%lld", (long long)index);
    snprintf(id, sizeof id, "%.200s[%lld]", name, (long long)index);
    add_words(&v->words, interval[0], interval[1], &words);
    set_clip c = {.id = id,
        .video_id = name,
        .clip_id = clip,
        .speaker = name,
        .text = words.data ? words.data : "",
        .split = split,
        .line = index + 1};
    dataset_item *item = NULL;
    smac_status status = set_add_clip(&g->set, &c, &item);
    text_free(&words);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        if (v->vectors[m].numbers)
            status = take_vectors(g, &v->vectors[m], interval[0], interval[1], m, item);
    return status == SMAC_OK ? take_labels(g, v->labels.numbers + index * v->labels.width, v->labels.width, item)
                             : status;
}

/* An entry of a sequence that may lack it. */
static smac_status read_entry(csd_reading *g, const csd_file *file, const char *name, csd_rows *out)
{
    smac_status status = file ? csd_read(file, name, out, NULL) : SMAC_ERROR_NOT_FOUND;
    return status == SMAC_ERROR_NOT_FOUND || status == SMAC_OK ? SMAC_OK : csd_read(file, name, out, g->set.error);
}

static smac_status read_video(csd_reading *g, const char *name)
{
    csd_video v = {0};
    dataset_split split = split_of(g, name);
    if (split == SPLIT_COUNT)
        return SMAC_OK;
    smac_status status = csd_read(g->labels, name, &v.labels, g->set.error);
    if (status == SMAC_OK)
        status = read_entry(g, g->words, name, &v.words);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        status = read_entry(g, g->vectors[m], name, &v.vectors[m]);
    for (int64_t i = 0; i < v.labels.count && status == SMAC_OK; i++)
        status = read_clip(g, name, split, &v, i);
    csd_rows_clear(&v.labels);
    csd_rows_clear(&v.words);
    for (int m = 0; m < MODALITIES; m++)
        csd_rows_clear(&v.vectors[m]);
    return status;
}

static smac_status read_all(csd_reading *g)
{
    set_reading *s = &g->set;
    task_description task;
    g->sentiment = g->emotion = -1;
    TRY(set_check_tasks(s, task_names));
    if (set_wants(s->options, "sentiment", true)) {
        TRY(task_regression(&task, "sentiment", "mosei", -3, 3, s->error));
        g->sentiment = s->d->task_count;
        TRY(dataset_add_task(s->d, &task, s->error));
    }
    if (set_wants(s->options, "emotion", false)) {
        TRY(emotion_task("classes", &task, s->error));
        g->emotion = s->d->task_count;
        TRY(dataset_add_task(s->d, &task, s->error));
    }
    TRY(open_files(g));
    char *folds = path_join(s->folder, "folds.json");
    smac_status status = folds ? SMAC_OK : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (status == SMAC_OK && file_exists(folds))
        status = json_read_object(folds, 0, &g->folds, s->error);
    else if (status == SMAC_OK)
        report_log(s->report, LOG_WARNING,
            "there is no folds.json in %s: one video in five is for the test, one in ten for validation", s->folder);
    free(folds);
    for (size_t i = 0; i < csd_count(g->labels) && status == SMAC_OK; i++)
        status = read_video(g, csd_entry(g->labels, i));
    return status;
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
