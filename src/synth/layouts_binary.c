/* synth/layouts_binary.c - layouts of pickles and of HDF5 files: UR-FUNNY, CMU-MultimodalSDK, MMSA's feature pickle. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "data/csd_write.h"
#include "synth/layouts_internal.h"
#include "weights/pickle_write.h"

/* --- pickles ------------------------------------------------------------------------------------------------------ */

/* A pickle of one dictionary, begun; its members follow. */
static smac_status begin_pickle(const char *folder, const char *name, file_writer *w, smac_error *error)
{
    char *path = path_join(folder, name);
    smac_status status =
        path ? file_writer_begin(w, path, error) : FAIL(error, SMAC_ERROR_MEMORY, "no memory for %s", name);
    free(path);
    if (status != SMAC_OK)
        return status;
    pickle_write_begin(w->file);
    pickle_write_open(w->file, '{');
    return SMAC_OK;
}

static smac_status end_pickle(file_writer *w, smac_error *error)
{
    pickle_write_close(w->file, '{');
    pickle_write_end(w->file);
    return file_writer_commit(w, error);
}

/* --- UR-FUNNY ----------------------------------------------------------------------------------------------------- */

static smac_status write_folds(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const folds[SYNTH_SPLITS] = {"train", "dev", "test"};
    file_writer w = {0};
    TRY(begin_pickle(folder, "data_folds.pkl", &w, error));
    for (int split = 0; split < SYNTH_SPLITS; split++) {
        pickle_write_text(w.file, folds[split]);
        pickle_write_open(w.file, '[');
        for (int64_t row = 0; row < layout_rows(plan); row++)
            if (layout_split(plan, layout_clip_of_row(plan, row)) == (synth_split)split)
                pickle_write_integer(w.file, layout_clip_of_row(plan, row) + 1);
        pickle_write_close(w.file, '[');
    }
    return end_pickle(&w, error);
}

static smac_status write_sentences(const synth_plan *plan, const char *folder, smac_error *error)
{
    file_writer w = {0};
    TRY(begin_pickle(folder, "language_sdk.pkl", &w, error));
    for (int64_t i = 0; i < plan->options.clips; i++) {
        const char *before = layout_said_before(plan, i);
        pickle_write_integer(w.file, i + 1);
        pickle_write_open(w.file, '{');
        pickle_write_text(w.file, "punchline_sentence");
        pickle_write_text(w.file, layout_text(plan, i));
        pickle_write_text(w.file, "context_sentences");
        pickle_write_open(w.file, '[');
        if (before)
            pickle_write_text(w.file, before);
        pickle_write_close(w.file, '[');
        pickle_write_close(w.file, '{');
    }
    return end_pickle(&w, error);
}

smac_status layout_write_urfunny(const synth_plan *plan, const char *folder, smac_error *error)
{
    file_writer w = {0};
    TRY(write_folds(plan, folder, error));
    TRY(write_sentences(plan, folder, error));
    TRY(begin_pickle(folder, "humor_label_sdk.pkl", &w, error));
    for (int64_t i = 0; i < plan->options.clips; i++) {
        pickle_write_integer(w.file, i + 1);
        pickle_write_integer(w.file, layout_has_unknown_label(plan, i) ? 7 : synth_humor(&plan->clips[i].states));
    }
    return end_pickle(&w, error);
}

/* --- MMSA's feature pickle ---------------------------------------------------------------------------------------- */

enum { STEPS = 4, WIDTH = 3 };

/* A short sequence that shows the state, with some variation by clip; of a damaged clip one value is not finite. */
static void draw_vectors(const synth_plan *plan, int64_t index, double state, float out[STEPS * WIDTH])
{
    for (int i = 0; i < STEPS * WIDTH; i++)
        out[i] = (float)(state * (1 + i % WIDTH) + 0.1 * sin((double)(index * 7 + i)));
    if (layout_is_damaged(plan, index))
        out[1] = -INFINITY;
}

typedef struct pickle_split {
    const synth_plan *plan;
    synth_split split;
    FILE *file;
    int64_t count;
} pickle_split;

/* The next row of the split after *row (begin with -1); its clip, or -1. */
static int64_t next_clip(const pickle_split *p, int64_t *row)
{
    for (++*row; *row < layout_rows(p->plan); ++*row)
        if (layout_split(p->plan, layout_clip_of_row(p->plan, *row)) == p->split)
            return layout_clip_of_row(p->plan, *row);
    return -1;
}

static void write_texts(const pickle_split *p, const char *key)
{
    int64_t row = -1;
    char id[64];
    pickle_write_text(p->file, key);
    pickle_write_open(p->file, '[');
    for (int64_t i; (i = next_clip(p, &row)) >= 0;) {
        const plan_clip *clip = &p->plan->clips[i];
        snprintf(id, sizeof id, "video_%04" PRId64 "$_$%04d", clip->speaker + 1, clip->number);
        pickle_write_text(p->file,
            strcmp(key, "id") == 0             ? id
                : strcmp(key, "raw_text") == 0 ? layout_text(p->plan, i)
                                               : synth_annotation(synth_label(&clip->states)));
    }
    pickle_write_close(p->file, '[');
}

static void write_vectors(const pickle_split *p, bool vision)
{
    int64_t row = -1;
    float values[STEPS * WIDTH];
    pickle_write_text(p->file, vision ? "vision" : "audio");
    pickle_write_array_begin(p->file, 3, (const int64_t[]){p->count, STEPS, WIDTH});
    for (int64_t i; (i = next_clip(p, &row)) >= 0;) {
        const synth_states *s = &p->plan->clips[i].states;
        draw_vectors(p->plan, i, vision ? s->vision : s->audio, values);
        pickle_write_floats(p->file, values, STEPS * WIDTH);
    }
    pickle_write_array_end(p->file);
}

/* which: 'M', or the modality's own 'T', 'A', 'V'. */
static void write_labels(const pickle_split *p, const char *key, char which)
{
    int64_t row = -1;
    pickle_write_text(p->file, key);
    pickle_write_array_begin(p->file, 1, &p->count);
    for (int64_t i; (i = next_clip(p, &row)) >= 0;) {
        const synth_states *s = &p->plan->clips[i].states;
        double label = which == 'T' ? s->text : which == 'A' ? s->audio : which == 'V' ? s->vision : synth_label(s);
        float value = (float)(which == 'M' && layout_has_unknown_label(p->plan, i) ? 7 : label);
        pickle_write_floats(p->file, &value, 1);
    }
    pickle_write_array_end(p->file);
}

smac_status layout_write_pickle(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const names[SYNTH_SPLITS] = {"train", "valid", "test"},
                             *const texts[] = {"id", "raw_text", "annotations"};
    file_writer w = {0};
    TRY(begin_pickle(folder, "features.pkl", &w, error));
    for (int split = 0; split < SYNTH_SPLITS; split++) {
        pickle_split p = {.plan = plan, .split = (synth_split)split, .file = w.file};
        for (int64_t row = -1; next_clip(&p, &row) >= 0;)
            p.count++;
        pickle_write_text(w.file, names[split]);
        pickle_write_open(w.file, '{');
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            write_texts(&p, texts[i]);
        write_vectors(&p, false);
        write_vectors(&p, true);
        write_labels(&p, "regression_labels", 'M');
        write_labels(&p, "regression_labels_T", 'T');
        write_labels(&p, "regression_labels_A", 'A');
        write_labels(&p, "regression_labels_V", 'V');
        pickle_write_close(w.file, '{');
    }
    return end_pickle(&w, error);
}

/* --- CMU-MultimodalSDK: a video is a speaker, each of whose clips takes ten seconds of it --------------------------- */

enum { EMOTIONS_OF_MOSEI = 6, LABELS_OF_MOSEI = 1 + EMOTIONS_OF_MOSEI };
enum { CLIPS_MAX = 100, WORDS_MAX = 64, ROWS_MAX = CLIPS_MAX * WORDS_MAX }; /* of a speaker, of a clip, of an entry */
#define CLIP_SECONDS 10.0
#define SAID_SECONDS 8.0

/* Room for the rows of one entry. */
typedef struct csd_room {
    double intervals[2 * ROWS_MAX];
    float numbers[ROWS_MAX * LABELS_OF_MOSEI];
    char *words[ROWS_MAX];
    csd_rows rows;
} csd_room;

static void add_interval(csd_room *room, double start, double end)
{
    room->intervals[2 * room->rows.count] = start;
    room->intervals[2 * room->rows.count + 1] = end;
    room->rows.count++;
}

static void add_clip_labels(const synth_plan *plan, int64_t index, csd_room *room)
{
    static const char *const order[EMOTIONS_OF_MOSEI] = {"joy", "sadness", "anger", "surprise", "disgust", "fear"};
    const synth_states *s = &plan->clips[index].states;
    float *row = room->numbers + room->rows.count * LABELS_OF_MOSEI;
    row[0] = (float)(layout_has_unknown_label(plan, index) ? 7 : 3 * synth_label(s));
    for (int i = 0; i < EMOTIONS_OF_MOSEI; i++)
        row[1 + i] = strcmp(order[i], synth_emotion(s)) == 0 ? 2 : 0;
    double start = CLIP_SECONDS * (plan->clips[index].number - 1);
    add_interval(room, start, start + SAID_SECONDS);
}

/* The words of a clip spread over its stretch; text is cut. */
static void add_clip_words(const synth_plan *plan, int64_t index, char *text, csd_room *room)
{
    char *words[WORDS_MAX], *rest = NULL;
    int count = 0;
    for (char *word = strtok_r(text, " ", &rest); word && count < WORDS_MAX - 1; word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
        if (count == 1)
            words[count++] = "sp"; /* a pause */
    }
    double start = CLIP_SECONDS * (plan->clips[index].number - 1);
    for (int i = 0; i < count; i++) {
        room->words[room->rows.count] = words[i];
        add_interval(room, start + SAID_SECONDS * i / count, start + SAID_SECONDS * (i + 1) / count);
    }
}

static void add_clip_vectors(const synth_plan *plan, int64_t index, double state, csd_room *room)
{
    float values[STEPS * WIDTH];
    double start = CLIP_SECONDS * (plan->clips[index].number - 1);
    draw_vectors(plan, index, state, values);
    for (int i = 0; i < STEPS; i++) {
        memcpy(room->numbers + room->rows.count * WIDTH, values + i * WIDTH, WIDTH * sizeof *values);
        add_interval(room, start + SAID_SECONDS * i / STEPS, start + SAID_SECONDS * (i + 1) / STEPS);
    }
}

enum csd_content { CSD_LABELS, CSD_WORDS, CSD_AUDIO, CSD_VISION, CSD_FILES };

/* One video's entry of one file. */
static smac_status write_video(
    const synth_plan *plan, int64_t speaker, enum csd_content content, csd_writer *w, smac_error *error)
{
    char name[32], *texts[CLIPS_MAX] = {NULL};
    int64_t a_speaker = plan->options.clips_per_speaker, first = speaker * a_speaker;
    csd_room *room = memory_new(1, sizeof *room);
    smac_status status = room ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the rows of a video");
    for (int64_t i = first; status == SMAC_OK && i < first + a_speaker && i < plan->options.clips; i++) {
        const synth_states *s = &plan->clips[i].states;
        if (content == CSD_LABELS) {
            add_clip_labels(plan, i, room);
        } else if (content == CSD_WORDS) {
            texts[i - first] = memory_copy_text(layout_text(plan, i));
            if (texts[i - first])
                add_clip_words(plan, i, texts[i - first], room);
            else
                status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for words");
        } else {
            add_clip_vectors(plan, i, content == CSD_AUDIO ? s->audio : s->vision, room);
        }
    }
    if (status == SMAC_OK && room->rows.count) {
        room->rows.width = content == CSD_LABELS ? LABELS_OF_MOSEI : content == CSD_WORDS ? 1 : WIDTH;
        room->rows.intervals = room->intervals;
        room->rows.numbers = room->numbers;
        room->rows.words = content == CSD_WORDS ? room->words : NULL;
        snprintf(name, sizeof name, "video_%04" PRId64, speaker + 1);
        csd_write(w, name, &room->rows);
    }
    for (int i = 0; i < CLIPS_MAX; i++)
        free(texts[i]);
    free(room);
    return status;
}

/* folds.json; the fault of a clip that is listed twice: the last video is in two folds. */
static smac_status write_json_folds(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const names[SYNTH_SPLITS] = {"train", "valid", "test"};
    text_buffer json = {0};
    for (int split = 0; split < SYNTH_SPLITS; split++) {
        const char *comma = "";
        text_format(&json, "%s\"%s\": [", split ? ", " : "{", names[split]);
        for (int64_t i = 0; i < plan->speaker_count; i++) {
            bool again = i + 1 == plan->speaker_count && layout_has_fault(plan, SYNTH_DUPLICATE);
            if (plan->speakers[i].split == (synth_split)split || again) {
                text_format(&json, "%s\"video_%04" PRId64 "\"", comma, i + 1);
                comma = ", ";
            }
        }
        text_add(&json, "]");
    }
    text_add(&json, "}\n");
    return layout_write_file(folder, "folds.json", &json, error);
}

smac_status layout_write_csd(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const files[CSD_FILES] = {"Labels.csd", "TimestampedWords.csd", "COVAREP.csd", "OpenFace.csd"};
    static const char *const names[CSD_FILES] = {"labels", "words", "COVAREP", "OpenFace"};
    for (int content = 0; content < CSD_FILES; content++) {
        csd_writer *w = NULL;
        char *path = path_join(folder, files[content]);
        smac_status status = path ? csd_writer_new(path, names[content], &w, error)
                                  : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
        free(path);
        TRY(status);
        for (int64_t i = 0; i < plan->speaker_count && status == SMAC_OK; i++)
            status = write_video(plan, i, (enum csd_content)content, w, error);
        smac_status closed = csd_writer_close(w, status == SMAC_OK ? error : NULL);
        TRY(status != SMAC_OK ? status : closed);
    }
    return write_json_folds(plan, folder, error);
}
