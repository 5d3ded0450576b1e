/* encoders/mobilenet_weights.c - MobileNetV2's weights from a file: as the store has them, or published and folded. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/products.h"
#include "encoders/mobilenet_internal.h"
#include "encoders/weight_source.h"

static const double EPSILON = 1e-5;

/* A norm's tensor, which has no parameter of its own. */
static smac_status find_norm(const mobilenet *m, const mobilenet_layer *l, const char *ending, const tensor_file *file,
    weight_source *out, smac_error *error)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s", l->norm, ending);
    parameter none = {.name = "", .rank = 1, .dim = {l->outputs}, .count = l->outputs};
    listed_parameter item = {.parameter = &none, .published = name, .published_rank = 1, .published_dim = {l->outputs}};
    return weight_source_find(&m->list, &item, file, out, error);
}

static const char *const norm_endings[] = {"weight", "running_mean", "running_var"};
enum { NORM_WEIGHT, NORM_MEAN, NORM_VARIANCE, NORM_ENDINGS };

smac_status mobilenet_visit_norms(
    const mobilenet *m, const tensor_file *file, tensor_visitor visit, void *user, smac_error *error)
{
    const mobilenet_layer *l;
    for (size_t i = 0; (l = mobilenet_layer_at(m, i)) != NULL; i++)
        for (int k = 0; k < NORM_ENDINGS; k++) {
            weight_source source;
            TRY(find_norm(m, l, norm_endings[k], file, &source, error));
            TRY(visit(user, source.entry, error));
        }
    return SMAC_OK;
}

/* factor: what the norm multiplies each output with; shift: what it adds after its bias. */
static smac_status read_norm(const mobilenet *m, const mobilenet_layer *l, const tensor_file *file, float *factor,
    float *shift, smac_error *error)
{
    size_t n = (size_t)l->outputs;
    float *numbers = memory_new(NORM_ENDINGS * n, sizeof *numbers);
    smac_status status = numbers ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the norm %s", l->norm);
    for (int k = 0; k < NORM_ENDINGS && status == SMAC_OK; k++) {
        weight_source source;
        status = find_norm(m, l, norm_endings[k], file, &source, error);
        if (status == SMAC_OK)
            status = weight_source_load(&source, numbers + (size_t)k * n, error);
    }
    for (size_t i = 0; i < n && status == SMAC_OK; i++) {
        double variance = (double)numbers[NORM_VARIANCE * n + i] + EPSILON;
        if (!(variance > 0))
            status = FAIL(error, SMAC_ERROR_FORMAT,
                "value %zu of tensor %s.running_var is %g, expected a variance of at least 0; download the model again",
                i, l->norm, (double)numbers[NORM_VARIANCE * n + i]);
        double f = numbers[NORM_WEIGHT * n + i] / sqrt(variance);
        factor[i] = (float)f;
        shift[i] = (float)(-numbers[NORM_MEAN * n + i] * f);
    }
    free(numbers);
    return status;
}

/* (outputs, inputs, kernel, kernel) to channels last, each output times its factor. */
static void fold_weight(const mobilenet_layer *l, const float *from, const float *factor, float *to)
{
    int64_t taps = l->kernel * l->kernel, inputs = l->depthwise ? 1 : l->inputs;
    for (int64_t o = 0; o < l->outputs; o++)
        for (int64_t i = 0; i < inputs; i++)
            for (int64_t k = 0; k < taps; k++, from++)
                to[l->depthwise ? k * l->outputs + o : (o * taps + k) * inputs + i] = *from * factor[o];
}

/* Whether a source is under the store's own name: folded already. */
static bool is_folded(const weight_source *s, const parameter *p)
{
    return strcmp(s->entry->name, p->name) == 0;
}

/* Weight and bias of one layer as the store has them; weight NULL: the bias alone. */
static smac_status read_layer(const mobilenet *m, const mobilenet_layer *l, const tensor_file *file, float *weight,
    float *bias, smac_error *error)
{
    weight_source of_weight, of_bias;
    TRY(weight_source_find(&m->list, &m->list.items[l->weight_item], file, &of_weight, error));
    TRY(weight_source_find(&m->list, &m->list.items[l->bias_item], file, &of_bias, error));
    if (is_folded(&of_bias, l->bias)) {
        TRY(weight_source_load(&of_bias, bias, error));
        return weight ? weight_source_load(&of_weight, weight, error) : SMAC_OK;
    }
    int64_t count = l->weight->count;
    float *room = memory_new((size_t)(count + 2 * l->outputs), sizeof *room);
    if (!room)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to read tensor %s", of_weight.entry->name);
    float *factor = room + count, *shift = factor + l->outputs;
    smac_status status = read_norm(m, l, file, factor, shift, error);
    if (status == SMAC_OK)
        status = weight_source_load(&of_weight, room, error);
    if (status == SMAC_OK)
        status = weight_source_load(&of_bias, bias, error);
    if (status == SMAC_OK && weight)
        fold_weight(l, room, factor, weight);
    for (int64_t i = 0; i < l->outputs && status == SMAC_OK; i++)
        bias[i] += shift[i];
    free(room);
    return status;
}

static smac_status pack_layer(
    mobilenet *m, const mobilenet_layer *l, const tensor_file *file, precision how, smac_error *error)
{
    const parameter *p = l->weight;
    float *numbers = memory_new((size_t)(p->count + l->outputs), sizeof *numbers);
    struct packed_matrix *packed = NULL;
    smac_status status = numbers ? read_layer(m, l, file, numbers, numbers + p->count, error)
                                 : FAIL(error, SMAC_ERROR_MEMORY, "no memory to pack %s", p->name);
    if (status == SMAC_OK && !(packed = packed_matrix_new(numbers, p->dim[0], p->dim[1], how)))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory to pack %s", p->name);
    free(numbers);
    TRY(status);
    TRY(parameter_adopt_packed(m->list.store, l->weight, packed, error));
    m->list.items[l->weight_item].packed = true;
    return SMAC_OK;
}

smac_status mobilenet_pack(mobilenet *m, const tensor_file *file, precision how, smac_error *error)
{
    const mobilenet_layer *l;
    for (size_t i = 0; (l = mobilenet_layer_at(m, i)) != NULL; i++)
        if (!l->depthwise && !l->weight->trainable && !m->list.items[l->weight_item].packed)
            TRY(pack_layer(m, l, file, how, error));
    return tensor_file_check(file, error);
}

smac_status mobilenet_load(mobilenet *m, const tensor_file *file, smac_error *error)
{
    const mobilenet_layer *l;
    for (size_t i = 0; (l = mobilenet_layer_at(m, i)) != NULL; i++) {
        bool packed = m->list.items[l->weight_item].packed;
        float *weight = packed ? NULL : parameter_map(l->weight), *bias = parameter_map(l->bias);
        smac_status status = bias && (packed || weight)
            ? read_layer(m, l, file, weight, bias, error)
            : FAIL(error, SMAC_ERROR_INTERNAL, "parameter %s has no memory: seal its store before loading",
                  l->weight->name);
        smac_status unmapped = weight ? parameter_unmap(l->weight, weight, status == SMAC_OK, error) : SMAC_OK;
        if (bias && unmapped == SMAC_OK)
            unmapped = parameter_unmap(l->bias, bias, status == SMAC_OK, error);
        TRY(status);
        TRY(unmapped);
    }
    return tensor_file_check(file, error);
}
