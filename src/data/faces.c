/*
 * data/faces.c - FER2013's faces with FER+'s votes (Barsoum and others 2016): pictures.csv with columns media, split,
 * fer2013 (a class) and, where a row could be joined, the ten annotators' votes neutral, happiness, surprise, sadness,
 * anger, disgust, fear, contempt, unknown, nf (not a face).
 *
 * Tasks: emotion (seven classes; the share of the votes, classes with one vote dropped as its makers do; without votes
 * FER2013's class), sentiment in [-1, 1] (joy minus anger, disgust, fear and sadness).  A picture that most annotators
 * call unknown or no face, or whose votes for the seven are all single, has FER2013's class.
 */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "data/emotions.h"
#include "data/set_reading.h"

static const struct {
    const char *column;
    emotion is;
} votes[EMOTIONS] = {{"neutral", EMOTION_NEUTRAL}, {"happiness", EMOTION_JOY}, {"surprise", EMOTION_SURPRISE},
    {"sadness", EMOTION_SADNESS}, {"anger", EMOTION_ANGER}, {"disgust", EMOTION_DISGUST}, {"fear", EMOTION_FEAR}};

typedef struct face_reading {
    set_reading set;
    int media, split, fer2013, vote[EMOTIONS], unknown, not_face;
    int emotion, sentiment; /* tasks, or -1 */
} face_reading;

static double vote_count(const csv_row *row, int column)
{
    double n = 0;
    return number_parse(set_cell(row, column), &n) && n > 0 ? n : 0;
}

/* False when neither votes nor FER2013's class say anything. */
static bool weigh(const face_reading *g, const csv_row *row, float weights[EMOTIONS])
{
    double sum = 0, all = 0;
    memset(weights, 0, EMOTIONS * sizeof *weights);
    for (int i = 0; i < EMOTIONS; i++) {
        double n = vote_count(row, g->vote[i]);
        all += n;
        if (n > 1) {
            weights[votes[i].is] = (float)n;
            sum += n;
        }
    }
    double none = vote_count(row, g->unknown) + vote_count(row, g->not_face);
    if (sum > 0 && none <= all) {
        for (int i = 0; i < EMOTIONS; i++)
            weights[i] = (float)((double)weights[i] / sum);
        return true;
    }
    memset(weights, 0, EMOTIONS * sizeof *weights);
    int felt = emotion_from_name(set_cell(row, g->fer2013));
    if (felt < 0)
        return false;
    weights[felt] = 1;
    return true;
}

static smac_status read_row(face_reading *g, const csv_row *row)
{
    set_reading *s = &g->set;
    const char *media = set_cell(row, g->media);
    set_clip c = {.id = media, .line = (int64_t)row->line};
    float weights[EMOTIONS];
    smac_status status;
    if (!set_split(s, row, g->split, &c.split, &status))
        return status;
    if (!weigh(g, row, weights))
        return dataset_bad_row(
            s->d, s->options, s->report, s->error, "%.300s line %zu has neither votes nor a class", s->path, row->line);
    if (!(c.media = set_media(s, media, c.line, &status)))
        return status;
    dataset_item *item;
    TRY(set_add_clip(s, &c, &item));
    float valence = emotion_valence(weights);
    TRY(set_label(s, item, g->emotion, TRUTH_MULTIMODAL, weights));
    return set_label(s, item, g->sentiment, TRUTH_MULTIMODAL, &valence);
}

static smac_status read_all(face_reading *g)
{
    set_reading *s = &g->set;
    const set_task tasks[] = {{.name = "emotion",
                                  .protocol = "classes",
                                  .number = &g->emotion,
                                  .is_default = true,
                                  .classes = emotion_names,
                                  .class_count = EMOTIONS},
        {.name = "sentiment", .protocol = "", .number = &g->sentiment, .low = -1, .high = 1}};
    const set_column columns[] = {{"media", &g->media, false}, {"split", &g->split, false},
        {"fer2013", &g->fer2013, false}, {"unknown", &g->unknown, true}, {"nf", &g->not_face, true}};
    TRY(set_add_tasks(s, tasks, sizeof tasks / sizeof *tasks));
    TRY(set_open_table(s, "pictures.csv"));
    TRY(set_find_columns(s, columns, sizeof columns / sizeof *columns));
    for (int i = 0; i < EMOTIONS; i++)
        TRY(set_find_columns(s, &(set_column){votes[i].column, &g->vote[i], true}, 1));
    for (size_t i = 1; i < s->table.count; i++)
        TRY(read_row(g, &s->table.rows[i]));
    return SMAC_OK;
}

smac_status dataset_read_faces(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    face_reading g = {0};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = read_all(&g);
    set_end(&g.set);
    return status;
}
