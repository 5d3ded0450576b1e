/* text/post.h - post-processors: the special tokens around one text and around a pair, and trimmed offsets. */
#ifndef SMAC_TEXT_POST_H
#define SMAC_TEXT_POST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* sequence 0: the (first) text, 1: the second, -1: a special token. */
typedef struct template_piece {
    int sequence;
    int32_t id, type;
} template_piece;

typedef struct template_list {
    template_piece *items;
    size_t count, capacity;
} template_list;

typedef struct post_processor {
    template_list single, pair;
    bool has_template;
    bool trim_offsets; /* byte-level: a token's offsets exclude leading and trailing spaces */
    bool add_prefix_space;
} post_processor;

/*
 * Read "post_processor" of a tokenizer with size ids; without one the templates are the text alone, and both texts one
 * after the other (type 0 and 1).
 */
smac_status post_read(const json_t *value, int32_t size, post_processor *out, smac_error *error);
void post_free(post_processor *p);

#endif
