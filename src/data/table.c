/*
 * data/table.c - a plain table: a header line, one line a clip, columns found by their names.  "media,text,label,split" is
 * the whole form; a table of "text,label" is enough.
 *
 *   media     a file, from the table's folder on (also: path, file, filename, audio, image, ...)
 *   text      the words (transcript, sentence, utterance, ...)
 *   split     train, valid or test (mode, set, ...); without it clips are shared out by a hash of speaker or id
 *   id, speaker, start, end (seconds of the media), context (what was said before)
 * Every other column can be a task: --task NAME, or NAME:classes, NAME:score; without it "label", else the column that is
 * called like a task (emotion, sentiment, ...).  NAME_T, NAME_A, NAME_V are the modalities' own labels.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/number.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "data/label_survey.h"
#include "data/set_reading.h"
#include "data/table_text.h"

enum { ID, MEDIA, TEXT, SPLIT, SPEAKER, START, END, CONTEXT, COLUMNS };
/* Names of each column, the usual one first; bars between them. */
static const char *const column_names[COLUMNS] = {
    "id|clip_id|utterance_id|name",
    "media|path|file|filename|file_name|filepath|audio|wav|image|picture|clip",
    "text|transcript|transcription|sentence|utterance|words|caption|comment",
    "split|mode|set|subset|partition",
    "speaker|speaker_id|actor|subject|user",
    "start|start_time|begin",
    "end|end_time|stop",
    "context",
};
static const char task_names[] = "label|emotion|sentiment|class|score|rating|sarcasm|humor|humour|valence";

typedef struct table_reading {
    set_reading set;
    int column[COLUMNS]; /* place, or -1 */
    int label_column[DATASET_TASKS_MAX][TRUTH_KINDS];
} table_reading;

/* --- columns ------------------------------------------------------------------------------------------------------ */

/* The column called by one of the names ("a|b|c"), in the names' order, whatever the case and the spaces around it. */
static int find_column(const csv_table *table, const char *names)
{
    for (const char *at = names; *at;) {
        size_t length = strcspn(at, "|");
        for (size_t i = 0; i < table->rows[0].count; i++) {
            const char *cell = table->rows[0].cells[i];
            size_t from = strspn(cell, " \t"), rest = strlen(cell + from);
            while (rest > 0 && strchr(" \t", cell[from + rest - 1]))
                rest--;
            if (rest == length && strncasecmp(cell + from, at, length) == 0)
                return (int)i;
        }
        at += length + (at[length] == '|');
    }
    return -1;
}

static void list_columns(const csv_table *table, text_buffer *out)
{
    for (size_t i = 0; i < table->rows[0].count && out->length < 200; i++)
        text_format(out, "%s%.60s", i ? ", " : "", table->rows[0].cells[i]);
}

static smac_status no_such_column(const table_reading *g, const char *what)
{
    text_buffer there = {0};
    list_columns(&g->set.table, &there);
    smac_status status = FAIL(g->set.error, SMAC_ERROR_FORMAT,
        "%.300s has %s; its first line names %.200s: expected a header line with media or text, and a label",
        g->set.path, what, there.data ? there.data : "nothing");
    text_free(&there);
    return status;
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

/* Splits "emotion:classes". */
static smac_status split_task_name(const table_reading *g, char name[TASK_NAME_MAX], label_kind *kind)
{
    char *colon = strchr(name, ':');
    *kind = LABEL_KIND_ANY;
    if (!colon)
        return SMAC_OK;
    *colon = 0;
    if (strcmp(colon + 1, "classes") == 0)
        *kind = LABEL_KIND_CLASSES;
    else if (strcmp(colon + 1, "score") == 0)
        *kind = LABEL_KIND_SCORES;
    else
        return FAIL(g->set.error, SMAC_ERROR_ARGUMENT, "task %.60s is said to be '%.40s'; expected classes or score",
            name, colon + 1);
    return SMAC_OK;
}

/* "-0,5": a number with a decimal comma.  *digits: how many follow the comma, 0 without one. */
static bool is_comma_number(const char *text, size_t *digits)
{
    text += *text == '-' || *text == '+';
    size_t whole = strspn(text, "0123456789");
    *digits = text[whole] == ',' ? strspn(text + whole + 1, "0123456789") : 0;
    return whole > 0 && text[whole + (*digits ? *digits + 1 : 0)] == 0;
}

/*
 * Columns of numbers with a decimal comma, as spreadsheets of many languages write them, get a point in its place, with a
 * note.  Three digits after every comma may be thousands: such a column is left as it is.
 */
static void mend_decimal_commas(table_reading *g)
{
    const csv_table *table = &g->set.table;
    for (size_t c = 0; c < table->rows[0].count; c++) {
        size_t commas = 0, thousands = 0, digits;
        bool numbers = true;
        for (size_t i = 1; i < table->count && numbers; i++) {
            const char *cell = set_cell(&table->rows[i], (int)c);
            if (label_is_missing(cell))
                continue;
            numbers = is_comma_number(cell, &digits);
            commas += digits > 0;
            thousands += digits == 3;
        }
        if (!numbers || commas == 0 || thousands == commas)
            continue;
        for (size_t i = 1; i < table->count; i++) {
            char *comma = c < table->rows[i].count ? strchr(table->rows[i].cells[c], ',') : NULL;
            if (comma)
                *comma = '.';
        }
        report_log(g->set.report, LOG_WARNING,
            "%s: the numbers of column %s have decimal commas; they are read as points", g->set.path,
            table->rows[0].cells[c]);
    }
}

static smac_status add_task(table_reading *g, const char *name, label_kind kind)
{
    static const char *const endings[TRUTH_KINDS] = {"", "_T", "_A", "_V"};
    dataset *d = g->set.d;
    const csv_table *table = &g->set.table;
    int *column = g->label_column[d->task_count];
    char where[400], what[100];
    for (int i = 0; i < TRUTH_KINDS; i++) {
        char full[TASK_NAME_MAX + 4];
        snprintf(full, sizeof full, "%.60s%s", name, endings[i]);
        column[i] = find_column(table, full);
    }
    snprintf(what, sizeof what, "no column %.60s", name);
    if (column[TRUTH_MULTIMODAL] < 0)
        return no_such_column(g, what);
    const task_description *wanted = dataset_wanted_task(g->set.options, d, name);
    task_description task;
    if (wanted) { /* a model's: its classes and range, whatever this table has of them */
        task = *wanted;
        snprintf(task.name, sizeof task.name, "%s", name);
        return dataset_add_task(d, &task, g->set.error);
    }
    label_survey survey = {0};
    for (size_t i = 1; i < table->count; i++)
        label_survey_add(&survey, set_cell(&table->rows[i], column[TRUTH_MULTIMODAL]));
    snprintf(where, sizeof where, "column %.60s of %.300s", name, g->set.path);
    smac_status status = label_survey_task(&survey, name, kind, where, g->set.report, &task, g->set.error);
    label_survey_free(&survey);
    return status == SMAC_OK ? dataset_add_task(d, &task, g->set.error) : status;
}

static smac_status add_tasks(table_reading *g)
{
    const dataset_options *o = g->set.options;
    const csv_table *table = &g->set.table;
    const char *at = o->task ? o->task : "";
    char name[TASK_NAME_MAX];
    label_kind kind;
    while (label_next_name(&at, name)) {
        TRY(split_task_name(g, name, &kind));
        TRY(add_task(g, name, kind));
    }
    bool named = g->set.d->task_count > 0;
    for (size_t i = 0; i < table->rows[0].count && !named && o->wanted_count; i++)
        if (dataset_wanted_task(o, g->set.d, table->rows[0].cells[i]))
            TRY(add_task(g, table->rows[0].cells[i], LABEL_KIND_ANY));
    if (g->set.d->task_count)
        return SMAC_OK;
    int column = find_column(table, task_names);
    if (column < 0)
        return no_such_column(g, "no column called label (--task names another)");
    snprintf(name, sizeof name, "%.60s", table->rows[0].cells[column]);
    return add_task(g, name, LABEL_KIND_ANY);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static const char *cell(const table_reading *g, const csv_row *row, int column)
{
    return set_cell(row, g->column[column]);
}

/* Without a column: eight of ten train, one each validates and tests, a speaker's clips together. */
static bool find_split(const table_reading *g, const csv_row *row, const char *unit, dataset_split *out)
{
    if (g->column[SPLIT] >= 0)
        return dataset_split_from_name(cell(g, row, SPLIT), out);
    *out = set_held_out(unit, 10, 0) ? SPLIT_VALID : set_held_out(unit, 10, 1) ? SPLIT_TEST : SPLIT_TRAIN;
    return true;
}

static bool read_seconds(const table_reading *g, const csv_row *row, int column, double *out)
{
    const char *text = cell(g, row, column);
    *out = 0;
    return label_is_missing(text) || (number_parse(text, out) && isfinite(*out) && *out >= 0);
}

/* What is wrong with a row's labels goes into why (empty: nothing). */
static void check_labels(const table_reading *g, const csv_row *row, dataset_split split, char why[LABEL_WHY])
{
    const dataset *d = g->set.d;
    float values[TASK_CLASSES_MAX];
    bool any = false;
    for (int task = 0; task < d->task_count && !*why; task++) {
        for (int i = 0; i < TRUTH_KINDS && !*why; i++) {
            const char *text = set_cell(row, g->label_column[task][i]);
            char reason[LABEL_WHY];
            if (label_is_missing(text))
                continue;
            any = any || i == TRUTH_MULTIMODAL;
            if (!label_parse(&d->tasks[task], text, values, reason))
                snprintf(why, LABEL_WHY, "%.50s: %.140s", g->set.table.rows[0].cells[g->label_column[task][i]], reason);
        }
    }
    if (!*why && !any && split != SPLIT_TEST)
        snprintf(why, LABEL_WHY, "it has no label");
}

static bool set_labels(table_reading *g, const csv_row *row, dataset_item *item)
{
    float values[TASK_CLASSES_MAX];
    char why[LABEL_WHY];
    for (int task = 0; task < g->set.d->task_count; task++)
        for (int i = 0; i < TRUTH_KINDS; i++) {
            const char *text = set_cell(row, g->label_column[task][i]);
            if (!label_is_missing(text) && label_parse(&g->set.d->tasks[task], text, values, why) &&
                !dataset_set_label(g->set.d, item, task, i, values))
                return false;
        }
    return true;
}

static smac_status read_row(table_reading *g, const csv_row *row)
{
    set_reading *set = &g->set;
    char why[LABEL_WHY] = "", line[32];
    const char *text = cell(g, row, TEXT), *media = cell(g, row, MEDIA), *context = cell(g, row, CONTEXT);
    set_clip clip = {.id = cell(g, row, ID), .text = text, .line = (int64_t)row->line};
    snprintf(line, sizeof line, "%zu", row->line);
    clip.id = *clip.id ? clip.id : line;
    clip.speaker = *cell(g, row, SPEAKER) ? cell(g, row, SPEAKER) : NULL;
    clip.context = &context;
    clip.context_count = *context != 0;
    if (!find_split(g, row, clip.speaker ? clip.speaker : *media ? media : text, &clip.split))
        snprintf(why, sizeof why, "its split is '%.40s'; expected train, valid or test", cell(g, row, SPLIT));
    else if (!read_seconds(g, row, START, &clip.start) || !read_seconds(g, row, END, &clip.end))
        snprintf(why, sizeof why, "its start or end is not a number of seconds");
    else if (!*media && !*text)
        snprintf(why, sizeof why, "it has neither words nor a media file");
    else if (utf8_invalid_at(text, strlen(text)) != SIZE_MAX || utf8_invalid_at(context, strlen(context)) != SIZE_MAX)
        snprintf(why, sizeof why, "its text is not UTF-8");
    else
        check_labels(g, row, clip.split, why);
    if (*why)
        return dataset_bad_row(
            set->d, set->options, set->report, set->error, "%.300s line %zu: %s", set->path, row->line, why);
    if (*media) {
        smac_status status;
        clip.media = set_media(set, media, clip.line, &status);
        if (!clip.media)
            return status;
    }
    dataset_item *item;
    TRY(set_add_clip(set, &clip, &item));
    return set_labels(g, row, item) ? SMAC_OK : FAIL(set->error, SMAC_ERROR_MEMORY, "no memory for the labels");
}

static smac_status read_rows(table_reading *g)
{
    set_reading *set = &g->set;
    TRY(sha256_file(set->path, set->d->sha256, set->error));
    TRY(table_read(set->path, set->report, &set->table, set->error));
    if (set->table.count < 2)
        return FAIL(set->error, SMAC_ERROR_FORMAT, "%.300s has %s; expected a header line and one line a clip",
            set->path, set->table.count ? "a header line alone" : "no line");
    mend_decimal_commas(g);
    for (int i = 0; i < COLUMNS; i++)
        g->column[i] = find_column(&set->table, column_names[i]);
    if (g->column[MEDIA] < 0 && g->column[TEXT] < 0)
        return no_such_column(g, "neither a column media nor a column text");
    TRY(add_tasks(g));
    for (int task = 0; task < set->d->task_count; task++)
        for (int i = 0; i < COLUMNS; i++)
            if (g->column[i] == g->label_column[task][TRUTH_MULTIMODAL])
                g->column[i] = -1; /* "class" or the like was meant as the label */
    if (g->column[SPLIT] < 0)
        report_log(set->report, LOG_INFO,
            "%s has no column split: eight of ten clips train, one of ten validates and one tests%s", set->path,
            g->column[SPEAKER] >= 0 ? ", those of a speaker together" : "");
    for (size_t i = 1; i < set->table.count; i++)
        TRY(read_row(g, &set->table.rows[i]));
    return SMAC_OK;
}

smac_status dataset_read_table(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    table_reading *g = memory_new(1, sizeof *g);
    if (!g)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to read %.300s", options->path);
    smac_status status = set_begin(&g->set, options, r, d, error);
    if (status == SMAC_OK && !g->set.path)
        status = FAIL(error, SMAC_ERROR_ARGUMENT, "%.300s is a folder: name the table in it", options->path);
    if (status == SMAC_OK)
        status = read_rows(g);
    set_end(&g->set);
    free(g);
    return status;
}
