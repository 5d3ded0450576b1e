/*
 * synth/voice.h - a sentence spoken by espeak-ng, coloured by the state s_a.
 *
 * A good state raises pitch, pitch range, rate, loudness and brightness and shortens the pauses; a bad one lowers and
 * slows them; a bad voice trembles (sad) or is rough (angry) by its temper.  All are relative to the speaker.
 *
 * espeak-ng keeps hidden state from one sentence to the next: the same sentence gives other samples the second time.
 * So voice_speak must be called once in a fresh process (synth/dataset.c forks one a clip): then the same words and
 * settings give the same samples.
 */
#ifndef SMAC_SYNTH_VOICE_H
#define SMAC_SYNTH_VOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/random.h"

#define VOICE_SAMPLE_RATE 22050

/* One speaker's voice. */
typedef struct voice_identity {
    char name[48];      /* espeak-ng's, language+variant: "en-us+m3" */
    double pitch, rate; /* differences to the usual: points of espeak's 0..100, words a minute */
    double level;       /* dB */
} voice_identity;

typedef struct voice_sound {
    float *samples; /* mono, VOICE_SAMPLE_RATE a second, in [-1, 1]; free with voice_sound_free */
    size_t count;
} voice_sound;

/* How many variants there are, and whether one is a woman's. */
size_t voice_variant_count(void);
bool voice_variant_woman(size_t variant);
/* A voice of that variant, with an accent and differences of its own. */
void voice_identity_draw(random_sequence *random, size_t variant, voice_identity *out);

/* Speak.  state in [-1, 1]; temper 0 sad, 1 angry; random colours details (room noise, silence before and after). */
smac_status voice_speak(const voice_identity *voice, const char *text, double state, int temper,
    random_sequence *random, voice_sound *out, smac_error *error);
void voice_sound_free(voice_sound *sound);

/* Mouth opening 0..1 at a rate a second: the smoothed envelope over its own peak.  out: count values. */
void voice_mouth(const voice_sound *sound, double rate, double *out, size_t count);

#endif
