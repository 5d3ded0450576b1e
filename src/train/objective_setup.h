/*
 * train/objective_setup.h - the configuration's numbers as the objectives' options: the settings of the model and of the
 * objectives do not know each other, training knows both.
 */
#ifndef SMAC_TRAIN_OBJECTIVE_SETUP_H
#define SMAC_TRAIN_OBJECTIVE_SETUP_H

#include "model/semanticmac.h"
#include "objectives/label_generation.h"
#include "objectives/objective.h"
#include "train/run_configuration.h"

/* class_weights are left NULL: they come from the training data. */
objective_options objective_options_from(const run_settings *run, const task_description *tasks, int task_count);

/* The way in which labels are renewed; with the schemes multimodal and true they are not. */
label_rule label_rule_from(const run_settings *run);

/* Options of label generation for a task (labels.scheme true: put the modalities' own labels in with
 * label_generation_set). */
label_generation_options label_generation_options_from(const run_settings *run, const task_description *task);

/* The core's outputs as the objective's inputs.  Target, labels and valid of each task are the caller's to fill. */
objective_inputs objective_inputs_from(const semanticmac_outputs *out, int task_count, int64_t batch);

/*
 * How much a head knows of the truth on clips that it was not trained on: the correlation of head (count, targets) with
 * truth (count; a class's number for classes), 0 when it is negative or undefined.  Rows that are not numbers are left out.
 */
double head_reliability(const task_description *task, int64_t count, const float *head, const float *truth);

#endif
