/* apps/cli/embed_speech.h - the vectors of Whisper's encoder over a recording's sound. */
#ifndef SMAC_APPS_EMBED_SPEECH_H
#define SMAC_APPS_EMBED_SPEECH_H

#include "base/log.h"
#include "embed_write.h"
#include "semanticmac/embed.h"

/* each: all vectors, 50 a second; else the mean of each second's.  Read in memory that does not grow with the sound. */
smac_status embed_speech_file(
    const smac_encoder *encoder, const char *path, bool each, const reporter *r, vector_rows *out, smac_error *error);

#endif
