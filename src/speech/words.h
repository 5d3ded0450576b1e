/*
 * speech/words.h - when each word was said: dynamic time warping (Sakoe and Chiba 1978) over the cross-attention of the
 * heads that follow the sound, as Whisper's authors publish it.
 */
#ifndef SMAC_SPEECH_WORDS_H
#define SMAC_SPEECH_WORDS_H

#include "encoders/whisper.h"
#include "text/tokenizer.h"

/*
 * The path through cost (rows, columns), row-major, from (0, 0) to its end that costs least, in steps of one row, one
 * column or both.  first_column (rows): where the path enters each row.
 */
smac_status warp_path(const float *cost, int64_t rows, int64_t columns, int64_t *first_column, smac_error *error);
/* Median over width (odd) neighbours, reflected at the ends; a row no longer than width / 2 stays. */
void median_filter(const float *in, float *out, int64_t count, int width);

typedef struct timed_word {
    char *text;                       /* with its space before it; "" when it was joined to a neighbour */
    int64_t first_token, token_count; /* of the text tokens */
    double start, end, probability;   /* seconds from the window's start */
} timed_word;

typedef struct timed_words {
    timed_word *items;
    size_t count, capacity;
} timed_words;
void timed_words_clear(timed_words *w);

typedef struct word_request {
    const tokenizer *tokens;
    const int32_t *prompt; /* start, language, task */
    int64_t prompt_count;
    const int32_t *text; /* tokens of text, without time stamps */
    int64_t count;
    int64_t frames; /* vectors of the window that are sound */
    int32_t no_timestamps, end;
    const int32_t (*heads)[2];
    int64_t head_count;
    bool spaces; /* the language has spaces between words */
} word_request;

/*
 * The words of a text in the window whose sound is set.  Long words at the ends of sentences are cut, punctuation is
 * joined to its word.  *longest: twice the median length of a word, at most 1.4 s, which parts_time_words uses.
 */
smac_status word_times(
    whisper_decoding *s, const word_request *request, timed_words *out, double *longest, smac_error *error);

/* Tokens into words: out gets text and tokens; the end token is not given. */
smac_status word_split(
    const tokenizer *t, const int32_t *text, int64_t count, bool spaces, timed_words *out, smac_error *error);

#endif
