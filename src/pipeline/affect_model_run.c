/* pipeline/affect_model_run.c - running a model: encoders and core over a batch, samples to numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "encoders/encoder.h"
#include "pipeline/affect_model.h"
#include "text/tokenizer.h"

enum { ENCODE_AT_ONCE = 8 }; /* clips or windows that a frozen encoder takes in one go */

smac_status affect_model_batch(const affect_model *s, const sample *const *samples, int64_t count, const uint8_t *drop,
    batch *out, smac_error *error)
{
    batch_padding padding = {0, 0, false};
    if (s->tokenizer) {
        int32_t pad = tokenizer_special_ids(s->tokenizer).pad;
        padding =
            (batch_padding){pad < 0 ? 0 : pad, tokenizer_pad_type(s->tokenizer), tokenizer_pads_left(s->tokenizer)};
    }
    return batch_make(samples, count, drop, &padding, out, error);
}

/* --- encoders ----------------------------------------------------------------------------------------------------- */

/* Vectors of the packed rows: text (rows, L, W), audio and vision (rows, W). */
static value *encode_rows(const affect_model *s, tape *t, const batch *b, int m)
{
    const encoder_input input = {.rows = m == MODALITY_AUDIO ? b->windows : b->part[m].rows,
        .length = b->part[m].steps,
        .ids = b->ids,
        .types = b->types,
        .mask = b->text_mask,
        .mel = b->mel,
        .mel_bins = b->mel_bins,
        .mel_frames = b->mel_frames,
        .parts = b->parts,
        .part_count = b->part[m].rows,
        .pictures = b->pictures};
    const batch_modality *part = &b->part[m];
    if (part->front)
        return encoder_resume(t, s->encoders[m], &input,
            tape_value(t, 3, (int64_t[]){part->rows, part->front_steps, part->front_width}, part->front));
    return encoder_encode(t, s->encoders[m], &input, NULL);
}

/* The same for a frozen encoder on a tape that records or computes in another precision: aside, without notes. */
static value *encode_rows_aside(const affect_model *s, tape *t, const batch *b, int m)
{
    tape_options options = {.precision = s->precision[m], .interrupt = tape_get_options(t)->interrupt};
    tape *aside = tape_new(&options);
    smac_error error = {0};
    if (!aside) {
        tape_fail(t, SMAC_ERROR_MEMORY, __func__, "no memory for a tape");
        return NULL;
    }
    value *rows = encode_rows(s, aside, b, m), *copy = NULL;
    if (tape_status(aside, &error) != SMAC_OK)
        tape_fail_as(t, &error);
    else
        copy = tape_value(t, rows->rank, rows->dim, tape_numbers(aside, rows));
    tape_free(aside);
    return copy;
}

/* Width of the vectors of an input; 0: there is no such input. */
static int64_t input_width(const affect_model *s, int m, int input)
{
    const vector_forms *vectors = &s->vectors[m];
    int form = vectors->alone ? input : input - 1;
    return form < 0 ? s->encoder_width[m] : form < vectors->count ? vectors->of[form].width : 0;
}

static semantic_sequence sequence_of(const affect_model *s, tape *t, const batch *b, int m, const batch_modality *part)
{
    semantic_sequence out = {.mask = part->mask, .present = part->own, .input = part->input};
    if (!part->any) {
        out.mask = NULL;
        return out;
    }
    if (part->ready) {
        if (part->width != input_width(s, m, part->input)) {
            tape_fail(t, SMAC_ERROR_MISMATCH, __func__, "the %s vectors have %lld values each; the model takes %lld",
                modality_name(m), (long long)part->width, (long long)input_width(s, m, part->input));
            return out;
        }
        out.vectors = m == MODALITY_TEXT
            ? tape_value(t, 3, (int64_t[]){b->size, part->steps, part->width}, part->ready)
            : tape_value(t, 4, (int64_t[]){b->size, part->steps, part->crops, part->width}, part->ready);
        return out;
    }
    if (!s->preparation.wants[m]) {
        tape_fail(t, SMAC_ERROR_MISMATCH, __func__, "the model takes ready %s vectors and has no encoder for raw ones",
            modality_name(m));
        return out;
    }
    const tape_options *options = tape_get_options(t);
    bool aside = s->frozen[m] && (options->record || options->precision != s->precision[m]);
    value *rows = aside ? encode_rows_aside(s, t, b, m) : encode_rows(s, t, b, m);
    int64_t width = s->encoder_width[m];
    if (m != MODALITY_TEXT) {
        out.vectors = op_gather(t, rows, part->place, 3, (int64_t[]){b->size, part->steps, part->crops});
    } else if (part->rows == b->size) {
        out.vectors = rows;
    } else {
        value *flat = op_reshape(t, rows, 2, (int64_t[]){part->rows, part->steps * width});
        flat = op_gather(t, flat, part->place, 1, (int64_t[]){b->size});
        out.vectors = op_reshape(t, flat, 3, (int64_t[]){b->size, part->steps, width});
    }
    return out;
}

semanticmac_outputs affect_model_forward(const affect_model *s, tape *t, const batch *b, semanticmac_wanted wanted)
{
    semantic_sequence sequences[MODALITIES] = {{0}};
    for (int m = 0; m < MODALITIES; m++) {
        if (!s->has[m])
            continue;
        semantic_sequence *to = &sequences[m];
        for (const batch_modality *part = &b->part[m]; part; part = part->next) {
            if (part != &b->part[m]) {
                semantic_sequence *more = tape_scratch(t, sizeof *more);
                to->next = more;
                to = more;
            }
            if (to)
                *to = sequence_of(s, t, b, m, part);
            if (tape_status(t, NULL) != SMAC_OK)
                return (semanticmac_outputs){0};
        }
    }
    return semanticmac_forward(t, s->core, b->size, sequences, wanted);
}

/* --- ready vectors ------------------------------------------------------------------------------------------------ */

/* Some rows of a sample's raw form, in a batch of its own. */
typedef struct encode_call {
    const affect_model *model;
    const batch *batch;
    int modality;
    interruption interrupt;
} encode_call;

/* How many rows from first on are encoded in one go: of sound with parts those of one window. */
static int64_t slice_rows(const batch *b, int m, int64_t first)
{
    int64_t rows = b->part[m].rows, end = first + 1;
    if (m != MODALITY_AUDIO || !b->parts)
        return rows - first < ENCODE_AT_ONCE ? rows - first : ENCODE_AT_ONCE;
    while (end < rows && b->parts[end].window == b->parts[first].window)
        end++;
    return end - first;
}

/* Only rows [first, first + count) of b's sound; parts: memory for so many of them. */
static void take_sound_slice(batch *b, int64_t first, int64_t count, sound_part *parts)
{
    int64_t window = b->parts ? b->parts[first].window : first;
    b->mel += window * b->mel_bins * b->mel_frames;
    b->windows = b->parts ? b->parts[first + count - 1].window - window + 1 : count;
    for (int64_t i = 0; b->parts && i < count; i++) {
        parts[i] = b->parts[first + i];
        parts[i].window -= (int32_t)window;
    }
    b->parts = b->parts ? parts : NULL;
}

/* Rows [first, first + count) of the batch, encoded: out (count, text steps, W). */
static smac_status encode_slice(const encode_call *call, int64_t first, int64_t count, float *out, smac_error *error)
{
    const affect_model *s = call->model;
    const batch *b = call->batch;
    int m = call->modality;
    batch part = *b;
    part.part[m].rows = count;
    part.pictures = b->pictures ? b->pictures + first * b->clip_pictures * 3 * b->image_size * b->image_size : NULL;
    tape *t = tape_new(
        &(tape_options){.precision = s->frozen[m] ? s->precision[m] : PRECISION_F32, .interrupt = call->interrupt});
    if (!t)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    sound_part *parts = tape_scratch(t, (size_t)count * sizeof *parts);
    if (parts && m == MODALITY_AUDIO)
        take_sound_slice(&part, first, count, parts);
    value *rows = encode_rows(s, t, &part, m);
    tape_read(t, rows, out);
    smac_status status = tape_status(t, error);
    tape_free(t);
    return status;
}

static smac_status encode_modality(const encode_call *call, sample *x, smac_error *error)
{
    int m = call->modality;
    const batch_modality *part = &call->batch->part[m];
    int64_t width = call->model->encoder_width[m], rows = m == MODALITY_TEXT ? part->steps : part->rows;
    float *vectors = memory_new((size_t)(rows * width), sizeof *vectors);
    smac_status status =
        vectors ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld vectors", (long long)rows);
    if (status == SMAC_OK && m == MODALITY_TEXT)
        status = encode_slice(call, 0, 1, vectors, error);
    for (int64_t i = 0, count; status == SMAC_OK && m != MODALITY_TEXT && i < rows; i += count) {
        count = slice_rows(call->batch, m, i);
        status = encode_slice(call, i, count, vectors + i * width, error);
    }
    if (status == SMAC_OK)
        status = sample_set_ready(x, m, part->steps, part->crops, width, vectors, error);
    free(vectors);
    return status;
}

smac_status affect_model_encode(
    const affect_model *s, sample *x, const affect_model_encode_options *options, smac_error *error)
{
    batch b = {0};
    affect_model_encode_options o = options ? *options : (affect_model_encode_options){0};
    bool wanted[MODALITIES], any = false;
    for (int m = 0; m < MODALITIES; m++) {
        wanted[m] = s->has[m] && s->preparation.wants[m] && x->present[m] && !x->ready[m].data &&
            (o.everything || s->frozen[m]) && !(o.keep_pictures && m == MODALITY_VISION);
        any = any || wanted[m];
    }
    if (!any)
        return SMAC_OK;
    uint8_t drop[MODALITIES];
    for (int m = 0; m < MODALITIES; m++)
        drop[m] = !wanted[m];
    const sample *one = x;
    TRY(affect_model_batch(s, &one, 1, drop, &b, error));
    smac_status status = SMAC_OK;
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        if (wanted[m])
            status = encode_modality(
                &(encode_call){.model = s, .batch = &b, .modality = m, .interrupt = o.interrupt}, x, error);
    batch_clear(&b);
    return status;
}
