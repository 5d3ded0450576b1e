/* media/libav_sound.h - decoded sound of any form to mono float32 at 16 kHz without holes; for libav_*.c alone. */
#ifndef SMAC_MEDIA_LIBAV_SOUND_H
#define SMAC_MEDIA_LIBAV_SOUND_H

#include <libavutil/frame.h>
#include <libswresample/swresample.h>

#include "media/media.h"

typedef struct sound_converter {
    struct SwrContext *context;
    AVChannelLayout layout; /* of the input that context is made for */
    int format, rate;
    double start, end, duration; /* the part wanted; what the container says */
    bool begun, finished;
    double input_time;       /* where the next input sample belongs, in file time */
    double offset;           /* added to timestamps that were distrusted */
    int64_t silence, skip;   /* output samples to put in, or to drop, before what is converted */
    int64_t position, limit; /* output samples given; the most that will be */
    bool gave_silence;       /* the last piece given is silence that was put in */
    float *buffer;
    size_t held, capacity; /* converted samples that wait in buffer, and its size */
} sound_converter;

void sound_converter_init(sound_converter *s, double start, double end, double duration);
void sound_converter_free(sound_converter *s);
/* time NaN: not known.  *warning is set when something was repaired. */
smac_status sound_converter_feed(
    sound_converter *s, const AVFrame *frame, double time, const char **warning, smac_error *error);
smac_status sound_converter_finish(sound_converter *s, smac_error *error); /* what the resampler holds back */
/* The next piece; until the next feed. */
bool sound_converter_next(sound_converter *s, const float **samples, size_t *count, int64_t *first);
bool sound_converter_complete(const sound_converter *s); /* the end of the part was reached */
bool sound_converter_has_sound(const sound_converter *s);
double sound_converter_seconds(const sound_converter *s);

#endif
