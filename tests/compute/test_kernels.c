/* Every kernel of every backend that the machine can run, against the plain one (and plain against double where it counts). */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "compute/backend.h"
#include "compute/parallel.h"

enum { LONGEST = 300 };
static const int lengths[] = {0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 257, LONGEST};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

static void fill(float *x, int n, float spread, uint64_t stream)
{
    for (int i = 0; i < n; i++)
        x[i] = spread * random_normal_at(1, stream, (uint64_t)i);
}

/* |a - b| <= absolute + relative |b|, NaN equal to NaN, infinities equal */
static void check_near(const char *what, const float *a, const float *b, int n, float absolute, float relative)
{
    for (int i = 0; i < n; i++) {
        if (isnan(a[i]) && isnan(b[i]))
            continue;
        if (a[i] == b[i])
            continue;
        if (!(fabsf(a[i] - b[i]) <= absolute + relative * fabsf(b[i])))
            fail_msg("%s: element %d of %d is %.9g, the reference has %.9g", what, i, n, a[i], b[i]);
    }
}

#define FOR_BACKENDS(k)                          \
    for (int i_ = 0; i_ < backend_count(); i_++) \
        for (const kernels *k = backend_kernels_at(i_), *once_ = k; once_; once_ = NULL)

static double exact_activation(double x, activation a)
{
    switch (a) {
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_GELU:
        return 0.5 * x * erfc(-x / sqrt(2));
    case ACTIVATION_GELU_TANH:
        return x / (1 + exp(-2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case ACTIVATION_TANH:
        return tanh(x);
    case ACTIVATION_SIGMOID:
        return 1 / (1 + exp(-x));
    case ACTIVATION_SILU:
        return x / (1 + exp(-x));
    case ACTIVATION_QUICK_GELU:
        return x / (1 + exp(-1.702 * x));
    default:
        return x;
    }
}

static void activations(void **state)
{
    (void)state;
    enum { N = 4001 };
    float *x = calloc(N, 4), *y = calloc(N, 4), *want = calloc(N, 4), *dy = calloc(N, 4), *dx = calloc(N, 4);
    for (int i = 0; i < N; i++) {
        x[i] = (float)(i - N / 2) * 0.01f;
        dy[i] = random_normal_at(2, 3, (uint64_t)i);
    }
    FOR_BACKENDS(k) for (activation a = ACTIVATION_NONE; a <= ACTIVATION_QUICK_GELU; a++)
    {
        k->activate(y, x, N, a);
        for (int i = 0; i < N; i++)
            want[i] = (float)exact_activation(x[i], a);
        check_near("activation", y, want, N, 2e-7f, 1e-6f);
        for (int i = 0; i < N; i++) { /* central difference in double */
            double h = 1e-5;
            want[i] = 0.5f + dy[i] * (float)((exact_activation(x[i] + h, a) - exact_activation(x[i] - h, a)) / (2 * h));
            if (a == ACTIVATION_RELU && i == N / 2)
                want[i] = 0.5f;
            dx[i] = 0.5f;
        }
        k->activate_backward(dx, dy, x, N, a);
        check_near("slope", dx, want, N, 2e-6f, 2e-6f);
    }
    /* relative accuracy near 0 and far out on the negative side; what is not finite */
    float special[] = {1e-20f, -1e-20f, 1e-6f, -3e-5f, INFINITY, -INFINITY, NAN, 0, 300, -300, FLT_MAX, -FLT_MAX};
    int n = sizeof special / sizeof special[0];
    FOR_BACKENDS(k) for (activation a = ACTIVATION_NONE; a <= ACTIVATION_QUICK_GELU; a++)
    {
        k->activate(y, special, n, a);
        backend_kernels_at(0)->activate(want, special, n, a);
        check_near("special activation", y, want, n, 1e-30f, 1e-6f);
    }
    free(x), free(y), free(want), free(dy), free(dx);
}

static void exponentials(void **state)
{
    (void)state;
    enum { N = 20001 };
    float *x = calloc(N, 4), *y = calloc(N, 4), *want = calloc(N, 4);
    for (int i = 0; i < N; i++)
        x[i] = (float)(i - N / 2) * 0.0087f;
    for (int i = 0; i < N; i++)
        want[i] = (float)exp(x[i]);
    FOR_BACKENDS(k)
    {
        k->exponential(y, x, N);
        check_near("exp", y, want, N, FLT_MIN, 2.5e-7f);
        float special[] = {INFINITY, -INFINITY, NAN, 0, 89, -88, -103, -110, 1e30f, -1e30f}, out[10], right[10];
        for (int i = 0; i < 10; i++)
            right[i] = expf(special[i]);
        k->exponential(out, special, 10);
        check_near("special exp", out, right, 10, 2e-45f, 3e-7f);
        assert_true(out[3] == 1.0f);
        for (int i = 0; i < N; i++)
            y[i] = 0.001f * (float)(i + 1);
        k->logarithm(y, y, N);
        assert_true(fabsf(y[999]) < 1e-6f);
    }
    free(x), free(y), free(want);
}

/* All that is elementwise or by row, for every length and for addresses that are not aligned. */
static void rows(void **state)
{
    (void)state;
    const kernels *plain = backend_kernels_at(0);
    float a[LONGEST + 1], b[LONGEST + 1], w[LONGEST + 1], y[LONGEST + 1], want[LONGEST + 1], t[LONGEST + 1],
        u[LONGEST + 1];
    uint8_t mask[LONGEST + 1];
    fill(a, LONGEST + 1, 3, 10);
    fill(b, LONGEST + 1, 2, 11);
    fill(w, LONGEST + 1, 1, 12);
    for (int i = 0; i <= LONGEST; i++)
        mask[i] = random_u32_at(5, 5, (uint64_t)i) % 3 != 0;
    FOR_BACKENDS(k) for (int l = 0; l < LENGTHS; l++) for (int shift = 0; shift < 2; shift++)
    {
        int n = lengths[l] - shift < 0 ? 0 : lengths[l] - shift;
        const float *x = a + shift, *z = b + shift;
        float *o = y + shift, *r = want + shift;
#define BOTH(call_k, call_plain, name, tolerance)                     \
    do {                                                              \
        memcpy(y, w, sizeof y);                                       \
        memcpy(want, w, sizeof want);                                 \
        call_k;                                                       \
        call_plain;                                                   \
        check_near(name, y, want, LONGEST + 1, tolerance, tolerance); \
    } while (0)
        BOTH(k->add(o, x, z, n), plain->add(r, x, z, n), "add", 0);
        BOTH(k->subtract(o, x, z, n), plain->subtract(r, x, z, n), "subtract", 0);
        BOTH(k->multiply(o, x, z, n), plain->multiply(r, x, z, n), "multiply", 0);
        BOTH(k->multiply_add(o, x, z, n), plain->multiply_add(r, x, z, n), "multiply_add", 1e-6f);
        BOTH(k->axpy(o, x, 0.3f, n), plain->axpy(r, x, 0.3f, n), "axpy", 1e-6f);
        BOTH(k->scale(o, x, -1.7f, n), plain->scale(r, x, -1.7f, n), "scale", 0);
        BOTH(k->softmax(o, x, n, 0.7f, 0, 0), plain->softmax(r, x, n, 0.7f, 0, 0), "softmax", 1e-6f);
        BOTH(k->softmax(o, x, n, 0.7f, z, 0), plain->softmax(r, x, n, 0.7f, z, 0), "softmax bias", 1e-6f);
        BOTH(k->softmax(o, x, n, 0.7f, z, mask), plain->softmax(r, x, n, 0.7f, z, mask), "softmax mask", 1e-6f);
        plain->softmax(t, x, n, 1, 0, 0);
        BOTH(k->softmax_backward(o, z, t, n, 0.5f), plain->softmax_backward(r, z, t, n, 0.5f), "softmax'", 1e-6f);
        BOTH(k->log_softmax(o, x, n), plain->log_softmax(r, x, n), "log_softmax", 1e-6f);
        plain->log_softmax(t, x, n);
        BOTH(k->log_softmax_backward(o, z, t, n), plain->log_softmax_backward(r, z, t, n), "log_softmax'", 2e-6f);
        float mean[2], inverse[2];
        for (int form = 0; form < 4; form++) {
            const float *weight = form & 1 ? w : 0, *bias = form & 2 ? b : 0;
            BOTH(k->layer_norm(o, x, weight, bias, n, 1e-5f, &mean[0], &inverse[0]),
                plain->layer_norm(r, x, weight, bias, n, 1e-5f, &mean[1], &inverse[1]), "layer_norm", 3e-6f);
            check_near("mean", &mean[0], &mean[1], 1, 1e-6f, 1e-6f);
            check_near("inverse", &inverse[0], &inverse[1], 1, 0, 2e-6f);
            memcpy(t, b, sizeof t);
            memcpy(u, b, sizeof u);
            float db[LONGEST + 1], db_want[LONGEST + 1];
            memcpy(db, a, sizeof db);
            memcpy(db_want, a, sizeof db);
            BOTH(k->layer_norm_backward(o, t, form & 2 ? db : 0, z, x, weight, n, mean[1], inverse[1]),
                plain->layer_norm_backward(r, u, form & 2 ? db_want : 0, z, x, weight, n, mean[1], inverse[1]),
                "layer_norm'", 1e-5f);
            check_near("dw", t, u, LONGEST + 1, 1e-5f, 1e-5f);
            check_near("db", db, db_want, LONGEST + 1, 1e-6f, 1e-6f);
            BOTH(k->rms_norm(o, x, weight, n, 1e-6f, &inverse[0]), plain->rms_norm(r, x, weight, n, 1e-6f, &inverse[1]),
                "rms_norm", 3e-6f);
            check_near("inverse", &inverse[0], &inverse[1], 1, 0, 2e-6f);
            BOTH(k->rms_norm_backward(o, form & 2 ? t : 0, z, x, weight, n, inverse[1]),
                plain->rms_norm_backward(r, form & 2 ? u : 0, z, x, weight, n, inverse[1]), "rms_norm'", 1e-5f);
            check_near("dw", t, u, LONGEST + 1, 2e-5f, 2e-5f);
        }
        double sums[] = {k->sum(x, n), plain->sum(x, n), k->sum_squares(x, n), plain->sum_squares(x, n)};
        assert_true(fabs(sums[0] - sums[1]) < 1e-9 && fabs(sums[2] - sums[3]) < 1e-9);
        float d[] = {k->dot(x, z, n), plain->dot(x, z, n), k->maximum(x, n), plain->maximum(x, n)};
        assert_true(fabsf(d[0] - d[1]) < 1e-4f && d[2] == d[3]);
        assert_true(k->finite(x, n));
        for (int i = 0; i < n; i += 5) {
            memcpy(t, a, sizeof t);
            t[shift + i] = i % 2 ? NAN : -INFINITY;
            assert_false(k->finite(t + shift, n));
        }
        adamw_step step = {1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f, 1 - pow(0.9, 3), 1 - pow(0.999, 3), 0.5f};
        float m1[LONGEST + 1], m2[LONGEST + 1], v1[LONGEST + 1], v2[LONGEST + 1];
        for (int i = 0; i <= LONGEST; i++)
            m1[i] = m2[i] = b[i], v1[i] = v2[i] = a[i] * a[i];
        BOTH(k->adamw(o, m1, v1, x, n, &step), plain->adamw(r, m2, v2, x, n, &step), "adamw", 1e-6f);
        check_near("m", m1, m2, LONGEST + 1, 1e-6f, 1e-6f);
        check_near("v", v1, v2, LONGEST + 1, 1e-6f, 1e-6f);
    }
}

static void softmax_edges(void **state)
{
    (void)state;
    float x[40], bias[40], y[40];
    uint8_t mask[40] = {0};
    fill(x, 40, 1, 1);
    FOR_BACKENDS(k)
    {
        k->softmax(y, x, 40, 1, 0, mask); /* nobody counts */
        for (int i = 0; i < 40; i++)
            assert_true(y[i] == 0);
        for (int i = 0; i < 40; i++)
            bias[i] = -INFINITY;
        k->softmax(y, x, 40, 1, bias, 0);
        for (int i = 0; i < 40; i++)
            assert_true(y[i] == 0);
        mask[17] = 1; /* the only one; what is masked may be NaN */
        float save = x[3];
        x[3] = NAN;
        k->softmax(y, x, 40, 1, 0, mask);
        for (int i = 0; i < 40; i++)
            assert_true(y[i] == (i == 17));
        mask[3] = 1;
        k->softmax(y, x, 40, 1, 0, mask); /* a NaN that counts shows, and masked ones stay 0 */
        assert_true(isnan(y[17]) && isnan(y[3]) && y[0] == 0);
        mask[17] = mask[3] = 0;
        x[3] = save;
        float large[3] = {10000, 9999, -10000};
        k->softmax(y, large, 3, 1, 0, 0);
        assert_true(fabsf(y[0] - 0.7310586f) < 1e-6f && y[2] == 0);
    }
}

/* All bfloat16 and binary16 numbers there and back; rounding of many float32 bit patterns, the same in every backend. */
static void formats(void **state)
{
    (void)state;
    enum { N = 65536 };
    uint16_t *h = calloc(N, 2), *back = calloc(N, 2), *want = calloc(N, 2);
    float *x = calloc(N, 4), *y = calloc(N, 4);
    const kernels *plain = backend_kernels_at(0);
    for (int i = 0; i < N; i++)
        h[i] = (uint16_t)i;
    FOR_BACKENDS(k)
    {
        k->from_bf16(x, h, N);
        for (int i = 0; i < N; i++) {
            uint32_t u;
            memcpy(&u, &x[i], 4);
            assert_int_equal(u, (uint32_t)i << 16);
        }
        k->to_bf16(back, x, N);
        for (int i = 0; i < N; i++)
            assert_int_equal(back[i], isnan(x[i]) ? i | 0x40 : i);
        k->from_f16(x, h, N);
        plain->from_f16(y, h, N);
        assert_memory_equal(x, y, N * 4);
        assert_true(x[0x3c00] == 1 && x[1] == 0x1p-24f && x[0x7bff] == 65504 && isinf(x[0x7c00]) && isnan(x[0x7c01]));
        k->to_f16(back, x, N);
        for (int i = 0; i < N; i++)
            assert_int_equal(back[i], isnan(x[i]) ? i | 0x200 : i);
        for (uint32_t round = 0; round < 20; round++) {
            for (uint32_t i = 0; i < N; i++) {
                uint32_t u = random_u32_at(9, round, i);
                if (round % 4 == 1) /* near ties and near the limits of binary16 */
                    u = (u & 0x80000000u) | (0x32000000u + (u & 0x1fffffffu) % 0x16000000u);
                if (round % 4 == 2)
                    u = (u & 0xfffff000u) | 0x1000u;
                if (round % 4 == 3)
                    u = (u & 0xffff0000u) | 0x8000u;
                memcpy(&x[i], &u, 4);
            }
            k->to_bf16(back, x, N);
            plain->to_bf16(want, x, N);
            assert_memory_equal(back, want, N * 2);
            k->to_f16(back, x, N);
            plain->to_f16(want, x, N);
            assert_memory_equal(back, want, N * 2);
        }
        float ties[] = {1.00390625f, 1.01171875f, 1.00390637f}; /* 1 + 2^-8, 1 + 3 2^-8, just above the first */
        uint16_t right[] = {0x3f80, 0x3f82, 0x3f81};
        k->to_bf16(back, ties, 3);
        assert_memory_equal(back, right, 6);
        float halves[] = {65519.996f, 65520, 0x1p-25f, 0x1.000002p-25f, 1.00048828125f};
        uint16_t half_bits[] = {0x7bff, 0x7c00, 0, 1, 0x3c00};
        k->to_f16(back, halves, 5);
        assert_memory_equal(back, half_bits, 10);
        for (int n = 0; n < 40; n++) { /* nothing after the end is written */
            memset(back, 0xab, 200);
            k->to_bf16(back, x, n);
            assert_int_equal(back[n], 0xabab);
            memset(back, 0xab, 200);
            k->to_f16(back, x, n);
            assert_int_equal(back[n], 0xabab);
        }
    }
    free(h), free(back), free(want), free(x), free(y);
}

static void quantising(void **state)
{
    (void)state;
    const kernels *plain = backend_kernels_at(0);
    float x[LONGEST], y[LONGEST], want[LONGEST], column[LONGEST], bias[LONGEST];
    int8_t q[LONGEST + 1], q_want[LONGEST + 1];
    uint8_t u[LONGEST + 1], u_want[LONGEST + 1];
    int32_t sums[LONGEST], column_sum[LONGEST], zero, zero_want;
    fill(x, LONGEST, 2, 20);
    fill(column, LONGEST, 0.01f, 21);
    fill(bias, LONGEST, 1, 22);
    for (int i = 0; i < LONGEST; i++) {
        sums[i] = (int32_t)random_u32_at(3, 3, (uint64_t)i) / 4096;
        column_sum[i] = (int32_t)random_u32_at(3, 4, (uint64_t)i) / 1048576;
    }
    FOR_BACKENDS(k) for (int l = 0; l < LENGTHS; l++)
    {
        int n = lengths[l];
        q[n] = q_want[n] = 99;
        float s = k->quantise(q, x, n), s_want = plain->quantise(q_want, x, n);
        assert_true(s == s_want && q[n] == 99);
        assert_memory_equal(q, q_want, (size_t)n);
        for (int i = 0; i < n; i++)
            assert_true(fabsf((float)q[i] * s - x[i]) <= 0.51f * s);
        for (int shift = -1; shift <= 1; shift++) { /* all below 0, both, all above */
            for (int i = 0; i < n; i++)
                y[i] = x[i] + (float)shift * 20;
            u[n] = 99;
            s = k->quantise_unsigned(u, y, n, &zero), s_want = plain->quantise_unsigned(u_want, y, n, &zero_want);
            assert_true(s == s_want && zero == zero_want && u[n] == 99 && zero >= 0 && zero <= 255);
            assert_memory_equal(u, u_want, (size_t)n);
            for (int i = 0; i < n; i++)
                assert_true(fabsf((float)(u[i] - zero) * s - y[i]) <= 0.51f * s);
        }
        for (activation a = ACTIVATION_NONE; a <= ACTIVATION_QUICK_GELU; a++) {
            k->dequantise(y, sums, column_sum, 97, 0.02f, column, bias, n, a);
            plain->dequantise(want, sums, column_sum, 97, 0.02f, column, bias, n, a);
            check_near("dequantise", y, want, n, 1e-6f, 1e-6f);
            k->dequantise(y, sums, column_sum, 97, 0.02f, column, 0, n, a);
            plain->dequantise(want, sums, column_sum, 97, 0.02f, column, 0, n, a);
            check_near("dequantise", y, want, n, 1e-6f, 1e-6f);
        }
        if (n > 2) {
            float save = x[n - 1], first = x[0];
            x[n - 1] = n % 2 ? NAN : INFINITY;
            assert_true(isnan(k->quantise(q, x, n)) && isnan(k->quantise_unsigned(u, x, n, &zero)));
            x[n - 1] = FLT_MAX, x[0] = -FLT_MAX; /* their distance is not finite, the step is */
            s = k->quantise_unsigned(u, x, n, &zero);
            assert_true(isfinite(s) && u[0] == 0 && u[n - 1] == 255);
            x[0] = first;
            x[n - 1] = save;
        }
        float zeros[LONGEST] = {0};
        assert_true(k->quantise(q, zeros, n) == 0 && k->quantise_unsigned(u, zeros, n, &zero) == 0);
        for (int i = 0; i < n; i++)
            assert_int_equal(q[i], 0);
    }
}

/* The long loops give the same bits for every number of threads, and agree with the short ones. */
static void long_arrays(void **state)
{
    (void)state;
    enum { N = 300000 };
    float *x = calloc(N, 4), *p = calloc(N, 4), *m = calloc(N, 4), *v = calloc(N, 4), *first = calloc(N, 4);
    for (int i = 0; i < N; i++)
        x[i] = random_normal_at(1, 1, (uint64_t)i);
    adamw_step step = {1e-3f, 0.9f, 0.98f, 1e-8f, 0.01f, 0.1, 0.02, 1};
    double squares = 0, exact = 0;
    for (int i = 0; i < N; i++)
        exact += (double)x[i] * x[i];
    for (int threads = 1; threads <= 3; threads++) {
        parallel_set_threads(threads);
        double s = parallel_sum_squares(x, N);
        assert_true(fabs(s / exact - 1) < 1e-12);
        assert_true(threads == 1 || s == squares);
        squares = s;
        assert_true(parallel_finite(x, N));
        x[N - 3] = INFINITY;
        assert_false(parallel_finite(x, N));
        x[N - 3] = 1;
        memset(m, 0, N * 4), memset(v, 0, N * 4), memset(p, 0, N * 4);
        parallel_adamw(p, m, v, x, N, &step);
        if (threads == 1)
            memcpy(first, p, N * 4);
        assert_memory_equal(first, p, N * 4);
        x[N - 3] = random_normal_at(1, 1, N - 3);
    }
    parallel_set_threads(0);
    free(x), free(p), free(m), free(v), free(first);
}

static void description(void **state)
{
    (void)state;
    char line[300], cut[8];
    cpu_describe(line, sizeof line);
    assert_non_null(strstr(line, backend_get()->name));
    cpu_describe(cut, sizeof cut);
    assert_true(strlen(cut) < sizeof cut);
}

/* Rectifiers, on both sides of 0 and of the ceiling, and their derivative from the result. */
static void rectifiers(void **state)
{
    (void)state;
    const rectifier kinds[] = {rectifier_of(RECTIFIER_NONE, 0), rectifier_of(RECTIFIER_RELU, 0),
        rectifier_of(RECTIFIER_RELU6, 0), rectifier_of(RECTIFIER_LEAKY, 0.1f)};
    float x[LONGEST], b[LONGEST], y[LONGEST], want[LONGEST], dy[LONGEST], d[LONGEST];
    fill(x, LONGEST, 5, 1);
    fill(b, LONGEST, 1, 2);
    fill(dy, LONGEST, 1, 3);
    x[3] = INFINITY, x[4] = -INFINITY, x[5] = NAN;
    FOR_BACKENDS(k) for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) for (int l = 0; l < LENGTHS; l++)
    {
        int n = lengths[l];
        for (int with = 0; with < 2; with++) {
            k->rectify(y, x, with ? b : NULL, n, kinds[i]);
            for (int j = 0; j < n; j++) {
                float v = with ? x[j] + b[j] : x[j],
                      low = v > 0 || isnan(v) ? v
                    : kinds[i].slope          ? kinds[i].slope * v
                                              : 0;
                want[j] = low > kinds[i].ceiling ? kinds[i].ceiling : low;
            }
            check_near("rectify", y, want, n, 0, 0);
        }
        k->rectify_backward(d, dy, y, n, kinds[i]);
        for (int j = 0; j < n; j++)
            want[j] = !(y[j] > 0) ? kinds[i].slope * dy[j] : y[j] < kinds[i].ceiling ? dy[j] : 0;
        check_near("rectify_backward", d, want, n, 0, 0);
    }
}

/* Rows of a depthwise convolution: each number of taps, pixels and channels that has code of its own. */
static void depthwise_rows(void **state)
{
    (void)state;
    enum { CHANNELS = 37, PIXELS = 11, SIZE = CHANNELS * 3 * (PIXELS + DEPTHWISE_TAPS) };
    static float x[SIZE], w[CHANNELS * DEPTHWISE_TAPS], y[CHANNELS * PIXELS], want[CHANNELS * PIXELS];
    static float dw[CHANNELS * DEPTHWISE_TAPS], want_dw[CHANNELS * DEPTHWISE_TAPS];
    static const int taps[] = {1, 2, 4, 9, 12, DEPTHWISE_TAPS};
    fill(x, SIZE, 1, 4);
    fill(w, CHANNELS * DEPTHWISE_TAPS, 1, 5);
    FOR_BACKENDS(k) for (size_t i = 0; i < sizeof taps / sizeof *taps; i++) for (int form = 0; form < 12; form++)
    {
        depthwise_row r = {.pixels = form % 3 ? PIXELS : 3,
            .channels = form % 2 ? CHANNELS : 5,
            .x_step = 3 * CHANNELS,
            .y_step = CHANNELS,
            .taps = taps[i],
            .bias = form % 4 ? w : NULL,
            .end = rectifier_of(form % 4 == 1 ? RECTIFIER_RELU6
                    : form % 4 == 2           ? RECTIFIER_LEAKY
                                              : RECTIFIER_NONE,
                0.1f),
            .add = form % 4 == 3,
            .y = y,
            .dy = x};
        for (int t = 0; t < r.taps; t++) {
            r.x[t] = x + t * CHANNELS;
            r.w[t] = w + t * CHANNELS;
            r.dw[t] = dw + t * CHANNELS;
        }
        fill(y, CHANNELS * PIXELS, 1, 6);
        fill(dw, CHANNELS * DEPTHWISE_TAPS, 1, 7);
        memcpy(want, y, sizeof y);
        memcpy(want_dw, dw, sizeof dw);
        k->depthwise(&r);
        k->depthwise_weights(&r);
        for (int t = 0; t < r.taps; t++)
            r.dw[t] = want_dw + t * CHANNELS;
        r.y = want;
        backend_kernels_at(0)->depthwise(&r);
        backend_kernels_at(0)->depthwise_weights(&r);
        check_near("depthwise", y, want, CHANNELS * PIXELS, 1e-5f, 1e-5f);
        check_near("depthwise_weights", dw, want_dw, CHANNELS * DEPTHWISE_TAPS, 1e-5f, 1e-5f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rectifiers),
        cmocka_unit_test(depthwise_rows),
        cmocka_unit_test(activations),
        cmocka_unit_test(exponentials),
        cmocka_unit_test(rows),
        cmocka_unit_test(softmax_edges),
        cmocka_unit_test(formats),
        cmocka_unit_test(quantising),
        cmocka_unit_test(long_arrays),
        cmocka_unit_test(description),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
