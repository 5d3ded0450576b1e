/*
 * text/aligned.h - the working text of normalisers and pre-tokenizers: code points with the byte range of the caller's
 * text that each came from, divided into segments.
 */
#ifndef SMAC_TEXT_ALIGNED_H
#define SMAC_TEXT_ALIGNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct aligned_char {
    uint32_t code;
    uint32_t start, end; /* bytes of the text as given */
} aligned_char;

typedef struct aligned_text {
    aligned_char *items;
    size_t count, capacity;
    bool failed; /* memory ran out: further additions do nothing */
} aligned_text;

void aligned_add(aligned_text *t, uint32_t code, uint32_t start, uint32_t end);
void aligned_add_all(aligned_text *t, const aligned_char *items, size_t count);
void aligned_free(aligned_text *t);

/* Decode UTF-8 (malformed parts become U+FFFD) and append them.  Texts of 2 GiB and more are refused. */
smac_status aligned_read(aligned_text *t, const char *text, size_t length, smac_error *error);

/* A run of characters; token >= 0: an added token, which no later step changes. */
typedef struct segment {
    size_t begin, count;
    int32_t token;
} segment;

typedef struct segment_list {
    segment *items;
    size_t count, capacity;
    bool failed;
} segment_list;

/* Empty text segments are not kept. */
void segment_add(segment_list *l, size_t begin, size_t count, int32_t token);
void segment_list_free(segment_list *l);

/* Text with its segments, and a second pair to write into; the two are swapped after each step. */
typedef struct segmented {
    aligned_text text, next_text;
    segment_list segments, next_segments;
} segmented;

void segmented_free(segmented *s);
/* Swap the current segments with the next ones (the text too if text_too), and empty the other pair. */
void segmented_swap(segmented *s, bool text_too);
/* MEMORY when any of the parts failed. */
smac_status segmented_check(const segmented *s, smac_error *error);

/* What happens to the delimiters when a text is split; the names are those of tokenizer.json. */
typedef enum split_behavior {
    SPLIT_REMOVED,
    SPLIT_ISOLATED,
    SPLIT_MERGED_WITH_PREVIOUS,
    SPLIT_MERGED_WITH_NEXT,
    SPLIT_CONTIGUOUS
} split_behavior;

/* Pieces follow each other and cover a segment; each is a delimiter (a match) or not. */
typedef struct splitter {
    segment_list *out;
    split_behavior behavior;
    size_t begin, count; /* the piece not yet given out */
    bool pending, pending_is_match;
} splitter;

splitter splitter_start(segment_list *out, split_behavior behavior);
void splitter_piece(splitter *s, size_t begin, size_t count, bool is_match);
void splitter_finish(splitter *s);

#endif
