/*
 * train/augmentation.h - small changes to the raw form of training clips, so that towers that start from nothing learn
 * expressions and not speakers: words replaced by the unknown token, pictures mirrored,
 * turned, scaled, moved and changed in light.
 *
 * Everything is a function of (seed, epoch, clip), so resuming gives the same bits.  Validation and test are never changed,
 * nor what frozen encoders read, unless augment.frozen asks for it.
 */
#ifndef SMAC_TRAIN_AUGMENTATION_H
#define SMAC_TRAIN_AUGMENTATION_H

#include "pipeline/batch.h"
#include "train/run_configuration.h"

struct tokenizer;

#define AUGMENT_WORDS_FROM_SCRATCH 0.25 /* augment.words -1: of an encoder that is trained from scratch */

typedef struct augmentation {
    double words, shift, rotation, scale, light, level;
    bool flip;
    uint64_t seed;
    const struct tokenizer *tokenizer; /* NULL: words are not changed */
} augmentation;
augmentation augmentation_from(const run_settings *run, const configuration *model, const struct tokenizer *tokenizer);
/* Whether the raw form of a modality is changed at all: then nothing that was made of it can be kept. */
bool augmentation_changes(const augmentation *a, int m);

/*
 * Change the batch in place.  clips (size): the clips' numbers; at = a number that differs for every (epoch, clip) when
 * the clip's number is added: epoch * (number of clips).
 *   words   each token but special ones becomes the unknown token with this probability
 *   flip    half of the clips are mirrored left to right
 *   shift   a picture moves by up to this share of its side in both directions, edges repeated
 *   rotation  a picture is turned about its middle by up to so many degrees, edges repeated
 *   scale   it becomes larger or smaller by up to this share
 *   light   contrast and brightness change by up to this share
 *   level   the filter bank is raised or lowered by up to this much (in units of its normalised values)
 */
smac_status augment_batch(const augmentation *a, batch *b, const int64_t *clips, uint64_t at, smac_error *error);

#endif
