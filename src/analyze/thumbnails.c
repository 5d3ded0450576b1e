/* analyze/thumbnails.c - small pictures for the report. */
#include "analyze/thumbnails.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/jpeg.h"

enum { THUMBNAIL_SIZE = 144, THUMBNAIL_QUALITY = 80 };

smac_status thumbnails_new(thumbnails *t, smac_error *error)
{
    frame_form form = {.rate = 1, .size = THUMBNAIL_SIZE, .prepare = PREPARE_STILL, .crops = 1};
    *t = (thumbnails){.stride = 1};
    return frame_sampler_new(&form, &t->sampler, error);
}

void thumbnails_clear(thumbnails *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->items[i].jpeg);
    free(t->items);
    frame_sampler_free(t->sampler);
    memset(t, 0, sizeof *t);
}

bool thumbnails_wants(const thumbnails *t, const picture_span *span)
{
    return t->sampler && frame_sampler_wants(t->sampler, span);
}

/* Every second one goes. */
static void thumbnails_thin_out(thumbnails *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (i % 2 == 0)
            t->items[kept++] = t->items[i];
        else
            free(t->items[i].jpeg);
    }
    t->count = kept;
    t->stride *= 2;
}

smac_status thumbnails_feed(thumbnails *t, const picture *shown, const picture_span *span, smac_error *error)
{
    sampled_frame frame;
    if (!shown || !thumbnails_wants(t, span))
        return SMAC_OK;
    TRY(frame_sampler_feed(t->sampler, shown, span, error));
    while (frame_sampler_next(t->sampler, &frame)) {
        if (frame.index % t->stride != 0)
            continue;
        thumbnail one = {.time = frame.time};
        if (!memory_grow((void **)&t->items, &t->capacity, t->count + 1, sizeof *t->items))
            return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the report's pictures");
        TRY(jpeg_encode(frame.rgb, THUMBNAIL_SIZE, THUMBNAIL_SIZE, THUMBNAIL_QUALITY, &one.jpeg, &one.size, error));
        t->items[t->count++] = one;
        if (t->count > THUMBNAILS_MAX)
            thumbnails_thin_out(t);
    }
    return SMAC_OK;
}
