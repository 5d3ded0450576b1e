/*
 * media/libav_decoder.c - the decoding loop.
 *
 * A picture is returned when the next one is decoded, which ends its interval; so one decoded picture is always held.
 * Broken packets are counted and skipped.  A picture is converted to RGB only when the caller asks for it.
 */
#include "media/decoder.h"

#include <libavutil/parseutils.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "media/libav_file.h"
#include "media/libav_packets.h"
#include "media/libav_picture.h"
#include "media/libav_sound.h"
#include "media/libav_subtitles.h"

enum { DECODE_ERRORS_MAX = 64 }; /* consecutive errors, after which a decoder is not drained any further */

#define RUN_UP_SECONDS 0.1  /* a later start of a stream is a real one */
#define OVERLAP_SECONDS 0.1 /* a picture this much earlier than the one before is dropped */

struct decoder {
    libav_file *file;
    double start, end; /* of the part that is read, from the start of the file; end may be INFINITY */
    packet_queue packets;
    AVPacket *packet;
    AVFrame *frame;
    bool input_ended;
    bool is_corrupt[TIMELINE_TRACKS]; /* of the last packet read */
    /* picture */
    AVCodecContext *picture_codec;
    AVFrame *held, *current;
    bool has_held, picture_drained, picture_ended;
    double held_from, held_length, picture_seconds;
    bool has_time;
    int64_t picture_packets, picture_broken, pictures, picture_overlaps;
    picture_converter converter;
    /* sound */
    AVCodecContext *sound_codec;
    bool sound_drained, sound_ended;
    int64_t sound_packets, sound_broken;
    sound_converter sound;
    subtitle_reader subtitles;
};

static double seconds_of(int64_t stamp, AVRational base)
{
    return (double)stamp * av_q2d(base);
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static void decoder_seek_to_start(decoder *d)
{
    /* Only containers with an index seek exactly; the others are decoded from their beginning. */
    static const char *const indexed[] = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "wav", "flac"};
    bool has_index = false;
    for (size_t i = 0; i < sizeof indexed / sizeof indexed[0]; i++)
        has_index = has_index || strcmp(d->file->info.container, indexed[i]) == 0;
    /* A second earlier, to prime the sound decoder; ten for subtitles that begin before the part. */
    double earlier = d->subtitles.stream >= 0 ? 10.0 : 1.0;
    bool words_alone = d->subtitles.stream >= 0 && !d->picture_codec && !d->sound_codec;
    if (!has_index || words_alone || d->start < earlier + 1.0)
        return;
    int64_t target = (int64_t)((d->start - earlier + d->file->start_time) * AV_TIME_BASE);
    avformat_seek_file(d->file->format, -1, INT64_MIN, target, target, 0);
}

static smac_status decoder_prepare(decoder *d, smac_error *error)
{
    libav_file *f = d->file;
    const media_options *o = &f->options;
    if (!(o->start >= 0) || !(o->end >= 0) || (o->end > 0 && o->end <= o->start) || o->start > 1e9)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%s: the part from %g to %g seconds was asked for, expected 0 <= start < end", f->path, o->start, o->end);
    d->start = o->start;
    d->end = o->end > 0 ? o->end : INFINITY;
    double length = (o->end > 0 ? fmin(o->end, f->info.duration) : f->info.duration) - o->start;
    if (length > libav_longest(f))
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s: %.0f s are to be read (by its header it lasts %.0f s), expected at most %.0f s: read it in parts, or "
            "raise the limit of the duration",
            f->path, length, f->info.duration, libav_longest(f));
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();
    d->held = av_frame_alloc();
    d->current = av_frame_alloc();
    if (!d->packet || !d->frame || !d->held || !d->current)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for decoding %s", f->path);
    if (f->picture_stream >= 0 && !o->skip_picture)
        d->picture_codec = libav_open_decoder(f, f->picture_stream);
    if (f->sound_stream >= 0 && !o->skip_sound)
        d->sound_codec = libav_open_decoder(f, f->sound_stream);
    d->subtitles.stream = -1;
    if (o->subtitles)
        subtitle_reader_open(&d->subtitles, f);
    bool wanted = !o->skip_picture || !o->skip_sound;
    if (wanted && !d->picture_codec && !d->sound_codec && d->subtitles.stream < 0 && f->warnings.count > 0)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "%s cannot be decoded (%s): convert it, for example with ffmpeg",
            f->path, f->warnings.items[0]);
    d->picture_drained = d->picture_ended = !d->picture_codec;
    d->sound_drained = d->sound_ended = !d->sound_codec;
    sound_converter_init(&d->sound, d->start, d->end);
    int streams[TIMELINE_TRACKS] = {d->picture_codec ? f->picture_stream : -1, d->sound_codec ? f->sound_stream : -1};
    packet_queue_init(&d->packets, f, streams, d->start, d->end);
    for (unsigned i = 0; i < f->format->nb_streams; i++)
        if (!((int)i == f->picture_stream && d->picture_codec) && !((int)i == f->sound_stream && d->sound_codec) &&
            (int)i != d->subtitles.stream)
            f->format->streams[i]->discard = AVDISCARD_ALL;
    decoder_seek_to_start(d);
    return SMAC_OK;
}

smac_status decoder_start(media_file *file, const media_options *options, decoder **out, smac_error *error)
{
    *out = NULL;
    decoder *d = memory_new(1, sizeof *d);
    if (!d) {
        smac_status status = FAIL(error, SMAC_ERROR_MEMORY, "out of memory for decoding %s", file->path);
        media_close(file);
        return status;
    }
    d->file = file;
    if (options) {
        file->options.start = options->start;
        file->options.end = options->end;
        file->options.skip_picture = options->skip_picture;
        file->options.skip_sound = options->skip_sound;
        file->options.subtitles = options->subtitles;
    }
    smac_status status = libav_check_streams(file, file->options.subtitles, error);
    if (status == SMAC_OK)
        status = decoder_prepare(d, error);
    if (status != SMAC_OK) {
        decoder_close(d);
        return status;
    }
    *out = d;
    return SMAC_OK;
}

smac_status decoder_open(const char *path, const media_options *options, decoder **out, smac_error *error)
{
    media_file *file;
    *out = NULL;
    TRY(media_open(&(media_input){.name = path}, options, &file, error));
    return decoder_start(file, NULL, out, error);
}

void decoder_close(decoder *d)
{
    if (!d)
        return;
    packet_queue_free(&d->packets);
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
    av_frame_free(&d->held);
    av_frame_free(&d->current);
    avcodec_free_context(&d->picture_codec);
    avcodec_free_context(&d->sound_codec);
    picture_converter_free(&d->converter);
    sound_converter_free(&d->sound);
    subtitle_reader_close(&d->subtitles);
    media_close(d->file);
    free(d);
}

/* --- pictures ---------------------------------------------------------------------------------------------------- */

/*
 * The delay of a stream that begins slightly after the file because of codec or container delays (AAC in Matroska makes
 * the picture 0.05 s late): it is removed, so that the sampled pictures do not depend on whether there is sound.
 */
static double stream_run_up(const decoder *d, int stream)
{
    const AVStream *s = d->file->format->streams[stream];
    double lead = s->start_time == AV_NOPTS_VALUE ? 0 : seconds_of(s->start_time, s->time_base) - d->file->start_time;
    return lead > 0 && lead <= RUN_UP_SECONDS ? lead : 0;
}

/* The time of d->frame from the start of the file. */
static double decoder_picture_time(const decoder *d)
{
    AVRational base = d->file->format->streams[d->file->picture_stream]->time_base;
    int64_t stamp = d->frame->best_effort_timestamp;
    if (stamp == AV_NOPTS_VALUE)
        return d->has_time ? d->held_from + d->held_length : 0;
    return seconds_of(stamp, base) - d->file->start_time - stream_run_up(d, d->file->picture_stream);
}

static double decoder_picture_length(const decoder *d)
{
    const AVStream *stream = d->file->format->streams[d->file->picture_stream];
    double length = d->frame->pkt_duration > 0 ? seconds_of(d->frame->pkt_duration, stream->time_base) : 0;
    if (!(length > 0 && length < 3600))
        length = d->file->info.frame_rate > 0.01 ? 1.0 / d->file->info.frame_rate : 0.04;
    return length;
}

static void decoder_give_picture(decoder *d, double until, bool last, decoded *out)
{
    av_frame_unref(d->current);
    av_frame_move_ref(d->current, d->held);
    d->has_held = false;
    *out = (decoded){.kind = DECODED_PICTURE,
        .from = d->held_from - d->start,
        .until = fmin(until, d->end) - d->start,
        .last = last};
    d->picture_seconds = fmax(d->picture_seconds, out->until);
    d->picture_ended = d->picture_ended || last;
}

/* d->frame was decoded.  True when out was filled. */
static bool decoder_take_picture(decoder *d, decoded *out)
{
    if (d->picture_ended) {
        av_frame_unref(d->frame);
        return false;
    }
    if (d->frame->flags & AV_FRAME_FLAG_CORRUPT || d->frame->decode_error_flags)
        d->picture_broken++;
    d->pictures++;
    double time = decoder_picture_time(d), length = decoder_picture_length(d);
    bool given = false;
    if (d->has_time && time < d->held_from - OVERLAP_SECONDS) { /* its interval was covered already */
        d->picture_overlaps++;
        av_frame_unref(d->frame);
        return false;
    }
    time = d->has_time ? fmax(time, d->held_from) : time;
    /* Pictures that end before the part or begin after it are dropped. */
    if (d->has_held && time > d->start) {
        decoder_give_picture(d, time, time >= d->end, out);
        given = true;
    }
    d->has_time = true;
    d->held_from = time;
    d->held_length = length;
    av_frame_unref(d->held);
    if (time < d->end && !d->picture_ended) {
        av_frame_move_ref(d->held, d->frame);
        d->has_held = true;
    } else {
        av_frame_unref(d->frame);
        d->picture_ended = true;
    }
    return given;
}

/* No more pictures: the held one is the last. */
static bool decoder_finish_picture(decoder *d, decoded *out)
{
    if (d->picture_ended)
        return false;
    d->picture_ended = true;
    if (!d->has_held || d->held_from + d->held_length <= d->start)
        return false;
    decoder_give_picture(d, d->held_from + d->held_length, true, out);
    return true;
}

smac_status decoder_picture(decoder *d, picture *out, smac_error *error)
{
    if (!d->current->data[0])
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s: a picture was asked for before one was decoded", d->file->path);
    AVStream *stream = d->file->format->streams[d->file->picture_stream];
    stored_picture stored = {d->current, d->file->orientation,
        libav_pixel_aspect(av_guess_sample_aspect_ratio(d->file->format, stream, d->current)), d->file->path};
    return picture_converter_run(&d->converter, &stored, out, error);
}

/* --- sound ------------------------------------------------------------------------------------------------------- */

static bool decoder_give_sound(decoder *d, decoded *out)
{
    sound_piece piece;
    if (!sound_converter_next(&d->sound, &piece))
        return false;
    *out = (decoded){.kind = DECODED_SOUND,
        .samples = piece.samples,
        .count = piece.count,
        .first = piece.first,
        .hole = piece.is_hole};
    return true;
}

static smac_status decoder_take_sound(decoder *d, smac_error *error)
{
    if (d->frame->flags & AV_FRAME_FLAG_CORRUPT || d->frame->decode_error_flags)
        d->sound_broken++;
    AVRational base = d->file->format->streams[d->file->sound_stream]->time_base;
    int64_t stamp = d->frame->best_effort_timestamp;
    double time = stamp == AV_NOPTS_VALUE
        ? NAN
        : seconds_of(stamp, base) - d->file->start_time - stream_run_up(d, d->file->sound_stream);
    smac_status status = sound_converter_feed(&d->sound, d->frame, time, error);
    av_frame_unref(d->frame);
    if (status == SMAC_ERROR_UNSUPPORTED) { /* the picture may still be usable */
        libav_warn(d->file, "its sound is left out: %s", error ? error->message : "its form is not supported");
        d->sound_ended = true;
        return SMAC_OK;
    }
    if (sound_converter_complete(&d->sound))
        d->sound_ended = true;
    return status;
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

/* Get one frame of a decoder into d->frame.  1: done; 0: the decoder needs input, or has ended. */
static int decoder_receive_frame(decoder *d, timeline_track track)
{
    AVCodecContext *codec = track == TIMELINE_PICTURE ? d->picture_codec : d->sound_codec;
    bool *drained = track == TIMELINE_PICTURE ? &d->picture_drained : &d->sound_drained;
    int64_t *broken = track == TIMELINE_PICTURE ? &d->picture_broken : &d->sound_broken;
    for (int tries = 0; !*drained && tries < DECODE_ERRORS_MAX; tries++) {
        int code = avcodec_receive_frame(codec, d->frame);
        if (code == 0)
            return 1;
        if (code == AVERROR(EAGAIN))
            return 0;
        if (code == AVERROR_EOF) {
            *drained = true;
            return 0;
        }
        *broken += !d->is_corrupt[track]; /* counted when the packet was read */
        if (d->input_ended && tries + 1 == DECODE_ERRORS_MAX)
            *drained = true;
    }
    return 0;
}

static void decoder_end_input(decoder *d)
{
    d->input_ended = true;
    if (d->picture_codec)
        avcodec_send_packet(d->picture_codec, NULL);
    if (d->sound_codec)
        avcodec_send_packet(d->sound_codec, NULL);
}

static smac_status decoder_read_packet(decoder *d, smac_error *error)
{
    int track;
    bool ended;
    TRY(packet_queue_next(&d->packets, d->packet, &track, &ended, error));
    if (ended) {
        decoder_end_input(d);
        return SMAC_OK;
    }
    smac_status status = SMAC_OK;
    if ((track == TIMELINE_PICTURE && !d->picture_ended) || (track == TIMELINE_SOUND && !d->sound_ended)) {
        bool picture = track == TIMELINE_PICTURE;
        /* libav also marks the last packet of a file as corrupt when it is shorter than the others: not counted. */
        *(picture ? &d->picture_broken : &d->sound_broken) += d->is_corrupt[track];
        d->is_corrupt[track] = d->packet->flags & AV_PKT_FLAG_CORRUPT;
        ++*(picture ? &d->picture_packets : &d->sound_packets);
        int code = avcodec_send_packet(picture ? d->picture_codec : d->sound_codec, d->packet);
        if (code < 0 && code != AVERROR(EAGAIN) && code != AVERROR_EOF && !d->is_corrupt[track])
            ++*(picture ? &d->picture_broken : &d->sound_broken);
    } else if (d->packet->stream_index == d->subtitles.stream) {
        status = subtitle_reader_take(&d->subtitles, d->packet, error);
    }
    av_packet_unref(d->packet);
    return status;
}

/* Warn about the corrections of time stamps. */
static void decoder_warn_of_times(decoder *d)
{
    libav_file *f = d->file;
    const sound_converter *s = &d->sound;
    packet_queue_warn(&d->packets);
    if (d->picture_overlaps > 0)
        libav_warn(f, "%lld pictures overlapped the ones before them and were dropped", (long long)d->picture_overlaps);
    if (s->gaps > 0)
        libav_warn(f, "its sound has %lld gap%s of %.2f s in all, the first at %.2f s: filled with silence",
            (long long)s->gaps, s->gaps == 1 ? "" : "s", s->gap_seconds, d->start + s->first_gap);
    if (s->overlaps > 0)
        libav_warn(f, "its sound overlaps %lld time%s, by %.2f s in all, first at %.2f s: what overlaps was dropped",
            (long long)s->overlaps, s->overlaps == 1 ? "" : "s", s->overlap_seconds, d->start + s->first_overlap);
    if (fabs(s->stretched) > 0.1)
        libav_warn(f, "the time stamps of its sound run %s than its samples: it was stretched by %.2f s in all",
            s->stretched > 0 ? "slower" : "faster", s->stretched);
    double alone = (double)s->mixer.samples_alone / MEDIA_SAMPLE_RATE;
    if (alone > fmax(1.0, 0.05 * (double)s->mixer.samples_heard / MEDIA_SAMPLE_RATE) ||
        (alone > 0 && s->mixer.samples_alone == s->mixer.samples_heard))
        libav_warn(f, "for %.1f s its channels cancel each other (opposite phase): channel %d of %d was taken alone",
            alone, s->mixer.first_alone + 1, s->mixer.channels);
}

/*
 * Until when the header says that a stream lasts, in seconds.  Matroska states the length of the whole file, which
 * libavformat gives as that of its streams too; that of a stream is in a tag that many writers omit: own is false then.
 */
static double stated_end(const libav_file *f, const AVStream *stream, bool *own)
{
    const AVDictionaryEntry *tag = av_dict_get(stream->metadata, "DURATION", NULL, AV_DICT_IGNORE_SUFFIX);
    int64_t microseconds;
    *own = true;
    if (tag && av_parse_time(&microseconds, tag->value, 1) >= 0 && microseconds > 0)
        return fmin((double)microseconds / AV_TIME_BASE, f->info.duration);
    *own = stream->duration > 0 && !strstr(f->format->iformat->name, "matroska");
    return *own ? seconds_of(stream->duration, stream->time_base) : f->info.duration;
}

static void decoder_warn_of_losses(decoder *d)
{
    libav_file *f = d->file;
    const struct {
        const char *name;
        int stream;
        bool wanted;
        int64_t packets, broken;
        double seconds;
    } all[2] = {{"picture", f->picture_stream, d->picture_codec, d->picture_packets, d->picture_broken,
                    d->pictures ? d->held_from + d->held_length : 0},
        {"sound", f->sound_stream, d->sound_codec, d->sound_packets, d->sound_broken,
            sound_converter_seconds(&d->sound) > 0 ? d->start + sound_converter_seconds(&d->sound) : 0}};
    for (int i = 0; i < 2; i++) {
        if (!all[i].wanted)
            continue;
        if (all[i].broken > 0)
            libav_warn(f, "%lld of %lld packets of the %s were broken and skipped", (long long)all[i].broken,
                (long long)all[i].packets, all[i].name);
        if (all[i].seconds <= 0 && d->start == 0)
            libav_warn(f, "nothing of its %s could be decoded; it is left out", all[i].name);
        const AVStream *stream = f->format->streams[all[i].stream];
        bool estimated =
            f->format->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE || f->info.is_still || f->is_streamed;
        if (estimated || isfinite(d->end) || packet_queue_jumped(&d->packets))
            continue;
        bool own;
        double expected = stated_end(f, stream, &own);
        double end = own ? all[i].seconds : fmax(all[0].seconds, all[1].seconds); /* one may end before the other */
        if (all[i].seconds <= 0 || !(end < expected * 0.98 - (own ? 0.25 : 0.5)))
            continue;
        if (!own)
            libav_warn(f, "its %s ends after %.2f s of %.2f s: the file may be cut off", all[i].name, all[i].seconds,
                expected);
        else
            libav_warn(f, "the file is cut off or damaged: its %s should last %.2f s, but ends after %.2f s",
                all[i].name, expected, all[i].seconds);
    }
    f->warnings.broken_packets = d->picture_broken + d->sound_broken;
}

static smac_status decoder_finish(decoder *d, decoded *out, smac_error *error)
{
    size_t known = d->file->warnings.count;
    decoder_warn_of_losses(d);
    decoder_warn_of_times(d);
    subtitle_reader_finish(&d->subtitles);
    *out = (decoded){.kind = DECODED_END};
    bool nothing = d->pictures == 0 && !sound_converter_has_sound(&d->sound);
    nothing = nothing && d->start == 0 && (d->picture_codec || d->sound_codec);
    if (nothing && known > 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: nothing could be decoded (%s): get it again or name another",
            d->file->path, d->file->warnings.items[0]);
    if (nothing)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s: nothing could be decoded (kind %s, %lld broken packets of %lld): get it again or name another",
            d->file->path, d->file->info.container, (long long)d->file->warnings.broken_packets,
            (long long)(d->picture_packets + d->sound_packets));
    return SMAC_OK;
}

smac_status decoder_next(decoder *d, decoded *out, smac_error *error)
{
    for (;;) {
        if (!d->sound_ended || sound_converter_complete(&d->sound))
            if (decoder_give_sound(d, out))
                return SMAC_OK;
        if (d->picture_codec && !d->picture_drained && decoder_receive_frame(d, TIMELINE_PICTURE)) {
            if (decoder_take_picture(d, out))
                return SMAC_OK;
            continue;
        }
        if (d->sound_codec && !d->sound_drained && decoder_receive_frame(d, TIMELINE_SOUND)) {
            if (d->sound_ended)
                av_frame_unref(d->frame);
            else
                TRY(decoder_take_sound(d, error));
            continue;
        }
        if (d->picture_drained && decoder_finish_picture(d, out))
            return SMAC_OK;
        if (d->sound_drained && !d->sound_ended) {
            TRY(sound_converter_finish(&d->sound, error));
            if (decoder_give_sound(d, out))
                return SMAC_OK;
            d->sound_ended = true;
        }
        bool words_alone = d->subtitles.stream >= 0 && !d->picture_codec && !d->sound_codec;
        if (d->picture_ended && d->sound_ended && (!words_alone || d->input_ended))
            return decoder_finish(d, out, error);
        if (d->input_ended) { /* a decoder that needs input now has no more output */
            d->picture_drained = d->sound_drained = true;
            continue;
        }
        TRY(decoder_read_packet(d, error));
    }
}

const char *decoder_name(const decoder *d)
{
    return d->file->path;
}

const media_info *decoder_info(const decoder *d)
{
    return &d->file->info;
}

const media_warnings *decoder_warnings(const decoder *d)
{
    return &d->file->warnings;
}

double decoder_picture_seconds(const decoder *d)
{
    return d->picture_seconds;
}

double decoder_sound_seconds(const decoder *d)
{
    return sound_converter_seconds(&d->sound);
}

const transcript *decoder_subtitles(const decoder *d)
{
    return &d->subtitles.words;
}

void decoder_take_subtitles(decoder *d, transcript *out)
{
    *out = d->subtitles.words;
    d->subtitles.words = (transcript){0};
}
