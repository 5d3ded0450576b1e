/* media/libav_sound.c - resampling to 16 kHz mono, and synchronising sound to its time stamps. */
#include "media/libav_sound.h"

#include <libavutil/channel_layout.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define SILENCE_PIECE 16000

static const double HARD = 0.1;       /* seconds: a larger difference is a gap or an overlap */
static const double SOFT = 0.03;      /* a larger lasting difference is corrected by stretching */
static const double STRAIGHT = 0.003; /* until it is this small; containers round by less */
static const double STRETCH_MAX = 1000.0 / MEDIA_SAMPLE_RATE; /* seconds a second */

void sound_converter_init(sound_converter *s, double start, double end)
{
    *s = (sound_converter){.start = start};
    double length = (end - start) * MEDIA_SAMPLE_RATE;
    s->limit = length < 9e18 ? llround(length) : INT64_MAX;
}

void sound_converter_free(sound_converter *s)
{
    swr_free(&s->context);
    av_channel_layout_uninit(&s->layout);
    free(s->planes);
    free(s->buffer);
    *s = (sound_converter){0};
}

/* --- the resampler ------------------------------------------------------------------------------------------------- */

/*
 * The weights add up to 1 (stereo: the mean), so that the mix never clips; the low-frequency channel is left out.
 * Channels without a standard layout: their mean.
 */
static void set_mixer(channel_mixer *mixer, const AVChannelLayout *layout)
{
    double weights[MIXER_CHANNELS_MAX * MIXER_CHANNELS_MAX] = {
        0}; /* only the first row is used, but libav writes more */
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
    int channels = layout->nb_channels, centre = -1;
    bool is_native = layout->order == AV_CHANNEL_ORDER_NATIVE;
    if (is_native && channels > 1)
        centre = av_channel_layout_index_from_channel(layout, AV_CHAN_FRONT_CENTER);
    bool is_known = is_native &&
        swr_build_matrix2(layout, &mono, sqrt(0.5), sqrt(0.5), 0, 1.0, 1.0, weights, MIXER_CHANNELS_MAX,
            AV_MATRIX_ENCODING_NONE, NULL) >= 0;
    double sum = 0;
    for (int i = 0; i < channels; i++)
        sum += is_known ? weights[i] : 0;
    for (int i = 0; i < channels && !(sum > 0); i++)
        weights[i] = 1.0 / channels;
    channel_mixer_set(mixer, channels, centre, weights);
}

static smac_status converter_configure(sound_converter *s, const AVFrame *frame, smac_error *error)
{
    int channels = frame->ch_layout.nb_channels;
    if (frame->sample_rate < 1000 || frame->sample_rate > 768000 || channels < 1 || channels > MIXER_CHANNELS_MAX)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "found %d channels at %d samples a second, expected 1 to 64 at "
            "1000 to 768000: convert it, for example with ffmpeg",
            channels, frame->sample_rate);
    swr_free(&s->context);
    av_channel_layout_uninit(&s->layout);
    if (av_channel_layout_copy(&s->layout, &frame->ch_layout) < 0)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for resampling");
    s->format = frame->format;
    s->rate = frame->sample_rate;
    AVChannelLayout in = {0};
    if (frame->ch_layout.order == AV_CHANNEL_ORDER_NATIVE)
        av_channel_layout_copy(&in, &frame->ch_layout);
    else
        av_channel_layout_default(&in, channels);
    int code =
        swr_alloc_set_opts2(&s->context, &in, AV_SAMPLE_FMT_FLTP, MEDIA_SAMPLE_RATE, &in, s->format, s->rate, 0, NULL);
    if (code >= 0)
        code = swr_init(s->context);
    set_mixer(&s->mixer, &in);
    av_channel_layout_uninit(&in);
    if (code < 0)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%d channels at %d samples a second cannot be resampled: convert it, for example with ffmpeg", channels,
            frame->sample_rate);
    return SMAC_OK;
}

/* Resample and mix a frame (NULL: flush) to the end of the buffer. */
static smac_status converter_run(sound_converter *s, const AVFrame *frame, smac_error *error)
{
    int room = swr_get_out_samples(s->context, frame ? frame->nb_samples : 0);
    room = (room < 0 ? 0 : room) + 64;
    size_t channels = (size_t)s->mixer.channels;
    if (!memory_grow((void **)&s->planes, &s->plane_bytes, channels * (size_t)room, sizeof *s->planes) ||
        !memory_grow((void **)&s->buffer, &s->capacity, s->held + (size_t)room, sizeof *s->buffer))
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for resampling");
    uint8_t *targets[MIXER_CHANNELS_MAX];
    const float *planes[MIXER_CHANNELS_MAX];
    for (size_t c = 0; c < channels; c++) {
        planes[c] = s->planes + c * (size_t)room;
        targets[c] = (uint8_t *)(s->planes + c * (size_t)room);
    }
    int got = swr_convert(s->context, targets, room, frame ? (const uint8_t **)frame->extended_data : NULL,
        frame ? frame->nb_samples : 0);
    if (got < 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "sound could not be resampled: convert it, for example with ffmpeg");
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < (size_t)got; i++)
            if (!isfinite(planes[c][i]))
                s->planes[c * (size_t)room + i] = 0;
    channel_mixer_run(&s->mixer, planes, (size_t)got, MEDIA_SAMPLE_RATE, s->buffer + s->held);
    s->held += (size_t)got;
    return SMAC_OK;
}

/* --- synchronising ------------------------------------------------------------------------------------------------- */

static void converter_begin(sound_converter *s, double time)
{
    int64_t samples = isnan(time) ? 0 : llround((time - s->start) * MEDIA_SAMPLE_RATE);
    s->begun = true;
    s->silence = samples > 0 ? samples : 0;
    s->skip = samples < 0 ? -samples : 0;
}

/* The output position of the next input sample. */
static double next_place(const sound_converter *s)
{
    int64_t precise = 1000; /* the delay is an integer */
    double delay = (double)swr_get_delay(s->context, MEDIA_SAMPLE_RATE * precise) / (double)precise;
    return (double)(s->position + s->silence - s->skip + (int64_t)s->held) + delay;
}

static void converter_fill_gap(sound_converter *s, double at, double gap)
{
    int64_t samples = llround(gap * MEDIA_SAMPLE_RATE), dropped = samples < s->skip ? samples : s->skip;
    s->skip -= dropped;
    s->silence += samples - dropped;
    if (s->gaps++ == 0)
        s->first_gap = at;
    s->gap_seconds += gap;
}

static void converter_drop_overlap(sound_converter *s, double at, double overlap)
{
    int64_t samples = llround(overlap * MEDIA_SAMPLE_RATE), kept = samples < s->silence ? samples : s->silence;
    s->silence -= kept;
    s->skip += samples - kept;
    if (s->overlaps++ == 0)
        s->first_overlap = at;
    s->overlap_seconds += overlap;
}

static void converter_stretch(sound_converter *s, double length)
{
    double change = fmin(fmax(s->drift, -STRETCH_MAX), STRETCH_MAX); /* within a second */
    if (!s->is_stretching && fabs(s->drift) < SOFT)
        return;
    s->is_stretching = fabs(s->drift) > STRAIGHT;
    int samples = s->is_stretching ? (int)lround(change * MEDIA_SAMPLE_RATE) : 0;
    if (swr_set_compensation(s->context, samples, MEDIA_SAMPLE_RATE) >= 0)
        s->stretched += (double)samples / MEDIA_SAMPLE_RATE * length;
}

/* Compare the frame's time with the position of its samples. */
static void converter_follow(sound_converter *s, const AVFrame *frame, double time)
{
    if (!s->begun) {
        converter_begin(s, time);
        return;
    }
    if (isnan(time))
        return;
    double length = (double)frame->nb_samples / frame->sample_rate;
    double ahead = time - s->start - next_place(s) / MEDIA_SAMPLE_RATE;
    if (fabs(ahead) >= HARD) {
        if (ahead > 0)
            converter_fill_gap(s, time - ahead, ahead);
        else
            converter_drop_overlap(s, time, -ahead);
        s->drift = 0;
        return;
    }
    s->drift += (ahead - s->drift) * fmin(1.0, length);
    converter_stretch(s, length);
}

smac_status sound_converter_feed(sound_converter *s, const AVFrame *frame, double time, smac_error *error)
{
    if (frame->nb_samples <= 0)
        return SMAC_OK;
    bool same = s->context && s->format == frame->format && s->rate == frame->sample_rate &&
        av_channel_layout_compare(&s->layout, &frame->ch_layout) == 0;
    if (!same) {
        if (s->context)
            TRY(converter_run(s, NULL, error));
        TRY(converter_configure(s, frame, error));
    }
    converter_follow(s, frame, time);
    return converter_run(s, frame, error);
}

smac_status sound_converter_finish(sound_converter *s, smac_error *error)
{
    if (s->finished || !s->context)
        return SMAC_OK;
    s->finished = true;
    return converter_run(s, NULL, error);
}

/* --- output -------------------------------------------------------------------------------------------------------- */

bool sound_converter_next(sound_converter *s, sound_piece *out)
{
    static const float nothing[SILENCE_PIECE];
    if (s->position >= s->limit)
        return false;
    if (s->skip > 0) {
        size_t drop = (int64_t)s->held < s->skip ? s->held : (size_t)s->skip;
        s->skip -= (int64_t)drop;
        s->held -= drop;
        memmove(s->buffer, s->buffer + drop, s->held * sizeof *s->buffer);
    }
    if (s->held == 0)
        return false; /* silence is returned only when sound follows */
    int64_t left = s->limit - s->position;
    int64_t take = s->silence > 0 ? (s->silence < SILENCE_PIECE ? s->silence : SILENCE_PIECE) : (int64_t)s->held;
    take = take < left ? take : left;
    *out = (sound_piece){.count = (size_t)take, .first = s->position, .is_hole = s->silence > 0};
    if (s->silence > 0) {
        out->samples = nothing;
        s->silence -= take;
    } else {
        out->samples = s->buffer;
        s->held = 0; /* the samples stay valid until the next feed */
    }
    s->position += take;
    return true;
}

bool sound_converter_complete(const sound_converter *s)
{
    return s->position >= s->limit;
}

bool sound_converter_has_sound(const sound_converter *s)
{
    return s->position > 0;
}

double sound_converter_seconds(const sound_converter *s)
{
    return (double)s->position / MEDIA_SAMPLE_RATE;
}
