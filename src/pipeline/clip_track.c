/* pipeline/clip_track.c - vectors by time. */
#include "pipeline/clip_track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define ROUNDING 1e-9 /* seconds: windows and clips that meet exactly do so in decimal numbers */

void clip_track_clear(clip_track *t)
{
    for (int m = 0; m < MODALITIES; m++) {
        free(t->lanes[m].index);
        free(t->lanes[m].vectors);
        t->lanes[m] = (track_lane){0};
    }
}

smac_status clip_track_add(clip_track *t, const clip *c, smac_error *error)
{
    track_lane *l = &t->lanes[c->modality];
    size_t each = (size_t)(c->crops * c->width), needed;
    l->crops = c->crops;
    l->width = c->width;
    if (!checked_multiply((size_t)l->count + 1, each, &needed) ||
        !memory_grow((void **)&l->vectors, &l->vector_capacity, needed, sizeof *l->vectors) ||
        !memory_grow((void **)&l->index, &l->index_capacity, (size_t)l->count + 1, sizeof *l->index))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the vectors of clip %lld", (long long)c->index);
    memcpy(l->vectors + needed - each, c->vectors, each * sizeof *l->vectors);
    l->index[l->count++] = c->index;
    return SMAC_OK;
}

/* The first clip of the lane whose middle is not before time; count when there is none. */
static int64_t lane_first_at(const clip_track *t, const track_lane *l, double time)
{
    int64_t low = 0, high = l->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (clip_middle(&t->timing, l->index[middle]) < time - ROUNDING)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The clips whose middle lies in [start, end), else the nearest one whose share of the time overlaps with it. */
static void lane_window(
    const clip_track *t, const track_lane *l, double start, double end, int64_t *first, int64_t *count)
{
    *first = lane_first_at(t, l, start);
    *count = lane_first_at(t, l, end) - *first;
    if (*count > 0)
        return;
    *count = 0;
    double nearest =
        clip_step_seconds(&t->timing) / 2 + (end > start ? -ROUNDING : ROUNDING); /* a still has no length */
    for (int64_t i = *first - 1, last = *first; i <= last; i++) {
        if (i < 0 || i >= l->count)
            continue;
        double middle = clip_middle(&t->timing, l->index[i]);
        double away = middle < start ? start - middle : middle - end;
        if (away < nearest) {
            nearest = away;
            *first = i;
            *count = 1;
        }
    }
}

smac_status clip_track_window(const clip_track *t, double start, double end, sample *out, smac_error *error)
{
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
        const track_lane *l = &t->lanes[m];
        int64_t first, count;
        lane_window(t, l, start, end, &first, &count);
        if (count > 0)
            TRY(sample_set_ready(out, m, count, l->crops, l->width, l->vectors + first * l->crops * l->width, error));
    }
    return SMAC_OK;
}

void clip_track_forget(clip_track *t, double before)
{
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
        track_lane *l = &t->lanes[m];
        int64_t drop = lane_first_at(t, l, before - clip_step_seconds(&t->timing)), each = l->crops * l->width;
        if (drop == 0)
            continue;
        l->count -= drop;
        memmove(l->index, l->index + drop, (size_t)l->count * sizeof *l->index);
        memmove(l->vectors, l->vectors + drop * each, (size_t)(l->count * each) * sizeof *l->vectors);
    }
}

bool clip_track_has(const clip_track *t, int modality)
{
    return t->lanes[modality].count > 0;
}
