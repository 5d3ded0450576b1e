/* Products at every precision and level against sums in double; the same bits for any number of threads and rows. */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

#include <cmocka.h>

#include "base/random.h"
#include "compute/backend.h"
#include "compute/parallel.h"
#include "compute/products.h"
#include "compute/backends.h"

static float *numbers(int64_t n, uint64_t stream)
{
    float *x = malloc((size_t)(n ? n : 1) * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = random_normal_at(7, stream, (uint64_t)i);
    return x;
}

/* the same, or a copy rounded to bfloat16; free it */
static float *as_read(precision how, const float *x, int64_t n)
{
    float *y = malloc((size_t)(n ? n : 1) * sizeof *y);
    uint16_t h;
    memcpy(y, x, (size_t)n * sizeof *y);
    for (int64_t i = 0; i < n && how == PRECISION_BF16; i++) {
        backend_kernels_at(0)->to_bf16(&h, &x[i], 1);
        backend_kernels_at(0)->from_bf16(&y[i], &h, 1);
    }
    return y;
}

/* one element of op(A) op(B) in double; *size gets the sum of the magnitudes */
static double element(const float *a, int64_t a_step, const float *b, int64_t b_step, int64_t k, double *size)
{
    double s = 0;
    *size = 0;
    for (int64_t i = 0; i < k; i++) {
        double term = (double)a[i * a_step] * b[i * b_step];
        s += term;
        *size += fabs(term);
    }
    return s;
}

static const int64_t shapes[][3] = {{1, 1, 1}, {1, 7, 3}, {7, 1, 5}, {3, 33, 17}, {14, 32, 64}, {15, 31, 2},
    {13, 97, 1}, {50, 129, 211}, {257, 101, 80}, {29, 257, 401}, {131, 67, 4}, {1, 300, 769}, {101, 512, 389},
    {2, 3, 0}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* int8 exactly: the integers of both sides by the plain kernel, their sum, what represents 0, both scales */
static void check_int8(
    const float *y, const float *x, const float *w, const float *bias, int64_t rows, int64_t n, int64_t k)
{
    uint8_t *qx = malloc((size_t)k + 1);
    int8_t *qw = malloc((size_t)(n * k + 1));
    int32_t zero;
    float *scale = malloc((size_t)n * 4);
    for (int64_t j = 0; j < n; j++)
        scale[j] = backend_kernels_at(0)->quantise(qw + j * k, w + j * k, k);
    for (int64_t i = 0; i < rows; i++) {
        float s = backend_kernels_at(0)->quantise_unsigned(qx, x + i * k, k, &zero);
        for (int64_t j = 0; j < n; j++) {
            int64_t sum = 0;
            for (int64_t c = 0; c < k; c++)
                sum += (qx[c] - zero) * qw[j * k + c];
            double want = (double)sum * s * scale[j] + bias[j];
            if (!(fabs(y[i * n + j] - want) <= 1e-6 * (fabs((double)sum * s * scale[j]) + fabs(bias[j]))))
                fail_msg("int8, %d x %d x %d: element (%d, %d) is %.9g, expected %.9g", (int)rows, (int)n, (int)k,
                    (int)i, (int)j, y[i * n + j], want);
        }
    }
    free(qx), free(qw), free(scale);
}

static void packed(void **state)
{
    (void)state;
    for (size_t s = 0; s < SHAPES; s++) {
        int64_t rows = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
        float *x = numbers(rows * k, 1), *w = numbers(n * k, 2), *bias = numbers(n, 3);
        float *y = calloc((size_t)(rows * n), 4), *first = calloc((size_t)(rows * n), 4);
        uint16_t *half = calloc((size_t)(n * k + 1), 2);
        kernels_get()->to_bf16(half, w, n * k);
        for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++) {
            packed_matrix *p = packed_matrix_new(w, n, k, how);
            float *xr = as_read(how, x, rows * k), *wr = as_read(how, w, n * k);
            assert_non_null(p);
            assert_true(packed_matrix_n(p) == n && packed_matrix_k(p) == k && packed_matrix_precision(p) == how);
            assert_int_equal(
                product_packed(&(packed_product){.y = y, .x = x, .rows = rows, .weight = p, .bias = bias}, NULL),
                SMAC_OK);
            for (int64_t i = 0; i < rows; i++) {
                float largest = 0, size_w = 0;
                for (int64_t j = 0; j < k; j++)
                    largest = fmaxf(largest, fabsf(x[i * k + j]));
                for (int64_t j = 0; j < n; j++) {
                    double size, want = element(xr + i * k, 1, wr + j * k, 1, k, &size) + bias[j];
                    double allowed = 1e-6 * (size + fabs(bias[j])) + 1e-7;
                    if (how == PRECISION_INT8) { /* half a step of each, times the other, added up at random */
                        size_w = 0;
                        for (int64_t c = 0; c < k; c++)
                            size_w = fmaxf(size_w, fabsf(w[j * k + c]));
                        allowed += (largest * 4 + size_w * 4) / 254 * sqrt((double)k) * 1.5 + 1e-5 * size;
                    }
                    if (!(fabs(y[i * n + j] - want) <= allowed))
                        fail_msg("precision %d, %d x %d x %d: element (%d, %d) is %.9g, expected %.9g +- %.3g", how,
                            (int)rows, (int)n, (int)k, (int)i, (int)j, y[i * n + j], want, allowed);
                }
            }
            if (how == PRECISION_INT8)
                check_int8(y, x, w, bias, rows, n, k);
            memcpy(first, y, (size_t)(rows * n) * 4);
            for (int threads = 1; threads <= 3; threads++) { /* the same bits */
                parallel_set_threads(threads);
                memset(y, 0xff, (size_t)(rows * n) * 4);
                product_packed(&(packed_product){.y = y, .x = x, .rows = rows, .weight = p, .bias = bias}, NULL);
                assert_memory_equal(y, first, (size_t)(rows * n) * 4);
            }
            parallel_set_threads(0);
            for (int64_t i = 0; i < rows; i += 1 + rows / 5) { /* a row alone gives what it gives among others */
                product_packed(&(packed_product){.y = y, .x = x + i * k, .rows = 1, .weight = p, .bias = bias}, NULL);
                assert_memory_equal(y, first + i * n, (size_t)n * 4);
            }
            for (int64_t count = 2; count + 1 < rows && count < 20;
                 count += 1 + count / 4) { /* and among fewer others */
                product_packed(&(packed_product){.y = y, .x = x + k, .rows = count, .weight = p, .bias = bias}, NULL);
                assert_memory_equal(y, first + n, (size_t)(count * n) * 4);
            }
            if (rows > 20) {
                product_packed(&(packed_product){.y = y, .x = x, .rows = 20, .weight = p, .bias = bias}, NULL);
                assert_memory_equal(y, first, (size_t)(20 * n) * 4);
            }
            for (activation a = ACTIVATION_NONE; a <= ACTIVATION_QUICK_GELU; a++) { /* the end of the product */
                product_packed(
                    &(packed_product){.y = y, .x = x, .rows = rows, .weight = p, .bias = bias, .activation = a}, NULL);
                float *want = malloc((size_t)(rows * n) * 4);
                backend_kernels_at(0)->activate(want, first, rows * n, a);
                for (int64_t i = 0; i < rows * n; i++)
                    assert_true(fabsf(y[i] - want[i]) <= 1e-6f + 1e-6f * fabsf(want[i]));
                free(want);
            }
            product_packed(&(packed_product){.y = y, .x = x, .rows = rows, .weight = p}, NULL); /* without bias */
            for (int64_t i = 0; i < rows * n; i++)
                assert_true(fabsf(y[i] + bias[i % n] - first[i]) <= 1e-5f * (1 + fabsf(y[i]) + fabsf(bias[i % n])));
            /* renewed from other weights it is what a new one would be; the bf16 source gives the same as its values */
            float *other = numbers(n * k, 4), *again = calloc((size_t)(rows * n), 4);
            packed_matrix *q = packed_matrix_new(other, n, k, how);
            packed_matrix_renew(p, other);
            product_packed(
                &(packed_product){
                    .y = y, .x = x, .rows = rows, .weight = p, .bias = bias, .activation = ACTIVATION_RELU},
                NULL);
            product_packed(
                &(packed_product){
                    .y = again, .x = x, .rows = rows, .weight = q, .bias = bias, .activation = ACTIVATION_RELU},
                NULL);
            assert_memory_equal(y, again, (size_t)(rows * n) * 4);
            packed_matrix_free(q);
            kernels_get()->from_bf16(other, half, n * k);
            packed_matrix_renew(p, other);
            q = packed_matrix_new_bf16(half, n, k, how);
            product_packed(&(packed_product){.y = y, .x = x, .rows = rows, .weight = p, .bias = bias}, NULL);
            product_packed(&(packed_product){.y = again, .x = x, .rows = rows, .weight = q, .bias = bias}, NULL);
            assert_memory_equal(y, again, (size_t)(rows * n) * 4);
            packed_matrix_free(q);
            packed_matrix_free(p);
            free(other), free(again), free(xr), free(wr);
        }
        free(x), free(w), free(bias), free(y), free(first), free(half);
    }
    packed_matrix_free(0);
}

static void general(void **state)
{
    (void)state;
    for (size_t s = 0; s < SHAPES; s++)
        for (int form = 0; form < 8; form++) {
            int64_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
            bool ta = form & 1, tb = form & 2;
            precision how = form & 4 ? PRECISION_BF16 : PRECISION_F32;
            int64_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 2, ldc = n + 5; /* rows with something after them */
            float *a = numbers(lda * (ta ? k : m) + 1, 11), *b = numbers(ldb * (tb ? n : k) + 1, 12);
            float *c = numbers(ldc * m, 13), *before = numbers(ldc * m, 13), *first = malloc((size_t)(ldc * m) * 4);
            float *ar = as_read(how, a, lda * (ta ? k : m) + 1), *br = as_read(how, b, ldb * (tb ? n : k) + 1);
            for (int beta = 0; beta < 2; beta++) {
                float alpha = beta ? 0.5f : 1;
                for (int threads = 1; threads <= 3; threads++) {
                    parallel_set_threads(threads);
                    memcpy(c, before, (size_t)(ldc * m) * 4);
                    if (!beta)
                        for (int64_t i = 0; i < m; i++)
                            c[i * ldc] = NAN; /* must not be read */
                    assert_int_equal(gemm(&(gemm_problem){.how = how,
                                              .transpose_a = ta,
                                              .transpose_b = tb,
                                              .m = m,
                                              .n = n,
                                              .k = k,
                                              .alpha = alpha,
                                              .a = a,
                                              .lda = lda,
                                              .b = b,
                                              .ldb = ldb,
                                              .beta = (float)beta,
                                              .c = c,
                                              .ldc = ldc},
                                         NULL),
                        SMAC_OK);
                    if (threads == 1)
                        memcpy(first, c, (size_t)(ldc * m) * 4);
                    assert_memory_equal(c, first, (size_t)(ldc * m) * 4);
                }
                parallel_set_threads(0);
                for (int64_t i = 0; i < m; i++) {
                    for (int64_t j = 0; j < n; j++) {
                        double size,
                            sum = element(ta ? ar + i : ar + i * lda, ta ? lda : 1, tb ? br + j * ldb : br + j,
                                tb ? 1 : ldb, k, &size);
                        double want = alpha * sum + (beta ? before[i * ldc + j] : 0);
                        if (!(fabs(c[i * ldc + j] - want) <= 1e-6 * (size + 4)))
                            fail_msg("form %d, %d x %d x %d: (%d, %d) is %.9g, expected %.9g", form, (int)m, (int)n,
                                (int)k, (int)i, (int)j, c[i * ldc + j], want);
                    }
                    for (int64_t j = n; j < ldc; j++)
                        assert_true(c[i * ldc + j] == before[i * ldc + j]);
                }
            }
            free(a), free(b), free(c), free(before), free(first), free(ar), free(br);
        }
}

/* The same bits, or, where oneDNN computes single products, the same to the rounding of a float32 sum. */
static void assert_same(const float *a, const float *b, int64_t n, precision how)
{
    if (how != PRECISION_F32 || !backend_get()->onednn_sgemm)
        assert_memory_equal(a, b, (size_t)n * sizeof *a);
    for (int64_t i = 0; i < n; i++)
        assert_true(fabsf(a[i] - b[i]) <= 1e-5f * (1 + fabsf(b[i])));
}

/* A batch over (B, T, heads * d) is the same as a product for each head. */
static void batched(void **state)
{
    (void)state;
    enum { B = 2, H = 3, T = 19, D = 10 };
    float *q = numbers(B * T * H * D, 1), *k = numbers(B * T * H * D, 2), *v = numbers(B * T * H * D, 3);
    float *s = numbers(B * H * T * T, 4), *o = numbers(B * T * H * D, 5), one[T * T], out[T * D];
    for (precision how = PRECISION_F32; how <= PRECISION_BF16; how++)
        for (int threads = 1; threads <= 3; threads++) {
            parallel_set_threads(threads);
            gemm_problem g = {.how = how,
                .transpose_b = true,
                .m = T,
                .n = T,
                .k = D,
                .outer = B,
                .inner = H,
                .alpha = 0.25f,
                .a = q,
                .b = k,
                .c = s,
                .lda = H * D,
                .ldb = H * D,
                .ldc = T,
                .stride_a = {T * H * D, D},
                .stride_b = {T * H * D, D},
                .stride_c = {H * T * T, T * T}};
            assert_int_equal(gemm(&g, NULL), SMAC_OK);
            gemm_problem g2 = {.how = how,
                .m = T,
                .n = D,
                .k = T,
                .outer = B,
                .inner = H,
                .alpha = 1,
                .a = s,
                .b = v,
                .c = o,
                .lda = T,
                .ldb = H * D,
                .ldc = H * D,
                .stride_a = {H * T * T, T * T},
                .stride_b = {T * H * D, D},
                .stride_c = {T * H * D, D}};
            assert_int_equal(gemm(&g2, NULL), SMAC_OK);
            for (int b = 0; b < B; b++)
                for (int h = 0; h < H; h++) {
                    gemm(&(gemm_problem){.how = how,
                             .transpose_b = true,
                             .m = T,
                             .n = T,
                             .k = D,
                             .alpha = 0.25f,
                             .a = q + b * T * H * D + h * D,
                             .lda = H * D,
                             .b = k + b * T * H * D + h * D,
                             .ldb = H * D,
                             .c = one,
                             .ldc = T},
                        NULL);
                    assert_same(one, s + (b * H + h) * T * T, T * T, how);
                    gemm(&(gemm_problem){.how = how,
                             .m = T,
                             .n = D,
                             .k = T,
                             .a = one,
                             .lda = T,
                             .b = v + b * T * H * D + h * D,
                             .ldb = H * D,
                             .c = out,
                             .ldc = D},
                        NULL);
                    for (int t = 0; t < T; t++)
                        assert_same(out + t * D, o + (b * T + t) * H * D + h * D, D, how);
                }
        }
    parallel_set_threads(0);
    free(q), free(k), free(v), free(s), free(o);
}

static void not_finite(void **state)
{
    (void)state;
    float *x = numbers(3 * 40, 1), *w = numbers(50 * 40, 2), *y = calloc(3 * 50, 4);
    x[40 + 7] = NAN;
    for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++) {
        packed_matrix *p = packed_matrix_new(w, 50, 40, how);
        product_packed(&(packed_product){.y = y, .x = x, .rows = 3, .weight = p, .activation = ACTIVATION_GELU}, NULL);
        for (int j = 0; j < 50; j++)
            assert_true(isfinite(y[j]) && isnan(y[50 + j]) && isfinite(y[100 + j])); /* its row and no other */
        packed_matrix_free(p);
    }
    assert_null(packed_matrix_new(w, INT64_MAX / 4, INT64_MAX / 4, PRECISION_F32)); /* too large to count */
    assert_null(packed_matrix_new(w, -1, 4, PRECISION_F32));
    free(x), free(w), free(y);
}

static void many_at_once(void *context, int64_t piece)
{
    float **all = context;
    packed_matrix *p = packed_matrix_new(all[0], 70, 90, PRECISION_F32);
    product_packed(&(packed_product){.y = all[2] + piece * 40 * 70, .x = all[1], .rows = 40, .weight = p}, NULL);
    packed_matrix_free(p);
}

/* Products from inside pieces of a parallel_for: serial there, the same bits. */
static void nested(void **state)
{
    (void)state;
    float *w = numbers(70 * 90, 1), *x = numbers(40 * 90, 2), *y = calloc(8 * 40 * 70, 4), *all[] = {w, x, y};
    parallel_set_threads(3);
    parallel_for(8, many_at_once, all);
    parallel_set_threads(0);
    for (int i = 1; i < 8; i++)
        assert_memory_equal(y, y + i * 40 * 70, 40 * 70 * 4);
    free(w), free(x), free(y);
}

#ifdef __x86_64__
static struct {
    pthread_t owner;
    uintptr_t low, high;
    volatile sig_atomic_t came, strayed;
} stack;

static void look_at_stack(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    uintptr_t at = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
    if (!pthread_equal(pthread_self(), stack.owner)) /* an idle worker of a test before, with a stack of its own */
        return;
    stack.came++;
    stack.strayed += at < stack.low || at >= stack.high;
}

/* A signal may come at any moment of a product: its frame goes below the stack pointer, which must point into the stack. */
static void signals(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = {
        {16, 16, 16}, {200, 16, 64}, {400, 16, 1024}, {96, 64, 300}, {256, 256, 256}, {33, 1, 600}, {1, 300, 300}};
    pthread_attr_t attributes;
    void *low;
    size_t bytes, frame = 1 << 17;
    assert_int_equal(pthread_getattr_np(pthread_self(), &attributes), 0);
    assert_int_equal(pthread_attr_getstack(&attributes, &low, &bytes), 0);
    pthread_attr_destroy(&attributes);
    stack.owner = pthread_self(), stack.low = (uintptr_t)low, stack.high = (uintptr_t)low + bytes;
    stack_t other = {.ss_sp = malloc(frame), .ss_size = frame},
            before; /* so that a stray pointer is told, not followed */
    struct sigaction action = {.sa_sigaction = look_at_stack, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    assert_int_equal(sigaltstack(&other, &before), 0);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    float *x = numbers(400 * 1024, 1), *w = numbers(400 * 1024, 2), *y = calloc(400 * 400, 4);
    parallel_set_threads(1); /* all of the work where the signals come */
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int64_t m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
        packed_matrix *packed[PRECISION_INT8 + 1];
        for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++)
            packed[how] = packed_matrix_new(w, n, k, how);
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 50}, .it_interval = {0, 50}}, NULL);
        stack.came = 0;
        for (int i = 0; stack.came < 200 && i < 4000000; i++) {
            gemm(&(gemm_problem){.transpose_a = i & 1,
                     .transpose_b = i >> 1 & 1,
                     .m = m,
                     .n = n,
                     .k = k,
                     .a = x,
                     .lda = i & 1 ? m : k,
                     .b = w,
                     .ldb = i >> 1 & 1 ? k : n,
                     .c = y,
                     .ldc = n},
                NULL);
            for (precision how = PRECISION_F32; i % 8 == 0 && how <= PRECISION_INT8; how++)
                product_packed(&(packed_product){.y = y, .x = x, .rows = m, .weight = packed[how]}, NULL);
        }
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 0}}, NULL);
        assert_true(stack.came > 0);
        if (stack.strayed)
            fail_msg("%d x %d x %d: the stack pointer left the stack at %d of %d signals", (int)m, (int)n, (int)k,
                (int)stack.strayed, (int)stack.came);
        for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++)
            packed_matrix_free(packed[how]);
    }
    parallel_set_threads(0);
    signal(SIGALRM, SIG_DFL);
    sigaltstack(&before, NULL);
    free(other.ss_sp), free(x), free(w), free(y);
}
#endif

int main(int argc, char **argv)
{
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed),
        cmocka_unit_test(general),
        cmocka_unit_test(batched),
        cmocka_unit_test(not_finite),
        cmocka_unit_test(nested),
#ifdef __x86_64__
        cmocka_unit_test(signals),
#endif
    };
    return cmocka_run_group_tests(tests, 0, 0) + run_other_backends(argv);
}
