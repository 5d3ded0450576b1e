/* media/libav_writer.c - H.264/AAC mp4 with the same bytes for the same input. */
#include "media/writer.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct video_writer {
    AVFormatContext *format;
    AVCodecContext *picture_codec, *sound_codec;
    AVStream *picture_stream, *sound_stream;
    AVFrame *picture, *sound;
    AVPacket *packet;
    struct SwsContext *convert;
    char *path;
    file_writer file;        /* libav writes to its partial file by name */
    int64_t frames, samples; /* given so far */
    int sound_filled;        /* samples waiting in sound */
};

static smac_status writer_failed(smac_error *error, const video_writer *w, const char *what, int code)
{
    char reason[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(code, reason, sizeof reason);
    smac_status status = code == AVERROR(ENOMEM) ? SMAC_ERROR_MEMORY : SMAC_ERROR_IO;
    return error_set(error, status, "video_writer", "%s: %s failed: %s", w->path, what, reason);
}

static void writer_free(video_writer *w)
{
    if (!w)
        return;
    avcodec_free_context(&w->picture_codec);
    avcodec_free_context(&w->sound_codec);
    av_frame_free(&w->picture);
    av_frame_free(&w->sound);
    av_packet_free(&w->packet);
    sws_freeContext(w->convert);
    if (w->format) {
        if (w->format->pb)
            avio_closep(&w->format->pb);
        avformat_free_context(w->format);
    }
    file_writer_abandon(&w->file);
    free(w->path);
    free(w);
}

void video_writer_abandon(video_writer *w)
{
    writer_free(w);
}

static smac_status writer_open_picture(video_writer *w, const video_writer_options *o, smac_error *error)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    if (!codec)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "the installed libavcodec has no libx264 encoder, so videos cannot be written; install Debian's "
            "libavcodec with x264");
    AVCodecContext *c = w->picture_codec = avcodec_alloc_context3(codec);
    if (!c)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for the video encoder");
    int numerator = o->rate_numerator > 0 ? o->rate_numerator : 25;
    int denominator = o->rate_denominator > 0 ? o->rate_denominator : 1;
    c->width = o->width;
    c->height = o->height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){denominator, numerator};
    c->framerate = (AVRational){numerator, denominator};
    c->sample_aspect_ratio = (AVRational){1, 1};
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_BITEXACT;
    /* Stated, so that readers need not guess: BT.601 matrix, limited range. */
    c->colorspace = AVCOL_SPC_SMPTE170M;
    c->color_primaries = AVCOL_PRI_SMPTE170M;
    c->color_trc = AVCOL_TRC_SMPTE170M;
    c->color_range = AVCOL_RANGE_MPEG;
    if (w->format->oformat->flags & AVFMT_GLOBALHEADER)
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    char crf[16];
    snprintf(crf, sizeof crf, "%d", o->quality < 0 ? 23 : o->quality);
    int code = av_opt_set(c->priv_data, "preset", o->preset ? o->preset : "veryfast", 0);
    if (code >= 0)
        code = av_opt_set(c->priv_data, "crf", crf, 0);
    if (code >= 0)
        code = av_opt_set(
            c->priv_data, "x264-params", "cpu-independent=1:threads=1:lookahead-threads=1:log-level=none", 0);
    if (code >= 0)
        code = avcodec_open2(c, codec, NULL);
    if (code < 0)
        return writer_failed(error, w, "opening the video encoder", code);
    w->picture_stream = avformat_new_stream(w->format, NULL);
    w->picture = av_frame_alloc();
    if (!w->picture_stream || !w->picture)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for the video encoder");
    w->picture_stream->time_base = c->time_base;
    w->picture_stream->avg_frame_rate = c->framerate;
    code = avcodec_parameters_from_context(w->picture_stream->codecpar, c);
    w->picture->format = c->pix_fmt;
    w->picture->width = c->width;
    w->picture->height = c->height;
    w->picture->color_range = c->color_range;
    w->picture->colorspace = c->colorspace;
    if (code >= 0)
        code = av_frame_get_buffer(w->picture, 0);
    if (code < 0)
        return writer_failed(error, w, "preparing the video stream", code);
    w->convert = sws_getContext(c->width, c->height, AV_PIX_FMT_RGB24, c->width, c->height, c->pix_fmt,
        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
    if (!w->convert)
        return FAIL(error, SMAC_ERROR_MEMORY, "the colour converter could not be made");
    const int *matrix = sws_getCoefficients(SWS_CS_SMPTE170M);
    sws_setColorspaceDetails(w->convert, matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16);
    return SMAC_OK;
}

static smac_status writer_open_sound(video_writer *w, const video_writer_options *o, smac_error *error)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    if (!codec)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "the installed libavcodec has no AAC encoder");
    AVCodecContext *c = w->sound_codec = avcodec_alloc_context3(codec);
    if (!c)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for the sound encoder");
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->sample_rate = o->sample_rate;
    c->time_base = (AVRational){1, o->sample_rate};
    c->bit_rate = o->sound_bit_rate > 0 ? o->sound_bit_rate : 64000;
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_BITEXACT;
    if (w->format->oformat->flags & AVFMT_GLOBALHEADER)
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&c->ch_layout, 1);
    /* the thorough search ("twoloop") would take more time than all the rest of a small video */
    int code = av_opt_set(c->priv_data, "aac_coder", "fast", 0);
    if (code >= 0)
        code = avcodec_open2(c, codec, NULL);
    if (code < 0)
        return writer_failed(error, w, "opening the sound encoder", code);
    w->sound_stream = avformat_new_stream(w->format, NULL);
    w->sound = av_frame_alloc();
    if (!w->sound_stream || !w->sound)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for the sound encoder");
    w->sound_stream->time_base = c->time_base;
    code = avcodec_parameters_from_context(w->sound_stream->codecpar, c);
    w->sound->format = c->sample_fmt;
    w->sound->sample_rate = c->sample_rate;
    w->sound->nb_samples = c->frame_size;
    if (code >= 0)
        code = av_channel_layout_copy(&w->sound->ch_layout, &c->ch_layout);
    if (code >= 0)
        code = av_frame_get_buffer(w->sound, 0);
    if (code < 0)
        return writer_failed(error, w, "preparing the sound stream", code);
    return SMAC_OK;
}

static smac_status check_options(const char *path, const video_writer_options *o, smac_error *error)
{
    bool picture = o->width != 0 || o->height != 0;
    if (picture &&
        (o->width < 16 || o->height < 16 || o->width > 8192 || o->height > 8192 || o->width % 2 || o->height % 2))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%s: a video of %d x %d was asked for, but both sides must be even and from 16 to 8192 pixels", path,
            o->width, o->height);
    if (!picture && o->sample_rate == 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s: a video without picture and without sound was asked for", path);
    static const int rates[] = {8000, 16000, 22050, 24000, 32000, 44100, 48000};
    bool known = o->sample_rate == 0;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        known = known || rates[i] == o->sample_rate;
    if (!known)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%s: sound of %d samples a second was asked for, but AAC is written at "
            "8000, 16000, 22050, 24000, 32000, 44100 or 48000",
            path, o->sample_rate);
    static const char *const presets[] = {
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo"};
    known = !o->preset;
    for (size_t i = 0; !known && i < sizeof presets / sizeof presets[0]; i++)
        known = strcmp(o->preset, presets[i]) == 0;
    if (!known)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%s: x264 has no preset \"%s\", expected ultrafast, superfast, veryfast, "
            "faster, fast, medium, slow, slower, veryslow or placebo",
            path, o->preset);
    if (o->quality > 51)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s: quality %d was asked for, but x264's crf goes from 0 to 51", path,
            o->quality);
    return SMAC_OK;
}

static smac_status writer_open_all(video_writer *w, const char *path, const video_writer_options *o, smac_error *error)
{
    w->path = memory_copy_text(path);
    w->packet = av_packet_alloc();
    if (!w->path || !w->packet)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for a video writer");
    TRY(file_writer_begin(&w->file, path, error));
    int code = avformat_alloc_output_context2(&w->format, NULL, "mp4", NULL);
    if (code < 0)
        return writer_failed(error, w, "making the mp4 writer", code);
    w->format->flags |= AVFMT_FLAG_BITEXACT;
    if (o->width)
        TRY(writer_open_picture(w, o, error));
    if (o->sample_rate)
        TRY(writer_open_sound(w, o, error));
    /* Faststart reads the file again by this name. */
    av_freep(&w->format->url);
    w->format->url = av_asprintf("file:%s", w->file.partial ? w->file.partial : path);
    code = w->format->url ? avio_open(&w->format->pb, w->format->url, AVIO_FLAG_WRITE) : AVERROR(ENOMEM);
    if (code < 0)
        return writer_failed(error, w, "opening the file for writing", code);
    AVDictionary *settings = NULL;
    av_dict_set(&settings, "movflags", "+faststart", 0);
    code = avformat_write_header(w->format, &settings);
    av_dict_free(&settings);
    if (code < 0)
        return writer_failed(error, w, "writing the header", code);
    return SMAC_OK;
}

smac_status video_writer_open(
    const char *path, const video_writer_options *options, video_writer **out, smac_error *error)
{
    *out = NULL;
    TRY(check_options(path, options, error));
    av_log_set_level(AV_LOG_QUIET);
    video_writer *w = memory_new(1, sizeof *w);
    if (!w)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for a video writer");
    smac_status status = writer_open_all(w, path, options, error);
    if (status != SMAC_OK) {
        video_writer_abandon(w);
        return status;
    }
    *out = w;
    return SMAC_OK;
}

/* Send frame (NULL: flush) and write all packets that come. */
static smac_status writer_encode(
    video_writer *w, AVCodecContext *codec, AVStream *stream, AVFrame *frame, smac_error *error)
{
    int code = avcodec_send_frame(codec, frame);
    if (code < 0 && code != AVERROR_EOF)
        return writer_failed(error, w, "encoding", code);
    for (;;) {
        code = avcodec_receive_packet(codec, w->packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return SMAC_OK;
        if (code < 0)
            return writer_failed(error, w, "encoding", code);
        if (codec == w->picture_codec && w->packet->duration == 0)
            w->packet->duration = 1;
        av_packet_rescale_ts(w->packet, codec->time_base, stream->time_base);
        w->packet->stream_index = stream->index;
        code = av_interleaved_write_frame(w->format, w->packet);
        if (code < 0)
            return writer_failed(error, w, "writing", code);
    }
}

smac_status video_writer_frame(video_writer *w, const uint8_t *rgb, size_t stride, smac_error *error)
{
    if (!w->picture_codec)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "%s: a frame was given, but the writer was opened without a picture", w->path);
    size_t row = stride ? stride : (size_t)w->picture_codec->width * 3;
    if (row > INT32_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s: a row of %zu bytes is too long", w->path, row);
    int code = av_frame_make_writable(w->picture);
    if (code < 0)
        return writer_failed(error, w, "preparing a frame", code);
    const uint8_t *planes[4] = {rgb, NULL, NULL, NULL};
    int strides[4] = {(int)row, 0, 0, 0};
    sws_scale(w->convert, planes, strides, 0, w->picture_codec->height, w->picture->data, w->picture->linesize);
    w->picture->pts = w->frames++;
    return writer_encode(w, w->picture_codec, w->picture_stream, w->picture, error);
}

static smac_status writer_send_sound(video_writer *w, smac_error *error)
{
    w->sound->nb_samples = w->sound_filled;
    w->sound->pts = w->samples;
    w->samples += w->sound_filled;
    w->sound_filled = 0;
    TRY(writer_encode(w, w->sound_codec, w->sound_stream, w->sound, error));
    w->sound->nb_samples = w->sound_codec->frame_size;
    int code = av_frame_make_writable(w->sound);
    return code < 0 ? writer_failed(error, w, "preparing sound", code) : SMAC_OK;
}

smac_status video_writer_sound(video_writer *w, const float *samples, size_t count, smac_error *error)
{
    if (!w->sound_codec)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "%s: sound was given, but the writer was opened without sound", w->path);
    float *target = (float *)w->sound->data[0];
    int size = w->sound_codec->frame_size;
    while (count > 0) {
        size_t room = (size_t)(size - w->sound_filled);
        size_t take = count < room ? count : room;
        for (size_t i = 0; i < take; i++) {
            float value = samples[i];
            target[(size_t)w->sound_filled + i] = value > 1.0f ? 1.0f
                : value >= -1.0f                               ? value
                : value < -1.0f                                ? -1.0f
                                                               : 0;
        }
        w->sound_filled += (int)take;
        samples += take;
        count -= take;
        if (w->sound_filled == size) {
            TRY(writer_send_sound(w, error));
            target = (float *)w->sound->data[0];
        }
    }
    return SMAC_OK;
}

static smac_status writer_finish(video_writer *w, smac_error *error)
{
    if (w->sound_codec) {
        if (w->sound_filled > 0)
            TRY(writer_send_sound(w, error));
        TRY(writer_encode(w, w->sound_codec, w->sound_stream, NULL, error));
    }
    if (w->picture_codec)
        TRY(writer_encode(w, w->picture_codec, w->picture_stream, NULL, error));
    if (w->frames + w->samples == 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s: no frame and no sound was given before closing", w->path);
    int code = av_write_trailer(w->format);
    if (code < 0)
        return writer_failed(error, w, "writing the end", code);
    code = avio_closep(&w->format->pb);
    if (code < 0)
        return writer_failed(error, w, "writing the end", code);
    return file_writer_commit(&w->file, error);
}

smac_status video_writer_close(video_writer *w, smac_error *error)
{
    if (!w)
        return SMAC_OK;
    smac_status status = writer_finish(w, error);
    if (status != SMAC_OK) {
        video_writer_abandon(w);
        return status;
    }
    writer_free(w);
    return SMAC_OK;
}
