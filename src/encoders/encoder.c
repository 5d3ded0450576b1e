/* encoders/encoder.c - the calls of the interface, each given to the kind that implements it. */
#include "encoders/encoder.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoders/encoder_kind.h"
#include "encoders/weights_loading.h"

struct encoder {
    encoder_config config;
    void *model;
    int64_t first_layer, last_layer; /* that are mixed; -1: none are */
};

/* --- configurations ----------------------------------------------------------------------------------------------- */

/* ImageBind's own description names its modality; the others are config.json texts with a model_type. */
static const encoder_kind *kind_of_text(const char *json, size_t size, modality m)
{
    json_t *root = json_loadb(json, size, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "model_type"));
    const encoder_kind *kind = type && strcmp(type, "whisper") == 0                  ? &encoder_kind_whisper
        : type && strcmp(type, "mobilenet_v2") == 0                                  ? &encoder_kind_mobilenet
        : json_object_get(root, "modality") != NULL || (m != MODALITY_TEXT && !type) ? &encoder_kind_imagebind
                                                                                     : &encoder_kind_language;
    json_decref(root);
    return kind;
}

smac_status encoder_config_read(const char *json, size_t size, modality m, encoder_config *out, smac_error *error)
{
    encoder_config c = {.kind = kind_of_text(json, size, m)};
    TRY(c.kind->read(json, size, &c, error));
    modality found = encoder_config_describe(&c).modality;
    if (found != m)
        return FAIL(error, SMAC_ERROR_MISMATCH, "it describes a %s encoder, expected one for %s",
            modality_name((int)found), modality_name((int)m));
    *out = c;
    return SMAC_OK;
}

void encoder_config_write(const encoder_config *c, text_buffer *out)
{
    c->kind->write(c, out);
}

encoder_description encoder_config_describe(const encoder_config *c)
{
    return c->kind->describe(c);
}

void encoder_config_details(const encoder_config *c, char *out, size_t size)
{
    encoder_description d = encoder_config_describe(c);
    int used = snprintf(out, size, "%lld layers, width %lld", (long long)d.layers, (long long)d.width);
    if (d.vocabulary > 0 && used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, ", %lld tokens", (long long)d.vocabulary);
}

smac_status encoder_prepare(const encoder_config *c, double window_seconds, encoder_form *out, smac_error *error)
{
    *out = (encoder_form){.modality = encoder_config_describe(c).modality};
    return c->kind->prepare(c, window_seconds, out, error);
}

smac_status encoder_accepts(const encoder_config *c, const encoder_form *form, smac_error *error)
{
    modality own = encoder_config_describe(c).modality;
    if (own != form->modality)
        return FAIL(error, SMAC_ERROR_MISMATCH, "the encoder is one for %s, but %s is given", modality_name((int)own),
            modality_name((int)form->modality));
    return c->kind->accepts(c, form, error);
}

smac_status encoder_config_small(modality m, const encoder_sizes *s, encoder_config *out, smac_error *error)
{
    if (m == MODALITY_TEXT) {
        language_model_config *c = &out->language;
        out->kind = &encoder_kind_language;
        TRY(language_model_config_tiny(s->vocabulary, c, error));
        c->width = c->embedding_width = s->width;
        c->layers = c->groups = s->layers;
        c->heads = s->heads;
        c->head_width = s->heads > 0 ? s->width / s->heads : 0;
        c->hidden = s->hidden;
        c->positions = s->positions;
        c->dropout = c->attention_dropout = s->dropout;
        return SMAC_OK;
    }
    imagebind_config *c = &out->imagebind;
    out->kind = &encoder_kind_imagebind;
    imagebind_config_tiny(m == MODALITY_AUDIO ? IMAGEBIND_AUDIO : IMAGEBIND_VISION, c);
    c->width = s->width;
    c->layers = s->layers;
    c->heads = s->heads;
    c->hidden = s->hidden;
    c->out = s->out_width;
    c->rows = s->rows;
    c->columns = s->columns;
    c->kernel = s->kernel;
    c->stride = s->stride;
    if (m == MODALITY_VISION && s->pictures > 0)
        c->frames = s->pictures;
    return SMAC_OK;
}

/* --- encoders ----------------------------------------------------------------------------------------------------- */

smac_status encoder_new(parameter_store *store, const char *prefix, const encoder_config *config, int trainable_blocks,
    encoder **out, smac_error *error)
{
    encoder *e = memory_new(1, sizeof *e);
    if (e == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for an encoder");
    e->config = *config;
    e->first_layer = e->last_layer = -1;
    smac_status status = config->kind->add(store, prefix, config, trainable_blocks, &e->model, error);
    if (status != SMAC_OK) {
        free(e);
        return status;
    }
    *out = e;
    return SMAC_OK;
}

void encoder_free(encoder *e)
{
    if (e == NULL)
        return;
    e->config.kind->release(e->model);
    free(e);
}

const encoder_config *encoder_get_config(const encoder *e)
{
    return &e->config;
}

static int64_t mixed_layers(const encoder *e)
{
    return e->first_layer < 0 ? 1 : e->last_layer - e->first_layer + 1;
}

int64_t encoder_width(const encoder *e)
{
    return encoder_config_describe(&e->config).width * mixed_layers(e);
}

parameter_list *encoder_parameters(encoder *e)
{
    return e->config.kind->parameters(e->model);
}

smac_status encoder_attach_list(parameter_list *list, const tensor_file *file, const precision *pack, smac_error *error)
{
    return pack != NULL ? parameter_list_pack(list, file, *pack, error) : SMAC_OK;
}

smac_status encoder_attach(encoder *e, const tensor_file *file, const precision *pack, smac_error *error)
{
    return e->config.kind->attach(e->model, file, pack, error);
}

smac_status encoder_visit_more(
    const encoder *e, const tensor_file *file, tensor_visitor visit, void *user, smac_error *error)
{
    return e->config.kind->visit ? e->config.kind->visit(e->model, file, visit, user, error) : SMAC_OK;
}

smac_status encoder_load(encoder *e, const tensor_file *file, smac_error *error)
{
    return e->config.kind->load(e->model, file, error);
}

/* --- mixes of layers ---------------------------------------------------------------------------------------------- */

bool encoder_layers_parse(const char *text, int64_t *first, int64_t *last)
{
    int used = 0, a, b;
    *first = *last = -1;
    if (strcmp(text, "none") == 0)
        return true;
    if (strcmp(text, "all") == 0) {
        *first = 1;
        *last = INT64_MAX;
        return true;
    }
    bool one = sscanf(text, "%5d%n", &a, &used) == 1 && text[used] == 0;
    if (one)
        b = a;
    else if (sscanf(text, "%5d-%5d%n", &a, &b, &used) != 2 || text[used] != 0)
        return false;
    *first = a;
    *last = b;
    return a >= 0 && b >= a;
}

smac_status encoder_mix_layers(encoder *e, const char *layers, smac_error *error)
{
    int64_t first, last, count = encoder_config_describe(&e->config).layers;
    if (!encoder_layers_parse(layers, &first, &last))
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "the layers are \"%.40s\", expected none, all, or a range like 2-5", layers);
    if (first >= 0 && e->config.kind == &encoder_kind_mobilenet)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "layers %.40s are to be mixed, but the blocks of MobileNet differ in width: set it to none", layers);
    if (last == INT64_MAX)
        last = count;
    if (last > count)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "layers %.40s are to be mixed, but the encoder has %lld: name layers up to it", layers, (long long)count);
    e->first_layer = first;
    e->last_layer = last;
    return SMAC_OK;
}

value **encoder_hidden(tape *t, const encoder_input *in, encoder_states *states, int64_t layers)
{
    if (states->hidden || in->first_layer < 0)
        return states->hidden;
    return tape_scratch(t, (size_t)(layers + 1) * sizeof(value *));
}

value *encoder_mixed(tape *t, const encoder_input *in, value *const *hidden, value *x)
{
    if (!x || in->first_layer < 0)
        return x;
    return hidden ? op_concat(t, hidden + in->first_layer, (int)(in->last_layer - in->first_layer + 1), x->rank - 1)
                  : NULL;
}

/* Each layer's vectors to mean 0 and deviation 1: layers differ much in size. */
static value *layers_normalise(tape *t, const encoder *e, value *x)
{
    if (!x)
        return NULL;
    int64_t layers = mixed_layers(e), width = x->dim[x->rank - 1] / layers, dim[VALUE_MAX_RANK], apart[2];
    int rank = x->rank;
    memcpy(dim, x->dim, sizeof x->dim);
    apart[0] = x->count / width;
    apart[1] = width;
    float *ones = tape_scratch(t, (size_t)width * sizeof *ones);
    for (int64_t i = 0; ones && i < width; i++)
        ones[i] = 1;
    value *weight = ones ? tape_value(t, 1, &width, ones) : NULL;
    x = op_layer_norm(t, op_reshape(t, x, 2, apart), weight, NULL, 1e-5f);
    return x ? op_reshape(t, x, rank, dim) : NULL;
}

value *encoder_encode(tape *t, const encoder *e, const encoder_input *input, encoder_states *states)
{
    encoder_states local = {0};
    encoder_input mine = *input;
    mine.first_layer = e->first_layer;
    mine.last_layer = e->last_layer;
    value *x = e->config.kind->encode(t, e->model, &mine, states ? states : &local);
    return e->first_layer < 0 ? x : layers_normalise(t, e, x);
}

int64_t encoder_frozen_layers(const encoder *e)
{
    bool mixed = e->first_layer >= 0; /* of layers that the first part would not give */
    return e->config.kind->frozen != NULL && !mixed ? e->config.kind->frozen(e->model) : -1;
}

value *encoder_front(tape *t, const encoder *e, const encoder_input *input)
{
    return e->config.kind->front(t, e->model, input);
}

value *encoder_resume(tape *t, const encoder *e, const encoder_input *input, value *front)
{
    return e->config.kind->resume(t, e->model, input, front);
}
