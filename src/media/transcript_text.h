/* media/transcript_text.h - shared by the transcript readers: encodings, lines, markup. */
#ifndef SMAC_MEDIA_TRANSCRIPT_TEXT_H
#define SMAC_MEDIA_TRANSCRIPT_TEXT_H

#include "media/transcript.h"

/*
 * The bytes of a file as UTF-8 without byte order mark: *text is NUL-terminated, free().  UTF-16 with a mark is
 * converted.  Errors name the byte, its position and the line, and how to convert.
 */
smac_status transcript_decode(
    const char *data, size_t size, const char *name, char **text, size_t *length, smac_error *error);

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

/* Parsers for one kind each; text is UTF-8. */
smac_status transcript_parse_cues(
    const char *text, size_t length, bool vtt, const char *name, transcript *out, smac_error *error);
smac_status transcript_parse_json(
    const char *text, size_t length, const char *name, transcript *out, smac_error *error);

#endif
