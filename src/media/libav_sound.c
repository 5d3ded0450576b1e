/* media/libav_sound.c - resampling to 16 kHz mono, and keeping sound in step with its timestamps. */
#include "media/libav_sound.h"

#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define SILENCE_PIECE 16000
#define GAP_SECONDS 0.1  /* smaller differences are rounding of the container */
#define TRUSTED_GAP 60.0 /* where the container states no length; else a gap must lie within it */

void sound_converter_init(sound_converter *s, double start, double end, double duration)
{
    *s = (sound_converter){.start = start, .end = end, .duration = duration};
    double length = (end - start) * MEDIA_SAMPLE_RATE;
    s->limit = length < 9e18 ? llround(length) : INT64_MAX;
}

void sound_converter_free(sound_converter *s)
{
    swr_free(&s->context);
    av_channel_layout_uninit(&s->layout);
    free(s->buffer);
    *s = (sound_converter){0};
}

/* The mean of all channels, for counts of channels that have no standard layout. */
static int set_mean(struct SwrContext *context, int channels)
{
    double matrix[64];
    for (int i = 0; i < channels; i++)
        matrix[i] = 1.0 / channels;
    return swr_set_matrix(context, matrix, channels);
}

static smac_status configure(sound_converter *s, const AVFrame *frame, smac_error *error)
{
    int channels = frame->ch_layout.nb_channels;
    if (frame->sample_rate < 1000 || frame->sample_rate > 768000 || channels < 1 || channels > 64)
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
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO, in = {0};
    bool standard = frame->ch_layout.order == AV_CHANNEL_ORDER_NATIVE;
    if (standard)
        av_channel_layout_copy(&in, &frame->ch_layout);
    else
        av_channel_layout_default(&in, channels);
    bool mean = in.order != AV_CHANNEL_ORDER_NATIVE;
    int code =
        swr_alloc_set_opts2(&s->context, &mono, AV_SAMPLE_FMT_FLT, MEDIA_SAMPLE_RATE, &in, s->format, s->rate, 0, NULL);
    /* The coefficients of the mix add up to 1 (stereo: the mean), so that mixing never clips. */
    if (code >= 0)
        code = av_opt_set_double(s->context, "rematrix_maxval", 1.0, 0);
    if (code >= 0 && mean)
        code = set_mean(s->context, channels);
    if (code >= 0)
        code = swr_init(s->context);
    av_channel_layout_uninit(&in);
    if (code < 0)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%d channels at %d samples a second cannot be resampled: convert it, for example with ffmpeg", channels,
            frame->sample_rate);
    return SMAC_OK;
}

/* Convert input (NULL: what is held back) behind what waits in the buffer. */
static smac_status convert(sound_converter *s, const AVFrame *frame, smac_error *error)
{
    int room = swr_get_out_samples(s->context, frame ? frame->nb_samples : 0);
    if (room < 0)
        room = 0;
    room += 64;
    if (!memory_grow((void **)&s->buffer, &s->capacity, s->held + (size_t)room, sizeof *s->buffer))
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for resampling");
    uint8_t *target = (uint8_t *)(s->buffer + s->held);
    int got = swr_convert(s->context, &target, room, frame ? (const uint8_t **)frame->extended_data : NULL,
        frame ? frame->nb_samples : 0);
    if (got < 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "sound could not be resampled: convert it, for example with ffmpeg");
    for (int i = 0; i < got; i++) {
        float *value = &s->buffer[s->held + (size_t)i];
        if (!isfinite(*value))
            *value = 0;
    }
    s->held += (size_t)got;
    return SMAC_OK;
}

/* Compare the frame's timestamp with where its samples would go, and repair. */
static void follow_time(sound_converter *s, double time, const char **warning)
{
    if (!s->begun) {
        s->begun = true;
        s->input_time = isnan(time) ? s->start : time;
        double ahead = s->input_time - s->start;
        bool absurd = fabs(ahead) > TRUSTED_GAP && s->input_time > s->duration + 1;
        if (absurd) {
            *warning = "the timestamps of the sound are beyond the end of the file and not trusted";
            s->offset = -ahead;
            s->input_time = s->start;
            ahead = 0;
        }
        int64_t samples = llround(ahead * MEDIA_SAMPLE_RATE);
        s->silence = samples > 0 ? samples : 0;
        s->skip = samples < 0 ? -samples : 0;
        return;
    }
    if (isnan(time))
        return;
    double gap = time + s->offset - s->input_time;
    if (fabs(gap) < GAP_SECONDS)
        return;
    bool beyond = s->duration > 0 ? time + s->offset > s->duration + 1 : gap > TRUSTED_GAP;
    if (gap < 0 || beyond) {
        *warning = "the timestamps of the sound jump; it is taken as going on";
        s->offset -= gap;
        return;
    }
    *warning = "the sound has a gap, which was filled with silence";
    int64_t samples = llround(gap * MEDIA_SAMPLE_RATE), dropped = samples < s->skip ? samples : s->skip;
    s->skip -= dropped;
    s->silence += samples - dropped;
    s->input_time += gap;
}

smac_status sound_converter_feed(
    sound_converter *s, const AVFrame *frame, double time, const char **warning, smac_error *error)
{
    if (frame->nb_samples <= 0)
        return SMAC_OK;
    bool same = s->context && s->format == frame->format && s->rate == frame->sample_rate &&
        av_channel_layout_compare(&s->layout, &frame->ch_layout) == 0;
    if (!same) {
        if (s->context)
            TRY(convert(s, NULL, error));
        TRY(configure(s, frame, error));
    }
    follow_time(s, time, warning);
    s->input_time += (double)frame->nb_samples / frame->sample_rate;
    return convert(s, frame, error);
}

smac_status sound_converter_finish(sound_converter *s, smac_error *error)
{
    if (s->finished || !s->context)
        return SMAC_OK;
    s->finished = true;
    return convert(s, NULL, error);
}

bool sound_converter_next(sound_converter *s, const float **samples, size_t *count, int64_t *first)
{
    static const float nothing[SILENCE_PIECE];
    if (s->position >= s->limit)
        return false;
    int64_t left = s->limit - s->position, take;
    *first = s->position;
    if (s->skip > 0) {
        size_t drop = (int64_t)s->held < s->skip ? s->held : (size_t)s->skip;
        s->skip -= (int64_t)drop;
        s->held -= drop;
        memmove(s->buffer, s->buffer + drop, s->held * sizeof *s->buffer);
    }
    if (s->held == 0)
        return false; /* silence comes when there is sound behind it */
    s->gave_silence = s->silence > 0;
    if (s->gave_silence) {
        take = s->silence < SILENCE_PIECE ? s->silence : SILENCE_PIECE;
        take = take < left ? take : left;
        *samples = nothing;
        s->silence -= take;
    } else {
        take = (int64_t)s->held < left ? (int64_t)s->held : left;
        *samples = s->buffer;
        s->held = 0; /* the samples stay where they are until the next feed */
    }
    *count = (size_t)take;
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
