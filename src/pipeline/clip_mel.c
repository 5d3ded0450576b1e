/* pipeline/clip_mel.c - filter banks of a window of sound. */
#include "pipeline/clip_mel.h"

#include <stdlib.h>

#include "base/memory.h"
#include "media/mel.h"

enum { SOUND_FRAME = 400 };

/* As imagebind_mel, at any number of bins and columns: minus the mean, filter bank, padded with 0, normalised. */
smac_status clip_mel(const preparation *p, const float *samples, size_t count, float *out, smac_error *error)
{
    const configuration *c = p->configuration;
    int64_t bins = c->audio.mel_bins, columns = c->audio.frames;
    if (p->whisper)
        return whisper_log_mel(p->mel, samples, count, (size_t)columns * WHISPER_HOP, out, error);
    if (bins == IMAGEBIND_MEL_BINS && columns == IMAGEBIND_MEL_FRAMES)
        return imagebind_mel(p->mel, samples, count, out, error);
    size_t padded = count < SOUND_FRAME ? SOUND_FRAME : count;
    int64_t frames = kaldi_frame_count(padded);
    float *centred = memory_new(padded, sizeof *centred), *bank = memory_new((size_t)(frames * bins), sizeof *bank);
    smac_status status = SMAC_OK;
    if (!centred || !bank) {
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a window of sound");
    } else {
        double mean = 0;
        for (size_t i = 0; i < count; i++)
            mean += samples[i];
        mean = count ? mean / (double)count : 0;
        for (size_t i = 0; i < count; i++)
            centred[i] = samples[i] - (float)mean;
        status = kaldi_filter_bank(p->mel, centred, padded, bank, error);
    }
    for (int64_t b = 0; status == SMAC_OK && b < bins; b++)
        for (int64_t f = 0; f < columns; f++)
            out[b * columns + f] = ((f < frames ? bank[f * bins + b] : 0) + 4.268f) / 9.138f;
    free(centred);
    free(bank);
    return status;
}
