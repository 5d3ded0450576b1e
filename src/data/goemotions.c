/*
 * data/goemotions.c - GoEmotions (Demszky and others 2020): comments.csv with columns id, split, text, emotions (names,
 * several separated by spaces), or the makers' own train.tsv, dev.tsv, test.tsv (text, numbers of emotions, id).
 *
 * Tasks: emotion (seven classes by the makers' grouping; a comment of several emotions shares its weight between them),
 * goemotions (the 28 names, shared likewise).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/path.h"
#include "data/emotions.h"
#include "data/set_reading.h"

enum { NAMES = 28 };
/* emotions.txt, in its order: the numbers of the .tsv files count from it */
static const char *const names[NAMES] = {"admiration", "amusement", "anger", "annoyance", "approval", "caring",
    "confusion", "curiosity", "desire", "disappointment", "disapproval", "disgust", "embarrassment", "excitement",
    "fear", "gratitude", "grief", "joy", "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse",
    "sadness", "surprise", "neutral"};

typedef struct goemotions_reading {
    set_reading set;
    int emotion, names; /* tasks, or -1 */
} goemotions_reading;

/* The weights of a cell's emotions, separated by spaces or commas; false for an unknown name or number, or none. */
static bool parse_emotions(const char *cell, float weights[NAMES])
{
    int count = 0;
    memset(weights, 0, NAMES * sizeof *weights);
    for (const char *at = cell; *at;) {
        char name[32];
        size_t length = strcspn(at, " ,;");
        int64_t number = -1;
        if (length >= sizeof name)
            return false;
        memcpy(name, at, length);
        name[length] = 0;
        at += length;
        at += strspn(at, " ,;");
        if (!*name)
            continue;
        if (!number_parse_integer(name, &number))
            for (int i = 0; i < NAMES; i++)
                number = strcmp(names[i], name) == 0 ? i : number;
        if (number < 0 || number >= NAMES)
            return false;
        weights[number] = 1;
        count++;
    }
    for (int i = 0; i < NAMES && count; i++)
        weights[i] /= (float)count;
    return count > 0;
}

static smac_status add_comment(goemotions_reading *g, const set_clip *clip, const char *emotions)
{
    set_reading *s = &g->set;
    float weights[NAMES], grouped[EMOTIONS] = {0};
    if (!*clip->text)
        return dataset_bad_row(
            s->d, s->options, s->report, s->error, "%.300s line %lld has no text", s->path, (long long)clip->line);
    if (!parse_emotions(emotions, weights))
        return dataset_bad_row(s->d, s->options, s->report, s->error,
            "%.300s line %lld: '%.60s' are not emotions of GoEmotions", s->path, (long long)clip->line, emotions);
    for (int i = 0; i < NAMES; i++)
        grouped[emotion_of_comment(names[i])] += weights[i];
    dataset_item *item;
    TRY(set_add_clip(s, clip, &item));
    TRY(set_label(s, item, g->emotion, TRUTH_MULTIMODAL, grouped));
    return set_label(s, item, g->names, TRUTH_MULTIMODAL, weights);
}

static smac_status read_comments(goemotions_reading *g)
{
    set_reading *s = &g->set;
    int id, split, text, emotions;
    const set_column columns[] = {
        {"id", &id, false}, {"split", &split, false}, {"text", &text, false}, {"emotions", &emotions, false}};
    TRY(set_open_table(s, "comments.csv"));
    TRY(set_find_columns(s, columns, sizeof columns / sizeof *columns));
    for (size_t i = 1; i < s->table.count; i++) {
        const csv_row *row = &s->table.rows[i];
        set_clip c = {.id = set_cell(row, id), .text = set_cell(row, text), .line = (int64_t)row->line};
        smac_status status;
        TRY(set_split(s, row, split, &c.split, &status) ? add_comment(g, &c, set_cell(row, emotions)) : status);
    }
    return SMAC_OK;
}

/* text TAB numbers TAB id, without quotes */
static smac_status read_makers_file(goemotions_reading *g, const char *name, dataset_split split, bool *found)
{
    set_reading *s = &g->set;
    char *data = NULL, *next = NULL;
    size_t size = 0;
    int64_t line = 0;
    free(s->path);
    if (!(s->path = path_join(s->folder, name)))
        return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (!file_exists(s->path))
        return SMAC_OK;
    *found = true;
    TRY(file_read(s->path, 0, &data, &size, s->error));
    smac_status status = SMAC_OK;
    for (char *at = data; status == SMAC_OK && at && *at; at = next) {
        char *end = strchr(at, '\n'), *tab, *second;
        next = end ? end + 1 : at + strlen(at);
        if (end)
            *end = 0;
        line++;
        if (!*at)
            continue;
        tab = strchr(at, '\t');
        second = tab ? strchr(tab + 1, '\t') : NULL;
        if (!second) {
            status = dataset_bad_row(s->d, s->options, s->report, s->error,
                "%.300s line %lld does not hold a text, numbers and an id separated by tabs", s->path, (long long)line);
            continue;
        }
        *tab = *second = 0;
        second[1 + strcspn(second + 1, "\r\t")] = 0;
        set_clip c = {.id = second + 1, .text = at, .split = split, .line = line};
        status = add_comment(g, &c, tab + 1);
    }
    free(data);
    return status;
}

static smac_status read_all(goemotions_reading *g)
{
    set_reading *s = &g->set;
    const set_task tasks[] = {{.name = "emotion",
                                  .protocol = "classes",
                                  .number = &g->emotion,
                                  .is_default = true,
                                  .classes = emotion_names,
                                  .class_count = EMOTIONS},
        {.name = "goemotions", .protocol = "classes", .number = &g->names, .classes = names, .class_count = NAMES}};
    TRY(set_add_tasks(s, tasks, sizeof tasks / sizeof *tasks));
    char *table = s->path ? memory_copy_text(s->path) : path_join(s->folder, "comments.csv");
    bool ours = table && file_exists(table), found = false;
    free(table);
    if (ours)
        return read_comments(g);
    TRY(read_makers_file(g, "train.tsv", SPLIT_TRAIN, &found));
    TRY(read_makers_file(g, "dev.tsv", SPLIT_VALID, &found));
    TRY(read_makers_file(g, "test.tsv", SPLIT_TEST, &found));
    return found
        ? SMAC_OK
        : FAIL(s->error, SMAC_ERROR_NOT_FOUND,
              "the folder %.300s has neither comments.csv nor train.tsv: name the folder of GoEmotions", s->folder);
}

smac_status dataset_read_goemotions(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    goemotions_reading g = {0};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = read_all(&g);
    set_end(&g.set);
    return status;
}
