/* encoders/mobilenet.c - MobileNetV2: its parameters and its forward pass. */
#include "encoders/mobilenet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ops_vision.h"
#include "compute/parallel.h"
#include "encoders/mobilenet_internal.h"

/* --- adding ------------------------------------------------------------------------------------------------------- */

typedef struct layer_builder {
    mobilenet *m;
    int32_t stage;
    int64_t feature; /* number in "features.N" */
    smac_status status;
    smac_error *error;
} layer_builder;

/* weight, norm: names after "features.N."; the layer's sizes are set already. */
static void add_layer(layer_builder *b, const char *weight, const char *norm, mobilenet_layer *l)
{
    char name[64];
    parameter_list *list = &b->m->list;
    int64_t dim[4] = {l->outputs, l->depthwise ? 1 : l->inputs, l->kernel, l->kernel};
    snprintf(name, sizeof name, "features.%lld.%s.weight", (long long)b->feature, weight);
    snprintf(l->norm, sizeof l->norm, "features.%lld.%s", (long long)b->feature, norm);
    l->weight_item = list->count;
    l->weight = parameter_list_add(list,
        &(published_parameter){.name = name,
            .kind = l->depthwise ? KIND_DEPTHWISE_FOLDED : KIND_CONVOLUTION_FOLDED,
            .rank = 4,
            .dim = dim,
            .stage = b->stage},
        &b->status, b->error);
    snprintf(name, sizeof name, "%s.bias", l->norm);
    l->bias_item = list->count;
    l->bias = parameter_list_add(list,
        &(published_parameter){
            .name = name, .kind = KIND_BIAS_FOLDED, .rank = 1, .dim = &l->outputs, .stage = b->stage},
        &b->status, b->error);
}

static void add_block(layer_builder *b, int64_t inputs, const mobilenet_block_sizes *s, mobilenet_block *k)
{
    bool expands = s->hidden != inputs;
    k->residual = s->stride == 1 && inputs == s->outputs;
    k->expand = (mobilenet_layer){.inputs = inputs, .outputs = s->hidden, .kernel = 1, .stride = 1};
    k->depth = (mobilenet_layer){
        .depthwise = true, .inputs = s->hidden, .outputs = s->hidden, .kernel = 3, .stride = s->stride};
    k->project = (mobilenet_layer){.inputs = s->hidden, .outputs = s->outputs, .kernel = 1, .stride = 1};
    if (expands)
        add_layer(b, "conv.0.0", "conv.0.1", &k->expand);
    add_layer(b, expands ? "conv.1.0" : "conv.0.0", expands ? "conv.1.1" : "conv.0.1", &k->depth);
    add_layer(b, expands ? "conv.2" : "conv.1", expands ? "conv.3" : "conv.2", &k->project);
}

static smac_status add_layers(mobilenet *m, smac_error *error)
{
    const mobilenet_config *c = &m->config;
    layer_builder b = {.m = m, .stage = STAGE_BEFORE_BLOCKS, .error = error};
    m->stem = (mobilenet_layer){.inputs = 3, .outputs = c->stem, .kernel = 3, .stride = 2};
    add_layer(&b, "0", "1", &m->stem);
    int64_t inputs = c->stem;
    for (int64_t i = 0; i < c->block_count; i++) {
        b.feature = i + 1;
        b.stage = (int32_t)i;
        add_block(&b, inputs, &c->blocks[i], &m->blocks[i]);
        inputs = c->blocks[i].outputs;
    }
    b.feature = c->block_count + 1;
    b.stage = STAGE_AFTER_BLOCKS;
    m->head = (mobilenet_layer){.inputs = inputs, .outputs = c->head, .kernel = 1, .stride = 1};
    add_layer(&b, "0", "1", &m->head);
    return b.status;
}

smac_status mobilenet_add(parameter_store *store, const char *prefix, const mobilenet_config *config,
    int trainable_blocks, mobilenet **out, smac_error *error)
{
    TRY(mobilenet_config_check(config, error));
    mobilenet *m = memory_new(1, sizeof *m);
    if (!m)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for MobileNet");
    m->config = *config;
    m->blocks = memory_new((size_t)config->block_count, sizeof *m->blocks);
    smac_status status = m->blocks ? parameter_list_begin(&m->list, store, prefix, error)
                                   : FAIL(error, SMAC_ERROR_MEMORY, "no memory for MobileNet's blocks");
    if (status == SMAC_OK)
        status = add_layers(m, error);
    if (status != SMAC_OK) {
        mobilenet_free(m);
        return status;
    }
    parameter_list_set_trainable(&m->list, trainable_blocks, (int)config->block_count);
    *out = m;
    return SMAC_OK;
}

void mobilenet_free(mobilenet *m)
{
    if (!m)
        return;
    parameter_list_free(&m->list);
    free(m->blocks);
    free(m);
}

const mobilenet_config *mobilenet_get_config(const mobilenet *m)
{
    return &m->config;
}

parameter_list *mobilenet_parameters(mobilenet *m)
{
    return &m->list;
}

const mobilenet_layer *mobilenet_layer_at(const mobilenet *m, size_t index)
{
    if (index-- == 0)
        return &m->stem;
    for (int64_t i = 0; i < m->config.block_count; i++) {
        const mobilenet_block *k = &m->blocks[i];
        if (k->expand.weight && index-- == 0)
            return &k->expand;
        if (index-- == 0)
            return &k->depth;
        if (index-- == 0)
            return &k->project;
    }
    return index == 0 ? &m->head : NULL;
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/* How pictures come (ImageBind's) and how the network was trained (ImageNet's). */
static const float GIVEN_MEAN[3] = {0.48145466f, 0.4578275f, 0.40821073f};
static const float GIVEN_DEVIATION[3] = {0.26862954f, 0.26130258f, 0.27577711f};
static const float OWN_MEAN[3] = {0.485f, 0.456f, 0.406f}, OWN_DEVIATION[3] = {0.229f, 0.224f, 0.225f};

typedef struct laying_out {
    const float *from;
    float *to;
    int64_t pixels;
} laying_out;

static void lay_out_picture(void *context, int64_t picture)
{
    const laying_out *l = context;
    const float *from = l->from + picture * 3 * l->pixels;
    float *to = l->to + picture * 3 * l->pixels;
    for (int c = 0; c < 3; c++) {
        float factor = GIVEN_DEVIATION[c] / OWN_DEVIATION[c], shift = (GIVEN_MEAN[c] - OWN_MEAN[c]) / OWN_DEVIATION[c];
        for (int64_t i = 0; i < l->pixels; i++)
            to[3 * i + c] = from[c * l->pixels + i] * factor + shift;
    }
}

static value *input_of(tape *t, const mobilenet *m, const float *pictures, int64_t batch)
{
    int64_t side = m->config.image_size;
    value *x = tape_value(t, 4, (int64_t[]){batch, side, side, 3}, NULL);
    laying_out l = {.from = pictures, .to = tape_map(t, x), .pixels = side * side};
    if (!l.to)
        return NULL;
    parallel_for(batch, lay_out_picture, &l);
    tape_unmap(t, x, l.to);
    return x;
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

static value *layer_forward(tape *t, const mobilenet_layer *l, value *x, rectifier_kind activation)
{
    int kernel = (int)l->kernel;
    conv2d_options o = {.kernel_height = kernel,
        .kernel_width = kernel,
        .stride = (int)l->stride,
        CONV2D_PADDING(kernel / 2),
        .activation = activation};
    value *w = tape_parameter(t, l->weight), *b = tape_parameter(t, l->bias);
    return l->depthwise ? op_depthwise_conv2d(t, x, w, b, &o) : op_conv2d(t, x, w, b, &o);
}

static value *block_forward(tape *t, const mobilenet_block *k, value *x)
{
    value *y = k->expand.weight ? layer_forward(t, &k->expand, x, RECTIFIER_RELU6) : x;
    y = layer_forward(t, &k->depth, y, RECTIFIER_RELU6);
    y = layer_forward(t, &k->project, y, RECTIFIER_NONE);
    return k->residual ? op_add(t, y, x) : y;
}

/* Step 0 is the stem, then the blocks, then the last convolution. */
static value *step_forward(tape *t, const mobilenet *m, int64_t step, value *x)
{
    if (step == 0)
        return layer_forward(t, &m->stem, x, RECTIFIER_RELU6);
    return step <= m->config.block_count ? block_forward(t, &m->blocks[step - 1], x)
                                         : layer_forward(t, &m->head, x, RECTIFIER_RELU6);
}

static value *as_sequence(tape *t, value *x)
{
    return x ? op_reshape(t, x, 3, (int64_t[]){x->dim[0], x->dim[1] * x->dim[2], x->dim[3]}) : NULL;
}

/* What is asked of one call. */
typedef struct request {
    const float *pictures;
    int64_t batch;
    value **hidden;
} request;

/* Steps [from, to); x NULL: from the pictures.  Each result takes the place of the one before where nothing is recorded. */
static value *steps_forward(tape *t, const mobilenet *m, const request *r, value *x, int64_t from, int64_t to)
{
    tape_mark mark = tape_scope_begin(t);
    if (!x)
        x = input_of(t, m, r->pictures, r->batch);
    for (int64_t i = from; i < to && x; i++) {
        x = step_forward(t, m, i, x);
        if (!r->hidden)
            x = tape_scope_end(t, mark, x);
        else if (i <= m->config.block_count)
            r->hidden[i] = as_sequence(t, x);
    }
    return x;
}

/* How many steps from the first on hold nothing that is trained. */
static int64_t frozen_steps(const mobilenet *m)
{
    if (m->stem.weight->trainable)
        return 0;
    for (int64_t i = 0; i < m->config.block_count; i++)
        if (m->blocks[i].depth.weight->trainable)
            return i + 1;
    return m->config.block_count + (m->head.weight->trainable ? 1 : 2);
}

/* The frozen front on a tape of its own, so that a recording tape keeps nothing of it. */
static value *front_forward(tape *t, const mobilenet *m, const request *r, int64_t steps)
{
    tape_options options = *tape_get_options(t);
    options.record = options.training = false;
    tape *inner = tape_new(&options);
    if (!inner) {
        tape_fail(t, SMAC_ERROR_MEMORY, __func__, "no memory for a tape");
        return NULL;
    }
    value *x = steps_forward(inner, m, r, NULL, 0, steps), *result = NULL;
    smac_error error;
    if (tape_status(inner, &error) != SMAC_OK)
        tape_fail(t, error.code, error.where, "%s", error.message);
    else if (x)
        result = tape_value(t, 4, x->dim, tape_numbers(inner, x));
    tape_free(inner);
    return result;
}

value *mobilenet_forward(tape *t, const mobilenet *m, const float *pictures, int64_t batch, value **map, value **hidden)
{
    if (tape_status(t, NULL) != SMAC_OK)
        return NULL;
    if (!pictures || batch < 1) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, __func__, "a batch of %lld pictures was given, at least 1 is needed",
            (long long)batch);
        return NULL;
    }
    const request r = {pictures, batch, hidden};
    int64_t steps = m->config.block_count + 2;
    int64_t front = tape_get_options(t)->record && !hidden ? frozen_steps(m) : 0;
    value *x = front > 0 ? front_forward(t, m, &r, front) : NULL;
    if (front == 0 || x)
        x = front < steps ? steps_forward(t, m, &r, x, front, steps) : x;
    if (map)
        *map = as_sequence(t, x);
    return x ? op_global_mean(t, x) : NULL;
}
