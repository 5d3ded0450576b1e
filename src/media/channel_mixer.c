/* media/channel_mixer.c - mixing to mono, watching for cancellation. */
#include "media/channel_mixer.h"

#include <math.h>
#include <string.h>

static const double MEMORY_SECONDS = 1.0;
static const double SILENCE = 1e-9; /* mean square (-90 dB), below which a block is ignored */
/* Power of the mix / power of the loudest channel in it: 4 for two equal channels, 1 for one, 0 in opposite phase. */
static const double CANCELS_BELOW = 0.4, SOUND_ABOVE = 0.6;
static const double CENTRE_SPEAKS = 0.01; /* of the loudest channel's power */
static const double FADED = 0.01;         /* likewise: then another channel is taken */
enum { FADE = 160 };                      /* samples of a cross-fade */

void channel_mixer_set(channel_mixer *m, int channels, int centre, const double *weights)
{
    if (m->samples_heard == 0)
        m->first_alone = -1;
    m->channels = channels;
    m->centre = centre;
    m->alone = -1;
    memset(m->power, 0, sizeof m->power);
    for (int i = 0; i < channels; i++)
        m->weights[i] = (float)weights[i];
}

static double weighted_power(const channel_mixer *m, int channel)
{
    return (double)m->weights[channel] * (double)m->weights[channel] * m->power[channel][channel];
}

/* Add a block to the recent sums; false: the block is silent. */
static bool mixer_measure(channel_mixer *m, const float *const *planes, size_t count, double rate)
{
    double sums[MIXER_WATCHED_MAX][MIXER_WATCHED_MAX] = {{0}}, loudest = 0;
    for (int a = 0; a < m->channels; a++)
        for (int b = a; b < m->channels; b++) {
            double sum = 0;
            for (size_t i = 0; i < count; i++)
                sum += (double)planes[a][i] * (double)planes[b][i];
            sums[a][b] = sum;
            loudest = a == b ? fmax(loudest, sum) : loudest;
        }
    if (loudest < SILENCE * (double)count)
        return false;
    double keep = exp(-(double)count / (rate * MEMORY_SECONDS));
    for (int a = 0; a < m->channels; a++)
        for (int b = a; b < m->channels; b++)
            m->power[a][b] = keep * m->power[a][b] + sums[a][b];
    return true;
}

static int mixer_choose(const channel_mixer *m)
{
    int loudest = 0;
    for (int i = 1; i < m->channels; i++)
        if (weighted_power(m, i) > weighted_power(m, loudest))
            loudest = i;
    double mix = 0, most = weighted_power(m, loudest);
    for (int a = 0; a < m->channels; a++)
        for (int b = a; b < m->channels; b++)
            mix += (a == b ? 1 : 2) * (double)m->weights[a] * (double)m->weights[b] * m->power[a][b];
    if (most <= 0 || (m->centre >= 0 && weighted_power(m, m->centre) > CENTRE_SPEAKS * most))
        return -1;
    if (mix >= (m->alone < 0 ? CANCELS_BELOW : SOUND_ABOVE) * most)
        return -1;
    bool is_good = m->alone >= 0 && weighted_power(m, m->alone) > FADED * most;
    return is_good ? m->alone : loudest;
}

static float mixed_sample(const channel_mixer *m, int alone, const float *const *planes, size_t i)
{
    if (alone >= 0)
        return planes[alone][i];
    float sum = 0;
    for (int c = 0; c < m->channels; c++)
        sum += m->weights[c] * planes[c][i];
    return sum;
}

void channel_mixer_run(channel_mixer *m, const float *const *planes, size_t count, double rate, float *out)
{
    if (m->channels == 1) {
        memcpy(out, planes[0], count * sizeof *out);
        return;
    }
    int before = m->alone;
    bool first = m->samples_heard == 0;
    if (m->channels <= MIXER_WATCHED_MAX && mixer_measure(m, planes, count, rate)) {
        m->alone = mixer_choose(m);
        m->samples_heard += (int64_t)count;
        m->samples_alone += m->alone >= 0 ? (int64_t)count : 0;
        if (m->first_alone < 0)
            m->first_alone = m->alone;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = mixed_sample(m, m->alone, planes, i);
    for (size_t i = 0; m->alone != before && !first && i < count && i < FADE; i++) {
        float share = (float)i / FADE;
        out[i] = share * out[i] + (1 - share) * mixed_sample(m, before, planes, i);
    }
}
