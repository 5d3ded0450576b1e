/* pipeline/batch.c - samples side by side. */
#include "pipeline/batch.h"

#include <string.h>

#include "base/memory.h"
#include "media/resize.h"

void picture_bytes_to_values(const uint8_t *rgb, int64_t image_size, float *out)
{
    picture_normalise_rgb(rgb, (int)image_size, out, (size_t)(image_size * image_size));
}

/* Raw length of a modality in steps. */
static int64_t raw_steps(const sample *s, int m)
{
    return m == MODALITY_TEXT ? s->tokens : m == MODALITY_AUDIO ? sample_sounds(s) : s->clips;
}

static int input_of(const sample *s, int m)
{
    return s->ready[m].data ? s->ready[m].input : 0;
}

static void *take(batch *b, int64_t count, size_t each)
{
    size_t bytes;
    if (count < 0 || !checked_multiply((size_t)count, each, &bytes))
        return NULL;
    return arena_take_zeroed(b->memory, bytes ? bytes : 1);
}

/* The samples that have the modality, and the largest of the inputs that these are for. */
static int find_present(batch *b, const sample *const *samples, const uint8_t *drop, int m)
{
    int last = -1;
    for (int64_t i = 0; i < b->size; i++) {
        const sample *s = samples[i];
        if (!s->present[m] || (drop && drop[i * MODALITIES + m]))
            continue;
        b->part[m].present[i] = 1;
        last = input_of(s, m) > last ? input_of(s, m) : last;
    }
    return last;
}

/* Whose tensors are for the part's input, and whether all of these have the same form; *model: the first of them. */
static smac_status survey(
    batch *b, const sample *const *samples, int m, batch_modality *part, const sample **model, smac_error *error)
{
    *model = NULL;
    for (int64_t i = 0; i < b->size; i++) {
        const sample *s = samples[i];
        if (!b->part[m].present[i] || input_of(s, m) != part->input)
            continue;
        part->own[i] = 1;
        const feature_sequence *f = &s->ready[m];
        int64_t steps = f->data ? f->steps : raw_steps(s, m);
        if (steps < 1)
            return FAIL(
                error, SMAC_ERROR_INTERNAL, "sample %lld has %s without any step", (long long)i, modality_name(m));
        if (!*model) {
            *model = s;
            part->crops = f->data ? f->crops : m == MODALITY_VISION ? s->crops : 1;
            part->width = f->width;
        }
        const sample *o = *model;
        if ((f->data == NULL) != (o->ready[m].data == NULL))
            return FAIL(error, SMAC_ERROR_MISMATCH, "%s is ready in one sample of the batch and raw in another",
                modality_name(m));
        bool same = f->data ? f->crops == o->ready[m].crops && f->width == o->ready[m].width
            : m == MODALITY_VISION
            ? s->crops == o->crops && s->image_size == o->image_size && s->clip_pictures == o->clip_pictures
            : m == MODALITY_AUDIO
            ? s->mel_bins == o->mel_bins && !s->parts == !o->parts && (s->parts || s->mel_frames == o->mel_frames)
            : true;
        const feature_sequence *front = &s->front[m], *model_front = &o->front[m];
        same = same && (front->data == NULL) == (model_front->data == NULL) && front->crops == model_front->crops &&
            front->width == model_front->width;
        if (!same)
            return FAIL(error, SMAC_ERROR_MISMATCH, "the %s of two samples of a batch differ in width, crops or size",
                modality_name(m));
        part->steps = steps > part->steps ? steps : part->steps;
    }
    part->any = *model != NULL;
    return SMAC_OK;
}

static bool fill_ready(batch *b, const sample *const *samples, int m, batch_modality *part)
{
    int64_t step = part->crops * part->width;
    part->ready = take(b, b->size * part->steps * step, sizeof(float));
    part->mask = take(b, b->size * part->steps, 1);
    if (!part->ready || !part->mask)
        return false;
    for (int64_t i = 0; i < b->size; i++) {
        if (!part->own[i])
            continue;
        const feature_sequence *f = &samples[i]->ready[m];
        memcpy(part->ready + i * part->steps * step, f->data, (size_t)(f->steps * step) * sizeof(float));
        memset(part->mask + i * part->steps, 1, (size_t)f->steps);
    }
    return true;
}

static bool fill_text(batch *b, const sample *const *samples, batch_modality *part, const batch_padding *padding)
{
    int64_t length = part->steps, row = 0;
    for (int64_t i = 0; i < b->size; i++)
        part->rows += part->own[i];
    b->ids = take(b, part->rows * length, sizeof *b->ids);
    b->types = take(b, part->rows * length, sizeof *b->types);
    b->text_mask = take(b, part->rows * length, 1);
    part->mask = take(b, b->size * length, 1);
    part->place = take(b, b->size, sizeof *part->place);
    if (!b->ids || !b->types || !b->text_mask || !part->mask || !part->place)
        return false;
    for (int64_t i = 0; i < b->size; i++) {
        part->place[i] = -1;
        if (!part->own[i])
            continue;
        const sample *s = samples[i];
        int64_t from = padding->left ? length - s->tokens : 0;
        part->place[i] = (int32_t)row;
        for (int64_t k = 0; k < length; k++) {
            bool real = k >= from && k < from + s->tokens;
            b->ids[row * length + k] = real ? s->ids[k - from] : padding->id;
            b->types[row * length + k] = real ? s->types[k - from] : padding->type;
            b->text_mask[row * length + k] = part->mask[i * length + k] = real;
        }
        row++;
    }
    return true;
}

/* Places of the rows of (B, S, C), and how many rows. */
static bool fill_places(batch *b, const sample *const *samples, int m, batch_modality *part)
{
    part->mask = take(b, b->size * part->steps, 1);
    part->place = take(b, b->size * part->steps * part->crops, sizeof *part->place);
    if (!part->mask || !part->place)
        return false;
    for (int64_t i = 0; i < b->size; i++) {
        int64_t steps = part->own[i] ? raw_steps(samples[i], m) : 0;
        for (int64_t k = 0; k < part->steps; k++) {
            part->mask[i * part->steps + k] = k < steps;
            for (int64_t c = 0; c < part->crops; c++)
                part->place[(i * part->steps + k) * part->crops + c] = k < steps ? (int32_t)part->rows++ : -1;
        }
    }
    return true;
}

/* The windows of one sample and their parts, padded to the batch's length. */
static void place_sound(batch *b, const sample *s, int64_t window, int64_t row)
{
    for (int64_t k = 0; k < s->windows * s->mel_bins; k++)
        memcpy(b->mel + (window * s->mel_bins + k) * b->mel_frames, s->mel + k * s->mel_frames,
            (size_t)s->mel_frames * sizeof *s->mel);
    for (int64_t k = 0; b->parts && k < s->part_count; k++) {
        b->parts[row + k] = s->parts[k];
        b->parts[row + k].window += (int32_t)window;
    }
}

static bool fill_sound(batch *b, const sample *const *samples, batch_modality *part, const sample *model)
{
    int64_t row = 0;
    b->mel_bins = model->mel_bins;
    for (int64_t i = 0; i < b->size; i++) {
        if (!part->own[i])
            continue;
        b->windows += samples[i]->windows;
        b->mel_frames = samples[i]->mel_frames > b->mel_frames ? samples[i]->mel_frames : b->mel_frames;
    }
    if (!fill_places(b, samples, MODALITY_AUDIO, part) ||
        !(b->mel = take(b, b->windows * b->mel_bins * b->mel_frames, sizeof(float))) ||
        (model->parts && !(b->parts = take(b, part->rows, sizeof *b->parts))))
        return false;
    for (int64_t i = 0, window = 0; i < b->size; i++) {
        if (!part->own[i])
            continue;
        place_sound(b, samples[i], window, row);
        window += samples[i]->windows;
        row += sample_sounds(samples[i]);
    }
    return true;
}

static bool fill_pictures(batch *b, const sample *const *samples, batch_modality *part, const sample *model)
{
    b->image_size = model->image_size;
    b->clip_pictures = model->clip_pictures;
    int64_t each = 3 * b->image_size * b->image_size, at = 0;
    if (!fill_places(b, samples, MODALITY_VISION, part) ||
        !(b->pictures = take(b, part->rows * b->clip_pictures * each, sizeof(float))))
        return false;
    for (int64_t i = 0; i < b->size; i++) {
        if (!part->own[i])
            continue;
        const sample *s = samples[i];
        int64_t count = s->clips * s->crops * s->clip_pictures;
        if (s->pictures)
            memcpy(b->pictures + at * each, s->pictures, (size_t)(count * each) * sizeof(float));
        else
            for (int64_t k = 0; k < count; k++)
                picture_bytes_to_values(s->frames + k * each, b->image_size, b->pictures + (at + k) * each);
        at += count;
    }
    return true;
}

/* What the frozen blocks gave, in the places of the rows; of a text at the side that is not padded. */
static bool fill_front(
    batch *b, const sample *const *samples, int m, batch_modality *part, const sample *model, bool left)
{
    bool text = m == MODALITY_TEXT;
    part->front_steps = text ? part->steps : model->front[m].crops;
    part->front_width = model->front[m].width;
    int64_t each = part->front_steps * part->front_width, row = 0;
    if (!(part->front = take(b, part->rows * each, sizeof(float))))
        return false;
    for (int64_t i = 0; i < b->size; i++) {
        if (!part->own[i])
            continue;
        const feature_sequence *f = &samples[i]->front[m];
        int64_t from = text && left ? (part->steps - f->steps) * f->width : 0;
        memcpy(part->front + row * each + from, f->data, (size_t)(f->steps * f->crops * f->width) * sizeof(float));
        row += text ? 1 : f->steps;
    }
    return true;
}

/* The tensors of the samples whose modality is for one input; *out->any false: there are none. */
static smac_status make_part(
    batch *b, const sample *const *samples, int m, batch_modality *out, const batch_padding *padding, smac_error *error)
{
    const sample *model;
    out->own = take(b, b->size, 1);
    if (!out->own)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a batch of %lld", (long long)b->size);
    TRY(survey(b, samples, m, out, &model, error));
    if (!model)
        return SMAC_OK;
    bool kept = model->front[m].data && !model->ready[m].data;
    bool made = model->ready[m].data ? fill_ready(b, samples, m, out)
        : kept && m != MODALITY_TEXT ? fill_places(b, samples, m, out)
        : m == MODALITY_TEXT         ? fill_text(b, samples, out, padding)
        : m == MODALITY_AUDIO        ? fill_sound(b, samples, out, model)
                                     : fill_pictures(b, samples, out, model);
    made = made && (!kept || fill_front(b, samples, m, out, model, padding->left));
    return made
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the %s of %lld samples", modality_name(m), (long long)b->size);
}

/* The modality's parts: one for each input that samples of the batch have vectors for. */
static smac_status make_modality(
    batch *b, const sample *const *samples, const uint8_t *drop, int m, const batch_padding *padding, smac_error *error)
{
    batch_modality *last = &b->part[m];
    last->present = take(b, b->size, 1);
    if (!last->present)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a batch of %lld", (long long)b->size);
    int inputs = find_present(b, samples, drop, m) + 1;
    for (int input = 0; input < inputs; input++) {
        batch_modality part = {.present = b->part[m].present, .input = input};
        TRY(make_part(b, samples, m, &part, padding, error));
        if (!part.any)
            continue;
        if (b->part[m].any) {
            last->next = take(b, 1, sizeof *last);
            if (!last->next)
                return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a batch of %lld", (long long)b->size);
            last = last->next;
        }
        *last = part;
    }
    return SMAC_OK;
}

smac_status batch_make(const sample *const *samples, int64_t count, const uint8_t *drop, const batch_padding *padding,
    batch *out, smac_error *error)
{
    memset(out, 0, sizeof *out);
    if (count < 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a batch of %lld samples; expected at least one", (long long)count);
    out->size = count;
    out->memory = arena_new(0);
    if (!out->memory)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a batch of %lld", (long long)count);
    smac_status status = SMAC_OK;
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        status = make_modality(out, samples, drop, m, padding, error);
    if (status != SMAC_OK)
        batch_clear(out);
    return status;
}

void batch_clear(batch *b)
{
    if (!b)
        return;
    arena_free(b->memory);
    memset(b, 0, sizeof *b);
}
