/* train/metrics.c - metrics of scores and of classes (formats.md, section 2). */
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/numpy_sums.h"

static void metric_add(metric_list *list, const char *name, double value)
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

typedef struct score_pair {
    const float *a, *b;
    double mean_a, mean_b;
    float center;
} score_pair;

static double term_a(const void *context, int64_t i)
{
    return (double)((const score_pair *)context)->a[i];
}

static double term_b(const void *context, int64_t i)
{
    return (double)((const score_pair *)context)->b[i];
}

static double term_aa(const void *context, int64_t i)
{
    const score_pair *s = context;
    double x = (double)s->a[i] - s->mean_a;
    return x * x;
}

static double term_bb(const void *context, int64_t i)
{
    const score_pair *s = context;
    double x = (double)s->b[i] - s->mean_b;
    return x * x;
}

static double term_ab(const void *context, int64_t i)
{
    const score_pair *s = context;
    return ((double)s->a[i] - s->mean_a) * ((double)s->b[i] - s->mean_b);
}

/* np.corrcoef, which works in float64; its products go through BLAS, whose order of summing is the processor's. */
double pearson(const float *a, const float *b, int64_t count)
{
    if (count < 2)
        return NAN;
    score_pair s = {.a = a, .b = b};
    s.mean_a = numpy_sum_f64(term_a, &s, count) / (double)count;
    s.mean_b = numpy_sum_f64(term_b, &s, count) / (double)count;
    double share = 1.0 / (double)(count - 1);
    double deviation_a = sqrt(numpy_sum_f64(term_aa, &s, count) * share);
    double deviation_b = sqrt(numpy_sum_f64(term_bb, &s, count) * share);
    double r = numpy_sum_f64(term_ab, &s, count) * share / deviation_a / deviation_b;
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

/* Averages over the classes that the truth or the prediction has, as scikit-learn's f1_score and others give them. */
typedef struct class_scores {
    double precision, recall, f1;  /* weighted by support */
    double macro_f1, macro_recall; /* macro_recall: over the classes that the truth has */
} class_scores;

typedef struct class_counts {
    int64_t hits, predicted, support;
} class_counts;

typedef struct class_average {
    const double *values;
    const class_counts *counts; /* NULL: not weighted */
} class_average;

static double term_of_class(const void *context, int64_t c)
{
    const class_average *a = context;
    return a->counts ? a->values[c] * (double)a->counts[c].support : a->values[c];
}

static double weighted_average(const double *values, const class_counts *counts, int classes)
{
    double weight = 0;
    for (int c = 0; c < classes; c++)
        weight += (double)counts[c].support;
    return numpy_sum_f64(term_of_class, &(class_average){values, counts}, classes) / weight;
}

static double plain_average(const double *values, int count)
{
    return count ? numpy_sum_f64(term_of_class, &(class_average){values, NULL}, count) / count : NAN;
}

static double quotient(int64_t a, int64_t b)
{
    return b ? (double)a / (double)b : 0;
}

/* counts: room for classes, values: for four times as many.  Predictions outside of 0 to classes - 1 are of no class. */
static class_scores score_classes(
    int classes, const int32_t *prediction, const int32_t *truth, int64_t count, class_counts *counts, double *values)
{
    memset(counts, 0, (size_t)classes * sizeof *counts);
    for (int64_t i = 0; i < count; i++) {
        counts[truth[i]].support++;
        counts[truth[i]].hits += prediction[i] == truth[i];
        if (prediction[i] >= 0 && prediction[i] < classes)
            counts[prediction[i]].predicted++;
    }
    int seen = 0, present = 0;
    double *precision = values, *recall = values + classes, *f1 = recall + classes, *own_recall = f1 + classes;
    for (int c = 0; c < classes; c++) {
        class_counts k = counts[c];
        if (!k.support && !k.predicted)
            continue;
        precision[seen] = quotient(k.hits, k.predicted);
        recall[seen] = quotient(k.hits, k.support);
        f1[seen] = quotient(2 * k.hits, k.support + k.predicted);
        if (k.support)
            own_recall[present++] = recall[seen];
        counts[seen++] = k;
    }
    return (class_scores){weighted_average(precision, counts, seen), weighted_average(recall, counts, seen),
        weighted_average(f1, counts, seen), plain_average(f1, seen), plain_average(own_recall, present)};
}

/* Weighted F1 of two classes; NAN for no clips. */
static double two_class_f1(const int32_t *prediction, const int32_t *truth, int64_t count)
{
    class_counts counts[2];
    double values[8];
    return count > 0 ? score_classes(2, prediction, truth, count, counts, values).f1 : NAN;
}

static float clip(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static float term_difference(const void *context, int64_t i)
{
    const score_pair *s = context;
    return fabsf(s->a[i] - s->b[i]);
}

static double mean_absolute(const float *p, const float *t, int64_t n)
{
    return (double)numpy_mean_f32(term_difference, &(score_pair){.a = p, .b = t}, n);
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
    metric_add(out, "Has0_acc_2", agreement(pc, tc, n));
    metric_add(out, "Has0_F1_score", two_class_f1(pc, tc, n));
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (t[i] != 0) {
            pc[m] = p[i] > 0;
            tc[m++] = t[i] > 0;
        }
    }
    metric_add(out, "Non0_acc_2", agreement(pc, tc, m));
    metric_add(out, "Non0_F1_score", two_class_f1(pc, tc, m));
    metric_add(out, "Mult_acc_5", rounded_accuracy(p, t, n, 2));
    metric_add(out, "Mult_acc_7", rounded_accuracy(p, t, n, 3));
    metric_add(out, "MAE", mean_absolute(p, t, n));
    metric_add(out, "Corr", pearson(p, t, n));
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

static float term_truth(const void *context, int64_t i)
{
    return ((const score_pair *)context)->b[i];
}

static float term_residual(const void *context, int64_t i)
{
    const score_pair *s = context;
    float x = s->b[i] - s->a[i];
    return x * x;
}

static float term_deviation(const void *context, int64_t i)
{
    const score_pair *s = context;
    float x = s->b[i] - s->center;
    return x * x;
}

/* r2_score of scikit-learn 1.6 on float32: 1 for equal arrays, 0 for a constant truth that is missed. */
static double determination(const float *p, const float *t, int64_t n)
{
    score_pair s = {.a = p, .b = t};
    if (n < 2)
        return NAN;
    s.center = numpy_mean_f32(term_truth, &s, n);
    float residual = numpy_sum_f32(term_residual, &s, n), total = numpy_sum_f32(term_deviation, &s, n);
    return residual == 0 ? 1 : total == 0 ? 0 : (double)(1 - residual / total);
}

/* Memory for n predictions and truths: clipped to [-1, 1], and their classes. */
typedef struct sims_scratch {
    float *prediction, *truth;
    int32_t *prediction_class, *truth_class;
} sims_scratch;

static void sims(
    const float *raw_p, const float *raw_t, int64_t n, const sims_scratch *scratch, bool second, metric_list *out)
{
    float *p = scratch->prediction, *t = scratch->truth;
    int32_t *pc = scratch->prediction_class, *tc = scratch->truth_class;
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
        metric_add(out, kinds[k].name, agreement(pc, tc, n));
        if (k == 0)
            f1 = two_class_f1(pc, tc, n);
    }
    metric_add(out, "F1_score", f1);
    metric_add(out, "MAE", mean_absolute(p, t, n));
    metric_add(out, "Corr", pearson(p, t, n));
    if (!second)
        return;
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (t[i] >= -0.4f && t[i] <= 0.4f) {
            pc[m] = bin(p[i], two, 2);
            tc[m++] = bin(t[i], two, 2);
        }
    }
    metric_add(out, "Mult_acc_2_weak", agreement(pc, tc, m));
    metric_add(out, "R_square", determination(p, t, n));
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
        metric_add(out, "MAE", mean_absolute(prediction, truth, count));
        metric_add(out, "Corr", pearson(prediction, truth, count));
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
        sims(prediction, truth, count, &(sims_scratch){clipped, clipped + count, classes, classes + count},
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
    class_counts *counts = memory_new((size_t)classes, sizeof *counts);
    double *values = memory_new((size_t)classes, 4 * sizeof *values);
    if (!counts || !values) {
        free(counts);
        free(values);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the metrics of %d classes", classes);
    }
    class_scores s = score_classes(classes, prediction, truth, count, counts, values);
    free(counts);
    free(values);
    metric_add(out, "accuracy", agreement(prediction, truth, count));
    metric_add(out, "weighted_F1", s.f1);
    metric_add(out, "weighted_precision", s.precision);
    metric_add(out, "weighted_recall", s.recall);
    metric_add(out, "macro_F1", s.macro_f1);
    metric_add(out, "unweighted_recall", s.macro_recall);
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
