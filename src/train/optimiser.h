/*
 * train/optimiser.h - AdamW (Loshchilov and Hutter 2019) in one pass over the trainable block of a parameter store,
 * with a rate and a decay per parameter, and the schedule of the rates.
 */
#ifndef SMAC_TRAIN_OPTIMISER_H
#define SMAC_TRAIN_OPTIMISER_H

#include "nn/parameters.h"
#include "train/run_configuration.h"

typedef struct optimiser_options {
    double rate, encoder_rate; /* learning rates: of the rest, of pre-trained encoders (parameters marked language) */
    double beta1, beta2, epsilon, weight_decay;
    double clip; /* the largest norm of the gradient; 0: none */
} optimiser_options;

typedef struct optimiser {
    optimiser_options options;
    parameter_store *store; /* borrowed */
    int64_t count;          /* trainable values */
    int64_t step;           /* steps taken */
    float *first, *second;  /* (count) moments: blocks of the store (parameter_block_map) */
} optimiser;

optimiser_options optimiser_options_from(const train_settings *train);
smac_status optimiser_new(parameter_store *store, const optimiser_options *options, optimiser **out, smac_error *error);
void optimiser_free(optimiser *o);

/*
 * One step from the gradients in the store, which are left as they are but for clipping (by the norm of the whole
 * gradient, when it is over the limit).  factor scales the rates (the schedule).  norm (may be NULL) gets the norm
 * before clipping.  A norm that is not finite is SMAC_ERROR_NUMERIC, names the parameter, and changes nothing.
 *   m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;
 *   w = w - rate (m/(1-b1^t)) / (sqrt(v/(1-b2^t)) + eps) - rate decay w       (PyTorch's order: decay first)
 */
smac_status optimiser_step(optimiser *o, double factor, double *norm, smac_error *error);

/* Factor of the rates at a step (from 0) of total: linear warm-up over warmup*total steps, then as kind says. */
double schedule_factor(schedule_kind kind, double warmup, int64_t step, int64_t total);

/* The norm of the store's gradients in double, in an order that does not depend on the number of threads. */
double gradient_norm(const parameter_store *store);

#endif
