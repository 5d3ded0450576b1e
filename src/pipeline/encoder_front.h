/*
 * pipeline/encoder_front.h - what the frozen first blocks of a partly trained encoder give for a sample, kept in the place
 * of its raw form: training then runs the trained blocks alone.
 */
#ifndef SMAC_PIPELINE_ENCODER_FRONT_H
#define SMAC_PIPELINE_ENCODER_FRONT_H

#include "pipeline/affect_model.h"

/* How many blocks of a modality's encoder are frozen before the first trained one; 0: none, or it came from no file. */
int64_t affect_model_front_layers(const affect_model *s, int m);

/*
 * Run them over the sample's raw form and keep the result in sample.front; frames, pictures and filter banks are freed, token
 * ids stay.  Nothing happens for a modality that is absent or ready.
 */
smac_status affect_model_encode_front(
    const affect_model *s, sample *x, int m, const interruption *interrupt, smac_error *error);

/* Give the sample such a result that was kept, as if the sample had been read: front's numbers belong to it afterwards. */
void sample_give_front(sample *x, const configuration *c, int m, const feature_sequence *front);

#endif
