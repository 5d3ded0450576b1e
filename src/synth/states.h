/*
 * synth/states.h - the hidden states of a clip, the rules that make its labels, and how states are drawn.
 *
 * s_t, s_a, s_v in [-1, 1]: what the words, the voice and the face say.  The rules are functions of them alone (and
 * of temper for the two negative emotions), so a reader of label.csv can check every row.
 */
#ifndef SMAC_SYNTH_STATES_H
#define SMAC_SYNTH_STATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

typedef struct synth_states {
    double text, audio, vision; /* s_t, s_a, s_v */
    int temper;                 /* how a negative voice and face sound and look: 0 sad, 1 angry */
} synth_states;

/* A state counts as taking a side from here on; two that take opposite sides this far apart are in conflict. */
#define SYNTH_SIDE 0.25
#define SYNTH_DISTANCE 0.8
#define SYNTH_WEIGHT_TEXT 0.44
#define SYNTH_WEIGHT_AUDIO 0.28
#define SYNTH_WEIGHT_VISION 0.28

/*
 * conflict: the lowest state is <= -SIDE, the highest >= SIDE, and they lie DISTANCE apart or more.
 * sarcasm: s_t >= SIDE while s_a and s_v are both <= -SIDE (praise, said sourly).
 * humor: s_t <= -SIDE while s_a and s_v are both >= SIDE (a scolding, said merrily), or a merry voice and face
 *        (both >= 0.5) that outdo the words by more than 0.5.
 * irony: sarcasm, or s_t <= -SIDE while s_a and s_v are both >= SIDE.
 * label: y = w_t x + w_a s_a + w_v s_v with x = -s_t in sarcasm, else s_t.
 * emotion: joy for y >= 0.2; for y <= -0.2 anger or sadness by temper; else neutral.
 */
bool synth_conflict(const synth_states *s);
bool synth_sarcasm(const synth_states *s);
bool synth_humor(const synth_states *s);
bool synth_irony(const synth_states *s);
double synth_label(const synth_states *s);
const char *synth_emotion(const synth_states *s);
const char *synth_annotation(double label); /* CH-SIMS's three classes: (-0.1, 0.1] is Neutral */

/* The kinds of clips that the plan deals out; the last three are in conflict. */
typedef enum synth_kind {
    SYNTH_AGREE, /* all three near one common state */
    SYNTH_ODD,   /* one modality against the other two */
    SYNTH_IRONY, /* sarcasm */
    SYNTH_FREE   /* independent of each other */
} synth_kind;

/* The kind of the index-th clip of a split: every third in conflict, 2 of 9 of these sarcastic, 2 of 9 free. */
synth_kind synth_kind_at(int64_t index);
/* Does it belong to the kind?  (Conflict or not, sarcasm or not.) */
bool synth_states_are(const synth_states *s, synth_kind kind);
/* Draw states of the kind. */
synth_states synth_states_draw(random_sequence *random, synth_kind kind);

#endif
