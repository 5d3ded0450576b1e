/* analyze/hear.h - inside of the room: words out of a recording's own sound. */
#ifndef SMAC_ANALYZE_HEAR_H
#define SMAC_ANALYZE_HEAR_H

#include "analyze/analysis.h"
#include "media/transcript.h"

/*
 * What options->speech hears, with times of words; nothing when the recording has no sound.  Adds to words; progress and
 * interruption go through options.
 */
smac_status hear_words(const char *path, const smac_analyze_options *options, transcript *words, smac_error *error);

#endif
