/*
 * compute/kernels_template.h - the kernels over vectors, included once by each file that names an instruction set.
 * Before including, define LANES, vf, vi, KERNELS (the table's name), DROPOUT and the operations of
 * kernels_avx512.c.  Rests shorter than a vector go through loads and stores of a part, with the same arithmetic, so an
 * element's result does not depend on its place.
 *
 * exp: n = round(x log2 e), r = x - n ln 2 in two steps, Taylor's series of e^r to r^7 (|r| <= ln 2 / 2: 5e-9), times
 * 2^n.  Phi(-a) = exp(-a a / 2) R(1 / (1 + 0.3 a)) with R a polynomial fitted to 0.5 erfcx(a / sqrt 2) on [0, 14.5]
 * (largest relative error 6e-8); tanh(x) / x for |x| < 0.625 is a polynomial in x x (1e-8).  Fits: tools/golden/fits.py.
 */
#include <math.h>
#include <string.h>

#include "compute/kernels_internal.h"

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS vf exp_vector(vf x)
{
    x = VF_MAX(VF_SET(-104.0f), VF_MIN(VF_SET(89.0f), x)); /* a NaN in the second place stays */
    vf n = VF_ROUND(VF_MUL(x, VF_SET(1.44269504088896340736f)));
    vf r = VF_FMA(n, VF_SET(-0.693359375f), x);
    r = VF_FMA(n, VF_SET(2.12194440054690583e-4f), r);
    vf p = VF_SET(1.0f / 5040);
    p = VF_FMA(p, r, VF_SET(1.0f / 720));
    p = VF_FMA(p, r, VF_SET(1.0f / 120));
    p = VF_FMA(p, r, VF_SET(1.0f / 24));
    p = VF_FMA(p, r, VF_SET(1.0f / 6));
    p = VF_FMA(p, r, VF_SET(0.5f));
    p = VF_FMA(p, r, VF_SET(1.0f));
    p = VF_FMA(p, r, VF_SET(1.0f));
    return VF_SCALE_BY_POWER(p, n);
}

/* Phi(-a) = the upper tail of the normal distribution, for a >= 0 */
ALWAYS vf tail_vector(vf a, vf bell)
{
    vf t = VF_DIV(VF_SET(1.0f), VF_FMA(a, VF_SET(0.3f), VF_SET(1.0f)));
    vf p = VF_SET(0.03840739652514458f);
    p = VF_FMA(p, t, VF_SET(-0.16930747032165527f));
    p = VF_FMA(p, t, VF_SET(0.22895179688930511f));
    p = VF_FMA(p, t, VF_SET(-0.07683967798948288f));
    p = VF_FMA(p, t, VF_SET(0.14276528358459473f));
    p = VF_FMA(p, t, VF_SET(0.0945858582854271f));
    p = VF_FMA(p, t, VF_SET(0.12194526195526123f));
    p = VF_FMA(p, t, VF_SET(0.11948420852422714f));
    p = VF_FMA(p, t, VF_SET(7.372389973170357e-06f));
    return VF_MUL(p, bell);
}

ALWAYS vf sigmoid_vector(vf x)
{
    return VF_DIV(VF_SET(1.0f), VF_ADD(VF_SET(1.0f), exp_vector(VF_SUB(VF_ZERO(), x))));
}

ALWAYS vf tanh_vector(vf x)
{
    vf a = VF_ABS(x), z = VF_MUL(x, x);
    vf p = VF_SET(-0.005483008921146393f);
    p = VF_FMA(p, z, VF_SET(0.020429203286767006f));
    p = VF_FMA(p, z, VF_SET(-0.05366988480091095f));
    p = VF_FMA(p, z, VF_SET(0.13330475986003876f));
    p = VF_FMA(p, z, VF_SET(-0.3333323299884796f));
    vf small = VF_FMA(VF_MUL(p, z), x, x); /* x (1 + z P(z)) */
    vf e = exp_vector(VF_MUL(a, VF_SET(-2.0f)));
    vf large = VF_DIV(VF_SUB(VF_SET(1.0f), e), VF_ADD(VF_SET(1.0f), e));
    return VF_WHERE_LESS(a, VF_SET(0.625f), small, VF_COPY_SIGN(large, x));
}

ALWAYS vf gelu_tanh_argument(vf x)
{ /* 2 sqrt(2/pi) (x + 0.044715 x^3): gelu = x sigmoid of it */
    vf cubic = VF_FMA(VF_MUL(VF_SET(0.044715f), VF_MUL(x, x)), x, x);
    return VF_MUL(VF_SET(1.59576912160573071176f), cubic);
}

/* x sigmoid(v), 0 where x is -infinity */
ALWAYS vf gated(vf x, vf v)
{
    return VF_DIV(x, VF_ADD(VF_SET(1.0f), exp_vector(VF_SUB(VF_ZERO(), v))));
}

ALWAYS vf activate_vector(vf x, activation a)
{
    switch (a) {
    case ACTIVATION_NONE:
        return x;
    case ACTIVATION_RELU:
        return VF_MAX(VF_ZERO(), x);
    case ACTIVATION_GELU: { /* x Phi(x) = max(x, 0) - |x| Phi(-|x|) */
        vf b = VF_MIN(VF_SET(20.0f), VF_ABS(x));
        vf tail = tail_vector(b, exp_vector(VF_MUL(VF_MUL(b, b), VF_SET(-0.5f))));
        return VF_SUB(VF_MAX(VF_ZERO(), x), VF_MUL(b, tail));
    }
    case ACTIVATION_GELU_TANH: {
        vf bounded = VF_MAX(VF_SET(-200.0f), x);
        return gated(bounded, gelu_tanh_argument(bounded));
    }
    case ACTIVATION_TANH:
        return tanh_vector(x);
    case ACTIVATION_SIGMOID:
        return sigmoid_vector(x);
    case ACTIVATION_SILU: {
        vf bounded = VF_MAX(VF_SET(-200.0f), x);
        return gated(bounded, bounded);
    }
    case ACTIVATION_QUICK_GELU: {
        vf bounded = VF_MAX(VF_SET(-200.0f), x);
        return gated(bounded, VF_MUL(bounded, VF_SET(1.702f)));
    }
    }
    return x;
}

ALWAYS vf slope_vector(vf x, activation a)
{
    const vf one = VF_SET(1.0f);
    switch (a) {
    case ACTIVATION_NONE:
        return one;
    case ACTIVATION_RELU:
        return VF_WHERE_LESS(VF_ZERO(), x, one, VF_ZERO());
    case ACTIVATION_GELU: { /* Phi(x) + x phi(x) */
        vf b = VF_MIN(VF_SET(20.0f), VF_ABS(x));
        vf bell = exp_vector(VF_MUL(VF_MUL(b, b), VF_SET(-0.5f))), tail = tail_vector(b, bell);
        vf phi = VF_WHERE_LESS(x, VF_ZERO(), tail, VF_SUB(one, tail));
        return VF_FMA(VF_MUL(x, VF_SET(0.39894228040143267794f)), bell, phi);
    }
    case ACTIVATION_GELU_TANH: { /* s + x s (1 - s) u'(x), u the argument of the sigmoid */
        vf s = sigmoid_vector(gelu_tanh_argument(x));
        vf inner = VF_MUL(VF_SET(1.59576912160573071176f), VF_FMA(VF_MUL(VF_SET(3 * 0.044715f), x), x, one));
        return VF_FMA(VF_MUL(x, inner), VF_MUL(s, VF_SUB(one, s)), s);
    }
    case ACTIVATION_TANH: {
        vf t = tanh_vector(x);
        return VF_SUB(one, VF_MUL(t, t));
    }
    case ACTIVATION_SIGMOID: {
        vf s = sigmoid_vector(x);
        return VF_MUL(s, VF_SUB(one, s));
    }
    case ACTIVATION_SILU: {
        vf s = sigmoid_vector(x);
        return VF_FMA(x, VF_MUL(s, VF_SUB(one, s)), s);
    }
    case ACTIVATION_QUICK_GELU: {
        vf s = sigmoid_vector(VF_MUL(x, VF_SET(1.702f)));
        return VF_FMA(VF_MUL(x, VF_SET(1.702f)), VF_MUL(s, VF_SUB(one, s)), s);
    }
    }
    return one;
}

/* for every vector at i: load (whole or in part), do, store; "part" lanes count */
#define OVER(n, i, part) for (int64_t i = 0, part; part = n - i < LANES ? n - i : LANES, i < n; i += LANES)
#define GET(p, part) ((part) == LANES ? VF_LOAD(p) : VF_LOAD_PART(p, part))
#define PUT(p, x, part)                \
    do {                               \
        if ((part) == LANES)           \
            VF_STORE(p, x);            \
        else                           \
            VF_STORE_PART(p, x, part); \
    } while (0)

ALWAYS void activate_all(float *y, const float *x, int64_t n, const activation a)
{
    OVER(n, i, part)
    PUT(y + i, activate_vector(GET(x + i, part), a), part);
}

ALWAYS void backward_all(float *dx, const float *dy, const float *x, int64_t n, const activation a)
{
    OVER(n, i, part)
    PUT(dx + i, VF_FMA(GET(dy + i, part), slope_vector(GET(x + i, part), a), GET(dx + i, part)), part);
}

#define EACH_ACTIVATION(X) \
    X(ACTIVATION_NONE)     \
    X(ACTIVATION_RELU)     \
    X(ACTIVATION_GELU)     \
    X(ACTIVATION_GELU_TANH) X(ACTIVATION_TANH) X(ACTIVATION_SIGMOID) X(ACTIVATION_SILU) X(ACTIVATION_QUICK_GELU)

static void activate(float *y, const float *x, int64_t n, activation a)
{
    switch (a) {
#define CASE(name)                   \
    case name:                       \
        activate_all(y, x, n, name); \
        break;
        EACH_ACTIVATION(CASE)
#undef CASE
    }
}

static void activate_backward(float *dx, const float *dy, const float *x, int64_t n, activation a)
{
    switch (a) {
#define CASE(name)                        \
    case name:                            \
        backward_all(dx, dy, x, n, name); \
        break;
        EACH_ACTIVATION(CASE)
#undef CASE
    }
}

static void exponential(float *y, const float *x, int64_t n)
{
    OVER(n, i, part)
    PUT(y + i, exp_vector(GET(x + i, part)), part);
}

static void add(float *y, const float *a, const float *b, int64_t n)
{
    OVER(n, i, part)
    PUT(y + i, VF_ADD(GET(a + i, part), GET(b + i, part)), part);
}

static void subtract(float *y, const float *a, const float *b, int64_t n)
{
    OVER(n, i, part)
    PUT(y + i, VF_SUB(GET(a + i, part), GET(b + i, part)), part);
}

static void multiply(float *y, const float *a, const float *b, int64_t n)
{
    OVER(n, i, part)
    PUT(y + i, VF_MUL(GET(a + i, part), GET(b + i, part)), part);
}

static void multiply_add(float *y, const float *a, const float *b, int64_t n)
{
    OVER(n, i, part)
    PUT(y + i, VF_FMA(GET(a + i, part), GET(b + i, part), GET(y + i, part)), part);
}

static void axpy(float *y, const float *x, float factor, int64_t n)
{
    vf f = VF_SET(factor);
    OVER(n, i, part)
    PUT(y + i, VF_FMA(f, GET(x + i, part), GET(y + i, part)), part);
}

static void scale(float *y, const float *x, float factor, int64_t n)
{
    vf f = VF_SET(factor);
    OVER(n, i, part)
    PUT(y + i, VF_MUL(f, GET(x + i, part)), part);
}

static double sum(const float *x, int64_t n)
{
    vd s = VD_ZERO();
    OVER(n, i, part)
    s = vd_add_floats(s, GET(x + i, part));
    return vd_total(s);
}

static double sum_squares(const float *x, int64_t n)
{
    vd s = VD_ZERO();
    OVER(n, i, part)
    s = vd_add_squares(s, GET(x + i, part));
    return vd_total(s);
}

static float dot(const float *a, const float *b, int64_t n)
{
    vf s0 = VF_ZERO(), s1 = VF_ZERO(), s2 = VF_ZERO(), s3 = VF_ZERO();
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        s0 = VF_FMA(VF_LOAD(a + i), VF_LOAD(b + i), s0);
        s1 = VF_FMA(VF_LOAD(a + i + LANES), VF_LOAD(b + i + LANES), s1);
        s2 = VF_FMA(VF_LOAD(a + i + 2 * LANES), VF_LOAD(b + i + 2 * LANES), s2);
        s3 = VF_FMA(VF_LOAD(a + i + 3 * LANES), VF_LOAD(b + i + 3 * LANES), s3);
    }
    OVER(n - i, j, part)
    s0 = VF_FMA(GET(a + i + j, part), GET(b + i + j, part), s0);
    return vf_total(VF_ADD(VF_ADD(s0, s1), VF_ADD(s2, s3)));
}

static float maximum(const float *x, int64_t n)
{
    vf m = VF_SET(-INFINITY);
    OVER(n, i, part)
    m = VF_MAX(part == LANES ? VF_LOAD(x + i) : VF_LOAD_PART_OR(x + i, part, m), m);
    return vf_largest(m);
}

static bool all_finite(const float *x, int64_t n)
{
    vf s = VF_ZERO(); /* 0 x is 0 for every finite x and NaN else */
    OVER(n, i, part)
    s = VF_FMA(GET(x + i, part), VF_ZERO(), s);
    return vf_total(s) == 0;
}

static void softmax(float *y, const float *x, int64_t n, float factor, const float *bias, const uint8_t *mask)
{
    vf f = VF_SET(factor), m = VF_SET(-INFINITY), lowest = m, s = VF_ZERO();
    OVER(n, i, part)
    {
        vf v = VF_MUL(GET(x + i, part), f);
        if (bias)
            v = VF_ADD(v, GET(bias + i, part));
        if (mask)
            v = vf_where_bytes(v, lowest, mask + i, part);
        else if (part < LANES)
            v = VF_FIRST(v, lowest, part);
        m = VF_MAX(v, m);
        PUT(y + i, v, part);
    }
    float largest = vf_largest(m);
    if (largest == -INFINITY) { /* no position counts, or NaN: the plain kernel distinguishes the two */
        kernels_plain.softmax(y, y, n, 1, 0, 0);
        return;
    }
    vf shift = VF_SET(largest);
    OVER(n, i, part)
    {
        vf v = part == LANES ? VF_LOAD(y + i) : VF_LOAD_PART_OR(y + i, part, lowest);
        v = exp_vector(VF_SUB(v, shift));
        s = VF_ADD(s, v);
        PUT(y + i, v, part);
    }
    float total = vf_total(s);
    scale(y, y, 1.0f / total, n);
    if (mask && !(total <= INFINITY))
        for (int64_t i = 0; i < n; i++)
            y[i] = mask[i] ? y[i] : 0;
}

static void softmax_backward(float *dx, const float *dy, const float *y, int64_t n, float factor)
{
    vf t = VF_SET(dot(dy, y, n)), f = VF_SET(factor);
    OVER(n, i, part)
    {
        vf g = VF_MUL(VF_MUL(f, GET(y + i, part)), VF_SUB(GET(dy + i, part), t));
        PUT(dx + i, VF_ADD(GET(dx + i, part), g), part);
    }
}

static void log_softmax(float *y, const float *x, int64_t n)
{
    float largest = maximum(x, n);
    vf shift = VF_SET(largest), lowest = VF_SET(-INFINITY);
    vd s = VD_ZERO();
    OVER(n, i, part)
    s = vd_add_floats(
        s, exp_vector(VF_SUB(part == LANES ? VF_LOAD(x + i) : VF_LOAD_PART_OR(x + i, part, lowest), shift)));
    vf all = VF_SET((float)(largest + log(vd_total(s))));
    OVER(n, i, part)
    PUT(y + i, VF_SUB(GET(x + i, part), all), part);
}

static void log_softmax_backward(float *dx, const float *dy, const float *y, int64_t n)
{
    vf total = VF_SET((float)-sum(dy, n));
    OVER(n, i, part)
    {
        vf g = VF_FMA(exp_vector(GET(y + i, part)), total, GET(dy + i, part));
        PUT(dx + i, VF_ADD(GET(dx + i, part), g), part);
    }
}

static void layer_norm(float *y, const float *x, const float *w, const float *b, int64_t n, float epsilon,
    float *mean_out, float *inverse_out)
{
    double mean = n ? sum(x, n) / (double)n : 0;
    vf m = VF_SET((float)mean), s = VF_ZERO();
    OVER(n, i, part)
    {
        vf d = VF_SUB(part == LANES ? VF_LOAD(x + i) : VF_LOAD_PART_OR(x + i, part, m), m);
        s = VF_FMA(d, d, s);
    }
    float inverse = (float)(1 / sqrt((n ? (double)vf_total(s) / (double)n : 0) + epsilon));
    vf f = VF_SET(inverse);
    OVER(n, i, part)
    {
        vf v = VF_MUL(VF_SUB(GET(x + i, part), m), f);
        if (w && b)
            v = VF_FMA(v, GET(w + i, part), GET(b + i, part));
        else if (w)
            v = VF_MUL(v, GET(w + i, part));
        else if (b)
            v = VF_ADD(v, GET(b + i, part));
        PUT(y + i, v, part);
    }
    if (mean_out)
        *mean_out = (float)mean;
    if (inverse_out)
        *inverse_out = inverse;
}

/* shared by both norms: for rms_norm the mean is 0 and does not move with x */
ALWAYS void norm_backward(float *dx, float *dw, float *db, const float *dy, const float *x, const float *w, int64_t n,
    float mean, float inverse, const bool centred)
{
    vf m = VF_SET(mean), f = VF_SET(inverse), first = VF_ZERO(), second = VF_ZERO();
    OVER(n, i, part)
    {
        vf h = VF_MUL(VF_SUB(GET(x + i, part), m), f), d = GET(dy + i, part);
        vf g = w ? VF_MUL(d, GET(w + i, part)) : d;
        first = VF_ADD(first, g);
        second = VF_FMA(g, h, second);
        if (dw)
            PUT(dw + i, VF_FMA(d, h, GET(dw + i, part)), part);
        if (db)
            PUT(db + i, VF_ADD(d, GET(db + i, part)), part);
    }
    if (!dx || !n)
        return;
    vf mean_g = VF_SET(centred ? vf_total(first) / (float)n : 0), mean_gh = VF_SET(vf_total(second) / (float)n);
    OVER(n, i, part)
    {
        vf h = VF_MUL(VF_SUB(GET(x + i, part), m), f), d = GET(dy + i, part);
        vf g = w ? VF_MUL(d, GET(w + i, part)) : d;
        g = VF_SUB(VF_SUB(g, mean_g), VF_MUL(h, mean_gh));
        PUT(dx + i, VF_FMA(f, g, GET(dx + i, part)), part);
    }
}

static void layer_norm_backward(float *dx, float *dw, float *db, const float *dy, const float *x, const float *w,
    int64_t n, float mean, float inverse)
{
    norm_backward(dx, dw, db, dy, x, w, n, mean, inverse, true);
}

static void rms_norm_backward(
    float *dx, float *dw, const float *dy, const float *x, const float *w, int64_t n, float inverse)
{
    norm_backward(dx, dw, 0, dy, x, w, n, 0, inverse, false);
}

static void rms_norm(float *y, const float *x, const float *w, int64_t n, float epsilon, float *inverse_out)
{
    float inverse = (float)(1 / sqrt((n ? sum_squares(x, n) / (double)n : 0) + epsilon));
    vf f = VF_SET(inverse);
    OVER(n, i, part)
    {
        vf v = VF_MUL(GET(x + i, part), f);
        PUT(y + i, w ? VF_MUL(v, GET(w + i, part)) : v, part);
    }
    if (inverse_out)
        *inverse_out = inverse;
}

static void to_bf16(uint16_t *y, const float *x, int64_t n)
{
    OVER(n, i, part)
    vi_put_u16(y + i, bf16_bits(GET(x + i, part)), part);
}

static void from_bf16(float *y, const uint16_t *x, int64_t n)
{
    OVER(n, i, part)
    PUT(y + i, VF_FROM_BITS(VI_SHIFT_LEFT(vi_get_u16(x + i, part), 16)), part);
}

static void to_f16(uint16_t *y, const float *x, int64_t n)
{
    OVER(n, i, part)
    f16_put(y + i, GET(x + i, part), part);
}

static void from_f16(float *y, const uint16_t *x, int64_t n)
{
    OVER(n, i, part)
    PUT(y + i, f16_get(x + i, part), part);
}

static float magnitude(const float *x, int64_t n)
{
    vf m0 = VF_ZERO(), m1 = VF_ZERO(), bad0 = VF_ZERO(), bad1 = VF_ZERO(); /* 0 x is NaN where x is not finite */
    int64_t start = 0;
    for (; start + 2 * LANES <= n; start += 2 * LANES) {
        vf v0 = VF_LOAD(x + start), v1 = VF_LOAD(x + start + LANES);
        m0 = VF_MAX(VF_ABS(v0), m0);
        m1 = VF_MAX(VF_ABS(v1), m1);
        bad0 = VF_FMA(v0, VF_ZERO(), bad0);
        bad1 = VF_FMA(v1, VF_ZERO(), bad1);
    }
    OVER(n - start, i, part)
    {
        vf v = GET(x + start + i, part);
        m0 = VF_MAX(VF_ABS(v), m0);
        bad0 = VF_FMA(v, VF_ZERO(), bad0);
    }
    return vf_total(VF_ADD(bad0, bad1)) == 0 ? vf_largest(VF_MAX(m0, m1)) : NAN;
}

static void quantise_by(int8_t *q, const float *x, int64_t n, float factor)
{
    vf f = VF_SET(factor), most = VF_SET(127.0f), least = VF_SET(-127.0f);
    OVER(n, i, part)
    {
        vf v = VF_MAX(least, VF_MIN(most, VF_MUL(GET(x + i, part), f)));
        vi_put_byte((uint8_t *)q + i, VI_FROM_FLOATS(v), part);
    }
}

static float quantise(int8_t *q, const float *x, int64_t n)
{
    float largest = magnitude(x, n);
    if (largest > SMALLEST_MAGNITUDE)
        quantise_by(q, x, n, 127.0f / largest);
    else
        memset(q, 0, (size_t)n);
    return largest / 127.0f;
}

/* max(x, 0) and -min(x, 0); false if one is not finite */
ALWAYS bool range(const float *x, int64_t n, float *above, float *below)
{
    vf a0 = VF_ZERO(), a1 = VF_ZERO(), b0 = VF_ZERO(), b1 = VF_ZERO(), bad0 = VF_ZERO(), bad1 = VF_ZERO();
    int64_t start = 0;
    for (; start + 2 * LANES <= n; start += 2 * LANES) {
        vf v0 = VF_LOAD(x + start), v1 = VF_LOAD(x + start + LANES);
        a0 = VF_MAX(v0, a0), b0 = VF_MIN(v0, b0);
        a1 = VF_MAX(v1, a1), b1 = VF_MIN(v1, b1);
        bad0 = VF_FMA(v0, VF_ZERO(), bad0);
        bad1 = VF_FMA(v1, VF_ZERO(), bad1);
    }
    OVER(n - start, i, part)
    {
        vf v = GET(x + start + i, part);
        a0 = VF_MAX(v, a0), b0 = VF_MIN(v, b0);
        bad0 = VF_FMA(v, VF_ZERO(), bad0);
    }
    *above = vf_largest(VF_MAX(a0, a1));
    *below = vf_largest(VF_SUB(VF_ZERO(), VF_MIN(b0, b1)));
    return vf_total(VF_ADD(bad0, bad1)) == 0;
}

static float quantise_unsigned(uint8_t *q, const float *x, int64_t n, int32_t *zero)
{
    float above, below;
    bool finite = range(x, n, &above, &below);
    float scale = above / 255.0f + below / 255.0f; /* the sum alone may be infinite */
    *zero = 0;
    if (!finite || !(above + below > SMALLEST_MAGNITUDE)) {
        memset(q, 0, (size_t)n);
        return finite ? scale : NAN;
    }
    float factor = 1.0f / scale;
    *zero = (int32_t)rintf(below * factor);
    vf f = VF_SET(factor), most = VF_SET(255.0f - (float)*zero), least = VF_SET(-(float)*zero);
    vi z = VI_SET(*zero);
    int64_t start = 0;
    for (; start + 4 * LANES <= n; start += 4 * LANES) { /* the bounds come of themselves here */
        vi v[4];
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++)
            v[j] = VI_ADD(VI_FROM_FLOATS(VF_MUL(VF_LOAD(x + start + j * LANES), f)), z);
        vi_put_bytes(q + start, v);
    }
    OVER(n - start, i, part)
    {
        vf v = VF_MAX(least, VF_MIN(most, VF_MUL(GET(x + start + i, part), f)));
        vi_put_byte(q + start + i, VI_ADD(VI_FROM_FLOATS(v), z), part);
    }
    return scale;
}

static void pair_bf16(uint16_t *out, const float *first, const float *second, int64_t n)
{
    OVER(n, i, part)
    {
        vi pair = VI_OR(bf16_bits(GET(first + i, part)), VI_SHIFT_LEFT(bf16_bits(GET(second + i, part)), 16));
        PUT((float *)(void *)(out + 2 * i), VF_FROM_BITS(pair), part);
    }
}

ALWAYS void dequantise_all(float *y, const int32_t *sums, const int32_t *column_sum, int32_t zero, float row_scale,
    const float *column_scale, const float *bias, int64_t n, const activation a)
{
    vf f = VF_SET(row_scale);
    vi z = VI_SET(zero);
    OVER(n, i, part)
    {
        vi column = VI_FROM_BITS(GET((const float *)(const void *)(column_sum + i), part));
        vi q = VI_SUB(VI_FROM_BITS(GET((const float *)(const void *)(sums + i), part)), VI_MUL(z, column));
        vf s = VF_MUL(f, GET(column_scale + i, part));
        vf v = VF_MUL(FLOATS_FROM_VI(q), s);
        if (bias)
            v = VF_ADD(v, GET(bias + i, part));
        PUT(y + i, activate_vector(v, a), part);
    }
}

static void dequantise(float *y, const int32_t *sums, const int32_t *column_sum, int32_t zero, float row_scale,
    const float *column_scale, const float *bias, int64_t n, activation a)
{
    switch (a) {
#define CASE(name)                                                                         \
    case name:                                                                             \
        dequantise_all(y, sums, column_sum, zero, row_scale, column_scale, bias, n, name); \
        break;
        EACH_ACTIVATION(CASE)
#undef CASE
    }
}

static void adamw(float *p, float *m, float *v, const float *g, int64_t n, const adamw_step *step)
{
    vf keep = VF_SET(1.0f - step->rate * step->weight_decay),
       rate = VF_SET((float)(step->rate / step->first_correction));
    vf root = VF_SET((float)(1 / sqrt(step->second_correction))), epsilon = VF_SET(step->epsilon);
    vf beta1 = VF_SET(step->beta1), rest1 = VF_SET(1.0f - step->beta1);
    vf beta2 = VF_SET(step->beta2), rest2 = VF_SET(1.0f - step->beta2), factor = VF_SET(step->gradient_scale);
    OVER(n, i, part)
    {
        vf d = VF_MUL(GET(g + i, part), factor);
        vf first = VF_FMA(beta1, GET(m + i, part), VF_MUL(rest1, d));
        vf second = VF_FMA(beta2, GET(v + i, part), VF_MUL(VF_MUL(rest2, d), d));
        PUT(m + i, first, part);
        PUT(v + i, second, part);
        vf move = VF_DIV(VF_MUL(rate, first), VF_FMA(VF_SQRT(second), root, epsilon));
        PUT(p + i, VF_SUB(VF_MUL(keep, GET(p + i, part)), move), part);
    }
}

static void logarithm(float *y, const float *x, int64_t n)
{
    kernels_plain.logarithm(y, x, n);
}

#include "compute/kernels_vision.h"

const struct kernels KERNELS = {.activate = activate,
    .activate_backward = activate_backward,
    .exponential = exponential,
    .logarithm = logarithm,
    .add = add,
    .subtract = subtract,
    .multiply = multiply,
    .multiply_add = multiply_add,
    .axpy = axpy,
    .scale = scale,
    .dropout = DROPOUT,
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
    .side = LANES,
    .transpose = transpose,
    .pair_bf16 = pair_bf16,
    .quantise_unsigned = quantise_unsigned,
    .magnitude = magnitude,
    .quantise_by = quantise_by,
    .dequantise = dequantise,
    .rectify = rectify,
    .rectify_backward = rectify_backward,
    .depthwise = depthwise,
    .depthwise_weights = depthwise_weights,
    .adamw = adamw};
