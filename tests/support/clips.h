/* tests/support/clips.h - pictures and sound from memory through the clip encoder, as a sample. */
#ifndef SMAC_TESTS_SUPPORT_CLIPS_H
#define SMAC_TESTS_SUPPORT_CLIPS_H

#include "pipeline/clip_encoder.h"

static inline smac_status clips_collect(
    clip_encoder *e, const configuration *c, clip_tensors tensors[MODALITIES], smac_error *error)
{
    clip one;
    while (clip_encoder_next(e, &one)) {
        const void *tensor = one.mel ? (const void *)one.mel : one.frames ? (const void *)one.frames : one.pictures;
        if (!clip_tensors_add(&tensors[one.modality], tensor, sample_clip_bytes(c, one.modality)) ||
            !clip_tensors_add_parts(&tensors[one.modality], one.parts, one.part_count))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory");
    }
    return SMAC_OK;
}

/* rgb: frames squares of the model's size, on show one after another for 1 / frames_per_second each; samples: 16 kHz.
 * Either may be NULL.  Adds to x. */
static inline smac_status clips_to_sample(const preparation *p, const uint8_t *rgb, int64_t frames,
    const float *samples, size_t count, sample *x, smac_error *error)
{
    const configuration *c = p->configuration;
    clip_encoder_options options = {.preparation = p, .keep_blank = true};
    clip_tensors tensors[MODALITIES] = {{0}};
    clip_encoder *e;
    int size = (int)c->vision.image_size;
    TRY(clip_encoder_new(&options, &e, error));
    smac_status status = SMAC_OK;
    for (int64_t i = 0; rgb && i < frames && status == SMAC_OK; i++) {
        picture shown = {.rgb = rgb + i * size * size * 3, .width = size, .height = size, .stride = (size_t)size * 3};
        picture_span span = {
            (double)i / c->media.frames_per_second, (double)(i + 1) / c->media.frames_per_second, i + 1 == frames};
        status = clip_encoder_feed_picture(e, &shown, &span, error);
        if (status == SMAC_OK)
            status = clips_collect(e, c, tensors, error);
    }
    if (samples && status == SMAC_OK)
        status = clip_encoder_feed_sound(e, samples, count, error);
    if (status == SMAC_OK)
        status = clip_encoder_finish(e, error);
    if (status == SMAC_OK)
        status = clips_collect(e, c, tensors, error);
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
        if (status == SMAC_OK && tensors[m].count > 0)
            sample_give_clips(x, c, m, &tensors[m]);
        clip_tensors_clear(&tensors[m]);
    }
    clip_encoder_free(e);
    return status;
}

#endif
