/* pipeline/sample_read.c - a recording's file to the raw tensors of one sample. */
#include "pipeline/sample_read.h"

#include <string.h>

#include "pipeline/clip_encoder.h"
#include "pipeline/media_feed.h"

typedef struct reading {
    const configuration *configuration;
    clip_encoder *clips;
    clip_tensors tensors[MODALITIES];
} reading;

static smac_status reading_collect(reading *r, smac_error *error)
{
    clip c;
    while (clip_encoder_next(r->clips, &c)) {
        const void *tensor = c.mel ? (const void *)c.mel : c.frames ? (const void *)c.frames : c.pictures;
        if (!clip_tensors_add(&r->tensors[c.modality], tensor, sample_clip_bytes(r->configuration, c.modality)) ||
            !clip_tensors_add_parts(&r->tensors[c.modality], c.parts, c.part_count))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for clip %lld", (long long)c.index);
    }
    return SMAC_OK;
}

static bool reading_wants(void *user, const picture_span *span)
{
    return clip_encoder_wants_picture(((reading *)user)->clips, span);
}

static smac_status reading_picture(void *user, const picture *shown, const picture_span *span, smac_error *error)
{
    reading *r = user;
    TRY(clip_encoder_feed_picture(r->clips, shown, span, error));
    return reading_collect(r, error);
}

static smac_status reading_sound(void *user, const float *samples, size_t count, bool hole, smac_error *error)
{
    reading *r = user;
    TRY(hole ? clip_encoder_feed_hole(r->clips, (int64_t)count, error)
             : clip_encoder_feed_sound(r->clips, samples, count, error));
    return reading_collect(r, error);
}

static smac_status reading_run(reading *r, decoder *from, smac_error *error)
{
    media_sink to = {.user = r, .wants_picture = reading_wants, .picture = reading_picture, .sound = reading_sound};
    TRY(media_feed(from, &to, error));
    TRY(clip_encoder_finish(r->clips, error));
    return reading_collect(r, error);
}

/* Faces were looked for, and none was found. */
static bool reading_is_faceless(const reading *r)
{
    size_t count;
    const face_sighting *faces = clip_encoder_faces(r->clips, &count);
    for (size_t i = 0; i < count; i++)
        if (faces[i].found)
            return false;
    return count > 0;
}

typedef struct media_read {
    double seconds;
    bool is_faceless;
} media_read;

/* Pictures and sound of the source's part of its file. */
static smac_status read_media(
    const preparation *p, const sample_source *source, sample *out, media_read *done, smac_error *error)
{
    reading r = {.configuration = p->configuration};
    clip_encoder_options options = {.preparation = p, .half = source->half, .interrupt = source->interrupt};
    memcpy(options.without, source->without, sizeof options.without);
    TRY(clip_encoder_new(&options, &r.clips, error));
    media_options media = {.start = source->start,
        .end = source->end > source->start ? source->end : 0,
        .report = source->report,
        .interrupt = source->interrupt.ask,
        .interrupt_user = source->interrupt.user,
        .skip_picture = !clip_encoder_takes(r.clips, MODALITY_VISION),
        .skip_sound = !clip_encoder_takes(r.clips, MODALITY_AUDIO)};
    decoder *from = NULL;
    smac_status status = decoder_open(source->media, &media, &from, error);
    if (status == SMAC_OK)
        status = reading_run(&r, from, error);
    if (status == SMAC_OK) {
        done->is_faceless = reading_is_faceless(&r);
        if (done->is_faceless)
            report_log(source->report, LOG_WARNING, "no face was found in the picture: the clip has no vision");
        double picture = decoder_picture_seconds(from), sound = decoder_sound_seconds(from);
        done->seconds = picture > sound ? picture : sound;
    }
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
        if (status == SMAC_OK && r.tensors[m].count > 0)
            sample_give_clips(out, p->configuration, m, &r.tensors[m]);
        clip_tensors_clear(&r.tensors[m]);
    }
    decoder_close(from);
    clip_encoder_free(r.clips);
    return status;
}

smac_status sample_read(const preparation *p, const sample_source *source, sample *out, smac_error *error)
{
    memset(out, 0, sizeof *out);
    media_read done = {0};
    bool needs_media = source->media &&
        ((p->wants[MODALITY_AUDIO] && !source->without[MODALITY_AUDIO]) ||
            (p->wants[MODALITY_VISION] && !source->without[MODALITY_VISION]));
    smac_status status = SMAC_OK;
    if (!source->without[MODALITY_TEXT])
        status = sample_set_text(p, out, source->text, source->context, source->context_count, error);
    if (status == SMAC_OK && needs_media)
        status = read_media(p, source, out, &done, error);
    out->start = source->start;
    out->end = source->start + done.seconds;
    if (status == SMAC_OK && !source->may_be_empty && !out->present[MODALITY_TEXT] && !out->present[MODALITY_AUDIO] &&
        !out->present[MODALITY_VISION])
        status = done.is_faceless
            ? FAIL(error, SMAC_ERROR_FORMAT,
                  "no face was found in %.300s, and it has no words or sound that the model takes: leave it out",
                  source->media)
            : FAIL(error, SMAC_ERROR_FORMAT,
                  "%.300s has no words, sound or picture that the model takes: name another recording",
                  source->media ? source->media : "the clip");
    if (status != SMAC_OK)
        sample_clear(out);
    return status;
}
