/*
 * semanticmac/embed.h - the vectors of one pre-trained encoder: a language model's of text, ImageBind's of pictures or
 * sound, Whisper's of sound.
 *
 *   smac_encoder *encoder = NULL;
 *   smac_vectors *vectors = NULL;
 *   if (smac_encoder_open("minilm-l6", NULL, &encoder, &error) ||
 *       smac_embed_text(encoder, "what a lovely day", NULL, &vectors, &error))
 *       fprintf(stderr, "%s\n", error.message);
 *   const float *v = smac_vectors_values(vectors); // smac_vectors_width of them
 *   smac_vectors_free(vectors);
 *   smac_encoder_free(encoder);
 *
 * (apps/example/embed_example.c is built and tested with the library.)
 *
 * An open encoder is immutable: any number of threads may embed with it at once.  Callbacks are called by the thread that
 * made the call.  Freeing NULL is fine, and functions that ask something of NULL give 0, NULL or "".
 */
#ifndef SEMANTICMAC_EMBED_H
#define SEMANTICMAC_EMBED_H

#include "semanticmac/library.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- encoders ---------------------------------------------------------------------------------------------------- */

typedef struct smac_encoder smac_encoder;

typedef struct smac_encoder_options {
    size_t size;           /* set by smac_encoder_options_default */
    const char *precision; /* of the weights: "f32", "bf16", "int8"; NULL: f32 */
    int modality;          /* SMAC_AUDIO or SMAC_VISION: which encoder of a file with both; -1: the first (-1) */
} smac_encoder_options;

SMAC_API void smac_encoder_options_init(smac_encoder_options *options, size_t size);
#define smac_encoder_options_default(options) smac_encoder_options_init((options), sizeof(smac_encoder_options))

/*
 * The name of an installed model (semanticmac models list), or the path of a folder or a weights file.  options may be
 * NULL.  Errors: NOT_FOUND (with the nearest names), FORMAT, MISMATCH (a tensor's shape), UNSUPPORTED, MEMORY.
 */
SMAC_API smac_status smac_encoder_open(
    const char *name_or_path, const smac_encoder_options *options, smac_encoder **out, smac_error *error);
SMAC_API void smac_encoder_free(smac_encoder *encoder);

SMAC_API const char *smac_encoder_family(const smac_encoder *encoder); /* "bert", "imagebind", "whisper", ... */
SMAC_API int smac_encoder_modality(const smac_encoder *encoder); /* SMAC_TEXT, SMAC_AUDIO, SMAC_VISION; NULL: -1 */
SMAC_API size_t smac_encoder_width(const smac_encoder *encoder); /* numbers of a vector */

/* ---- vectors ----------------------------------------------------------------------------------------------------- */

typedef struct smac_vectors smac_vectors;

SMAC_API size_t smac_vectors_count(const smac_vectors *v);
SMAC_API size_t smac_vectors_width(const smac_vectors *v);
SMAC_API const float *smac_vectors_values(const smac_vectors *v); /* (count, width), until v is freed */
SMAC_API double smac_vectors_per_second(const smac_vectors *v);   /* of sound; 0 for text and pictures */
SMAC_API size_t smac_vectors_tokens_cut(const smac_vectors *v);   /* of text longer than the encoder reads */
SMAC_API void smac_vectors_free(smac_vectors *v);

/* ---- embedding --------------------------------------------------------------------------------------------------- */

typedef struct smac_embed_options {
    size_t size; /* set by smac_embed_options_default */
    /*
     * All vectors that the encoder gives in place of pooled ones: text, one for each token (special ones included);
     * Whisper, 50 a second.  Others give pooled ones alone (UNSUPPORTED).
     */
    bool tokens;
    int threads; /* of this call; 0: as smac_set_threads says */
    /*
     * Called several times a second while there is work: done of total seconds of sound, else 0 of 0.  Non-zero stops
     * with SMAC_ERROR_INTERRUPTED, within a second or so.
     */
    int (*progress)(void *user, const char *what, double done, double total);
    void *user;
} smac_embed_options;

SMAC_API void smac_embed_options_init(smac_embed_options *options, size_t size);
#define smac_embed_options_default(options) smac_embed_options_init((options), sizeof(smac_embed_options))

/*
 * All three: options may be NULL, *out is NULL after an error.  Errors: ARGUMENT (an encoder of another modality, a wrong
 * option, nothing to embed), UNSUPPORTED, INTERRUPTED, MEMORY.
 *
 * Text in UTF-8: one vector, the mean of the last hidden states of the tokens with length 1 (L2).
 */
SMAC_API smac_status smac_embed_text(const smac_encoder *encoder, const char *text, const smac_embed_options *options,
    smac_vectors **out, smac_error *error);

typedef struct smac_rgb {
    const uint8_t *data; /* rows of red, green, blue bytes */
    int width, height;
    size_t stride; /* bytes from row to row; 0: 3 * width */
} smac_rgb;

/* One vector: the picture's middle, resized as ImageBind does with still pictures. */
SMAC_API smac_status smac_embed_picture(const smac_encoder *encoder, const smac_rgb *picture,
    const smac_embed_options *options, smac_vectors **out, smac_error *error);

/*
 * Mono samples in [-1, 1], rate of them a second (1000 to 768000).  One vector a second: of ImageBind that of the two
 * seconds around its middle, of Whisper the mean of its 50.
 */
SMAC_API smac_status smac_embed_sound(const smac_encoder *encoder, const float *samples, size_t count, int rate,
    const smac_embed_options *options, smac_vectors **out, smac_error *error);

#ifdef __cplusplus
}
#endif
#endif
