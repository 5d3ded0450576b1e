/*
 * media/mel.h - filter banks: Kaldi's as ImageBind uses it, and Whisper's log-mel.
 *
 * Both take mono float samples at 16 kHz.  All sums are in double, the results in float32.
 */
#ifndef SMAC_MEDIA_MEL_H
#define SMAC_MEDIA_MEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define IMAGEBIND_MEL_BINS 128
#define IMAGEBIND_MEL_FRAMES 204
#define WHISPER_WINDOW_SAMPLES 480000 /* 30 s */
#define WHISPER_HOP 160
#define WHISPER_WINDOW_FRAMES 3000

typedef struct mel_filter_bank mel_filter_bank; /* tables for one setting; const use by many threads is safe */

/*
 * Kaldi filter bank (kaldi_native: feature-fbank.cc, as torchaudio.compliance.kaldi.fbank with htk_compat=True,
 * use_energy=False, window "hanning", dither 0): frames of 400 samples every 160, snip edges, DC removed a frame,
 * pre-emphasis 0.97 with the left edge repeated, 512-point power spectrum, bins triangles from 20 Hz to 8000 Hz on
 * 1127 ln(1 + f/700), ln(max(x, 2^-23)).
 */
smac_status mel_filter_bank_new_kaldi(int bins, mel_filter_bank **out, smac_error *error);
/* Whisper's: bins (80 or 128) of Slaney's scale from 0 to 8000 Hz, area normalised, over a 400-point spectrum. */
smac_status mel_filter_bank_new_whisper(int bins, mel_filter_bank **out, smac_error *error);
void mel_filter_bank_free(mel_filter_bank *bank);

/* Frames that count samples give with snipped edges: 0 under 400. */
int64_t kaldi_frame_count(size_t count);
/* out (frames, bins), the samples as they are (no mean removed). */
smac_status kaldi_filter_bank(
    const mel_filter_bank *bank, const float *samples, size_t count, float *out, smac_error *error);

/*
 * ImageBind's sound picture of up to 2 s: minus the mean, Kaldi filter bank of 128 bins, transposed, padded with 0 or
 * cut to 204 frames, (x + 4.268) / 9.138.  out (128, 204).  Fewer than 400 samples are padded with
 * zeros to 400, which makes one frame.
 */
smac_status imagebind_mel(
    const mel_filter_bank *bank, const float *samples, size_t count, float *out, smac_error *error);

/*
 * Whisper's log-mel as transformers' WhisperFeatureExtractor: samples padded with zeros (or cut) to padded samples (a
 * multiple of 160; 30 s: WHISPER_WINDOW_SAMPLES), reflected by 200 at both ends, periodic Hann window of 400, hop 160,
 * last frame dropped, power, mel, log10(max(x, 1e-10)), at least (maximum - 8), (x + 4) / 4.
 * out (bins, padded / 160).
 */
smac_status whisper_log_mel(
    const mel_filter_bank *bank, const float *samples, size_t count, size_t padded, float *out, smac_error *error);
/*
 * The same before the maximum is known, for streams: frame i is that of samples[160 i .. 160 i + 400); out (frames,
 * bins), TIME FIRST, log10(max(x, 1e-10)).
 */
smac_status whisper_mel_frames(
    const mel_filter_bank *bank, const float *samples, int64_t frames, float *out, smac_error *error);

#endif
