/* media/libav_subtitles.c - the text subtitles embedded in a media file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/libav_file.h"
#include "media/transcript_text.h"

/* The wanted stream, the default one, or the first of text; -1: none. */
static int choose_stream(const libav_file *f, int wanted)
{
    int chosen = -1;
    for (int i = 0; i < f->info.subtitle_count; i++) {
        const media_subtitle *s = &f->info.subtitles[i];
        if (!s->is_text || (wanted >= 0 && s->stream != wanted))
            continue;
        bool is_default = f->format->streams[s->stream]->disposition & AV_DISPOSITION_DEFAULT;
        if (chosen < 0 || (is_default && !(f->format->streams[chosen]->disposition & AV_DISPOSITION_DEFAULT)))
            chosen = s->stream;
    }
    return chosen;
}

/* An event in ASS form is "order,layer,style,name,left,right,vertical,effect,text". */
static void add_event(text_buffer *text, const AVSubtitleRect *rect)
{
    const char *words = rect->type == SUBTITLE_TEXT ? rect->text : rect->ass;
    if (!words)
        return;
    if (rect->type == SUBTITLE_ASS)
        for (int commas = 0; commas < 8; commas++) {
            const char *comma = strchr(words, ',');
            if (!comma)
                break;
            words = comma + 1;
        }
    text_add_char(text, ' ');
    add_without_markup(text, words, strlen(words), false, rect->type == SUBTITLE_ASS);
}

static smac_status take_packet(
    libav_file *f, AVCodecContext *codec, AVPacket *packet, transcript *out, smac_error *error)
{
    AVSubtitle subtitle = {0};
    int got = 0;
    if (avcodec_decode_subtitle2(codec, &subtitle, &got, packet) < 0) {
        libav_warn(f, "some of its subtitles are damaged and were passed over");
        return SMAC_OK;
    }
    if (!got)
        return SMAC_OK;
    double base = av_q2d(codec->pkt_timebase);
    double start = packet->pts == AV_NOPTS_VALUE ? NAN : (double)packet->pts * base - f->start_time;
    double end = start + (packet->duration > 0 ? (double)packet->duration * base : subtitle.end_display_time / 1000.0);
    text_buffer text = {0};
    for (unsigned i = 0; i < subtitle.num_rects; i++)
        add_event(&text, subtitle.rects[i]);
    smac_status status = SMAC_OK;
    bool inside = isnan(start) || ((f->options.end <= 0 || start < f->options.end) && end > f->options.start);
    if (text.failed)
        status = FAIL(error, SMAC_ERROR_MEMORY, "out of memory for the subtitles of %s", f->path);
    else if (inside && text.data)
        status = transcript_add(out, start - f->options.start, end - f->options.start, text.data, text.length, error);
    text_free(&text);
    avsubtitle_free(&subtitle);
    return status;
}

static smac_status read_stream(libav_file *f, int stream, transcript *out, smac_error *error)
{
    for (unsigned i = 0; i < f->format->nb_streams; i++)
        f->format->streams[i]->discard = (int)i == stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    AVCodecContext *codec = libav_open_decoder(f, stream);
    AVPacket *packet = av_packet_alloc();
    smac_status status = packet ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", f->path);
    while (status == SMAC_OK && codec && !libav_interrupted(f) && av_read_frame(f->format, packet) >= 0) {
        if (packet->stream_index == stream)
            status = take_packet(f, codec, packet, out, error);
        av_packet_unref(packet);
    }
    if (status == SMAC_OK && f->interrupted)
        status = libav_stopped(f, error);
    av_packet_free(&packet);
    avcodec_free_context(&codec);
    return status;
}

smac_status transcript_from_media(
    const char *path, int stream, const media_options *options, transcript *out, smac_error *error)
{
    libav_file f;
    *out = (transcript){0};
    TRY(libav_file_open(&f, path, options, true, error));
    int chosen = choose_stream(&f, stream);
    smac_status status = SMAC_OK;
    if (chosen >= 0)
        status = read_stream(&f, chosen, out, error);
    else if (stream >= 0)
        status = FAIL(error, SMAC_ERROR_NOT_FOUND,
            "%s has no text subtitles in stream %d: `semanticmac inspect` lists its streams", path, stream);
    for (int i = 0; status == SMAC_OK && i < f.info.subtitle_count; i++)
        if (f.info.subtitles[i].stream == chosen && f.info.subtitles[i].language[0]) {
            free(out->language);
            out->language = memory_copy_text(f.info.subtitles[i].language);
        }
    libav_file_close(&f);
    if (status != SMAC_OK)
        transcript_free(out);
    else
        transcript_sort(out);
    return status;
}
