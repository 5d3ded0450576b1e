/*
 * media/writer.h - writing H.264/AAC mp4 from RGB frames and mono sound (for the synthetic talkers and tests).
 *
 * The same frames, sound and options give the same bytes (one thread, bit-exact flags, no dates, no machine-dependent
 * choices of x264).  The file appears under its name only when all of it is written.
 */
#ifndef SMAC_MEDIA_WRITER_H
#define SMAC_MEDIA_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct video_writer_options {
    int width, height;                    /* even, 16 to 8192; 0, 0: no picture (then .m4a content) */
    int rate_numerator, rate_denominator; /* frames a second; 0, 0: 25/1 */
    int sample_rate;    /* of the sound given; 0: no sound.  8000, 16000, 22050, 24000, 32000, 44100, 48000 */
    int quality;        /* x264's crf, 0 (lossless) to 51; -1: 23 */
    const char *preset; /* x264's; NULL: "veryfast" */
    int sound_bit_rate; /* 0: 64000 */
} video_writer_options;

typedef struct video_writer video_writer;

smac_status video_writer_open(
    const char *path, const video_writer_options *options, video_writer **out, smac_error *error);
/* rgb (height, width, 3) bytes, stride bytes a row (0: 3 * width).  Frames follow each other at the frame rate. */
smac_status video_writer_frame(video_writer *writer, const uint8_t *rgb, size_t stride, smac_error *error);
/* Any number of mono samples in [-1, 1]; pieces follow each other.  Give picture and sound roughly in step. */
smac_status video_writer_sound(video_writer *writer, const float *samples, size_t count, smac_error *error);
/* Finish and free, in either case: on failure nothing is left under the name. */
smac_status video_writer_close(video_writer *writer, smac_error *error);
/* Give up: remove what was written, free.  NULL is fine. */
void video_writer_abandon(video_writer *writer);

#endif
