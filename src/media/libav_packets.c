/* media/libav_packets.c - reading packets, and reading ahead to judge suspicious time stamps. */
#include "media/libav_packets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { READ_ERRORS_MAX = 64 }; /* consecutive errors, after which reading ends */
enum { LOOK_AHEAD_PACKETS = 8192, LOOK_AHEAD_BYTES = 32 << 20 };

void packet_queue_init(packet_queue *q, libav_file *file, const int streams[TIMELINE_TRACKS], double start, double end)
{
    const AVFormatContext *format = file->format;
    const media_info *info = &file->info;
    *q = (packet_queue){.file = file};
    timeline *t = &q->timeline;
    bool is_stated = info->duration > 0 && format->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
    t->clock_may_jump = libav_clock_may_jump(format);
    t->begin = file->start_time + start;
    t->end = file->start_time + end;
    t->stated_end = is_stated && !t->clock_may_jump ? fmin(info->start, file->start_time) + info->duration : INFINITY;
    t->widest_gap = libav_widest_gap(file);
    t->latest = t->begin + libav_longest(file);
    for (int i = 0; i < TIMELINE_TRACKS; i++) {
        q->streams[i] = streams[i];
        t->tracks[i].is_read = streams[i] >= 0;
    }
}

void packet_queue_free(packet_queue *q)
{
    for (size_t i = 0; i < q->count; i++)
        av_packet_free(&q->waiting[(q->first + i) % q->capacity]);
    free(q->waiting);
    free(q->stamps);
    *q = (packet_queue){0};
}

static int track_of(const packet_queue *q, int stream)
{
    for (int i = 0; i < TIMELINE_TRACKS; i++)
        if (q->streams[i] == stream)
            return i;
    return PACKETS_OTHER;
}

static timeline_packet packet_stamp(const packet_queue *q, const AVPacket *packet, int track)
{
    double base = av_q2d(q->file->format->streams[packet->stream_index]->time_base);
    /* Pictures are stored in decoding order, so only their decoding times increase. */
    int64_t stamp = packet->dts;
    if (track == TIMELINE_SOUND && packet->pts != AV_NOPTS_VALUE)
        stamp = packet->pts;
    double length = packet->duration > 0 ? (double)packet->duration * base : 0;
    double time = stamp == AV_NOPTS_VALUE ? NAN : (double)stamp * base;
    return (timeline_packet){.track = track == TIMELINE_SOUND ? TIMELINE_SOUND : TIMELINE_PICTURE,
        .time = time,
        .shown = packet->pts == AV_NOPTS_VALUE ? time : (double)packet->pts * base,
        .length = length < 3600 ? length : 0};
}

/* --- the ring ------------------------------------------------------------------------------------------------------ */

static bool ring_grow(packet_queue *q)
{
    size_t larger = q->capacity ? 2 * q->capacity : 16;
    AVPacket **waiting = memory_new(larger, sizeof *waiting);
    if (!waiting)
        return false;
    for (size_t i = 0; i < q->count; i++)
        waiting[i] = q->waiting[(q->first + i) % q->capacity];
    free(q->waiting);
    q->waiting = waiting;
    q->first = 0;
    q->capacity = larger;
    return true;
}

/* Append one packet to the ring, or set ended. */
static smac_status ring_read(packet_queue *q, smac_error *error)
{
    libav_file *f = q->file;
    AVPacket *packet = av_packet_alloc();
    if (!packet || (q->count == q->capacity && !ring_grow(q))) {
        av_packet_free(&packet);
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for decoding %s", f->path);
    }
    for (;;) {
        int code = libav_interrupted(f) ? AVERROR_EXIT : av_read_frame(f->format, packet);
        if (code >= 0)
            break;
        bool finished = code == AVERROR_EOF || ++q->read_errors >= READ_ERRORS_MAX;
        if (!finished && !f->interrupted && !f->read_failed && code != AVERROR(ENOMEM)) {
            if (code != AVERROR(EAGAIN))
                libav_warn(f, "the file is damaged: parts of it could not be read");
            continue;
        }
        av_packet_free(&packet);
        if (f->interrupted)
            return libav_stopped(f, error);
        if (f->read_failed)
            return libav_unreadable(f, error);
        if (code == AVERROR(ENOMEM))
            return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for decoding %s", f->path);
        if (code != AVERROR_EOF)
            libav_warn(f, "the file is damaged: parts of it could not be read");
        q->ended = true;
        return SMAC_OK;
    }
    q->read_errors = 0;
    q->waiting[(q->first + q->count) % q->capacity] = packet;
    q->count++;
    q->bytes += (size_t)packet->size;
    return SMAC_OK;
}

/* --- placing ------------------------------------------------------------------------------------------------------- */

static smac_status above_limit(
    const packet_queue *q, timeline_verdict verdict, const timeline_place *place, int track, smac_error *error)
{
    static const char *const names[] = {"picture", "sound"};
    const timeline_state *s = &q->timeline.tracks[track];
    const libav_file *f = q->file;
    if (verdict == TIMELINE_TOO_LONG)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s: its %s goes on after %.0f s, expected at most %.0f s: read it in parts, or raise the limit of the "
            "duration",
            f->path, names[track], place->jump, libav_longest(f));
    double at = (s->begun ? s->next + s->offset : q->timeline.begin) - f->start_time;
    return FAIL(error, SMAC_ERROR_FORMAT,
        "%s: its %s has a gap of %.0f s after %.2f s, expected at most %.0f s: cut the recording there, or raise the "
        "limit of gaps",
        f->path, names[track], place->jump, at, libav_widest_gap(f));
}

static void packet_shift(AVPacket *packet, AVRational base, const timeline_place *place)
{
    if (place->ignore_stamp) {
        packet->pts = packet->dts = AV_NOPTS_VALUE;
        return;
    }
    int64_t shift = place->offset != 0 ? llround(place->offset / av_q2d(base)) : 0;
    if (packet->pts != AV_NOPTS_VALUE)
        packet->pts += shift;
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts += shift;
}

static void note_correction(packet_queue *q, int track, const timeline_place *place)
{
    q->ignored[track] = q->ignored[track] || place->ignore_stamp;
    if (!place->jumped)
        return;
    const timeline_state *s = &q->timeline.tracks[track];
    if (q->jumps == 0) {
        q->jump_time = fmax(0, s->next + s->offset - q->file->start_time);
        q->jump_step = place->jump;
        q->jump_track = track;
    }
    q->jumps++;
    q->jumps_of_both += place->both;
}

/* Correct the first packet of the ring, reading ahead as needed. */
static smac_status place_first(packet_queue *q, int track, smac_error *error)
{
    AVPacket *packet = q->waiting[q->first];
    timeline_place place;
    timeline_packet one = packet_stamp(q, packet, track);
    timeline_verdict verdict = timeline_next(&q->timeline, &one, 1, false, &place);
    size_t wanted = 16;
    while (verdict == TIMELINE_LOOK_AHEAD) {
        while (!q->ended && q->count < wanted && q->bytes < LOOK_AHEAD_BYTES)
            TRY(ring_read(q, error));
        bool all = q->ended || q->count >= LOOK_AHEAD_PACKETS || q->bytes >= LOOK_AHEAD_BYTES;
        timeline_packet *stamps = memory_resize(q->stamps, q->count, sizeof *stamps);
        if (!stamps)
            return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for decoding %s", q->file->path);
        q->stamps = stamps;
        size_t used = 0;
        for (size_t i = 0; i < q->count; i++) {
            const AVPacket *ahead = q->waiting[(q->first + i) % q->capacity];
            int its_track = track_of(q, ahead->stream_index);
            if (its_track != PACKETS_OTHER)
                stamps[used++] = packet_stamp(q, ahead, its_track);
        }
        verdict = timeline_next(&q->timeline, stamps, used, all, &place);
        wanted = 2 * q->count;
    }
    if (verdict != TIMELINE_PLACED)
        return above_limit(q, verdict, &place, track, error);
    packet_shift(packet, q->file->format->streams[packet->stream_index]->time_base, &place);
    note_correction(q, track, &place);
    return SMAC_OK;
}

smac_status packet_queue_next(packet_queue *q, AVPacket *out, int *track, bool *ended, smac_error *error)
{
    if (libav_interrupted(q->file))
        return libav_stopped(q->file, error);
    if (q->count == 0 && !q->ended)
        TRY(ring_read(q, error));
    *ended = q->count == 0;
    if (*ended)
        return SMAC_OK;
    *track = track_of(q, q->waiting[q->first]->stream_index);
    if (*track != PACKETS_OTHER)
        TRY(place_first(q, *track, error));
    AVPacket *packet = q->waiting[q->first];
    if (*track == PACKETS_OTHER) { /* subtitles move with the others */
        const timeline_state *sound = &q->timeline.tracks[TIMELINE_SOUND];
        timeline_place place = {.offset = (sound->begun ? sound : &q->timeline.tracks[TIMELINE_PICTURE])->offset};
        packet_shift(packet, q->file->format->streams[packet->stream_index]->time_base, &place);
    }
    q->first = (q->first + 1) % q->capacity;
    q->count--;
    q->bytes -= (size_t)packet->size;
    av_packet_move_ref(out, packet);
    av_packet_free(&packet);
    return SMAC_OK;
}

bool packet_queue_jumped(const packet_queue *q)
{
    return q->jumps > 0;
}

void packet_queue_warn(packet_queue *q)
{
    static const char *const names[] = {"picture", "sound"};
    for (int i = 0; i < TIMELINE_TRACKS; i++)
        if (q->ignored[i])
            libav_warn(q->file, "single time stamps of the %s are wrong and were ignored", names[i]);
    if (q->jumps == 0)
        return;
    const char *what = q->jumps_of_both > 0 ? "picture and sound" : names[q->jump_track];
    if (q->jumps == 1)
        libav_warn(q->file, "the time stamps of the %s jump by %.2f s at %.2f s: what follows was joined without a gap",
            what, q->jump_step, q->jump_time);
    else
        libav_warn(q->file,
            "the time stamps of the %s jump %lld times, first by %.2f s at %.2f s: what follows was joined without a gap",
            what, (long long)q->jumps, q->jump_step, q->jump_time);
}
