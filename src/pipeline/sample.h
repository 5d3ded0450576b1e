/*
 * pipeline/sample.h - one stretch of a recording as tensors, before any encoder has run.  This is the one path from
 * media and words to tensors: the training data and analysis both take it, so a model sees the same numbers in both.
 *
 * A modality of a sample is in one of three states: absent (present is false), raw (token ids, frames, mel windows) or
 * ready (a sequence of vectors: what a frozen encoder gave, or features from a file).  Modalities stand in the order
 * text, audio, vision everywhere.
 */
#ifndef SMAC_PIPELINE_SAMPLE_H
#define SMAC_PIPELINE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/modality.h"
#include "model/configuration.h"

/* Vectors of one modality: (steps, crops, width), row-major; text has crops 1. */
typedef struct feature_sequence {
    int64_t steps, crops, width;
    float *data; /* NULL: not ready */
} feature_sequence;

typedef struct sample {
    bool present[MODALITIES];
    feature_sequence ready[MODALITIES]; /* data set: used in place of the raw form */

    /* text, raw: ids with the tokenizer's special tokens, and the segment of each (0, or 1 for a second part) */
    int64_t tokens;
    int32_t *ids, *types; /* (tokens) each */

    /* vision, raw: clips of two frames (a still or an odd last frame is repeated); bytes RGB with vision.preparation
     * still, normalised values with video (bilinear resizing does not end on bytes) */
    int64_t clips, crops, image_size;
    uint8_t *frames; /* (clips, crops, 2, image_size, image_size, 3), or NULL */
    float *pictures; /* (clips, crops, 2, 3, image_size, image_size), or NULL */

    /* audio, raw: normalised log-mel windows, one centred on each clip */
    int64_t windows, mel_bins, mel_frames;
    float *mel; /* (windows, mel_bins, mel_frames) */

    double start, end; /* seconds in the recording */
} sample;

struct tokenizer;       /* text/tokenizer.h */
struct mel_filter_bank; /* media/mel.h */

/* What turns words and media into tensors; borrowed, immutable, shared between threads.  system_preparation gives it. */
typedef struct preparation {
    const configuration *configuration;
    const struct tokenizer *tokenizer; /* NULL when the model has no words of its own or reads ready features */
    const struct mel_filter_bank *mel; /* NULL likewise */
    bool whisper;                      /* sound as Whisper's log-mel, not as ImageBind's */
    int64_t max_tokens;                /* the least of text.max_tokens and what the encoder can take */
    bool wants[MODALITIES];            /* raw forms that the model's encoders read; others are not made */
} preparation;

/* What to read.  All texts are UTF-8 and borrowed. */
typedef struct sample_source {
    const char *media;          /* a file, or NULL: words alone */
    double start, end;          /* seconds; end <= start: to the end of the recording */
    const char *text;           /* the words said; NULL or "": the text modality is absent */
    const char *const *context; /* what was said before, oldest first, or NULL */
    int64_t context_count;
    bool without[MODALITIES];      /* leave that modality out (it is then absent) */
    const struct reporter *report; /* gets the reader's warnings (broken packets, a truncated file); NULL: nobody */
} sample_source;

/*
 * Read one sample.  A recording without sound (picture) has audio (vision) absent; one with neither is an error, as is
 * a sample with no modality at all.  *out is empty on failure.  Free with sample_clear.  Messages name the file.
 */
smac_status sample_read(const preparation *p, const sample_source *source, sample *out, smac_error *error);

/*
 * The steps apart, for callers that have decoded already.  Words: tokenised with what was said before them; without any
 * word the modality stays absent.
 */
smac_status sample_set_text(const preparation *p, sample *s, const char *text, const char *const *context,
    int64_t context_count, smac_error *error);
/* frames (count, crops, image_size, image_size, 3) sampled at media.frames_per_second; copied and paired into clips */
smac_status sample_set_frames(const preparation *p, sample *s, const uint8_t *frames, int64_t count, smac_error *error);
/* count values in [-1, 1], mono, 16 kHz, from the sample's start; one window a clip as media/clips.h places them */
smac_status sample_set_sound(const preparation *p, sample *s, const float *samples, size_t count, smac_error *error);

/* Ready vectors in place of the raw form: copied.  values (steps, crops, width). */
smac_status sample_set_ready(
    sample *s, int modality, int64_t steps, int64_t crops, int64_t width, const float *values, smac_error *error);

/* A sample made of the clips [first, first + count) of another's audio and vision (its words are not taken). */
smac_status sample_slice(const sample *whole, int64_t first, int64_t count, sample *out, smac_error *error);

/*
 * The clips of a recording one after another, in constant memory: what sample_read collects.  frames: (crops, 2, S, S, 3)
 * bytes or NULL, pictures: (crops, 2, 3, S, S) normalised or NULL, mel: (mel_bins, mel_frames) or NULL; one of them is
 * there, for clip `index` of its modality.
 */
typedef smac_status (*clip_sink)(
    void *user, int64_t index, const uint8_t *frames, const float *pictures, const float *mel, smac_error *error);
/* interrupt may be NULL.  seconds (may be NULL) gets the length read. */
smac_status sample_stream(const preparation *p, const sample_source *source, clip_sink sink, void *user,
    int (*interrupt)(void *user), void *interrupt_user, double *seconds, smac_error *error);

void sample_drop(sample *s, int modality); /* makes a modality absent and frees its tensors */
void sample_clear(sample *s);              /* frees all; NULL and an empty one are fine */
int64_t sample_bytes(const sample *s);     /* memory its tensors take */

#endif
