/*
 * media/decoder.h - the pictures, sound and subtitles of a recording in one pass, with times.
 *
 * A picture comes with the interval in which it is shown: [from, until).  Before the first picture and after the last
 * one nothing is shown.  Sound is mono float32 at MEDIA_SAMPLE_RATE and continuous: silence, marked as a hole, fills the
 * time before a late start and gaps of over 0.1 s.  How time stamps are corrected: media/timeline.h, media/libav_sound.h.
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
    double from, until;   /* PICTURE: seconds from the start of the part read; until the end of it at most */
    bool last;            /* PICTURE: no other follows */
    const float *samples; /* SOUND: valid until the next decoder_next */
    size_t count;
    int64_t first; /* SOUND: the position of samples[0] from the start of the part */
    bool hole;     /* SOUND: silence that was inserted where the recording has no sound */
} decoded;

/* Errors: as media_open; UNSUPPORTED: no decoder for any stream; FORMAT: longer than the limits. */
smac_status decoder_open(const char *path, const media_options *options, decoder **out, smac_error *error);
/*
 * Decode a file that media_open opened.  Takes ownership of file, on failure too.  Only start, end, skip_* and subtitles
 * of options are used; NULL: those of media_open.
 */
smac_status decoder_start(media_file *file, const media_options *options, decoder **out, smac_error *error);
void decoder_close(decoder *d); /* may be NULL */
/* Errors: FORMAT (nothing could be decoded; a gap or a length above the limits), IO, INTERRUPTED, MEMORY. */
smac_status decoder_next(decoder *d, decoded *out, smac_error *error);
/* The last DECODED_PICTURE as upright RGB; valid until the next decoder_next. */
smac_status decoder_picture(decoder *d, picture *out, smac_error *error);

const char *decoder_name(const decoder *d); /* the path, or the name of the input */
const media_info *decoder_info(const decoder *d);
const media_warnings *decoder_warnings(const decoder *d); /* complete after DECODED_END */
double decoder_picture_seconds(const decoder *d);         /* decoded so far */
double decoder_sound_seconds(const decoder *d);
/* The subtitles read so far (options.subtitles); complete and sorted after DECODED_END. */
const transcript *decoder_subtitles(const decoder *d);
void decoder_take_subtitles(decoder *d, transcript *out); /* moves them; free with transcript_free */

#endif
