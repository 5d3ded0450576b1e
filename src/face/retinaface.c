/* face/retinaface.c - the network as one list of convolutions in the order in which they run. */
#include "face/retinaface.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ops_vision.h"
#include "autograd/ops.h"
#include "base/memory.h"
#include "nn/parameters.h"

const float RETINAFACE_MEAN[3] = {123, 117, 104};

#define NORM_EPSILON 1e-5
#define SLOPE 0.1f /* of the leaky rectifiers */

enum { NAME_MAX_LENGTH = 80, PYRAMID = 5, CONTEXT = 5, HEADS = 3, BODY_MAX = 32 };

typedef struct convolution {
    parameter *weight, *bias; /* (out, kernel * kernel * in), or depthwise (kernel, kernel, channels) */
    int kernel, stride;
    bool depthwise, linear; /* linear: no activation */
} convolution;

/* How a convolution is published. */
typedef struct published_convolution {
    char name[NAME_MAX_LENGTH]; /* before ".weight" */
    char norm[NAME_MAX_LENGTH]; /* of its batch norm; "": it has a bias of its own */
    int kernel, stride;
    bool depthwise, linear;
    bool reads_picture; /* its inputs are published as blue, green, red; ours are red, green, blue */
} published_convolution;

struct retinaface {
    parameter_store *store;
    convolution body[BODY_MAX];
    int body_count, stage_end[FACE_LEVELS]; /* the convolution whose result a level reads, plus 1 */
    convolution pyramid[PYRAMID];           /* output1, output2, output3, merge1, merge2 */
    convolution context[FACE_LEVELS][CONTEXT];
    convolution heads[FACE_LEVELS][HEADS];
};

/* --- reading ------------------------------------------------------------------------------------------------------ */

typedef struct network_reading {
    const tensor_file *file;
    const char *prefix; /* of every name */
    retinaface *network;
    /* values until the store is sealed, in the order of the store's parameters */
    float *values[2 * (BODY_MAX + PYRAMID + FACE_LEVELS * (CONTEXT + HEADS))];
    int count;
    smac_error *error;
} network_reading;

static const tensor_entry *find_tensor(const network_reading *r, const char *name, const char *ending)
{
    char full[2 * NAME_MAX_LENGTH];
    snprintf(full, sizeof full, "%s%s.%s", r->prefix, name, ending);
    return tensor_file_find(r->file, full);
}

static smac_status read_values(network_reading *r, const char *name, const char *ending, int64_t expected, float **out)
{
    const tensor_entry *e = find_tensor(r, name, ending);
    if (!e)
        return FAIL(r->error, SMAC_ERROR_NOT_FOUND, "there is no tensor %s%s.%s", r->prefix, name, ending);
    if (e->count != expected)
        return FAIL(r->error, SMAC_ERROR_MISMATCH, "tensor %s has %lld values, expected %lld", e->name,
            (long long)e->count, (long long)expected);
    *out = memory_new((size_t)expected, sizeof **out);
    if (!*out)
        return FAIL(r->error, SMAC_ERROR_MEMORY, "no memory for tensor %s", e->name);
    tensor_to_f32(e, *out);
    for (int64_t i = 0; i < expected; i++)
        if (!isfinite((*out)[i]))
            return FAIL(r->error, SMAC_ERROR_FORMAT, "tensor %s has values that are not finite", e->name);
    return SMAC_OK;
}

/* What the norm does after the convolution, as a factor and a summand a channel. */
static smac_status read_norm(network_reading *r, const char *name, int64_t channels, float *factor, float *summand)
{
    static const char *const endings[] = {"weight", "bias", "running_mean", "running_var"};
    float *v[4] = {NULL};
    smac_status status = SMAC_OK;
    for (int i = 0; i < 4 && status == SMAC_OK; i++)
        status = read_values(r, name, endings[i], channels, &v[i]);
    for (int64_t c = 0; status == SMAC_OK && c < channels; c++) {
        double scale = v[0][c] / sqrt((double)v[3][c] + NORM_EPSILON);
        factor[c] = (float)scale;
        summand[c] = (float)(v[1][c] - v[2][c] * scale);
        if (!isfinite(factor[c]) || !isfinite(summand[c]))
            status = FAIL(r->error, SMAC_ERROR_FORMAT, "the variance in %s.running_var is %g, expected 0 or more", name,
                (double)v[3][c]);
    }
    for (int i = 0; i < 4; i++)
        free(v[i]);
    return status;
}

/* (out, in, kernel, kernel) to (out, kernel, kernel, in); depthwise (channels, 1, k, k) to (k, k, channels). */
static void arrange(
    const float *from, const convolution *c, const int64_t *dim, const float *factor, bool reversed, float *to)
{
    int64_t out = dim[0], in = dim[1], places = (int64_t)c->kernel * c->kernel;
    for (int64_t o = 0; o < out; o++)
        for (int64_t i = 0; i < in; i++)
            for (int64_t k = 0; k < places; k++) {
                float value = from[(o * in + i) * places + k] * factor[o];
                int64_t input = reversed ? in - 1 - i : i;
                to[c->depthwise ? k * out + o : (o * places + k) * in + input] = value;
            }
}

static smac_status add_parameter(network_reading *r, const char *name, const char *ending, int rank, const int64_t *dim,
    bool product, parameter **out)
{
    char full[NAME_MAX_LENGTH + 8];
    parameter_spec spec = {.name = full, .rank = rank, .init = INIT_ZEROS, .product = product};
    snprintf(full, sizeof full, "%s.%s", name, ending);
    memcpy(spec.dim, dim, (size_t)rank * sizeof *dim);
    *out = parameter_add(r->network->store, &spec, r->error);
    return *out ? SMAC_OK : SMAC_ERROR_MEMORY;
}

static smac_status read_folded(network_reading *r, const published_convolution *p, const tensor_entry *e,
    const convolution *c, float *weight, float *bias)
{
    float *raw = NULL, *own = NULL, *factor = memory_new((size_t)e->dim[0], sizeof *factor);
    smac_status status = factor ? read_values(r, p->name, "weight", e->count, &raw)
                                : FAIL(r->error, SMAC_ERROR_MEMORY, "no memory for %s", p->name);
    for (int64_t o = 0; status == SMAC_OK && o < e->dim[0]; o++)
        factor[o] = 1;
    if (status == SMAC_OK && p->norm[0])
        status = read_norm(r, p->norm, e->dim[0], factor, bias);
    else if (status == SMAC_OK)
        status = read_values(r, p->name, "bias", e->dim[0], &own);
    if (status == SMAC_OK) {
        arrange(raw, c, e->dim, factor, p->reads_picture, weight);
        if (own)
            memcpy(bias, own, (size_t)e->dim[0] * sizeof *bias);
    }
    free(raw);
    free(own);
    free(factor);
    return status;
}

/* channels: what comes in; gets what goes out.  out_wanted: 0 for any. */
static smac_status add_convolution(
    network_reading *r, const published_convolution *p, int64_t *channels, int64_t out_wanted, convolution *c)
{
    char shape[128];
    const tensor_entry *e = find_tensor(r, p->name, "weight");
    if (!e)
        return FAIL(r->error, SMAC_ERROR_NOT_FOUND, "there is no tensor %s%s.weight", r->prefix, p->name);
    bool fits = e->rank == 4 && e->dim[0] > 0 && e->dim[1] == (p->depthwise ? 1 : *channels) &&
        e->dim[2] == p->kernel && e->dim[3] == p->kernel && (!p->depthwise || e->dim[0] == *channels) &&
        (out_wanted == 0 || e->dim[0] == out_wanted);
    if (!fits)
        return FAIL(r->error, SMAC_ERROR_MISMATCH, "tensor %s has the shape %s, expected [%lld, %lld, %d, %d]", e->name,
            tensor_shape_text(e->rank, e->dim, shape, sizeof shape), (long long)(p->depthwise ? *channels : out_wanted),
            (long long)(p->depthwise ? 1 : *channels), p->kernel, p->kernel);
    *c = (convolution){.kernel = p->kernel, .stride = p->stride, .depthwise = p->depthwise, .linear = p->linear};
    int64_t out = e->dim[0], matrix[2] = {out, e->count / out}, cube[3] = {p->kernel, p->kernel, out};
    TRY(add_parameter(
        r, p->name, "weight", p->depthwise ? 3 : 2, p->depthwise ? cube : matrix, !p->depthwise, &c->weight));
    TRY(add_parameter(r, p->name, "bias", 1, &out, false, &c->bias));
    float *weight = r->values[r->count++] = memory_new((size_t)e->count, sizeof *weight);
    float *bias = r->values[r->count++] = memory_new((size_t)out, sizeof *bias);
    if (!weight || !bias)
        return FAIL(r->error, SMAC_ERROR_MEMORY, "no memory for %s", e->name);
    *channels = out;
    return read_folded(r, p, e, c, weight, bias);
}

/* A convolution with its norm next to it: NAME.0 and NAME.1. */
static published_convolution normed(const char *name, int kernel, int stride, bool linear)
{
    published_convolution p = {.kernel = kernel, .stride = stride, .linear = linear};
    snprintf(p.name, sizeof p.name, "%s.0", name);
    snprintf(p.norm, sizeof p.norm, "%s.1", name);
    return p;
}

static smac_status add_to_body(network_reading *r, const published_convolution *p, int64_t *channels)
{
    return add_convolution(r, p, channels, 0, &r->network->body[r->network->body_count++]);
}

/* MobileNet's stages: a convolution, then pairs of a depthwise and a 1 x 1 one; the strides of the pairs. */
static smac_status add_body(network_reading *r, int64_t stages[FACE_LEVELS])
{
    static const int strides[FACE_LEVELS][6] = {{0, 1, 2, 1, 2, 1}, {2, 1, 1, 1, 1, 1}, {2, 1}};
    static const int blocks[FACE_LEVELS] = {6, 6, 2};
    int64_t channels = 3;
    for (int s = 0; s < FACE_LEVELS; s++) {
        for (int b = 0; b < blocks[s]; b++) {
            char name[NAME_MAX_LENGTH - 2];
            snprintf(name, sizeof name, "body.stage%d.%d", s + 1, b);
            published_convolution p = normed(name, 3, strides[s][b], false);
            p.reads_picture = strides[s][b] == 0;
            p.depthwise = !p.reads_picture;
            p.stride = p.reads_picture ? 2 : p.stride;
            TRY(add_to_body(r, &p, &channels));
            if (p.reads_picture)
                continue;
            p = (published_convolution){.kernel = 1, .stride = 1};
            snprintf(p.name, sizeof p.name, "%s.3", name);
            snprintf(p.norm, sizeof p.norm, "%s.4", name);
            TRY(add_to_body(r, &p, &channels));
        }
        r->network->stage_end[s] = r->network->body_count;
        stages[s] = channels;
    }
    return SMAC_OK;
}

static smac_status add_pyramid(network_reading *r, const int64_t stages[FACE_LEVELS], int64_t *width)
{
    static const char *const names[PYRAMID] = {"fpn.output1", "fpn.output2", "fpn.output3", "fpn.merge1", "fpn.merge2"};
    *width = 0;
    for (int i = 0; i < PYRAMID; i++) {
        int64_t channels = i < FACE_LEVELS ? stages[i] : *width;
        published_convolution p = normed(names[i], i < FACE_LEVELS ? 1 : 3, 1, false);
        TRY(add_convolution(r, &p, &channels, *width, &r->network->pyramid[i]));
        *width = channels;
    }
    return SMAC_OK;
}

/* The context module: three branches of 3 x 3 convolutions, one, two and three deep, side by side. */
static smac_status add_context(network_reading *r, int level, int64_t *width)
{
    static const char *const names[CONTEXT] = {"conv3X3", "conv5X5_1", "conv5X5_2", "conv7X7_2", "conv7x7_3"};
    static const bool linear[CONTEXT] = {true, false, true, false, true};
    int64_t out[CONTEXT];
    for (int i = 0; i < CONTEXT; i++) {
        char name[NAME_MAX_LENGTH - 2];
        out[i] = i < 2 ? *width : out[1];
        snprintf(name, sizeof name, "ssh%d.%s", level + 1, names[i]);
        published_convolution p = normed(name, 3, 1, linear[i]);
        TRY(add_convolution(r, &p, &out[i], 0, &r->network->context[level][i]));
    }
    *width = out[0] + out[2] + out[4];
    return SMAC_OK;
}

static smac_status add_heads(network_reading *r, int level, int64_t width)
{
    static const char *const names[HEADS] = {"ClassHead", "BboxHead", "LandmarkHead"};
    static const int values[HEADS] = {2, 4, 2 * FACE_POINTS};
    for (int i = 0; i < HEADS; i++) {
        int64_t channels = width;
        published_convolution p = {.kernel = 1, .stride = 1, .linear = true};
        snprintf(p.name, sizeof p.name, "%s.%d.conv1x1", names[i], level);
        TRY(add_convolution(r, &p, &channels, (int64_t)FACE_ANCHORS * values[i], &r->network->heads[level][i]));
    }
    return SMAC_OK;
}

static smac_status add_all(network_reading *r)
{
    int64_t stages[FACE_LEVELS], width;
    TRY(add_body(r, stages));
    TRY(add_pyramid(r, stages, &width));
    for (int level = 0; level < FACE_LEVELS; level++) {
        int64_t channels = width;
        TRY(add_context(r, level, &channels));
        TRY(add_heads(r, level, channels));
    }
    return tensor_file_check(r->file, r->error);
}

static smac_status seal(network_reading *r)
{
    parameter_store *store = r->network->store;
    parameter_set_trainable(store, "", false);
    TRY(parameter_store_seal(store, false, 0, r->error));
    for (int64_t i = 0; i < parameter_number(store); i++) {
        parameter *p = parameter_at(store, i);
        float *numbers = parameter_map(p);
        if (!numbers)
            return FAIL(r->error, SMAC_ERROR_MEMORY, "no memory for %s", p->name);
        memcpy(numbers, r->values[i], (size_t)p->count * sizeof *numbers);
        TRY(parameter_unmap(p, numbers, true, r->error));
    }
    return parameter_store_pack(store, "", PRECISION_F32, true, r->error);
}

static const char *names_prefix(const tensor_file *file)
{
    static const char *const prefixes[] = {"", "module."};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        char name[NAME_MAX_LENGTH];
        snprintf(name, sizeof name, "%sbody.stage1.0.0.weight", prefixes[i]);
        bool there = tensor_file_find(file, name) != NULL;
        snprintf(name, sizeof name, "%sLandmarkHead.0.conv1x1.weight", prefixes[i]);
        if (there && tensor_file_find(file, name))
            return prefixes[i];
    }
    return NULL;
}

bool retinaface_is(const tensor_file *file)
{
    return names_prefix(file) != NULL;
}

smac_status retinaface_new(const tensor_file *file, retinaface **out, smac_error *error)
{
    network_reading r = {.file = file, .prefix = names_prefix(file), .error = error};
    *out = NULL;
    if (!r.prefix)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "it has no weights of RetinaFace with a MobileNet (body.stage1.0.0.weight, LandmarkHead.0.conv1x1.weight): "
            "`semanticmac models fetch retinaface` downloads them");
    r.network = memory_new(1, sizeof *r.network);
    smac_status status = SMAC_OK;
    if (!r.network || !(r.network->store = parameter_store_new()))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the face detector");
    if (status == SMAC_OK)
        status = add_all(&r);
    if (status == SMAC_OK)
        status = seal(&r);
    for (int i = 0; i < r.count; i++)
        free(r.values[i]);
    if (status != SMAC_OK) {
        retinaface_free(r.network);
        return status;
    }
    *out = r.network;
    return SMAC_OK;
}

void retinaface_free(retinaface *n)
{
    if (!n)
        return;
    parameter_store_free(n->store);
    free(n);
}

/* --- running ------------------------------------------------------------------------------------------------------ */

static value *convolve(tape *t, value *x, const convolution *c)
{
    int padding = c->kernel / 2;
    conv2d_options options = {.kernel_height = c->kernel,
        .kernel_width = c->kernel,
        .stride = c->stride,
        CONV2D_PADDING(padding),
        .activation = c->linear ? RECTIFIER_NONE : RECTIFIER_LEAKY,
        .slope = SLOPE};
    value *weight = tape_parameter(t, c->weight), *bias = tape_parameter(t, c->bias);
    return c->depthwise ? op_depthwise_conv2d(t, x, weight, bias, &options) : op_conv2d(t, x, weight, bias, &options);
}

/* The level above, enlarged, on top of this one, and blended. */
static value *merge(tape *t, value *level, value *above, const convolution *blend)
{
    if (!level || !above)
        return NULL;
    value *enlarged = op_enlarge(t, above, level->dim[1], level->dim[2]);
    return convolve(t, op_add(t, level, enlarged), blend);
}

static value *see_context(tape *t, value *x, const convolution c[CONTEXT])
{
    value *narrow = convolve(t, x, &c[1]), *parts[3];
    parts[0] = convolve(t, x, &c[0]);
    parts[1] = convolve(t, narrow, &c[2]);
    parts[2] = convolve(t, convolve(t, narrow, &c[3]), &c[4]);
    return op_activation(t, op_concat(t, parts, 3, 3), ACTIVATION_RELU);
}

void retinaface_run(const retinaface *n, tape *t, value *pixels, retinaface_level out[FACE_LEVELS])
{
    value *x = pixels, *level[FACE_LEVELS];
    for (int s = 0, i = 0; s < FACE_LEVELS; s++) {
        for (; i < n->stage_end[s]; i++)
            x = convolve(t, x, &n->body[i]);
        level[s] = convolve(t, x, &n->pyramid[s]);
    }
    level[1] = merge(t, level[1], level[2], &n->pyramid[4]);
    level[0] = merge(t, level[0], level[1], &n->pyramid[3]);
    for (int s = 0; s < FACE_LEVELS; s++) {
        value *seen = see_context(t, level[s], n->context[s]);
        out[s] = (retinaface_level){
            convolve(t, seen, &n->heads[s][0]), convolve(t, seen, &n->heads[s][1]), convolve(t, seen, &n->heads[s][2])};
    }
}
