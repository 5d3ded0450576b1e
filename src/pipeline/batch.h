/*
 * pipeline/batch.h - several samples side by side for the model: ready vectors padded with zeros and masks, raw forms
 * packed without padding (each clip, window and sentence once), and the targets.  Results for a sample do not depend on
 * how much padding or which other samples are in its batch.
 */
#ifndef SMAC_PIPELINE_BATCH_H
#define SMAC_PIPELINE_BATCH_H

#include "pipeline/sample.h"

typedef struct batch_modality {
    uint8_t *present;     /* (B): 1 where the sample has it */
    bool any;             /* at least one has it; nothing below is filled otherwise */
    int input;            /* the model's input that the tensors here are for (feature_sequence.input) */
    uint8_t *own;         /* (B): 1 where the sample has it and its tensors are here, not in next */
    int64_t steps, crops; /* padded length S and crops C of (B, S, C, width); text: crops 1 */
    int64_t width;        /* of ready vectors */
    float *ready;         /* (B, S, C, width), zeros for padding; NULL: raw */
    uint8_t *mask;        /* (B, S): 1 for a step that counts */
    int64_t rows;         /* raw: rows packed; clips x crops, windows, sentences */
    int32_t *place;       /* raw: (B, S, C) row of each vector, -1 for padding; text: (B) row of each sentence */
    int64_t front_steps, front_width;
    float *front; /* raw: (rows, front_steps, front_width) what an encoder's frozen blocks gave; NULL: not kept */
    struct batch_modality *next; /* the samples whose vectors are for another input; NULL: none */
} batch_modality;

typedef struct batch {
    int64_t size; /* B */
    batch_modality part[MODALITIES];
    int32_t *ids, *types; /* (rows, steps) token ids; NULL when text is ready */
    uint8_t *text_mask;   /* (rows, steps) */
    float *
        pictures; /* (rows, clip_pictures, 3, image_size, image_size) normalised; NULL when vision is ready or has a front */
    int64_t image_size, clip_pictures;
    float *mel; /* (windows, mel_bins, mel_frames); NULL when audio is ready or has a front */
    int64_t windows, mel_bins, mel_frames;
    sound_part *parts; /* (rows) where windows hold several clips; else NULL, and windows are the rows */
    void *memory;      /* arena that holds all of it */
} batch;

/* How token ids are padded: by the tokenizer. */
typedef struct batch_padding {
    int32_t id, type;
    bool left;
} batch_padding;

/*
 * Put samples[0..count) together.  drop, when not NULL, is (count, 3): 1 takes a modality away (modality dropout).
 * For one input a modality that is ready in one sample and raw in another is an error (SMAC_ERROR_MISMATCH), as are
 * differing widths, crops, picture or mel sizes.  Free with batch_clear.
 */
smac_status batch_make(const sample *const *samples, int64_t count, const uint8_t *drop, const batch_padding *padding,
    batch *out, smac_error *error);
void batch_clear(batch *b);

/* Bytes RGB (image_size, image_size, 3) to normalised (3, image_size, image_size), ImageBind's mean and deviation. */
void picture_bytes_to_values(const uint8_t *rgb, int64_t image_size, float *out);

#endif
