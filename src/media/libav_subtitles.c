/* media/libav_subtitles.c - the text subtitles embedded in a media file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/decoder.h"
#include "media/libav_subtitles.h"
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

smac_status subtitle_reader_take(subtitle_reader *r, AVPacket *packet, smac_error *error)
{
    libav_file *f = r->file;
    AVSubtitle subtitle = {0};
    int got = 0;
    if (avcodec_decode_subtitle2(r->codec, &subtitle, &got, packet) < 0) {
        libav_warn(f, "some of its subtitles are damaged and were passed over");
        return SMAC_OK;
    }
    if (!got)
        return SMAC_OK;
    double base = av_q2d(r->codec->pkt_timebase);
    double start = packet->pts == AV_NOPTS_VALUE ? NAN : (double)packet->pts * base - f->start_time;
    double end = start + (packet->duration > 0 ? (double)packet->duration * base : subtitle.end_display_time / 1000.0);
    text_buffer text = {0};
    for (unsigned i = 0; i < subtitle.num_rects; i++)
        add_event(&text, subtitle.rects[i]);
    smac_status status = SMAC_OK;
    const media_options *o = &f->options;
    bool inside = isnan(start) || ((o->end <= 0 || start < o->end) && end > o->start);
    if (text.failed)
        status = FAIL(error, SMAC_ERROR_MEMORY, "out of memory for the subtitles of %s", f->path);
    else if (inside && text.data)
        status = transcript_add(&r->words, start - o->start, end - o->start, text.data, text.length, error);
    text_free(&text);
    avsubtitle_free(&subtitle);
    return status;
}

smac_status subtitle_reader_open(subtitle_reader *r, libav_file *f, smac_error *error)
{
    *r = (subtitle_reader){.file = f, .stream = choose_stream(f, f->subtitle_wanted)};
    if (r->stream < 0 && f->subtitle_wanted >= 0)
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "%s has no text subtitles in stream %d: `semanticmac inspect` lists its streams", f->path,
            f->subtitle_wanted);
    if (r->stream >= 0 && !(r->codec = libav_open_decoder(f, r->stream)))
        r->stream = -1;
    for (int i = 0; r->stream >= 0 && i < f->info.subtitle_count; i++)
        if (f->info.subtitles[i].stream == r->stream && f->info.subtitles[i].language[0])
            r->words.language = memory_copy_text(f->info.subtitles[i].language);
    return SMAC_OK;
}

void subtitle_reader_close(subtitle_reader *r)
{
    avcodec_free_context(&r->codec);
    transcript_free(&r->words);
}

smac_status transcript_from_media(
    const char *path, int stream, const media_options *options, transcript *out, smac_error *error)
{
    media_options mine = options ? *options : (media_options){0};
    mine.skip_picture = mine.skip_sound = mine.subtitles = true;
    *out = (transcript){0};
    media_file *file;
    decoder *d;
    decoded end;
    TRY(media_open(&(media_input){.name = path}, &mine, &file, error));
    file->subtitle_wanted = stream;
    TRY(decoder_start(file, NULL, &d, error));
    smac_status status = decoder_next(d, &end, error); /* without picture and sound: one pass to the end */
    if (status == SMAC_OK)
        decoder_take_subtitles(d, out);
    decoder_close(d);
    return status;
}
