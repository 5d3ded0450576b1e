/*
 * pipeline/batch.h - several samples side by side for the model: ready vectors padded with zeros and masks, raw forms
 * packed without padding (each clip, window and sentence once), and the targets.  Results for a sample do not depend on
 * how much padding or which other samples are in its batch.
 */
#ifndef SMAC_PIPELINE_BATCH_H
#define SMAC_PIPELINE_BATCH_H

#include "pipeline/sample.h"

typedef struct batch_modality {
    uint8_t *present;        /* (B): 1 where the sample has it */
    bool any;                /* at least one has it */
    bool raw;                /* the raw form below is filled, not ready */
    int64_t steps, crops;    /* padded length S and crops C of (B, S, C, width); at least 1 */
    int64_t width;           /* of ready vectors */
    float *ready;            /* (B, S, C, width) or NULL */
    uint8_t *mask;           /* (B, S): 1 for a step that counts */
    int32_t *place;          /* (B, S, C): row of the packed raw form, -1 for padding; NULL when ready */
    int64_t rows;            /* packed rows: clips x crops, windows; sentences for text */
} batch_modality;

typedef struct batch {
    int64_t size; /* B */
    batch_modality part[SAMPLE_MODALITIES];
    int32_t *ids, *types;         /* (B, steps) token ids, padded with pad_id; NULL when text is ready */
    uint8_t *pixels;              /* (rows, 2, image_size, image_size, 3) or NULL */
    int64_t image_size;
    float *mel;                   /* (rows, mel_bins, mel_frames) or NULL */
    int64_t mel_bins, mel_frames;
    void *memory;                 /* arena that holds all of it */
} batch;

/*
 * Put samples[0..count) together.  drop, when not NULL, is (count, 3): 1 takes a modality away (modality dropout).
 * A modality that is ready in one sample and raw in another is an error (SMAC_ERROR_MISMATCH), as are differing widths,
 * crops, picture or mel sizes.  Free with batch_clear.
 */
smac_status batch_make(const sample *const *samples, int64_t count, const uint8_t *drop, int32_t pad_id, batch *out,
    smac_error *error);
void batch_clear(batch *b);

#endif
