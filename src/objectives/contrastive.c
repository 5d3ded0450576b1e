/*
 * objectives/contrastive.c - the intra-sample contrast: centring, normalising, cosines and loss in one operation.
 *
 * Per sample there are at most six vectors of P numbers, so plain loops in a fixed order do; sums are in double.
 */
#include "objectives/contrastive.h"

#include <math.h>
#include <string.h>

enum { KINDS = 2 * MODALITIES }; /* 0..2 shared, 3..5 specific */

static const double smallest_norm = 1e-6; /* constant vectors, centred, are nearly 0 and must not be blown up */

typedef struct intra_context {
    int64_t batch, width;
    intra_contrast_options options;
    value *input[KINDS];          /* NULL: the model lacks it */
    uint8_t *present[MODALITIES]; /* (B) */
    bool centred[KINDS];
    int64_t count[KINDS];    /* samples that have it */
    float *unit[KINDS];      /* (B, P) normalised vectors */
    double *norm[KINDS];     /* (B) lengths after centring */
    float *unit_grad[KINDS]; /* (B, P) d loss / d unit, filled in the forward pass */
    int64_t pairs;
    value *out;
} intra_context;

static bool has(const intra_context *c, int kind, int64_t b)
{
    return c->input[kind] && c->present[kind % MODALITIES][b];
}

static double dot(const float *a, const float *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

static void add_scaled(float *to, const float *from, double factor, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += (float)(factor * from[i]);
}

/* unit = (x - mean) / max(|x - mean|, smallest); rows of samples that lack the kind are 0 */
static void normalise_kind(tape *t, intra_context *c, int kind, double *mean)
{
    int64_t width = c->width;
    const float *x = tape_numbers(t, c->input[kind]);
    c->count[kind] = 0;
    if (!x)
        return;
    memset(mean, 0, (size_t)width * sizeof *mean);
    for (int64_t b = 0; b < c->batch; b++) {
        if (!has(c, kind, b))
            continue;
        c->count[kind]++;
        for (int64_t i = 0; i < width; i++)
            mean[i] += x[b * width + i];
    }
    c->centred[kind] = c->options.centre && c->count[kind] >= CONTRAST_CENTRE_FROM;
    for (int64_t i = 0; i < width; i++)
        mean[i] = c->centred[kind] ? mean[i] / (double)c->count[kind] : 0;
    for (int64_t b = 0; b < c->batch; b++) {
        float *unit = c->unit[kind] + b * width;
        double squares = 0;
        if (!has(c, kind, b)) {
            memset(unit, 0, (size_t)width * sizeof *unit);
            continue;
        }
        for (int64_t i = 0; i < width; i++) {
            double centred = x[b * width + i] - mean[i];
            squares += centred * centred;
        }
        double norm = sqrt(squares), divisor = norm > smallest_norm ? norm : smallest_norm;
        for (int64_t i = 0; i < width; i++)
            unit[i] = (float)((x[b * width + i] - mean[i]) / divisor);
        c->norm[kind][b] = norm;
    }
}

/* One pair of vectors whose similarity enters a loss, and the weight of its exponential. */
typedef struct pair_place {
    int kind_a, kind_b;
    int64_t sample_a, sample_b;
    double similarity;
} pair_place;

static void pair_put(const intra_context *c, pair_place *place, int kind_a, int64_t a, int kind_b, int64_t b)
{
    *place = (pair_place){
        kind_a, kind_b, a, b, dot(c->unit[kind_a] + a * c->width, c->unit[kind_b] + b * c->width, c->width)};
}

static void pair_push_gradient(intra_context *c, const pair_place *p, double gradient)
{
    int64_t a = p->sample_a * c->width, b = p->sample_b * c->width;
    add_scaled(c->unit_grad[p->kind_a] + a, c->unit[p->kind_b] + b, gradient, c->width);
    add_scaled(c->unit_grad[p->kind_b] + b, c->unit[p->kind_a] + a, gradient, c->width);
}

/* The negatives of sample b that all its positive pairs share: nine (shared, specific), three (specific, specific). */
static int own_negatives(const intra_context *c, int64_t b, pair_place *places)
{
    int n = 0;
    for (int u = 0; u < MODALITIES; u++)
        for (int w = 0; w < MODALITIES; w++)
            if (has(c, u, b) && has(c, MODALITIES + w, b))
                pair_put(c, &places[n++], u, b, MODALITIES + w, b);
    for (int u = 0; u < MODALITIES; u++)
        for (int w = u + 1; w < MODALITIES; w++)
            if (has(c, MODALITIES + u, b) && has(c, MODALITIES + w, b))
                pair_put(c, &places[n++], MODALITIES + u, b, MODALITIES + w, b);
    return n;
}

/* The switch: the shared vectors of u and v of this sample against those of v and u of all others. */
static int64_t cross_negatives(const intra_context *c, int64_t b, int u, int v, pair_place *places)
{
    int64_t n = 0;
    for (int64_t j = 0; c->options.cross_negatives && j < c->batch; j++) {
        if (j == b)
            continue;
        if (has(c, v, j))
            pair_put(c, &places[n++], u, b, v, j);
        if (has(c, u, j))
            pair_put(c, &places[n++], v, b, u, j);
    }
    return n;
}

/* -log(e^{s+/tau} / (e^{s+/tau} + sum e^{s-/tau})); with gradients, scaled, when scale is not 0 */
static double pair_loss(
    intra_context *c, const pair_place *positive, const pair_place *negatives, int64_t count, double scale)
{
    double tau = c->options.tau, largest = positive->similarity, sum;
    for (int64_t i = 0; i < count; i++)
        if (negatives[i].similarity > largest)
            largest = negatives[i].similarity;
    sum = exp((positive->similarity - largest) / tau);
    for (int64_t i = 0; i < count; i++)
        sum += exp((negatives[i].similarity - largest) / tau);
    if (scale != 0) {
        pair_push_gradient(c, positive, scale / tau * (exp((positive->similarity - largest) / tau) / sum - 1));
        for (int64_t i = 0; i < count; i++)
            pair_push_gradient(c, &negatives[i], scale / tau * exp((negatives[i].similarity - largest) / tau) / sum);
    }
    return log(sum) - (positive->similarity - largest) / tau;
}

/* Walk over all positive pairs.  scale 0: count alone. */
static double walk_pairs(intra_context *c, pair_place *places, double scale, bool losses)
{
    double total = 0;
    c->pairs = 0;
    for (int64_t b = 0; b < c->batch; b++) {
        int64_t own = losses ? own_negatives(c, b, places) : 0;
        for (int u = 0; u < MODALITIES; u++) {
            for (int v = u + 1; v < MODALITIES; v++) {
                if (!has(c, u, b) || !has(c, v, b))
                    continue;
                c->pairs++;
                if (!losses)
                    continue;
                pair_place positive;
                pair_put(c, &positive, u, b, v, b);
                int64_t count = own + cross_negatives(c, b, u, v, places + own);
                total += pair_loss(c, &positive, places, count, scale);
            }
        }
    }
    return total;
}

/* Through the normalisation and the centring, to the input's gradient. */
static void kind_backward(tape *t, const intra_context *c, int kind, double factor)
{
    int64_t width = c->width;
    value *input = c->input[kind];
    if (!input || !tape_wants(t, input))
        return;
    float *grad = tape_scratch(t, (size_t)(c->batch * width) * sizeof *grad);
    double *sum = tape_scratch(t, (size_t)width * sizeof *sum), *row = tape_scratch(t, (size_t)width * sizeof *row);
    if (!grad || !sum || !row)
        return;
    memset(grad, 0, (size_t)(c->batch * width) * sizeof *grad);
    memset(sum, 0, (size_t)width * sizeof *sum);
    for (int64_t b = 0; b < c->batch; b++) {
        if (!has(c, kind, b))
            continue;
        const float *unit = c->unit[kind] + b * width, *unit_grad = c->unit_grad[kind] + b * width;
        double norm = c->norm[kind][b];
        bool tiny = norm <= smallest_norm;
        double along = tiny ? 0 : dot(unit, unit_grad, width), divisor = tiny ? smallest_norm : norm;
        for (int64_t i = 0; i < width; i++) {
            row[i] = factor * (unit_grad[i] - along * unit[i]) / divisor;
            sum[i] += row[i];
            grad[b * width + i] += (float)row[i];
        }
    }
    for (int64_t b = 0; c->centred[kind] && b < c->batch; b++)
        for (int64_t i = 0; has(c, kind, b) && i < width; i++)
            grad[b * width + i] -= (float)(sum[i] / (double)c->count[kind]);
    tape_gradient_add(t, input, grad);
}

static void intra_backward(tape *t, void *context)
{
    const intra_context *c = context;
    const float *out_grad = tape_gradient(t, c->out);
    for (int kind = 0; out_grad && kind < KINDS; kind++)
        kind_backward(t, c, kind, out_grad[0]);
}

static bool take_inputs(
    tape *t, intra_context *c, value *const shared[], value *const specific[], const uint8_t *const present[])
{
    for (int kind = 0; kind < KINDS; kind++) {
        int u = kind % MODALITIES;
        value *v = kind < MODALITIES ? shared[u] : specific[u];
        c->input[kind] = v;
        if (!v)
            continue;
        if (c->width == 0 && v->rank == 2) {
            c->batch = v->dim[0];
            c->width = v->dim[1];
        }
        if (v->rank != 2 || v->dim[0] != c->batch || v->dim[1] != c->width) {
            tape_fail(t, SMAC_ERROR_MISMATCH, "intra_contrast",
                "projection %d has dimensions (%lld, %lld); expected (%lld, %lld) as the others", kind,
                (long long)v->dim[0], (long long)v->dim[1], (long long)c->batch, (long long)c->width);
            return false;
        }
    }
    for (int u = 0; u < MODALITIES; u++) {
        c->present[u] = tape_scratch(t, (size_t)c->batch + 1);
        if (!c->present[u])
            return false;
        for (int64_t b = 0; b < c->batch; b++)
            c->present[u][b] = !present || !present[u] || present[u][b];
    }
    for (int kind = 0; kind < KINDS; kind++) {
        size_t bytes = (size_t)(c->batch * c->width) * sizeof(float);
        if (!c->input[kind])
            continue;
        c->unit[kind] = tape_scratch(t, bytes);
        c->unit_grad[kind] = tape_scratch(t, bytes);
        c->norm[kind] = tape_scratch(t, (size_t)c->batch * sizeof(double));
        if (!c->unit[kind] || !c->unit_grad[kind] || !c->norm[kind])
            return false;
        memset(c->unit_grad[kind], 0, bytes);
    }
    return true;
}

value *intra_contrast(tape *t, value *const shared[MODALITIES], value *const specific[MODALITIES],
    const uint8_t *const present[MODALITIES], const intra_contrast_options *options, int64_t *pairs)
{
    float loss = 0;
    if (pairs)
        *pairs = 0;
    if (tape_status(t, NULL) != SMAC_OK)
        return NULL;
    intra_context *c = tape_scratch(t, sizeof *c);
    if (!c)
        return NULL;
    memset(c, 0, sizeof *c);
    c->options = *options;
    if (!take_inputs(t, c, shared, specific, present))
        return NULL;
    if (c->width == 0)
        return tape_value(t, 0, NULL, &loss);
    double *mean = tape_scratch(t, (size_t)c->width * sizeof *mean);
    pair_place *places = tape_scratch(t, ((size_t)c->batch * 2 + 12) * sizeof *places);
    if (!mean || !places)
        return NULL;
    bool tracked = false;
    for (int kind = 0; kind < KINDS; kind++) {
        if (!c->input[kind])
            continue;
        normalise_kind(t, c, kind, mean);
        tracked = tracked || tape_wants(t, c->input[kind]);
    }
    walk_pairs(c, places, 0, false);
    int64_t count = c->pairs;
    if (count > 0)
        loss = (float)(walk_pairs(c, places, tracked ? 1.0 / (double)count : 0, true) / (double)count);
    if (pairs)
        *pairs = count;
    value *out = tape_value(t, 0, NULL, &loss);
    if (!out)
        return NULL;
    c->out = out;
    out->tracked = tracked && count > 0;
    tape_note(t, "intra_contrast", out, c, intra_backward);
    return tape_status(t, NULL) == SMAC_OK ? out : NULL;
}
