/* text/normalizer.h - the normalisers of a tokenizer.json: text to text, before it is split. */
#ifndef SMAC_TEXT_NORMALIZER_H
#define SMAC_TEXT_NORMALIZER_H

#include "text/aligned.h"
#include "text/pattern.h"
#include "text/precompiled.h"

typedef enum normalizer_kind {
    NORMALIZER_BERT,
    NORMALIZER_NFC,
    NORMALIZER_NFD,
    NORMALIZER_NFKC,
    NORMALIZER_NFKD,
    NORMALIZER_LOWERCASE,
    NORMALIZER_STRIP_ACCENTS,
    NORMALIZER_STRIP,
    NORMALIZER_REPLACE,
    NORMALIZER_PREPEND,
    NORMALIZER_NMT,
    NORMALIZER_PRECOMPILED
} normalizer_kind;

/* One step; a Sequence is laid flat. */
typedef struct normalizer_step {
    normalizer_kind kind;
    bool clean_text, chinese, accents, lowercase; /* BERT */
    bool left, right;                             /* Strip */
    pattern find;                                 /* Replace */
    uint32_t *content;                            /* Replace, Prepend */
    size_t content_length;
    precompiled *map;
} normalizer_step;

typedef struct normalizer {
    normalizer_step *steps;
    size_t count, capacity;
} normalizer;

/* value may be NULL or JSON null: no steps.  UNSUPPORTED names a type that is not known. */
smac_status normalizer_read(const json_t *value, normalizer *out, smac_error *error);
void normalizer_free(normalizer *n);

/* Apply all steps to text in place; scratch is a second buffer of the caller. */
smac_status normalizer_apply(const normalizer *n, aligned_text *text, aligned_text *scratch, smac_error *error);

#endif
