/* pipeline/clip_mel.c - filter banks of a window of sound. */
#include "pipeline/clip_mel.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/mel.h"

enum { SOUND_FRAME = 400, VECTOR_SAMPLES = 2 * WHISPER_HOP, SHORTEST_FRAMES = 4 };

int64_t clip_mel_frames(size_t count)
{
    int64_t frames = 2 * (int64_t)((count + VECTOR_SAMPLES - 1) / VECTOR_SAMPLES);
    return frames > SHORTEST_FRAMES ? frames : SHORTEST_FRAMES;
}

/* Whisper's log-mel of the window's own length, padded to the longest. */
static smac_status window_mel(const preparation *p, const float *samples, size_t count, float *out, smac_error *error)
{
    int64_t bins = p->configuration->audio.mel_bins, columns = p->configuration->audio.frames;
    int64_t frames = clip_mel_frames(count);
    if (frames > columns)
        return FAIL(error, SMAC_ERROR_INTERNAL, "a window of %zu samples is longer than %lld frames", count,
            (long long)columns);
    TRY(whisper_log_mel(p->mel, samples, count, (size_t)frames * WHISPER_HOP, out, error));
    for (int64_t b = bins - 1; b >= 0; b--) { /* from the last row on: they move apart */
        memmove(out + b * columns, out + b * frames, (size_t)frames * sizeof *out);
        memset(out + b * columns + frames, 0, (size_t)(columns - frames) * sizeof *out);
    }
    return SMAC_OK;
}

/* As imagebind_mel, at any number of bins and columns: minus the mean, filter bank, padded with 0, normalised. */
smac_status clip_mel(const preparation *p, const float *samples, size_t count, float *out, smac_error *error)
{
    const configuration *c = p->configuration;
    int64_t bins = c->audio.mel_bins, columns = c->audio.frames;
    if (p->side_by_side)
        return window_mel(p, samples, count, out, error);
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
