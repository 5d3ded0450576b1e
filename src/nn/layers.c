/* nn/layers.c - linear, norm, feed-forward and attention layers: their parameters and their forward functions. */
#include "nn/layers.h"

#include "base/text.h"

/* PREFIX.name in the store. */
static smac_status layer_parameter_add(
    parameter_store *s, const char *prefix, const char *name, parameter_spec spec, parameter **out, smac_error *error)
{
    text_buffer full = {0};
    text_format(&full, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", name);
    if (full.failed) {
        text_free(&full);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for parameter %s of %s", name, prefix);
    }
    spec.name = full.data;
    smac_error local = {0};
    *out = parameter_add(s, &spec, &local);
    text_free(&full);
    if (*out != NULL)
        return SMAC_OK;
    if (error != NULL)
        *error = local;
    return local.code;
}

smac_status linear_add(
    parameter_store *s, const char *prefix, int64_t in, int64_t out, bool bias, linear *layer, smac_error *error)
{
    layer->bias = NULL;
    TRY(layer_parameter_add(s, prefix, "weight",
        (parameter_spec){.rank = 2, .dim = {out, in}, .init = INIT_XAVIER_UNIFORM, .product = true}, &layer->weight,
        error));
    if (!bias)
        return SMAC_OK;
    return layer_parameter_add(s, prefix, "bias",
        (parameter_spec){.rank = 1, .dim = {out}, .init = INIT_ZEROS, .no_decay = true}, &layer->bias, error);
}

value *linear_forward_activation(tape *t, const linear *layer, value *x, activation a)
{
    value *w = tape_parameter(t, layer->weight);
    return op_linear_activation(t, x, w, layer->bias != NULL ? tape_parameter(t, layer->bias) : NULL, a);
}

value *linear_forward(tape *t, const linear *layer, value *x)
{
    return linear_forward_activation(t, layer, x, ACTIVATION_NONE);
}

smac_status layer_norm_add(
    parameter_store *s, const char *prefix, int64_t width, float epsilon, layer_norm *layer, smac_error *error)
{
    layer->epsilon = epsilon;
    TRY(layer_parameter_add(s, prefix, "weight",
        (parameter_spec){.rank = 1, .dim = {width}, .init = INIT_ONES, .no_decay = true}, &layer->weight, error));
    return layer_parameter_add(s, prefix, "bias",
        (parameter_spec){.rank = 1, .dim = {width}, .init = INIT_ZEROS, .no_decay = true}, &layer->bias, error);
}

value *layer_norm_forward(tape *t, const layer_norm *layer, value *x)
{
    value *w = tape_parameter(t, layer->weight);
    if (layer->bias == NULL)
        return op_rms_norm(t, x, w, layer->epsilon);
    return op_layer_norm(t, x, w, tape_parameter(t, layer->bias), layer->epsilon);
}

smac_status feed_forward_add(parameter_store *s, const char *prefix, int64_t width, int64_t hidden, float dropout,
    feed_forward *layer, smac_error *error)
{
    text_buffer name = {0};
    smac_status status = SMAC_OK;
    layer->dropout = dropout;
    for (int i = 0; i < 3 && status == SMAC_OK; i++) {
        static const char *const part[] = {"norm", "up", "down"};
        name.length = 0;
        text_format(&name, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", part[i]);
        if (name.failed)
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the feed-forward layer %s", prefix);
        else if (i == 0)
            status = layer_norm_add(s, name.data, width, 1e-5f, &layer->norm, error);
        else if (i == 1)
            status = linear_add(s, name.data, width, hidden, true, &layer->up, error);
        else
            status = linear_add(s, name.data, hidden, width, true, &layer->down, error);
    }
    text_free(&name);
    return status;
}

value *feed_forward_forward(tape *t, const feed_forward *layer, value *x)
{
    value *hidden = linear_forward_activation(t, &layer->up, layer_norm_forward(t, &layer->norm, x), ACTIVATION_GELU);
    return linear_forward(t, &layer->down, op_dropout(t, hidden, layer->dropout));
}

smac_status attention_add(
    parameter_store *s, const char *prefix, const attention_sizes *sizes, attention *layer, smac_error *error)
{
    layer->heads = sizes->heads;
    layer->kv_heads = sizes->kv_heads;
    layer->dropout = sizes->dropout;
    if (sizes->heads < 1 || sizes->kv_heads < 1 || sizes->heads % sizes->kv_heads != 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "attention %s has %d heads and %d key heads; the first must be a multiple of the second", prefix,
            sizes->heads, sizes->kv_heads);
    int64_t all = sizes->heads * sizes->head_width, kept = sizes->kv_heads * sizes->head_width;
    text_buffer name = {0};
    smac_status status = SMAC_OK;
    for (int i = 0; i < 4 && status == SMAC_OK; i++) {
        static const char *const part[] = {"query", "key", "value", "out"};
        linear *const layers[] = {&layer->query, &layer->key, &layer->value, &layer->out};
        const int64_t in[] = {sizes->width, sizes->context_width, sizes->context_width, all};
        const int64_t out[] = {all, kept, kept, sizes->width};
        name.length = 0;
        text_format(&name, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", part[i]);
        status = name.failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for the attention layer %s", prefix)
                             : linear_add(s, name.data, in[i], out[i], true, layers[i], error);
    }
    text_free(&name);
    return status;
}

value *attention_forward(tape *t, const attention *layer, value *x, value *context, const uint8_t *mask)
{
    value *q = linear_forward(t, &layer->query, x);
    value *k = linear_forward(t, &layer->key, context);
    value *v = linear_forward(t, &layer->value, context);
    value *joined = op_attention(t, q, k, v,
        &(attention_options){
            .heads = layer->heads, .kv_heads = layer->kv_heads, .key_mask = mask, .dropout = layer->dropout});
    return linear_forward(t, &layer->out, joined);
}
