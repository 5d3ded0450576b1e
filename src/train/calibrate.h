/*
 * train/calibrate.h - temperature scaling (Guo and others 2017) of a trained model's classes, and how far its probabilities
 * are from what they say.
 */
#ifndef SMAC_TRAIN_CALIBRATE_H
#define SMAC_TRAIN_CALIBRATE_H

#include "data/cache.h"
#include "pipeline/affect_model.h"

enum { CALIBRATION_BINS = 15, CALIBRATION_LEAST = 20 };

/*
 * The temperature that makes the class indices truth (count) most likely under probabilities (count, classes), which are
 * those of temperature 1.  A weak prior keeps it near 1 where clips are few.  NAN: fewer than CALIBRATION_LEAST clips.
 */
double temperature_fit(const float *probabilities, const float *truth, int64_t count, int classes);

/* Expected calibration error over CALIBRATION_BINS equal bins of the largest probability; NAN without clips. */
double calibration_error(const float *probabilities, const float *truth, int64_t count, int classes);

/*
 * Fit the model's temperatures on the validation clips: of each task with classes for every set of modalities that enough
 * clips have (others dropped), and for each head.  What was there before is forgotten.  Without such clips nothing is
 * known.
 */
smac_status model_calibrate(affect_model *model, const sample_cache *cache, const reporter *r, smac_error *error);

#endif
