/* compute/kernels_plain.c - every kernel in plain C: the reference for the faster ones, and what runs anywhere. */
#include <math.h>
#include <string.h>

#include "base/half.h"
#include "compute/kernels_internal.h"

static const float root_half = 0.70710678118654752440f; /* 1/sqrt(2) */
static const float root_two_over_pi = 0.79788456080286535588f;
static const float inverse_root_two_pi = 0.39894228040143267794f;
static const float tanh_cubic = 0.044715f;
static const float quick_slope = 1.702f;

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

static float apply(float x, activation a)
{
    switch (a) {
    case ACTIVATION_NONE:
        return x;
    case ACTIVATION_RELU:
        return x > 0 || isnan(x) ? x : 0;
    case ACTIVATION_GELU:
        return x == -INFINITY ? -0.0f : 0.5f * x * (1.0f + erff(x * root_half));
    case ACTIVATION_GELU_TANH:
        return x == -INFINITY ? -0.0f : 0.5f * x * (1.0f + tanhf(root_two_over_pi * (x + tanh_cubic * x * x * x)));
    case ACTIVATION_TANH:
        return tanhf(x);
    case ACTIVATION_SIGMOID:
        return sigmoid(x);
    case ACTIVATION_SILU:
        return x == -INFINITY ? -0.0f : x * sigmoid(x);
    case ACTIVATION_QUICK_GELU:
        return x == -INFINITY ? -0.0f : x * sigmoid(quick_slope * x);
    }
    return x;
}

/* f'(x) */
static float slope(float x, activation a)
{
    switch (a) {
    case ACTIVATION_NONE:
        return 1;
    case ACTIVATION_RELU:
        return x > 0;
    case ACTIVATION_GELU:
        return 0.5f * (1.0f + erff(x * root_half)) + x * inverse_root_two_pi * expf(-0.5f * x * x);
    case ACTIVATION_GELU_TANH: {
        float t = tanhf(root_two_over_pi * (x + tanh_cubic * x * x * x));
        return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * root_two_over_pi * (1.0f + 3.0f * tanh_cubic * x * x);
    }
    case ACTIVATION_TANH: {
        float t = tanhf(x);
        return 1.0f - t * t;
    }
    case ACTIVATION_SIGMOID: {
        float s = sigmoid(x);
        return s * (1.0f - s);
    }
    case ACTIVATION_SILU: {
        float s = sigmoid(x);
        return s + x * s * (1.0f - s);
    }
    case ACTIVATION_QUICK_GELU: {
        float s = sigmoid(quick_slope * x);
        return s + quick_slope * x * s * (1.0f - s);
    }
    }
    return 1;
}

static void activate(float *y, const float *x, int64_t n, activation a)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = apply(x[i], a);
}

static void activate_backward(float *dx, const float *dy, const float *x, int64_t n, activation a)
{
    for (int64_t i = 0; i < n; i++)
        dx[i] += dy[i] * slope(x[i], a);
}

static void exponential(float *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = expf(x[i]);
}

static void logarithm(float *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = logf(x[i]);
}

static void add(float *y, const float *a, const float *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

static void subtract(float *y, const float *a, const float *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] - b[i];
}

static void multiply(float *y, const float *a, const float *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] * b[i];
}

static void multiply_add(float *y, const float *a, const float *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a[i] * b[i];
}

static void axpy(float *y, const float *x, float factor, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

static void scale(float *y, const float *x, float factor, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = factor * x[i];
}

static double sum(const float *x, int64_t n)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++)
        s += x[i];
    return s;
}

static double sum_squares(const float *x, int64_t n)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++)
        s += (double)x[i] * x[i];
    return s;
}

static float dot(const float *a, const float *b, int64_t n)
{
    float lane[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++)
            lane[j] += a[i + j] * b[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += a[i] * b[i];
    for (int width = 8; width; width /= 2)
        for (int j = 0; j < width; j++)
            lane[j] += lane[j + width];
    return lane[0];
}

static float maximum(const float *x, int64_t n)
{
    float m = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        m = x[i] > m ? x[i] : m;
    return m;
}

static bool all_finite(const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static void softmax(float *y, const float *x, int64_t n, float factor, const float *bias, const uint8_t *mask)
{
    float m = -INFINITY;
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        if (mask && !mask[i])
            continue;
        float v = x[i] * factor + (bias ? bias[i] : 0);
        m = v > m ? v : m;
        any = any || v != -INFINITY;
    }
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        float e = !any || (mask && !mask[i]) ? 0 : expf(x[i] * factor + (bias ? bias[i] : 0) - m);
        y[i] = e;
        total += e;
    }
    float inverse = any ? (float)(1 / total) : 0;
    for (int64_t i = 0; i < n; i++)
        y[i] = y[i] == 0 ? 0 : y[i] * inverse;
}

static void softmax_backward(float *dx, const float *dy, const float *y, int64_t n, float factor)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += (double)dy[i] * y[i];
    float t = (float)total;
    for (int64_t i = 0; i < n; i++)
        dx[i] += factor * y[i] * (dy[i] - t);
}

static void log_softmax(float *y, const float *x, int64_t n)
{
    float m = maximum(x, n);
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += expf(x[i] - m);
    float shift = (float)(m + log(total));
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] - shift;
}

static void log_softmax_backward(float *dx, const float *dy, const float *y, int64_t n)
{
    float total = (float)sum(dy, n);
    for (int64_t i = 0; i < n; i++)
        dx[i] += dy[i] - expf(y[i]) * total;
}

static void layer_norm(float *y, const float *x, const float *w, const float *b, int64_t n, float epsilon,
    float *mean_out, float *inverse_out)
{
    double mean = n ? sum(x, n) / (double)n : 0, variance = 0;
    for (int64_t i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean);
    float m = (float)mean, inverse = (float)(1 / sqrt((n ? variance / (double)n : 0) + epsilon));
    for (int64_t i = 0; i < n; i++) {
        float v = (x[i] - m) * inverse;
        if (w)
            v *= w[i];
        y[i] = b ? v + b[i] : v;
    }
    if (mean_out)
        *mean_out = m;
    if (inverse_out)
        *inverse_out = inverse;
}

/* With g = dy w and h = (x - mean) inverse: dx = inverse (g - mean(g) - h mean(g h)). */
static void layer_norm_backward(float *dx, float *dw, float *db, const float *dy, const float *x, const float *w,
    int64_t n, float mean, float inverse)
{
    double first = 0, second = 0;
    for (int64_t i = 0; i < n; i++) {
        float h = (x[i] - mean) * inverse, g = w ? dy[i] * w[i] : dy[i];
        first += g;
        second += (double)g * h;
        if (dw)
            dw[i] += dy[i] * h;
        if (db)
            db[i] += dy[i];
    }
    if (!dx || !n)
        return;
    float mean_g = (float)(first / (double)n), mean_gh = (float)(second / (double)n);
    for (int64_t i = 0; i < n; i++) {
        float h = (x[i] - mean) * inverse, g = w ? dy[i] * w[i] : dy[i];
        dx[i] += inverse * (g - mean_g - h * mean_gh);
    }
}

static void rms_norm(float *y, const float *x, const float *w, int64_t n, float epsilon, float *inverse_out)
{
    float inverse = (float)(1 / sqrt((n ? sum_squares(x, n) / (double)n : 0) + epsilon));
    for (int64_t i = 0; i < n; i++)
        y[i] = w ? x[i] * inverse * w[i] : x[i] * inverse;
    if (inverse_out)
        *inverse_out = inverse;
}

/* With g = dy w and h = x inverse: dx = inverse (g - h mean(g h)). */
static void rms_norm_backward(
    float *dx, float *dw, const float *dy, const float *x, const float *w, int64_t n, float inverse)
{
    double second = 0;
    for (int64_t i = 0; i < n; i++) {
        float h = x[i] * inverse, g = w ? dy[i] * w[i] : dy[i];
        second += (double)g * h;
        if (dw)
            dw[i] += dy[i] * h;
    }
    if (!dx || !n)
        return;
    float mean_gh = (float)(second / (double)n);
    for (int64_t i = 0; i < n; i++)
        dx[i] += inverse * ((w ? dy[i] * w[i] : dy[i]) - x[i] * inverse * mean_gh);
}

uint16_t bf16_from_float(float x)
{
    return bfloat_from_float(x);
}

float bf16_to_float(uint16_t x)
{
    return bfloat_to_float(x);
}

static void to_bf16(uint16_t *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = bfloat_from_float(x[i]);
}

static void from_bf16(float *y, const uint16_t *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = bfloat_to_float(x[i]);
}

static void to_f16(uint16_t *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = half_from_float(x[i]);
}

static void from_f16(float *y, const uint16_t *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = half_to_float(x[i]);
}

static float magnitude(const float *x, int64_t n)
{
    float largest = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            return NAN;
        float v = fabsf(x[i]);
        largest = v > largest ? v : largest;
    }
    return largest;
}

static void quantise_by(int8_t *q, const float *x, int64_t n, float factor)
{
    for (int64_t i = 0; i < n; i++) {
        float v = rintf(x[i] * factor);
        q[i] = (int8_t)(v > 127 ? 127 : v < -127 ? -127 : v);
    }
}

/* A row with NaN or infinity gets scale NaN, so that the product shows it; its q are 0. */
static float quantise(int8_t *q, const float *x, int64_t n)
{
    float largest = magnitude(x, n);
    if (largest > SMALLEST_MAGNITUDE)
        quantise_by(q, x, n, 127.0f / largest);
    else
        memset(q, 0, (size_t)n);
    return largest / 127.0f;
}

static float quantise_unsigned(uint8_t *q, const float *x, int64_t n, int32_t *zero)
{
    float above = 0, below = 0, bad = 0;
    for (int64_t i = 0; i < n; i++) {
        above = x[i] > above ? x[i] : above;
        below = -x[i] > below ? -x[i] : below;
        bad += 0 * x[i]; /* NaN where x is not finite */
    }
    float scale = above / 255.0f + below / 255.0f; /* the sum alone may be infinite */
    *zero = 0;
    if (bad != 0 || !(above + below > SMALLEST_MAGNITUDE)) {
        memset(q, 0, (size_t)n);
        return bad == 0 ? scale : NAN;
    }
    float factor = 1.0f / scale;
    *zero = (int32_t)rintf(below * factor);
    for (int64_t i = 0; i < n; i++) {
        float v = rintf(x[i] * factor), most = 255.0f - (float)*zero, least = -(float)*zero;
        q[i] = (uint8_t)((int32_t)(v > most ? most : v < least ? least : v) + *zero);
    }
    return scale;
}

enum { SIDE = 4 };

/* Words of any type: so they are moved as bytes. */
static void transpose(void *out, int64_t out_row, const void *in, int64_t in_row)
{
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            memcpy((char *)out + 4 * (i * out_row + j), (const char *)in + 4 * (j * in_row + i), 4);
}

static void pair_bf16(uint16_t *out, const float *first, const float *second, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        out[2 * i] = bfloat_from_float(first[i]);
        out[2 * i + 1] = bfloat_from_float(second[i]);
    }
}

static void dequantise(float *y, const int32_t *sums, const int32_t *column_sum, int32_t zero, float row_scale,
    const float *column_scale, const float *bias, int64_t n, activation a)
{
    for (int64_t i = 0; i < n; i++) {
        float v = (float)(sums[i] - zero * column_sum[i]) * (row_scale * column_scale[i]);
        y[i] = apply(bias ? v + bias[i] : v, a);
    }
}

static void adamw(float *p, float *m, float *v, const float *g, int64_t n, const adamw_step *step)
{
    float keep = 1.0f - step->rate * step->weight_decay;
    float rate = (float)(step->rate / step->first_correction);
    float root = (float)(1 / sqrt(step->second_correction));
    for (int64_t i = 0; i < n; i++) {
        float gradient = g[i] * step->gradient_scale;
        m[i] = step->beta1 * m[i] + (1.0f - step->beta1) * gradient;
        v[i] = step->beta2 * v[i] + (1.0f - step->beta2) * gradient * gradient;
        p[i] = keep * p[i] - rate * m[i] / (sqrtf(v[i]) * root + step->epsilon);
    }
}

const struct kernels kernels_plain = {.activate = activate,
    .activate_backward = activate_backward,
    .exponential = exponential,
    .logarithm = logarithm,
    .add = add,
    .subtract = subtract,
    .multiply = multiply,
    .multiply_add = multiply_add,
    .axpy = axpy,
    .scale = scale,
    .dropout = dropout_plain,
    .sum = sum,
    .sum_squares = sum_squares,
    .dot = dot,
    .maximum = maximum,
    .finite = all_finite,
    .softmax = softmax,
    .softmax_backward = softmax_backward,
    .log_softmax = log_softmax,
    .log_softmax_backward = log_softmax_backward,
    .layer_norm = layer_norm,
    .layer_norm_backward = layer_norm_backward,
    .rms_norm = rms_norm,
    .rms_norm_backward = rms_norm_backward,
    .to_bf16 = to_bf16,
    .from_bf16 = from_bf16,
    .to_f16 = to_f16,
    .from_f16 = from_f16,
    .quantise = quantise,
    .side = SIDE,
    .transpose = transpose,
    .pair_bf16 = pair_bf16,
    .quantise_unsigned = quantise_unsigned,
    .magnitude = magnitude,
    .quantise_by = quantise_by,
    .dequantise = dequantise,
    .rectify = rectify_plain,
    .rectify_backward = rectify_backward_plain,
    .depthwise = depthwise_plain,
    .depthwise_weights = depthwise_weights_plain,
    .adamw = adamw};
