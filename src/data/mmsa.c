/*
 * data/mmsa.c - the layout that MMSA gives MOSI, MOSEI, CH-SIMS and CH-SIMS v2, in all its variants (formats.md 1):
 * label.csv or meta.csv with a header line in any order, CH-SIMS's nine columns without one, Self-MM's seven columns,
 * and the older metadata/ folder.  Columns that are not the layout's own are kept as extra ones; one of them may be the
 * task (classes: "emotion", "humor", ...), with NAME_T, NAME_A, NAME_V for the modalities' own.
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
#include "base/utf8.h"
#include "data/readers.h"

enum { VIDEO_ID, CLIP_ID, TEXT, LABEL, LABEL_T, LABEL_A, LABEL_V, ANNOTATION, MODE, COLUMNS };
static const char *const column_names[COLUMNS] = {
    "video_id", "clip_id", "text", "label", "label_T", "label_A", "label_V", "annotation", "mode"};
static const bool required[COLUMNS] = {true, true, true, true, false, false, false, false, true};

typedef struct reading {
    const dataset_options *options;
    const reporter *report;
    dataset *d;
    csv_table table;
    const char *path;             /* of the label file */
    int column[COLUMNS];          /* place, or -1 */
    int *extra;                   /* places of the extra columns */
    size_t first_row;             /* 1 with a header line */
    char *raw;                    /* the Raw folder, or NULL: words alone */
    int task_column[TRUTH_KINDS]; /* of a task of classes; -1 where there is none */
    const char *first_missing;
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
    const char **names = arena_take_zeroed(dataset_arena(g->d), (head->count + 1) * sizeof *names);
    g->extra = memory_new(head->count + 1, sizeof *g->extra);
    if (!names || !g->extra)
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the columns of %s", g->path);
    for (size_t i = 0; i < head->count; i++) {
        if (is_own_column(head->cells[i]))
            continue;
        g->extra[g->d->extra_count] = (int)i;
        names[g->d->extra_count] = dataset_text(g->d, head->cells[i]);
        if (!names[g->d->extra_count++])
            return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the columns of %s", g->path);
    }
    g->d->extra_names = names;
    return SMAC_OK;
}

static const char *cell(const csv_row *row, int column)
{
    return column >= 0 && (size_t)column < row->count ? row->cells[column] : "";
}

/* --- the task ----------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    double dx, dy;
    if (number_parse(x, &dx) && number_parse(y, &dy) && dx != dy)
        return dx < dy ? -1 : 1;
    return strcmp(x, y);
}

static smac_status class_task(reading *g, const char *task)
{
    static const char *const endings[TRUTH_KINDS] = {"", "_T", "_A", "_V"};
    for (int i = 0; i < TRUTH_KINDS; i++) {
        char name[TASK_NAME_MAX + 4];
        snprintf(name, sizeof name, "%.60s%s", task, endings[i]);
        g->task_column[i] = g->first_row ? csv_column(&g->table, name) : -1;
    }
    if (g->task_column[0] < 0)
        return FAIL(g->error, SMAC_ERROR_ARGUMENT,
            "%s has no column %.60s for that task; give 'sentiment' or one of its extra columns", g->path, task);
    const char **names = memory_new(g->table.count, sizeof *names);
    if (!names)
        return FAIL(g->error, SMAC_ERROR_MEMORY, "no memory for the classes of %s", g->path);
    size_t count = 0, distinct = 0;
    for (size_t i = g->first_row; i < g->table.count; i++) {
        const char *text = cell(&g->table.rows[i], g->task_column[0]);
        if (*text)
            names[count++] = text;
    }
    qsort(names, count, sizeof *names, by_text);
    for (size_t i = 0; i < count; i++)
        if (distinct == 0 || strcmp(names[distinct - 1], names[i]) != 0)
            names[distinct++] = names[i];
    smac_status status;
    if (distinct < 2 || distinct > TASK_CLASSES_MAX)
        status = FAIL(g->error, SMAC_ERROR_FORMAT,
            "column %.60s of %s holds %zu different values; expected 2 to %d classes: name another task", task, g->path,
            distinct, TASK_CLASSES_MAX);
    else
        status = task_with_classes(&g->d->task, task, "classes", (int)distinct, names, g->error);
    free(names);
    return status;
}

static smac_status choose_task(reading *g)
{
    const char *task = g->options->task;
    double range = strncmp(g->d->layout, "sims", 4) == 0 ? 1 : 3;
    for (int i = 0; i < TRUTH_KINDS; i++)
        g->task_column[i] = -1;
    if (!task || !*task || strcmp(task, "sentiment") == 0)
        return task_regression(&g->d->task, "sentiment", g->d->layout, -range, range, g->error);
    return class_task(g, task);
}

static double class_of(const task_description *task, const char *name)
{
    for (int c = 0; c < task->classes; c++)
        if (strcmp(task->class_names[c], name) == 0)
            return c;
    return NAN;
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
static void read_labels(
    const reading *g, const csv_row *row, dataset_split split, double label[TRUTH_KINDS], char why[200])
{
    const task_description *task = &g->d->task;
    *why = 0;
    for (int i = 0; i < TRUTH_KINDS; i++) {
        int column = task->kind == TASK_CLASSES ? g->task_column[i] : g->column[LABEL + i];
        const char *text = cell(row, column);
        label[i] = NAN;
        if (!*text) {
            if (i == TRUTH_MULTIMODAL && split != SPLIT_TEST)
                snprintf(why, 200, "it has no label");
            continue;
        }
        if (task->kind == TASK_CLASSES) {
            label[i] = class_of(task, text);
            if (isnan(label[i]))
                snprintf(why, 200, "its class '%.60s' is not among the others'", text);
            continue;
        }
        double slack = 1e-6 * (task->high - task->low);
        if (!number_parse(text, &label[i]) || !isfinite(label[i]))
            snprintf(why, 200, "its %s '%.60s' is not a number", column_names[LABEL + i], text);
        else if (label[i] < task->low - slack || label[i] > task->high + slack)
            number_format(why, 200, "its %s %g lies outside of %g to %g", column_names[LABEL + i], label[i], task->low,
                task->high);
    }
}

/* Raw/VIDEO/CLIP.mp4, or MOSI's own Raw/Video/Segmented/VIDEO_CLIP.mp4. */
static const char *find_clip(reading *g, const char *video, const char *clip)
{
    char stem[600];
    if (snprintf(stem, sizeof stem, "%s/%s", video, clip) >= (int)sizeof stem || strstr(stem, ".."))
        return NULL;
    const char *found = dataset_find_media(g->d, g->raw, stem);
    if (!found) {
        snprintf(stem, sizeof stem, "Video/Segmented/%s_%s", video, clip);
        found = dataset_find_media(g->d, g->raw, stem);
    }
    return found;
}

static smac_status read_row(reading *g, const csv_row *row)
{
    dataset *d = g->d;
    const char *video = cell(row, g->column[VIDEO_ID]), *clip = cell(row, g->column[CLIP_ID]);
    const char *text = cell(row, g->column[TEXT]), *mode = cell(row, g->column[MODE]), *media = NULL;
    double label[TRUTH_KINDS];
    char why[200] = "";
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
    read_labels(g, row, split, label, why);
    if (!*why && utf8_invalid_at(text, strlen(text)) != SIZE_MAX)
        snprintf(why, sizeof why, "its text is not UTF-8");
    if (!*why && !g->raw && !*text)
        snprintf(why, sizeof why, "it has neither words nor a media file");
    if (*why)
        return dataset_bad_row(d, g->options, g->report, g->error, "%s line %zu (%.100s/%.100s): %s", g->path,
            row->line, video, clip, why);
    if (g->raw && !(media = find_clip(g, video, clip))) {
        d->missing++;
        if (!g->first_missing) {
            g->first_missing = dataset_id(d, video, clip);
            g->first_missing_line = (int64_t)row->line;
        }
        if (g->options->skip_bad) {
            d->skipped++;
            report_log(g->report, LOG_WARNING, "%s line %zu: no media file %s/%s/%s.mp4; left out", g->path, row->line,
                g->raw, video, clip);
        }
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
    item->split = split;
    item->line = (int64_t)row->line;
    memcpy(item->label, label, sizeof label);
    const char **extra = arena_take(dataset_arena(d), (size_t)(d->extra_count + 1) * sizeof *extra);
    bool whole = item->video_id && item->clip_id && item->id && item->text && item->annotation && extra;
    for (int64_t i = 0; whole && i < d->extra_count; i++)
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
    TRY(choose_task(g));
    for (size_t i = g->first_row; i < g->table.count; i++)
        TRY(read_row(g, &g->table.rows[i]));
    if (g->d->missing && !g->options->skip_bad)
        return FAIL(g->error, SMAC_ERROR_NOT_FOUND,
            "%lld of %lld clips in %s have no media file under %s, the first "
            "is %.200s on line %lld; put them there, or leave them out with --skip-bad",
            (long long)g->d->missing, (long long)(g->d->count + g->d->missing), g->path, g->raw,
            g->first_missing ? g->first_missing : "", (long long)g->first_missing_line);
    return SMAC_OK;
}

/* --- CH-SIMS's older release -------------------------------------------------------------------------------------- */

/* Mark mode[row of label_M] by an index file: rows of "video_id,clip_id" or of row numbers from 0. */
static smac_status mark_split(
    const csv_table *labels, const char *path, const char *name, const char **mode, smac_error *error)
{
    csv_table index = {0};
    TRY(csv_read(path, &index, error));
    int video = index.count ? csv_column(&index, "video_id") : -1;
    int clip = index.count ? csv_column(&index, "clip_id") : -1;
    int lv = csv_column(labels, "video_id"), lc = csv_column(labels, "clip_id");
    smac_status status = SMAC_OK;
    for (size_t i = 0; i < index.count && status == SMAC_OK; i++) {
        const csv_row *row = &index.rows[i];
        int64_t number;
        if (video >= 0 && clip >= 0) {
            for (size_t j = 1; i > 0 && j < labels->count; j++)
                if (row->count > (size_t)(video > clip ? video : clip) &&
                    labels->rows[j].count > (size_t)(lv > lc ? lv : lc) &&
                    strcmp(labels->rows[j].cells[lv], row->cells[video]) == 0 &&
                    strcmp(labels->rows[j].cells[lc], row->cells[clip]) == 0)
                    mode[j] = name;
        } else if (number_parse_integer(row->cells[row->count - 1], &number)) {
            if (number < 0 || (size_t)number + 1 >= labels->count)
                status = FAIL(error, SMAC_ERROR_FORMAT, "%s line %zu names row %lld, but there are %zu: mend that line",
                    path, row->line, (long long)number, labels->count - 1);
            else
                mode[number + 1] = name;
        } else if (i > 0) {
            status = FAIL(error, SMAC_ERROR_FORMAT, "%s line %zu: '%.60s' is not a row number: mend that line", path,
                row->line, row->cells[row->count - 1]);
        }
    }
    csv_free(&index);
    return status;
}

/* Join metadata/sentiment/label_{M,T,A,V}.csv and the three index files into one label.csv text. */
static smac_status join_metadata(const char *folder, text_buffer *out, smac_error *error)
{
    static const char letters[] = "MTAV";
    static const char *const index_names[] = {"train", "val", "test"}, *const modes[] = {"train", "valid", "test"};
    csv_table tables[4] = {{0}};
    char path[1200];
    smac_status status = SMAC_OK;
    const char **mode = NULL;
    for (int k = 0; k < 4 && status == SMAC_OK; k++) {
        snprintf(path, sizeof path, "%.1000s/metadata/sentiment/label_%c.csv", folder, letters[k]);
        status = csv_read(path, &tables[k], error);
        if (status == SMAC_OK &&
            (tables[k].count == 0 || csv_column(&tables[k], "video_id") < 0 || csv_column(&tables[k], "clip_id") < 0 ||
                csv_column(&tables[k], "label") < 0))
            status = FAIL(error, SMAC_ERROR_FORMAT, "%s has no column video_id, clip_id or label: add it", path);
        if (status == SMAC_OK && tables[k].count != tables[0].count)
            status = FAIL(error, SMAC_ERROR_MISMATCH, "%s has %zu rows, label_M.csv %zu: they must name the same clips",
                path, tables[k].count, tables[0].count);
    }
    if (status == SMAC_OK && !(mode = memory_new(tables[0].count, sizeof *mode)))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the rows of %s", folder);
    for (int k = 0; k < 3 && status == SMAC_OK; k++) {
        snprintf(path, sizeof path, "%.1000s/metadata/%s_index.csv", folder, index_names[k]);
        status = mark_split(&tables[0], path, modes[k], mode, error);
    }
    text_add(out, "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n");
    for (size_t i = 1; status == SMAC_OK && i < tables[0].count; i++) {
        const char *cells[] = {"video_id", "clip_id", "text"};
        for (int c = 0; c < 3; c++) {
            int column = csv_column(&tables[0], cells[c]);
            bool there = column >= 0 && (size_t)column < tables[0].rows[i].count;
            csv_add_cell(out, there ? tables[0].rows[i].cells[column] : "", c == 0);
        }
        for (int k = 0; k < 4; k++) {
            int column = csv_column(&tables[k], "label");
            csv_add_cell(out, (size_t)column < tables[k].rows[i].count ? tables[k].rows[i].cells[column] : "", false);
        }
        csv_add_cell(out, "", false);
        csv_add_cell(out, mode[i] ? mode[i] : "", false);
        text_add(out, "\n");
    }
    free(mode);
    for (int k = 0; k < 4; k++)
        csv_free(&tables[k]);
    return status == SMAC_OK && out->failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for the rows of %s", folder)
                                            : status;
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
            return csv_read(*path, &g->table, g->error);
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
    smac_status status = join_metadata(folder, &joined, g->error);
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
