/* Fused attention against sums in double, with everything that can be asked of it; the same bits for any threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "compute/attention.h"
#include "compute/kernels.h"
#include "compute/parallel.h"
#include "compute/backends.h"

static float *numbers(int64_t n, uint64_t stream)
{
    float *x = malloc((size_t)(n ? n : 1) * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = random_normal_at(7, stream, (uint64_t)i);
    return x;
}

/* one query of one head into out(value_width); false when it sees no key */
static bool reference(const attention_problem *p, int64_t b, int64_t h, int64_t i, int64_t q_row, int64_t k_row,
    int64_t v_row, double *out)
{
    int64_t kv = h / (p->heads / p->kv_heads);
    const float *q = p->q + (b * p->queries + i) * q_row + h * p->width;
    double scale = p->scale != 0 ? p->scale : 1 / sqrt((double)p->width), total = 0, largest = -INFINITY;
    double *score = malloc((size_t)(p->keys + 1) * sizeof *score);
    for (int64_t j = 0; j < p->keys; j++) {
        double s = 0;
        for (int64_t c = 0; c < p->width; c++)
            s += (double)q[c] * p->k[(b * p->keys + j) * k_row + kv * p->width + c];
        s *= scale;
        if (p->bias)
            s += p->bias[(((p->bias_per_batch ? b * p->heads : 0) + h) * p->queries + i) * p->keys + j];
        if ((p->key_mask && !p->key_mask[b * p->keys + j]) || (p->causal && j > i + p->keys - p->queries))
            s = -INFINITY;
        score[j] = s;
        largest = s > largest ? s : largest;
    }
    for (int64_t c = 0; c < p->value_width; c++)
        out[c] = 0;
    for (int64_t j = 0; j < p->keys && largest > -INFINITY; j++)
        total += exp(score[j] - largest);
    for (int64_t j = 0; j < p->keys && largest > -INFINITY; j++)
        for (int64_t c = 0; c < p->value_width; c++)
            out[c] += exp(score[j] - largest) / total * p->v[(b * p->keys + j) * v_row + kv * p->value_width + c];
    free(score);
    return largest > -INFINITY;
}

typedef struct form {
    int64_t batch, queries, keys, heads, kv_heads, width, value_width;
    bool mask, bias, per_batch, causal, strided;
} form;

static const form forms[] = {
    {1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0},
    {2, 5, 7, 4, 4, 8, 8, 1, 0, 0, 0, 0},
    {2, 17, 17, 4, 2, 16, 16, 1, 1, 0, 0, 0},
    {1, 257, 257, 2, 2, 80, 80, 0, 0, 0, 0, 1},
    {3, 13, 40, 6, 1, 33, 20, 1, 1, 1, 0, 0},
    {2, 31, 31, 3, 3, 7, 65, 0, 1, 1, 1, 1},
    {1, 9, 3, 2, 2, 4, 4, 0, 0, 0, 1, 0},
    {1, 300, 129, 1, 1, 64, 64, 1, 0, 0, 1, 0},
    {2, 4, 0, 2, 2, 8, 8, 0, 0, 0, 0, 0},
};

static void against_reference(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        form m = forms[f];
        int64_t q_row = m.heads * m.width + (m.strided ? 11 : 0), k_row = m.kv_heads * m.width + (m.strided ? 5 : 0);
        int64_t v_row = m.kv_heads * m.value_width + (m.strided ? 3 : 0), out_row = m.heads * m.value_width;
        float *q = numbers(m.batch * m.queries * q_row, 1), *k = numbers(m.batch * m.keys * k_row, 2);
        float *v = numbers(m.batch * m.keys * v_row, 3);
        float *bias = numbers(m.batch * m.heads * m.queries * m.keys, 4);
        size_t bytes = (size_t)(m.batch * m.queries * out_row) * 4;
        float *out = malloc(bytes), *first = malloc(bytes);
        uint8_t *mask = malloc((size_t)(m.batch * m.keys + 1));
        for (int64_t i = 0; i < m.batch * m.keys; i++) /* the last clip has no key at all where there are several */
            mask[i] = (m.batch == 1 || i < (m.batch - 1) * m.keys) && random_u32_at(3, 3, (uint64_t)i) % 4 != 0;
        attention_problem p = {.batch = m.batch,
            .queries = m.queries,
            .keys = m.keys,
            .heads = m.heads,
            .kv_heads = m.kv_heads,
            .width = m.width,
            .value_width = m.value_width,
            .q = q,
            .k = k,
            .v = v,
            .out = out,
            .q_row = m.strided ? q_row : 0,
            .k_row = m.strided ? k_row : 0,
            .v_row = m.strided ? v_row : 0,
            .key_mask = m.mask ? mask : 0,
            .bias = m.bias ? bias : 0,
            .bias_per_batch = m.per_batch,
            .causal = m.causal};
        for (precision how = PRECISION_F32; how <= PRECISION_BF16; how++) {
            for (int threads = 1; threads <= 3; threads++) {
                parallel_set_threads(threads);
                memset(out, 0xff, bytes);
                assert_int_equal(attention_fused(how, &p, 0), SMAC_OK);
                if (threads == 1)
                    memcpy(first, out, bytes);
                assert_memory_equal(out, first, bytes);
            }
            parallel_set_threads(0);
            double want[128], tolerance = how == PRECISION_F32 ? 3e-6 : 3e-2;
            for (int64_t b = 0; b < m.batch; b++)
                for (int64_t i = 0; i < m.queries; i++)
                    for (int64_t h = 0; h < m.heads; h++) {
                        bool any = reference(&p, b, h, i, q_row, k_row, v_row, want);
                        for (int64_t c = 0; c < m.value_width; c++) {
                            float got = out[(b * m.queries + i) * out_row + h * m.value_width + c];
                            if (!any)
                                assert_true(got == 0);
                            else if (!(fabs(got - want[c]) <= tolerance * (1 + fabs(want[c]))))
                                fail_msg("form %d, precision %d: (%d, %d, %d, %d) is %.9g, expected %.9g", (int)f, how,
                                    (int)b, (int)i, (int)h, (int)c, got, want[c]);
                        }
                    }
        }
        free(q), free(k), free(v), free(bias), free(out), free(first), free(mask);
    }
}

static void wrong_heads(void **state)
{
    (void)state;
    float x[64] = {0};
    smac_error error;
    attention_problem p = {.batch = 1,
        .queries = 1,
        .keys = 1,
        .heads = 3,
        .kv_heads = 2,
        .width = 2,
        .value_width = 2,
        .q = x,
        .k = x,
        .v = x,
        .out = x + 32};
    assert_int_equal(attention_fused(PRECISION_F32, &p, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "3 heads over 2"));
}

int main(int argc, char **argv)
{
    (void)argc;
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_reference), cmocka_unit_test(wrong_heads)};
    return cmocka_run_group_tests(tests, 0, 0) + run_other_backends(argv);
}
