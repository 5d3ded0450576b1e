/* text/decoder.h - the decoders of a tokenizer.json: tokens back to text. */
#ifndef SMAC_TEXT_DECODER_H
#define SMAC_TEXT_DECODER_H

#include <jansson.h>

#include "base/error.h"
#include "base/text.h"
#include "text/pretokenizer.h"

typedef enum decoder_kind {
    DECODER_BYTE_LEVEL,
    DECODER_WORDPIECE,
    DECODER_METASPACE,
    DECODER_BPE,
    DECODER_BYTE_FALLBACK,
    DECODER_FUSE,
    DECODER_STRIP,
    DECODER_REPLACE
} decoder_kind;

typedef struct decoder_step {
    decoder_kind kind;
    char *text;         /* WordPiece: prefix; BPEDecoder: suffix; Strip: the character; Replace: the text to replace */
    char *content;      /* Replace */
    bool cleanup;       /* WordPiece */
    size_t start, stop; /* Strip */
    uint32_t replacement; /* Metaspace */
    prepend_scheme prepend;
} decoder_step;

typedef struct decoder {
    decoder_step *steps;
    size_t count, capacity;
    bool present; /* without one, tokens are joined by spaces */
} decoder;

smac_status decoder_read(const json_t *value, decoder *out, smac_error *error);
void decoder_free(decoder *d);

/* Tokens while they are decoded; between steps they need not be UTF-8. */
smac_status decoder_apply(
    const decoder *d, const char *const *tokens, size_t count, text_buffer *out, smac_error *error);

#endif
