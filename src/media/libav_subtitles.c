/* media/libav_subtitles.c - text subtitles embedded in a media file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "media/language.h"
#include "media/libav_subtitles.h"
#include "media/libav_tracks.h"
#include "media/transcript_text.h"

enum {
    ASS_STYLE = 2,
    ASS_EFFECT = 7,
    ASS_TEXT = 8
}; /* fields: order, layer, style, name, three margins, effect, text */

/* Field number n (from 0) of a comma-separated ASS event; the last one, the text, may contain commas. */
static const char *ass_field(const char *event, int n, size_t *length)
{
    for (int i = 0; i < n; i++) {
        const char *comma = strchr(event, ',');
        if (!comma)
            break;
        event = comma + 1;
    }
    *length = n < ASS_TEXT ? strcspn(event, ",") : strlen(event);
    return event;
}

/* Signs are not spoken; lines with the effect "fx" repeat the words of a song syllable by syllable. */
static bool ass_is_speech(const char *event)
{
    size_t style, effect;
    const char *name = ass_field(event, ASS_STYLE, &style), *kind = ass_field(event, ASS_EFFECT, &effect);
    bool is_sign = style >= 4 && strncasecmp(name, "sign", 4) == 0;
    return !is_sign && !(effect == 2 && strncasecmp(kind, "fx", 2) == 0);
}

static void add_event(text_buffer *text, const AVSubtitleRect *rect)
{
    size_t length = 0;
    const char *words = rect->text;
    if (rect->type == SUBTITLE_ASS) {
        if (!rect->ass || !ass_is_speech(rect->ass))
            return;
        words = ass_field(rect->ass, ASS_TEXT, &length);
    } else if (words) {
        length = strlen(words);
    }
    text_add_char(text, ' ');
    if (words && rect->type == SUBTITLE_ASS)
        add_ass_text(text, words, length);
    else if (words)
        add_without_markup(text, words, length, false);
}

smac_status subtitle_reader_take(subtitle_reader *r, AVPacket *packet, smac_error *error)
{
    libav_file *f = r->file;
    AVSubtitle subtitle = {0};
    int got = 0;
    if (avcodec_decode_subtitle2(r->codec, &subtitle, &got, packet) < 0) {
        libav_warn(f, "some of its subtitles are damaged and were skipped");
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

void subtitle_reader_finish(subtitle_reader *r)
{
    transcript_complete_times(&r->words, NULL);
    transcript_sort(&r->words);
    transcript_unroll(&r->words);
}

void subtitle_reader_close(subtitle_reader *r)
{
    avcodec_free_context(&r->codec);
    transcript_free(&r->words);
}
