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
    char *language;          /* NULL: not stated */
    media_warnings warnings; /* what was mended or left out, a sentence each */
} transcript;

/*
 * Read a transcript by the ending of its name: .srt, .vtt, .txt, .json (any case).
 * .json: {"segments": [{"start":, "end":, "text":, "words": [{"word" | "text":, "start":, "end":}]}]} as Whisper writes,
 * {"text": ...}, or a list of such segments or of strings, and the forms of other
 * programs (transcript_json.c).  UTF-8, UTF-16, and Windows-1252 where that is certain enough.
 * What has one meaning is mended and told in out->warnings.  Errors: NOT_FOUND, UNSUPPORTED (another ending), FORMAT
 * (another encoding: the byte and its position; times without a meaning: the line; bad JSON: line and column).
 */
smac_status transcript_read(const char *path, transcript *out, smac_error *error);

typedef enum transcript_format { TRANSCRIPT_SRT, TRANSCRIPT_VTT, TRANSCRIPT_TEXT, TRANSCRIPT_JSON } transcript_format;
/* The same from memory; name stands in the messages. */
smac_status transcript_parse(
    const char *data, size_t size, transcript_format format, const char *name, transcript *out, smac_error *error);

/*
 * The transcript of a recording by its name: of a.mp4, a.srt, a.vtt or a.json beside it or in a folder; else a.LANGUAGE.srt
 * or .vtt, when there is one alone or one in the language (NULL: any).  A .json that is not a transcript does not count.
 * *out is NULL when there is none; free().  Errors: MEMORY.
 */
smac_status transcript_find(
    const char *recording, const char *folder, const char *language, char **out, smac_error *error);

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
