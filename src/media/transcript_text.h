/* media/transcript_text.h - shared by the files transcript_*.c: encodings, lines, markup, corrections. */
#ifndef SMAC_MEDIA_TRANSCRIPT_TEXT_H
#define SMAC_MEDIA_TRANSCRIPT_TEXT_H

#include "base/text.h"
#include "media/transcript.h"

typedef struct transcript_source {
    const char *data;
    size_t size;
    const char *name; /* for messages */
    bool is_json;
} transcript_source;

/*
 * Adds the file to out as UTF-8 without byte order mark.  Errors: FORMAT (the byte, its position and line, and how to
 * convert), UNSUPPORTED (UTF-32), MEMORY.
 */
smac_status transcript_decode(
    const transcript_source *s, text_buffer *out, media_warnings *warnings, smac_error *error);

/* A cursor over lines that end with LF, CRLF or CR. */
typedef struct line_cursor {
    const char *text;
    size_t length, at;
    size_t number; /* of the last line, from 1 */
} line_cursor;
bool next_line(line_cursor *cursor, const char **line, size_t *length);
bool is_blank(const char *line, size_t length);

/* Add cue text without <tags> and {\\codes}, and with &entities; decoded if asked for. */
void add_without_markup(text_buffer *out, const char *text, size_t length, bool entities);
/* Add the text of an ASS event without {override blocks} and drawings (\\p1 to \\p0), with \\N, \\n and \\h as spaces. */
void add_ass_text(text_buffer *out, const char *text, size_t length);

/* --- corrections of errors that have only one meaning ------------------------------------------------------------ */

typedef enum repair {
    REPAIR_END,          /* the end is before the start */
    REPAIR_NEGATIVE,     /* the start is before 0 */
    REPAIR_BEFORE,       /* start and end are before 0 */
    REPAIR_NO_END,       /* one of start and end is missing */
    REPAIR_NO_TIMES,     /* both are missing, but other segments have times */
    REPAIR_FULL,         /* 1000 milliseconds, 60 seconds */
    REPAIR_ARROW,        /* "->" instead of "-->" */
    REPAIR_STRAY,        /* text without times */
    REPAIR_HEADER,       /* .vtt without WEBVTT, or .srt with it */
    REPAIR_NAN,          /* NaN or Infinity in JSON */
    REPAIR_SURROGATE,    /* half a surrogate pair in JSON */
    REPAIR_MILLISECONDS, /* times in milliseconds */
    REPAIRS
} repair;

typedef struct repairs {
    size_t count[REPAIRS], first[REPAIRS]; /* first: the first line or segment */
} repairs;

void repairs_note(repairs *r, repair kind, size_t place);
void repairs_tell(const repairs *r, const char *place, transcript *t); /* place: "line" or "segment" */

/*
 * Complete the times of segments (in file order) that lack one or both (NAN), unless all lack them: a missing end is the
 * next start, or earlier if the text is short; a segment without times is placed between its neighbours.  Segments before
 * 0 are removed.  r may be NULL.
 */
void transcript_complete_times(transcript *t, repairs *r);

/* Remove from rolling captions what the segment before showed already, with a warning. */
void transcript_unroll(transcript *t);

/* --- parsers; text is UTF-8 ------------------------------------------------------------------------ */

/* [-][hours:]minutes:seconds[(, or .)fraction].  *is_full is set for 1000 milliseconds or 60 seconds. */
bool cue_time_read(const char **at, const char *end, double *seconds, bool *is_full);
smac_status transcript_parse_cues(const transcript_source *text, bool vtt, transcript *out, smac_error *error);
smac_status transcript_parse_json(const transcript_source *text, transcript *out, smac_error *error);

#endif
