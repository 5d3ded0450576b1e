/*
 * data/meld.c - MELD (Poria and others 2019) as released: train_sent_emo.csv, dev_sent_emo.csv, test_sent_emo.csv, and
 * beside them (or not: then words alone) the clips dia{D}_utt{U}.mp4 of train_splits/, dev_splits_complete/ and
 * output_repeated_splits_test/.
 *
 * Tasks: emotion (seven classes), polarity (negative, neutral, positive).  Context: what was said before in the dialogue,
 * each with its speaker.  There are more test clips on disk than rows: the tables decide.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/sha256.h"
#include "data/emotions.h"
#include "data/set_reading.h"
#include "media/media.h"

enum { UTTERANCE, SPEAKER, EMOTION, SENTIMENT, DIALOGUE, NUMBER, COLUMNS };
static const char *const column_names[COLUMNS] = {
    "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"};
static const char *const polarities[] = {"negative", "neutral", "positive"};

typedef struct meld_split {
    const char *table, *clips, *name;
    dataset_split split;
} meld_split;
static const meld_split splits[] = {{"train_sent_emo.csv", "train_splits", "train", SPLIT_TRAIN},
    {"dev_sent_emo.csv", "dev_splits_complete", "dev", SPLIT_VALID},
    {"test_sent_emo.csv", "output_repeated_splits_test", "test", SPLIT_TEST}};

typedef struct meld_reading {
    set_reading set;
    const meld_split *of;
    int column[COLUMNS];
    int emotion, polarity; /* tasks, or -1 */
    bool clips;            /* the split's folder of clips is there */
    char **said;           /* (rows) "Speaker: utterance" of each row, for the context of later ones */
} meld_reading;

/* A clip of the release that is known to be damaged: where it cannot be opened, its words alone are used. */
static const char damaged_clip[] = "train_splits/dia125_utt3.mp4";

static smac_status check_damaged(set_reading *s, const char **media)
{
    char message[500];
    media_info info;
    if (media_probe(*media, NULL, &info, NULL) == SMAC_OK)
        return SMAC_OK;
    snprintf(message, sizeof message, "%.300s is damaged, as it is in the release: its words alone are used", *media);
    *media = NULL;
    report_log(s->report, LOG_WARNING, "%s", message);
    return dataset_note_loss(s->d, LOSS_MEDIA, message) ? SMAC_OK
                                                        : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a message");
}

static int polarity_from_name(const char *name)
{
    for (int i = 0; i < 3; i++)
        if (strcmp(polarities[i], name) == 0)
            return i;
    return -1;
}

/* The rows before row of the same dialogue are row - count ... row - 1. */
static int64_t count_context(const meld_reading *g, size_t row)
{
    const csv_table *t = &g->set.table;
    const char *dialogue = set_cell(&t->rows[row], g->column[DIALOGUE]);
    int64_t count = 0;
    while ((size_t)count + 1 < row &&
        strcmp(set_cell(&t->rows[row - 1 - (size_t)count], g->column[DIALOGUE]), dialogue) == 0)
        count++;
    return count;
}

static smac_status read_row(meld_reading *g, size_t index)
{
    set_reading *s = &g->set;
    const csv_row *row = &s->table.rows[index];
    const char *dialogue = set_cell(row, g->column[DIALOGUE]), *number = set_cell(row, g->column[NUMBER]);
    const char *text = set_cell(row, g->column[UTTERANCE]);
    int felt = emotion_from_name(set_cell(row, g->column[EMOTION]));
    int polarity = polarity_from_name(set_cell(row, g->column[SENTIMENT]));
    char id[100], video[50], clip[50], file[200];
    if (!*dialogue || !*number || strlen(dialogue) > 20 || strlen(number) > 20)
        return dataset_bad_row(s->d, s->options, s->report, s->error,
            "%.300s line %zu has no Dialogue_ID or Utterance_ID", s->path, row->line);
    if (g->emotion >= 0 && felt < 0)
        return dataset_bad_row(s->d, s->options, s->report, s->error,
            "%.300s line %zu: '%.40s' is not an emotion of MELD", s->path, row->line,
            set_cell(row, g->column[EMOTION]));
    if (g->polarity >= 0 && polarity < 0)
        return dataset_bad_row(s->d, s->options, s->report, s->error,
            "%.300s line %zu: '%.40s' is not a sentiment of MELD; expected negative, neutral or positive", s->path,
            row->line, set_cell(row, g->column[SENTIMENT]));
    snprintf(video, sizeof video, "dia%s", dialogue);
    snprintf(clip, sizeof clip, "utt%s", number);
    snprintf(id, sizeof id, "%s_dia%s_utt%s", g->of->name, dialogue, number);
    snprintf(file, sizeof file, "%s/dia%s_utt%s.mp4", g->of->clips, dialogue, number);
    const char *media = NULL;
    if (g->clips) {
        smac_status status;
        media = set_media(s, file, (int64_t)row->line, &status);
        if (!media)
            return status;
        if (strcmp(file, damaged_clip) == 0)
            TRY(check_damaged(s, &media));
    }
    set_clip c = {.id = id,
        .video_id = video,
        .clip_id = clip,
        .speaker = set_cell(row, g->column[SPEAKER]),
        .media = media,
        .text = text,
        .split = g->of->split,
        .line = (int64_t)row->line};
    c.context_count = count_context(g, index);
    c.context = (const char *const *)g->said + index - (size_t)c.context_count;
    dataset_item *item;
    TRY(set_add_clip(s, &c, &item));
    if (g->emotion >= 0)
        TRY(set_class(s, item, g->emotion, felt));
    return g->polarity < 0 ? SMAC_OK : set_class(s, item, g->polarity, polarity);
}

static smac_status keep_utterances(meld_reading *g)
{
    const csv_table *t = &g->set.table;
    g->said = memory_new(t->count, sizeof *g->said);
    if (!g->said)
        return FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for the dialogues of %.300s", g->set.path);
    for (size_t i = 1; i < t->count; i++) {
        text_buffer line = {0};
        text_add(&line, set_cell(&t->rows[i], g->column[SPEAKER]));
        text_add(&line, ": ");
        text_add(&line, set_cell(&t->rows[i], g->column[UTTERANCE]));
        if (line.failed)
            return FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for the dialogues of %.300s", g->set.path);
        g->said[i] = line.data;
    }
    return SMAC_OK;
}

static smac_status read_split(meld_reading *g)
{
    set_reading *s = &g->set;
    char *clips = path_join(s->folder, g->of->clips);
    smac_status status = clips ? SMAC_OK : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
    g->clips = clips && file_is_folder(clips);
    free(clips);
    if (status == SMAC_OK)
        status = set_open_table(s, g->of->table);
    for (int i = 0; i < COLUMNS && status == SMAC_OK; i++)
        status = set_find_columns(s, &(set_column){column_names[i], &g->column[i], false}, 1);
    if (status == SMAC_OK)
        status = keep_utterances(g);
    for (size_t i = 1; i < s->table.count && status == SMAC_OK; i++)
        status = read_row(g, i);
    for (size_t i = 0; g->said && i < s->table.count; i++)
        free(g->said[i]);
    free(g->said);
    g->said = NULL;
    csv_free(&s->table);
    s->table = (csv_table){0};
    free(s->path);
    s->path = NULL;
    return status;
}

static smac_status read_all(meld_reading *g)
{
    set_reading *s = &g->set;
    char digests[3 * 64 + 1] = "";
    int found = 0;
    const set_task tasks[] = {{.name = "emotion",
                                  .protocol = "meld",
                                  .number = &g->emotion,
                                  .is_default = true,
                                  .classes = emotion_names,
                                  .class_count = EMOTIONS},
        {.name = "polarity", .protocol = "meld", .number = &g->polarity, .classes = polarities, .class_count = 3}};
    TRY(set_add_tasks(s, tasks, sizeof tasks / sizeof *tasks));
    for (int i = 0; i < 3; i++) {
        char *table = path_join(s->folder, splits[i].table);
        bool there = table && file_exists(table);
        free(table);
        if (!there)
            continue;
        g->of = &splits[i];
        TRY(read_split(g));
        snprintf(digests + 64 * found++, 65, "%.64s", s->d->sha256);
    }
    if (!found)
        return FAIL(s->error, SMAC_ERROR_NOT_FOUND,
            "the folder %.300s has none of train_sent_emo.csv, dev_sent_emo.csv and test_sent_emo.csv: name MELD's folder",
            s->folder);
    sha256_hex(digests, strlen(digests), s->d->sha256);
    return SMAC_OK;
}

smac_status dataset_read_meld(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    meld_reading g = {0};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = read_all(&g);
    set_end(&g.set);
    return status;
}
