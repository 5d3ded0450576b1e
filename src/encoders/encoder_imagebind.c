/* encoders/encoder_imagebind.c - the encoder interface for ImageBind's picture and sound encoders. */
#include "encoders/encoder_kind.h"
#include "encoders/weights_loading.h"

static smac_status imagebind_read(const char *json, size_t size, encoder_config *out, smac_error *error)
{
    return imagebind_config_from_json(json, size, &out->imagebind, error);
}

static void imagebind_write(const encoder_config *c, text_buffer *out)
{
    imagebind_config_to_json(&c->imagebind, out);
}

static encoder_description imagebind_describe(const encoder_config *c)
{
    const imagebind_config *i = &c->imagebind;
    return (encoder_description){.family = "imagebind",
        .modality = i->modality == IMAGEBIND_AUDIO ? MODALITY_AUDIO : MODALITY_VISION,
        .layers = i->layers,
        .width = i->out,
        .max_tokens = INT64_MAX,
        .mel = MEL_IMAGEBIND,
        .metadata_key = i->modality == IMAGEBIND_AUDIO ? "imagebind.audio" : "imagebind.vision"};
}

static smac_status imagebind_prepare(
    const encoder_config *c, double window_seconds, encoder_form *out, smac_error *error)
{
    const imagebind_config *i = &c->imagebind;
    (void)window_seconds;
    if (i->modality == IMAGEBIND_AUDIO) {
        out->mel = MEL_IMAGEBIND;
        out->mel_bins = i->rows;
        out->mel_frames = i->columns;
        return SMAC_OK;
    }
    out->image_size = i->rows;
    out->pictures = i->frames;
    if (i->rows != i->columns || i->frames < 1 || i->frames > 2 || i->channels != 3)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "the encoder's pictures are %lld by %lld with %lld colours and %lld frames, expected squares, 3 colours "
            "and 1 or 2 frames: choose another encoder",
            (long long)i->rows, (long long)i->columns, (long long)i->channels, (long long)i->frames);
    return SMAC_OK;
}

static smac_status imagebind_accepts(const encoder_config *c, const encoder_form *form, smac_error *error)
{
    const imagebind_config *i = &c->imagebind;
    bool audio = i->modality == IMAGEBIND_AUDIO;
    int64_t rows = audio ? form->mel_bins : form->image_size, columns = audio ? form->mel_frames : form->image_size;
    int64_t channels = audio ? 1 : 3, frames = audio ? 1 : form->pictures;
    if (i->channels == channels && i->frames == frames && i->rows == rows && i->columns == columns &&
        (!audio || form->mel == MEL_IMAGEBIND))
        return SMAC_OK;
    return FAIL(error, SMAC_ERROR_MISMATCH,
        "the %s encoder reads %lld x %lld x %lld x %lld values, but is given %lld x %lld x %lld x %lld",
        audio ? "sound" : "picture", (long long)i->channels, (long long)i->frames, (long long)i->rows,
        (long long)i->columns, (long long)channels, (long long)frames, (long long)rows, (long long)columns);
}

static smac_status imagebind_add_to(parameter_store *store, const char *prefix, const encoder_config *c,
    int trainable_blocks, void **model, smac_error *error)
{
    return imagebind_add(store, prefix, &c->imagebind, trainable_blocks, (imagebind **)model, error);
}

static void imagebind_release(void *model)
{
    imagebind_free(model);
}

static parameter_list *imagebind_list(void *model)
{
    return imagebind_parameters(model);
}

static smac_status imagebind_attach(void *model, const tensor_file *file, const precision *pack, smac_error *error)
{
    return encoder_attach_list(imagebind_parameters(model), file, pack, error);
}

static smac_status imagebind_load(void *model, const tensor_file *file, smac_error *error)
{
    return parameter_list_load(imagebind_parameters(model), file, NULL, error);
}

/* The class token after each of the mixed layers: (rows, layers * width). */
static value *class_tokens(tape *t, const encoder_input *in, value *const *hidden)
{
    value *x = op_slice(t, encoder_mixed(t, in, hidden, hidden[in->first_layer]), 1, 0, 1);
    return x ? op_reshape(t, x, 2, (int64_t[]){x->dim[0], x->dim[2]}) : NULL;
}

static value *imagebind_encode(tape *t, const void *model, const encoder_input *in, encoder_states *states)
{
    const float *values = imagebind_get_config(model)->modality == IMAGEBIND_AUDIO ? in->mel : in->pictures;
    int64_t layers = imagebind_get_config(model)->layers;
    value **hidden = encoder_hidden(t, in, states, layers);
    value *x = imagebind_forward(t, model, values, in->rows, &states->steps, hidden);
    if (!x || in->first_layer < 0)
        return x;
    return hidden ? class_tokens(t, in, hidden) : NULL;
}

static int64_t imagebind_frozen_layers(const void *model)
{
    return imagebind_frozen(model);
}

static value *imagebind_run_front(tape *t, const void *model, const encoder_input *in)
{
    const float *values = imagebind_get_config(model)->modality == IMAGEBIND_AUDIO ? in->mel : in->pictures;
    return imagebind_front(t, model, values, in->rows);
}

static value *imagebind_run_rest(tape *t, const void *model, const encoder_input *in, value *front)
{
    (void)in;
    return imagebind_resume(t, model, front);
}

const encoder_kind encoder_kind_imagebind = {imagebind_read, imagebind_write, imagebind_describe, imagebind_prepare,
    imagebind_accepts, imagebind_add_to, imagebind_release, imagebind_list, imagebind_attach, imagebind_load,
    imagebind_encode, imagebind_frozen_layers, imagebind_run_front, imagebind_run_rest, NULL};
