/*
 * data/cremad.c - CREMA-D (Cao and others 2014) with its crowd's votes: label.csv (MMSA's columns, then the votes
 * M_anger ... M_sad of both, A_... of the voice alone, V_... of the face alone) and features.pkl with ready vectors of
 * voice and face.
 *
 * Tasks: sentiment (label, label_A, label_V: happy minus anger, disgust, fear and sad), emotion (seven classes, the share
 * of the votes; own labels of voice and face from their votes).  The words say nothing about either.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/path.h"
#include "data/emotions.h"
#include "data/mmsa_features.h"
#include "data/set_reading.h"

enum { VOTED = 6, KINDS = 3 };
static const struct {
    const char *name;
    emotion is;
} voted[VOTED] = {{"anger", EMOTION_ANGER}, {"disgust", EMOTION_DISGUST}, {"fear", EMOTION_FEAR},
    {"happy", EMOTION_JOY}, {"neutral", EMOTION_NEUTRAL}, {"sad", EMOTION_SADNESS}};
/* both, voice, face */
static const struct {
    const char *label, *prefix;
    int truth;
} kinds[KINDS] = {{"label", "M_", TRUTH_MULTIMODAL}, {"label_A", "A_", TRUTH_AUDIO}, {"label_V", "V_", TRUTH_VISION}};

typedef struct cremad_reading {
    set_reading set;
    int video, clip, text, mode, label[KINDS], vote[KINDS][VOTED];
    int sentiment, emotion; /* tasks, or -1 */
} cremad_reading;

static bool take_votes(const cremad_reading *g, const csv_row *row, int kind, float weights[EMOTIONS])
{
    double sum = 0;
    memset(weights, 0, EMOTIONS * sizeof *weights);
    for (int i = 0; i < VOTED; i++) {
        double n = 0;
        if (number_parse(set_cell(row, g->vote[kind][i]), &n) && n > 0)
            weights[voted[i].is] = (float)n;
        sum += n > 0 ? n : 0;
    }
    for (int i = 0; i < EMOTIONS && sum > 0; i++)
        weights[i] = (float)((double)weights[i] / sum);
    return sum > 0;
}

/* False: why says which of the scores cannot be read. */
static bool are_scores(const cremad_reading *g, const csv_row *row, char why[LABEL_WHY])
{
    float score;
    char reason[LABEL_WHY];
    for (int k = 0; k < KINDS; k++) {
        const char *cell = set_cell(row, g->label[k]);
        if (label_is_missing(cell) || label_parse(&g->set.d->tasks[g->sentiment], cell, &score, reason))
            continue;
        snprintf(why, LABEL_WHY, "%s: %.150s", kinds[k].label, reason);
        return false;
    }
    return true;
}

static smac_status read_row(cremad_reading *g, const csv_row *row)
{
    set_reading *s = &g->set;
    const char *video = set_cell(row, g->video), *clip = set_cell(row, g->clip);
    smac_status status;
    set_clip c = {.video_id = video,
        .clip_id = clip,
        .speaker = video,
        .text = set_cell(row, g->text),
        .line = (int64_t)row->line};
    if (!*video || !*clip)
        return dataset_bad_row(
            s->d, s->options, s->report, s->error, "%.300s line %zu has no video_id or clip_id", s->path, row->line);
    if (!set_split(s, row, g->mode, &c.split, &status))
        return status;
    char why[LABEL_WHY];
    if (g->sentiment >= 0 && !are_scores(g, row, why))
        return dataset_bad_row(s->d, s->options, s->report, s->error, "%.300s line %zu: %s", s->path, row->line, why);
    if (!(c.id = dataset_id(s->d, video, clip)))
        return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for the clips of %.300s", s->path);
    dataset_item *item;
    TRY(set_add_clip(s, &c, &item));
    for (int k = 0; k < KINDS; k++) {
        float weights[EMOTIONS], score;
        const char *cell = set_cell(row, g->label[k]);
        if (g->sentiment >= 0 && !label_is_missing(cell) && label_parse(&s->d->tasks[g->sentiment], cell, &score, why))
            TRY(set_label(s, item, g->sentiment, kinds[k].truth, &score));
        if (take_votes(g, row, k, weights))
            TRY(set_label(s, item, g->emotion, kinds[k].truth, weights));
    }
    return SMAC_OK;
}

static smac_status read_table(cremad_reading *g)
{
    set_reading *s = &g->set;
    const set_task tasks[] = {
        {.name = "sentiment", .protocol = "", .number = &g->sentiment, .is_default = true, .low = -1, .high = 1},
        {.name = "emotion",
            .protocol = "classes",
            .number = &g->emotion,
            .classes = emotion_names,
            .class_count = EMOTIONS}};
    const set_column columns[] = {{"video_id", &g->video, false}, {"clip_id", &g->clip, false},
        {"text", &g->text, true}, {"mode", &g->mode, false}, {"label", &g->label[0], false},
        {"label_A", &g->label[1], true}, {"label_V", &g->label[2], true}};
    TRY(set_add_tasks(s, tasks, sizeof tasks / sizeof *tasks));
    TRY(set_open_table(s, "label.csv"));
    TRY(set_find_columns(s, columns, sizeof columns / sizeof *columns));
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < VOTED; i++) {
            char name[32];
            snprintf(name, sizeof name, "%s%s", kinds[k].prefix, voted[i].name);
            TRY(set_find_columns(s, &(set_column){name, &g->vote[k][i], true}, 1));
        }
    for (size_t i = 1; i < s->table.count; i++)
        TRY(read_row(g, &s->table.rows[i]));
    return SMAC_OK;
}

smac_status dataset_read_cremad(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    static const bool wanted[MODALITIES] = {[MODALITY_AUDIO] = true, [MODALITY_VISION] = true};
    cremad_reading g = {0};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = read_table(&g);
    char *features = status == SMAC_OK ? path_join(g.set.folder, "features.pkl") : NULL;
    const char *path = options->features && *options->features ? options->features : features;
    if (status == SMAC_OK && !features)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (status == SMAC_OK && (path != features || file_exists(path)))
        status = mmsa_features_attach(d, path, wanted, r, error);
    free(features);
    set_end(&g.set);
    return status;
}
