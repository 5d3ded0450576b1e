/*
 * data/voices.c - acted voices with an emotion a clip: RAVDESS (Livingstone and Russo 2018) and EmoDB (Burkhardt and
 * others 2005).  Either a table clips.csv (id, media, split, speaker, emotion, and a text or a sentence's number), or the
 * makers' own folders, whose file names tell everything: RAVDESS Actor_05/03-01-06-02-01-02-05.wav, EmoDB wav/03a01Fa.wav.
 * Without a table the last two actors (RAVDESS: 21 to 24, EmoDB: 15 and 16) are the test part and those before them (17 to
 * 20; 13 and 14) are for validation, so that no speaker is in two parts.
 *
 * Tasks: emotion (seven classes; RAVDESS's calm counts as neutral, EmoDB's boredom is left out), sentiment in [-1, 1]
 * (joy 1, anger, disgust, fear and sadness -1), and emotion_acted, the set's own classes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/number.h"
#include "base/path.h"
#include "data/emotions.h"
#include "data/set_reading.h"

static const char *const ravdess_names[] = {
    "neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"};
static const char *const emodb_names[] = {"anger", "boredom", "disgust", "fear", "happiness", "sadness", "neutral"};
static const char emodb_letters[] = "WLEAFTN"; /* Wut, Langeweile, Ekel, Angst, Freude, Trauer, neutral */

typedef struct voice_set {
    const char *name;
    const char *const *classes;
    int class_count;
} voice_set;
static const voice_set ravdess = {"ravdess", ravdess_names, 8}, emodb = {"emodb", emodb_names, 7};

typedef struct voice_reading {
    set_reading set;
    const voice_set *of;
    int emotion, sentiment, acted; /* tasks, or -1 */
} voice_reading;

static smac_status add_tasks(voice_reading *g)
{
    const set_task tasks[] = {{.name = "emotion",
                                  .protocol = "classes",
                                  .number = &g->emotion,
                                  .is_default = true,
                                  .classes = emotion_names,
                                  .class_count = EMOTIONS},
        {.name = "sentiment", .protocol = "", .number = &g->sentiment, .low = -1, .high = 1},
        {.name = "emotion_acted",
            .protocol = "classes",
            .number = &g->acted,
            .classes = g->of->classes,
            .class_count = g->of->class_count}};
    return set_add_tasks(&g->set, tasks, sizeof tasks / sizeof *tasks);
}

/* own: the set's class.  A clip of none of the wanted tasks (boredom) is left out without a word. */
static smac_status add_voice(voice_reading *g, const set_clip *clip, int own)
{
    set_reading *s = &g->set;
    int felt = emotion_from_name(g->of->classes[own]);
    if (felt < 0 && g->acted < 0)
        return SMAC_OK;
    dataset_item *item;
    TRY(set_add_clip(s, clip, &item));
    TRY(set_class(s, item, g->acted, own));
    if (felt < 0)
        return SMAC_OK;
    float weights[EMOTIONS] = {0};
    weights[felt] = 1;
    float valence = emotion_valence(weights);
    TRY(set_class(s, item, g->emotion, felt));
    return set_label(s, item, g->sentiment, TRUTH_MULTIMODAL, &valence);
}

static int class_of(const voice_set *of, const char *name)
{
    for (int i = 0; i < of->class_count; i++)
        if (strcmp(of->classes[i], name) == 0)
            return i;
    return -1;
}

static smac_status read_table(voice_reading *g)
{
    set_reading *s = &g->set;
    int id, media, split, speaker, emotion, text;
    const set_column columns[] = {{"id", &id, false}, {"media", &media, false}, {"split", &split, false},
        {"speaker", &speaker, true}, {"emotion", &emotion, false}, {"text", &text, true}};
    TRY(set_open_table(s, "clips.csv"));
    TRY(set_find_columns(s, columns, sizeof columns / sizeof *columns));
    for (size_t i = 1; i < s->table.count; i++) {
        const csv_row *row = &s->table.rows[i];
        set_clip c = {.id = set_cell(row, id),
            .text = set_cell(row, text),
            .line = (int64_t)row->line,
            .video_id = set_cell(row, speaker),
            .clip_id = set_cell(row, id),
            .speaker = set_cell(row, speaker)};
        int own = class_of(g->of, set_cell(row, emotion));
        smac_status status;
        if (own < 0) {
            TRY(dataset_bad_row(s->d, s->options, s->report, s->error,
                "%.300s line %zu: '%.40s' is not an emotion of %s", s->path, row->line, set_cell(row, emotion),
                g->of->name));
        } else if (!set_split(s, row, split, &c.split, &status)) {
            TRY(status);
        } else {
            c.media = set_media(s, set_cell(row, media), c.line, &status);
            TRY(c.media ? add_voice(g, &c, own) : status);
        }
    }
    return SMAC_OK;
}

/* "03-01-06-02-01-02-05": modality, channel, emotion, intensity, statement, repetition, actor. */
static bool parse_ravdess(const char *stem, int *own, int *actor, const char **text)
{
    static const char *const statements[] = {"Kids are talking by the door.", "Dogs are sitting by the door."};
    int n[7];
    for (int i = 0; i < 7; i++) {
        const char *at = stem + 3 * i;
        if (strlen(stem) != 20 || at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9' || (i < 6 && at[2] != '-'))
            return false;
        n[i] = (at[0] - '0') * 10 + at[1] - '0';
    }
    *own = n[2] - 1;
    *actor = n[6];
    *text = n[4] >= 1 && n[4] <= 2 ? statements[n[4] - 1] : "";
    return n[1] == 1 && *own >= 0 && *own < 8; /* channel 1: speech; 2 is song */
}

/* "03a01Fa": speaker, sentence, emotion's letter, version. */
static bool parse_emodb(const char *stem, int *own, int *speaker)
{
    if (strlen(stem) != 7 || stem[0] < '0' || stem[0] > '9' || stem[1] < '0' || stem[1] > '9')
        return false;
    const char *letter = strchr(emodb_letters, stem[5]);
    *own = letter && *letter ? (int)(letter - emodb_letters) : -1;
    *speaker = (stem[0] - '0') * 10 + stem[1] - '0';
    return *own >= 0;
}

static bool is_wave(const char *folder, const char *name)
{
    (void)folder;
    size_t length = strlen(name);
    return length > 4 && (strcmp(name + length - 4, ".wav") == 0 || strcmp(name + length - 4, ".mp4") == 0);
}

static smac_status read_name(voice_reading *g, const char *relative, const char *name)
{
    set_reading *s = &g->set;
    char stem[64], path[300], speaker[32];
    int own = -1, number = 0;
    const char *text = "";
    smac_status status;
    if (strlen(name) - 4 >= sizeof stem)
        return SMAC_OK;
    snprintf(stem, sizeof stem, "%.*s", (int)strlen(name) - 4, name);
    bool acts = g->of == &ravdess;
    if (acts ? !parse_ravdess(stem, &own, &number, &text) : !parse_emodb(stem, &own, &number))
        return dataset_bad_row(s->d, s->options, s->report, s->error, "%.300s/%.200s has a name that is not %s's",
            s->folder, name, g->of->name);
    snprintf(path, sizeof path, "%.150s/%.100s", relative, name);
    snprintf(speaker, sizeof speaker, "%s%02d", acts ? "actor" : "speaker", number);
    set_clip c = {.id = stem, .text = text, .video_id = speaker, .clip_id = stem, .speaker = speaker};
    c.split = number >= (acts ? 21 : 15) ? SPLIT_TEST : number >= (acts ? 17 : 13) ? SPLIT_VALID : SPLIT_TRAIN;
    c.media = set_media(s, path, 0, &status);
    return c.media ? add_voice(g, &c, own) : status;
}

static smac_status read_folder(voice_reading *g, const char *relative, size_t *found)
{
    set_reading *s = &g->set;
    char *folder = path_join(s->folder, relative), **files = NULL;
    size_t count = 0;
    smac_status status = folder ? folder_list(folder, is_wave, &files, &count, s->error)
                                : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for a path");
    for (size_t i = 0; i < count && status == SMAC_OK; i++)
        status = read_name(g, relative, files[i]);
    *found += count;
    folder_list_free(files, count);
    free(folder);
    return status;
}

static smac_status read_folders(voice_reading *g)
{
    set_reading *s = &g->set;
    size_t found = 0;
    if (g->of == &emodb)
        TRY(read_folder(g, "wav", &found));
    for (int actor = 1; g->of == &ravdess && actor <= 24; actor++) {
        char name[16];
        snprintf(name, sizeof name, "Actor_%02d", actor);
        TRY(read_folder(g, name, &found));
    }
    return found ? SMAC_OK
                 : FAIL(s->error, SMAC_ERROR_NOT_FOUND,
                       "the folder %.300s has neither clips.csv nor %s: name the folder of the set", s->folder,
                       g->of == &emodb ? "wav/*.wav" : "Actor_01/*.wav to Actor_24/*.wav");
}

static smac_status read_voices(
    const voice_set *of, const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    voice_reading g = {.of = of};
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = add_tasks(&g);
    char *table = status == SMAC_OK && !g.set.path ? path_join(g.set.folder, "clips.csv") : NULL;
    if (status == SMAC_OK)
        status = g.set.path || (table && file_exists(table)) ? read_table(&g) : read_folders(&g);
    free(table);
    set_end(&g.set);
    return status;
}

smac_status dataset_read_ravdess(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    return read_voices(&ravdess, options, r, d, error);
}

smac_status dataset_read_emodb(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    return read_voices(&emodb, options, r, d, error);
}
