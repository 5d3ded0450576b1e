/* analyze/recording.c - a recording's file through the encoders, and its thumbnails, in one pass. */
#include "analyze/recording.h"

#include <math.h>

#include "analyze/thumbnails.h"
#include "pipeline/media_feed.h"

typedef struct reading {
    const smac_analyze_options *options;
    smac_analysis *a;
    clip_encoder *clips;
    thumbnails pictures;
    timeline *vectors;
    double total; /* seconds, 0: not known */
    double seen;
} reading;

static smac_status reading_collect(reading *r, double seen, smac_error *error)
{
    clip c;
    while (clip_encoder_next(r->clips, &c))
        TRY(timeline_add(r->vectors, &c, error));
    r->seen = fmax(r->seen, seen);
    if (r->options->progress &&
        r->options->progress(
            r->options->user, r->a->recording, r->total > 0 ? fmin(r->seen, r->total) : r->seen, r->total))
        return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked while reading %s", r->a->recording);
    return SMAC_OK;
}

static bool reading_wants(void *user, const picture_span *span)
{
    reading *r = user;
    return clip_encoder_wants_picture(r->clips, span) || thumbnails_wants(&r->pictures, span);
}

static smac_status reading_picture(void *user, const picture *shown, const picture_span *span, smac_error *error)
{
    reading *r = user;
    TRY(thumbnails_feed(&r->pictures, shown, span, error));
    TRY(clip_encoder_feed_picture(r->clips, shown, span, error));
    return shown ? reading_collect(r, span->until, error) : SMAC_OK;
}

static smac_status reading_sound(void *user, const float *samples, size_t count, bool hole, smac_error *error)
{
    reading *r = user;
    TRY(hole ? clip_encoder_feed_hole(r->clips, (int64_t)count, error)
             : clip_encoder_feed_sound(r->clips, samples, count, error));
    return reading_collect(r, 0, error);
}

static int reading_interrupted(void *user)
{
    reading *r = user;
    return r->options->progress && r->options->progress(r->options->user, r->a->recording, r->seen, r->total);
}

static void reading_log(void *user, log_level level, const char *message)
{
    reading *r = user;
    if (level == LOG_WARNING)
        analysis_warn(r->a, "%s", message);
}

/* What is not in the recording, or not in all of it. */
static void warn_of_missing(reading *r, const affect_system *system, const media_info *info)
{
    static const char *const names[] = {"words", "sound", "picture"};
    static const char *const blank[] = {"", "digital silence", "black"};
    bool there[MODALITIES] = {true, info->has_sound, info->has_picture};
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
        if (!system->has[m] || r->options->without[m])
            continue;
        if (!there[m])
            analysis_warn(r->a, "the recording has no %s", names[m]);
        blank_clips b = clip_encoder_blank(r->clips, m);
        if (b.count > 0)
            analysis_warn(r->a, "the %s is %s for %.0f s, first at %.1f s: nothing is said about it there", names[m],
                blank[m], (double)b.count * clip_step_seconds(&r->vectors->timing), b.first);
    }
}

static smac_status reading_run(reading *r, const affect_system *system, recording *out, smac_error *error)
{
    media_sink to = {.user = r, .wants_picture = reading_wants, .picture = reading_picture, .sound = reading_sound};
    reporter report = {.log = reading_log, .user = r};
    media_options options = {.interrupt = reading_interrupted,
        .interrupt_user = r,
        .report = &report,
        .skip_picture = !clip_encoder_takes(r->clips, MODALITY_VISION) && !r->pictures.sampler,
        .skip_sound = !clip_encoder_takes(r->clips, MODALITY_AUDIO)};
    decoder *from;
    TRY(decoder_open(r->a->recording, &options, &from, error));
    const media_info *info = decoder_info(from);
    r->total = info->duration;
    smac_status status = media_feed(from, &to, error);
    if (status == SMAC_OK)
        status = clip_encoder_finish(r->clips, error);
    if (status == SMAC_OK)
        status = reading_collect(r, 0, error);
    if (status == SMAC_OK)
        warn_of_missing(r, system, info);
    out->duration = fmax(decoder_picture_seconds(from), decoder_sound_seconds(from));
    if (info->is_still)
        out->duration = 0;
    else if (out->duration <= 0)
        out->duration = info->duration;
    decoder_close(from);
    return status;
}

smac_status recording_read(const affect_system *system, const char *path, const smac_analyze_options *options,
    smac_analysis *a, recording *out, smac_error *error)
{
    (void)path;
    *out = (recording){.vectors.timing = clip_timing_of(&system->configuration)};
    reading r = {.options = options, .a = a, .vectors = &out->vectors};
    clip_encoder_options how = {.preparation = &system->preparation, .system = system};
    for (int m = 0; m < MODALITIES; m++)
        how.without[m] = options->without[m] || !system->has[m];
    smac_status status = clip_encoder_new(&how, &r.clips, error);
    if (status == SMAC_OK && options->thumbnails && !options->without[SMAC_VISION])
        status = thumbnails_new(&r.pictures, error);
    if (status == SMAC_OK)
        status = reading_run(&r, system, out, error);
    if (status == SMAC_OK) {
        a->thumbnails = r.pictures.items;
        a->thumbnail_count = r.pictures.count;
        r.pictures.items = NULL;
        r.pictures.count = 0;
    }
    thumbnails_clear(&r.pictures);
    clip_encoder_free(r.clips);
    return status;
}

void recording_clear(recording *r)
{
    timeline_clear(&r->vectors);
}
