/* encoders/encoder_whisper.c - the encoder interface for Whisper's encoder: one vector a window of sound. */
#include <math.h>
#include <string.h>

#include "encoders/encoder_kind.h"
#include "encoders/weights_loading.h"

enum { VECTORS_A_SECOND = 50 };

static smac_status whisper_read_config(const char *json, size_t size, encoder_config *out, smac_error *error)
{
    return whisper_config_parse(json, size, &out->whisper, error);
}

static void whisper_write_config(const encoder_config *c, text_buffer *out)
{
    whisper_config_to_json(&c->whisper, out);
}

static encoder_description whisper_describe(const encoder_config *c)
{
    return (encoder_description){.family = "whisper",
        .modality = MODALITY_AUDIO,
        .layers = c->whisper.encoder_layers,
        .width = c->whisper.width,
        .max_tokens = INT64_MAX,
        .mel = MEL_WHISPER,
        .more_in_file = true};
}

/* Windows of window_seconds with 100 frames of log-mel a second, at most the 30 s that there are positions for. */
static smac_status whisper_prepare(const encoder_config *c, double window_seconds, encoder_form *out, smac_error *error)
{
    double longest = (double)c->whisper.positions / VECTORS_A_SECOND;
    int64_t vectors =
        window_seconds > 0 && window_seconds <= longest + 1 ? llround(window_seconds * VECTORS_A_SECOND) : 0;
    if (vectors < 2 || vectors > c->whisper.positions)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "windows of %g s are given, but the encoder takes 0.04 s to %g s: set the window's length so",
            window_seconds, longest);
    out->mel = MEL_WHISPER;
    out->mel_bins = c->whisper.mel_bins;
    out->mel_frames = 2 * vectors;
    return SMAC_OK;
}

static smac_status whisper_accepts(const encoder_config *c, const encoder_form *form, smac_error *error)
{
    const whisper_config *w = &c->whisper;
    if (form->mel != MEL_WHISPER || form->mel_bins != w->mel_bins)
        return FAIL(error, SMAC_ERROR_MISMATCH, "the sound encoder reads %lld mel bins, but is given %lld",
            (long long)w->mel_bins, (long long)form->mel_bins);
    if (form->mel_frames < 2 || form->mel_frames % 2 != 0 || form->mel_frames > 2 * w->positions)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "windows of %lld frames are given, but the sound encoder reads an even number up to %lld",
            (long long)form->mel_frames, (long long)(2 * w->positions));
    return SMAC_OK;
}

static smac_status whisper_add(parameter_store *store, const char *prefix, const encoder_config *c,
    int trainable_blocks, void **model, smac_error *error)
{
    return whisper_encoder_add(store, prefix, &c->whisper, trainable_blocks, (whisper_encoder **)model, error);
}

static void whisper_release(void *model)
{
    whisper_encoder_free(model);
}

static parameter_list *whisper_parameters(void *model)
{
    return whisper_encoder_parameters(model);
}

static smac_status whisper_attach(void *model, const tensor_file *file, const precision *pack, smac_error *error)
{
    if (pack != NULL)
        TRY(whisper_encoder_pack(model, file, *pack, error));
    if (strcmp(tensor_file_kind(file), "CTranslate2") == 0)
        return whisper_check_file(file, whisper_encoder_config(model), error);
    return SMAC_OK;
}

static smac_status whisper_load(void *model, const tensor_file *file, smac_error *error)
{
    return whisper_encoder_load(model, file, error);
}

/*
 * The 50 vectors a second of each window become one: the mean over the second in the window's middle, which is the
 * clip's (over all of a window that is shorter).
 */
static value *whisper_encode(tape *t, const void *model, const encoder_input *in, encoder_states *states)
{
    int64_t bins = in->mel_bins, frames = in->mel_frames;
    float *time_first = tape_scratch(t, (size_t)(in->rows * bins * frames) * sizeof *time_first);
    if (time_first == NULL)
        return NULL;
    for (int64_t r = 0; r < in->rows; r++)
        for (int64_t f = 0; f < frames; f++)
            for (int64_t k = 0; k < bins; k++)
                time_first[(r * frames + f) * bins + k] = in->mel[(r * bins + k) * frames + f];
    value *x = whisper_encoder_forward(t, model, time_first, in->rows, frames, states->hidden);
    int64_t all = frames / 2, count = all < VECTORS_A_SECOND ? all : VECTORS_A_SECOND;
    states->steps = x;
    return op_mean_over(t, op_slice(t, x, 1, (all - count) / 2, count), 1);
}

const encoder_kind encoder_kind_whisper = {whisper_read_config, whisper_write_config, whisper_describe, whisper_prepare,
    whisper_accepts, whisper_add, whisper_release, whisper_parameters, whisper_attach, whisper_load, whisper_encode};
