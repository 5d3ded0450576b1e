/* data/stored_vectors.c - descriptions of how vectors were made, and keys of clips. */
#include "data/stored_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "pipeline/affect_model.h"
#include "pipeline/encoder_front.h"

/* Everything that changes a vector, one line each.  A change of the preparation's code must raise the number. */
enum { PREPARATION_VERSION = 1 };

static const char *layers_of(const configuration *c, int m)
{
    return m == MODALITY_TEXT ? c->text.layers_mix : m == MODALITY_AUDIO ? c->audio.layers_mix : c->vision.layers_mix;
}

/* How media become the tensors that an encoder reads. */
static void describe_media(const affect_model *s, int m, text_buffer *out)
{
    const configuration *c = &s->configuration;
    text_format(out, "frames a second %.17g, clip step %.17g\n", c->media.frames_per_second, c->media.clip_step);
    if (m == MODALITY_AUDIO)
        text_format(out, "window %.17g s, %lld bins, %lld frames\n", c->audio.window_seconds,
            (long long)c->audio.mel_bins, (long long)c->audio.frames);
    else
        text_format(out, "pictures %lld, crops %lld, loader %d\n", (long long)c->vision.image_size,
            (long long)c->vision.crops, (int)c->vision.preparation);
    if (m == MODALITY_VISION && c->vision.crop != CROP_WHOLE)
        text_format(out, "crop %d, face %d, detector %s\n", (int)c->vision.crop, (int)c->vision.face, s->faces_sha256);
}

static void describe_vectors(const affect_model *s, int m, text_buffer *out)
{
    const configuration *c = &s->configuration;
    text_format(out, "vectors of %s, preparation %d\nencoder %s\nprecision %s\n", modality_name(m), PREPARATION_VERSION,
        s->encoder_sha256[m], precision_name(s->precision[m]));
    const char *mix = layers_of(c, m);
    if (strcmp(mix, "none") != 0)
        text_format(out, "layers %s\n", mix);
    if (!s->frozen[m])
        text_format(out, "states after %lld blocks\n", (long long)affect_model_front_layers(s, m));
    if (m == MODALITY_TEXT) {
        text_format(out, "tokens %lld, lower case %d, lower words %d, context %d\n",
            (long long)s->preparation.max_tokens, c->text.lower_case, c->text.lower_words, c->text.context);
        return;
    }
    if (m == MODALITY_AUDIO && s->preparation.side_by_side)
        text_format(out, "chunks of %.17g s\n", c->audio.chunk_seconds);
    if (m == MODALITY_AUDIO && c->audio.voice_gate)
        text_add(out, "voice gate 1\n");
    describe_media(s, m, out);
    if (m == MODALITY_VISION && c->vision.pictures == 1)
        text_add(out, "one picture a clip\n");
}

void stored_vectors_open(
    stored_vectors *v, const affect_model *model, const bool front[MODALITIES], const char *folder, const reporter *r)
{
    char *own = NULL;
    smac_error why = {0};
    *v = (stored_vectors){0};
    bool any = false, wanted[MODALITIES];
    for (int m = 0; m < MODALITIES; m++) {
        v->front[m] = front[m] && affect_model_front_layers(model, m) > 0;
        wanted[m] = v->front[m] || affect_model_keeps_vectors(model, m);
        any = any || wanted[m];
    }
    if (!any || (!folder && feature_store_folder(&own, NULL) != SMAC_OK))
        return;
    for (int m = 0; m < MODALITIES; m++) {
        text_buffer description = {0};
        if (!wanted[m])
            continue;
        describe_vectors(model, m, &description);
        if (description.failed ||
            feature_store_open(folder ? folder : own, description.data, &v->of[m], &why) != SMAC_OK)
            report_log(r, LOG_WARNING, "vectors of %s are not kept for the next run: %s", modality_name(m),
                why.message[0] ? why.message : "no memory");
        text_free(&description);
    }
    free(own);
}

void stored_vectors_close(stored_vectors *v)
{
    for (int m = 0; m < MODALITIES; m++)
        feature_store_close(v->of[m]);
    memset(v->of, 0, sizeof v->of);
    feature_store_close(v->frames);
    v->frames = NULL;
}

void stored_frames_open(stored_vectors *v, const affect_model *model, const char *folder, const reporter *r)
{
    char *own = NULL;
    smac_error why = {0};
    text_buffer description = {0};
    text_format(&description, "pictures, preparation %d\n", PREPARATION_VERSION);
    describe_media(model, MODALITY_VISION, &description);
    if (folder || feature_store_folder(&own, &why) == SMAC_OK)
        if (description.failed ||
            feature_store_open(folder ? folder : own, description.data, &v->frames, &why) != SMAC_OK)
            report_log(r, LOG_WARNING, "pictures are not kept for the next run: %s",
                why.message[0] ? why.message : "no memory");
    text_free(&description);
    free(own);
}

/* Of words the text with its context, of others the media file and the stretch.  false: the item has none. */
static bool find_key(
    stored_vectors *v, const dataset_item *item, int m, feature_key *key, smac_status *status, smac_error *error)
{
    *key = (feature_key){.start = item->start, .end = item->end};
    *status = SMAC_OK;
    if (m != MODALITY_TEXT) {
        if (item->media)
            *status = feature_store_digest(v->of[m] ? v->of[m] : v->frames, item->media, key->media, error);
        if (item->media && *status == SMAC_OK && m == MODALITY_VISION && item->half != PICTURE_WHOLE) {
            char half[80];
            snprintf(half, sizeof half, "%s, half %d", key->media, (int)item->half);
            sha256_hex(half, strlen(half), key->media);
        }
        return item->media && *status == SMAC_OK;
    }
    text_buffer words = {0};
    for (int64_t i = 0; i < item->context_count; i++) {
        text_add(&words, item->context[i]);
        text_add_char(&words, '\x1f');
    }
    text_add(&words, item->text);
    if (words.failed)
        *status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the words of a clip");
    else
        sha256_hex(words.data, words.length, key->media);
    key->start = key->end = 0;
    bool there = *item->text != 0 && !words.failed;
    text_free(&words);
    return there;
}

smac_status stored_vectors_take(stored_vectors *v, const dataset_item *item, const bool wanted[MODALITIES],
    bool done[MODALITIES], sample *out, smac_error *error)
{
    for (int m = 0; m < MODALITIES; m++) {
        feature_key key;
        feature_sequence stored = {0};
        smac_status status = SMAC_OK;
        bool found = false;
        done[m] = false;
        if (!wanted[m] || !v->of[m] || !find_key(v, item, m, &key, &status, error)) {
            TRY(status);
            continue;
        }
        TRY(feature_store_get(v->of[m], &key, &stored, &found, error));
        if (found && stored.steps > 0 && v->front[m]) {
            out->front[m] = stored;
            stored.data = NULL;
        } else if (found && stored.steps > 0)
            status = sample_set_ready(out, m, stored.steps, stored.crops, stored.width, stored.data, error);
        free(stored.data);
        TRY(status);
        if (found) {
            done[m] = true;
            __atomic_add_fetch(&v->read, 1, __ATOMIC_RELAXED);
        }
    }
    return SMAC_OK;
}

smac_status stored_vectors_put(
    stored_vectors *v, const dataset_item *item, const bool made[MODALITIES], const sample *x, smac_error *error)
{
    for (int m = 0; m < MODALITIES; m++) {
        feature_key key;
        smac_status status = SMAC_OK;
        feature_sequence absent = {.crops = 1, .width = 1};
        const feature_sequence *now = v->front[m] ? &x->front[m] : &x->ready[m];
        if (!made[m] || !v->of[m] || (x->present[m] && !now->data) || !find_key(v, item, m, &key, &status, error)) {
            TRY(status);
            continue;
        }
        TRY(feature_store_put(v->of[m], &key, x->present[m] ? now : &absent, error));
        __atomic_add_fetch(&v->written, 1, __ATOMIC_RELAXED);
    }
    return SMAC_OK;
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/* A clip's tensor is kept as the bits of so many floats. */
static int64_t frame_floats(const configuration *c)
{
    return (int64_t)((sample_clip_bytes(c, MODALITY_VISION) + sizeof(float) - 1) / sizeof(float));
}

smac_status stored_frames_take(
    stored_vectors *v, const affect_model *model, const dataset_item *item, sample *out, bool *done, smac_error *error)
{
    const configuration *c = &model->configuration;
    size_t each = sample_clip_bytes(c, MODALITY_VISION);
    feature_key key;
    feature_sequence stored = {0};
    smac_status status = SMAC_OK;
    *done = false;
    if (!v->frames || !find_key(v, item, MODALITY_VISION, &key, &status, error))
        return status;
    TRY(feature_store_get(v->frames, &key, &stored, done, error));
    clip_tensors clips = {0};
    for (int64_t i = 0; *done && i < stored.steps && status == SMAC_OK; i++)
        if (stored.width != frame_floats(c) || !clip_tensors_add(&clips, stored.data + i * stored.width, each))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the pictures of a clip");
    if (status == SMAC_OK && clips.count)
        sample_give_clips(out, c, MODALITY_VISION, &clips);
    clip_tensors_clear(&clips);
    free(stored.data);
    if (status == SMAC_OK && *done)
        __atomic_add_fetch(&v->read, 1, __ATOMIC_RELAXED);
    return status;
}

smac_status stored_frames_put(
    stored_vectors *v, const affect_model *model, const dataset_item *item, const sample *x, smac_error *error)
{
    const configuration *c = &model->configuration;
    size_t each = sample_clip_bytes(c, MODALITY_VISION);
    const char *from = x->frames ? (const char *)x->frames : (const char *)x->pictures;
    feature_sequence kept = {.steps = from ? x->clips : 0, .crops = 1, .width = frame_floats(c)};
    feature_key key;
    smac_status status = SMAC_OK;
    if (!v->frames || (x->present[MODALITY_VISION] && !from) ||
        !find_key(v, item, MODALITY_VISION, &key, &status, error))
        return status;
    kept.data = memory_new((size_t)(kept.steps * kept.width) + 1, sizeof *kept.data);
    if (!kept.data)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the pictures of a clip");
    for (int64_t i = 0; i < kept.steps; i++)
        memcpy(kept.data + i * kept.width, from + (size_t)i * each, each);
    status = feature_store_put(v->frames, &key, &kept, error);
    free(kept.data);
    if (status == SMAC_OK)
        __atomic_add_fetch(&v->written, 1, __ATOMIC_RELAXED);
    return status;
}
