/*
 * data/iemocap.c - IEMOCAP (Busso and others 2008) as released: Session{1..5}/dialog/{avi/DivX, transcriptions,
 * EmoEvaluation} and sentences/wav.
 *
 * "iemocap4": happy (with excited), sad, neutral, angry; "iemocap6": happy, sad, neutral, angry, excited, frustrated.
 * "-1" to "-5" after it leaves that session out for the test (5 without); of the other sessions one dialogue in ten, by a
 * hash of its name, is for validation.  Task: emotion4 or emotion6.
 *
 * Pictures show two speakers side by side: the dialogue's name says in its sixth letter who sits on the left, the turn's
 * name who speaks; the extra column "half" holds left or right (vision.crop).  A dialogue without its picture falls back
 * to the turn's own sound.  Context: the turns before it in the dialogue, each with its speaker's letter.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/number.h"
#include "base/path.h"
#include "base/sha256.h"
#include "data/set_reading.h"

static const char *const classes4[] = {"happy", "sad", "neutral", "angry"};
static const char *const classes6[] = {"happy", "sad", "neutral", "angry", "excited", "frustrated"};
static const char *const extra_names[] = {"half"};
enum { SESSIONS = 5, TURN_NAME = 64 };

typedef struct iemocap_turn {
    char name[TURN_NAME];
    double start, end;
    char *text; /* from the transcription */
    int class;  /* -1: none of the classes; -2: not a code of IEMOCAP's */
    bool is_repeated;
} iemocap_turn;

typedef struct iemocap_reading {
    set_reading set;
    int classes, test_session, emotion; /* emotion: the task */
    iemocap_turn *turns;                /* of one dialogue, by start */
    size_t turn_count, turn_capacity;
    int64_t found;
} iemocap_reading;

static int class_of(const iemocap_reading *g, const char *code)
{
    static const char *const codes[] = {"hap", "sad", "neu", "ang", "exc", "fru"};
    for (int i = 0; i < 6; i++)
        if (strcmp(codes[i], code) == 0)
            return i < g->classes ? i : i == 4 ? 0 : -1; /* excited counts as happy among four */
    static const char *const others[] = {"sur", "fea", "dis", "oth", "xxx"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i], code) == 0)
            return -1;
    return -2;
}

static void clear_turns(iemocap_reading *g)
{
    for (size_t i = 0; i < g->turn_count; i++)
        free(g->turns[i].text);
    g->turn_count = 0;
}

static iemocap_turn *find_turn(iemocap_reading *g, const char *name, size_t length)
{
    for (size_t i = 0; i < g->turn_count; i++)
        if (strlen(g->turns[i].name) == length && memcmp(g->turns[i].name, name, length) == 0)
            return &g->turns[i];
    return NULL;
}

/* A number that ends before one of the characters of ends; *at moves past that character. */
static bool take_number(const char **at, const char *ends, double *out)
{
    char text[40];
    *at += strspn(*at, " \t");
    size_t length = strcspn(*at, ends);
    if (length == 0 || length >= sizeof text || !(*at)[length])
        return false;
    memcpy(text, *at, length);
    while (length && text[length - 1] == ' ')
        length--;
    text[length] = 0;
    *at += strcspn(*at, ends) + 1;
    return number_parse(text, out);
}

/* [6.2901 - 8.2357]<TAB>Ses01F_impro01_F000<TAB>neu<TAB>[2.5000, 2.5000, 2.5000] */
static bool parse_evaluation(const iemocap_reading *g, const char *line, iemocap_turn *turn)
{
    char code[8];
    const char *at = line + 1;
    if (*line != '[' || !take_number(&at, "-", &turn->start) || !take_number(&at, "]", &turn->end))
        return false;
    at += strspn(at, "\t ");
    size_t length = strcspn(at, "\t ");
    if (length == 0 || length >= sizeof turn->name)
        return false;
    memcpy(turn->name, at, length);
    turn->name[length] = 0;
    at += length;
    at += strspn(at, "\t ");
    length = strcspn(at, "\t \r");
    if (length == 0 || length >= sizeof code)
        return false;
    memcpy(code, at, length);
    code[length] = 0;
    turn->class = class_of(g, code);
    return turn->end > turn->start;
}

static smac_status for_lines(iemocap_reading *g, const char *path, bool (*take)(iemocap_reading *g, const char *line))
{
    char *data = NULL;
    size_t size = 0;
    TRY(file_read(path, 0, &data, &size, g->set.error));
    bool whole = true;
    for (char *at = data, *next; whole && at && *at; at = next) {
        char *end = strchr(at, '\n');
        next = end ? end + 1 : at + strlen(at);
        if (end)
            *end = 0;
        at[strcspn(at, "\r")] = 0;
        whole = take(g, at);
    }
    free(data);
    return whole ? SMAC_OK : FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for the turns of %.300s", path);
}

static bool take_evaluation(iemocap_reading *g, const char *line)
{
    iemocap_turn turn = {0}, *before;
    if (!parse_evaluation(g, line, &turn))
        return true;
    if ((before = find_turn(g, turn.name, strlen(turn.name)))) {
        before->is_repeated = true;
        return true;
    }
    if (!memory_grow((void **)&g->turns, &g->turn_capacity, g->turn_count + 1, sizeof *g->turns))
        return false;
    g->turns[g->turn_count++] = turn;
    return true;
}

/* Ses05F_script03_1_F033 [241.6700-243.4048]: You knew there was nothing. */
static bool take_transcription(iemocap_reading *g, const char *line)
{
    size_t length = strcspn(line, " ");
    const char *text = strstr(line, "]: ");
    iemocap_turn *turn = find_turn(g, line, length);
    if (!turn || !text || turn->text)
        return true;
    return (turn->text = memory_copy_text(text + 3)) != NULL;
}

static int compare_turns(const void *a, const void *b)
{
    const iemocap_turn *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start ? 1 : strcmp(x->name, y->name);
}

/* "left" or "right": letter 6 of the dialogue's name is the gender on the left; the turn's is the letter before its number. */
static const char *half_of(const char *dialogue, const char *turn)
{
    size_t length = strlen(turn);
    char speaks = length > 4 ? turn[length - 4] : 0;
    return strlen(dialogue) > 5 && dialogue[5] == speaks ? "left" : "right";
}

static smac_status add_turn(
    iemocap_reading *g, int session, const char *dialogue, const char *video, size_t index, const char **context)
{
    set_reading *s = &g->set;
    const iemocap_turn *turn = &g->turns[index];
    char speaker[32], sound[300];
    char letter = turn->name[strlen(turn->name) > 4 ? strlen(turn->name) - 4 : 0];
    snprintf(speaker, sizeof speaker, "Ses%02d%c", session, letter);
    set_clip c = {.id = turn->name,
        .video_id = dialogue,
        .clip_id = turn->name,
        .speaker = speaker,
        .text = turn->text,
        .media = video,
        .start = turn->start,
        .end = turn->end,
        .context = context,
        .context_count = (int64_t)index};
    c.split = session == g->test_session ? SPLIT_TEST : set_held_out(dialogue, 10, 0) ? SPLIT_VALID : SPLIT_TRAIN;
    if (!video) {
        smac_status status;
        snprintf(sound, sizeof sound, "Session%d/sentences/wav/%.100s/%.100s.wav", session, dialogue, turn->name);
        c.start = c.end = 0;
        if (!(c.media = set_media(s, sound, 0, &status)))
            return status;
    }
    dataset_item *item;
    TRY(set_add_clip(s, &c, &item));
    const char **extra = arena_take(dataset_arena(s->d), sizeof *extra);
    if (!extra || !(extra[0] = dataset_text(s->d, half_of(dialogue, turn->name))))
        return FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for the turns of %s", dialogue);
    item->extra = extra;
    g->found++;
    return set_class(s, item, g->emotion, turn->class);
}

static smac_status add_turns(iemocap_reading *g, int session, const char *dialogue)
{
    set_reading *s = &g->set;
    char relative[300];
    snprintf(relative, sizeof relative, "Session%d/dialog/avi/DivX/%.100s.avi", session, dialogue);
    char *video = path_join(s->folder, relative);
    const char **context = memory_new(g->turn_count + 1, sizeof *context);
    smac_status status = video && context ? SMAC_OK : FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for %s", dialogue);
    bool there = video && file_exists(video);
    qsort(g->turns, g->turn_count, sizeof *g->turns, compare_turns);
    size_t said = 0;
    for (; status == SMAC_OK && said < g->turn_count; said++) {
        const iemocap_turn *turn = &g->turns[said];
        text_buffer line = {0};
        if (turn->class == -2 || (turn->is_repeated && !s->options->keep_repeats))
            status = dataset_bad_row(s->d, s->options, s->report, s->error, "%.300s, dialogue %s: turn %s %s",
                s->folder, dialogue, turn->name,
                turn->is_repeated ? "is in the data twice" : "has an emotion that is not one of IEMOCAP's codes");
        else if (turn->class >= 0)
            status = add_turn(g, session, dialogue, there ? video : NULL, said, context);
        text_add_char(&line, turn->name[strlen(turn->name) > 4 ? strlen(turn->name) - 4 : 0]);
        text_add(&line, ": ");
        text_add(&line, turn->text ? turn->text : "");
        context[said] = line.data;
        if (line.failed && status == SMAC_OK)
            status = FAIL(s->error, SMAC_ERROR_MEMORY, "no memory for %s", dialogue);
    }
    for (size_t i = 0; context && i < said; i++)
        free((void *)(uintptr_t)context[i]);
    free(context);
    free(video);
    return status;
}

static bool is_evaluation(const char *folder, const char *name)
{
    (void)folder;
    size_t length = strlen(name);
    return strncmp(name, "Ses", 3) == 0 && length > 4 && strcmp(name + length - 4, ".txt") == 0;
}

static smac_status read_dialogue(iemocap_reading *g, int session, const char *file)
{
    char relative[300], dialogue[128];
    snprintf(dialogue, sizeof dialogue, "%.*s", (int)strlen(file) - 4, file);
    snprintf(relative, sizeof relative, "Session%d/dialog/EmoEvaluation/%.150s", session, file);
    char *evaluation = path_join(g->set.folder, relative);
    snprintf(relative, sizeof relative, "Session%d/dialog/transcriptions/%.150s", session, file);
    char *transcription = path_join(g->set.folder, relative);
    smac_status status = evaluation && transcription ? for_lines(g, evaluation, take_evaluation)
                                                     : FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (status == SMAC_OK && file_exists(transcription))
        status = for_lines(g, transcription, take_transcription);
    else if (status == SMAC_OK)
        report_log(g->set.report, LOG_WARNING, "there is no %s: its turns have no words", transcription);
    if (status == SMAC_OK)
        status = add_turns(g, session, dialogue);
    clear_turns(g);
    free(evaluation);
    free(transcription);
    return status;
}

static smac_status read_session(iemocap_reading *g, int session)
{
    char relative[100], **files = NULL;
    size_t count = 0;
    snprintf(relative, sizeof relative, "Session%d/dialog/EmoEvaluation", session);
    char *folder = path_join(g->set.folder, relative);
    smac_status status = folder ? folder_list(folder, is_evaluation, &files, &count, g->set.error)
                                : FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for a path");
    for (size_t i = 0; i < count && status == SMAC_OK; i++)
        status = read_dialogue(g, session, files[i]);
    folder_list_free(files, count);
    free(folder);
    return status;
}

static smac_status read_all(iemocap_reading *g)
{
    set_reading *s = &g->set;
    const char *name = g->classes == 4 ? "emotion4" : "emotion6";
    const set_task task = {.name = name,
        .protocol = "iemocap",
        .number = &g->emotion,
        .is_default = true,
        .classes = g->classes == 4 ? classes4 : classes6,
        .class_count = g->classes};
    TRY(set_add_tasks(s, &task, 1));
    s->d->sources[0].extra_names = extra_names;
    s->d->sources[0].extra_count = 1;
    for (int session = 1; session <= SESSIONS; session++)
        TRY(read_session(g, session));
    if (g->found == 0)
        return FAIL(s->error, SMAC_ERROR_NOT_FOUND,
            "the folder %.300s has no Session1/dialog/EmoEvaluation/Ses*.txt: name IEMOCAP's folder", s->folder);
    sha256_hex(name, strlen(name), s->d->sha256);
    return SMAC_OK;
}

smac_status dataset_read_iemocap(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    iemocap_reading g = {.classes = strncmp(options->layout, "iemocap4", 8) == 0 ? 4 : 6, .test_session = SESSIONS};
    const char *dash = strchr(options->layout, '-');
    if (dash && isdigit((unsigned char)dash[1]))
        g.test_session = dash[1] - '0';
    smac_status status = set_begin(&g.set, options, r, d, error);
    if (status == SMAC_OK)
        status = read_all(&g);
    clear_turns(&g);
    free(g.turns);
    set_end(&g.set);
    return status;
}
