/* media/clips.c - the times of clips. */
#include "media/clips.h"

double clip_start(const clip_timing *t, int64_t index)
{
    return (double)(index * t->step) / t->rate;
}

double clip_middle(const clip_timing *t, int64_t index)
{
    return ((double)(index * t->step) + 1.0) / t->rate;
}

double clip_end(const clip_timing *t, int64_t index)
{
    return ((double)(index * t->step) + 2.0) / t->rate;
}

double clip_step_seconds(const clip_timing *t)
{
    return (double)t->step / t->rate;
}

void clips_of_frame(const clip_timing *t, int64_t index, int64_t *first, int64_t *last)
{
    if (t->step == 1) {
        *first = index > 0 ? index - 1 : 0;
        *last = index;
        return;
    }
    *last = index / t->step;
    *first = index % t->step < 2 ? *last : *last + 1;
}
