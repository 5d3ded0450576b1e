/*
 * data/mmsa.c - the layout that MMSA gives MOSI, MOSEI, CH-SIMS and CH-SIMS v2, in all its variants (formats.md 1):
 * label.csv or meta.csv with a header line in any order, CH-SIMS's nine columns without one, Self-MM's seven columns,
 * and the older metadata/ folder (data/mmsa_metadata.c).  Columns that are not the layout's own are kept as extra ones;
 * each of them can be a task of classes ("emotion", "humor", ...), with NAME_T, NAME_A, NAME_V for the modalities' own.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/number.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "data/mmsa_internal.h"
#include "data/table_text.h"

enum { VIDEO_ID, CLIP_ID, TEXT, LABEL, LABEL_T, LABEL_A, LABEL_V, ANNOTATION, MODE, COLUMNS };
static const char *const column_names[COLUMNS] = {
    "video_id", "clip_id", "text", "label", "label_T", "label_A", "label_V", "annotation", "mode"};
static const bool required[COLUMNS] = {true, true, true, true, false, false, false, false, true};

typedef struct reading {
    const dataset_options *options;
    const reporter *report;
    dataset *d;
    csv_table table;
    const char *path;                                 /* of the label file */
    int column[COLUMNS];                              /* place, or -1 */
    int *extra;                                       /* places of the extra columns */
    size_t first_row;                                 /* 1 with a header line */
    int speaker;                                      /* an extra column of that name, or -1 */
    char *raw;                                        /* the Raw folder, or NULL: words alone */
    int label_column[DATASET_TASKS_MAX][TRUTH_KINDS]; /* of each task; -1 where there is none */
    const char *first_missing, *hint;
    int64_t first_missing_line;
    smac_error *error;
} reading;

/* --- columns ------------------------------------------------------------------------------------------------------ */

/* CH-SIMS without a header line: nine cells, the fourth a number, the last a split. */
static bool is_headless(const csv_row *row)
{
    dataset_split split;
    double number;
    return row->count == COLUMNS && number_parse(row->cells[LABEL], &number) &&
        dataset_split_from_name(row->cells[MODE], &split);
}

static bool is_own_column(const char *name)
{
    for (int i = 0; i < COLUMNS; i++)
        if (strcmp(name, column_names[i]) == 0)
            return true;
    return false;
}

static smac_status find_columns(reading *g)
{
    const csv_row *head = &g->table.rows[0];
    if (is_headless(head)) {
        for (int i = 0; i < COLUMNS; i++)
            g->column[i] = i;
        g->speaker = -1;
        return SMAC_OK;
    }
    g->first_row = 1;
    text_buffer missing = {0};
    for (int i = 0; i < COLUMNS; i++) {
        g->column[i] = csv_column(&g->table, column_names[i]);
        if (g->column[i] < 0 && required[i]) {
            text_add(&missing, missing.length ? ", " : "");
            text_add(&missing, column_names[i]);
        }
    }
    smac_status status = SMAC_OK;
    if (missing.length)
        status = FAIL(g->error, SMAC_ERROR_FORMAT,
            "%s has no column %s; expected the header line "
            "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode in any order: add it",
            g->path, missing.data);
    text_free(&missing);
    TRY(status);
    dataset_source *source = &g->d->sources[0];
    const char **names = arena_take_zeroed(dataset_arena(g->d), (head->count + 1) * sizeof *names);
    g->extra = memory_new(head->count + 1, sizeof *g->extra);
    if (!names || !g->extra)
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the columns of %s", g->path);
    for (size_t i = 0; i < head->count; i++) {
        if (is_own_column(head->cells[i]))
            continue;
        g->extra[source->extra_count] = (int)i;
        names[source->extra_count] = dataset_text(g->d, head->cells[i]);
        if (!names[source->extra_count++])
            return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the columns of %s", g->path);
    }
    source->extra_names = names;
    g->speaker = csv_column(&g->table, "speaker");
    return SMAC_OK;
}

static const char *cell(const csv_row *row, int column)
{
    return column >= 0 && (size_t)column < row->count ? row->cells[column] : "";
}

/* --- the tasks ---------------------------------------------------------------------------------------------------- */

/* A task of classes: the column of its name, and NAME_T, NAME_A, NAME_V for the modalities' own. */
static smac_status add_class_task(reading *g, const char *name)
{
    static const char *const endings[TRUTH_KINDS] = {"", "_T", "_A", "_V"};
    int *column = g->label_column[g->d->task_count];
    char where[400];
    for (int i = 0; i < TRUTH_KINDS; i++) {
        char full[TASK_NAME_MAX + 4];
        snprintf(full, sizeof full, "%.60s%s", name, endings[i]);
        column[i] = g->first_row ? csv_column(&g->table, full) : -1;
    }
    if (column[0] < 0)
        return FAIL(g->error, SMAC_ERROR_ARGUMENT,
            "%s has no column %.60s for that task; give 'sentiment' or one of its extra columns", g->path, name);
    const task_description *wanted = dataset_wanted_task(g->options, g->d, name);
    task_description task;
    if (wanted && wanted->kind == TASK_CLASSES) { /* a model's: this table may lack some of its classes */
        task = *wanted;
        snprintf(task.name, sizeof task.name, "%s", name);
        return dataset_add_task(g->d, &task, g->error);
    }
    const char **cells = memory_new(g->table.count, sizeof *cells);
    if (!cells)
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the classes of %s", g->path);
    size_t count = 0;
    for (size_t i = g->first_row; i < g->table.count; i++)
        cells[count++] = cell(&g->table.rows[i], column[0]);
    snprintf(where, sizeof where, "column %.60s of %.300s", name, g->path);
    smac_status status = label_classes(&(label_cells){cells, count, where}, name, g->report, &task, g->error);
    free(cells);
    return status == SMAC_OK ? dataset_add_task(g->d, &task, g->error) : status;
}

static smac_status add_sentiment(reading *g)
{
    task_description task;
    double range = strncmp(g->d->layout, "sims", 4) == 0 ? 1 : 3;
    for (int i = 0; i < TRUTH_KINDS; i++)
        g->label_column[g->d->task_count][i] = g->column[LABEL + i];
    TRY(task_regression(&task, "sentiment", g->d->layout, -range, range, g->error));
    return dataset_add_task(g->d, &task, g->error);
}

static smac_status add_tasks(reading *g)
{
    const dataset_options *o = g->options;
    const char *at = o->task ? o->task : "";
    char name[TASK_NAME_MAX];
    while (label_next_name(&at, name))
        TRY(strcmp(name, "sentiment") == 0 ? add_sentiment(g) : add_class_task(g, name));
    bool named = g->d->task_count > 0;
    for (int i = 0; !named && i < o->wanted_count; i++) {
        if (o->wanted[i].kind != TASK_CLASSES || !g->first_row)
            continue;
        for (int64_t k = 0; k < g->d->sources[0].extra_count; k++)
            if (strcmp(g->d->sources[0].extra_names[k], o->wanted[i].name) == 0)
                TRY(add_class_task(g, o->wanted[i].name));
    }
    bool sentiment = !named && (dataset_task_wanted(o, g->d, "sentiment") || g->d->task_count == 0);
    return sentiment ? add_sentiment(g) : SMAC_OK;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* ASCII letters alone: the corpora that need it (MOSI, MOSEI) are ASCII. */
static const char *words_of(reading *g, const char *text)
{
    char *copy = arena_copy_text(dataset_arena(g->d), text);
    for (char *c = copy; g->options->lower_case && c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

/* What is wrong with the row's labels goes into why (empty: nothing). */
static void check_labels(const reading *g, const csv_row *row, dataset_split split, char why[LABEL_WHY])
{
    float values[TASK_CLASSES_MAX];
    bool labelled = split == SPLIT_TEST;
    *why = 0;
    for (int task = 0; task < g->d->task_count; task++) {
        for (int i = 0; i < TRUTH_KINDS && !*why; i++) {
            const char *text = cell(row, g->label_column[task][i]);
            char reason[LABEL_WHY];
            if (label_is_missing(text))
                continue;
            labelled = labelled || i == TRUTH_MULTIMODAL;
            if (!label_parse(&g->d->tasks[task], text, values, reason)) {
                const char *head =
                    g->first_row ? cell(&g->table.rows[0], g->label_column[task][i]) : column_names[LABEL + i];
                snprintf(why, LABEL_WHY, "%.60s: %.130s", head, reason);
            }
        }
    }
    if (!*why && !labelled) /* a label of one of several tasks is enough */
        snprintf(why, LABEL_WHY, "it has no label of %s%s", g->d->tasks[0].name,
            g->d->task_count > 1 ? " or another wanted task" : "");
}

/*
 * MOSI's and MOSEI's labels are means of a few annotators; tables in circulation round them to five or six digits
 * (1.33333), the feature pickles do not.  A rounded label becomes the fraction again, so that both give the same bits.
 */
static float unrounded(const char *text, float value)
{
    enum { ANNOTATORS_MAX = 9, DIGITS_MIN = 5 };
    const char *point = strchr(text, '.');
    size_t digits = point ? strspn(point + 1, "0123456789") : 0;
    double number, half_digit = 0.5000001 * pow(10, -(double)digits);
    if (digits < DIGITS_MIN || !number_parse(text, &number))
        return value;
    for (int n = 2; n <= ANNOTATORS_MAX; n++)
        if (fabs(round(number * n) / n - number) <= half_digit)
            return (float)(round(number * n) / n);
    return value;
}

static bool set_labels(reading *g, const csv_row *row, dataset_item *item)
{
    float values[TASK_CLASSES_MAX];
    char why[LABEL_WHY];
    bool means = strncmp(g->d->layout, "mos", 3) == 0; /* mosi, mosei */
    for (int task = 0; task < g->d->task_count; task++)
        for (int i = 0; i < TRUTH_KINDS; i++) {
            const char *text = cell(row, g->label_column[task][i]);
            if (label_is_missing(text) || !label_parse(&g->d->tasks[task], text, values, why))
                continue;
            if (means && g->d->tasks[task].kind == TASK_REGRESSION)
                values[0] = unrounded(text, values[0]);
            if (!dataset_set_label(g->d, item, task, i, values))
                return false;
        }
    return true;
}

/* A part of a path that leaves its folder. */
static bool leaves_folder(const char *name)
{
    return strcmp(name, "..") == 0 || strcmp(name, ".") == 0 || strchr(name, '/');
}

/* Raw/VIDEO/CLIP.mp4, or MOSI's own Raw/Video/Segmented/VIDEO_CLIP.mp4. */
static const char *find_clip(reading *g, const char *video, const char *clip)
{
    char stem[600];
    if (leaves_folder(video) || leaves_folder(clip) ||
        snprintf(stem, sizeof stem, "%s/%s", video, clip) >= (int)sizeof stem)
        return NULL;
    const char *found = dataset_find_media(g->d, g->raw, stem);
    if (!found && snprintf(stem, sizeof stem, "Video/Segmented/%s_%s", video, clip) < (int)sizeof stem)
        found = dataset_find_media(g->d, g->raw, stem);
    return found;
}

/* Whether the clip is there under its number with leading zeros, which spreadsheets drop: its path, else NULL. */
static const char *find_with_zeros(reading *g, const char *video, const char *clip)
{
    enum { DIGITS_MAX = 8 };
    size_t length = strlen(clip);
    if (length == 0 || strspn(clip, "0123456789") != length)
        return NULL;
    for (size_t digits = length + 1; digits <= DIGITS_MAX; digits++) {
        char padded[2 * DIGITS_MAX + 1];
        snprintf(padded, sizeof padded, "%.*s%.*s", (int)(digits - length), "00000000", DIGITS_MAX, clip);
        const char *found = find_clip(g, video, padded);
        if (found)
            return found;
    }
    return NULL;
}

static smac_status read_row(reading *g, const csv_row *row)
{
    dataset *d = g->d;
    const char *video = cell(row, g->column[VIDEO_ID]), *clip = cell(row, g->column[CLIP_ID]);
    const char *text = cell(row, g->column[TEXT]), *mode = cell(row, g->column[MODE]), *media = NULL;
    char why[LABEL_WHY] = "";
    dataset_split split;
    if (row->count == 1 && !*row->cells[0])
        return SMAC_OK; /* an empty line */
    if (!*video || !*clip)
        return dataset_bad_row(
            d, g->options, g->report, g->error, "%s line %zu has no video_id or clip_id", g->path, row->line);
    if (!dataset_split_from_name(mode, &split))
        return dataset_bad_row(d, g->options, g->report, g->error,
            "%s line %zu (%.100s/%.100s): its mode is '%.40s'; expected train, valid or test", g->path, row->line,
            video, clip, mode);
    check_labels(g, row, split, why);
    if (!*why && utf8_invalid_at(text, strlen(text)) != SIZE_MAX)
        snprintf(why, sizeof why, "its text is not UTF-8");
    if (!*why && !g->raw && !*text)
        snprintf(why, sizeof why, "it has neither words nor a media file");
    if (*why)
        return dataset_bad_row(d, g->options, g->report, g->error, "%s line %zu (%.100s/%.100s): %s", g->path,
            row->line, video, clip, why);
    if (g->raw && !(media = find_clip(g, video, clip))) {
        if (!g->first_missing) {
            g->first_missing = dataset_id(d, video, clip);
            g->first_missing_line = (int64_t)row->line;
            g->hint = find_with_zeros(g, video, clip);
        }
        if (g->options->skip_bad)
            return dataset_bad_media(d, g->options, g->report, g->error,
                "%.200s line %zu: no media file %.200s/%.100s/%.100s.mp4", g->path, row->line, g->raw, video, clip);
        d->missing++;
        return SMAC_OK;
    }
    dataset_item *item = dataset_add_item(d);
    if (!item)
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the clips of %s", g->path);
    item->video_id = dataset_text(d, video);
    item->clip_id = dataset_text(d, clip);
    item->id = dataset_id(d, video, clip);
    item->text = words_of(g, text);
    item->annotation = dataset_text(d, cell(row, g->column[ANNOTATION]));
    item->media = media;
    item->speaker = *cell(row, g->speaker) ? dataset_text(d, cell(row, g->speaker)) : NULL;
    item->split = split;
    item->line = (int64_t)row->line;
    int64_t extra_count = d->sources[0].extra_count;
    const char **extra = arena_take(dataset_arena(d), (size_t)(extra_count + 1) * sizeof *extra);
    bool whole = item->video_id && item->clip_id && item->id && item->text && item->annotation && extra &&
        set_labels(g, row, item);
    for (int64_t i = 0; whole && i < extra_count; i++)
        whole = (extra[i] = dataset_text(d, cell(row, g->extra[i]))) != NULL;
    if (!whole)
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the clips of %s", g->path);
    item->extra = extra;
    return SMAC_OK;
}

static smac_status read_table(reading *g)
{
    if (g->table.count == 0)
        return FAIL(g->error, SMAC_ERROR_FORMAT,
            "%s is empty; expected a header line and one line a clip: export it again", g->path);
    TRY(find_columns(g));
    TRY(add_tasks(g));
    for (size_t i = g->first_row; i < g->table.count; i++)
        TRY(read_row(g, &g->table.rows[i]));
    if (g->d->missing && !g->options->skip_bad)
        return FAIL(g->error, SMAC_ERROR_NOT_FOUND,
            "%lld of %lld clips in %s have no media file under %s, the first "
            "is %.200s on line %lld%s%.300s%s; put them there, or leave them out with --skip-bad",
            (long long)g->d->missing, (long long)(g->d->count + g->d->missing), g->path, g->raw,
            g->first_missing ? g->first_missing : "", (long long)g->first_missing_line, g->hint ? " (but " : "",
            g->hint ? g->hint : "",
            g->hint ? " is there: the table's ids have lost their leading zeros, as a spreadsheet makes them)" : "");
    return SMAC_OK;
}

/* --- the reader --------------------------------------------------------------------------------------------------- */

static smac_status open_labels(reading *g, const char *folder, char **path)
{
    static const char *const names[] = {"label.csv", "meta.csv"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *path = file_is_folder(folder) ? path_join(folder, names[i]) : memory_copy_text(folder);
        if (!*path)
            return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for a path");
        if (file_exists(*path)) {
            g->path = *path;
            TRY(sha256_file(*path, g->d->sha256, g->error));
            return table_read(*path, g->report, &g->table, g->error);
        }
        free(*path);
        *path = NULL;
    }
    text_buffer joined = {0};
    char probe[1200];
    snprintf(probe, sizeof probe, "%.1000s/metadata/sentiment/label_M.csv", folder);
    if (!file_exists(probe))
        return FAIL(g->error, SMAC_ERROR_NOT_FOUND,
            "%.300s has no label.csv (nor meta.csv, nor "
            "metadata/sentiment/label_M.csv); give the folder of a dataset in MMSA's layout",
            folder);
    *path = memory_copy_text(probe);
    g->path = *path ? *path : "label_M.csv";
    smac_status status = mmsa_join_metadata(folder, &joined, g->error);
    if (status == SMAC_OK) {
        sha256_hex(joined.data, joined.length, g->d->sha256);
        status = csv_parse(joined.data, joined.length, &g->table, g->error);
    }
    text_free(&joined);
    return status;
}

smac_status dataset_read_mmsa(const dataset_options *options, const reporter *r, dataset *d, smac_error *error)
{
    reading g = {.options = options, .report = r, .d = d, .error = error};
    char *path = NULL, *folder = memory_copy_text(options->path);
    if (!folder)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    smac_status status = open_labels(&g, folder, &path);
    if (!file_is_folder(folder)) { /* the label file itself was named: Raw lies beside it */
        char *slash = strrchr(folder, '/');
        if (slash)
            *slash = 0;
        else
            strcpy(folder, ".");
    }
    if (status == SMAC_OK) {
        g.raw = path_join(folder, "Raw");
        if (g.raw && !file_is_folder(g.raw)) {
            free(g.raw);
            g.raw = NULL;
        }
        status = read_table(&g);
    }
    csv_free(&g.table);
    free(g.extra);
    free(g.raw);
    free(path);
    free(folder);
    return status;
}
