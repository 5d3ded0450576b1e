/* text/pretokenizer.h - the pre-tokenizers of a tokenizer.json: normalised text to the pieces that the model sees. */
#ifndef SMAC_TEXT_PRETOKENIZER_H
#define SMAC_TEXT_PRETOKENIZER_H

#include "text/aligned.h"
#include "text/pattern.h"

typedef enum pretokenizer_kind {
    PRETOKENIZER_BERT,
    PRETOKENIZER_BYTE_LEVEL,
    PRETOKENIZER_METASPACE,
    PRETOKENIZER_WHITESPACE,       /* \w+|[^\w\s]+ */
    PRETOKENIZER_WHITESPACE_SPLIT, /* at white space */
    PRETOKENIZER_PUNCTUATION,
    PRETOKENIZER_DIGITS,
    PRETOKENIZER_SPLIT,
    PRETOKENIZER_DELIMITER /* CharDelimiterSplit */
} pretokenizer_kind;

typedef enum prepend_scheme { PREPEND_ALWAYS, PREPEND_FIRST, PREPEND_NEVER } prepend_scheme;

/* One step; a Sequence is laid flat. */
typedef struct pretokenizer_step {
    pretokenizer_kind kind;
    bool add_prefix_space, use_regex; /* ByteLevel */
    uint32_t replacement;             /* Metaspace; CharDelimiterSplit: the delimiter */
    prepend_scheme prepend;
    bool split;      /* Metaspace */
    bool individual; /* Digits */
    split_behavior behavior;
    bool invert;
    pattern find; /* Split */
} pretokenizer_step;

typedef struct pretokenizer {
    pretokenizer_step *steps;
    size_t count, capacity;
} pretokenizer;

smac_status pretokenizer_read(const json_t *value, pretokenizer *out, smac_error *error);
void pretokenizer_free(pretokenizer *p);

/* Split each text segment further (added tokens stay); the result is in s->text and s->segments. */
smac_status pretokenizer_apply(const pretokenizer *p, segmented *s, smac_error *error);

/* Metaspace's members, read for its decoder too. */
smac_status metaspace_read(
    const json_t *value, uint32_t *replacement, prepend_scheme *prepend, bool *split, smac_error *error);

/* The character by which byte-level BPE writes a byte, and the byte of a character (-1: it is none of them). */
uint32_t byte_level_char(unsigned char byte);
int byte_level_byte(uint32_t code);

#endif
