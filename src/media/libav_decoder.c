/*
 * media/libav_decoder.c - the decode loop: packets in, pictures with their span and mono sound out.
 *
 * A picture is given when the next one shows how long it was on show, so one decoded picture is always held back.
 * Broken packets are counted and passed over.  Conversion to RGB happens only for pictures that are asked for.
 */
#include "media/decoder.h"

#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "media/libav_file.h"
#include "media/libav_picture.h"
#include "media/libav_sound.h"
#include "media/libav_subtitles.h"

#define READ_ERRORS_MAX 64 /* in a row: then the rest of the file is given up */

#define RUN_UP_SECONDS 0.1

struct decoder {
    libav_file *file;
    double start, end; /* of the part read, in our time; end may be INFINITY */
    AVPacket *packet;
    AVFrame *frame;
    bool input_ended;
    int read_errors;
    /* picture */
    AVCodecContext *picture_codec;
    AVFrame *held, *current;
    bool has_held, picture_drained, picture_ended;
    double held_from, held_length, picture_offset, picture_seconds;
    bool has_time;
    int64_t picture_packets, picture_broken, pictures;
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

static void seek_to_start(decoder *d)
{
    /* Only containers with an index land exactly; the others are decoded from their beginning. */
    static const char *const indexed[] = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "wav", "flac"};
    bool has_index = false;
    for (size_t i = 0; i < sizeof indexed / sizeof indexed[0]; i++)
        has_index = has_index || strcmp(d->file->info.container, indexed[i]) == 0;
    /* A second earlier, so that sound decoders have warmed up when the part begins; more for words that began before. */
    double earlier = d->subtitles.stream >= 0 ? 10.0 : 1.0;
    bool words_alone = d->subtitles.stream >= 0 && !d->picture_codec && !d->sound_codec;
    if (!has_index || words_alone || d->start < earlier + 1.0)
        return;
    int64_t target = (int64_t)((d->start - earlier + d->file->start_time) * AV_TIME_BASE);
    avformat_seek_file(d->file->format, -1, INT64_MIN, target, target, 0);
}

static smac_status open_all(decoder *d, smac_error *error)
{
    libav_file *f = d->file;
    const media_options *o = &f->options;
    if (!(o->start >= 0) || !(o->end >= 0) || (o->end > 0 && o->end <= o->start) || o->start > 1e9)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%s: the part from %g to %g seconds was asked for, expected 0 <= start < end", f->path, o->start, o->end);
    d->start = o->start;
    d->end = o->end > 0 ? o->end : INFINITY;
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
        TRY(subtitle_reader_open(&d->subtitles, f, error));
    bool wanted = !o->skip_picture || !o->skip_sound;
    if (wanted && !d->picture_codec && !d->sound_codec && d->subtitles.stream < 0 && f->warnings.count > 0)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "%s cannot be decoded (%s): convert it, for example with ffmpeg",
            f->path, f->warnings.items[0]);
    d->picture_drained = d->picture_ended = !d->picture_codec;
    d->sound_drained = d->sound_ended = !d->sound_codec;
    sound_converter_init(&d->sound, d->start, d->end, f->info.duration);
    for (unsigned i = 0; i < f->format->nb_streams; i++)
        if (!((int)i == f->picture_stream && d->picture_codec) && !((int)i == f->sound_stream && d->sound_codec) &&
            (int)i != d->subtitles.stream)
            f->format->streams[i]->discard = AVDISCARD_ALL;
    seek_to_start(d);
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
        status = open_all(d, error);
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
 * A stream that begins a moment after the file does so by its codec's or container's run-up (AAC in Matroska puts the
 * picture 0.05 s late), not by intent: it is taken to begin with the file.  So taking the sound out of a file does not
 * move the times at which its picture is sampled.
 */
static double run_up(const decoder *d, int stream)
{
    const AVStream *s = d->file->format->streams[stream];
    double lead = s->start_time == AV_NOPTS_VALUE ? 0 : seconds_of(s->start_time, s->time_base) - d->file->start_time;
    return lead > 0 && lead <= RUN_UP_SECONDS ? lead : 0;
}

/* The time of d->frame from the start of the file; repairs missing, backward and absurd timestamps. */
static double picture_time(decoder *d)
{
    AVRational base = d->file->format->streams[d->file->picture_stream]->time_base;
    double expected = d->has_time ? d->held_from + d->held_length : 0;
    int64_t stamp = d->frame->best_effort_timestamp;
    if (stamp == AV_NOPTS_VALUE)
        return expected;
    double time =
        seconds_of(stamp, base) - d->file->start_time - run_up(d, d->file->picture_stream) + d->picture_offset;
    if (!d->has_time)
        return time;
    double jump = time - expected;
    double length = d->file->info.duration;
    bool beyond = length > 0 ? jump > 1 && time > length + 1 : jump > 60;
    if (jump < -1 || beyond) {
        libav_warn(d->file, "the timestamps of the picture jump; it is taken as going on");
        d->picture_offset -= jump;
        time = expected;
    }
    return fmax(time, d->held_from);
}

static double picture_length(const decoder *d)
{
    const AVStream *stream = d->file->format->streams[d->file->picture_stream];
    double length = d->frame->pkt_duration > 0 ? seconds_of(d->frame->pkt_duration, stream->time_base) : 0;
    if (!(length > 0 && length < 3600))
        length = d->file->info.frame_rate > 0.01 ? 1.0 / d->file->info.frame_rate : 0.04;
    return length;
}

static void give_picture(decoder *d, double until, bool last, decoded *out)
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
static bool take_picture(decoder *d, decoded *out)
{
    if (d->picture_ended) {
        av_frame_unref(d->frame);
        return false;
    }
    if (d->frame->flags & AV_FRAME_FLAG_CORRUPT || d->frame->decode_error_flags)
        d->picture_broken++;
    d->pictures++;
    double time = picture_time(d), length = picture_length(d);
    bool given = false;
    /* A picture whose span ends before the part begins is dropped, as is all that begins behind its end. */
    if (d->has_held && time > d->start) {
        give_picture(d, time, time >= d->end, out);
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

/* No picture will come any more: the one held back is the last. */
static bool finish_picture(decoder *d, decoded *out)
{
    if (d->picture_ended)
        return false;
    d->picture_ended = true;
    if (!d->has_held || d->held_from + d->held_length <= d->start)
        return false;
    give_picture(d, d->held_from + d->held_length, true, out);
    return true;
}

smac_status decoder_picture(decoder *d, picture *out, smac_error *error)
{
    if (!d->current->data[0])
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s: no picture is at hand", d->file->path);
    return picture_converter_run(&d->converter, d->current, d->file->orientation, d->file->path, out, error);
}

/* --- sound ------------------------------------------------------------------------------------------------------- */

static bool give_sound(decoder *d, decoded *out)
{
    const float *samples;
    size_t count;
    int64_t first;
    if (!sound_converter_next(&d->sound, &samples, &count, &first))
        return false;
    *out = (decoded){
        .kind = DECODED_SOUND, .samples = samples, .count = count, .first = first, .hole = d->sound.gave_silence};
    return true;
}

static smac_status take_sound(decoder *d, smac_error *error)
{
    if (d->frame->flags & AV_FRAME_FLAG_CORRUPT || d->frame->decode_error_flags)
        d->sound_broken++;
    AVRational base = d->file->format->streams[d->file->sound_stream]->time_base;
    int64_t stamp = d->frame->best_effort_timestamp;
    double time = stamp == AV_NOPTS_VALUE
        ? NAN
        : seconds_of(stamp, base) - d->file->start_time - run_up(d, d->file->sound_stream);
    const char *warning = NULL;
    smac_status status = sound_converter_feed(&d->sound, d->frame, time, &warning, error);
    av_frame_unref(d->frame);
    if (warning)
        libav_warn(d->file, "%s", warning);
    if (status == SMAC_ERROR_UNSUPPORTED) { /* the picture may still do */
        libav_warn(d->file, "its sound is left out: %s", error ? error->message : "its form is not supported");
        d->sound_ended = true;
        return SMAC_OK;
    }
    if (sound_converter_complete(&d->sound))
        d->sound_ended = true;
    return status;
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

/* Fetch one frame of one decoder.  1: d->frame is filled; 0: it wants input, or has ended. */
static int receive(decoder *d, AVCodecContext *codec, bool *drained, int64_t *broken)
{
    for (int tries = 0; !*drained && tries < READ_ERRORS_MAX; tries++) {
        int code = avcodec_receive_frame(codec, d->frame);
        if (code == 0)
            return 1;
        if (code == AVERROR(EAGAIN))
            return 0;
        if (code == AVERROR_EOF) {
            *drained = true;
            return 0;
        }
        ++*broken;
        if (d->input_ended && tries + 1 == READ_ERRORS_MAX)
            *drained = true;
    }
    return 0;
}

static void end_input(decoder *d)
{
    d->input_ended = true;
    if (d->picture_codec)
        avcodec_send_packet(d->picture_codec, NULL);
    if (d->sound_codec)
        avcodec_send_packet(d->sound_codec, NULL);
}

static smac_status read_packet(decoder *d, smac_error *error)
{
    libav_file *f = d->file;
    if (libav_interrupted(f))
        return libav_stopped(f, error);
    int code = av_read_frame(f->format, d->packet);
    if (f->interrupted)
        return libav_stopped(f, error);
    if (code < 0) {
        if (f->read_failed)
            return libav_unreadable(f, error);
        if (code == AVERROR(ENOMEM))
            return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for decoding %s", f->path);
        bool finished = code == AVERROR_EOF || ++d->read_errors >= READ_ERRORS_MAX;
        if (code != AVERROR_EOF && code != AVERROR(EAGAIN))
            libav_warn(f, "the file is damaged: parts of it could not be read");
        if (finished)
            end_input(d);
        return SMAC_OK;
    }
    d->read_errors = 0;
    bool picture = d->packet->stream_index == f->picture_stream && d->picture_codec;
    bool sound = d->packet->stream_index == f->sound_stream && d->sound_codec;
    if ((picture && !d->picture_ended) || (sound && !d->sound_ended)) {
        if (d->packet->flags & AV_PKT_FLAG_CORRUPT)
            ++*(picture ? &d->picture_broken : &d->sound_broken);
        ++*(picture ? &d->picture_packets : &d->sound_packets);
        code = avcodec_send_packet(picture ? d->picture_codec : d->sound_codec, d->packet);
        if (code < 0 && code != AVERROR(EAGAIN) && code != AVERROR_EOF)
            ++*(picture ? &d->picture_broken : &d->sound_broken);
    }
    smac_status status = SMAC_OK;
    if (d->packet->stream_index == d->subtitles.stream)
        status = subtitle_reader_take(&d->subtitles, d->packet, error);
    av_packet_unref(d->packet);
    return status;
}

static void warn_of_losses(decoder *d)
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
            libav_warn(f, "%lld of %lld packets of the %s were broken and passed over", (long long)all[i].broken,
                (long long)all[i].packets, all[i].name);
        if (all[i].seconds <= 0 && d->start == 0)
            libav_warn(f, "nothing of its %s could be decoded; it is left out", all[i].name);
        const AVStream *stream = f->format->streams[all[i].stream];
        bool estimated = f->format->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE || f->info.is_still;
        if (estimated || isfinite(d->end))
            continue;
        bool own = stream->duration > 0; /* Matroska tells the length of the whole file alone */
        double expected = own ? seconds_of(stream->duration, stream->time_base) : f->info.duration;
        if (all[i].seconds <= 0 || !(all[i].seconds < expected * 0.98 - 0.5))
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

static smac_status finish_all(decoder *d, decoded *out, smac_error *error)
{
    size_t known = d->file->warnings.count;
    warn_of_losses(d);
    transcript_sort(&d->subtitles.words);
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
            if (give_sound(d, out))
                return SMAC_OK;
        if (d->picture_codec && !d->picture_drained &&
            receive(d, d->picture_codec, &d->picture_drained, &d->picture_broken)) {
            if (take_picture(d, out))
                return SMAC_OK;
            continue;
        }
        if (d->sound_codec && !d->sound_drained && receive(d, d->sound_codec, &d->sound_drained, &d->sound_broken)) {
            if (d->sound_ended)
                av_frame_unref(d->frame);
            else
                TRY(take_sound(d, error));
            continue;
        }
        if (d->picture_drained && finish_picture(d, out))
            return SMAC_OK;
        if (d->sound_drained && !d->sound_ended) {
            TRY(sound_converter_finish(&d->sound, error));
            if (give_sound(d, out))
                return SMAC_OK;
            d->sound_ended = true;
        }
        bool words_alone = d->subtitles.stream >= 0 && !d->picture_codec && !d->sound_codec;
        if (d->picture_ended && d->sound_ended && (!words_alone || d->input_ended))
            return finish_all(d, out, error);
        if (d->input_ended) { /* a decoder that wants input after the end has nothing more */
            d->picture_drained = d->sound_drained = true;
            continue;
        }
        TRY(read_packet(d, error));
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
