/*
 * train/augmentation.h - small changes to the raw form of training clips, so that towers that start from nothing learn
 * expressions and not speakers: words replaced by the unknown token, pictures mirrored, moved and lit anew.
 *
 * Everything is a function of (seed, epoch, clip), so resuming gives the same bits.  Validation, test, and vectors of
 * frozen encoders are never changed.
 */
#ifndef SMAC_TRAIN_AUGMENTATION_H
#define SMAC_TRAIN_AUGMENTATION_H

#include "pipeline/batch.h"
#include "train/run_configuration.h"

struct tokenizer;

/*
 * Change the batch in place.  clips (size): the clips' numbers; at = a number that differs for every (epoch, clip) when
 * the clip's number is added: epoch * (number of clips).
 *   augment.words   each token but special ones becomes the unknown token with this probability
 *   augment.flip    half of the clips are mirrored left to right
 *   augment.shift   a picture moves by up to this share of its side in both directions, edges repeated
 *   augment.light   contrast and brightness change by up to this share
 *   augment.level   the filter bank is raised or lowered by up to this much (in units of its normalised values)
 */
smac_status augment_batch(const run_settings *c, const struct tokenizer *tokenizer, batch *b, const int64_t *clips,
    uint64_t at, smac_error *error);

#endif
