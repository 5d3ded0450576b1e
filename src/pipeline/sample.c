/* pipeline/sample.c - tensors of one stretch of a recording: making, slicing, freeing. */
#include "pipeline/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/clips.h"
#include "media/frames.h"
#include "media/mel.h"
#include "pipeline/batch.h"
#include "text/tokenizer.h"

/* --- freeing ------------------------------------------------------------------------------------------------------ */

void sample_drop(sample *s, int modality)
{
    s->present[modality] = false;
    free(s->ready[modality].data);
    s->ready[modality] = (feature_sequence){0};
    if (modality == MODALITY_TEXT) {
        free(s->ids);
        free(s->types);
        s->ids = s->types = NULL;
        s->tokens = 0;
    } else if (modality == MODALITY_AUDIO) {
        free(s->mel);
        s->mel = NULL;
        s->windows = 0;
    } else {
        free(s->frames);
        free(s->pictures);
        s->frames = NULL;
        s->pictures = NULL;
        s->clips = 0;
    }
}

void sample_clear(sample *s)
{
    if (!s)
        return;
    for (int m = 0; m < MODALITIES; m++)
        sample_drop(s, m);
    memset(s, 0, sizeof *s);
}

static int64_t picture_values(const sample *s)
{
    return s->crops * 2 * 3 * s->image_size * s->image_size; /* of one clip */
}

int64_t sample_bytes(const sample *s)
{
    int64_t bytes = s->tokens * 2 * (int64_t)sizeof(int32_t);
    for (int m = 0; m < MODALITIES; m++)
        if (s->ready[m].data)
            bytes += s->ready[m].steps * s->ready[m].crops * s->ready[m].width * (int64_t)sizeof(float);
    if (s->frames)
        bytes += s->clips * picture_values(s);
    if (s->pictures)
        bytes += s->clips * picture_values(s) * (int64_t)sizeof(float);
    if (s->mel)
        bytes += s->windows * s->mel_bins * s->mel_frames * (int64_t)sizeof(float);
    return bytes;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

smac_status sample_set_text(const preparation *p, sample *s, const char *text, const char *const *context,
    int64_t context_count, smac_error *error)
{
    sample_drop(s, MODALITY_TEXT);
    if (!text || !p->tokenizer || !p->wants[MODALITY_TEXT])
        return SMAC_OK;
    if (!p->configuration->text.context)
        context_count = 0;
    text_span *before = NULL;
    if (context_count > 0) {
        before = memory_new((size_t)context_count, sizeof *before);
        if (!before)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld lines of context", (long long)context_count);
        for (int64_t i = 0; i < context_count; i++)
            before[i] = text_span_of(context[i]);
    }
    encode_options options = {.context = before, .context_count = (size_t)context_count, .max_length = p->max_tokens};
    token_encoding encoding = {0};
    smac_status status = tokenizer_encode(p->tokenizer, text_span_of(text), &options, &encoding, error);
    free(before);
    TRY(status);
    bool words = false;
    for (size_t i = 0; i < encoding.count && !words; i++)
        words = !encoding.special[i] && encoding.places[i].text == (int32_t)context_count;
    if (words) {
        s->ids = memory_new(encoding.count, sizeof *s->ids);
        s->types = memory_new(encoding.count, sizeof *s->types);
        if (s->ids && s->types) {
            memcpy(s->ids, encoding.ids, encoding.count * sizeof *s->ids);
            memcpy(s->types, encoding.types, encoding.count * sizeof *s->types);
            s->tokens = (int64_t)encoding.count;
            s->present[MODALITY_TEXT] = true;
        } else {
            sample_drop(s, MODALITY_TEXT);
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", encoding.count);
        }
    }
    token_encoding_free(&encoding);
    return status;
}

/* --- collecting clips --------------------------------------------------------------------------------------------- */

typedef struct collection {
    const configuration *c;
    sample *s;
    size_t frame_capacity, picture_capacity, mel_capacity; /* in bytes */
} collection;

static bool append(void **items, size_t *capacity, int64_t index, int64_t each, size_t element, const void *from)
{
    size_t bytes, end;
    if (!checked_multiply((size_t)each, element, &bytes) || !checked_multiply((size_t)index + 1, bytes, &end) ||
        !memory_grow(items, capacity, end, 1))
        return false;
    memcpy((char *)*items + end - bytes, from, bytes);
    return true;
}

static smac_status collect(
    void *user, int64_t index, const uint8_t *frames, const float *pictures, const float *mel, smac_error *error)
{
    collection *k = user;
    sample *s = k->s;
    bool kept = true;
    s->crops = k->c->vision.crops;
    s->image_size = k->c->vision.image_size;
    s->mel_bins = k->c->audio.mel_bins;
    s->mel_frames = k->c->audio.frames;
    if (frames)
        kept = append((void **)&s->frames, &k->frame_capacity, index, picture_values(s), 1, frames);
    else if (pictures)
        kept = append((void **)&s->pictures, &k->picture_capacity, index, picture_values(s), sizeof(float), pictures);
    else
        kept = append((void **)&s->mel, &k->mel_capacity, index, s->mel_bins * s->mel_frames, sizeof(float), mel);
    if (!kept)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for clip %lld", (long long)index);
    if (mel) {
        s->windows = index + 1;
        s->present[MODALITY_AUDIO] = true;
    } else {
        s->clips = index + 1;
        s->present[MODALITY_VISION] = true;
    }
    return SMAC_OK;
}

/* --- pairing frames ----------------------------------------------------------------------------------------------- */

/* Frames as they come -> clips (frame j*step with the one after it), for a sink. */
typedef struct frame_pairing {
    int64_t step, frames, done; /* frames seen; clips given */
    size_t each;                /* bytes of one frame of one crop */
    int64_t crops;
    uint8_t *first, *pair; /* (crops, frame); (crops, 2, frame) */
    bool open;             /* first holds the beginning of clip `done` */
} frame_pairing;

static bool pairing_new(frame_pairing *k, int64_t step, int64_t crops, size_t each)
{
    *k = (frame_pairing){.step = step, .crops = crops, .each = each};
    k->first = memory_new((size_t)crops, each);
    k->pair = memory_new((size_t)crops, 2 * each);
    return k->first && k->pair;
}

static void pairing_free(frame_pairing *k)
{
    free(k->first);
    free(k->pair);
}

static smac_status give_pair(
    frame_pairing *k, const uint8_t *second, bool bytes, clip_sink sink, void *user, smac_error *error)
{
    for (int64_t c = 0; c < k->crops; c++) {
        memcpy(k->pair + (size_t)(2 * c) * k->each, k->first + (size_t)c * k->each, k->each);
        memcpy(k->pair + (size_t)(2 * c + 1) * k->each, second + (size_t)c * k->each, k->each);
    }
    const float *values = bytes ? NULL : (const float *)(const void *)k->pair;
    return sink(user, k->done++, bytes ? k->pair : NULL, values, NULL, error);
}

/* frame: (crops, each bytes) */
static smac_status pairing_feed(
    frame_pairing *k, const uint8_t *frame, bool bytes, clip_sink sink, void *user, smac_error *error)
{
    if (k->open && k->frames == k->done * k->step + 1) {
        k->open = false;
        TRY(give_pair(k, frame, bytes, sink, user, error));
    }
    if (k->frames == k->done * k->step) {
        memcpy(k->first, frame, (size_t)k->crops * k->each);
        k->open = true;
    }
    k->frames++;
    return SMAC_OK;
}

static smac_status pairing_finish(frame_pairing *k, bool bytes, clip_sink sink, void *user, smac_error *error)
{
    bool last = k->open && k->done < sampled_clip_count(k->frames, (int)k->step);
    k->open = false;
    return last ? give_pair(k, k->first, bytes, sink, user, error) : SMAC_OK;
}

static int64_t clip_step_in_frames(const configuration *c)
{
    int64_t step = (int64_t)llround(c->media.clip_step * c->media.frames_per_second);
    return step < 1 ? 1 : step;
}

smac_status sample_set_frames(const preparation *p, sample *s, const uint8_t *frames, int64_t count, smac_error *error)
{
    const configuration *c = p->configuration;
    size_t each = (size_t)(c->vision.image_size * c->vision.image_size * 3);
    frame_pairing pairing;
    sample_drop(s, MODALITY_VISION);
    smac_status status = SMAC_OK;
    collection k = {.c = c, .s = s};
    if (!pairing_new(&pairing, clip_step_in_frames(c), c->vision.crops, each))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a clip of pictures");
    for (int64_t i = 0; i < count && status == SMAC_OK; i++)
        status = pairing_feed(&pairing, frames + (size_t)(i * c->vision.crops) * each, true, collect, &k, error);
    if (status == SMAC_OK)
        status = pairing_finish(&pairing, true, collect, &k, error);
    pairing_free(&pairing);
    return status;
}

/* --- sound -------------------------------------------------------------------------------------------------------- */

enum { SOUND_FRAME = 400 };

/* As imagebind_mel, at any number of bins and columns: minus the mean, filter bank, padded with 0, normalised. */
static smac_status window_mel(const preparation *p, const float *samples, size_t count, float *out, smac_error *error)
{
    const configuration *c = p->configuration;
    int64_t bins = c->audio.mel_bins, columns = c->audio.frames;
    if (p->whisper)
        return whisper_log_mel(p->mel, samples, count, (size_t)columns * WHISPER_HOP, out, error);
    if (bins == IMAGEBIND_MEL_BINS && columns == IMAGEBIND_MEL_FRAMES)
        return imagebind_mel(p->mel, samples, count, out, error);
    size_t padded = count < SOUND_FRAME ? SOUND_FRAME : count;
    int64_t frames = kaldi_frame_count(padded);
    float *centred = memory_new(padded, sizeof *centred), *bank = memory_new((size_t)(frames * bins), sizeof *bank);
    smac_status status = SMAC_OK;
    if (!centred || !bank) {
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a window of sound");
    } else {
        double mean = 0;
        for (size_t i = 0; i < count; i++)
            mean += samples[i];
        mean = count ? mean / (double)count : 0;
        for (size_t i = 0; i < count; i++)
            centred[i] = samples[i] - (float)mean;
        status = kaldi_filter_bank(p->mel, centred, padded, bank, error);
    }
    for (int64_t b = 0; status == SMAC_OK && b < bins; b++)
        for (int64_t f = 0; f < columns; f++)
            out[b * columns + f] = ((f < frames ? bank[f * bins + b] : 0) + 4.268f) / 9.138f;
    free(centred);
    free(bank);
    return status;
}

static smac_status give_windows(
    const preparation *p, sound_windows *w, float *mel, clip_sink sink, void *user, smac_error *error)
{
    const float *samples;
    size_t count;
    int64_t index;
    while (sound_windows_next(w, &samples, &count, &index)) {
        TRY(window_mel(p, samples, count, mel, error));
        TRY(sink(user, index, NULL, NULL, mel, error));
    }
    return SMAC_OK;
}

smac_status sample_set_sound(const preparation *p, sample *s, const float *samples, size_t count, smac_error *error)
{
    const configuration *c = p->configuration;
    sample_drop(s, MODALITY_AUDIO);
    if (!p->mel || count == 0)
        return SMAC_OK;
    int step = (int)clip_step_in_frames(c);
    sound_windows *w = sound_windows_new(c->media.frames_per_second, step, c->audio.window_seconds);
    float *mel = memory_new((size_t)(c->audio.mel_bins * c->audio.frames), sizeof *mel);
    collection k = {.c = c, .s = s};
    smac_status status = w && mel ? sound_windows_feed(w, samples, count, error)
                                  : FAIL(error, SMAC_ERROR_MEMORY, "no memory for windows of sound");
    if (status == SMAC_OK) {
        sound_windows_finish(w);
        status = give_windows(p, w, mel, collect, &k, error);
    }
    sound_windows_free(w);
    free(mel);
    return status;
}

/* --- a recording -------------------------------------------------------------------------------------------------- */

typedef struct streaming {
    const preparation *p;
    frame_pairing pairing;
    sound_windows *windows;
    float *mel;
    bool bytes;
    float *normalised; /* (crops, 3, S, S), for vision.preparation video */
} streaming;

static smac_status stream_event(streaming *k, const media_event *event, clip_sink sink, void *user, smac_error *error)
{
    const configuration *c = k->p->configuration;
    if (event->kind == MEDIA_EVENT_SOUND) {
        TRY(sound_windows_feed(k->windows, event->samples, event->sample_count, error));
        return give_windows(k->p, k->windows, k->mel, sink, user, error);
    }
    if (k->bytes)
        return pairing_feed(&k->pairing, event->rgb, true, sink, user, error);
    int64_t plane = c->vision.image_size * c->vision.image_size;
    for (int64_t i = 0; i < c->vision.crops; i++)
        picture_normalise_values(
            event->values + i * 3 * plane, (int)c->vision.image_size, k->normalised + i * 3 * plane, (size_t)plane);
    return pairing_feed(&k->pairing, (const uint8_t *)k->normalised, false, sink, user, error);
}

static smac_status stream_open(const preparation *p, const sample_source *source, int (*interrupt)(void *),
    void *interrupt_user, streaming *k, media_reader **reader, smac_error *error)
{
    const configuration *c = p->configuration;
    int64_t step = clip_step_in_frames(c), plane = c->vision.image_size * c->vision.image_size;
    k->p = p;
    k->bytes = c->vision.preparation == PICTURE_STILL;
    size_t each = (size_t)(3 * plane) * (k->bytes ? 1 : sizeof(float));
    bool made = pairing_new(&k->pairing, step, c->vision.crops, each);
    k->windows = sound_windows_new(c->media.frames_per_second, (int)step, c->audio.window_seconds);
    k->mel = memory_new((size_t)(c->audio.mel_bins * c->audio.frames), sizeof *k->mel);
    k->normalised = memory_new((size_t)(c->vision.crops * 3 * plane), sizeof *k->normalised);
    if (!made || !k->windows || !k->mel || !k->normalised)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to read %s", source->media);
    frame_options options = {
        .media = {.interrupt = interrupt,
            .interrupt_user = interrupt_user,
            .start = source->start,
            .end = source->end > source->start ? source->end : 0,
            .report = source->report,
            .skip_picture = source->without[MODALITY_VISION] || !p->wants[MODALITY_VISION],
            .skip_sound = source->without[MODALITY_AUDIO] || !p->wants[MODALITY_AUDIO] || !p->mel},
        .rate = c->media.frames_per_second,
        .size = (int)c->vision.image_size,
        .prepare = k->bytes ? PREPARE_STILL : PREPARE_VIDEO,
        .crops = (int)c->vision.crops,
    };
    return media_reader_open(source->media, &options, reader, error);
}

smac_status sample_stream(const preparation *p, const sample_source *source, clip_sink sink, void *user,
    int (*interrupt)(void *user), void *interrupt_user, double *seconds, smac_error *error)
{
    streaming k = {0};
    media_reader *reader = NULL;
    smac_status status = stream_open(p, source, interrupt, interrupt_user, &k, &reader, error);
    media_event event = {.kind = MEDIA_EVENT_SOUND};
    while (status == SMAC_OK) {
        status = media_reader_next(reader, &event, error);
        if (status != SMAC_OK || event.kind == MEDIA_EVENT_END)
            break;
        status = stream_event(&k, &event, sink, user, error);
    }
    if (status == SMAC_OK)
        status = pairing_finish(&k.pairing, k.bytes, sink, user, error);
    if (status == SMAC_OK) {
        sound_windows_finish(k.windows);
        status = give_windows(p, k.windows, k.mel, sink, user, error);
    }
    if (status == SMAC_OK && seconds) {
        double picture = media_reader_picture_seconds(reader), sound = media_reader_sound_seconds(reader);
        *seconds = picture > sound ? picture : sound;
    }
    media_reader_close(reader);
    pairing_free(&k.pairing);
    sound_windows_free(k.windows);
    free(k.mel);
    free(k.normalised);
    return status;
}

smac_status sample_read(const preparation *p, const sample_source *source, sample *out, smac_error *error)
{
    memset(out, 0, sizeof *out);
    collection k = {.c = p->configuration, .s = out};
    double seconds = 0;
    bool needs_media = source->media &&
        ((p->wants[MODALITY_AUDIO] && !source->without[MODALITY_AUDIO]) ||
            (p->wants[MODALITY_VISION] && !source->without[MODALITY_VISION]));
    smac_status status = SMAC_OK;
    if (!source->without[MODALITY_TEXT])
        status = sample_set_text(p, out, source->text, source->context, source->context_count, error);
    if (status == SMAC_OK && needs_media)
        status = sample_stream(p, source, collect, &k, NULL, NULL, &seconds, error);
    out->start = source->start;
    out->end = source->start + seconds;
    if (status == SMAC_OK && !out->present[MODALITY_TEXT] && !out->present[MODALITY_AUDIO] &&
        !out->present[MODALITY_VISION])
        status = FAIL(error, SMAC_ERROR_FORMAT,
            "%.300s has no words, sound or picture that the model takes: name another recording",
            source->media ? source->media : "the clip");
    if (status != SMAC_OK)
        sample_clear(out);
    return status;
}

/* --- ready vectors ------------------------------------------------------------------------------------------------ */

smac_status sample_set_ready(
    sample *s, int modality, int64_t steps, int64_t crops, int64_t width, const float *values, smac_error *error)
{
    size_t count;
    if (steps < 1 || crops < 1 || width < 1 || !checked_multiply((size_t)steps, (size_t)(crops * width), &count))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "vectors of shape [%lld, %lld, %lld]; expected at least one of each",
            (long long)steps, (long long)crops, (long long)width);
    float *copy = memory_new(count, sizeof *copy);
    if (!copy)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu feature values", count);
    memcpy(copy, values, count * sizeof *copy);
    sample_drop(s, modality);
    s->ready[modality] = (feature_sequence){steps, crops, width, copy};
    s->present[modality] = true;
    return SMAC_OK;
}

/* Elements [first, first + count) of a raw form with `each` bytes an element, as far as there are any. */
static bool copy_range(
    const void *from, int64_t have, int64_t first, int64_t count, size_t each, void **out, int64_t *got)
{
    int64_t end = first + count < have ? first + count : have;
    *got = end > first ? end - first : 0;
    if (!from || *got == 0)
        return true;
    *out = memory_new((size_t)*got, each);
    if (*out)
        memcpy(*out, (const char *)from + (size_t)first * each, (size_t)*got * each);
    return *out != NULL;
}

smac_status sample_slice(const sample *whole, int64_t first, int64_t count, sample *out, smac_error *error)
{
    memset(out, 0, sizeof *out);
    out->crops = whole->crops;
    out->image_size = whole->image_size;
    out->mel_bins = whole->mel_bins;
    out->mel_frames = whole->mel_frames;
    bool made = true;
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION && made; m++) {
        const feature_sequence *f = &whole->ready[m];
        if (!f->data)
            continue;
        made = copy_range(f->data, f->steps, first, count, (size_t)(f->crops * f->width) * sizeof(float),
            (void **)&out->ready[m].data, &out->ready[m].steps);
        out->ready[m].crops = f->crops;
        out->ready[m].width = f->width;
        out->present[m] = whole->present[m] && out->ready[m].steps > 0;
    }
    size_t picture = (size_t)picture_values(whole);
    if (made && whole->frames)
        made = copy_range(whole->frames, whole->clips, first, count, picture, (void **)&out->frames, &out->clips);
    if (made && whole->pictures)
        made = copy_range(
            whole->pictures, whole->clips, first, count, picture * sizeof(float), (void **)&out->pictures, &out->clips);
    if (made && whole->mel)
        made = copy_range(whole->mel, whole->windows, first, count,
            (size_t)(whole->mel_bins * whole->mel_frames) * sizeof(float), (void **)&out->mel, &out->windows);
    out->present[MODALITY_VISION] = out->present[MODALITY_VISION] || out->clips > 0;
    out->present[MODALITY_AUDIO] = out->present[MODALITY_AUDIO] || out->windows > 0;
    if (!made) {
        sample_clear(out);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a window of %lld clips", (long long)count);
    }
    return SMAC_OK;
}
