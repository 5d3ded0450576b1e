/* media/transcript_text.h - shared by the files transcript_*.c: encodings, lines, markup, repairs. */
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
 * The bytes of a file as UTF-8 without byte order mark, added to out.  Errors: FORMAT: the byte, its position and line,
 * and how to convert; UNSUPPORTED: UTF-32; MEMORY.
 */
smac_status transcript_decode(
    const transcript_source *s, text_buffer *out, media_warnings *warnings, smac_error *error);

/* Cursor over lines that end with LF, CRLF or CR. */
typedef struct line_cursor {
    const char *text;
    size_t length, at;
    size_t number; /* of the line last given, from 1 */
} line_cursor;
bool next_line(line_cursor *cursor, const char **line, size_t *length);
bool is_blank(const char *line, size_t length);

/* Add a piece of cue text without its markup: <tags>, {\\codes}; and &entities;. */
void add_without_markup(text_buffer *out, const char *text, size_t length, bool entities);
/* The text of an ASS event: without {override blocks and comments} and drawings (\\p1 to \\p0); \\N, \\n, \\h are spaces. */
void add_ass_text(text_buffer *out, const char *text, size_t length);

/* --- repairs: what was mended because it has one meaning ------------------------------------------------------------ */

typedef enum repair {
    REPAIR_END,          /* the end is before the start */
    REPAIR_NEGATIVE,     /* the start is before 0 */
    REPAIR_BEFORE,       /* start and end are */
    REPAIR_NO_END,       /* only one of the two is there */
    REPAIR_NO_TIMES,     /* neither is, among others that have times */
    REPAIR_FULL,         /* 1000 milliseconds, 60 seconds */
    REPAIR_ARROW,        /* "->" */
    REPAIR_STRAY,        /* text without times */
    REPAIR_HEADER,       /* no WEBVTT, or WEBVTT in an .srt */
    REPAIR_NAN,          /* a number that JSON does not have */
    REPAIR_SURROGATE,    /* half a character in JSON */
    REPAIR_MILLISECONDS, /* numbers that are too large for seconds */
    REPAIRS
} repair;

typedef struct repairs {
    size_t count[REPAIRS], first[REPAIRS]; /* first: where, a line or a segment */
} repairs;

void repairs_note(repairs *r, repair kind, size_t place);
void repairs_tell(const repairs *r, const char *place, transcript *t); /* place: "line" or "segment" */

/*
 * Give times to segments, in the order of the file, that lack one or both (NAN), where others have some: an end is the
 * start of the next one, or what the text takes to say; a segment without times lies between its neighbours.  Segments
 * before 0 are removed.  r may be NULL: not told.
 */
void transcript_complete_times(transcript *t, repairs *r);

/* Words alone: remove from segments what the one before showed already (rolling captions); warns. */
void transcript_unroll(transcript *t);

/* --- parsers of one kind each; text is UTF-8 ------------------------------------------------------------------------ */

/* [hours:]minutes:seconds[(, or .)fraction], at most up to end; negative ones too.  *is_full: 1000 ms or 60 s. */
bool cue_time_read(const char **at, const char *end, double *seconds, bool *is_full);
smac_status transcript_parse_cues(const transcript_source *text, bool vtt, transcript *out, smac_error *error);
smac_status transcript_parse_json(const transcript_source *text, transcript *out, smac_error *error);

#endif
