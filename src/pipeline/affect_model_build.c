/* pipeline/affect_model_build.c - encoders, core and preparation put together, their parameters sealed and read. */
#include "pipeline/affect_model_build.h"

#include <string.h>

#include "media/mel.h"
#include "text/tokenizer.h"

static smac_status add_encoder(affect_model *s, const encoder_plan *plan, int m, bool trainable, smac_error *error)
{
    encoder_settings settings = encoder_settings_of(&s->configuration, m);
    int64_t blocks = trainable ? settings.trainable_blocks : 0;
    TRY(encoder_new(s->store, affect_model_prefix(m), &plan->of[m], (int)blocks, &s->encoders[m], error));
    TRY(error_context(
        error, encoder_mix_layers(s->encoders[m], settings.layers_mix, error), "%s.layers_mix", modality_name(m)));
    s->encoder_width[m] = encoder_width(s->encoders[m]);
    /* from scratch it learns at the rate of the rest */
    parameter_set_pretrained(s->store, affect_model_prefix(m), *settings.path != 0);
    s->frozen[m] = blocks == 0;
    if (!s->frozen[m] || !s->files[m])
        return SMAC_OK;
    /* stored outside of the model file, so never written by us: its matrices need no float32 values */
    const precision *pack = affect_model_encoder_outside(s, m) ? &s->precision[m] : NULL;
    return encoder_attach(s->encoders[m], s->files[m], pack, error);
}

/* Samples are made to the configuration's sizes and read at the encoders' own: a model file may claim any of both. */
static smac_status check_inputs(const configuration *c, const encoder_plan *plan, smac_error *error)
{
    for (int m = 0; m < MODALITIES; m++) {
        if (!plan->has[m])
            continue;
        encoder_settings settings = encoder_settings_of(c, m);
        encoder_form form = settings.form;
        form.mel = encoder_config_describe(&plan->of[m]).mel;
        TRY(error_context(
            error, encoder_accepts(&plan->of[m], &form, error), "%s does not fit the encoder", settings.form_keys));
    }
    return SMAC_OK;
}

static smac_status prepare_inputs(affect_model *s, const encoder_plan *plan, smac_error *error)
{
    const configuration *c = &s->configuration;
    preparation *p = &s->preparation;
    p->configuration = c;
    p->tokenizer = s->tokenizer;
    p->max_tokens = c->text.max_tokens;
    for (int m = 0; m < MODALITIES; m++) {
        p->wants[m] = plan->has[m];
        if (!plan->has[m])
            continue;
        encoder_description d = encoder_config_describe(&plan->of[m]);
        p->max_tokens = d.max_tokens < p->max_tokens ? d.max_tokens : p->max_tokens;
        int bins = (int)encoder_settings_of(c, m).form.mel_bins;
        if (bins == 0)
            continue;
        p->whisper = d.mel == MEL_WHISPER;
        p->side_by_side = sound_is_side_by_side(c, &plan->of[m]);
        TRY(p->whisper ? mel_filter_bank_new_whisper(bins, &s->mel, error)
                       : mel_filter_bank_new_kaldi(bins, &s->mel, error));
        p->mel = s->mel;
    }
    return SMAC_OK;
}

static smac_status load_encoders(affect_model *s, const encoder_plan *plan, bool initialise, smac_error *error)
{
    for (int m = 0; m < MODALITIES; m++) {
        if (!s->encoders[m] || !s->files[m] || !(initialise || plan->outside[m]))
            continue;
        TRY(error_context(error, encoder_load(s->encoders[m], s->files[m], error), "%s encoder %.300s",
            modality_name(m), encoder_settings_of(&s->configuration, m).path));
    }
    return SMAC_OK;
}

smac_status affect_model_build(
    affect_model *s, const encoder_plan *plan, bool initialise, bool trainable, smac_error *error)
{
    const configuration *c = &s->configuration;
    semanticmac_sizes sizes = {.crops = {1, 1, c->vision.crops}, .tasks = s->tasks, .task_count = s->task_count};
    smac_status fits = check_inputs(c, plan, error);
    if (fits != SMAC_OK)
        return plan->model_path ? error_context(error, fits, "%.300s", plan->model_path) : fits;
    for (int m = 0; m < MODALITIES; m++) {
        if (!s->has[m])
            continue;
        const vector_forms *vectors = &s->vectors[m];
        int inputs = 0;
        if (plan->has[m]) {
            TRY(add_encoder(s, plan, m, trainable, error));
            sizes.width[m][inputs++] = s->encoder_width[m];
        } else {
            s->encoder_width[m] = vectors->of[0].width;
            sizes.crops[m] = 1;
        }
        for (int i = 0; i < vectors->count; i++)
            sizes.width[m][inputs++] = vectors->of[i].width;
    }
    TRY(semanticmac_add(s->store, "core", c, &sizes, &s->core, error));
    if (!trainable)
        parameter_set_trainable(s->store, "", false);
    if (plan->model_file)
        TRY(affect_model_check_values(s, plan->model_file, plan->model_path, error));
    TRY(parameter_store_seal(s->store, initialise, s->training.seed, error));
    TRY(load_encoders(s, plan, initialise, error));
    return prepare_inputs(s, plan, error);
}
