/*
 * synth/sentences.h - a grammar whose sentences have a known value: s_t follows from the words.
 *
 * An evaluation word has a value of its own in [-1, 1]; an intensifier multiplies it ("slightly" 0.4 .. "extremely"
 * 1.6); a negation multiplies it by -0.5 ("not terrible" is mildly good); the result is cut to [-1, 1].  Two
 * adjectives side by side ("warm and funny") give their mean; two clauses joined by "and" give their mean; by "but"
 * 0.3 of the first and 0.7 of the second.
 */
#ifndef SMAC_SYNTH_SENTENCES_H
#define SMAC_SYNTH_SENTENCES_H

#include <stddef.h>

#include "base/random.h"

typedef struct synth_sentence {
    char text[200]; /* ends with a full stop */
    double value;   /* s_t */
} synth_sentence;

#define SYNTH_NEGATION -0.5
#define SYNTH_BUT_FIRST 0.3

/* A sentence whatever its value. */
void synth_sentence_draw(random_sequence *random, int temper, synth_sentence *out);
/* The nearest to target among up to 400 sentences drawn (the first that is within tolerance). */
void synth_sentence_near(random_sequence *random, int temper, double target, double tolerance, synth_sentence *out);

/* The evaluation words, for the tests and the documentation: count, and each word with its value. */
size_t synth_lexicon_count(void);
const char *synth_lexicon_word(size_t index, double *value);

#endif
