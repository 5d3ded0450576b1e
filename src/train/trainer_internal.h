/* train/trainer_internal.h - the state of a run, shared by the trainer's files. */
#ifndef SMAC_TRAIN_TRAINER_INTERNAL_H
#define SMAC_TRAIN_TRAINER_INTERNAL_H

#include <stdio.h>

#include "train/evaluate.h"
#include "train/objective_setup.h"
#include "train/optimiser.h"
#include "train/team.h"
#include "train/trainer.h"
#include "train/trainer_pairs.h"

/* Sums over an epoch's steps for its log line; kept in checkpoints. */
typedef struct epoch_sums {
    double loss, task, gradient;
    int64_t steps;
} epoch_sums;

/* One of the model's tasks over the training clips. */
typedef struct training_task {
    const task_description *task;
    int targets;
    float *truth;         /* (N, targets) */
    uint8_t *have;        /* (N) 1 for a clip with a label of the task */
    int64_t count;        /* clips with one */
    float *class_weights; /* (targets) or NULL */
    label_generation *labels;
} training_task;

typedef struct training {
    const train_options *options;
    const run_settings *run;
    affect_model *model;
    const sample_cache *cache;
    const reporter *report;

    int64_t count;  /* training clips N: those with a label of at least one task */
    int64_t *items; /* (N) their places in the cache */
    int64_t valid_count;
    uint8_t *media;       /* (clips of the dataset, MEDIA_MARK) marks of the media files of training and validation */
    training_task *tasks; /* (task_count) */
    int task_count;
    int64_t batch;       /* clips a batch */
    int64_t batches;     /* of an epoch */
    int64_t epoch_steps; /* optimiser's steps of an epoch */
    clip_pairs *pairs;   /* NULL: no samples are made of several clips */

    optimiser *optimiser;
    label_bank *bank;
    objective_options objective;
    tape *tape;

    int64_t epoch;             /* the one under way, from 1 */
    int64_t position;          /* batches done in it */
    int64_t steps;             /* optimiser's steps in all */
    int64_t best_epoch, stale; /* epochs since the best */
    validation_figure figure;  /* what validation picks by; its value is the best one */
    metric_list best;          /* of a single task */
    bool done;
    bool stop; /* asked for while the work could not be left */
    epoch_sums sums;
    double seconds_before; /* of earlier parts of the run */
    double started;

    int64_t *order; /* (N) training clips by batch, of the epoch under way */
    FILE *log;
    int64_t log_bytes;
    char *paths[6]; /* RUN_* below */
} training;

enum { RUN_BEST, RUN_LAST, RUN_LOG, RUN_LABELS, RUN_QUALITY, RUN_CONFIGURATION, RUN_FILES };

/* The configuration as used: the model's and the run's keys. */
settings_views training_views(const training *t, settings_view room[2]);
double training_clock(void); /* seconds, monotonic */
int64_t training_total_steps(const training *t);
const dataset_item *training_item(const training *t, int64_t clip); /* of a training clip */

/* trainer_setup.c */
smac_status training_set_up(training *t, smac_error *error);
void training_tear_down(training *t);

/* trainer_step.c */
typedef struct step_work step_work; /* room for a step */
smac_status step_work_new(const training *t, step_work **out, smac_error *error);
void step_work_free(step_work *w);
smac_status training_run_step(training *t, step_work *w, smac_error *error); /* of the optimiser, logged */

/* trainer_state.c */
smac_status training_save(training *t, smac_error *error);      /* out/last.safetensors */
smac_status training_save_best(training *t, smac_error *error); /* of the epoch under way */
/* The best model's temperatures (train/calibrate.h), once the run is done; its file is written again with them. */
smac_status training_calibrate_best(training *t, smac_error *error);
#define STATE_KEY "training.state"
#define RUN_KEY "semanticmac.run" /* the run's settings, in every model file that it writes */
/* What changes beside weights and moments, as arrays: each with its name in the file. */
enum { ARRAY_NAME = 160 };
int training_array_count(const training *t);
label_array training_array_at(const training *t, int index, char name[ARRAY_NAME]);

/* trainer_resume.c */
smac_status training_check_configuration(
    const training *t, const tensor_file *file, const char *path, smac_error *error);
smac_status training_restore(training *t, const tensor_file *file, smac_error *error);

/* trainer_report.c */
typedef struct step_report {
    const objective_terms *terms; /* means over the step's batches */
    double task;                  /* L_task over the tasks */
    double norm, factor, seconds;
    int64_t clips;
} step_report;
typedef struct epoch_report {
    const evaluation *valid; /* NULL without a validation part */
    double figure;
    bool better;
    double seconds;
} epoch_report;
smac_status training_log_open(training *t, bool resume, smac_error *error);
smac_status training_log_step(training *t, const step_report *r, smac_error *error);
smac_status training_log_epoch(training *t, const epoch_report *r, smac_error *error);
smac_status training_log_flush(training *t, smac_error *error); /* to the disk */

/* trainer_labels.c */
smac_status training_write_labels(training *t, smac_error *error); /* labels.csv and label_quality.json */
/* By task what label_quality.json holds of it, tasks without own labels of modalities left out; a new reference. */
json_t *training_label_quality(const training *t);

/* trainer_order.c */
smac_status training_make_order(training *t, smac_error *error); /* of t->epoch */
/* samples (count): what the clips became; drop (count, MODALITIES). */
void training_modality_dropout(
    const training *t, const int64_t *clips, const sample *const *samples, int64_t count, uint8_t *drop);

#endif
