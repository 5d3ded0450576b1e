/* embed/embed.h - between the files of this module: an open encoder, one call, and the vectors that it gives. */
#ifndef SMAC_EMBED_EMBED_H
#define SMAC_EMBED_EMBED_H

#include "base/interrupt.h"
#include "media/mel.h"
#include "model/configuration.h"
#include "models/models.h"
#include "semanticmac/embed.h"
#include "text/tokenizer.h"

struct smac_encoder {
    ready_encoder model;
    encoder_description is;
    encoder_form form;           /* audio, vision */
    configuration configuration; /* the same sizes, for clips */
    mel_filter_bank *mel;        /* audio */
    tokenizer *words;            /* text */
    int64_t longest;             /* text: tokens; 0: no limit */
};

struct smac_vectors {
    size_t count, width, capacity; /* capacity: numbers */
    float *values;
    double per_second;
    size_t cut;
};

smac_status vectors_add(smac_vectors *v, const float *rows, int64_t count, smac_error *error);

/* One call: its options, and when progress was reported last. */
typedef struct embed_call {
    const smac_encoder *encoder;
    smac_embed_options options;
    smac_vectors *vectors;
    double done, total, reported;
    bool stopped, begun;
    int threads_before;
} embed_call;

/* Checks the arguments and makes room for the vectors. */
smac_status embed_begin(
    embed_call *call, const smac_encoder *encoder, modality m, const smac_embed_options *options, smac_error *error);
/* After a call, also one that did not begin: frees the vectors, unless they were taken (NULL). */
void embed_end(embed_call *call);
/* interruption.ask of a call: reports progress now and then; non-zero: stop. */
int embed_asks(void *call);
/* A tape that asks; NULL: memory is short. */
tape *embed_tape(embed_call *call);

/*
 * Sound that comes in pieces, mono at 16 kHz: the vectors are those of smac_embed_sound.  seconds: how long it will be,
 * for the progress; 0: not known.  finish gives the vectors; free (NULL is fine) in any case.  All calls are made by one
 * thread.
 */
typedef struct sound_embedding sound_embedding;
smac_status sound_embedding_new(const smac_encoder *encoder, const smac_embed_options *options, double seconds,
    sound_embedding **out, smac_error *error);
smac_status sound_embedding_feed(sound_embedding *s, const float *samples, size_t count, smac_error *error);
smac_status sound_embedding_finish(sound_embedding *s, smac_vectors **out, smac_error *error);
void sound_embedding_free(sound_embedding *s);

#endif
