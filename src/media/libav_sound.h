/*
 * media/libav_sound.h - decoded sound of any format to mono float32 at 16 kHz, synchronised to its time stamps; only for
 * the files libav_*.c.
 *
 * Like ffmpeg's `aresample=async=1000`: a difference of over 0.1 s is corrected at once, by inserting silence or by
 * dropping the overlap; a smaller lasting one by stretching, by at most 1000 samples a second.
 */
#ifndef SMAC_MEDIA_LIBAV_SOUND_H
#define SMAC_MEDIA_LIBAV_SOUND_H

#include <libavutil/frame.h>
#include <libswresample/swresample.h>

#include "media/channel_mixer.h"
#include "media/media.h"

typedef struct sound_converter {
    struct SwrContext *context;
    AVChannelLayout layout; /* of the input for which context was made */
    int format, rate;
    double start; /* of the part, from the start of the file */
    bool begun, finished, is_stretching;
    double drift;            /* how far the stamps are ahead of the samples, in seconds, averaged over about a second */
    int64_t silence, skip;   /* output samples to insert, or to drop, before the converted ones */
    int64_t position, limit; /* output samples returned; the length of the part */
    channel_mixer mixer;
    float *planes; /* the resampled channels, one after another */
    size_t plane_bytes;
    float *buffer;
    size_t held, capacity; /* mixed samples in buffer, and its size */
    /* corrections, for the warnings */
    int64_t gaps, overlaps;
    double gap_seconds, overlap_seconds, stretched; /* in total; stretched may be negative */
    double first_gap, first_overlap;                /* their times */
} sound_converter;

void sound_converter_init(sound_converter *s, double start, double end);
void sound_converter_free(sound_converter *s);
/* time: from the start of the file; NAN: unknown.  UNSUPPORTED: the format cannot be resampled. */
smac_status sound_converter_feed(sound_converter *s, const AVFrame *frame, double time, smac_error *error);
smac_status sound_converter_finish(sound_converter *s, smac_error *error); /* flush the resampler */

typedef struct sound_piece {
    const float *samples; /* valid until the next feed */
    size_t count;
    int64_t first; /* position of samples[0] from the start of the part */
    bool is_hole;  /* inserted silence */
} sound_piece;

bool sound_converter_next(sound_converter *s, sound_piece *out);
bool sound_converter_complete(const sound_converter *s); /* the end of the part is reached */
bool sound_converter_has_sound(const sound_converter *s);
double sound_converter_seconds(const sound_converter *s);

#endif
