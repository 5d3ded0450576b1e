/* analyze/recording.c - a recording through the encoders, a stretch of clips at a time. */
#include "analyze/recording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/frames.h"
#include "media/jpeg.h"

enum { CLIPS_AT_ONCE = 16, THUMBNAIL = 144, THUMBNAILS_MAX = 240 };

typedef struct growing {
    float *data;
    size_t capacity;
    int64_t steps, crops, width;
} growing;

typedef struct reading {
    const affect_system *system;
    const smac_analyze_options *options;
    smac_analysis *a;
    sample stretch[MODALITIES]; /* clips that wait for the encoder, one sample a modality */
    size_t capacity[MODALITIES];
    growing vectors[MODALITIES];
    double total; /* seconds, 0: not known */
    double seen;
    bool stopped;
} reading;

/* Encode what waits and keep its vectors. */
static smac_status flush(reading *k, int m, smac_error *error)
{
    sample *s = &k->stretch[m];
    if (!s->present[m])
        return SMAC_OK;
    smac_status code = system_encode(k->system, s, true, error);
    const feature_sequence *f = &s->ready[m];
    growing *g = &k->vectors[m];
    if (code == SMAC_OK && f->data) {
        size_t each = (size_t)(f->crops * f->width), needed = (size_t)(g->steps + f->steps) * each;
        g->crops = f->crops;
        g->width = f->width;
        if (memory_grow((void **)&g->data, &g->capacity, needed, sizeof *g->data)) {
            memcpy(g->data + (size_t)g->steps * each, f->data, (size_t)f->steps * each * sizeof *f->data);
            g->steps += f->steps;
        } else {
            code = FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the vectors of %lld clips",
                (long long)(g->steps + f->steps));
        }
    }
    sample_clear(s);
    k->capacity[m] = 0;
    return code;
}

static smac_status on_clip(
    void *user, int64_t index, const uint8_t *frames, const float *pictures, const float *mel, smac_error *error)
{
    reading *k = user;
    const configuration *c = &k->system->configuration;
    int m = mel ? MODALITY_AUDIO : MODALITY_VISION;
    sample *s = &k->stretch[m];
    s->crops = c->vision.crops;
    s->image_size = c->vision.image_size;
    s->mel_bins = c->audio.mel_bins;
    s->mel_frames = c->audio.frames;
    size_t each = mel ? (size_t)(s->mel_bins * s->mel_frames) * sizeof(float)
                      : (size_t)(s->crops * 6 * s->image_size * s->image_size) * (frames ? 1 : sizeof(float));
    int64_t *count = mel ? &s->windows : &s->clips;
    void **place = mel ? (void **)&s->mel : frames ? (void **)&s->frames : (void **)&s->pictures;
    const void *from = mel ? (const void *)mel : frames ? (const void *)frames : (const void *)pictures;
    if (!memory_grow(place, &k->capacity[m], (size_t)(*count + 1) * each, 1))
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for clip %lld", (long long)index);
    memcpy((char *)*place + (size_t)*count * each, from, each);
    s->present[m] = true;
    ++*count;
    double seconds = (double)(index + 1) * c->media.clip_step;
    k->seen = fmax(k->seen, seconds);
    if (k->options->progress &&
        k->options->progress(k->options->user, k->a->recording, fmin(k->seen, fmax(k->total, 0)), k->total))
        return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked while reading %s", k->a->recording);
    return *count >= CLIPS_AT_ONCE ? flush(k, m, error) : SMAC_OK;
}

static int on_interrupt(void *user)
{
    reading *k = user;
    return k->options->progress && k->options->progress(k->options->user, k->a->recording, k->seen, k->total);
}

static void on_log(void *user, log_level level, const char *message)
{
    if (level == LOG_WARNING)
        analysis_warn(user, "%s", message);
}

/* Pictures for the report: a pass of its own, a frame every `step` seconds. */
static smac_status read_thumbnails(reading *k, const char *path, smac_error *error)
{
    smac_analysis *a = k->a;
    double rate = fmin(1, THUMBNAILS_MAX / fmax(k->total, 1));
    frame_options options = {
        .media = {.interrupt = on_interrupt, .interrupt_user = k, .skip_sound = true}, .rate = rate, .size = THUMBNAIL};
    media_reader *reader;
    TRY(media_reader_open(path, &options, &reader, error));
    media_event event;
    smac_status code;
    size_t capacity = 0;
    while ((code = media_reader_next(reader, &event, error)) == SMAC_OK && event.kind != MEDIA_EVENT_END) {
        if (event.kind != MEDIA_EVENT_FRAME || !event.rgb)
            continue;
        thumbnail t = {.time = event.time};
        if (!memory_grow((void **)&a->thumbnails, &capacity, a->thumbnail_count + 1, sizeof *a->thumbnails)) {
            code = FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the report's pictures");
            break;
        }
        code = jpeg_encode(event.rgb, THUMBNAIL, THUMBNAIL, 80, &t.jpeg, &t.size, error);
        if (code != SMAC_OK)
            break;
        a->thumbnails[a->thumbnail_count++] = t;
    }
    media_reader_close(reader);
    return code;
}

smac_status recording_read(const affect_system *system, const char *path, const smac_analyze_options *options,
    smac_analysis *a, recording *out, smac_error *error)
{
    memset(out, 0, sizeof *out);
    media_info info;
    TRY(media_probe(path, NULL, &info, error));
    reading k = {.system = system, .options = options, .a = a, .total = info.duration};
    reporter report = {.log = on_log, .user = a};
    sample_source source = {.media = path, .report = &report};
    for (int m = 0; m < MODALITIES; m++)
        source.without[m] = options->without[m];
    static const char *const names[] = {"words", "sound", "picture"};
    bool missing[MODALITIES] = {false, !info.has_sound, !info.has_picture};
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++)
        if (missing[m] && system->has[m] && !options->without[m])
            analysis_warn(a, "the recording has no %s", names[m]);
    smac_status code =
        sample_stream(&system->preparation, &source, on_clip, &k, on_interrupt, &k, &out->duration, error);
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION && code == SMAC_OK; m++)
        code = flush(&k, m, error);
    if (code == SMAC_OK && options->thumbnails && info.has_picture && !options->without[SMAC_VISION])
        code = read_thumbnails(&k, path, error);
    for (int m = 0; m < MODALITIES; m++) {
        growing *g = &k.vectors[m];
        sample_clear(&k.stretch[m]);
        if (code == SMAC_OK && g->steps) {
            out->vectors.ready[m] = (feature_sequence){g->steps, g->crops, g->width, g->data};
            out->vectors.present[m] = true;
        } else {
            free(g->data);
        }
    }
    out->clip_step = system->configuration.media.clip_step;
    out->clip_length = 2 / system->configuration.media.frames_per_second;
    if (out->duration <= 0 && !info.is_still)
        out->duration = info.duration;
    return code;
}

void recording_clear(recording *r)
{
    sample_clear(&r->vectors);
}
