/*
 * text/unicode.h - properties of code points that the tokenizers need.
 *
 * Categories, decompositions and lower case come from libutf8proc.  The public tokenizers package mixes Unicode data of
 * several versions (its punctuation, for one, is Unicode 8's); where its answer differs from utf8proc's, the tables in
 * unicode_difference.c (written by tools/golden/text.py) give the package's answer, since ids must be identical.
 */
#ifndef SMAC_TEXT_UNICODE_H
#define SMAC_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A range of code points whose property is value, whatever utf8proc gives. */
typedef struct unicode_exception {
    uint32_t first, last;
    int32_t value;
} unicode_exception;

typedef struct unicode_exceptions {
    const unicode_exception *items;
    size_t count;
} unicode_exceptions;

extern const unicode_exceptions unicode_letter_exceptions, unicode_number_exceptions, unicode_numeric_exceptions,
    unicode_mark_exceptions, unicode_nonspacing_exceptions, unicode_punctuation_exceptions, unicode_other_exceptions,
    unicode_word_exceptions, unicode_lower_exceptions, /* value: what to add to the code point */
    unicode_canonical_exceptions,                      /* value 0: is not decomposed by NFD */
    unicode_compatible_exceptions;                     /* value 0: is not decomposed by NFKD */

bool unicode_is_space(uint32_t c);       /* White_Space */
bool unicode_is_letter(uint32_t c);      /* \p{L} */
bool unicode_is_number(uint32_t c);      /* \p{N} */
bool unicode_is_numeric(uint32_t c);     /* Rust's char::is_numeric */
bool unicode_is_decimal(uint32_t c);     /* \d: Nd */
bool unicode_is_mark(uint32_t c);        /* M */
bool unicode_is_nonspacing(uint32_t c);  /* Mn */
bool unicode_is_punctuation(uint32_t c); /* P, or an ASCII sign that is not a letter, digit, space or control */
bool unicode_is_other(uint32_t c);       /* C without the unassigned, and not tab, line feed, carriage return */
bool unicode_is_word(uint32_t c);        /* \w: Alphabetic, M, Nd, Pc, joiners */
bool unicode_is_chinese(uint32_t c);     /* the ideograph blocks that BERT puts spaces around */

/* Lower case (full mapping, no context); returns 1 or 2 code points. */
int unicode_lower(uint32_t c, uint32_t out[2]);
/* Full decomposition of one code point; returns the number of code points (1: itself), at most 18. */
#define UNICODE_DECOMPOSED 32
int unicode_decompose(uint32_t c, bool compatible, uint32_t out[UNICODE_DECOMPOSED]);
int unicode_combining_class(uint32_t c);
/* The primary composite of a and b, or 0. */
uint32_t unicode_compose(uint32_t a, uint32_t b);
/* A text's code points, ended by 0; length may be NULL.  free(*out). */
smac_status unicode_points(const char *text, uint32_t **out, size_t *length, smac_error *error);

#endif
