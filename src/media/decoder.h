/*
 * media/decoder.h - decoded pictures and sound of a file in one pass, with times; between libav and the rest of the module.
 *
 * Pictures come with the span in which they are on show: [from, until).  Sound comes as mono float32 at
 * MEDIA_SAMPLE_RATE without holes: silence stands where the stream starts late or has a gap of over 0.1 s; where the
 * timestamps jump backwards, or forward beyond the end of the file, they are distrusted and the sound goes on.
 */
#ifndef SMAC_MEDIA_DECODER_H
#define SMAC_MEDIA_DECODER_H

#include "media/media.h"
#include "media/resize.h"
#include "media/transcript.h"

typedef struct decoder decoder;

typedef enum decoded_kind { DECODED_PICTURE, DECODED_SOUND, DECODED_END } decoded_kind;

typedef struct decoded {
    decoded_kind kind;
    double from, until; /* PICTURE: seconds from the start of the part read; until the end of it at most */
    bool last;          /* PICTURE: no other follows */
    const float *samples;
    size_t count;
    int64_t first;
    bool hole; /* SOUND: silence that was put in where the recording has no sound */
} decoded;

smac_status decoder_open(const char *path, const media_options *options, decoder **out, smac_error *error);
/*
 * Decode a file that media_open opened; it is taken over, on failure too.  Of options count start, end, skip_* and
 * subtitles; NULL: as the file was opened.
 */
smac_status decoder_start(media_file *file, const media_options *options, decoder **out, smac_error *error);
void decoder_close(decoder *d);
smac_status decoder_next(decoder *d, decoded *out, smac_error *error);
/* The picture of the last DECODED_PICTURE as upright RGB; holds until the next decoder_next. */
smac_status decoder_picture(decoder *d, picture *out, smac_error *error);

const char *decoder_name(const decoder *d); /* the path, or the name of the input */
const media_info *decoder_info(const decoder *d);
const media_warnings *decoder_warnings(const decoder *d);
double decoder_picture_seconds(const decoder *d);
double decoder_sound_seconds(const decoder *d);
/* The words of the subtitles read so far (options.subtitles), whole and sorted at the end; empty when there are none. */
const transcript *decoder_subtitles(const decoder *d);
void decoder_take_subtitles(decoder *d, transcript *out); /* move them out; transcript_free(out) */

#endif
