/*
 * media/channel_mixer.h - many channels of sound to one, also when they are in opposite phase.
 *
 * The mix is a weighted sum.  While the channels cancel each other in it, wholly or partly, the loudest channel is taken
 * alone instead, except when a centre channel is active, which the mix contains anyway.  The decision is based on about
 * the last second.
 */
#ifndef SMAC_MEDIA_CHANNEL_MIXER_H
#define SMAC_MEDIA_CHANNEL_MIXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MIXER_CHANNELS_MAX = 64, MIXER_WATCHED_MAX = 8 /* with more channels cancellation is not detected */ };

typedef struct channel_mixer {
    int channels, centre;                               /* index of the centre channel; -1: none */
    float weights[MIXER_CHANNELS_MAX];                  /* their sum is at most 1 */
    double power[MIXER_WATCHED_MAX][MIXER_WATCHED_MAX]; /* recent sums of the products of two channels */
    int alone;                                          /* the channel taken alone; -1: the mix */
    int64_t samples_alone, samples_heard;               /* not counting silence */
    int first_alone;                                    /* the first channel taken alone; -1: none */
} channel_mixer;

/* Begin with a layout, also in the middle of a file; the counts continue. */
void channel_mixer_set(channel_mixer *m, int channels, int centre, const double *weights);
/* planes: one array of count samples for each channel. */
void channel_mixer_run(channel_mixer *m, const float *const *planes, size_t count, double rate, float *out);

#endif
