/* train/score.c - metrics, intervals and comparisons of predictions in CSV files: `semanticmac score`. */
#include "train/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/memory.h"
#include "base/number.h"

/* --- files -------------------------------------------------------------------------------------------------------- */

typedef struct score_row {
    const char *id, *value, *fold; /* in the table; fold may be NULL */
    size_t line;
} score_row;

typedef struct score_file {
    csv_table table;
    score_row *rows; /* by id */
    size_t count;
    const char *path;
} score_file;

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const score_row *)a)->id, ((const score_row *)b)->id);
}

static int value_column(const csv_table *table, const char *const *names)
{
    for (; *names; names++) {
        int column = csv_column(table, *names);
        if (column >= 0)
            return column;
    }
    return 1;
}

static smac_status score_file_open(const char *path, const char *const *names, score_file *f, smac_error *error)
{
    f->path = path;
    TRY(csv_read(path, &f->table, error));
    if (f->table.count < 2)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "%s has no rows, expected a header line and one line a clip; give another", path);
    int column = value_column(&f->table, names), fold = csv_column(&f->table, "fold");
    size_t cells = (size_t)(column > fold ? column : fold) + 1;
    f->rows = memory_new(f->table.count, sizeof *f->rows);
    if (!f->rows)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the %zu rows of %s", f->table.count, path);
    for (size_t i = 1; i < f->table.count; i++) {
        const csv_row *row = &f->table.rows[i];
        if (row->count < cells)
            return FAIL(error, SMAC_ERROR_FORMAT, "%s line %zu has %zu cells, expected at least %zu; correct that line",
                path, row->line, row->count, cells);
        f->rows[f->count++] =
            (score_row){row->cells[0], row->cells[column], fold < 0 ? NULL : row->cells[fold], row->line};
    }
    qsort(f->rows, f->count, sizeof *f->rows, compare_ids);
    for (size_t i = 1; i < f->count; i++)
        if (strcmp(f->rows[i - 1].id, f->rows[i].id) == 0)
            return FAIL(error, SMAC_ERROR_FORMAT, "%s line %zu: the id %.100s is there twice; remove one", path,
                f->rows[i].line, f->rows[i].id);
    return SMAC_OK;
}

static void score_file_close(score_file *f)
{
    csv_free(&f->table);
    free(f->rows);
}

/* Both are sorted; they must hold the same ids. */
static smac_status check_same_ids(const score_file *truth, const score_file *prediction, smac_error *error)
{
    size_t i = 0, j = 0, only_truth = 0, only_prediction = 0;
    const char *first = NULL;
    while (i < truth->count || j < prediction->count) {
        int order = i == truth->count ? 1
            : j == prediction->count  ? -1
                                      : strcmp(truth->rows[i].id, prediction->rows[j].id);
        if (order != 0 && !first)
            first = order < 0 ? truth->rows[i].id : prediction->rows[j].id;
        only_truth += order < 0;
        only_prediction += order > 0;
        i += order <= 0;
        j += order >= 0;
    }
    if (first)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "%zu ids are only in %s and %zu only in %s (the first: %.100s); make both name the same clips", only_truth,
            truth->path, only_prediction, prediction->path, first);
    return SMAC_OK;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

enum { TRUTH, FIRST, OTHER, FILES };

/* The clips of all files in the order of their ids. */
typedef struct score_values {
    const char *protocol;
    bool is_class, has_other;
    int64_t count;
    int32_t *fold; /* of each clip, from 0 */
    int folds, classes;
    float *score[FILES];   /* of scores */
    int32_t *label[FILES]; /* of classes */
    /* room for the clips of a resample */
    float *part_score[2];
    int32_t *part_label[2];
} score_values;

static void score_values_free(score_values *v)
{
    free(v->fold);
    for (int f = 0; f < FILES; f++) {
        free(v->score[f]);
        free(v->label[f]);
    }
    for (int k = 0; k < 2; k++) {
        free(v->part_score[k]);
        free(v->part_label[k]);
    }
}

static bool score_values_allocate(score_values *v)
{
    size_t n = (size_t)v->count;
    bool fine = (v->fold = memory_new(n, sizeof *v->fold)) != NULL;
    for (int f = 0; f < FILES; f++) {
        fine = (v->score[f] = memory_new(n, sizeof(float))) && fine;
        fine = (v->label[f] = memory_new(n, sizeof(int32_t))) && fine;
    }
    for (int k = 0; k < 2; k++) {
        fine = (v->part_score[k] = memory_new(n, sizeof(float))) && fine;
        fine = (v->part_label[k] = memory_new(n, sizeof(int32_t))) && fine;
    }
    return fine;
}

static smac_status read_number(const score_file *f, size_t i, float *out, smac_error *error)
{
    double value;
    if (!number_parse(f->rows[i].value, &value) || !isfinite((float)value))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s line %zu: '%.60s' is not a finite number; correct that line", f->path,
            f->rows[i].line, f->rows[i].value);
    *out = (float)value;
    return SMAC_OK;
}

/* Numbers by value, before names by their bytes: the order of numpy.unique. */
static int compare_names(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    double number_x, number_y;
    bool is_x = number_parse(x, &number_x) && isfinite(number_x);
    bool is_y = number_parse(y, &number_y) && isfinite(number_y);
    if (is_x && is_y)
        return (number_x > number_y) - (number_x < number_y); /* "1" and "1.0" are one class */
    return is_x != is_y ? (is_x ? -1 : 1) : strcmp(x, y);
}

/* The different ones of count names, sorted, in place. */
static size_t sort_names(const char **names, size_t count)
{
    size_t kept = 0;
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_names(&names[kept - 1], &names[i]) != 0)
            names[kept++] = names[i];
    return kept;
}

static int32_t find_name(const char *const *names, size_t count, const char *name)
{
    const char *const *at = bsearch(&name, names, count, sizeof *names, compare_names);
    return at ? (int32_t)(at - names) : -1;
}

static smac_status read_classes(score_values *v, const score_file *files, int file_count, smac_error *error)
{
    size_t n = (size_t)v->count, total = 0;
    const char **names = memory_new(n * FILES, sizeof *names);
    if (!names)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the classes of %zu clips", n);
    for (int f = 0; f < file_count; f++)
        for (size_t i = 0; i < n; i++)
            names[total++] = files[f].rows[i].value;
    for (size_t i = 0; i < total; i++)
        if (!*names[i]) {
            const score_file *f = &files[i / n];
            free(names);
            return FAIL(
                error, SMAC_ERROR_FORMAT, "%s line %zu has no class; correct that line", f->path, f->rows[i % n].line);
        }
    size_t classes = sort_names(names, total);
    v->classes = (int)classes;
    for (int f = 0; f < file_count; f++)
        for (size_t i = 0; i < n; i++)
            v->label[f][i] = find_name(names, classes, files[f].rows[i].value);
    free(names);
    return SMAC_OK;
}

static smac_status read_folds(score_values *v, const score_file *truth, smac_error *error)
{
    v->folds = 1;
    if (!truth->rows[0].fold)
        return SMAC_OK;
    size_t n = (size_t)v->count;
    const char **names = memory_new(n, sizeof *names);
    if (!names)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the folds of %zu clips", n);
    for (size_t i = 0; i < n; i++)
        names[i] = truth->rows[i].fold;
    size_t folds = sort_names(names, n);
    for (size_t i = 0; i < n; i++)
        v->fold[i] = find_name(names, folds, truth->rows[i].fold);
    v->folds = (int)folds;
    free(names);
    return SMAC_OK;
}

static smac_status read_values(score_values *v, const score_file *files, int file_count, smac_error *error)
{
    v->count = (int64_t)files[TRUTH].count;
    v->has_other = file_count > OTHER;
    if (!score_values_allocate(v))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the values of %lld clips", (long long)v->count);
    TRY(read_folds(v, &files[TRUTH], error));
    if (v->is_class)
        return read_classes(v, files, file_count, error);
    for (int f = 0; f < file_count; f++)
        for (size_t i = 0; i < files[f].count; i++)
            TRY(read_number(&files[f], i, &v->score[f][i], error));
    return SMAC_OK;
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

/* The metrics of one file's predictions for the rows of one fold. */
static smac_status measure_fold(
    score_values *v, int file, int fold, const int64_t *rows, int64_t count, metric_list *out, smac_error *error)
{
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows ? rows[i] : i;
        if (v->fold[row] != fold)
            continue;
        v->part_score[0][n] = v->score[file][row];
        v->part_score[1][n] = v->score[TRUTH][row];
        v->part_label[0][n] = v->label[file][row];
        v->part_label[1][n++] = v->label[TRUTH][row];
    }
    return v->is_class ? metrics_classes(v->classes, v->part_label[0], v->part_label[1], n, out, error)
                       : metrics_scores(v->protocol, v->part_score[0], v->part_score[1], n, out, error);
}

/* The mean over the folds in which a metric is defined; rows NULL: every clip once. */
static smac_status measure(
    score_values *v, int file, const int64_t *rows, int64_t count, metric_list *out, smac_error *error)
{
    double sum[METRICS_MAX] = {0};
    int defined[METRICS_MAX] = {0};
    out->count = 0;
    for (int fold = 0; fold < v->folds; fold++) {
        metric_list one;
        TRY(measure_fold(v, file, fold, rows, count, &one, error));
        for (int k = 0; k < one.count; k++) {
            bool is_defined = !isnan(one.items[k].value);
            sum[k] += is_defined ? one.items[k].value : 0;
            defined[k] += is_defined;
        }
        if (one.count > 0)
            *out = one;
    }
    for (int k = 0; k < out->count; k++)
        out->items[k].value = defined[k] ? sum[k] / defined[k] : NAN;
    return SMAC_OK;
}

/* The first predictions' metrics, then what the other's lack of them. */
static smac_status figures_of_resample(
    void *user, const int64_t *rows, int64_t count, double *figures, smac_error *error)
{
    score_values *v = user;
    metric_list first, other;
    TRY(measure(v, FIRST, rows, count, &first, error));
    for (int k = 0; k < first.count; k++)
        figures[k] = first.items[k].value;
    if (!v->has_other)
        return SMAC_OK;
    TRY(measure(v, OTHER, rows, count, &other, error));
    for (int k = 0; k < first.count; k++)
        figures[first.count + k] = first.items[k].value - other.items[k].value;
    return SMAC_OK;
}

static smac_status find_intervals(score_values *v, const resampling *how, score_result *out, smac_error *error)
{
    figure_interval all[2 * METRICS_MAX];
    int count = out->metrics.count;
    TRY(bootstrap_intervals(how, v->count, figures_of_resample, v, (v->has_other + 1) * count, all, error));
    memcpy(out->intervals, all, (size_t)count * sizeof *all);
    if (v->has_other)
        memcpy(out->comparison.difference, all + count, (size_t)count * sizeof *all);
    return SMAC_OK;
}

static double loss_of(const score_values *v, int file, int64_t i)
{
    return v->is_class ? v->label[file][i] != v->label[TRUTH][i]
                       : fabs((double)v->score[file][i] - (double)v->score[TRUTH][i]);
}

static smac_status compare_losses(
    const score_values *v, const resampling *how, score_comparison *out, smac_error *error)
{
    double *difference = memory_new((size_t)v->count, sizeof *difference);
    if (!difference)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to compare %lld clips", (long long)v->count);
    out->loss = v->is_class ? "wrong class" : "absolute error";
    out->mean_loss[0] = out->mean_loss[1] = 0;
    for (int64_t i = 0; i < v->count; i++) {
        double first = loss_of(v, FIRST, i), other = loss_of(v, OTHER, i);
        out->mean_loss[0] += first / (double)v->count;
        out->mean_loss[1] += other / (double)v->count;
        difference[i] = first - other;
    }
    resampling flips = *how;
    if (flips.resamples < 1)
        flips.resamples = 10000;
    out->sign_flip_p = sign_flip_test(difference, v->count, &flips);
    out->wilcoxon_p = NAN;
    smac_status status = v->is_class ? SMAC_OK : wilcoxon_test(difference, v->count, &out->wilcoxon_p, error);
    free(difference);
    return status;
}

static smac_status score_values_measure(
    score_values *v, const score_options *options, score_result *out, smac_error *error)
{
    out->clips = v->count;
    out->folds = v->folds;
    out->has_comparison = v->has_other;
    TRY(measure(v, FIRST, NULL, v->count, &out->metrics, error));
    if (v->has_other) {
        TRY(measure(v, OTHER, NULL, v->count, &out->comparison.metrics, error));
        TRY(compare_losses(v, &options->resampling, &out->comparison, error));
    }
    return options->resampling.resamples ? find_intervals(v, &options->resampling, out, error) : SMAC_OK;
}

static bool is_listed(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

smac_status score_files(const score_options *options, score_result *out, smac_error *error)
{
    static const char *const scores[] = {"mosi", "mosei", "sims", "simsv2", "regression", NULL};
    static const char *const classes[] = {"iemocap", "meld", "urfunny", "mustard", "classes", NULL};
    static const char *const truth_names[] = {"value", "label", "truth", NULL};
    static const char *const prediction_names[] = {"value", "prediction", "label", NULL};
    score_values values = {.protocol = options->protocol ? options->protocol : ""};
    values.is_class = is_listed(classes, values.protocol);
    if (!values.is_class && !is_listed(scores, values.protocol))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "unknown protocol '%.60s'; give mosi, mosei, sims, simsv2, "
            "regression, iemocap, meld, urfunny, mustard or classes",
            values.protocol);
    const char *paths[FILES] = {options->truth, options->predictions, options->against};
    score_file files[FILES];
    int file_count = options->against ? FILES : OTHER;
    smac_status status = SMAC_OK;
    memset(out, 0, sizeof *out);
    memset(files, 0, sizeof files);
    for (int f = 0; f < file_count && status == SMAC_OK; f++) {
        status = score_file_open(paths[f], f == TRUTH ? truth_names : prediction_names, &files[f], error);
        if (status == SMAC_OK && f > TRUTH)
            status = check_same_ids(&files[TRUTH], &files[f], error);
    }
    if (status == SMAC_OK)
        status = read_values(&values, files, file_count, error);
    if (status == SMAC_OK)
        status = score_values_measure(&values, options, out, error);
    score_values_free(&values);
    for (int f = 0; f < FILES; f++)
        score_file_close(&files[f]);
    return status;
}
