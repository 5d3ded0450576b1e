/*
 * pipeline/sample.h - one stretch of a recording as tensors: what the model reads.
 *
 * A modality of a sample is in one of three states: absent (present is false), raw (token ids, frames, mel windows) or
 * ready (a sequence of vectors: what an encoder gave, or features from a file).  A partly trained encoder's raw form may be
 * replaced by what its frozen blocks give (front).  Clips of pictures and sound come from
 * pipeline/clip_encoder.h, words from sample_set_text.
 */
#ifndef SMAC_PIPELINE_SAMPLE_H
#define SMAC_PIPELINE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/modality.h"
#include "encoders/sound_part.h"
#include "model/configuration.h"

/* Vectors of one modality: (steps, crops, width), row-major; text has crops 1. */
typedef struct feature_sequence {
    int64_t steps, crops, width;
    float *data;   /* NULL: not ready */
    int input;     /* which of the model's inputs of the modality they are for; 0: the encoder's, or the only one */
    bool borrowed; /* data belongs to somebody else and is not freed with the sample */
} feature_sequence;

/* A kind of ready vectors that datasets have: told apart by name and width. */
enum { VECTOR_FORMS_MAX = 8, VECTOR_FORM_NAME = 64 };
typedef struct vector_form {
    char name[VECTOR_FORM_NAME]; /* "" unless a dataset names its vectors */
    int64_t width;
} vector_form;

/* The kinds in which a model takes a modality, beside its encoder or alone. */
typedef struct vector_forms {
    vector_form of[VECTOR_FORMS_MAX];
    int count;
    bool alone; /* there is no encoder */
} vector_forms;
#define VECTORS_ALONE(wide)                                           \
    {                                                                 \
        .of = {{.width = (wide)}}, .count = (wide) > 0, .alone = true \
    }

typedef struct sample {
    bool present[MODALITIES];
    feature_sequence ready[MODALITIES]; /* data set: used in place of the raw form */

    /* text, raw: ids with the tokenizer's special tokens, and the segment of each (0, or 1 for a second part) */
    int64_t tokens;
    int32_t *ids, *types; /* (tokens) each */

    /* vision, raw: clips of clip_pictures frames (1 or 2); bytes RGB with vision.preparation still, normalised values with video (bilinear
     * resizing does not end on bytes) */
    int64_t clips, crops, clip_pictures, image_size;
    uint8_t *frames; /* (clips, crops, clip_pictures, image_size, image_size, 3), or NULL */
    float *pictures; /* (clips, crops, clip_pictures, 3, image_size, image_size), or NULL */

    /* audio, raw: normalised log-mel windows, one around each clip, or windows of several clips and each clip's part */
    int64_t windows, mel_bins, mel_frames;
    float *mel; /* (windows, mel_bins, mel_frames) */
    int64_t part_count;
    sound_part *parts; /* (part_count), ordered by window; NULL: a window is a clip's */

    /* data set: what the frozen first blocks of a partly trained encoder gave, in the place of frames, pictures and mel
     * (pipeline/encoder_front.h).  Text: (tokens, 1, width); others: (clips x crops or windows, steps of a row, width) */
    feature_sequence front[MODALITIES];

    double start, end; /* seconds in the recording */
} sample;

struct tokenizer;       /* text/tokenizer.h */
struct mel_filter_bank; /* media/mel.h */
struct face_detector;   /* face/detector.h */

/* What turns words and media into tensors; borrowed, immutable, shared between threads.  affect_model_preparation gives it. */
typedef struct preparation {
    const configuration *configuration;
    const struct tokenizer *tokenizer; /* NULL when the model has no words of its own or reads ready features */
    const struct mel_filter_bank *mel; /* NULL likewise */
    const struct face_detector *faces; /* NULL unless vision.crop is face */
    bool whisper;                      /* sound as Whisper's log-mel, not as ImageBind's */
    bool side_by_side;                 /* windows of sound hold several clips (audio.chunk_seconds) */
    int64_t max_tokens;                /* the least of text.max_tokens and what the encoder can take */
    bool wants[MODALITIES];            /* raw forms that the model's encoders read; others are not made */
} preparation;

/* Words: tokenised with what was said before them; without any word the modality stays absent. */
smac_status sample_set_text(const preparation *p, sample *s, const char *text, const char *const *context,
    int64_t context_count, smac_error *error);

/* The raw tensors of clips of one modality, one after another. */
typedef struct clip_tensors {
    void *data;
    size_t capacity, each; /* bytes; each: of one clip, or window of sound */
    int64_t count;
    sound_part *parts; /* of windows that hold several clips */
    size_t part_capacity;
    int64_t part_count;
} clip_tensors;

size_t sample_clip_bytes(const configuration *c, int modality); /* of the tensor of one clip of sound or pictures */
bool clip_tensors_add(clip_tensors *t, const void *tensor, size_t each); /* copied; false: no memory */
/* The parts of the tensor that was added last; their window is set.  false: no memory. */
bool clip_tensors_add_parts(clip_tensors *t, const sound_part *parts, int64_t count);
void clip_tensors_clear(clip_tensors *t);
int64_t sample_sounds(const sample *s); /* clips of raw sound */
/* Make them the sample's raw form of the modality (frames, pictures or mel); t is empty afterwards. */
void sample_give_clips(sample *s, const configuration *c, int modality, clip_tensors *t);

/* Ready vectors in place of the raw form: copied.  values (steps, crops, width). */
smac_status sample_set_ready(
    sample *s, int modality, int64_t steps, int64_t crops, int64_t width, const float *values, smac_error *error);

/* The other sample's tensors of a modality, in a sample that is never cleared itself. */
void sample_borrow(sample *s, const sample *from, int modality);

void sample_drop(sample *s, int modality); /* makes a modality absent and frees its tensors */
void sample_clear(sample *s);              /* frees all; NULL and an empty one are fine */
int64_t sample_bytes(const sample *s);     /* memory its tensors take */

#endif
