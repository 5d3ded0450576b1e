/* encoders/encoder_language.c - the encoder interface for language models. */
#include "encoders/encoder_kind.h"
#include "encoders/weights_loading.h"

static smac_status language_read(const char *json, size_t size, encoder_config *out, smac_error *error)
{
    return language_model_config_parse(json, size, &out->language, error);
}

static void language_write(const encoder_config *c, text_buffer *out)
{
    language_model_config_to_json(&c->language, out);
}

static encoder_description language_describe(const encoder_config *c)
{
    const language_model_config *l = &c->language;
    return (encoder_description){.family = language_family_name(l->family),
        .modality = MODALITY_TEXT,
        .layers = l->layers,
        .width = l->width,
        .vocabulary = l->vocabulary,
        .max_tokens = language_model_config_max_length(l),
        .sequence = true};
}

/* Tokens have one form. */
static smac_status language_prepare(
    const encoder_config *c, double window_seconds, encoder_form *out, smac_error *error)
{
    (void)c;
    (void)window_seconds;
    (void)out;
    (void)error;
    return SMAC_OK;
}

static smac_status language_accepts(const encoder_config *c, const encoder_form *form, smac_error *error)
{
    (void)c;
    (void)form;
    (void)error;
    return SMAC_OK;
}

static smac_status language_add(parameter_store *store, const char *prefix, const encoder_config *c,
    int trainable_blocks, void **model, smac_error *error)
{
    return language_model_add(store, prefix, &c->language, trainable_blocks, (language_model **)model, error);
}

static void language_release(void *model)
{
    language_model_free(model);
}

static parameter_list *language_parameters(void *model)
{
    return language_model_parameters(model);
}

static smac_status language_attach(void *model, const tensor_file *file, const precision *pack, smac_error *error)
{
    return encoder_attach_list(language_model_parameters(model), file, pack, error);
}

static smac_status language_load(void *model, const tensor_file *file, smac_error *error)
{
    return parameter_list_load(language_model_parameters(model), file, NULL, error);
}

static language_input input_of(const void *model, const encoder_input *in)
{
    return (language_input){.batch = in->rows,
        .length = in->length,
        .ids = in->ids,
        .mask = in->mask,
        .token_types = language_model_has_types(model) ? in->types : NULL};
}

static value *language_encode(tape *t, const void *model, const encoder_input *in, encoder_states *states)
{
    const language_input words = input_of(model, in);
    value **hidden = encoder_hidden(t, in, states, language_model_get_config(model)->layers);
    value *x = language_model_forward(t, model, &words, hidden);
    states->steps = x;
    return encoder_mixed(t, in, hidden, x);
}

static int64_t language_frozen_layers(const void *model)
{
    return language_model_frozen(model);
}

static value *language_run_front(tape *t, const void *model, const encoder_input *in)
{
    const language_input words = input_of(model, in);
    return language_model_front(t, model, &words);
}

static value *language_run_rest(tape *t, const void *model, const encoder_input *in, value *front)
{
    const language_input words = input_of(model, in);
    return language_model_resume(t, model, &words, front);
}

const encoder_kind encoder_kind_language = {language_read, language_write, language_describe, language_prepare,
    language_accepts, language_add, language_release, language_parameters, language_attach, language_load,
    language_encode, language_frozen_layers, language_run_front, language_run_rest, NULL};
