/*
 * train/trainer.h - training: epochs of steps, validation, label generation, checkpoints, resume.
 *
 * The run's folder:
 *   config.yaml        the whole configuration as used
 *   best.safetensors   model file of the best validation epoch
 *   last.safetensors   model file of the last checkpoint, with what resuming needs beside the weights (optimiser
 *                      moments, generated labels, banks, place in the epoch) under names that begin with "training."
 *   log.jsonl          one line a step, one an epoch
 *   labels.csv         generated labels after the last finished epoch
 *   label_quality.json how near they come to the modalities' own labels, where the data has those
 * Each is written whole or not at all; kill -9 at any moment leaves a run that can be resumed, and resuming gives the
 * same bits as never having stopped.
 */
#ifndef SMAC_TRAIN_TRAINER_H
#define SMAC_TRAIN_TRAINER_H

#include "base/log.h"
#include "data/cache.h"
#include "data/mmsa_export.h"
#include "data/dataset.h"
#include "pipeline/affect_model.h"
#include "train/evaluate.h"
#include "train/run_configuration.h"

struct team;

typedef struct train_options {
    const char *out;                 /* the run's folder */
    run_configuration configuration; /* defaults, preset, file and --set already applied; its datasets */
    bool resume;                     /* go on from out/last.safetensors; a run that has ended is fine */
    bool overwrite;                  /* start over in a folder that holds a run (without it and resume: an error) */
    bool skip_bad;
    int64_t checkpoint_seconds; /* within an epoch, at most this long between checkpoints; 0: 120 */
    const struct team *team;    /* train/team.h: this process is one of several; NULL: it is alone */
    int64_t stop_after_steps;   /* tests: leave as if killed after so many steps in all; 0: never */
} train_options;

void train_options_default(train_options *o);

typedef struct train_result {
    int64_t epochs, best_epoch, steps;
    metric_list best;                                  /* validation metrics of the first task in the best epoch */
    char metric[sizeof((validation_figure *)0)->name]; /* picked by it; "" without a validation part */
    double best_value;
    double seconds;
    bool already_done; /* resume found a finished run */
    char best_path[1024];
} train_result;

/* The whole of `semanticmac train`.  SMAC_ERROR_INTERRUPTED: stopped by the reporter, checkpoint written. */
smac_status train_run(const train_options *options, const reporter *r, train_result *result, smac_error *error);

/*
 * The whole of `semanticmac extract`: the vectors of the configuration's frozen encoders for every clip of its datasets go
 * into the feature store (data/feature_store.h); clips that are there already are passed over, so an interrupted run goes
 * on where it stopped.  ARGUMENT when no encoder is frozen and comes from a file.
 */
typedef struct extract_options {
    run_configuration configuration;
    const char *store; /* its folder; NULL: feature_store_folder's */
    bool skip_bad;
} extract_options;
typedef struct extract_result {
    int64_t clips, skipped;
    int64_t found, made; /* clips' modalities whose vectors were there already, and new ones */
} extract_result;
smac_status extract_run(const extract_options *options, const reporter *r, extract_result *result, smac_error *error);
/* The whole of `semanticmac data export`: the same vectors as an MMSA feature pickle (data/mmsa_export.h) of length steps. */
smac_status export_run(const extract_options *options, int64_t length, const char *path, const reporter *r,
    mmsa_export_result *result, smac_error *error);

/* train_run on data that are in memory already: tests, and experiments that share a cache. */
smac_status train_on(const train_options *options, affect_model *model, const sample_cache *cache, const reporter *r,
    train_result *result, smac_error *error);

#endif
