/* train/trainer_internal.h - the state of a run, shared by the trainer's files. */
#ifndef SMAC_TRAIN_TRAINER_INTERNAL_H
#define SMAC_TRAIN_TRAINER_INTERNAL_H

#include <stdio.h>

#include "train/objective_setup.h"
#include "train/optimiser.h"
#include "train/trainer.h"

/* Sums over an epoch's steps for its log line; kept in checkpoints. */
typedef struct epoch_sums {
    double loss, task, gradient;
    int64_t steps;
} epoch_sums;

typedef struct training {
    const train_options *options;
    const configuration *c;
    affect_system *system;
    const sample_cache *cache;
    const reporter *report;
    const task_description *task;
    int targets;

    int64_t count;  /* training clips N */
    int64_t *items; /* (N) their places in the cache */
    float *truth;   /* (N, targets) */
    int64_t valid_count;
    int64_t batch;       /* clips a batch */
    int64_t batches;     /* of an epoch */
    int64_t epoch_steps; /* optimiser's steps of an epoch */

    optimiser *optimiser;
    label_generation *labels;
    objective_options objective;
    float *class_weights;
    tape *tape;

    int64_t epoch;             /* the one under way, from 1 */
    int64_t position;          /* batches done in it */
    int64_t steps;             /* optimiser's steps in all */
    int64_t best_epoch, stale; /* epochs since the best */
    double best_value;
    metric_list best;
    bool done;
    bool stop; /* asked for where the work could not be left */
    epoch_sums sums;
    double seconds_before; /* of earlier parts of the run */
    double started;

    int64_t *order; /* (N) training clips by batch, of the epoch under way */
    FILE *log;
    int64_t log_bytes;
    char *paths[6]; /* RUN_* below */
} training;

enum { RUN_BEST, RUN_LAST, RUN_LOG, RUN_LABELS, RUN_QUALITY, RUN_CONFIGURATION, RUN_FILES };

double training_clock(void); /* seconds, monotonic */
int64_t training_total_steps(const training *t);

/* trainer_state.c */
smac_status training_save(training *t, smac_error *error); /* out/last.safetensors */
smac_status training_restore(training *t, const tensor_file *file, smac_error *error);
smac_status training_save_best(training *t, smac_error *error);
smac_status training_check_configuration(
    const configuration *now, const tensor_file *file, const char *path, smac_error *error);

/* trainer_report.c */
smac_status training_log_open(training *t, bool resume, smac_error *error);
smac_status training_log_step(training *t, const objective_terms *terms, double norm, double factor, int64_t clips,
    double seconds, smac_error *error);
smac_status training_log_epoch(training *t, const metric_list *valid, bool better, double seconds, smac_error *error);
smac_status training_log_flush(training *t, smac_error *error);    /* to the disk */
smac_status training_write_labels(training *t, smac_error *error); /* labels.csv and label_quality.json */

/* trainer_order.c */
smac_status training_make_order(training *t, smac_error *error); /* of t->epoch */
void training_modality_dropout(const training *t, const int64_t *clips, int64_t count, uint8_t *drop);

#endif
