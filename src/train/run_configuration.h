/*
 * train/run_configuration.h - everything that a training run is told: the model's configuration, which is stored in the
 * model file (model/configuration.h), and the settings of the run.
 */
#ifndef SMAC_TRAIN_RUN_CONFIGURATION_H
#define SMAC_TRAIN_RUN_CONFIGURATION_H

#include "model/configuration.h"
#include "objectives/objective_settings.h"

typedef enum schedule_kind { SCHEDULE_CONSTANT, SCHEDULE_LINEAR, SCHEDULE_COSINE } schedule_kind;
typedef enum precision_kind { PRECISION_KIND_F32, PRECISION_KIND_BF16 } precision_kind;

typedef struct augment_settings {
    double words, shift, rotation, scale, light, level;
    bool flip, frozen;
} augment_settings;

typedef struct train_settings {
    int64_t epochs, batch, small_batch, large_batch, large_from, seed, patience, threads, accumulate;
    double sampling;
    double rate, encoder_rate, beta1, beta2, epsilon, weight_decay, clip, warmup, modality_dropout;
    double pairs, pairs_unlike;
    char unlike[SETTINGS_TEXT_MAX]; /* TASK:CLASS, or "" */
    schedule_kind schedule;
    precision_kind precision;
    bool check_finite;
    char choose[SETTINGS_TEXT_MAX], stored_states[SETTINGS_TEXT_MAX];
} train_settings;

/* One dataset of the run. */
typedef struct data_settings {
    char path[SETTINGS_TEXT_MAX];     /* its folder or file */
    char dataset[SETTINGS_TEXT_MAX];  /* layout; "": by the file's ending */
    char task[SETTINGS_TEXT_MAX];     /* "": the layout's first */
    char features[SETTINGS_TEXT_MAX]; /* a feature pickle beside it, or "" */
    char form[SETTINGS_TEXT_MAX];     /* name of the kind of its ready vectors, or "" */
    char range[SETTINGS_TEXT_MAX];    /* "LOW:HIGH", or "" */
    char use[SETTINGS_TEXT_MAX];      /* modalities, "audio,vision"; "": all */
    double weight;
} data_settings;

enum { RUN_DATASETS_MAX = 32 };

typedef struct run_settings {
    labels_settings labels;
    loss_settings loss;
    contrast_settings contrast;
    augment_settings augment;
    train_settings train;
    data_settings data[RUN_DATASETS_MAX];
    int64_t data_count;
} run_settings;

extern const settings_table run_table; /* of run_settings */

typedef struct run_configuration {
    configuration model;
    run_settings run;
} run_configuration;

/* A further dataset of a run, in the place of --data; task NULL: the first.  Too many, or a text too long: an error. */
smac_status run_settings_add_data(
    run_settings *run, const char *path, const char *layout, const char *task, smac_error *error);

/* Both parts as one set of names; the views belong to room. */
settings_views run_views(const run_configuration *c, settings_view room[2]);

void run_configuration_defaults(run_configuration *c);
smac_status run_configuration_set(run_configuration *c, const char *name, const char *text, smac_error *error);
smac_status run_configuration_assign(run_configuration *c, const char *assignment, smac_error *error);
/* Conditions between keys, of both parts.  Call after all keys are set. */
smac_status run_configuration_check(const run_configuration *c, smac_error *error);

/*
 * A preset is a list of assignments under a name.  "method": docs/method.md to the letter; the defaults have the
 * settings that validation on the demo's data chose.
 */
typedef struct run_preset {
    const char *name, *documentation;
    const char *const *assignments; /* NULL at the end */
} run_preset;
const run_preset *run_preset_at(int index); /* NULL past the end */
/* Unknown: the message lists them. */
smac_status run_configuration_preset(run_configuration *c, const char *name, smac_error *error);

/* docs/configuration.md.  Free with free(); NULL when memory is short. */
char *run_configuration_to_markdown(void);

/* train.batch, or when that is 0: train.small_batch, and train.large_batch from train.large_from training clips on. */
int64_t run_batch(const train_settings *train, int64_t training_clips);

#endif
