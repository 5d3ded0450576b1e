/* media/libav_subtitles.h - the packets of a text subtitle stream to a transcript; for the files libav_*.c alone. */
#ifndef SMAC_MEDIA_LIBAV_SUBTITLES_H
#define SMAC_MEDIA_LIBAV_SUBTITLES_H

#include "media/libav_file.h"
#include "media/transcript.h"

typedef struct subtitle_reader {
    libav_file *file;
    int stream; /* -1: there is none that can be read */
    AVCodecContext *codec;
    transcript words;
} subtitle_reader;

/* Open the decoder of file->subtitle_stream.  Without one, or without a decoder for it, stream is -1 (with a warning). */
void subtitle_reader_open(subtitle_reader *r, libav_file *file);
/* Times count from the start of the part read; what lies outside it is left out. */
smac_status subtitle_reader_take(subtitle_reader *r, AVPacket *packet, smac_error *error);
void subtitle_reader_finish(subtitle_reader *r); /* all packets were taken */
void subtitle_reader_close(subtitle_reader *r);

#endif
