/* pipeline/clip_mel.h - a window of sound as the audio encoder reads it. */
#ifndef SMAC_PIPELINE_CLIP_MEL_H
#define SMAC_PIPELINE_CLIP_MEL_H

#include "pipeline/sample.h"

/* count mono samples at 16 kHz -> out (mel_bins, mel_frames): ImageBind's or Whisper's log-mel, normalised. */
int64_t clip_mel_frames(size_t count); /* of a window of several clips (side_by_side): its own length */
smac_status clip_mel(const preparation *p, const float *samples, size_t count, float *out, smac_error *error);

#endif
