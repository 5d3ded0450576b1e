/* tests/autograd/test_tape.c - the tape itself: sticky errors, messages, scopes, reuse, kept gradients, finite checks. */
#include "support/check.h"

#include "autograd/ops.h"

#define DIM(...)    \
    (int64_t[])     \
    {               \
        __VA_ARGS__ \
    }

static const tape_options recording = {.record = true};

static void expect(tape *t, smac_status code, const char *part, const char *other)
{
    smac_error error = {0};
    assert_int_equal(tape_status(t, &error), code);
    if (strstr(error.message, part) == NULL || strstr(error.message, other) == NULL)
        fail_msg("the message is: %s", error.message);
    tape_reset(t, NULL);
    assert_int_equal(tape_status(t, NULL), SMAC_OK);
}

static void test_errors(void **state)
{
    (void)state;
    tape *t = tape_new(&recording);
#define FRESH tape_variable(t, 2, DIM(2, 3), (float[]){1, 2, 3, 4, 5, 6})
    value *x = FRESH;
    value *bad = op_linear(t, x, tape_zeros(t, 2, DIM(4, 5)), NULL);
    assert_null(bad);
    assert_null(op_add(t, bad, x)); /* stays failed, keeps the first message */
    assert_null(op_exp(t, x));
    expect(t, SMAC_ERROR_MISMATCH, "op_linear: x of shape (2, 3)", "(4, 5)");
    op_add(t, FRESH, tape_zeros(t, 1, DIM(2)));
    expect(t, SMAC_ERROR_MISMATCH, "op_add: b of shape (2)", "(2, 3)");
    op_matmul(t, FRESH, tape_zeros(t, 2, DIM(2, 3)), false);
    expect(t, SMAC_ERROR_MISMATCH, "op_matmul", "(2, 3)");
    op_attention(t, tape_zeros(t, 3, DIM(1, 2, 6)), tape_zeros(t, 3, DIM(1, 2, 6)), tape_zeros(t, 3, DIM(1, 3, 6)),
        &(attention_options){.heads = 2, .kv_heads = 2});
    expect(t, SMAC_ERROR_MISMATCH, "op_attention", "(1, 3, 6)");
    op_gather(t, FRESH, (int32_t[]){0, 2}, 1, DIM(2));
    expect(t, SMAC_ERROR_MISMATCH, "op_gather: index 2 at position 1", "(2, 3)");
    op_concat(t, (value *[]){FRESH, tape_zeros(t, 2, DIM(2, 4))}, 2, 0);
    expect(t, SMAC_ERROR_MISMATCH, "op_concat: part 2 of shape (2, 4)", "(2, 3)");
    op_slice(t, FRESH, 1, 2, 2);
    expect(t, SMAC_ERROR_ARGUMENT, "op_slice", "(2, 3)");
    op_reshape(t, FRESH, 1, DIM(5));
    expect(t, SMAC_ERROR_MISMATCH, "op_reshape", "(5)");
    op_conv1d(t, tape_zeros(t, 3, DIM(1, 2, 3)), tape_zeros(t, 3, DIM(4, 3, 5)), NULL, 1, 1);
    expect(t, SMAC_ERROR_MISMATCH, "op_conv1d", "(4, 3, 5)");
    op_transpose(t, FRESH, 0, 2);
    expect(t, SMAC_ERROR_ARGUMENT, "dimension 2", "(2, 3)");
    op_layer_norm(t, FRESH, tape_zeros(t, 1, DIM(2)), NULL, 1e-5f);
    expect(t, SMAC_ERROR_MISMATCH, "op_layer_norm", "(2)");
    op_cross_entropy(t, FRESH, (float[6]){0}, (float[]){1, -1});
    expect(t, SMAC_ERROR_ARGUMENT, "row 1", "-1");
    op_exp(t, NULL);
    expect(t, SMAC_ERROR_ARGUMENT, "op_exp", "NULL");
    tape_value(t, 2, DIM(INT64_MAX / 2, 8), NULL);
    expect(t, SMAC_ERROR_ARGUMENT, "not a valid shape", "");
    smac_error error = {0};
    assert_int_equal(tape_backward(t, FRESH, 1, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "(2, 3)"));
    tape_free(t);
    tape_free(NULL);
}

static void test_scopes(void **state)
{
    (void)state;
    tape *t = tape_new(NULL);
    value *x = tape_value(t, 1, DIM(1000), NULL);
    for (int i = 0; i < 1000; i++)
        x->device_data[i] = (float)i;
    size_t bytes = 0;
    for (int layer = 0; layer < 40; layer++) {
        tape_mark mark = tape_scope_begin(t);
        value *big = tape_zeros(t, 2, DIM(2000, 1000));
        value *sum = op_mean_over(t, op_add(t, big, x), 0);
        if (layer % 3 == 1) { /* a view of something in the scope, inside a scope of its own */
            tape_mark inner = tape_scope_begin(t);
            sum = tape_scope_end(t, inner, op_reshape(t, op_add(t, sum, tape_zeros(t, 1, DIM(1000))), 2, DIM(10, 100)));
            sum = op_reshape(t, sum, 1, DIM(1000));
        }
        if (layer % 3 == 2) /* a view of something older than the scope */
            sum = op_reshape(t, x, 1, DIM(1000));
        x = tape_scope_end(t, mark, sum);
        assert_non_null(x);
        mark = tape_scope_begin(t); /* whatever is taken next must not lie where the result lies */
        value *junk = tape_value(t, 2, DIM(4100, 1000), NULL);
        for (int64_t i = 0; i < junk->count; i++)
            junk->device_data[i] = -1;
        assert_null(tape_scope_end(t, mark, NULL));
        for (int i = 0; i < 1000; i += 37)
            assert_near(x->device_data[i], i, 1e-3);
        if (layer == 5)
            bytes = tape_bytes(t);
    }
    assert_int_equal(tape_bytes(t), bytes); /* forty layers in the memory of one */
    tape_free(t);
}

static void test_gradients_kept(void **state)
{
    (void)state;
    tape *t = tape_new(&recording);
    size_t bytes = 0;
    for (int round = 0; round < 5; round++) {
        tape_reset(t, NULL);
        value *x = tape_variable(t, 1, DIM(3), (float[]){1, 2, 3});
        value *constant = tape_value(t, 1, DIM(3), (float[]){1, 1, 1});
        value *square = op_multiply(t, x, x), *sum = op_add(t, square, constant);
        value *kept = op_scale(t, sum, 2), *loss = op_sum(t, op_add(t, kept, kept));
        tape_keep_gradient(t, kept);
        assert_ok(tape_backward(t, loss, 0.5f, error));
        for (int i = 0; i < 3; i++) {
            assert_near(kept->grad[i], 1, 0);
            assert_near(x->grad[i], 4 * (i + 1), 1e-6);
        }
        assert_null(constant->grad); /* nothing is computed for what is not tracked */
        assert_null(square->grad);   /* given back */
        if (round > 0)
            assert_int_equal(tape_bytes(t), bytes);
        bytes = tape_bytes(t);
    }
    tape_free(t);
}

static void test_parameters(void **state)
{
    (void)state;
    float data[2] = {1, 2}, grad[2] = {0, 0};
    parameter p = {.name = "layer.weight",
        .rank = 1,
        .dim = {2},
        .count = 2,
        .device_data = data,
        .grad = grad,
        .trainable = true};
    tape *t = tape_new(&recording);
    /* used twice, and gradients of two passes are added */
    for (int pass = 0; pass < 2; pass++) {
        tape_reset(t, NULL);
        value *loss = op_sum(t, op_multiply(t, tape_parameter(t, &p), tape_parameter(t, &p)));
        assert_ok(tape_backward(t, loss, 1, error));
    }
    assert_near(grad[0], 4, 0);
    assert_near(grad[1], 8, 0);
    /* frozen: no gradient, no notes, a backward pass without effect */
    p.trainable = false;
    tape_reset(t, NULL);
    value *frozen = tape_parameter(t, &p), *loss = op_sum(t, op_exp(t, frozen));
    assert_false(loss->tracked);
    assert_ok(tape_backward(t, loss, 1, error));
    assert_null(frozen->grad);
    p.trainable = true;
    p.grad = NULL;
    tape_reset(t, NULL);
    assert_null(tape_parameter(t, &p));
    expect(t, SMAC_ERROR_ARGUMENT, "layer.weight", "seal");
    tape_free(t);
}

static void test_finite(void **state)
{
    (void)state;
    const tape_options checking = {.record = true, .check_finite = true};
    tape *t = tape_new(&checking);
    assert_null(op_log(t, tape_variable(t, 1, DIM(2), (float[]){1, -1})));
    expect(t, SMAC_ERROR_NUMERIC, "op_log", "element 1");
    /* a finite loss whose gradient is not: d sqrt(x) written as exp(0.5 log x) at a tiny x */
    float data[1] = {1e-44f}, grad[1] = {0};
    parameter p = {
        .name = "gate.alpha", .rank = 1, .dim = {1}, .count = 1, .device_data = data, .grad = grad, .trainable = true};
    value *loss = op_sum(t, op_log(t, tape_parameter(t, &p)));
    assert_int_equal(tape_backward(t, loss, 1, NULL), SMAC_ERROR_NUMERIC);
    expect(t, SMAC_ERROR_NUMERIC, "gate.alpha", "parameter");
    tape_reset(t, &recording); /* without the check it passes */
    loss = op_sum(t, op_log(t, tape_parameter(t, &p)));
    assert_ok(tape_backward(t, loss, 1, error));
    tape_free(t);
}

static void test_dropout(void **state)
{
    (void)state;
    enum { N = 20000 };
    tape_options options = {.training = true, .seed = 1, .step = 1};
    tape *t = tape_new(&options);
    static float first[N];
    int64_t kept = 0, same = 0;
    for (int step = 1; step <= 3; step++) {
        options.step = step == 3 ? 1 : (uint64_t)step;
        tape_reset(t, &options);
        value *ones = op_add_constant(t, tape_zeros(t, 1, DIM(N)), 1), *y = op_dropout(t, ones, 0.1f);
        for (int i = 0; i < N; i++) {
            assert_true(y->device_data[i] == 0 || fabsf(y->device_data[i] - 1 / 0.9f) < 1e-4f);
            if (step == 1)
                kept += y->device_data[i] != 0;
            if (step == 1)
                first[i] = y->device_data[i];
            if (step == 2)
                same += (y->device_data[i] == 0) && first[i] == 0;
            if (step == 3)
                assert_true(first[i] == y->device_data[i]); /* the same step gives the same mask */
        }
        value *other = op_dropout(t, ones, 0.1f);
        assert_memory_not_equal(other->device_data, y->device_data, N * sizeof(float));
    }
    assert_near((double)kept / N, 0.9, 0.01);
    assert_near((double)same / N, 0.01, 0.003); /* masks of two steps are independent */
    options.training = false;
    tape_reset(t, &options);
    value *x = tape_zeros(t, 1, DIM(N));
    assert_ptr_equal(op_dropout(t, x, 0.5f), x);
    options.training = true;
    tape_reset(t, &options);
    op_dropout(t, tape_zeros(t, 1, DIM(3)), 1);
    expect(t, SMAC_ERROR_ARGUMENT, "dropout", "under 1");
    tape_free(t);
}

static void an_error_from_elsewhere_keeps_its_advice(void **state)
{
    (void)state;
    smac_error from, found;
    tape *t = tape_new(NULL);
    error_set(&from, SMAC_ERROR_FORMAT, "somewhere", "the file has 3 rows, expected 4; write it again");
    assert_int_equal(tape_fail_as(t, &from), SMAC_ERROR_FORMAT);
    assert_int_equal(tape_status(t, &found), SMAC_ERROR_FORMAT);
    assert_string_equal(found.what, "the file has 3 rows, expected 4");
    assert_string_equal(found.advice, "write it again");
    assert_string_equal(found.where, "somewhere");
    error_set(&from, SMAC_ERROR_IO, "later", "the disk is full");
    assert_int_equal(tape_fail_as(t, &from), SMAC_ERROR_FORMAT); /* the first error stays */
    tape_free(t);
}

static void test_losses(void **state)
{
    (void)state;
    tape *t = tape_new(&recording);
    value *x = tape_variable(t, 1, DIM(3), (float[]){1, 2, 3});
    const float target[3] = {0, 4, NAN}; /* a row of weight 0 may hold anything */
    assert_near(op_l1_loss(t, x, target, (float[]){1, 3, 0})->device_data[0], 1.75, 1e-6);
    value *none = op_l1_loss(t, x, target, (float[]){0, 0, 0});
    assert_near(none->device_data[0], 0, 0);
    assert_false(none->tracked);
    value *logits = tape_variable(t, 2, DIM(2, 4), (float[8]){0});
    value *entropy = op_cross_entropy(t, logits, (float[]){1, 0, 0, 0, 0.25f, 0.25f, 0.25f, 0.25f}, NULL);
    assert_near(entropy->device_data[0], log(4), 1e-6);
    assert_ok(tape_backward(t, entropy, 1, error));
    assert_near(logits->grad[0], -0.375, 1e-6);
    assert_near(logits->grad[5], 0, 1e-7);
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_errors), cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_gradients_kept), cmocka_unit_test(test_parameters), cmocka_unit_test(test_finite),
        cmocka_unit_test(test_dropout), cmocka_unit_test(an_error_from_elsewhere_keeps_its_advice),
        cmocka_unit_test(test_losses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
