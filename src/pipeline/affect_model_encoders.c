/* pipeline/affect_model_encoders.c - what the configuration says about each encoder, and opening one from its files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models.h"
#include "pipeline/affect_model_build.h"
#include "text/tokenizer.h"

/* --- the configuration's three sections --------------------------------------------------------------------------- */

const char *affect_model_prefix(int m)
{
    static const char *const prefixes[MODALITIES] = {"text.", "audio.", "vision."};
    return prefixes[m];
}

static encoder_settings text_settings(const configuration *c)
{
    return (encoder_settings){.path = c->text.encoder,
        .trainable_blocks = c->text.trainable_blocks,
        .precision = c->text.precision,
        .form = {.modality = MODALITY_TEXT},
        .layers_mix = c->text.layers_mix,
        .form_keys = "text.max_tokens",
        .sizes = {.width = c->text.width,
            .layers = c->text.layers,
            .heads = c->text.heads,
            .hidden = c->text.hidden,
            .positions = c->text.max_tokens,
            .dropout = (float)c->text.dropout}};
}

static encoder_settings audio_settings(const configuration *c)
{
    return (encoder_settings){.path = c->audio.encoder,
        .trainable_blocks = c->audio.trainable_blocks,
        .precision = c->audio.precision,
        .form = {.modality = MODALITY_AUDIO, .mel_bins = c->audio.mel_bins, .mel_frames = c->audio.frames},
        .layers_mix = c->audio.layers_mix,
        .form_keys = "audio.mel_bins or audio.frames",
        .sizes = {.width = c->audio.width,
            .layers = c->audio.layers,
            .heads = c->audio.heads,
            .hidden = c->audio.hidden,
            .out_width = c->audio.out_width,
            .rows = c->audio.mel_bins,
            .columns = c->audio.frames,
            .kernel = c->audio.kernel,
            .stride = c->audio.stride}};
}

static encoder_settings vision_settings(const configuration *c)
{
    return (encoder_settings){.path = c->vision.encoder,
        .trainable_blocks = c->vision.trainable_blocks,
        .precision = c->vision.precision,
        .form = {.modality = MODALITY_VISION, .image_size = c->vision.image_size, .pictures = c->vision.pictures},
        .layers_mix = c->vision.layers_mix,
        .form_keys = "vision.image_size or vision.pictures",
        .sizes = {.width = c->vision.width,
            .layers = c->vision.layers,
            .heads = c->vision.heads,
            .hidden = c->vision.hidden,
            .out_width = c->vision.out_width,
            .rows = c->vision.image_size,
            .columns = c->vision.image_size,
            .pictures = c->vision.pictures,
            .kernel = c->vision.patch,
            .stride = c->vision.patch}};
}

encoder_settings encoder_settings_of(const configuration *c, int m)
{
    static encoder_settings (*const of[MODALITIES])(const configuration *) = {
        text_settings, audio_settings, vision_settings};
    return of[m](c);
}

/* The sizes that samples are made to become those of the encoder. */
static void take_form(configuration *c, const encoder_form *form)
{
    if (form->mel_bins > 0) {
        c->audio.mel_bins = form->mel_bins;
        c->audio.frames = form->mel_frames;
    }
    if (form->image_size > 0) {
        c->vision.image_size = form->image_size;
        c->vision.pictures = form->pictures;
    }
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* The precision of a frozen encoder's products: the configuration's, or the one of most of its file's bytes. */
static precision choose_precision(encoder_precision wanted, const tensor_file *file)
{
    if (wanted != ENCODER_AUTO)
        return wanted == ENCODER_F32 ? PRECISION_F32 : wanted == ENCODER_BF16 ? PRECISION_BF16 : PRECISION_INT8;
    double all = 0, bf16 = 0, int8 = 0;
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        const tensor_entry *e = tensor_file_at(file, i);
        all += (double)e->count;
        bf16 += e->type == TENSOR_BF16 ? (double)e->count : 0;
        int8 += e->type == TENSOR_I8 ? (double)e->count : 0;
    }
    return int8 > all / 2 ? PRECISION_INT8 : int8 + bf16 > all / 2 ? PRECISION_BF16 : PRECISION_F32;
}

bool sound_is_side_by_side(const configuration *c, const encoder_config *encoder)
{
    return encoder_config_describe(encoder).any_length && c->audio.chunk_seconds > 0;
}

/* Of the longest window, in whole vectors of Whisper's. */
static double sound_window_seconds(const configuration *c, const encoder_config *encoder)
{
    if (!sound_is_side_by_side(c, encoder))
        return c->audio.window_seconds;
    double clip = 2 / c->media.frames_per_second, longest = c->audio.chunk_seconds;
    return ceil((longest > clip ? longest : clip) * 50 - 1e-6) / 50;
}

static smac_status take_files(
    affect_model *s, int m, const char *path, encoder_files *files, encoder_plan *plan, smac_error *error)
{
    encoder_form form;
    const encoder_config *config = &files->of[m];
    if (!config->kind)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%.300s is a %s model for %s, expected one for %s: choose one that `semanticmac models list` shows", path,
            encoder_config_describe(encoder_files_first(files)).family,
            modality_name((int)encoder_config_describe(encoder_files_first(files)).modality), modality_name(m));
    TRY(error_context(error, encoder_prepare(config, sound_window_seconds(&s->configuration, config), &form, error),
        m != MODALITY_AUDIO                                    ? "%.300s"
            : sound_is_side_by_side(&s->configuration, config) ? "audio.chunk_seconds with %.300s"
                                                               : "audio.window_seconds with %.300s",
        path));
    take_form(&s->configuration, &form);
    plan->of[m] = *config;
    s->files[m] = files->file;
    files->file = NULL;
    encoder_settings settings = encoder_settings_of(&s->configuration, m);
    if (settings.trainable_blocks == 0)
        s->precision[m] = choose_precision(settings.precision, s->files[m]);
    return encoder_config_describe(config).vocabulary > 0 ? tokenizer_open(path, &s->tokenizer, error) : SMAC_OK;
}

smac_status affect_model_open_encoder(affect_model *s, int m, encoder_plan *plan, smac_error *error)
{
    char *path = NULL;
    encoder_files files = {0};
    smac_status status = models_open(encoder_settings_of(&s->configuration, m).path, &path, &files, error);
    if (status == SMAC_OK)
        status = take_files(s, m, path, &files, plan, error);
    encoder_files_close(&files);
    free(path);
    return error_context(error, status, "%s encoder", modality_name(m));
}
