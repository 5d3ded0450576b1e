/*
 * media/libav_sound.h - decoded sound of any form to mono float32 at 16 kHz that keeps step with its time stamps; for the
 * files libav_*.c alone.
 *
 * As `aresample=async=1000` of ffmpeg does: a difference of over 0.1 s is mended at once, with silence or by dropping
 * what overlaps; a smaller one that lasts is mended by stretching, at most 1000 samples a second.
 */
#ifndef SMAC_MEDIA_LIBAV_SOUND_H
#define SMAC_MEDIA_LIBAV_SOUND_H

#include <libavutil/frame.h>
#include <libswresample/swresample.h>

#include "media/channel_mixer.h"
#include "media/media.h"

typedef struct sound_converter {
    struct SwrContext *context;
    AVChannelLayout layout; /* of the input that context is made for */
    int format, rate;
    double start; /* of the part, in our time */
    bool begun, finished, is_stretching;
    double drift;            /* seconds by which the stamps are ahead of the samples, over about a second */
    int64_t silence, skip;   /* output samples to put in, or to drop, before what is converted */
    int64_t position, limit; /* output samples given; the most that will be */
    channel_mixer mixer;
    float *planes; /* (channels, plane_capacity) as resampled */
    size_t plane_bytes;
    float *buffer;
    size_t held, capacity; /* mixed samples that wait in buffer, and its size */
    /* what was done, for the warnings */
    int64_t gaps, overlaps;
    double gap_seconds, overlap_seconds, stretched; /* seconds in all; stretched may be negative */
    double first_gap, first_overlap;                /* where */
} sound_converter;

void sound_converter_init(sound_converter *s, double start, double end);
void sound_converter_free(sound_converter *s);
/* time of the frame in our time; NAN: not known. */
smac_status sound_converter_feed(sound_converter *s, const AVFrame *frame, double time, smac_error *error);
smac_status sound_converter_finish(sound_converter *s, smac_error *error); /* what the resampler holds back */

typedef struct sound_piece {
    const float *samples; /* until the next feed */
    size_t count;
    int64_t first; /* position of samples[0] from the start of the part */
    bool is_hole;  /* silence that was put in */
} sound_piece;

bool sound_converter_next(sound_converter *s, sound_piece *out);
bool sound_converter_complete(const sound_converter *s); /* the end of the part was reached */
bool sound_converter_has_sound(const sound_converter *s);
double sound_converter_seconds(const sound_converter *s);

#endif
