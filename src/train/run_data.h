/*
 * train/run_data.h - what a run's datasets hold: as options for reading them, and what they decide about the model (which
 * modalities it has, in which form they come, whether its words are lowered).
 */
#ifndef SMAC_TRAIN_RUN_DATA_H
#define SMAC_TRAIN_RUN_DATA_H

#include "data/dataset.h"
#include "train/run_configuration.h"

/* Borrows from data.  ARGUMENT: a range that is not LOW:HIGH, or a modality that there is not. */
smac_status run_data_options(const data_settings *data, bool skip_bad, dataset_options *out, smac_error *error);

/* The datasets of a run, joined. */
smac_status run_data_read(const run_settings *run, bool skip_bad, const reporter *r, dataset **out, smac_error *error);

/*
 * A modality that no clip has is switched off in the configuration, with a note; text.lower_words is set when the words of
 * all datasets were lowered.  vectors: the kinds of ready vectors that the data have; alone where no dataset has the
 * modality as words or media.  An error: clips of one dataset whose vectors differ in width.
 */
smac_status run_data_decide(
    const dataset *d, configuration *c, vector_forms vectors[MODALITIES], const reporter *r, smac_error *error);

/*
 * A note for each modality whose encoder is trained from scratch although a pre-trained one is installed: which one, and how
 * to begin with it.
 */
void run_data_note_scratch(const configuration *c, const vector_forms vectors[MODALITIES], const reporter *r);

#endif
