/* text/added.h - added tokens: found in the text before the model sees it. */
#ifndef SMAC_TEXT_ADDED_H
#define SMAC_TEXT_ADDED_H

#include <jansson.h>

#include "text/aligned.h"
#include "text/normalizer.h"

typedef struct added_token {
    char *content;
    int32_t id;
    bool special, single_word, left, right, normalized; /* left, right: take the white space beside it too */
    bool silent;                                        /* known by id and name, but not looked for in texts */
    uint32_t *match; /* the text to match: content, normalised if it is matched in normalised text */
    size_t match_length;
} added_token;

typedef struct added_tokens {
    added_token *items;
    size_t count, capacity;
    /* Indices of the tokens to look for, by first character, then the longest first: one list for the raw
     * text and one for the normalised text. */
    size_t *order[2];
    size_t order_count[2];
} added_tokens;

/* Read "added_tokens" (NULL: none). */
smac_status added_read(const json_t *list, added_tokens *out, smac_error *error);
smac_status added_append(
    added_tokens *a, const char *content, int32_t id, bool special, bool silent, smac_error *error);
/* Make ready for matching, once all are there. */
smac_status added_prepare(added_tokens *a, const normalizer *n, smac_error *error);
void added_free(added_tokens *a);

/* NULL when there is none of that name or id. */
const added_token *added_by_name(const added_tokens *a, const char *content, size_t length);

/*
 * Cut the segments of s at added tokens; normalized chooses which tokens.  The leftmost match wins, of those the
 * longest.
 */
smac_status added_split(const added_tokens *a, bool normalized, segmented *s, smac_error *error);

#endif
