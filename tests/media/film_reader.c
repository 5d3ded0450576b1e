#include "film_reader.h"

#include <stdlib.h>

struct film_reader {
    decoder *source;
    frame_sampler *sampler;
};

static smac_status reader_new(decoder *source, const frame_options *options, film_reader **out, smac_error *error)
{
    frame_options o = options ? *options : (frame_options){0};
    frame_form form = {o.rate == 0 ? 2 : o.rate, o.size == 0 ? 224 : o.size, o.prepare, o.crops == 0 ? 1 : o.crops};
    film_reader *r = calloc(1, sizeof *r);
    r->source = source;
    smac_status status = frame_sampler_new(&form, &r->sampler, error);
    if (status != SMAC_OK)
        film_reader_close(r);
    else
        *out = r;
    return status;
}

smac_status film_reader_open(const char *path, const frame_options *options, film_reader **out, smac_error *error)
{
    decoder *source;
    *out = NULL;
    smac_status status = decoder_open(path, options ? &options->media : NULL, &source, error);
    return status == SMAC_OK ? reader_new(source, options, out, error) : status;
}

smac_status film_reader_start(media_file *file, const frame_options *options, film_reader **out, smac_error *error)
{
    decoder *source;
    *out = NULL;
    smac_status status = decoder_start(file, options ? &options->media : NULL, &source, error);
    return status == SMAC_OK ? reader_new(source, options, out, error) : status;
}

smac_status film_reader_next(film_reader *r, film_event *event, smac_error *error)
{
    for (;;) {
        *event = (film_event){.kind = FILM_EVENT_FRAME};
        if (frame_sampler_next(r->sampler, &event->frame))
            return SMAC_OK;
        decoded d;
        smac_status status = decoder_next(r->source, &d, error);
        if (status != SMAC_OK)
            return status;
        if (d.kind != DECODED_PICTURE) {
            *event = (film_event){.kind = d.kind == DECODED_SOUND ? FILM_EVENT_SOUND : FILM_EVENT_END,
                .samples = d.samples,
                .sample_count = d.count,
                .first_sample = d.first};
            return SMAC_OK;
        }
        picture_span span = {d.from, d.until, d.last};
        picture shown;
        if (frame_sampler_wants(r->sampler, &span)) {
            status = decoder_picture(r->source, &shown, error);
            if (status == SMAC_OK)
                status = frame_sampler_feed(r->sampler, &shown, &span, error);
            if (status != SMAC_OK)
                return status;
        }
    }
}

const decoder *film_reader_decoder(const film_reader *r)
{
    return r->source;
}

void film_reader_close(film_reader *r)
{
    if (!r)
        return;
    decoder_close(r->source);
    frame_sampler_free(r->sampler);
    free(r);
}
