/*
 * train/score.h - `semanticmac score`: metrics of anyone's predictions from CSV files.
 *
 * The files have a header line and are matched by their first column (id).  The value is the column called "value",
 * "label" or "truth" ("value", "prediction" or "label" of predictions), else the second.  Classes are numbers or names;
 * the classes are all that the truth and the predictions name.  A column "fold" of the truth makes every metric the mean
 * over the folds (MUStARD's five, IEMOCAP's sessions).
 */
#ifndef SMAC_TRAIN_SCORE_H
#define SMAC_TRAIN_SCORE_H

#include "train/metrics.h"
#include "train/statistics.h"

typedef struct score_options {
    const char *truth, *predictions; /* paths */
    const char *against;             /* other predictions to compare with, or NULL */
    /* scores: mosi, mosei, sims, simsv2, regression; classes: iemocap, meld, urfunny, mustard, classes */
    const char *protocol;
    resampling resampling; /* resamples 0: no intervals */
} score_options;

typedef struct score_comparison {
    metric_list metrics;                          /* of the other predictions */
    figure_interval difference[METRICS_MAX];      /* first less other, with resampling */
    const char *loss;                             /* what is compared a clip: "absolute error" or "wrong class" */
    double sign_flip_p, wilcoxon_p, mean_loss[2]; /* wilcoxon_p of scores alone, else NAN; loss of both */
} score_comparison;

typedef struct score_result {
    int64_t clips;
    int folds; /* 1 without a column of folds */
    metric_list metrics;
    figure_interval intervals[METRICS_MAX]; /* with resampling */
    bool has_comparison;
    score_comparison comparison;
} score_result;

/* Errors: ARGUMENT (protocol, resampling), NOT_FOUND, IO, FORMAT (a row, by its line), MISMATCH (other ids), MEMORY. */
smac_status score_files(const score_options *options, score_result *out, smac_error *error);

#endif
