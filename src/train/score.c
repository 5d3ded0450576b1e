/* train/score.c - metrics of two CSV files: `semanticmac score`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/memory.h"
#include "base/number.h"
#include "train/metrics.h"

typedef struct score_row {
    const char *id, *value;
    size_t line;
} score_row;

typedef struct score_file {
    csv_table table;
    score_row *rows; /* by id */
    size_t count;
    const char *path;
} score_file;

static int by_id(const void *a, const void *b)
{
    return strcmp(((const score_row *)a)->id, ((const score_row *)b)->id);
}

static smac_status file_open(const char *path, const char *const *names, score_file *f, smac_error *error)
{
    f->path = path;
    TRY(csv_read(path, &f->table, error));
    if (f->table.count < 2)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "%s has no rows; expected a header line and one line a clip: give another", path);
    int column = -1;
    for (int i = 0; names[i] && column < 0; i++)
        column = csv_column(&f->table, names[i]);
    if (column < 0)
        column = 1;
    f->rows = memory_new(f->table.count, sizeof *f->rows);
    if (!f->rows)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the %zu rows of %s", f->table.count, path);
    for (size_t i = 1; i < f->table.count; i++) {
        const csv_row *row = &f->table.rows[i];
        if (row->count == 1 && row->cells[0][0] == 0)
            continue;
        if (row->count <= (size_t)column)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%s line %zu has %zu cells; expected an id and a value: mend that line", path, row->line, row->count);
        f->rows[f->count++] = (score_row){row->cells[0], row->cells[column], row->line};
    }
    qsort(f->rows, f->count, sizeof *f->rows, by_id);
    for (size_t i = 1; i < f->count; i++)
        if (strcmp(f->rows[i - 1].id, f->rows[i].id) == 0)
            return FAIL(error, SMAC_ERROR_FORMAT, "%s line %zu: the id %.100s stands there twice: take one out", path,
                f->rows[i].line, f->rows[i].id);
    return SMAC_OK;
}

static void file_close(score_file *f)
{
    csv_free(&f->table);
    free(f->rows);
}

/* Both are sorted; they must hold the same ids. */
static smac_status same_ids(const score_file *truth, const score_file *prediction, smac_error *error)
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
            "%zu ids are in %s alone and %zu in %s alone (the first: %.100s); make both name the same clips",
            only_truth, truth->path, only_prediction, prediction->path, first);
    return SMAC_OK;
}

static smac_status number_of(const score_file *f, size_t i, float *out, smac_error *error)
{
    double value;
    if (!number_parse(f->rows[i].value, &value) || !isfinite(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s line %zu: '%.60s' is not a number: mend that line", f->path,
            f->rows[i].line, f->rows[i].value);
    *out = (float)value;
    return SMAC_OK;
}

static int by_text(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    double dx, dy;
    if (number_parse(x, &dx) && number_parse(y, &dy) && dx != dy)
        return dx < dy ? -1 : 1;
    return strcmp(x, y);
}

static smac_status score_class_names(
    const score_file *truth, const score_file *prediction, metric_list *out, smac_error *error)
{
    size_t n = truth->count, classes = 0;
    const char **names = memory_new(n + 1, sizeof *names);
    int32_t *p = memory_new(n + 1, sizeof *p), *t = memory_new(n + 1, sizeof *t);
    smac_status status = SMAC_OK;
    if (!names || !p || !t) {
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu classes", n);
    } else {
        for (size_t i = 0; i < n; i++)
            names[i] = truth->rows[i].value;
        qsort(names, n, sizeof *names, by_text);
        for (size_t i = 0; i < n; i++)
            if (classes == 0 || strcmp(names[classes - 1], names[i]) != 0)
                names[classes++] = names[i];
        for (size_t i = 0; i < n; i++) {
            p[i] = t[i] = -1; /* a predicted class that the truth does not have is simply wrong */
            for (size_t c = 0; c < classes; c++) {
                if (strcmp(names[c], truth->rows[i].value) == 0)
                    t[i] = (int32_t)c;
                if (strcmp(names[c], prediction->rows[i].value) == 0)
                    p[i] = (int32_t)c;
            }
        }
        status = metrics_classes((int)classes, p, t, (int64_t)n, out, error);
    }
    free(names);
    free(p);
    free(t);
    return status;
}

static smac_status score_numbers(
    const char *protocol, const score_file *truth, const score_file *prediction, metric_list *out, smac_error *error)
{
    size_t n = truth->count;
    float *p = memory_new(n + 1, sizeof *p), *t = memory_new(n + 1, sizeof *t);
    smac_status status = SMAC_OK;
    if (!p || !t)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu scores", n);
    for (size_t i = 0; status == SMAC_OK && i < n; i++) {
        status = number_of(truth, i, &t[i], error);
        if (status == SMAC_OK)
            status = number_of(prediction, i, &p[i], error);
    }
    if (status == SMAC_OK)
        status = metrics_scores(protocol, p, t, (int64_t)n, out, error);
    free(p);
    free(t);
    return status;
}

smac_status score_files(const score_options *options, metric_list *out, int64_t *count, smac_error *error)
{
    static const char *const scores[] = {"mosi", "mosei", "sims", "simsv2", "regression", NULL};
    static const char *const classes[] = {"iemocap", "meld", "urfunny", "mustard", "classes", NULL};
    static const char *const truth_names[] = {"value", "label", "truth", NULL};
    static const char *const prediction_names[] = {"value", "prediction", "label", NULL};
    const char *protocol = options->protocol ? options->protocol : "";
    bool is_score = false, is_class = false;
    for (int i = 0; scores[i]; i++)
        is_score = is_score || strcmp(protocol, scores[i]) == 0;
    for (int i = 0; classes[i]; i++)
        is_class = is_class || strcmp(protocol, classes[i]) == 0;
    if (!is_score && !is_class)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "unknown protocol '%.60s'; give mosi, mosei, sims, simsv2, "
            "regression, iemocap, meld, urfunny, mustard or classes",
            protocol);
    score_file truth = {0}, prediction = {0};
    smac_status status = file_open(options->truth, truth_names, &truth, error);
    if (status == SMAC_OK)
        status = file_open(options->predictions, prediction_names, &prediction, error);
    if (status == SMAC_OK)
        status = same_ids(&truth, &prediction, error);
    if (status == SMAC_OK)
        status = is_class ? score_class_names(&truth, &prediction, out, error)
                          : score_numbers(protocol, &truth, &prediction, out, error);
    if (status == SMAC_OK && count)
        *count = (int64_t)truth.count;
    file_close(&truth);
    file_close(&prediction);
    return status;
}
