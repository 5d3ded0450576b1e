/* base/utf8.h - UTF-8: decoding, encoding, checking, cutting. */
#ifndef SMAC_BASE_UTF8_H
#define SMAC_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decode the code point at text[*at] and move *at, which must be less than length.  A malformed sequence gives U+FFFD
 * for each maximal part of it, as Python's errors="replace" and the WHATWG standard do.
 */
uint32_t utf8_next(const char *text, size_t length, size_t *at);
/* Writes 1 to 4 bytes and returns their number; surrogates and values above 0x10FFFF become U+FFFD. */
int utf8_put(uint32_t code_point, char out[4]);
/* The position of the first malformed byte, or SIZE_MAX when the whole text is UTF-8. */
size_t utf8_invalid_at(const char *text, size_t length);
/* The largest number of bytes, at most limit, after which text can be cut without splitting a sequence. */
size_t utf8_cut(const char *text, size_t length, size_t limit);
/*
 * A text for one line of a message: control characters, line separators and malformed bytes become '?'; a text that
 * does not fit is cut between characters and ends in "...".  Writes at most size bytes (at least 4) with the NUL and
 * returns the length.
 */
size_t utf8_printable(const char *text, size_t length, char *out, size_t size);

#endif
