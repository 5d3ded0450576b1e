/*
 * speech/features.h - a stream of samples as log-mel frames, 100 a second, of which only the last ones are held.
 *
 * As faster-whisper has it: 160 zeros after the sound, reflected by 200 at both ends, and a window is filled up with
 * zeros after scaling.  The floor of 8 below the maximum follows the loudest value read so far; frames are
 * read two minutes ahead, so for a file of up to that length it is the file's maximum.
 */
#ifndef SMAC_SPEECH_FEATURES_H
#define SMAC_SPEECH_FEATURES_H

#include <stdbool.h>

#include "media/mel.h"

typedef struct speech_features {
    mel_filter_bank *bank;
    int bins;
    float *samples; /* padded sound from position base on; position 0 is 200 samples before the sound */
    size_t held, capacity;
    int64_t base, total; /* total: samples of sound fed */
    bool begun, finished;
    float *mel, *power; /* (frames, bins) before the floor; (frames) mean square of the 160 samples of a frame */
    size_t mel_capacity, power_capacity;
    int64_t first, frames; /* number of the first frame held; frames held */
    float maximum;
} speech_features;

smac_status features_begin(speech_features *f, int bins, smac_error *error);
void features_clear(speech_features *f);
smac_status features_feed(speech_features *f, const float *samples, size_t count, smac_error *error);
smac_status features_finish(speech_features *f, smac_error *error);
int64_t features_ready(const speech_features *f);  /* number of the last frame read, plus 1 */
int64_t features_length(const speech_features *f); /* frames of sound; known when finished, else INT64_MAX */
/* Frames [from, from + count) scaled into out (whole, bins), zeros after them. */
void features_window(const speech_features *f, int64_t from, int64_t count, int64_t whole, float *out);
/* The loudest tenth of a second in frames [from, to): root mean square. */
double features_loudness(const speech_features *f, int64_t from, int64_t to);
void features_forget(speech_features *f, int64_t before); /* frames before that one */

#endif
