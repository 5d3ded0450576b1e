/* media/libav_pcm.c - uncompressed sound through the converter of decoded sound. */
#include "media/pcm.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "media/libav_sound.h"

struct pcm_converter {
    sound_converter converter;
    AVFrame *frame;
};

pcm_converter *pcm_converter_new(void)
{
    pcm_converter *c = memory_new(1, sizeof *c);
    if (c && !(c->frame = av_frame_alloc())) {
        free(c);
        return NULL;
    }
    if (c)
        sound_converter_init(&c->converter, 0, INFINITY);
    return c;
}

void pcm_converter_free(pcm_converter *c)
{
    if (!c)
        return;
    sound_converter_free(&c->converter);
    av_frame_free(&c->frame);
    free(c);
}

smac_status pcm_converter_feed(pcm_converter *c, const pcm_block *block, double time, smac_error *error)
{
    AVFrame *f = c->frame;
    if (block->frames > INT_MAX / 2)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%zu samples at once; give at most a few seconds", block->frames);
    if (block->channels < 1 || block->channels > MIXER_CHANNELS_MAX)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "sound of %d channels; expected 1 to %d", block->channels,
            (int)MIXER_CHANNELS_MAX);
    av_channel_layout_uninit(&f->ch_layout);
    av_channel_layout_default(&f->ch_layout, block->channels);
    f->format = block->is_int16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_FLT;
    f->sample_rate = block->rate;
    f->nb_samples = (int)block->frames;
    f->data[0] = (uint8_t *)(uintptr_t)block->samples; /* only read, and only during this call */
    f->extended_data = f->data;
    smac_status status = sound_converter_feed(&c->converter, f, time, error);
    f->data[0] = NULL;
    return status;
}

smac_status pcm_converter_finish(pcm_converter *c, smac_error *error)
{
    return sound_converter_finish(&c->converter, error);
}

bool pcm_converter_next(pcm_converter *c, const float **samples, size_t *count, bool *hole)
{
    sound_piece piece;
    if (!sound_converter_next(&c->converter, &piece))
        return false;
    *samples = piece.samples;
    *count = piece.count;
    *hole = piece.is_hole;
    return true;
}
