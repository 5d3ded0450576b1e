/*
 * pipeline/calibration.h - temperatures that make a model's probabilities mean what they say: logits are divided by them
 * before the softmax.  They are fitted on validation clips after training (train/calibrate.h) and stored in the model file
 * as "semanticmac.calibration": {"emotion": {"prediction": {"text": 1.3, "text+audio": 1.1}, "heads": {"text": 1.3}}}.
 */
#ifndef SMAC_PIPELINE_CALIBRATION_H
#define SMAC_PIPELINE_CALIBRATION_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/modality.h"
#include "model/task.h"

enum { MODALITY_SETS = 1 << MODALITIES };

/* Of one task; 0: not known. */
typedef struct task_calibration {
    float prediction[MODALITY_SETS];    /* by the modalities that are present: bit m is modality m */
    float heads[MODALITIES_AND_SHARED]; /* of what each modality says alone, and of the shared head */
} task_calibration;

int modality_set(const bool present[MODALITIES]);
void modality_set_name(int set, char out[32]); /* "text+audio" */

/*
 * The temperature of the prediction from a set of modalities: its own; else the geometric mean of those known of its
 * subsets; else 1.
 */
float calibration_temperature(const task_calibration *c, int set);
bool calibration_is_known(const task_calibration *c);                    /* any temperature is */
float calibration_head_temperature(const task_calibration *c, int head); /* 1 where it is not known */

/* Of all tasks that have any temperature; NULL: none has, or memory is short.  A new reference. */
json_t *calibration_to_json(const task_calibration *all, const task_description *tasks, int task_count);
/* Names that are not among the tasks, the sets or the heads are errors, as are temperatures outside [0.01, 100]. */
smac_status calibration_from_json(
    const json_t *o, const task_description *tasks, int task_count, task_calibration *all, smac_error *error);

#endif
