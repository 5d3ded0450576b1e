/* media/libav_file.h - an opened container and its description; only for the files libav_*.c. */
#ifndef SMAC_MEDIA_LIBAV_FILE_H
#define SMAC_MEDIA_LIBAV_FILE_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "media/media.h"

struct libav_file { /* media_file in media.h */
    char *path;     /* or the name of the input */
    int descriptor; /* -1: the caller's functions give the bytes */
    media_input input;
    int64_t position; /* in the bytes */
    media_options options;
    AVIOContext *io;
    AVFormatContext *format;
    media_info info;
    media_warnings warnings;
    int picture_stream, sound_stream, subtitle_stream; /* -1: none */
    int64_t max_pixels;
    double start_time; /* the container's time that is our 0, in seconds */
    int orientation;   /* of the container's display matrix, see libav_orientation */
    bool interrupted, read_failed;
    uint8_t head[8];  /* the first bytes */
    bool is_streamed; /* written to a pipe: the lengths in the header are placeholders */
};
typedef struct libav_file libav_file;

/* Fill info; the streams must have been chosen (libav_describe.c). */
void libav_describe(libav_file *f);
/* FORMAT when there is nothing to decode. */
smac_status libav_check_streams(const libav_file *f, bool subtitles_alone_do, smac_error *error);

/* Whether the format's clock can jump, as in MPEG-TS. */
bool libav_clock_may_jump(const AVFormatContext *format);

/* The limits, in seconds. */
double libav_widest_gap(const libav_file *f);
double libav_longest(const libav_file *f);

/* Add a sentence to the warnings, unless it is there already. */
void libav_warn(libav_file *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool libav_interrupted(libav_file *f);
smac_status libav_stopped(const libav_file *f, smac_error *error);    /* fills SMAC_ERROR_INTERRUPTED */
smac_status libav_unreadable(const libav_file *f, smac_error *error); /* fills SMAC_ERROR_IO */

/* From here on the bytes come from the descriptor, which is closed with f, from its beginning. */
smac_status libav_use_descriptor(libav_file *f, int descriptor, int64_t size, smac_error *error);
/* libav_spool.c: an input that cannot be sought, of a kind that must be, is kept in a temporary file. */
bool libav_needs_spool(const libav_file *f, const char *kind);
smac_status libav_spool(libav_file *f, smac_error *error);

/* An open decoder of a stream, or NULL with a warning. */
AVCodecContext *libav_open_decoder(libav_file *f, int stream);

/* Width / height of a pixel, 1 when it is not stated or implausible; and the width in square pixels. */
double libav_pixel_aspect(AVRational stated);
int libav_shown_width(int width, double pixel_aspect);

/*
 * Orientations: bit 0 mirror columns, bit 1 mirror rows, bit 2 transpose first; 0 is upright.
 * The shown pixel (x, y) is the stored one after undoing the mirrors and then exchanging x and y.
 */
enum { LIBAV_MIRROR_COLUMNS = 1, LIBAV_MIRROR_ROWS = 2, LIBAV_TRANSPOSE = 4 };
int libav_orientation_of_matrix(const int32_t matrix[9]);
int libav_orientation_of_exif(const char *value); /* "1" to "8"; others: 0 */

#endif
