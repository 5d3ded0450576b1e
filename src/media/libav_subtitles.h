/* media/libav_subtitles.h - packets of a text subtitle stream to a transcript; only for the files libav_*.c. */
#ifndef SMAC_MEDIA_LIBAV_SUBTITLES_H
#define SMAC_MEDIA_LIBAV_SUBTITLES_H

#include "media/libav_file.h"
#include "media/transcript.h"

typedef struct subtitle_reader {
    libav_file *file;
    int stream; /* -1: none */
    AVCodecContext *codec;
    transcript words;
} subtitle_reader;

/* Open the decoder of file->subtitle_stream.  stream is -1 if there is none, or no decoder for it (with a warning). */
void subtitle_reader_open(subtitle_reader *r, libav_file *file);
/* Adds to words, with times from the start of the part; subtitles outside the part are ignored. */
smac_status subtitle_reader_take(subtitle_reader *r, AVPacket *packet, smac_error *error);
void subtitle_reader_finish(subtitle_reader *r); /* after the last packet */
void subtitle_reader_close(subtitle_reader *r);

#endif
