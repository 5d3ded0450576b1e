/*
 * tests/autograd/test_kernels.c - the large cases, results and gradients: equal bits for 1, 2 and 3 threads, and the
 * fast kernels against the plain C ones (the program runs itself again with SMAC_KERNELS=plain).
 */
#include "support/check.h"

#include <sys/wait.h>
#include <unistd.h>

#include "autograd/cases.h"
#include "autograd/random_mask.h"
#include "compute/backend.h"
#include "compute/parallel.h"

static const tape_options recording = {.record = true, .training = true, .seed = 3, .step = 4};

/* Result, then each gradient, one after another; free() it. */
static float *run_all(const op_case *c, tape *t, precision how, int64_t *count)
{
    value *in[CASE_INPUTS], *loss = NULL;
    smac_error error = {0};
    tape_options options = recording;
    options.precision = how;
    tape_reset(t, &options);
    value *out = case_run(c, t, true, NULL, in, &loss);
    if (tape_backward(t, loss, 1, &error) != SMAC_OK)
        fail_msg("%s (%s): %s", c->operation, c->variant, error.message);
    *count = out->count;
    for (int i = 0; i < c->inputs; i++)
        *count += in[i]->count;
    float *all = malloc((size_t)*count * sizeof(float)), *at = all;
    memcpy(at, out->device_data, (size_t)out->count * sizeof(float));
    at += out->count;
    for (int i = 0; i < c->inputs; i++) {
        memcpy(at, in[i]->grad, (size_t)in[i]->count * sizeof(float));
        at += in[i]->count;
    }
    return all;
}

static void test_threads(void **state)
{
    (void)state;
    tape *t = tape_new(NULL);
    for (int how = PRECISION_F32; how <= PRECISION_BF16; how++)
        for (int i = 0; i < op_case_count; i++) {
            int64_t count, other_count;
            parallel_set_threads(1);
            float *one = run_all(&op_cases[i], t, (precision)how, &count);
            for (int threads = how == PRECISION_F32 ? 2 : 3; threads <= 3; threads++) {
                parallel_set_threads(threads);
                float *many = run_all(&op_cases[i], t, (precision)how, &other_count);
                if (count != other_count || memcmp(one, many, (size_t)count * sizeof(float)) != 0)
                    fail_msg("%s (%s): other bits with %d threads than with one", op_cases[i].operation,
                        op_cases[i].variant, threads);
                free(many);
            }
            free(one);
        }
    parallel_set_threads(0);
    tape_free(t);
}

static int write_all(void)
{
    tape *t = tape_new(NULL);
    for (int i = 0; i < op_case_count; i++) {
        int64_t count;
        float *all = run_all(&op_cases[i], t, PRECISION_F32, &count);
        if (fwrite(all, sizeof(float), (size_t)count, stdout) != (size_t)count)
            return 1;
        free(all);
    }
    tape_free(t);
    return fflush(stdout) != 0;
}

static const char *program;

static void test_plain(void **state)
{
    (void)state;
    if (!strcmp(backend_get()->name, "plain"))
        skip();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("SMAC_KERNELS", "plain", 1);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", program, "write", (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    FILE *plain = fdopen(ends[0], "rb");
    tape *t = tape_new(NULL);
    for (int i = 0; i < op_case_count; i++) {
        int64_t count;
        float *fast = run_all(&op_cases[i], t, PRECISION_F32, &count);
        float *slow = malloc((size_t)count * sizeof(float));
        assert_int_equal(fread(slow, sizeof(float), (size_t)count, plain), count);
        double largest = 1e-6, wrong = 0;
        for (int64_t j = 0; j < count; j++) {
            largest = fmax(largest, fabs(slow[j]));
            wrong = fmax(wrong, isfinite(fast[j]) ? fabs((double)fast[j] - slow[j]) : INFINITY);
        }
        if (!(wrong / largest < 3e-6))
            fail_msg("%s (%s): fast and plain kernels differ by %g of %g", op_cases[i].operation, op_cases[i].variant,
                wrong, largest);
        free(fast);
        free(slow);
    }
    tape_free(t);
    fclose(plain);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

/* Dropout masks have the same bits in every backend, wherever the array starts. */
static void test_dropout_levels(void **state)
{
    (void)state;
    enum { N = 1000 };
    const dropout_mask mask = {
        .seed = 0x123456789ABCDEF0u, .stream = 0xFEDCBA9876543210u, .threshold = 20000, .scale = 2};
    float x[N], whole[N], part[N];
    for (int i = 0; i < N; i++)
        x[i] = (float)(i + 1);
    for (int i = 0; i < N; i++) /* one at a time is never a vector */
        dropout_apply(&mask, 77 + i, 1, whole + i, x + i);
    for (int start = 0; start < 130; start += 13) {
        dropout_apply(&mask, 77 + start, N - start, part + start, x + start);
        assert_memory_equal(whole + start, part + start, (size_t)(N - start) * sizeof(float));
    }
    for (int i = 0; i < backend_count(); i++)
        for (int start = 0; backend_kernels_at(i) && start < 130; start += 13) {
            backend_kernels_at(i)->dropout(&mask, 77 + start, N - start, part, x + start);
            assert_memory_equal(whole + start, part, (size_t)(N - start) * sizeof(float));
        }
}

int main(int count, char **arguments)
{
    program = arguments[0];
    if (count > 1 && strcmp(arguments[1], "write") == 0)
        return write_all();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads), cmocka_unit_test(test_plain), cmocka_unit_test(test_dropout_levels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
