/*
 * text/part.h - the parts of a tokenizer.json that are one step or a Sequence of steps (normalizer, pre_tokenizer,
 * post_processor, decoder): {"type": NAME, members...} or {"type": "Sequence", LIST: [...]}, stored as one flat list.
 */
#ifndef SMAC_TEXT_PART_H
#define SMAC_TEXT_PART_H

#include <jansson.h>

#include "base/error.h"

typedef struct part_kind {
    const char *type;
    int kind;            /* the caller's number for it */
    const char *members; /* beside "type", separated by spaces; another one is refused */
} part_kind;

typedef struct part_format {
    const char *part, *list; /* "normalizer", and "normalizers" of a Sequence of them */
    const part_kind *kinds;  /* up to one without a type */
    /* Reads one step; user is part_read's. */
    smac_status (*read)(void *user, int kind, const json_t *value, smac_error *error);
} part_format;

/* value NULL or JSON null: no step.  UNSUPPORTED names an unknown type or member, FORMAT a malformed one. */
smac_status part_read(const part_format *format, const json_t *value, void *user, smac_error *error);

#endif
