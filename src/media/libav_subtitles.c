/* media/libav_subtitles.c - the text subtitles embedded in a media file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/decoder.h"
#include "media/language.h"
#include "media/libav_subtitles.h"
#include "media/libav_tracks.h"
#include "media/transcript_text.h"

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

void subtitle_reader_open(subtitle_reader *r, libav_file *f)
{
    *r = (subtitle_reader){.file = f, .stream = f->subtitle_stream};
    libav_warn_of_subtitles(f);
    if (r->stream >= 0 && !(r->codec = libav_open_decoder(f, r->stream)))
        r->stream = -1;
    for (int i = 0; r->stream >= 0 && i < f->info.track_count; i++)
        if (f->info.tracks[i].stream == r->stream && language_is_known(f->info.tracks[i].language))
            r->words.language = memory_copy_text(f->info.tracks[i].language);
}

void subtitle_reader_close(subtitle_reader *r)
{
    avcodec_free_context(&r->codec);
    transcript_free(&r->words);
}

smac_status transcript_from_media(
    const char *path, const media_options *options, transcript *out, media_warnings *warnings, smac_error *error)
{
    media_options mine = options ? *options : (media_options){0};
    mine.skip_picture = mine.skip_sound = mine.subtitles = true;
    *out = (transcript){0};
    if (warnings)
        *warnings = (media_warnings){0};
    decoder *d;
    decoded end;
    TRY(decoder_open(path, &mine, &d, error));
    smac_status status = decoder_next(d, &end, error); /* without picture and sound: one pass to the end */
    if (status == SMAC_OK)
        decoder_take_subtitles(d, out);
    if (warnings)
        media_warnings_copy(decoder_warnings(d), warnings);
    decoder_close(d);
    return status;
}
