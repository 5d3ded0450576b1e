/* media/sound.c - reading only the sound of a file. */
#include "media/sound.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/decoder.h"

static smac_status sound_read_all(decoder *d, const char *path, sound_sink sink, void *user, smac_error *error)
{
    if (!decoder_info(d)->has_sound)
        return FAIL(error, SMAC_ERROR_NOT_FOUND, "%s has no sound: name a recording with sound", path);
    for (;;) {
        decoded piece;
        TRY(decoder_next(d, &piece, error));
        if (piece.kind == DECODED_END)
            return SMAC_OK;
        if (piece.kind == DECODED_SOUND)
            TRY(sink(user, piece.samples, piece.count, piece.first, error));
    }
}

smac_status sound_read(const char *path, const media_options *options, sound_sink sink, void *user,
    media_warnings *warnings, smac_error *error)
{
    media_options mine = options ? *options : (media_options){0};
    mine.skip_picture = true;
    mine.skip_sound = false;
    decoder *d;
    if (warnings)
        *warnings = (media_warnings){0};
    TRY(decoder_open(path, &mine, &d, error));
    smac_status status = sound_read_all(d, path, sink, user, error);
    if (warnings)
        media_warnings_copy(decoder_warnings(d), warnings);
    decoder_close(d);
    return status;
}

typedef struct collected {
    float *samples;
    size_t count, capacity;
} collected;

static smac_status collect_samples(void *user, const float *samples, size_t count, int64_t first, smac_error *error)
{
    (void)first;
    collected *c = user;
    size_t needed;
    if (!checked_add(c->count, count, &needed) ||
        !memory_grow((void **)&c->samples, &c->capacity, needed, sizeof *c->samples))
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %zu samples of sound", c->count);
    memcpy(c->samples + c->count, samples, count * sizeof *samples);
    c->count = needed;
    return SMAC_OK;
}

smac_status sound_load(const char *path, const media_options *options, float **samples, size_t *count,
    media_warnings *warnings, smac_error *error)
{
    collected c = {0};
    *samples = NULL;
    *count = 0;
    smac_status status = sound_read(path, options, collect_samples, &c, warnings, error);
    if (status != SMAC_OK) {
        free(c.samples);
        return status;
    }
    *samples = c.samples;
    *count = c.count;
    return SMAC_OK;
}
