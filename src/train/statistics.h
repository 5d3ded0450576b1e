/*
 * train/statistics.h - how sure a figure is: bootstrap intervals over clips, and paired tests of two models on the same
 * clips.  Random numbers are counter-based (base/random.h): a result depends on the seed and the data alone.
 */
#ifndef SMAC_TRAIN_STATISTICS_H
#define SMAC_TRAIN_STATISTICS_H

#include <stdint.h>

#include "base/error.h"

typedef struct resampling {
    int64_t resamples; /* at least 1; 1000 or more for an interval that is published */
    double level;      /* of an interval, between 0 and 1: 0.95 */
    uint64_t seed;
} resampling;

/*
 * Writes the figures of a set of clips: rows (count) are clips by number, repeated as the resample repeats them.  NAN
 * where a figure is not defined for them (Corr of a constant).
 */
typedef smac_status (*figures_of_clips)(
    void *user, const int64_t *rows, int64_t count, double *figures, smac_error *error);

typedef struct figure_interval {
    double low, high;
    int64_t defined; /* resamples in which the figure was defined; the others do not count */
} figure_interval;

/*
 * The percentile bootstrap: clips are drawn with replacement, as many as there are.  Percentiles are interpolated as
 * numpy.percentile does.  out has figure_count intervals, NAN to NAN where no resample defined the figure.
 * Errors: ARGUMENT for resampling settings or no clips, MEMORY, and those of figures.
 */
smac_status bootstrap_intervals(const resampling *how, int64_t clips, figures_of_clips figures, void *user,
    int figure_count, figure_interval *out, smac_error *error);

/*
 * Two-sided p of the hypothesis that the sign of each clip's difference is a coin's: all 2^count flips for at most 16
 * clips that differ, else how->resamples random ones, (1 + those at least as extreme) / (1 + resamples).  NAN without
 * clips.
 */
double sign_flip_test(const double *difference, int64_t count, const resampling *how);

/*
 * Wilcoxon's signed-rank test, two-sided; differences of 0 are left out.  Exact for at most 50 differences without
 * ties, else the normal approximation corrected for ties.  1 where nothing differs, NAN without clips; MEMORY.
 */
smac_status wilcoxon_test(const double *difference, int64_t count, double *p, smac_error *error);

#endif
