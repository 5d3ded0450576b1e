/* media/sound.h - only the sound of a file, whole or in pieces, as 16 kHz mono float32. */
#ifndef SMAC_MEDIA_SOUND_H
#define SMAC_MEDIA_SOUND_H

#include "media/media.h"

/* Receives consecutive samples; first is the position of samples[0].  Any status but SMAC_OK stops the reading. */
typedef smac_status (*sound_sink)(void *user, const float *samples, size_t count, int64_t first, smac_error *error);

/*
 * Read the sound of a file in constant memory.  options may be NULL (its skip_* are ignored).  *warnings (may be NULL)
 * is freed with media_warnings_free.  Errors: as media_probe's, and NOT_FOUND when the file has no sound.
 */
smac_status sound_read(const char *path, const media_options *options, sound_sink sink, void *user,
    media_warnings *warnings, smac_error *error);

/* The whole sound in memory: count floats, to be freed with free(). */
smac_status sound_load(const char *path, const media_options *options, float **samples, size_t *count,
    media_warnings *warnings, smac_error *error);

#endif
