/* media/frames.c - sampling in one pass. */
#include "media/frames.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "media/decoder.h"

struct media_reader {
    decoder *source;
    frame_options options;
    decoded pending; /* a picture whose sampling times are being given */
    bool has_pending, is_prepared;
    int64_t next; /* k */
    uint8_t *rgb;
    float *values;
};

static double sampling_time(int64_t index, double rate)
{
    return ((double)index + 0.5) / rate;
}

int64_t sampled_frame_count(double seconds, double rate)
{
    double estimate = ceil(seconds * rate - 0.5);
    int64_t count = estimate > 1 && estimate < 9e15 ? (int64_t)estimate : 1;
    while (sampling_time(count, rate) < seconds)
        count++;
    while (count > 1 && sampling_time(count - 1, rate) >= seconds)
        count--;
    return count;
}

int64_t sampled_clip_count(int64_t frames, int step)
{
    if (frames <= 0)
        return 0;
    return frames <= 2 ? 1 : (frames - 2 + step - 1) / step + 1;
}

static smac_status check_options(const char *path, frame_options *o, smac_error *error)
{
    o->rate = o->rate == 0 ? 2.0 : o->rate;
    o->size = o->size == 0 ? 224 : o->size;
    o->crops = o->crops == 0 ? 1 : o->crops;
    if (!(o->rate >= 0.01 && o->rate <= 1000) || o->size < 1 || o->size > 4096 || (o->crops != 1 && o->crops != 3))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%s: %g frames a second of %d pixels in %d crops were asked for, expected "
            "0.01 to 1000 a second, 1 to 4096 pixels, 1 or 3 crops",
            path, o->rate, o->size, o->crops);
    return SMAC_OK;
}

/* The reader of a decoder, which it takes over; on failure the decoder is closed. */
static smac_status reader_new(
    decoder *source, const frame_options *options, const char *path, media_reader **out, smac_error *error)
{
    *out = NULL;
    media_reader *r = memory_new(1, sizeof *r);
    if (!r) {
        decoder_close(source);
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", path);
    }
    r->source = source;
    r->options = *options;
    size_t bytes = (size_t)r->options.crops * (size_t)r->options.size * (size_t)r->options.size * 3;
    if (r->options.prepare == PREPARE_STILL)
        r->rgb = memory_aligned(bytes);
    else
        r->values = memory_aligned(bytes * sizeof(float));
    if (!r->rgb && !r->values) {
        media_reader_close(r);
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", path);
    }
    *out = r;
    return SMAC_OK;
}

smac_status media_reader_open(const char *path, const frame_options *options, media_reader **out, smac_error *error)
{
    frame_options mine = options ? *options : (frame_options){0};
    decoder *source;
    *out = NULL;
    TRY(check_options(path, &mine, error));
    TRY(decoder_open(path, &mine.media, &source, error));
    return reader_new(source, &mine, path, out, error);
}

smac_status media_reader_start(media_file *file, const frame_options *options, media_reader **out, smac_error *error)
{
    frame_options mine = options ? *options : (frame_options){0};
    const char *name = media_file_name(file);
    decoder *source;
    *out = NULL;
    smac_status status = check_options(name, &mine, error);
    if (status != SMAC_OK) {
        media_close(file);
        return status;
    }
    TRY(decoder_start(file, options ? &mine.media : NULL, &source, error));
    return reader_new(source, &mine, decoder_name(source), out, error);
}

void media_reader_close(media_reader *r)
{
    if (!r)
        return;
    decoder_close(r->source);
    memory_aligned_free(r->rgb);
    memory_aligned_free(r->values);
    free(r);
}

static smac_status give_frame(media_reader *r, media_event *event, smac_error *error)
{
    if (!r->is_prepared) {
        picture shown;
        TRY(decoder_picture(r->source, &shown, error));
        TRY(picture_prepare(&shown, r->options.size, r->options.prepare, r->options.crops, r->rgb, r->values, error));
        r->is_prepared = true;
    }
    *event = (media_event){.kind = MEDIA_EVENT_FRAME,
        .index = r->next,
        .time = sampling_time(r->next, r->options.rate),
        .shown_from = r->pending.from,
        .rgb = r->rgb,
        .values = r->values};
    r->next++;
    return SMAC_OK;
}

smac_status media_reader_next(media_reader *r, media_event *event, smac_error *error)
{
    for (;;) {
        if (r->has_pending) {
            bool only = r->pending.last && r->next == 0;
            if (only || sampling_time(r->next, r->options.rate) < r->pending.until)
                return give_frame(r, event, error);
            r->has_pending = false;
        }
        decoded d;
        TRY(decoder_next(r->source, &d, error));
        switch (d.kind) {
        case DECODED_PICTURE:
            r->pending = d;
            r->has_pending = true;
            r->is_prepared = false;
            break;
        case DECODED_SOUND:
            *event = (media_event){
                .kind = MEDIA_EVENT_SOUND, .samples = d.samples, .sample_count = d.count, .first_sample = d.first};
            return SMAC_OK;
        case DECODED_END:
            *event = (media_event){.kind = MEDIA_EVENT_END};
            return SMAC_OK;
        }
    }
}

const media_info *media_reader_info(const media_reader *r)
{
    return decoder_info(r->source);
}

const media_warnings *media_reader_warnings(const media_reader *r)
{
    return decoder_warnings(r->source);
}

double media_reader_picture_seconds(const media_reader *r)
{
    return decoder_picture_seconds(r->source);
}

double media_reader_sound_seconds(const media_reader *r)
{
    return decoder_sound_seconds(r->source);
}

const transcript *media_reader_subtitles(const media_reader *r)
{
    return decoder_subtitles(r->source);
}
