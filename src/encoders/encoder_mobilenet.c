/* encoders/encoder_mobilenet.c - the encoder interface for MobileNetV2: one vector a picture. */
#include "encoders/encoder_kind.h"

static smac_status mobilenet_read(const char *json, size_t size, encoder_config *out, smac_error *error)
{
    return mobilenet_config_from_json(json, size, &out->mobilenet, error);
}

static void mobilenet_write(const encoder_config *c, text_buffer *out)
{
    mobilenet_config_to_json(&c->mobilenet, out);
}

static encoder_description mobilenet_describe(const encoder_config *c)
{
    return (encoder_description){.family = "mobilenet",
        .modality = MODALITY_VISION,
        .layers = c->mobilenet.block_count,
        .width = c->mobilenet.head,
        .max_tokens = INT64_MAX,
        .metadata_key = "mobilenet.vision"};
}

static smac_status mobilenet_prepare(
    const encoder_config *c, double window_seconds, encoder_form *out, smac_error *error)
{
    (void)window_seconds;
    (void)error;
    out->image_size = c->mobilenet.image_size;
    out->pictures = 1;
    return SMAC_OK;
}

static smac_status mobilenet_accepts(const encoder_config *c, const encoder_form *form, smac_error *error)
{
    if (form->image_size == c->mobilenet.image_size && form->pictures == 1)
        return SMAC_OK;
    return FAIL(error, SMAC_ERROR_MISMATCH,
        "the picture encoder reads clips of one picture of %lld x %lld, but is given %lld pictures of %lld x %lld",
        (long long)c->mobilenet.image_size, (long long)c->mobilenet.image_size, (long long)form->pictures,
        (long long)form->image_size, (long long)form->image_size);
}

static smac_status mobilenet_add_to(parameter_store *store, const char *prefix, const encoder_config *c,
    int trainable_blocks, void **model, smac_error *error)
{
    return mobilenet_add(store, prefix, &c->mobilenet, trainable_blocks, (mobilenet **)model, error);
}

static void mobilenet_release(void *model)
{
    mobilenet_free(model);
}

static parameter_list *mobilenet_list(void *model)
{
    return mobilenet_parameters(model);
}

static smac_status mobilenet_attach(void *model, const tensor_file *file, const precision *pack, smac_error *error)
{
    return pack ? mobilenet_pack(model, file, *pack, error) : SMAC_OK;
}

static smac_status mobilenet_load_from(void *model, const tensor_file *file, smac_error *error)
{
    return mobilenet_load(model, file, error);
}

static value *mobilenet_encode(tape *t, const void *model, const encoder_input *in, encoder_states *states)
{
    return mobilenet_forward(t, model, in->pictures, in->rows, &states->steps, states->hidden);
}

static smac_status mobilenet_visit(
    const void *model, const tensor_file *file, tensor_visitor visit, void *user, smac_error *error)
{
    return mobilenet_visit_norms(model, file, visit, user, error);
}

const encoder_kind encoder_kind_mobilenet = {mobilenet_read, mobilenet_write, mobilenet_describe, mobilenet_prepare,
    mobilenet_accepts, mobilenet_add_to, mobilenet_release, mobilenet_list, mobilenet_attach, mobilenet_load_from,
    mobilenet_encode, NULL, NULL, NULL, mobilenet_visit};
