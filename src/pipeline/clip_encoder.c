/* pipeline/clip_encoder.c - pictures and sound to clips, raw or encoded. */
#include "pipeline/clip_encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/media.h"
#include "media/mel.h"
#include "media/voice.h"
#include "pipeline/clip_mel.h"
#include "pipeline/frame_pairs.h"
#include "pipeline/picture_crop.h"
#include "pipeline/affect_model.h"

enum { AT_ONCE = 8 };

/* The clips of one modality. */
typedef struct lane {
    bool takes, finished;
    clip_tensors raw;   /* wait for the encoder, or to be taken raw */
    int64_t *raw_index; /* of each clip in them */
    size_t raw_capacity;
    int64_t raw_clips; /* in them: windows of sound may hold several */
    int64_t raw_taken; /* those of the tensors that were taken */
    int64_t parts_taken;
    feature_sequence ready; /* vectors that wait to be taken */
    int64_t *ready_index;
    int64_t ready_taken;
    blank_clips blank;
} lane;

struct clip_encoder {
    clip_encoder_options options;
    const configuration *configuration;
    clip_timing timing;
    lane lanes[MODALITIES];   /* of text: unused */
    picture_cropper *cropper; /* NULL: pictures are taken as they are */
    face_sighting *faces;
    size_t face_count, face_capacity;
    frame_sampler *sampler;
    frame_pairs pairs;
    int64_t next_frame; /* no frame before it will come */
    float *normalised;  /* (crops, 3, S, S), with vision.preparation video */
    sound_windows *windows;
    voice_detector *voice; /* NULL: every sound is taken for a voice */
    float *mel;
    sound_part *parts; /* of a window */
    int64_t *part_index;
    size_t parts_capacity, part_index_capacity;
};

clip_timing clip_timing_of(const configuration *c)
{
    double rate = c->media.frames_per_second;
    int64_t step = c->media.clip_step > 0 ? (int64_t)llround(c->media.clip_step * rate) : 2;
    return (clip_timing){.rate = rate, .step = step < 1 ? 1 : step};
}

double sample_seconds(const sample *s, const clip_timing *timing)
{
    double seconds = s->end - s->start;
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION && s->end <= s->start; m++)
        seconds = fmax(seconds, (double)s->ready[m].steps * clip_step_seconds(timing));
    return seconds;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static smac_status clip_encoder_open_vision(clip_encoder *e, smac_error *error)
{
    const configuration *c = e->configuration;
    bool bytes = c->vision.preparation == PICTURE_STILL;
    int64_t values = 3 * c->vision.image_size * c->vision.image_size;
    frame_form form = {.rate = e->timing.rate,
        .size = (int)c->vision.image_size,
        .prepare = bytes ? PREPARE_STILL : PREPARE_VIDEO,
        .crops = (int)c->vision.crops};
    picture_cropper_options cropping = {.crop = c->vision.crop,
        .half = e->options.half,
        .choice = e->options.face > 0 ? (face_choice)(e->options.face - 1) : (face_choice)c->vision.face,
        .size = (int)c->vision.image_size,
        .detector = e->options.preparation->faces,
        .interrupt = e->options.interrupt};
    if (picture_cropper_is_needed(&cropping))
        TRY(picture_cropper_new(&cropping, &e->cropper, error));
    TRY(frame_sampler_new(&form, &e->sampler, error));
    bool made = frame_pairs_new(&e->pairs, &e->timing,
        (frame_pairs_form){c->vision.pictures, c->vision.crops, (size_t)values * (bytes ? 1 : sizeof(float))});
    if (!bytes)
        e->normalised = memory_new((size_t)(c->vision.crops * values), sizeof *e->normalised);
    return made && (bytes || e->normalised) ? SMAC_OK
                                            : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a clip of pictures");
}

static smac_status clip_encoder_open_audio(clip_encoder *e, smac_error *error)
{
    const configuration *c = e->configuration;
    e->windows = e->options.preparation->side_by_side
        ? sound_windows_new_side_by_side(&e->timing, c->audio.chunk_seconds)
        : sound_windows_new(&e->timing, c->audio.window_seconds);
    e->mel = memory_new((size_t)(c->audio.mel_bins * c->audio.frames), sizeof *e->mel);
    if (c->audio.voice_gate && !e->options.keep_blank)
        TRY(voice_detector_new(&e->voice, error));
    return e->windows && e->mel ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a window of sound");
}

smac_status clip_encoder_new(const clip_encoder_options *options, clip_encoder **out, smac_error *error)
{
    *out = NULL;
    clip_encoder *e = memory_new(1, sizeof *e);
    if (!e)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for clips");
    const preparation *p = options->preparation;
    e->options = *options;
    if (e->options.at_once < 1)
        e->options.at_once = AT_ONCE;
    e->configuration = p->configuration;
    e->timing = clip_timing_of(p->configuration);
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++)
        e->lanes[m].takes = p->wants[m] && !options->without[m];
    e->lanes[MODALITY_AUDIO].takes = e->lanes[MODALITY_AUDIO].takes && p->mel;
    smac_status status = SMAC_OK;
    if (e->lanes[MODALITY_VISION].takes)
        status = clip_encoder_open_vision(e, error);
    if (status == SMAC_OK && e->lanes[MODALITY_AUDIO].takes)
        status = clip_encoder_open_audio(e, error);
    if (status != SMAC_OK) {
        clip_encoder_free(e);
        return status;
    }
    *out = e;
    return SMAC_OK;
}

void clip_encoder_free(clip_encoder *e)
{
    if (!e)
        return;
    for (int m = 0; m < MODALITIES; m++) {
        lane *l = &e->lanes[m];
        clip_tensors_clear(&l->raw);
        free(l->raw_index);
        free(l->ready.data);
        free(l->ready_index);
    }
    picture_cropper_free(e->cropper);
    free(e->faces);
    frame_sampler_free(e->sampler);
    frame_pairs_free(&e->pairs);
    sound_windows_free(e->windows);
    free(e->normalised);
    voice_detector_free(e->voice);
    free(e->mel);
    free(e->parts);
    free(e->part_index);
    free(e);
}

bool clip_encoder_takes(const clip_encoder *e, int modality)
{
    return e->lanes[modality].takes;
}

/* --- clips that wait ---------------------------------------------------------------------------------------------- */

/* More vectors after those that were not taken yet. */
static smac_status lane_add_vectors(lane *l, const feature_sequence *more, smac_error *error)
{
    int64_t kept = l->ready.steps - l->ready_taken, all = kept + more->steps, each = more->crops * more->width;
    float *data = memory_new((size_t)(all * each), sizeof *data);
    int64_t *index = memory_new((size_t)all, sizeof *index);
    if (!data || !index) {
        free(data);
        free(index);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the vectors of %lld clips", (long long)all);
    }
    if (kept > 0) {
        memcpy(data, l->ready.data + l->ready_taken * each, (size_t)(kept * each) * sizeof *data);
        memcpy(index, l->ready_index + l->ready_taken, (size_t)kept * sizeof *index);
    }
    memcpy(data + kept * each, more->data, (size_t)(more->steps * each) * sizeof *data);
    memcpy(index + kept, l->raw_index, (size_t)more->steps * sizeof *index);
    free(l->ready.data);
    free(l->ready_index);
    l->ready = (feature_sequence){.steps = all, .crops = more->crops, .width = more->width, .data = data};
    l->ready_index = index;
    l->ready_taken = 0;
    return SMAC_OK;
}

static smac_status clip_encoder_encode(clip_encoder *e, int m, smac_error *error)
{
    lane *l = &e->lanes[m];
    sample part = {0};
    if (!e->options.model || l->raw.count == 0)
        return SMAC_OK;
    sample_give_clips(&part, e->configuration, m, &l->raw);
    affect_model_encode_options how = {.everything = true, .interrupt = e->options.interrupt};
    smac_status status = affect_model_encode(e->options.model, &part, &how, error);
    if (status == SMAC_OK)
        status = lane_add_vectors(l, &part.ready[m], error);
    l->raw_clips = 0;
    sample_clear(&part);
    return status;
}

/* A tensor and the clips in it: count of them, one where there are no parts. */
typedef struct new_tensor {
    const void *values;
    const int64_t *index;
    const sound_part *parts;
    int64_t count;
} new_tensor;

static smac_status clip_encoder_add_tensor(clip_encoder *e, int m, const new_tensor *n, smac_error *error)
{
    lane *l = &e->lanes[m];
    if (l->raw_taken > 0 && l->raw_taken == l->raw.count) /* all were taken: their memory is used again */
        l->raw_taken = l->raw.count = l->raw_clips = l->raw.part_count = l->parts_taken = 0;
    if (!clip_tensors_add(&l->raw, n->values, sample_clip_bytes(e->configuration, m)) ||
        !clip_tensors_add_parts(&l->raw, n->parts, n->parts ? n->count : 0) ||
        !memory_grow((void **)&l->raw_index, &l->raw_capacity, (size_t)(l->raw_clips + n->count), sizeof *l->raw_index))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for clip %lld", (long long)n->index[0]);
    memcpy(l->raw_index + l->raw_clips, n->index, (size_t)n->count * sizeof *n->index);
    l->raw_clips += n->count;
    return l->raw_clips >= e->options.at_once ? clip_encoder_encode(e, m, error) : SMAC_OK;
}

static smac_status clip_encoder_add(clip_encoder *e, int m, int64_t index, const void *tensor, smac_error *error)
{
    return clip_encoder_add_tensor(e, m, &(new_tensor){.values = tensor, .index = &index, .count = 1}, error);
}

static void lane_note_blank(lane *l, double start)
{
    if (l->blank.count++ == 0)
        l->blank.first = start;
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

bool clip_encoder_wants_picture(const clip_encoder *e, const picture_span *span)
{
    const lane *l = &e->lanes[MODALITY_VISION];
    return l->takes && !l->finished && frame_sampler_wants(e->sampler, span);
}

/* Frames before `index` have come or never will. */
static smac_status clip_encoder_pass_frames(clip_encoder *e, int64_t index, smac_error *error)
{
    int64_t clip;
    if (frame_pairs_pass(&e->pairs, index, &clip))
        TRY(clip_encoder_add(e, MODALITY_VISION, clip, e->pairs.pair, error));
    e->next_frame = index > e->next_frame ? index : e->next_frame;
    return SMAC_OK;
}

static smac_status clip_encoder_take_frame(clip_encoder *e, const sampled_frame *frame, smac_error *error)
{
    const configuration *c = e->configuration;
    const void *pixels = frame->rgb;
    int64_t clip, plane = c->vision.image_size * c->vision.image_size;
    TRY(clip_encoder_pass_frames(e, frame->index, error));
    if (frame->black && !e->options.keep_blank) {
        int64_t first, last;
        clips_of_frame(&e->timing, frame->index, &first, &last);
        if (first <= last && frame->index == last * e->timing.step)
            lane_note_blank(&e->lanes[MODALITY_VISION], clip_start(&e->timing, last));
        return SMAC_OK;
    }
    for (int64_t i = 0; frame->values && i < c->vision.crops; i++)
        picture_normalise_values(
            frame->values + i * 3 * plane, (int)c->vision.image_size, e->normalised + i * 3 * plane, (size_t)plane);
    if (frame->values)
        pixels = e->normalised;
    return frame_pairs_add(&e->pairs, frame->index, pixels, &clip)
        ? clip_encoder_add(e, MODALITY_VISION, clip, e->pairs.pair, error)
        : SMAC_OK;
}

/* What was found in the picture of a frame. */
static smac_status clip_encoder_note_face(clip_encoder *e, const picture_crop *crop, double time, smac_error *error)
{
    if (!crop->was_searched)
        return SMAC_OK;
    if (!memory_grow((void **)&e->faces, &e->face_capacity, e->face_count + 1, sizeof *e->faces))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu faces", e->face_count);
    e->faces[e->face_count++] = (face_sighting){.time = time,
        .count = crop->count,
        .found = crop->is_found,
        .score = crop->face.score,
        .left = crop->face.left,
        .top = crop->face.top,
        .right = crop->face.right,
        .bottom = crop->face.bottom};
    return SMAC_OK;
}

const face_sighting *clip_encoder_faces(const clip_encoder *e, size_t *count)
{
    *count = e->face_count;
    return e->faces;
}

static smac_status clip_encoder_take_picture(
    clip_encoder *e, const picture *shown, const picture_span *span, smac_error *error)
{
    sampled_frame frame;
    picture_crop crop = {.is_found = true, .picture = *shown};
    if (!frame_sampler_wants(e->sampler, span))
        return SMAC_OK;
    if (e->cropper)
        TRY(picture_cropper_take(e->cropper, shown, span->from, &crop, error));
    TRY(frame_sampler_feed(e->sampler, &crop.picture, span, error));
    while (frame_sampler_next(e->sampler, &frame)) {
        if (crop.is_found || !frame.black) /* a black picture is told to be black */
            TRY(clip_encoder_note_face(e, &crop, frame.time, error));
        TRY(crop.is_found || (frame.black && !e->options.keep_blank) ? clip_encoder_take_frame(e, &frame, error)
                                                                     : clip_encoder_pass_frames(e, frame.index, error));
    }
    return SMAC_OK;
}

smac_status clip_encoder_feed_picture(
    clip_encoder *e, const picture *shown, const picture_span *span, smac_error *error)
{
    if (!clip_encoder_takes(e, MODALITY_VISION) || e->lanes[MODALITY_VISION].finished)
        return SMAC_OK;
    if (shown)
        TRY(clip_encoder_take_picture(e, shown, span, error));
    return clip_encoder_pass_frames(e, frame_first_at(span->until, e->timing.rate), error);
}

/* --- sound -------------------------------------------------------------------------------------------------------- */

/* A clip's own sound within a window. */
typedef struct clip_sound {
    int64_t from, to;
} clip_sound;

static clip_sound clip_sound_of(const clip_encoder *e, const sound_window *w, int64_t index)
{
    int64_t all = (int64_t)w->count, from = llround(clip_start(&e->timing, index) * MEDIA_SAMPLE_RATE) - w->begin;
    int64_t to = llround(clip_end(&e->timing, index) * MEDIA_SAMPLE_RATE) - w->begin;
    to = to < all ? to : all;
    return (clip_sound){from < 0 ? 0 : from < to ? from : to - 1, to};
}

/* Whether the clip is left out, which is noted: nothing is to be heard in it, or nobody. */
static smac_status clip_encoder_leaves_out(
    clip_encoder *e, const sound_window *w, int64_t index, clip_sound of, bool *out, smac_error *error)
{
    double voice = 1;
    bool silent = w->clips > 1 ? sound_is_silent(w->samples + of.from, (size_t)(of.to - of.from)) : w->silent;
    if (!silent && e->voice)
        TRY(voice_probability(e->voice, w->samples, w->count, (size_t)of.from, (size_t)of.to, &voice, error));
    *out = !e->options.keep_blank && (silent || voice < 0.5);
    if (*out)
        lane_note_blank(&e->lanes[MODALITY_AUDIO], clip_start(&e->timing, index));
    return SMAC_OK;
}

/* The clips of a window that has several: those in which something is to be heard. */
static smac_status clip_encoder_take_parts(clip_encoder *e, const sound_window *w, smac_error *error)
{
    int64_t count = 0, frames = clip_mel_frames(w->count);
    if (!memory_grow((void **)&e->parts, &e->parts_capacity, (size_t)w->clips, sizeof *e->parts) ||
        !memory_grow((void **)&e->part_index, &e->part_index_capacity, (size_t)w->clips, sizeof *e->part_index))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld clips of sound", (long long)w->clips);
    for (int64_t i = w->index; i < w->index + w->clips; i++) {
        clip_sound of = clip_sound_of(e, w, i);
        bool left_out;
        TRY(clip_encoder_leaves_out(e, w, i, of, &left_out, error));
        if (left_out)
            continue;
        e->part_index[count] = i;
        e->parts[count++] = (sound_part){.frames = (int32_t)frames,
            .first = (int32_t)(of.from / WHISPER_HOP),
            .count = (int32_t)((of.to - of.from + WHISPER_HOP - 1) / WHISPER_HOP)};
    }
    if (count == 0)
        return SMAC_OK;
    TRY(clip_mel(e->options.preparation, w->samples, w->count, e->mel, error));
    new_tensor n = {.values = e->mel, .index = e->part_index, .parts = e->parts, .count = count};
    return clip_encoder_add_tensor(e, MODALITY_AUDIO, &n, error);
}

static smac_status clip_encoder_take_windows(clip_encoder *e, smac_error *error)
{
    sound_window window;
    while (sound_windows_next(e->windows, &window)) {
        if (e->options.preparation->side_by_side) {
            TRY(clip_encoder_take_parts(e, &window, error));
            continue;
        }
        bool left_out;
        clip_sound of = clip_sound_of(e, &window, window.index);
        TRY(clip_encoder_leaves_out(e, &window, window.index, of, &left_out, error));
        if (left_out)
            continue;
        TRY(clip_mel(e->options.preparation, window.samples, window.count, e->mel, error));
        TRY(clip_encoder_add(e, MODALITY_AUDIO, window.index, e->mel, error));
    }
    return SMAC_OK;
}

smac_status clip_encoder_feed_sound(clip_encoder *e, const float *samples, size_t count, smac_error *error)
{
    if (!clip_encoder_takes(e, MODALITY_AUDIO) || e->lanes[MODALITY_AUDIO].finished)
        return SMAC_OK;
    TRY(sound_windows_feed(e->windows, samples, count, error));
    return clip_encoder_take_windows(e, error);
}

smac_status clip_encoder_feed_hole(clip_encoder *e, int64_t count, smac_error *error)
{
    if (!clip_encoder_takes(e, MODALITY_AUDIO) || e->lanes[MODALITY_AUDIO].finished)
        return SMAC_OK;
    TRY(sound_windows_skip(e->windows, count, error));
    return clip_encoder_take_windows(e, error);
}

/* --- the end, and taking ------------------------------------------------------------------------------------------ */

smac_status clip_encoder_flush(clip_encoder *e, smac_error *error)
{
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++)
        TRY(clip_encoder_encode(e, m, error));
    return SMAC_OK;
}

smac_status clip_encoder_finish_modality(clip_encoder *e, int modality, smac_error *error)
{
    lane *l = &e->lanes[modality];
    if (!l->takes || l->finished)
        return SMAC_OK;
    if (modality == MODALITY_VISION) {
        TRY(clip_encoder_pass_frames(e, INT64_MAX, error));
    } else {
        sound_windows_finish(e->windows);
        TRY(clip_encoder_take_windows(e, error));
    }
    l->finished = true;
    return clip_encoder_encode(e, modality, error);
}

smac_status clip_encoder_finish(clip_encoder *e, smac_error *error)
{
    TRY(clip_encoder_finish_modality(e, MODALITY_AUDIO, error));
    return clip_encoder_finish_modality(e, MODALITY_VISION, error);
}

static bool lane_next(lane *l, bool encoded, clip *out)
{
    if (encoded) {
        if (l->ready_taken >= l->ready.steps)
            return false;
        out->crops = l->ready.crops;
        out->width = l->ready.width;
        out->vectors = l->ready.data + l->ready_taken * out->crops * out->width;
        out->index = l->ready_index[l->ready_taken++];
        return true;
    }
    if (l->raw_taken >= l->raw.count)
        return false;
    const uint8_t *tensor = (const uint8_t *)l->raw.data + (size_t)l->raw_taken * l->raw.each;
    out->frames = tensor; /* clip_encoder_next says which of the forms it is */
    out->index = l->raw_index[l->raw.parts ? l->parts_taken : l->raw_taken];
    while (l->parts_taken + out->part_count < l->raw.part_count &&
        l->raw.parts[l->parts_taken + out->part_count].window == l->raw_taken)
        out->part_count++;
    out->parts = out->part_count > 0 ? l->raw.parts + l->parts_taken : NULL;
    l->parts_taken += out->part_count;
    l->raw_taken++;
    return true;
}

bool clip_encoder_next(clip_encoder *e, clip *out)
{
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
        *out = (clip){.modality = m};
        if (!lane_next(&e->lanes[m], e->options.model != NULL, out))
            continue;
        const void *tensor = out->frames;
        out->frames = NULL;
        if (tensor && m == MODALITY_AUDIO)
            out->mel = tensor;
        else if (tensor && e->configuration->vision.preparation == PICTURE_STILL)
            out->frames = tensor;
        else if (tensor)
            out->pictures = tensor;
        out->start = clip_start(&e->timing, out->index);
        out->end = clip_end(&e->timing, out->index);
        return true;
    }
    return false;
}

double clip_encoder_reached(const clip_encoder *e, int modality)
{
    const lane *l = &e->lanes[modality];
    if (!l->takes || l->finished)
        return INFINITY;
    int64_t index =
        modality == MODALITY_VISION ? frame_pairs_reached(&e->pairs, e->next_frame) : sound_windows_reached(e->windows);
    return clip_middle(&e->timing, index);
}

blank_clips clip_encoder_blank(const clip_encoder *e, int modality)
{
    return e->lanes[modality].blank;
}
