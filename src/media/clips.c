/* media/clips.c - pairs of frames and windows of filter bank out of the one-pass reader. */
#include "media/clips.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/mel.h"

struct clip_reader {
    media_reader *source;
    clip_options options;
    size_t pixels;   /* S * S */
    int64_t frames;  /* taken so far */
    int64_t clips;   /* given so far */
    float *picture;  /* (crops, 3, 2, S, S): the last two frames */
    uint8_t *rgb[2]; /* the same as bytes, older first (PREPARE_STILL) */
    sound_windows *windows;
    mel_filter_bank *bank;
    float mel[IMAGEBIND_MEL_BINS * IMAGEBIND_MEL_FRAMES];
    bool ended;
};

clip_options clip_options_default(void)
{
    return (clip_options){.frames = {.rate = 2.0, .size = 224, .prepare = PREPARE_STILL, .crops = 1}, .step = 2};
}

clip_options clip_options_dense(void)
{
    clip_options options = clip_options_default();
    options.frames.crops = 3;
    options.step = 1;
    return options;
}

static smac_status open_all(clip_reader *r, const char *path, smac_error *error)
{
    frame_options *f = &r->options.frames;
    f->rate = f->rate == 0 ? 2.0 : f->rate;
    f->size = f->size == 0 ? 224 : f->size;
    f->crops = f->crops == 0 ? 1 : f->crops;
    r->options.step = r->options.step == 0 ? 2 : r->options.step;
    if (r->options.step != 1 && r->options.step != 2)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s: clips %d frames apart were asked for, expected 1 or 2", path,
            r->options.step);
    TRY(media_reader_open(path, f, &r->source, error));
    r->pixels = (size_t)f->size * (size_t)f->size;
    size_t bytes = (size_t)f->crops * 3 * r->pixels;
    r->picture = memory_aligned(bytes * 2 * sizeof *r->picture);
    r->rgb[0] = memory_aligned(bytes);
    r->rgb[1] = memory_aligned(bytes);
    r->windows = sound_windows_new(f->rate, r->options.step, 2.0);
    if (!r->picture || !r->rgb[0] || !r->rgb[1] || !r->windows)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", path);
    return r->options.no_mel ? SMAC_OK : mel_filter_bank_new_kaldi(IMAGEBIND_MEL_BINS, &r->bank, error);
}

smac_status clip_reader_open(const char *path, const clip_options *options, clip_reader **out, smac_error *error)
{
    *out = NULL;
    clip_reader *r = memory_new(1, sizeof *r);
    if (!r)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", path);
    r->options = options ? *options : clip_options_default();
    smac_status status = open_all(r, path, error);
    if (status != SMAC_OK) {
        clip_reader_close(r);
        return status;
    }
    *out = r;
    return SMAC_OK;
}

void clip_reader_close(clip_reader *r)
{
    if (!r)
        return;
    media_reader_close(r->source);
    memory_aligned_free(r->picture);
    memory_aligned_free(r->rgb[0]);
    memory_aligned_free(r->rgb[1]);
    sound_windows_free(r->windows);
    mel_filter_bank_free(r->bank);
    free(r);
}

/* The newer frame becomes the older one. */
static void shift_frames(clip_reader *r)
{
    size_t planes = (size_t)r->options.frames.crops * 3;
    for (size_t p = 0; p < planes; p++) {
        float *pair = r->picture + p * 2 * r->pixels;
        memcpy(pair, pair + r->pixels, r->pixels * sizeof *pair);
    }
    uint8_t *older = r->rgb[0];
    r->rgb[0] = r->rgb[1];
    r->rgb[1] = older;
}

static void take_frame(clip_reader *r, const media_event *event)
{
    if (r->frames > 0)
        shift_frames(r);
    int size = r->options.frames.size;
    for (int crop = 0; crop < r->options.frames.crops; crop++) {
        float *target = r->picture + (size_t)crop * 6 * r->pixels + r->pixels;
        if (event->rgb)
            picture_normalise_rgb(event->rgb + (size_t)crop * 3 * r->pixels, size, target, 2 * r->pixels);
        else
            picture_normalise_values(event->values + (size_t)crop * 3 * r->pixels, size, target, 2 * r->pixels);
    }
    if (event->rgb)
        memcpy(r->rgb[1], event->rgb, (size_t)r->options.frames.crops * 3 * r->pixels);
    r->frames++;
}

static void set_span(const clip_reader *r, clip_event *event)
{
    double rate = r->options.frames.rate, centre = ((double)event->index * r->options.step + 1.0) / rate;
    event->start = centre - 1.0 / rate;
    event->end = centre + 1.0 / rate;
}

static void give_picture(clip_reader *r, clip_event *event)
{
    *event = (clip_event){.kind = CLIP_EVENT_PICTURE, .index = r->clips++, .picture = r->picture};
    event->rgb = r->options.frames.prepare == PREPARE_STILL ? r->rgb[0] : NULL;
    set_span(r, event);
}

/* The last two frames are a clip when the older one stands at a clip's beginning. */
static bool pair_is_clip(const clip_reader *r)
{
    return r->frames >= 2 && (r->frames - 2) % r->options.step == 0;
}

static smac_status give_sound(clip_reader *r, clip_event *event, bool *given, smac_error *error)
{
    const float *samples;
    size_t count;
    int64_t index;
    *given = sound_windows_next(r->windows, &samples, &count, &index);
    if (!*given)
        return SMAC_OK;
    *event = (clip_event){.kind = CLIP_EVENT_SOUND, .index = index, .samples = samples, .sample_count = count};
    set_span(r, event);
    if (r->bank) {
        TRY(imagebind_mel(r->bank, samples, count, r->mel, error));
        event->mel = r->mel;
    }
    return SMAC_OK;
}

smac_status clip_reader_next(clip_reader *r, clip_event *event, smac_error *error)
{
    for (;;) {
        bool given;
        TRY(give_sound(r, event, &given, error));
        if (given)
            return SMAC_OK;
        if (r->ended) {
            if (r->clips < sampled_clip_count(r->frames, r->options.step)) { /* an odd last frame, or a still */
                shift_frames(r);
                for (size_t p = 0; p < (size_t)r->options.frames.crops * 3; p++) {
                    float *pair = r->picture + p * 2 * r->pixels;
                    memcpy(pair + r->pixels, pair, r->pixels * sizeof *pair);
                }
                give_picture(r, event);
                return SMAC_OK;
            }
            *event = (clip_event){.kind = CLIP_EVENT_END};
            return SMAC_OK;
        }
        media_event e;
        TRY(media_reader_next(r->source, &e, error));
        switch (e.kind) {
        case MEDIA_EVENT_FRAME:
            take_frame(r, &e);
            if (pair_is_clip(r)) {
                give_picture(r, event);
                return SMAC_OK;
            }
            break;
        case MEDIA_EVENT_SOUND:
            TRY(sound_windows_feed(r->windows, e.samples, e.sample_count, error));
            break;
        case MEDIA_EVENT_END:
            sound_windows_finish(r->windows);
            r->ended = true;
            break;
        }
    }
}

const media_info *clip_reader_info(const clip_reader *r)
{
    return media_reader_info(r->source);
}

const media_warnings *clip_reader_warnings(const clip_reader *r)
{
    return media_reader_warnings(r->source);
}

double clip_reader_picture_seconds(const clip_reader *r)
{
    return media_reader_picture_seconds(r->source);
}

double clip_reader_sound_seconds(const clip_reader *r)
{
    return media_reader_sound_seconds(r->source);
}
