/* pipeline/frame_pairs.c - a frame and the one after it. */
#include "pipeline/frame_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool frame_pairs_new(frame_pairs *p, const clip_timing *timing, frame_pairs_form form)
{
    *p = (frame_pairs){.timing = *timing,
        .pictures = form.pictures,
        .crops = form.crops,
        .bytes = form.bytes,
        .frame = -1,
        .given = -1};
    p->held = memory_new((size_t)form.crops, form.bytes);
    p->pair = memory_new((size_t)form.crops, 2 * form.bytes);
    return p->held && p->pair;
}

void frame_pairs_free(frame_pairs *p)
{
    free(p->held);
    free(p->pair);
    p->held = p->pair = NULL;
}

static void frame_pairs_join(frame_pairs *p, const uint8_t *first, const uint8_t *second)
{
    for (int64_t c = 0; c < p->crops; c++) {
        uint8_t *pair = p->pair + (size_t)(2 * c) * p->bytes;
        memcpy(pair, first + (size_t)c * p->bytes, p->bytes);
        memcpy(pair + p->bytes, second + (size_t)c * p->bytes, p->bytes);
    }
}

static void frame_pairs_hold(frame_pairs *p, int64_t index, const void *frame, bool is_paired)
{
    memcpy(p->held, frame, (size_t)p->crops * p->bytes);
    p->frame = index;
    p->is_paired = is_paired;
}

/* A clip of one picture: its first frame, or the second where there is no first. */
static bool frame_pairs_add_single(frame_pairs *p, int64_t index, const void *frame, int64_t *clip)
{
    *clip = index / p->timing.step;
    if (index % p->timing.step > 1 || *clip == p->given)
        return false;
    memcpy(p->pair, frame, (size_t)p->crops * p->bytes);
    p->given = *clip;
    return true;
}

bool frame_pairs_add(frame_pairs *p, int64_t index, const void *frame, int64_t *clip)
{
    int64_t step = p->timing.step, place = index % step;
    if (p->pictures == 1)
        return frame_pairs_add_single(p, index, frame, clip);
    bool follows = p->frame >= 0 && index == p->frame + 1;
    if (step == 1) { /* every frame begins a clip and ends the one before */
        if (follows) {
            frame_pairs_join(p, p->held, frame);
            *clip = p->frame;
        }
        frame_pairs_hold(p, index, frame, follows);
        return follows;
    }
    *clip = index / step;
    if (place == 0)
        frame_pairs_hold(p, index, frame, false);
    if (place != 1)
        return false;
    frame_pairs_join(p, follows ? p->held : frame, frame); /* a picture that begins late has the second frame alone */
    p->frame = -1;
    return true;
}

bool frame_pairs_pass(frame_pairs *p, int64_t index, int64_t *clip)
{
    if (p->frame < 0 || index <= p->frame + 1)
        return false;
    bool alone = !p->is_paired;
    *clip = p->frame / p->timing.step;
    if (alone)
        frame_pairs_join(p, p->held, p->held);
    p->frame = -1;
    return alone;
}

int64_t frame_pairs_reached(const frame_pairs *p, int64_t index)
{
    int64_t first, last;
    if (p->frame >= 0)
        return p->frame / p->timing.step;
    clips_of_frame(&p->timing, index, &first, &last);
    if (p->pictures == 1)
        return p->timing.step == 1 ? last : first > p->given ? first : p->given + 1;
    return p->timing.step == 1 ? last : first;
}
