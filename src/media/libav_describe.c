/* media/libav_describe.c - describing an opened container: formats, orientation, pixel shape, start and length. */
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "media/libav_file.h"

int libav_orientation_of_matrix(const int32_t m[9])
{
    /* Shown (x', y') = (a x + c y, b x + d y); only quarter turns and mirrors are applied. */
    double a = m[0] / 65536.0, b = m[1] / 65536.0, c = m[3] / 65536.0, d = m[4] / 65536.0;
    if (fabs(a) + fabs(d) > fabs(b) + fabs(c))
        return (a < 0 ? LIBAV_MIRROR_COLUMNS : 0) | (d < 0 ? LIBAV_MIRROR_ROWS : 0);
    if (fabs(b) + fabs(c) > 0)
        return LIBAV_TRANSPOSE | (c < 0 ? LIBAV_MIRROR_COLUMNS : 0) | (b < 0 ? LIBAV_MIRROR_ROWS : 0);
    return 0;
}

double libav_pixel_aspect(AVRational stated)
{
    double aspect = stated.num > 0 && stated.den > 0 ? av_q2d(stated) : 1;
    return aspect >= 1.0 / 16 && aspect <= 16 ? aspect : 1;
}

int libav_shown_width(int width, double pixel_aspect)
{
    double shown = width * pixel_aspect;
    return shown < 1 ? 1 : shown > INT32_MAX / 2 ? INT32_MAX / 2 : (int)lround(shown);
}

int libav_orientation_of_exif(const char *value)
{
    static const int table[9] = {0, 0, LIBAV_MIRROR_COLUMNS, LIBAV_MIRROR_COLUMNS | LIBAV_MIRROR_ROWS,
        LIBAV_MIRROR_ROWS, LIBAV_TRANSPOSE, LIBAV_TRANSPOSE | LIBAV_MIRROR_COLUMNS,
        LIBAV_TRANSPOSE | LIBAV_MIRROR_COLUMNS | LIBAV_MIRROR_ROWS, LIBAV_TRANSPOSE | LIBAV_MIRROR_ROWS};
    if (!value)
        return 0;
    while (*value == ' ')
        value++;
    return value[0] >= '1' && value[0] <= '8' && (value[1] == 0 || value[1] == ' ') ? table[value[0] - '0'] : 0;
}

static void describe_rotation(libav_file *f)
{
    /* Clockwise degrees of each orientation; mirrored ones after their mirror. */
    static const int degrees[8] = {0, 0, 180, 180, 90, 90, 270, 270};
    static const bool mirrored[8] = {false, true, true, false, true, false, false, true};
    f->info.rotation = degrees[f->orientation];
    f->info.mirrored = mirrored[f->orientation];
    if (f->orientation & LIBAV_TRANSPOSE) {
        int width = f->info.width;
        f->info.width = f->info.height;
        f->info.height = width;
    }
}

static void describe_picture(libav_file *f)
{
    const AVStream *stream = f->format->streams[f->picture_stream];
    const AVCodecParameters *p = stream->codecpar;
    media_info *info = &f->info;
    info->has_picture = true;
    snprintf(info->picture_codec, sizeof info->picture_codec, "%s", avcodec_get_name(p->codec_id));
    const char *format = av_get_pix_fmt_name(p->format);
    snprintf(info->picture_format, sizeof info->picture_format, "%s", format ? format : "unknown");
    info->pixel_aspect =
        libav_pixel_aspect(av_guess_sample_aspect_ratio(f->format, f->format->streams[f->picture_stream], NULL));
    info->width = libav_shown_width(p->width, info->pixel_aspect);
    info->height = p->height;
    const int32_t *matrix = (const int32_t *)av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    f->orientation = matrix ? libav_orientation_of_matrix(matrix) : 0;
    describe_rotation(f);
    AVRational rate = stream->avg_frame_rate.num > 0 && stream->avg_frame_rate.den > 0 ? stream->avg_frame_rate
                                                                                       : stream->r_frame_rate;
    info->frame_rate = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
    const char *kind = f->format->iformat->name;
    size_t length = strlen(kind);
    info->is_still = strcmp(kind, "image2") == 0 || (length > 5 && strcmp(kind + length - 5, "_pipe") == 0);
}

static double stated_length(const AVFormatContext *format)
{
    double seconds = format->duration != AV_NOPTS_VALUE ? (double)format->duration / AV_TIME_BASE : 0;
    for (unsigned i = 0; seconds <= 0 && i < format->nb_streams; i++) {
        const AVStream *stream = format->streams[i];
        if (stream->duration != AV_NOPTS_VALUE && stream->duration > 0)
            seconds = fmax(seconds, (double)stream->duration * av_q2d(stream->time_base));
    }
    return seconds > 0 && isfinite(seconds) ? seconds : 0;
}

bool libav_clock_may_jump(const AVFormatContext *format)
{
    /* Ogg has this flag for chained files, whose stamps restart; within one of them the clock does not jump. */
    return format->iformat->flags & AVFMT_TS_DISCONT && strcmp(format->iformat->name, "ogg") != 0;
}

/*
 * Whether a negative start is only the priming samples of a sound codec (Opus, AAC).  A larger negative start is real:
 * a clock that wraps during the file, or a cut that kept the time stamps.
 */
static bool is_run_up(const AVFormatContext *format, double start)
{
    double longest = libav_clock_may_jump(format) ? 0 : 0.1;
    for (unsigned i = 0; i < format->nb_streams; i++) {
        const AVStream *stream = format->streams[i];
        const AVCodecParameters *p = stream->codecpar;
        if (p->codec_type != AVMEDIA_TYPE_AUDIO || p->sample_rate <= 0 || stream->start_time == AV_NOPTS_VALUE)
            continue;
        int samples = p->codec_id == AV_CODEC_ID_AAC && p->initial_padding == 0 ? 2112 : p->initial_padding;
        bool begins_file =
            !libav_clock_may_jump(format) && (double)stream->start_time * av_q2d(stream->time_base) < start + 0.001;
        if (begins_file)
            longest = fmax(longest, (double)samples / p->sample_rate);
    }
    return -start <= longest + 0.001;
}

/* A RIFF file (WAV, AVI) that was written to a pipe: the size at its beginning was never filled in. */
static bool is_streamed_riff(const uint8_t head[8])
{
    static const uint8_t all[4] = {0xFF, 0xFF, 0xFF, 0xFF}, none[4] = {0};
    return memcmp(head, "RIFF", 4) == 0 && (memcmp(head + 4, all, 4) == 0 || memcmp(head + 4, none, 4) == 0);
}

static void warn_of_riff_size(libav_file *f)
{
    const uint8_t *size = f->head + 4;
    int64_t stated =
        8 + (int64_t)((uint32_t)size[0] | (uint32_t)size[1] << 8 | (uint32_t)size[2] << 16 | (uint32_t)size[3] << 24);
    if (memcmp(f->head, "RIFF", 4) == 0 && !f->is_streamed && f->input.size >= 0 && stated > f->input.size + 1)
        libav_warn(f, "the file is cut off: by its header it has %lld bytes, there are %lld", (long long)stated,
            (long long)f->input.size);
}

void libav_describe(libav_file *f)
{
    AVFormatContext *format = f->format;
    media_info *info = &f->info;
    snprintf(info->container, sizeof info->container, "%s", format->iformat->name);
    info->streams = (int)format->nb_streams;
    info->start = format->start_time != AV_NOPTS_VALUE ? (double)format->start_time / AV_TIME_BASE : 0;
    f->start_time = info->start < 0 && is_run_up(format, info->start) ? 0 : info->start;
    if (f->picture_stream >= 0)
        describe_picture(f);
    if (f->sound_stream >= 0) {
        const AVCodecParameters *p = format->streams[f->sound_stream]->codecpar;
        info->has_sound = true;
        snprintf(info->sound_codec, sizeof info->sound_codec, "%s", avcodec_get_name(p->codec_id));
        info->sample_rate = p->sample_rate;
        info->channels = p->ch_layout.nb_channels;
    }
    info->has_subtitles = f->subtitle_stream >= 0;
    f->is_streamed = is_streamed_riff(f->head);
    warn_of_riff_size(f);
    bool is_unknown = info->is_still || (f->is_streamed && strcmp(info->container, "avi") == 0);
    info->duration = is_unknown ? 0 : stated_length(format);
}
