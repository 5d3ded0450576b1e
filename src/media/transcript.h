/*
 * media/transcript.h - the words of a video with their times, from a file or from an embedded subtitle stream.
 *
 * Texts are UTF-8, without markup, runs of white space made one space, no space at the ends.  Times are seconds.
 */
#ifndef SMAC_MEDIA_TRANSCRIPT_H
#define SMAC_MEDIA_TRANSCRIPT_H

#include "base/text.h"
#include "media/media.h"

typedef struct transcript_word {
    double start, end;
    char *text;
    double probability; /* of the recogniser; NaN: not said */
} transcript_word;

typedef struct transcript_segment {
    double start, end; /* both NaN: the text holds for the whole video */
    char *text;
    transcript_word *words; /* NULL, 0: not known */
    size_t word_count;
} transcript_segment;

typedef struct transcript {
    transcript_segment *segments; /* by start; may overlap */
    size_t count, capacity;
    char *language; /* NULL: not said */
} transcript;

/*
 * Read a transcript by the ending of its name: .srt, .vtt, .txt, .json (any case).
 * .json: {"segments": [{"start":, "end":, "text":, "words": [{"word" | "text":, "start":, "end":}]}]} as Whisper writes,
 * {"text": ...}, or a list of such segments or of strings.
 * UTF-8 with or without byte order mark, and UTF-16 with one.  Errors: NOT_FOUND, UNSUPPORTED (another ending), FORMAT
 * (not UTF-8: the byte and its position; a bad time: the line; bad JSON: line and column).
 */
smac_status transcript_read(const char *path, transcript *out, smac_error *error);

typedef enum transcript_format { TRANSCRIPT_SRT, TRANSCRIPT_VTT, TRANSCRIPT_TEXT, TRANSCRIPT_JSON } transcript_format;
/* The same from memory; name stands in the messages. */
smac_status transcript_parse(
    const char *data, size_t size, transcript_format format, const char *name, transcript *out, smac_error *error);

/*
 * The text subtitles of a media file: options->subtitle_track, or those that fit the sound.  A file without any that can
 * be taken: SMAC_OK with count 0.  *warnings (may be NULL) is freed with media_warnings_free.
 */
smac_status transcript_from_media(
    const char *path, const media_options *options, transcript *out, media_warnings *warnings, smac_error *error);

/* Building one by hand.  text is cleaned as above; an empty one is left out (SMAC_OK). */
smac_status transcript_add(transcript *t, double start, double end, const char *text, size_t length, smac_error *error);
void transcript_sort(transcript *t); /* by start, stable; untimed ones first */
void transcript_free(transcript *t); /* leaves it empty; NULL is fine */

/* All words within [from, to), joined as their segment's text joins them: words by their own times, else whole segments
 * that overlap by at least half of themselves or of the range; untimed segments always.  Add to out. */
void transcript_text_between(const transcript *t, double from, double to, text_buffer *out);
void transcript_text(const transcript *t, text_buffer *out);

/*
 * Write as .srt or .vtt (untimed segments from 0 to duration).  A cue has at most two lines of 42 columns (Chinese,
 * Japanese and Korean characters take two); a longer segment becomes several cues, cut where the words' times say, or
 * by the share of letters where those are not known.  What has no place to break stays whole.
 */
void transcript_write_srt(const transcript *t, double duration, text_buffer *out);
void transcript_write_vtt(const transcript *t, double duration, text_buffer *out);

#endif
