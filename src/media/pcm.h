/* media/pcm.h - uncompressed sound with times (a microphone) as 16 kHz mono float32, by the rules of a file's sound. */
#ifndef SMAC_MEDIA_PCM_H
#define SMAC_MEDIA_PCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct pcm_block {
    const void *samples; /* interleaved: float32 in [-1, 1], or int16 */
    size_t frames;       /* samples of one channel */
    int channels, rate;  /* 1 to 64; 1000 to 768000 a second */
    bool is_int16;
} pcm_block;

typedef struct pcm_converter pcm_converter;

pcm_converter *pcm_converter_new(void); /* NULL: no memory */
void pcm_converter_free(pcm_converter *c);

/* time: of the block's first sample, in seconds from 0; NAN: it follows the block before.  Take all pieces after it. */
smac_status pcm_converter_feed(pcm_converter *c, const pcm_block *block, double time, smac_error *error);
smac_status pcm_converter_finish(pcm_converter *c, smac_error *error);
/* The next piece, until the next feed; *hole: silence that was put in where there was no sound. */
bool pcm_converter_next(pcm_converter *c, const float **samples, size_t *count, bool *hole);

#endif
