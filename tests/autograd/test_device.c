/*
 * tests/autograd/test_device.c - nothing reaches around the device's table: every case, results and gradients, gives the
 * same bits on a device whose memory is protected outside the table's functions.
 */
#include "support/check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "autograd/cases.h"
#include "compute/parallel.h"
#include "support/protected_device.h"

/* Result, then each gradient; free() it. */
static float *run_case(const op_case *c, tape *t, bool large, precision how, int64_t *count)
{
    value *in[CASE_INPUTS], *loss = NULL;
    smac_error error = {0};
    tape_reset(t,
        &(tape_options){
            .record = true, .training = true, .seed = 3, .step = 4, .precision = how, .check_finite = true});
    value *out = case_run(c, t, large, NULL, in, &loss);
    if (tape_backward(t, loss, 1, &error) != SMAC_OK)
        fail_msg("%s (%s): %s", c->operation, c->variant, error.message);
    *count = out->count;
    for (int i = 0; i < c->inputs; i++)
        *count += in[i]->count;
    float *all = malloc((size_t)*count * sizeof(float)), *at = all;
    assert_ok(tape_read(t, out, at));
    at += out->count;
    for (int i = 0; i < c->inputs; i++) {
        memcpy(at, tape_gradient(t, in[i]), (size_t)in[i]->count * sizeof(float));
        at += in[i]->count;
    }
    return all;
}

static void every_case_has_the_same_bits(void **state)
{
    (void)state;
    tape *cpu = tape_new(NULL), *other = tape_new(&(tape_options){.device = protected_device()});
    for (int i = 0; i < op_case_count; i++)
        for (int large = 0; large < 2; large++)
            for (int how = PRECISION_F32; how <= PRECISION_BF16; how++) {
                int64_t count, other_count;
                parallel_set_threads(1 + (i + how) % 3);
                float *expected = run_case(&op_cases[i], cpu, large, (precision)how, &count);
                parallel_set_threads(1 + (i + how + 1) % 3);
                float *found = run_case(&op_cases[i], other, large, (precision)how, &other_count);
                if (count != other_count || memcmp(expected, found, (size_t)count * sizeof(float)) != 0)
                    fail_msg("%s (%s): other bits on another device", op_cases[i].operation, op_cases[i].variant);
                if (protected.violations)
                    fail_msg("%s (%s): memory of the host was given to the device", op_cases[i].operation,
                        op_cases[i].variant);
                free(expected);
                free(found);
            }
    parallel_set_threads(0);
    tape_free(cpu);
    tape_free(other);
}

/* Scopes move their result, masks are uploaded again after a scope, and values of other sizes take over memory. */
static void scopes_and_masks(void **state)
{
    (void)state;
    float expected[2][3][4], found[3][4];
    for (int k = 0; k < 2; k++) {
        tape *t = tape_new(&(tape_options){.device = k ? protected_device() : NULL});
        value *x = tape_value(t, 2, (int64_t[]){3, 4}, (float[12]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
        uint8_t mask[3];
        for (int layer = 0; layer < 5; layer++) {
            tape_mark mark = tape_scope_begin(t);
            for (int i = 0; i < 3; i++)
                mask[i] = (layer + i) % 3 != 0; /* the same array, other bytes: a scope's end forgets the copy */
            value *y = op_where(t, mask, 3, op_scale(t, x, 1.5f), x);
            y = op_where(t, mask, 3, op_add(t, y, x), op_reshape(t, y, 2, (int64_t[]){3, 4}));
            x = tape_scope_end(t, mark, y);
        }
        assert_ok(tape_read(t, x, k ? found[0] : expected[0][0]));
        tape_free(t);
    }
    assert_memory_equal(expected[0], found, sizeof found);
    assert_int_equal(protected.violations, 0);
}

static void a_device_does_not_take_what_another_one_holds(void **state)
{
    (void)state;
    float data[2] = {1, 2};
    parameter p = {.name = "norm.weight", .rank = 1, .dim = {2}, .count = 2, .device_data = data};
    tape *t = tape_new(&(tape_options){.device = protected_device()});
    smac_error error = {0};
    assert_null(tape_parameter(t, &p));
    assert_int_equal(tape_status(t, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "norm.weight"));
    tape_reset(t, &(tape_options){.device = device_cpu()});
    assert_int_equal(tape_status(t, &error), SMAC_ERROR_ARGUMENT);
    tape_free(t);
}

/* The protection itself: reading a value's memory outside a function of the table ends the process. */
static void the_memory_is_protected(void **state)
{
    (void)state;
    tape *t = tape_new(&(tape_options){.device = protected_device()});
    value *x = tape_value(t, 1, (int64_t[]){1}, (float[]){1});
    assert_non_null(x);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        _exit(x->device_data[0] > 0 ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_has_the_same_bits),
        cmocka_unit_test(scopes_and_masks), cmocka_unit_test(a_device_does_not_take_what_another_one_holds),
        cmocka_unit_test(the_memory_is_protected)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
