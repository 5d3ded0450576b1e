/* train/statistics.c - bootstrap intervals, sign flips, signed ranks. */
#include "train/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

enum { EXACT_FLIPS = 16, EXACT_RANKS = 50 };

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* numpy.percentile of sorted values, share between 0 and 1. */
static double percentile(const double *sorted, int64_t count, double share)
{
    double at = share * (double)(count - 1);
    int64_t low = (int64_t)floor(at), high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (sorted[high] - sorted[low]) * (at - (double)low);
}

/* values: (figure_count, resamples) */
static void intervals_of(const resampling *how, double *values, int figure_count, figure_interval *out)
{
    for (int k = 0; k < figure_count; k++) {
        double *row = values + k * how->resamples;
        int64_t n = 0;
        for (int64_t r = 0; r < how->resamples; r++)
            if (!isnan(row[r]))
                row[n++] = row[r];
        out[k] = (figure_interval){NAN, NAN, n};
        if (n == 0)
            continue;
        qsort(row, (size_t)n, sizeof *row, compare_doubles);
        out[k].low = percentile(row, n, (1 - how->level) / 2);
        out[k].high = percentile(row, n, (1 + how->level) / 2);
    }
}

smac_status bootstrap_intervals(const resampling *how, int64_t clips, figures_of_clips figures, void *user,
    int figure_count, figure_interval *out, smac_error *error)
{
    if (how->resamples < 1 || !(how->level > 0 && how->level < 1) || clips < 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "an interval of level %g from %lld resamples of %lld clips was asked for, expected a level between 0 and 1, "
            "and at least one of both",
            how->level, (long long)how->resamples, (long long)clips);
    size_t total;
    bool fits = checked_multiply((size_t)figure_count, (size_t)how->resamples, &total);
    double *values = fits ? memory_new(total, sizeof *values) : NULL;
    double *one = memory_new((size_t)figure_count, sizeof *one);
    int64_t *rows = memory_new((size_t)clips, sizeof *rows);
    smac_status status = SMAC_OK;
    if (!values || !one || !rows)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld resamples", (long long)how->resamples);
    uint64_t stream = random_stream("bootstrap");
    for (int64_t r = 0; r < how->resamples && status == SMAC_OK; r++) {
        for (int64_t i = 0; i < clips; i++) {
            uint64_t number = random_u32_at(how->seed, stream, (uint64_t)(r * clips + i));
            rows[i] = (int64_t)(number * (uint64_t)clips >> 32);
        }
        status = figures(user, rows, clips, one, error);
        for (int k = 0; k < figure_count && status == SMAC_OK; k++)
            values[k * how->resamples + r] = one[k];
    }
    if (status == SMAC_OK)
        intervals_of(how, values, figure_count, out);
    free(values);
    free(one);
    free(rows);
    return status;
}

/* --- sign flips --------------------------------------------------------------------------------------------------- */

/* Whether a sum is as far from 0 as the one observed; sums that differ by rounding alone are equal. */
static bool is_extreme(double sum, double observed, double scale)
{
    return fabs(sum) >= fabs(observed) - 1e-12 * scale;
}

/* Each clip that differs doubles the number of flips; the others do not change a sum. */
static double exact_flips(const double *d, int count, double observed, double scale)
{
    int64_t all = (int64_t)1 << count, extreme = 0;
    for (int64_t flips = 0; flips < all; flips++) {
        double sum = 0;
        for (int i = 0; i < count; i++)
            sum += flips >> i & 1 ? -d[i] : d[i];
        extreme += is_extreme(sum, observed, scale);
    }
    return (double)extreme / (double)all;
}

static double random_flips(
    const double *difference, int64_t count, const resampling *how, double observed, double scale)
{
    uint64_t stream = random_stream("sign flips");
    int64_t extreme = 0;
    for (int64_t r = 0; r < how->resamples; r++) {
        double sum = 0;
        uint32_t bits = 0;
        for (int64_t i = 0; i < count; i++) {
            if (i % 32 == 0)
                bits = random_u32_at(how->seed, stream, (uint64_t)(r * ((count + 31) / 32) + i / 32));
            sum += bits >> i % 32 & 1 ? -difference[i] : difference[i];
        }
        extreme += is_extreme(sum, observed, scale);
    }
    return (double)(extreme + 1) / (double)(how->resamples + 1);
}

double sign_flip_test(const double *difference, int64_t count, const resampling *how)
{
    double observed = 0, scale = 0, few[EXACT_FLIPS];
    int64_t different = 0;
    for (int64_t i = 0; i < count; i++) {
        observed += difference[i];
        scale += fabs(difference[i]);
        if (difference[i] != 0 && different++ < EXACT_FLIPS)
            few[different - 1] = difference[i];
    }
    if (count < 1)
        return NAN;
    return different <= EXACT_FLIPS ? exact_flips(few, (int)different, observed, scale)
                                    : random_flips(difference, count, how, observed, scale);
}

/* --- signed ranks ------------------------------------------------------------------------------------------------- */

static int compare_magnitudes(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* The share of the 2^n sets of ranks whose sum is at most limit, twice. */
static double exact_rank_p(int n, int limit)
{
    double sets[EXACT_RANKS * (EXACT_RANKS + 1) / 2 + 1] = {1};
    int largest = n * (n + 1) / 2;
    for (int rank = 1; rank <= n; rank++)
        for (int sum = largest; sum >= rank; sum--)
            sets[sum] += sets[sum - rank];
    double count = 0;
    for (int sum = 0; sum <= limit; sum++)
        count += sets[sum];
    double p = 2 * count / ldexp(1, n);
    return p < 1 ? p : 1;
}

smac_status wilcoxon_test(const double *difference, int64_t count, double *p, smac_error *error)
{
    double *d = memory_new((size_t)count + 1, sizeof *d), plus = 0, minus = 0, ties = 0;
    int64_t n = 0;
    *p = NAN;
    if (!d)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the ranks of %lld clips", (long long)count);
    for (int64_t i = 0; i < count; i++)
        if (difference[i] != 0)
            d[n++] = difference[i];
    qsort(d, (size_t)n, sizeof *d, compare_magnitudes);
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && fabs(d[end]) == fabs(d[i]);)
            end++;
        double rank = (double)(i + 1 + end) / 2, same = (double)(end - i);
        ties += same * same * same - same;
        for (int64_t k = i; k < end; k++)
            *(d[k] > 0 ? &plus : &minus) += rank;
    }
    free(d);
    double t = plus < minus ? plus : minus, size = (double)n;
    if (count > 0 && n == 0) {
        *p = 1;
    } else if (n > 0 && n <= EXACT_RANKS && n == count && ties == 0) {
        *p = exact_rank_p((int)n, (int)t);
    } else if (n > 0) {
        double variance = (size * (size + 1) * (2 * size + 1) - ties / 2) / 24;
        *p = erfc(fabs(t - size * (size + 1) / 4) / sqrt(2 * variance));
    }
    return SMAC_OK;
}
