/* analyze/session_live.c - the public session: pictures, blocks of sound and words as they come. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/listening.h"
#include "analyze/options.h"
#include "analyze/session.h"
#include "base/memory.h"
#include "compute/parallel.h"

#define USUAL_PICTURE 0.04 /* seconds that a single picture is on show */

/* --- around every call -------------------------------------------------------------------------------------------- */

/* Whether the call can be made at all. */
static smac_status session_begin_call(const smac_session *s, const char *call, smac_error *error)
{
    if (!s)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s needs a session", call);
    if (s->failure.code != SMAC_OK)
        return FAIL(error, s->failure.code, "%s", s->failure.message);
    if (s->is_finished)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s came after smac_session_finish: open another session", call);
    return SMAC_OK;
}

/* An error that leaves the session in an unknown state is kept. */
static smac_status session_end_call(smac_session *s, smac_status status, const smac_error *why, smac_error *error)
{
    if (status != SMAC_OK && status != SMAC_ERROR_ARGUMENT) {
        s->failure = *why;
        s->failure.code = status;
    }
    if (status != SMAC_OK && error)
        *error = *why;
    return status;
}

SMAC_API smac_status smac_session_open(
    const smac_model *model, const smac_analyze_options *options, smac_session **out, smac_error *error)
{
    smac_analyze_options mine;
    if (!model || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_session_open needs a model and a place for the session");
    *out = NULL;
    TRY(analyze_options_read(options, &mine, error));
    mine.segments = mine.segments == SMAC_SEGMENTS_AUTO ? SMAC_SEGMENTS_WINDOW : mine.segments;
    TRY(session_new(model, &mine, "session", out, error));
    bool hears = mine.speech && session_reads_words(*out) && !mine.text && !mine.transcript;
    smac_status status = hears ? listening_new(*out, 0, error) : SMAC_OK;
    if (hears && status == SMAC_OK)
        listening_make_live((*out)->listening);
    if (status != SMAC_OK) {
        smac_session_free(*out);
        *out = NULL;
    }
    return status;
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

static void copy_row(const uint8_t *from, int width, smac_pixels pixels, uint8_t *to)
{
    int each = pixels == SMAC_PIXELS_RGBA || pixels == SMAC_PIXELS_BGRA ? 4 : 3;
    int red = pixels == SMAC_PIXELS_BGR || pixels == SMAC_PIXELS_BGRA ? 2 : 0;
    for (int x = 0; x < width; x++, from += each, to += 3) {
        to[0] = from[red];
        to[1] = from[1];
        to[2] = from[2 - red];
    }
}

static smac_status hold_picture(held_picture *h, const smac_picture *p, double time, smac_error *error)
{
    size_t bytes, row = (size_t)p->width * (p->pixels >= SMAC_PIXELS_RGBA ? 4 : 3),
                  stride = p->stride ? p->stride : row;
    if (!checked_multiply((size_t)p->width * 3, (size_t)p->height, &bytes) ||
        !memory_grow((void **)&h->rgb, &h->capacity, bytes, 1))
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for a picture of %d x %d", p->width, p->height);
    for (int y = 0; y < p->height; y++)
        copy_row((const uint8_t *)p->data + (size_t)y * stride, p->width, p->pixels,
            h->rgb + (size_t)y * (size_t)p->width * 3);
    h->width = p->width;
    h->height = p->height;
    h->from = time;
    h->is_shown = true;
    return SMAC_OK;
}

/* The picture that was on show until now. */
static smac_status give_shown(smac_session *s, double until, bool last, smac_error *error)
{
    held_picture *h = &s->shown;
    picture_span span = {h->from, until, last};
    picture shown = {.rgb = h->rgb, .width = h->width, .height = h->height, .stride = (size_t)h->width * 3};
    h->is_shown = false;
    h->length = until - h->from;
    return session_picture(s, session_wants_picture(s, &span) ? &shown : NULL, &span, error);
}

static smac_status check_time(double time, double before, const char *what, smac_error *error)
{
    if (!(time >= 0) || !isfinite(time))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s has the time %g s, give 0 or more", what, time);
    if (time < before)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s at %.3f s came after one at %.3f s: give them in order of time",
            what, time, before);
    return SMAC_OK;
}

static smac_status check_gap(const smac_session *s, double from, double to, const char *what, smac_error *error)
{
    return to - from <= s->options.max_gap ? SMAC_OK
                                           : FAIL(error, SMAC_ERROR_FORMAT,
                                                 "the %s has a gap of %.0f s at %.1f s, more than the limit of %g s "
                                                 "(max_gap)",
                                                 what, to - from, from, s->options.max_gap);
}

static smac_status take_frame(smac_session *s, const smac_picture *picture, double time, smac_error *error)
{
    held_picture *h = &s->shown;
    TRY(check_time(time, fmax(h->from, s->picture_end), "a picture", error));
    if (picture &&
        (!picture->data || picture->width < 1 || picture->height < 1 || picture->width > 1 << 15 ||
            picture->height > 1 << 15 || picture->pixels > SMAC_PIXELS_BGRA))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a picture of %d x %d pixels; expected data of 1 to 32768 each way",
            picture->width, picture->height);
    TRY(check_gap(s, h->is_shown ? h->from : s->picture_end, time, "picture", error));
    if (h->is_shown)
        TRY(give_shown(s, time, false, error));
    return picture ? hold_picture(h, picture, time, error) : SMAC_OK;
}

SMAC_API smac_status smac_session_frame(smac_session *s, const smac_picture *picture, double time, smac_error *error)
{
    smac_error why = {0};
    TRY(session_begin_call(s, "smac_session_frame", error));
    int before = parallel_request(s->options.threads);
    smac_status status = take_frame(s, picture, time, &why);
    parallel_request(before);
    return session_end_call(s, status, &why, error);
}

/* --- sound -------------------------------------------------------------------------------------------------------- */

static smac_status take_pieces(smac_session *s, smac_error *error)
{
    const float *samples;
    size_t count;
    bool hole;
    while (pcm_converter_next(s->pcm, &samples, &count, &hole))
        TRY(session_sound(s, samples, count, hole, error));
    return s->listening ? listening_take(s, error) : SMAC_OK;
}

static smac_status take_sound(smac_session *s, const smac_sound *sound, double time, smac_error *error)
{
    if (!sound || (!sound->data && sound->frames > 0) || sound->samples > SMAC_SAMPLES_INT16)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_session_sound needs samples of a known kind");
    if (sound->channels < 1 || sound->channels > 64 || sound->rate < 1000 || sound->rate > 768000)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "sound of %d channels at %d samples a second; expected 1 to 64 at 1000 to 768000", sound->channels,
            sound->rate);
    if (!isnan(time)) {
        TRY(check_time(time, s->sound_time, "sound", error));
        TRY(check_gap(s, s->sound_end, time, "sound", error));
        s->sound_time = time;
    }
    if (!s->pcm && !(s->pcm = pcm_converter_new()))
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for sound");
    pcm_block block = {.samples = sound->data,
        .frames = sound->frames,
        .channels = sound->channels,
        .rate = sound->rate,
        .is_int16 = sound->samples == SMAC_SAMPLES_INT16};
    TRY(pcm_converter_feed(s->pcm, &block, time, error));
    return take_pieces(s, error);
}

SMAC_API smac_status smac_session_sound(smac_session *s, const smac_sound *sound, double time, smac_error *error)
{
    smac_error why = {0};
    TRY(session_begin_call(s, "smac_session_sound", error));
    int before = parallel_request(s->options.threads);
    smac_status status = take_sound(s, sound, time, &why);
    parallel_request(before);
    return session_end_call(s, status, &why, error);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static smac_status take_words(smac_session *s, const char *text, double start, double end, smac_error *error)
{
    transcript words = {0};
    if (!text || !(start >= 0) || !(end >= start) || !isfinite(end))
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "words from %g to %g s; expected a text and 0 <= start <= end", start, end);
    if (end > s->options.max_seconds)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "words at %g s are beyond the limit of %g s (max_seconds)", end,
            s->options.max_seconds);
    if (s->options.text || s->options.transcript || s->listening)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "the session has its words from elsewhere: give none, or open it without");
    if (session_check_text(text, error) != SMAC_OK)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the words from %.2f s on are not UTF-8", start);
    TRY(transcript_add(&words, start, end, text, strlen(text), error));
    TRY(session_add_words(s, &words, "session", error));
    s->words.until = fmax(s->words.until, end);
    return SMAC_OK;
}

SMAC_API smac_status smac_session_words(smac_session *s, const char *text, double start, double end, smac_error *error)
{
    smac_error why = {0};
    TRY(session_begin_call(s, "smac_session_words", error));
    return session_end_call(s, take_words(s, text, start, end, &why), &why, error);
}

/* --- segments ----------------------------------------------------------------------------------------------------- */

/* Forget what neither a segment to come nor the summary can need. */
static smac_status forget_the_past(smac_session *s, smac_error *error)
{
    double needed = fmin(session_planned_until(s), (double)s->summary.next * s->summary.length);
    clip_track_forget(&s->track, needed);
    return session_retire_words(s, needed, error);
}

static smac_status make_ready(smac_session *s, smac_error *error)
{
    stretch next;
    segment_cursor after = s->next;
    int64_t count;
    s->ready_count = s->given = 0;
    TRY(session_plan(s, &after, &next, 1, &count, error));
    if (count == 0)
        return SMAC_OK;
    TRY(clip_encoder_flush(s->clips, error));
    TRY(session_collect(s, error));
    TRY(session_make_segments(s, s->ready, SEGMENTS_AT_ONCE, &s->ready_count, error));
    TRY(summary_advance(s, error));
    return forget_the_past(s, error);
}

static smac_status take_next(smac_session *s, const smac_segment **segment, smac_error *error)
{
    if (!s->ready && !(s->ready = memory_new(SEGMENTS_AT_ONCE, sizeof *s->ready)))
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for segments");
    if (s->given > 0)
        segment_free(&s->ready[s->given - 1]);
    if (s->given == s->ready_count)
        TRY(make_ready(s, error));
    if (s->given < s->ready_count)
        *segment = &s->ready[s->given++];
    return SMAC_OK;
}

SMAC_API smac_status smac_session_next(smac_session *s, const smac_segment **segment, smac_error *error)
{
    smac_error why = {0};
    if (!segment)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_session_next needs a place for the segment");
    *segment = NULL;
    TRY(session_begin_call(s, "smac_session_next", error));
    int before = parallel_request(s->options.threads);
    smac_status status = take_next(s, segment, &why);
    parallel_request(before);
    return session_end_call(s, status, &why, error);
}

/* Segments that were made and not given go first into the analysis. */
static smac_status keep_ready(smac_session *s, smac_error *error)
{
    smac_analysis *a = s->analysis;
    int64_t left = s->ready_count - s->given;
    if (left <= 0)
        return SMAC_OK;
    a->segments = memory_new((size_t)left, sizeof *a->segments);
    if (!a->segments)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for %lld segments", (long long)left);
    memcpy(a->segments, s->ready + s->given, (size_t)left * sizeof *a->segments);
    a->segment_count = a->segment_capacity = (size_t)left;
    s->ready_count = s->given;
    return SMAC_OK;
}

static smac_status finish(smac_session *s, smac_analysis **out, smac_error *error)
{
    held_picture *h = &s->shown;
    if (h->is_shown)
        TRY(give_shown(s, fmax(h->from + (h->length > 0 ? h->length : USUAL_PICTURE), 0), true, error));
    if (s->pcm) {
        TRY(pcm_converter_finish(s->pcm, error));
        TRY(take_pieces(s, error));
    }
    TRY(keep_ready(s, error));
    return session_finish(s, NAN, out, error);
}

SMAC_API smac_status smac_session_finish(smac_session *s, smac_analysis **out, smac_error *error)
{
    smac_error why = {0};
    if (!out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_session_finish needs a place for the analysis");
    *out = NULL;
    TRY(session_begin_call(s, "smac_session_finish", error));
    int before = parallel_request(s->options.threads);
    smac_status status = finish(s, out, &why);
    parallel_request(before);
    return session_end_call(s, status, &why, error);
}
