/*
 * objectives/label_held_out.c - a held-out prediction from a bank: ridge regression of the truth on the vectors, every
 * fold predicted by the others; and the mix by clip.
 *
 * The Gram matrices of the folds are made once; the training part of a fold is the total less the fold.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "compute/products.h"
#include "objectives/label_internal.h"

static const double ridge_choices[] = {1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0};
enum { RIDGE_CHOICES = sizeof ridge_choices / sizeof ridge_choices[0] };

/* Sums over the samples of one fold, or of all. */
typedef struct moments {
    double count;
    double *gram;    /* (D, D) */
    double *sum;     /* (D) */
    double *product; /* (D, targets): sum of x y */
    double *truth;   /* (targets): sum of y */
} moments;

typedef struct held_out {
    const bank_view *view;
    int64_t width, folds;
    int targets;
    int64_t *fold; /* (count) */
    moments *part, total;
    double *factor, *weights, *mean; /* (D, D), (D, targets), (D) of the fold at hand */
    double *offset;                  /* (targets) */
} held_out;

static bool moments_new(moments *m, int64_t width, int targets)
{
    m->gram = memory_new((size_t)width * (size_t)width, sizeof *m->gram);
    m->sum = memory_new((size_t)width, sizeof *m->sum);
    m->product = memory_new((size_t)width * (size_t)targets, sizeof *m->product);
    m->truth = memory_new((size_t)targets, sizeof *m->truth);
    return m->gram && m->sum && m->product && m->truth;
}

static void moments_free(moments *m)
{
    free(m->gram);
    free(m->sum);
    free(m->product);
    free(m->truth);
}

/* to += sign * from */
static void moments_add(moments *to, const moments *from, double sign, int64_t width, int targets)
{
    to->count += sign * from->count;
    for (int64_t i = 0; i < width * width; i++)
        to->gram[i] += sign * from->gram[i];
    for (int64_t i = 0; i < width; i++)
        to->sum[i] += sign * from->sum[i];
    for (int64_t i = 0; i < width * targets; i++)
        to->product[i] += sign * from->product[i];
    for (int i = 0; i < targets; i++)
        to->truth[i] += sign * from->truth[i];
}

static smac_status moments_of_fold(held_out *h, int64_t fold, float *rows, float *gram, smac_error *error)
{
    moments *m = &h->part[fold];
    int64_t count = 0, width = h->width;
    for (int64_t i = 0; i < h->view->count; i++) {
        if (h->fold[i] != fold)
            continue;
        const float *x = h->view->vectors + i * width, *y = h->view->truth + i * h->targets;
        memcpy(rows + count * width, x, (size_t)width * sizeof *rows);
        count++;
        for (int64_t d = 0; d < width; d++) {
            m->sum[d] += x[d];
            for (int c = 0; c < h->targets; c++)
                m->product[d * h->targets + c] += (double)x[d] * y[c];
        }
        for (int c = 0; c < h->targets; c++)
            m->truth[c] += y[c];
    }
    m->count = (double)count;
    if (count > 0) {
        gemm_problem product = {.transpose_a = true,
            .m = width,
            .n = width,
            .k = count,
            .a = rows,
            .lda = width,
            .b = rows,
            .ldb = width,
            .c = gram,
            .ldc = width};
        TRY(gemm(&product, error));
        for (int64_t i = 0; i < width * width; i++)
            m->gram[i] = gram[i];
    }
    moments_add(&h->total, m, 1, width, h->targets);
    return SMAC_OK;
}

/* Cholesky, in place, lower triangle (n, n); a pivot that is not positive is raised to a small one. */
static void cholesky(double *a, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        double pivot = a[j * n + j];
        for (int64_t k = 0; k < j; k++)
            pivot -= a[j * n + k] * a[j * n + k];
        pivot = sqrt(pivot > 1e-12 ? pivot : 1e-12);
        a[j * n + j] = pivot;
        for (int64_t i = j + 1; i < n; i++) {
            double sum = a[i * n + j];
            for (int64_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = sum / pivot;
        }
    }
}

/* L L^T w = w for one column of w (n, columns) */
static void solve(const double *l, int64_t n, double *w, int columns, int column)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = w[i * columns + column];
        for (int64_t k = 0; k < i; k++)
            sum -= l[i * n + k] * w[k * columns + column];
        w[i * columns + column] = sum / l[i * n + i];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        double sum = w[i * columns + column];
        for (int64_t k = i + 1; k < n; k++)
            sum -= l[k * n + i] * w[k * columns + column];
        w[i * columns + column] = sum / l[i * n + i];
    }
}

/* Weights and offset from all folds but one; of a single other sample, its truth. */
static void fit_without(held_out *h, int64_t fold, double ridge)
{
    int64_t width = h->width;
    const moments *part = &h->part[fold], *total = &h->total;
    double count = total->count - part->count, trace = 0;
    if (count < 2) {
        memset(h->weights, 0, (size_t)(width * h->targets) * sizeof *h->weights);
        for (int c = 0; c < h->targets; c++)
            h->offset[c] = (total->truth[c] - part->truth[c]) / count;
        return;
    }
    for (int64_t d = 0; d < width; d++)
        h->mean[d] = (total->sum[d] - part->sum[d]) / count;
    for (int64_t i = 0; i < width; i++)
        for (int64_t j = 0; j <= i; j++)
            h->factor[i * width + j] =
                total->gram[i * width + j] - part->gram[i * width + j] - count * h->mean[i] * h->mean[j];
    for (int64_t i = 0; i < width; i++)
        trace += h->factor[i * width + i];
    for (int64_t i = 0; i < width; i++)
        h->factor[i * width + i] += ridge * trace / (double)width + 1e-9;
    cholesky(h->factor, width);
    for (int c = 0; c < h->targets; c++) {
        double truth = (total->truth[c] - part->truth[c]) / count;
        for (int64_t d = 0; d < width; d++)
            h->weights[d * h->targets + c] =
                total->product[d * h->targets + c] - part->product[d * h->targets + c] - count * h->mean[d] * truth;
        solve(h->factor, width, h->weights, h->targets, c);
        h->offset[c] = truth;
        for (int64_t d = 0; d < width; d++)
            h->offset[c] -= h->weights[d * h->targets + c] * h->mean[d];
    }
}

static void into_range(const label_generation_options *o, double *y)
{
    double sum = 0;
    if (!o->classes) {
        y[0] = y[0] < o->low ? o->low : y[0] > o->high ? o->high : y[0];
        return;
    }
    for (int c = 0; c < o->targets; c++) {
        y[c] = y[c] > 1e-6 ? y[c] : 1e-6;
        sum += y[c];
    }
    for (int c = 0; c < o->targets; c++)
        y[c] /= sum;
}

/* Predict every fold by the others; gives the sum of squared errors against the truth. */
static double predict_all(held_out *h, const label_generation_options *o, double ridge, float *suggestions)
{
    double error = 0, y[1 + 64];
    for (int64_t fold = 0; fold < h->folds; fold++) {
        if (h->part[fold].count == 0)
            continue;
        fit_without(h, fold, ridge);
        for (int64_t i = 0; i < h->view->count; i++) {
            if (h->fold[i] != fold)
                continue;
            const float *x = h->view->vectors + i * h->width, *truth = h->view->truth + i * h->targets;
            for (int c = 0; c < h->targets; c++) {
                y[c] = h->offset[c];
                for (int64_t d = 0; d < h->width; d++)
                    y[c] += h->weights[d * h->targets + c] * x[d];
            }
            into_range(o, y);
            for (int c = 0; c < h->targets; c++) {
                suggestions[i * h->targets + c] = (float)y[c];
                error += (y[c] - truth[c]) * (y[c] - truth[c]);
            }
        }
    }
    return error;
}

static void held_out_clear(held_out *h)
{
    for (int64_t f = 0; h->part && f < h->folds; f++)
        moments_free(&h->part[f]);
    moments_free(&h->total);
    free(h->part);
    free(h->fold);
    free(h->factor);
    free(h->weights);
    free(h->mean);
    free(h->offset);
}

/* --- folds ---------------------------------------------------------------------------------------------------------- */

typedef struct fold_unit {
    int64_t unit, row;
    uint32_t hash;
} fold_unit;

static int compare_units(const void *a, const void *b)
{
    const fold_unit *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->unit != y->unit)
        return x->unit < y->unit ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* What must not be parted: a sample's group (below the samples' own numbers, which are negative), or the sample. */
static int64_t unit_of(const bank_view *view, int64_t row, bool by_group)
{
    int64_t sample = view->samples[row];
    return by_group && view->groups && view->groups[sample] >= 0 ? view->groups[sample] : -1 - sample;
}

static int64_t sort_units(const bank_view *view, const label_generation_options *o, bool by_group, fold_unit *units)
{
    uint64_t stream = random_stream("labels.folds");
    int64_t different = 0;
    for (int64_t i = 0; i < view->count; i++) {
        int64_t unit = unit_of(view, i, by_group);
        units[i] = (fold_unit){unit, i, random_u32_at(o->seed, stream, (uint64_t)unit)};
    }
    qsort(units, (size_t)view->count, sizeof *units, compare_units);
    for (int64_t i = 0; i < view->count; i++)
        different += i == 0 || units[i].unit != units[i - 1].unit;
    return different;
}

smac_status held_out_folds(
    const bank_view *view, const label_generation_options *o, int64_t *folds, int64_t *fold_count, smac_error *error)
{
    fold_unit *units = memory_new((size_t)view->count + 1, sizeof *units);
    int64_t *filled = memory_new((size_t)o->folds, sizeof *filled);
    if (!units || !filled) {
        free(units);
        free(filled);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the folds of %lld samples", (long long)view->count);
    }
    int64_t different = sort_units(view, o, true, units);
    if (different < 2)
        different = sort_units(view, o, false, units);
    *fold_count = o->folds < different ? o->folds : different;
    for (int64_t i = 0; i < view->count;) {
        int64_t next = i, best = 0;
        for (int64_t f = 1; f < *fold_count; f++)
            best = filled[f] < filled[best] ? f : best;
        for (; next < view->count && units[next].unit == units[i].unit; next++)
            folds[units[next].row] = best;
        filled[best] += next - i;
        i = next;
    }
    free(units);
    free(filled);
    return SMAC_OK;
}

static smac_status held_out_prepare(held_out *h, const label_generation_options *o, smac_error *error)
{
    int64_t width = h->width, count = h->view->count;
    h->fold = memory_new((size_t)count, sizeof *h->fold);
    if (!h->fold)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the folds of %lld samples", (long long)count);
    TRY(held_out_folds(h->view, o, h->fold, &h->folds, error));
    h->part = memory_new((size_t)h->folds, sizeof *h->part);
    h->factor = memory_new((size_t)width * (size_t)width, sizeof *h->factor);
    h->weights = memory_new((size_t)width * (size_t)h->targets, sizeof *h->weights);
    h->mean = memory_new((size_t)width, sizeof *h->mean);
    h->offset = memory_new((size_t)h->targets, sizeof *h->offset);
    float *rows = memory_new((size_t)count * (size_t)width, sizeof *rows);
    float *gram = memory_new((size_t)width * (size_t)width, sizeof *gram);
    bool memory = h->part && h->factor && h->weights && h->mean && h->offset && rows && gram &&
        moments_new(&h->total, width, h->targets);
    for (int64_t f = 0; memory && f < h->folds; f++)
        memory = moments_new(&h->part[f], width, h->targets);
    smac_status status = memory ? SMAC_OK
                                : FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld folds of a bank of width %lld",
                                      (long long)h->folds, (long long)width);
    for (int64_t f = 0; status == SMAC_OK && f < h->folds; f++)
        status = moments_of_fold(h, f, rows, gram, error);
    free(rows);
    free(gram);
    return status;
}

smac_status held_out_suggest(
    const bank_view *view, const label_generation_options *o, float *suggestions, smac_error *error)
{
    held_out h = {.view = view, .width = view->width, .targets = view->targets};
    smac_status status = held_out_prepare(&h, o, error);
    if (status == SMAC_OK) {
        double ridge = o->ridge, least = DBL_MAX;
        for (int i = 0; o->ridge == 0 && i < RIDGE_CHOICES; i++) {
            double sum = predict_all(&h, o, ridge_choices[i], suggestions);
            if (sum < least) {
                least = sum;
                ridge = ridge_choices[i];
            }
        }
        predict_all(&h, o, ridge, suggestions);
    }
    held_out_clear(&h);
    return status;
}

/* --- the mix by clip ----------------------------------------------------------------------------------------------------- */

void clipwise_mix(const bank_view *view, double mix, const float *suggestions, double *mixes)
{
    enum { ROUNDS = 50 };
    double mean_square = 0, narrow, wide, share = 0.3;
    for (int64_t i = 0; i < view->count; i++) {
        double square = 0;
        for (int c = 0; c < view->targets; c++) {
            double d = (double)suggestions[i * view->targets + c] - view->truth[i * view->targets + c];
            square += d * d;
        }
        mixes[i] = square; /* the distance squared, for now */
        mean_square += square / (double)view->count;
    }
    if (mean_square < 1e-12) {
        for (int64_t i = 0; i < view->count; i++)
            mixes[i] = mix;
        return;
    }
    narrow = mean_square / 4;
    wide = mean_square * 2;
    for (int round = 0; round <= ROUNDS; round++) {
        double sum = 0, wide_sum = 0, narrow_sum = 0;
        for (int64_t i = 0; i < view->count; i++) {
            double in_wide = share * exp(-mixes[i] / (2 * wide)) / sqrt(wide);
            double in_narrow = (1 - share) * exp(-mixes[i] / (2 * narrow)) / sqrt(narrow);
            double chance = in_wide / (in_wide + in_narrow + DBL_MIN);
            if (round == ROUNDS) {
                mixes[i] = mix + (1 - mix) * chance;
                continue;
            }
            sum += chance;
            wide_sum += chance * mixes[i];
            narrow_sum += (1 - chance) * mixes[i];
        }
        if (round == ROUNDS)
            break;
        double least = mean_square * 1e-4;
        wide = sum > 1e-9 ? wide_sum / sum : wide;
        narrow = (double)view->count - sum > 1e-9 ? narrow_sum / ((double)view->count - sum) : narrow;
        narrow = narrow > least ? narrow : least;
        wide = wide > narrow ? wide : narrow;
        share = sum / (double)view->count;
    }
}
