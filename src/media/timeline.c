/* media/timeline.c - gaps, jumps and overlaps of time stamps. */
#include "media/timeline.h"

#include <math.h>

static const double BACK = 0.1;     /* seconds; smaller steps backwards are rounding or reordering */
static const double FORWARD = 0.5;  /* larger steps forward are suspicious */
static const double JUMP = 10.0;    /* a step of one track by more than this cannot be an overlap, or, where clocks
                                        jump, a gap.  ffmpeg's -dts_delta_threshold */
static const double MARGIN = 1.0;   /* tolerance of stated lengths and of the jumps of the two tracks */
static const double PATIENCE = 2.0; /* seconds of the other track to read ahead */

/* What the following packets say about the step of packets[0] by `step` seconds. */
typedef struct outlook {
    bool is_single;   /* the next packet continues the old clock */
    bool is_passed;   /* the other track fills the gap */
    bool other_jumps; /* at other_time, by about the same amount */
    bool other_exists;
    bool is_enough;
    double other_time, other_shown;
    double other_next, other_end; /* the other track's stamps where it jumps */
} outlook;

static double other_share(double step)
{
    double size = fabs(step);
    return fmin(fmax(MARGIN, 0.1 * size), 0.5 * size);
}

static outlook timeline_look_ahead(const timeline *t, const timeline_packet *packets, size_t count, double step)
{
    timeline_track track = packets[0].track;
    const timeline_state *mine = &t->tracks[track], *other = &t->tracks[TIMELINE_TRACKS - 1 - track];
    double middle = mine->next + mine->offset + step / 2, began = other->next;
    outlook o = {.other_next = other->next, .other_end = other->end, .other_exists = other->begun};
    bool has_mine = false, has_other = false;
    double reached = 0; /* seconds of the same track after the step */
    o.is_passed = step > 0 && other->begun && other->next + other->offset >= middle;
    for (size_t i = 1; i < count && !(has_mine && (o.other_jumps || o.is_passed)); i++) {
        const timeline_packet *p = &packets[i];
        if (isnan(p->time))
            continue;
        if (p->track == track) {
            if (!has_mine)
                o.is_single = fabs(p->time - (mine->next + packets[0].length)) <
                    fabs(p->time - (packets[0].time + packets[0].length));
            has_mine = true;
            reached = fmax(reached, p->time - packets[0].time);
            continue;
        }
        o.other_exists = has_other = true;
        double difference = other->begun ? p->time - o.other_next - step : INFINITY;
        if (!o.other_jumps && fabs(difference) <= other_share(step)) {
            o.other_jumps = true;
            o.other_time = p->time;
            o.other_shown = p->shown;
        } else if (!o.other_jumps) {
            o.other_next = p->time + (p->length > 0 ? p->length : other->usual);
            o.other_end = fmax(o.other_end, p->shown + o.other_next - p->time);
            o.is_passed = o.is_passed || (step > 0 && o.other_next + other->offset >= middle);
        }
    }
    if (other->begun && !has_other) /* it may have ended earlier */
        o.other_exists = other->next + other->offset > mine->next + mine->offset - JUMP;
    bool absent = !other->is_read || (!has_other && reached > 2 * PATIENCE);
    o.is_enough =
        has_mine && (absent || o.other_jumps || o.is_passed || (has_other && o.other_next - began > PATIENCE));
    return o;
}

static timeline_verdict timeline_accept(timeline *t, const timeline_packet *p, timeline_place *out)
{
    timeline_state *s = &t->tracks[p->track];
    out->offset = s->offset;
    if (!s->begun) {
        s->begun = true;
        s->first = s->last = s->next = p->time;
        s->end = p->shown;
    }
    double distance = p->time - s->last;
    if (distance > 0 && distance <= MARGIN)
        s->usual = distance;
    s->last = p->time;
    s->next = p->time + (p->length > 0 ? p->length : s->usual);
    s->end = fmax(s->end, p->shown + s->next - p->time);
    if (p->time + s->offset > t->latest && t->latest < t->end) {
        out->jump = p->time + s->offset - t->begin;
        return TIMELINE_TOO_LONG;
    }
    return TIMELINE_PLACED;
}

/* Join the packet to the one before, by a new offset of its track, or of both when the other jumps as well. */
static timeline_verdict timeline_close_jump(
    timeline *t, const timeline_packet *p, double step, const outlook *o, timeline_place *out)
{
    timeline_state *mine = &t->tracks[p->track], *other = &t->tracks[TIMELINE_TRACKS - 1 - p->track];
    out->jumped = true;
    out->jump = step;
    out->both = o->other_jumps;
    double my_end = mine->end + mine->offset;
    mine->end = p->shown;
    if (!o->other_jumps) {
        mine->offset -= step;
        return timeline_accept(t, p, out);
    }
    /* The new part begins where the longer track of the old part ended. */
    double offset = fmax(my_end, o->other_end + other->offset) - fmin(p->shown, o->other_shown);
    mine->offset = offset;
    other->is_armed = true;
    other->armed_time = o->other_time;
    other->armed_offset = offset;
    return timeline_accept(t, p, out);
}

static timeline_verdict timeline_ignore_stamp(timeline *t, const timeline_packet *p, timeline_place *out)
{
    timeline_state *s = &t->tracks[p->track];
    out->offset = s->offset;
    out->ignore_stamp = true;
    s->next += p->length;
    return TIMELINE_PLACED;
}

static timeline_verdict timeline_keep_gap(timeline *t, const timeline_packet *p, double gap, timeline_place *out)
{
    const timeline_state *s = &t->tracks[p->track];
    out->jump = gap;
    double within = fmin(gap, t->end - (p->time + s->offset - gap)); /* the share inside the part that is read */
    return within > t->widest_gap ? TIMELINE_GAP_TOO_WIDE : timeline_accept(t, p, out);
}

static timeline_verdict timeline_step_forward(
    timeline *t, const timeline_packet *p, double step, const outlook *o, timeline_place *out)
{
    double time = p->time + t->tracks[p->track].offset;
    if (o->is_passed)
        return timeline_keep_gap(t, p, step, out);
    if (o->is_single)
        return timeline_ignore_stamp(t, p, out);
    if ((t->clock_may_jump && step > JUMP) || (!t->clock_may_jump && time > t->stated_end + MARGIN))
        return timeline_close_jump(t, p, step, o, out);
    return timeline_keep_gap(t, p, step, out);
}

static timeline_verdict timeline_step_back(
    timeline *t, const timeline_packet *p, double step, const outlook *o, timeline_place *out)
{
    const timeline_state *s = &t->tracks[p->track];
    bool restarts = fabs(p->time - s->first) <= MARGIN && s->next - s->first > 2 * MARGIN;
    bool alone = !o->other_exists && (t->clock_may_jump || restarts);
    if (o->is_single)
        return timeline_ignore_stamp(t, p, out);
    if (o->other_jumps || alone || step < -JUMP)
        return timeline_close_jump(t, p, step, o, out);
    return timeline_accept(t, p, out); /* an overlap */
}

static timeline_verdict timeline_begin_track(timeline *t, const timeline_packet *p, timeline_place *out)
{
    timeline_state *mine = &t->tracks[p->track];
    const timeline_state *other = &t->tracks[TIMELINE_TRACKS - 1 - p->track];
    mine->offset = other->begun ? other->offset : 0;
    double late = p->time + mine->offset - t->begin;
    if (late > JUMP && p->time + mine->offset > t->stated_end + MARGIN) {
        out->jumped = true;
        out->jump = late;
        mine->offset -= late;
        late = 0;
    }
    return timeline_keep_gap(t, p, late, out);
}

timeline_verdict timeline_next(timeline *t, const timeline_packet *packets, size_t count, bool all, timeline_place *out)
{
    const timeline_packet *p = &packets[0];
    timeline_state *s = &t->tracks[p->track];
    *out = (timeline_place){.offset = s->offset};
    if (isnan(p->time)) {
        s->next += s->begun ? p->length : 0;
        return TIMELINE_PLACED;
    }
    if (!s->begun)
        return timeline_begin_track(t, p, out);
    if (s->is_armed && p->time == s->armed_time) {
        s->is_armed = false;
        s->end = p->shown;
        s->offset = s->armed_offset;
        return timeline_accept(t, p, out);
    }
    double step = p->time - s->next;
    if (step >= -BACK && step <= FORWARD)
        return timeline_accept(t, p, out);
    outlook o = timeline_look_ahead(t, packets, count, step);
    if (!o.is_passed && !o.is_enough && !all)
        return TIMELINE_LOOK_AHEAD;
    return step > 0 ? timeline_step_forward(t, p, step, &o, out) : timeline_step_back(t, p, step, &o, out);
}
