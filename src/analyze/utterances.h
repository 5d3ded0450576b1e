/*
 * analyze/utterances.h - where the words of a recording fall into utterances.
 *
 * An utterance ends at a pause of UTTERANCE_PAUSE seconds, at the end of a sentence, or when the next word would make it
 * longer than the longest allowed: then it is cut at its widest pause.  One shorter than UTTERANCE_SHORT goes on past the
 * end of a sentence or a pause of less than UTTERANCE_JOIN; where nothing follows so soon, it is joined to the utterance
 * before.  Each decision depends on the words of the next seconds alone, so live words are cut as those of a file are.
 */
#ifndef SMAC_ANALYZE_UTTERANCES_H
#define SMAC_ANALYZE_UTTERANCES_H

#include "media/transcript.h"

#define UTTERANCE_PAUSE 0.7
#define UTTERANCE_SHORT 1.0
#define UTTERANCE_JOIN 2.0
#define UTTERANCE_LONGEST 10.0 /* seconds, unless the model was trained on shorter clips alone */

/* One word with its times, or a line of a transcript whose words have no times of their own. */
typedef struct spoken_piece {
    double start, end;
    bool ends_sentence;
} spoken_piece;

/* The pieces of words with times that start after `after`, by start; *out is freed with free(). */
smac_status spoken_pieces(const transcript *said, double after, spoken_piece **out, size_t *count, smac_error *error);

/*
 * How many of the pieces the first utterance takes.  known: all words before it are among the pieces (seconds; INFINITY:
 * all).  0: words that are still to come may change it, or there is no piece.
 */
size_t utterance_first(const spoken_piece *pieces, size_t count, double longest, double known);

/* Whether a text ends a sentence here: ". ! ?" and the like, perhaps with closing quotes; not "Dr." or "J.". */
bool text_ends_sentence(const char *text, size_t length);

#endif
