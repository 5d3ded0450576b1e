/* media/frame_sampler.c - sampling pictures by time. */
#include "media/frame_sampler.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* The brightest value of a picture that counts as black: what codecs leave of black stays below it. */
enum { BLACK_LEVEL = 8 };

struct frame_sampler {
    frame_form form;
    int64_t next;   /* index of the next frame */
    bool any, only; /* a frame was given; the picture fed last gives exactly one */
    picture_span span;
    bool pending, black;
    uint8_t *rgb;
    float *values;
};

double frame_sampling_time(int64_t index, double rate)
{
    return ((double)index + 0.5) / rate;
}

int64_t frame_first_at(double time, double rate)
{
    double estimate = ceil(time * rate - 0.5);
    int64_t index = estimate > 0 && estimate < 9e15 ? (int64_t)estimate : 0;
    while (frame_sampling_time(index, rate) < time)
        index++;
    while (index > 0 && frame_sampling_time(index - 1, rate) >= time)
        index--;
    return index;
}

smac_status frame_sampler_new(const frame_form *form, frame_sampler **out, smac_error *error)
{
    *out = NULL;
    if (!(form->rate >= 0.01 && form->rate <= 1000) || form->size < 1 || form->size > 4096 ||
        (form->crops != 1 && form->crops != 3))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%g frames a second of %d pixels in %d crops were asked for, expected 0.01 to 1000 a second, 1 to 4096 "
            "pixels, 1 or 3 crops",
            form->rate, form->size, form->crops);
    frame_sampler *s = memory_new(1, sizeof *s);
    if (!s)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to sample pictures");
    s->form = *form;
    size_t count = (size_t)form->crops * (size_t)form->size * (size_t)form->size * 3;
    if (form->prepare == PREPARE_STILL)
        s->rgb = memory_aligned(count);
    else
        s->values = memory_aligned(count * sizeof *s->values);
    if (!s->rgb && !s->values) {
        frame_sampler_free(s);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a frame of %d x %d pixels", form->size, form->size);
    }
    *out = s;
    return SMAC_OK;
}

void frame_sampler_free(frame_sampler *s)
{
    if (!s)
        return;
    memory_aligned_free(s->rgb);
    memory_aligned_free(s->values);
    free(s);
}

/* The index of the first frame that the span would give. */
static int64_t first_of(const frame_sampler *s, const picture_span *span)
{
    int64_t first = frame_first_at(span->from, s->form.rate);
    return first > s->next ? first : s->next;
}

bool frame_sampler_wants(const frame_sampler *s, const picture_span *span)
{
    bool covered = frame_sampling_time(first_of(s, span), s->form.rate) < span->until;
    return covered || (span->last && !s->any);
}

static bool is_black(const frame_sampler *s)
{
    size_t count = (size_t)s->form.crops * (size_t)s->form.size * (size_t)s->form.size * 3;
    for (size_t i = 0; i < count; i++)
        if (s->rgb ? s->rgb[i] > BLACK_LEVEL : s->values[i] > BLACK_LEVEL / 255.0f)
            return false;
    return true;
}

smac_status frame_sampler_feed(frame_sampler *s, const picture *shown, const picture_span *span, smac_error *error)
{
    s->pending = false;
    if (!frame_sampler_wants(s, span))
        return SMAC_OK;
    TRY(picture_prepare(shown, s->form.size, s->form.prepare, s->form.crops, s->rgb, s->values, error));
    int64_t first = first_of(s, span);
    s->only = frame_sampling_time(first, s->form.rate) >= span->until;
    if (s->only) /* the sampling time whose interval holds the picture */
        first = span->from > 0 ? (int64_t)fmin(floor(span->from * s->form.rate), 9e15) : 0;
    s->next = first > s->next ? first : s->next;
    s->span = *span;
    s->black = is_black(s);
    s->pending = true;
    return SMAC_OK;
}

bool frame_sampler_next(frame_sampler *s, sampled_frame *out)
{
    double time = frame_sampling_time(s->next, s->form.rate);
    if (!s->pending || (!s->only && time >= s->span.until)) {
        s->pending = false;
        return false;
    }
    *out = (sampled_frame){.index = s->next++,
        .time = time,
        .shown_from = s->span.from,
        .rgb = s->rgb,
        .values = s->values,
        .black = s->black};
    s->any = true;
    s->pending = !s->only;
    s->only = false;
    return true;
}
