/* pipeline/media_feed.c - from a decoder to a sink. */
#include "pipeline/media_feed.h"

static smac_status feed_picture(decoder *from, const decoded *d, const media_sink *to, smac_error *error)
{
    picture_span span = {.from = d->from, .until = d->until, .last = d->last};
    picture shown;
    if (!to->wants_picture(to->user, &span))
        return to->picture(to->user, NULL, &span, error);
    TRY(decoder_picture(from, &shown, error));
    return to->picture(to->user, &shown, &span, error);
}

smac_status media_feed(decoder *from, const media_sink *to, smac_error *error)
{
    for (;;) {
        decoded d;
        TRY(decoder_next(from, &d, error));
        if (d.kind == DECODED_END)
            return SMAC_OK;
        if (d.kind == DECODED_PICTURE)
            TRY(feed_picture(from, &d, to, error));
        else
            TRY(to->sound(to->user, d.samples, d.count, d.hole, error));
    }
}
