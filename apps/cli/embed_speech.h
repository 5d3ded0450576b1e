/* apps/cli/embed_speech.h - the vectors of Whisper's encoder over a recording's sound. */
#ifndef SMAC_APPS_EMBED_SPEECH_H
#define SMAC_APPS_EMBED_SPEECH_H

#include "base/log.h"
#include "compute/precision.h"
#include "embed_write.h"

typedef struct speech_encoder speech_encoder;

/* A Whisper folder of either kind.  Free with speech_encoder_close (NULL is fine). */
smac_status speech_encoder_open(const char *path, precision how, speech_encoder **out, smac_error *error);
void speech_encoder_close(speech_encoder *s);

/*
 * Windows of 30 s side by side, as Whisper is trained (the last one filled up with silence); what was filled up gives
 * no vectors.  each: all vectors, 50 a second; else the mean of each second's.
 */
smac_status speech_encoder_file(
    const speech_encoder *s, const char *path, bool each, const reporter *r, vector_rows *out, smac_error *error);

#endif
