/*
 * text/pattern.h - the patterns of Split and Replace: a fixed text, or one of the regular expressions that published
 * tokenizers use, each with its own matcher.  Any other expression is refused, and the error quotes it.
 */
#ifndef SMAC_TEXT_PATTERN_H
#define SMAC_TEXT_PATTERN_H

#include <jansson.h>

#include "text/aligned.h"

typedef enum pattern_kind {
    PATTERN_TEXT, /* a fixed text */
    PATTERN_GPT2, /* contractions, words, numbers, signs and spaces as in GPT-2's expression */
    PATTERN_RUN   /* between least and most characters of one class: \s, \p{L}, \p{N}, [0-9] or one character */
} pattern_kind;

typedef struct pattern {
    pattern_kind kind;
    uint32_t *text;
    size_t length;
    char class_name;    /* 's', 'L', 'N', '9' or 'c' (the character text[0]) */
    size_t least, most; /* most 0: no end */
} pattern;

/* Read {"String": ...} or {"Regex": ...}; UNSUPPORTED names an unknown expression. */
smac_status pattern_read(const json_t *value, pattern *out, smac_error *error);
void pattern_free(pattern *p);

/* The first match at or after from: its begin and length (at least 1); false when there is none. */
bool pattern_next(
    const pattern *p, const aligned_char *items, size_t count, size_t from, size_t *begin, size_t *length);

/* The length, at least 1, of the match of GPT-2's expression at position at (below count); its matches cover a text. */
size_t pattern_gpt2_length(const aligned_char *items, size_t count, size_t at);

#endif
