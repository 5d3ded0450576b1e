/* encoders/sound_part.h - several clips in one window of sound: which vectors of the window are a clip's. */
#ifndef SMAC_ENCODERS_SOUND_PART_H
#define SMAC_ENCODERS_SOUND_PART_H

#include <stdint.h>

/* Frames are those of the log-mel picture, 100 a second. */
typedef struct sound_part {
    int32_t window, frames; /* which window, and its own length: the picture may be padded beyond it */
    int32_t first, count;   /* the clip's frames in it; the clip's vector is the mean of the vectors made from them */
} sound_part;

#endif
