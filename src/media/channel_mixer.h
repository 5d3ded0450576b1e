/*
 * media/channel_mixer.h - many channels of sound to one, without losing what stands in opposite phase.
 *
 * The mix is a weighted sum.  Where the channels cancel each other in it (the same voice in opposite phase, whole or in
 * part), the loudest channel is taken alone instead; unless a centre channel speaks, which the mix holds anyway.  That is
 * judged over about the last second.
 */
#ifndef SMAC_MEDIA_CHANNEL_MIXER_H
#define SMAC_MEDIA_CHANNEL_MIXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MIXER_CHANNELS_MAX = 64, MIXER_WATCHED_MAX = 8 /* with more the mix is not judged */ };

typedef struct channel_mixer {
    int channels, centre;                               /* the number of the centre channel; -1: none */
    float weights[MIXER_CHANNELS_MAX];                  /* add up to 1 at most */
    double power[MIXER_WATCHED_MAX][MIXER_WATCHED_MAX]; /* recent sums of products of two channels */
    int alone;                                          /* the channel taken alone; -1: the mix */
    int64_t samples_alone, samples_heard;               /* of sound that is not silent */
    int first_alone;                                    /* the first channel that was taken alone; -1: none */
} channel_mixer;

/* A layout may change: the counts go on, the rest begins again. */
void channel_mixer_set(channel_mixer *m, int channels, int centre, const double *weights);
/* planes: one array of count samples for each channel. */
void channel_mixer_run(channel_mixer *m, const float *const *planes, size_t count, double rate, float *out);

#endif
