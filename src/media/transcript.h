/*
 * media/transcript.h - the words of a recording with their times: reading, selecting and writing.
 *
 * Texts are UTF-8 without markup; white space is reduced to single spaces and trimmed.  Times are in seconds.
 */
#ifndef SMAC_MEDIA_TRANSCRIPT_H
#define SMAC_MEDIA_TRANSCRIPT_H

#include "base/text.h"
#include "media/media.h"

typedef struct transcript_word {
    double start, end;
    char *text;
    double probability; /* from the recogniser; NaN: unknown */
} transcript_word;

typedef struct transcript_segment {
    double start, end; /* both NaN: the text belongs to the whole recording */
    char *text;
    transcript_word *words; /* NULL, 0: unknown */
    size_t word_count;
} transcript_segment;

typedef struct transcript {
    transcript_segment *segments; /* sorted by start; may overlap */
    size_t count, capacity;
    char *language;          /* NULL: not stated */
    media_warnings warnings; /* what was corrected or left out, one sentence each */
} transcript;

/*
 * Read a transcript according to its file extension: .srt, .vtt, .txt, .json (in any case).
 * .json: {"segments": [{"start":, "end":, "text":, "words": [{"word" | "text":, "start":, "end":}]}]} as Whisper writes,
 * {"text": ...}, or a list of such segments or of strings, and the forms of other
 * programs (transcript_json.c).  UTF-8, UTF-16, and Windows-1252 where that is certain enough.
 * Errors in the file that have only one meaning are corrected, with a warning in out->warnings.  Errors: NOT_FOUND, UNSUPPORTED (another ending), FORMAT
 * (another encoding: the byte and its position; unreadable times: the line; invalid JSON: line and column).
 */
smac_status transcript_read(const char *path, transcript *out, smac_error *error);

typedef enum transcript_format { TRANSCRIPT_SRT, TRANSCRIPT_VTT, TRANSCRIPT_TEXT, TRANSCRIPT_JSON } transcript_format;
/* The same from memory; name is used in messages. */
smac_status transcript_parse(
    const char *data, size_t size, transcript_format format, const char *name, transcript *out, smac_error *error);

/*
 * Find the transcript of a recording by its name: for a.mp4 the file a.srt, a.vtt or a.json beside it (folder NULL) or in
 * a folder, where a.txt counts too; else a.LANGUAGE.srt or .vtt, if there is only one or one in the given language (may be NULL).  A .json file
 * that is not a transcript is ignored.  *out: the path, to be freed with free(), or NULL.  Errors: MEMORY.
 */
smac_status transcript_find(
    const char *recording, const char *folder, const char *language, char **out, smac_error *error);

/* Add a segment.  text is cleaned as above; an empty one is ignored (SMAC_OK). */
smac_status transcript_add(transcript *t, double start, double end, const char *text, size_t length, smac_error *error);
void transcript_sort(transcript *t); /* by start, stable; segments without times first */
void transcript_free(transcript *t); /* leaves it empty; may be NULL */

/*
 * Adds the words in [from, to) to out, joined as in their segment's text: words by their own times, else whole segments
 * that overlap the range by at least half of the segment or of the range.  Segments without times always count.
 */
void transcript_text_between(const transcript *t, double from, double to, text_buffer *out);
void transcript_text(const transcript *t, text_buffer *out);

/*
 * Write as .srt or .vtt (segments without times from 0 to duration).  A cue has at most two lines of 42 columns, where
 * Chinese, Japanese and Korean characters count as two; a longer segment becomes several cues, split by the times of its
 * words, or in proportion to the letters where those are unknown.  Text without a place to break stays whole.
 */
void transcript_write_srt(const transcript *t, double duration, text_buffer *out);
void transcript_write_vtt(const transcript *t, double duration, text_buffer *out);

#endif
