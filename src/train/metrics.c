/* train/metrics.c - metrics of scores and of classes (formats.md, section 2). */
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void add(metric_list *list, const char *name, double value)
{
    if (list->count < METRICS_MAX)
        list->items[list->count++] = (metric){name, value};
}

double metric_value(const metric_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return list->items[i].value;
    return NAN;
}

json_t *metrics_to_json(const metric_list *list)
{
    json_t *object = json_object();
    for (int i = 0; object && i < list->count; i++) {
        double v = list->items[i].value;
        json_object_set_new(object, list->items[i].name, isfinite(v) ? json_real(v) : json_null());
    }
    return object;
}

/* --- building blocks ---------------------------------------------------------------------------------------------- */

double pearson(const float *a, const float *b, int64_t count)
{
    if (count < 2)
        return NAN;
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    for (int64_t i = 0; i < count; i++) {
        ma += a[i];
        mb += b[i];
    }
    ma /= (double)count;
    mb /= (double)count;
    for (int64_t i = 0; i < count; i++) {
        double x = a[i] - ma, y = b[i] - mb;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}

/* Support-weighted precision, recall and F1, and the unweighted means of F1 and recall over classes with support. */
typedef struct class_scores {
    double precision, recall, f1, macro_f1, macro_recall;
} class_scores;

static class_scores score_classes(int classes, const int32_t *prediction, const int32_t *truth, int64_t count)
{
    class_scores out = {0, 0, 0, 0, 0};
    int seen = 0;
    for (int c = 0; c < classes; c++) {
        int64_t hit = 0, said = 0, is = 0;
        for (int64_t i = 0; i < count; i++) {
            said += prediction[i] == c;
            is += truth[i] == c;
            hit += prediction[i] == c && truth[i] == c;
        }
        double precision = said ? (double)hit / (double)said : 0, recall = is ? (double)hit / (double)is : 0;
        double f1 = hit ? 2 * precision * recall / (precision + recall) : 0, share = (double)is / (double)count;
        out.precision += share * precision;
        out.recall += share * recall;
        out.f1 += share * f1;
        if (is || said) {
            seen++;
            out.macro_f1 += f1;
        }
        out.macro_recall += recall;
    }
    int present = 0;
    for (int c = 0; c < classes; c++) {
        bool is = false;
        for (int64_t i = 0; i < count && !is; i++)
            is = truth[i] == c;
        present += is;
    }
    out.macro_f1 = seen ? out.macro_f1 / seen : NAN;
    out.macro_recall = present ? out.macro_recall / present : NAN;
    return out;
}

double weighted_f1(int classes, const int32_t *prediction, const int32_t *truth, int64_t count)
{
    return count > 0 ? score_classes(classes, prediction, truth, count).f1 : NAN;
}

static float clip(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static double mean_absolute(const float *p, const float *t, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)fabsf(p[i] - t[i]);
    return n ? sum / (double)n : NAN;
}

/* --- MOSI and MOSEI ----------------------------------------------------------------------------------------------- */

static double rounded_accuracy(const float *p, const float *t, int64_t n, float limit)
{
    int64_t hits = 0;
    for (int64_t i = 0; i < n; i++)
        hits += rintf(clip(p[i], -limit, limit)) == rintf(clip(t[i], -limit, limit)); /* half to even */
    return (double)hits / (double)n;
}

static double agreement(const int32_t *p, const int32_t *t, int64_t n)
{
    int64_t hits = 0;
    for (int64_t i = 0; i < n; i++)
        hits += p[i] == t[i];
    return n ? (double)hits / (double)n : NAN;
}

static void mosi(const float *p, const float *t, int64_t n, int32_t *pc, int32_t *tc, metric_list *out)
{
    for (int64_t i = 0; i < n; i++) {
        pc[i] = p[i] >= 0;
        tc[i] = t[i] >= 0;
    }
    add(out, "Has0_acc_2", agreement(pc, tc, n));
    add(out, "Has0_F1_score", weighted_f1(2, pc, tc, n));
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (t[i] != 0) {
            pc[m] = p[i] > 0;
            tc[m++] = t[i] > 0;
        }
    }
    add(out, "Non0_acc_2", agreement(pc, tc, m));
    add(out, "Non0_F1_score", weighted_f1(2, pc, tc, m));
    add(out, "Mult_acc_5", rounded_accuracy(p, t, n, 2));
    add(out, "Mult_acc_7", rounded_accuracy(p, t, n, 3));
    add(out, "MAE", mean_absolute(p, t, n));
    add(out, "Corr", pearson(p, t, n));
}

/* --- CH-SIMS ------------------------------------------------------------------------------------------------------ */

/* Class of x by half-open bins (border[i], border[i+1]]; float32 borders, as the reference compares. */
static int32_t bin(float x, const float *border, int bins)
{
    for (int i = 0; i < bins; i++)
        if (x > border[i] && x <= border[i + 1])
            return i;
    return -1;
}

static void sims(const float *raw_p, const float *raw_t, int64_t n, float *p, float *t, int32_t *pc, int32_t *tc,
    bool second, metric_list *out)
{
    static const float two[] = {-1.01f, 0.0f, 1.01f}, three[] = {-1.01f, -0.1f, 0.1f, 1.01f};
    static const float five[] = {-1.01f, -0.7f, -0.1f, 0.1f, 0.7f, 1.01f};
    static const struct {
        const char *name;
        const float *border;
        int bins;
    } kinds[] = {{"Mult_acc_2", two, 2}, {"Mult_acc_3", three, 3}, {"Mult_acc_5", five, 5}};
    double f1 = NAN;
    for (int64_t i = 0; i < n; i++) {
        p[i] = clip(raw_p[i], -1, 1);
        t[i] = clip(raw_t[i], -1, 1);
    }
    for (int k = 0; k < 3; k++) {
        for (int64_t i = 0; i < n; i++) {
            pc[i] = bin(p[i], kinds[k].border, kinds[k].bins);
            tc[i] = bin(t[i], kinds[k].border, kinds[k].bins);
        }
        add(out, kinds[k].name, agreement(pc, tc, n));
        if (k == 0)
            f1 = weighted_f1(2, pc, tc, n);
    }
    add(out, "F1_score", f1);
    add(out, "MAE", mean_absolute(p, t, n));
    add(out, "Corr", pearson(p, t, n));
    if (!second)
        return;
    int64_t m = 0;
    double mean = 0, residual = 0, total = 0;
    for (int64_t i = 0; i < n; i++) {
        mean += (double)t[i] / (double)n;
        if (t[i] >= -0.4f && t[i] <= 0.4f) {
            pc[m] = bin(p[i], two, 2);
            tc[m++] = bin(t[i], two, 2);
        }
    }
    for (int64_t i = 0; i < n; i++) {
        residual += (double)(p[i] - t[i]) * (double)(p[i] - t[i]);
        total += (t[i] - mean) * (t[i] - mean);
    }
    add(out, "Mult_acc_2_weak", agreement(pc, tc, m));
    add(out, "R_square", total > 0 ? 1 - residual / total : NAN);
}

smac_status metrics_scores(const char *protocol, const float *prediction, const float *truth, int64_t count,
    metric_list *out, smac_error *error)
{
    out->count = 0;
    if (count <= 0)
        return SMAC_OK;
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(prediction[i]) || !isfinite(truth[i]))
            return FAIL(error, SMAC_ERROR_NUMERIC,
                "value %lld is not finite (prediction %g, truth %g): train with a lower train.rate", (long long)i + 1,
                (double)prediction[i], (double)truth[i]);
    bool is_mosi = !strcmp(protocol, "mosi") || !strcmp(protocol, "mosei");
    bool is_sims = !strcmp(protocol, "sims") || !strcmp(protocol, "simsv2");
    if (!is_mosi && !is_sims) {
        add(out, "MAE", mean_absolute(prediction, truth, count));
        add(out, "Corr", pearson(prediction, truth, count));
        return SMAC_OK;
    }
    int32_t *classes = memory_new((size_t)count, 2 * sizeof *classes);
    float *clipped = memory_new((size_t)count, 2 * sizeof *clipped);
    smac_status status = SMAC_OK;
    if (!classes || !clipped)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the metrics of %lld clips", (long long)count);
    else if (is_mosi)
        mosi(prediction, truth, count, classes, classes + count, out);
    else
        sims(prediction, truth, count, clipped, clipped + count, classes, classes + count,
            strcmp(protocol, "simsv2") == 0, out);
    free(classes);
    free(clipped);
    return status;
}

/* --- classes ------------------------------------------------------------------------------------------------------ */

smac_status metrics_classes(
    int classes, const int32_t *prediction, const int32_t *truth, int64_t count, metric_list *out, smac_error *error)
{
    out->count = 0;
    if (count <= 0)
        return SMAC_OK;
    for (int64_t i = 0; i < count; i++)
        if (truth[i] < 0 || truth[i] >= classes)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "class %d of value %lld is outside of 0 to %d", (int)truth[i],
                (long long)i + 1, classes - 1);
    class_scores s = score_classes(classes, prediction, truth, count);
    add(out, "accuracy", agreement(prediction, truth, count));
    add(out, "weighted_F1", s.f1);
    add(out, "weighted_precision", s.precision);
    add(out, "weighted_recall", s.recall);
    add(out, "macro_F1", s.macro_f1);
    add(out, "unweighted_recall", s.macro_recall);
    return SMAC_OK;
}

smac_status metrics_for_task(const task_description *task, const float *prediction, const float *truth, int64_t count,
    metric_list *out, smac_error *error)
{
    int targets = task_targets(task);
    out->count = 0;
    float *p = memory_new((size_t)count + 1, sizeof *p), *t = memory_new((size_t)count + 1, sizeof *t);
    int32_t *pc = memory_new((size_t)count + 1, sizeof *pc), *tc = memory_new((size_t)count + 1, sizeof *tc);
    smac_status status = SMAC_OK;
    int64_t n = 0;
    if (!p || !t || !pc || !tc) {
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the metrics of %lld clips", (long long)count);
    } else {
        for (int64_t i = 0; i < count; i++) {
            if (isnan(truth[i]))
                continue;
            const float *row = prediction + i * targets;
            p[n] = row[0];
            t[n] = truth[i];
            pc[n] = 0;
            for (int c = 1; c < targets; c++)
                if (row[c] > row[pc[n]])
                    pc[n] = c;
            tc[n++] = (int32_t)truth[i];
        }
        status = task->kind == TASK_CLASSES ? metrics_classes(task->classes, pc, tc, n, out, error)
                                            : metrics_scores(task->protocol, p, t, n, out, error);
    }
    free(p);
    free(t);
    free(pc);
    free(tc);
    return status;
}

const char *metric_for_validation(const task_description *task, bool *less_is_better)
{
    *less_is_better = task->kind == TASK_REGRESSION;
    if (task->kind == TASK_REGRESSION)
        return "MAE";
    return strcmp(task->protocol, "urfunny") == 0 ? "accuracy" : "weighted_F1";
}
