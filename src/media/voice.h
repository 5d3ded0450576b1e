/*
 * media/voice.h - whether a stretch of sound has somebody's voice in it: speech, laughter and crying yes; silence, noise,
 * tones, clicks and most music no.
 *
 * Classical measures of frames of 32 ms (how periodic they are, how the pitch moves, how energy rises and falls at the
 * pace of syllables, how flat the spectrum is) are weighed by a logistic function whose weights
 * experiments/voice/voice_gate.py found on real voices in noise and on made sounds (docs/media.md).
 */
#ifndef SMAC_MEDIA_VOICE_H
#define SMAC_MEDIA_VOICE_H

#include <stddef.h>

#include "base/error.h"

enum { VOICE_MEASURES = 12 };

typedef struct voice_detector voice_detector; /* one thread at a time */

smac_status voice_detector_new(voice_detector **out, smac_error *error);
void voice_detector_free(voice_detector *d);

/*
 * Probability of a voice in samples [from, to), mono at 16 kHz; up to half a second on either side, as far as samples
 * (count) reach, is looked at too.  0 for silence (-80 dB).
 */
smac_status voice_probability(
    voice_detector *d, const float *samples, size_t count, size_t from, size_t to, double *out, smac_error *error);
/* The measures that it is made of. */
smac_status voice_measures(voice_detector *d, const float *samples, size_t count, size_t from, size_t to,
    double out[VOICE_MEASURES], smac_error *error);

#endif
