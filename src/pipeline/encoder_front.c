/* pipeline/encoder_front.c - states of the frozen first blocks. */
#include "pipeline/encoder_front.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "encoders/encoder.h"

enum { ROWS_AT_ONCE = 8 };

int64_t affect_model_front_layers(const affect_model *s, int m)
{
    if (!s->has[m] || !s->encoders[m] || s->frozen[m] || !s->encoder_sha256[m][0])
        return 0;
    int64_t layers = encoder_frozen_layers(s->encoders[m]);
    return layers > 0 ? layers : 0;
}

/* The raw form is not needed any more. */
static void drop_raw(sample *x, int m)
{
    if (m == MODALITY_AUDIO) {
        free(x->mel);
        x->mel = NULL;
    } else if (m == MODALITY_VISION) {
        free(x->frames);
        free(x->pictures);
        x->frames = NULL;
        x->pictures = NULL;
    }
}

void sample_give_front(sample *x, const configuration *c, int m, const feature_sequence *front)
{
    if (m == MODALITY_AUDIO) {
        x->windows = front->steps;
        x->mel_bins = c->audio.mel_bins;
        x->mel_frames = c->audio.frames;
    } else if (m == MODALITY_VISION) {
        x->crops = c->vision.crops;
        x->image_size = c->vision.image_size;
        x->clips = front->steps / c->vision.crops;
    }
    drop_raw(x, m);
    x->front[m] = *front;
    x->present[m] = true;
}

/* Some rows of a batch that holds one sample. */
typedef struct front_call {
    const affect_model *model;
    const batch *batch;
    int modality;
    interruption interrupt;
    feature_sequence *out; /* of text (tokens, 1, width), of others (rows, steps of a row, width) */
} front_call;

/* Rows [first, first + count) into out, which is made with the first of them. */
static smac_status run_rows(const front_call *call, int64_t first, int64_t count, smac_error *error)
{
    const batch *b = call->batch;
    const batch_modality *part = &b->part[call->modality];
    bool text = call->modality == MODALITY_TEXT;
    const encoder_input input = {.rows = count,
        .length = part->steps,
        .ids = b->ids,
        .types = b->types,
        .mask = b->text_mask,
        .mel = b->mel ? b->mel + first * b->mel_bins * b->mel_frames : NULL,
        .mel_bins = b->mel_bins,
        .mel_frames = b->mel_frames,
        .pictures = b->pictures ? b->pictures + first * b->clip_pictures * 3 * b->image_size * b->image_size : NULL};
    tape *t = tape_new(&(tape_options){.interrupt = call->interrupt});
    if (!t)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    value *x = encoder_front(t, call->model->encoders[call->modality], &input);
    smac_status status = tape_status(t, error);
    feature_sequence *out = call->out;
    if (status == SMAC_OK && x && !out->data) {
        *out = (feature_sequence){
            .steps = text ? part->steps : part->rows, .crops = text ? 1 : x->dim[1], .width = x->dim[2]};
        out->data = memory_new((size_t)(out->steps * out->crops * out->width), sizeof *out->data);
        if (!out->data)
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the states of %lld rows", (long long)part->rows);
    }
    if (status == SMAC_OK && x) {
        tape_read(t, x, out->data + first * out->crops * out->width);
        status = tape_status(t, error);
    }
    tape_free(t);
    return status;
}

smac_status affect_model_encode_front(
    const affect_model *s, sample *x, int m, const interruption *interrupt, smac_error *error)
{
    batch b = {0};
    uint8_t drop[MODALITIES];
    feature_sequence out = {0};
    if (!x->present[m] || x->ready[m].data || x->front[m].data)
        return SMAC_OK;
    for (int i = 0; i < MODALITIES; i++)
        drop[i] = i != m;
    const sample *one = x;
    TRY(affect_model_batch(s, &one, 1, drop, &b, error));
    front_call call = {.model = s, .batch = &b, .modality = m, .out = &out};
    if (interrupt)
        call.interrupt = *interrupt;
    int64_t rows = b.part[m].rows;
    smac_status status = SMAC_OK;
    for (int64_t i = 0; i < rows && status == SMAC_OK; i += ROWS_AT_ONCE)
        status = run_rows(&call, i, rows - i < ROWS_AT_ONCE ? rows - i : ROWS_AT_ONCE, error);
    batch_clear(&b);
    if (status != SMAC_OK || !out.data) {
        free(out.data);
        return status;
    }
    x->front[m] = out;
    drop_raw(x, m);
    return SMAC_OK;
}
