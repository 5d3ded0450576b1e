/* tests/nn/test_parameters.c - the store: names, blocks, initial values, borrowing, packing. */
#include "support/check.h"

#include "autograd/ops.h"
#include "compute/parallel.h"
#include "compute/products.h"
#include "nn/parameters.h"

static parameter *add(
    parameter_store *s, const char *name, int64_t rows, int64_t columns, initialiser init, float scale)
{
    smac_error error = {0};
    parameter *p = parameter_add(s,
        &(parameter_spec){
            .name = name, .rank = 2, .dim = {rows, columns}, .init = init, .scale = scale, .product = true},
        &error);
    if (p == NULL)
        fail_msg("%s", error.message);
    return p;
}

static void test_names(void **state)
{
    (void)state;
    parameter_store *s = parameter_store_new();
    smac_error why = {0};
    assert_null(parameter_find(s, "a"));
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof name, "layer.%d.weight", i);
        add(s, name, 2, 3, INIT_ONES, 0);
    }
    assert_int_equal(parameter_number(s), 300);
    parameter *p = parameter_find(s, "layer.217.weight");
    assert_non_null(p);
    assert_ptr_equal(p, parameter_at(s, 217));
    assert_null(parameter_at(s, 300));
    assert_null(parameter_find(s, "layer.300.weight"));
    assert_null(parameter_add(s, &(parameter_spec){.name = "layer.7.weight", .rank = 1, .dim = {1}}, &why));
    assert_int_equal(why.code, SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(why.message, "layer.7.weight"));
    assert_null(parameter_add(s, &(parameter_spec){.name = "none", .rank = 1, .dim = {0}}, &why));
    assert_null(parameter_add(s, &(parameter_spec){.name = "huge", .rank = 2, .dim = {INT64_MAX, 4}}, &why));
    assert_ok(parameter_store_seal(s, true, 1, error));
    assert_null(parameter_add(s, &(parameter_spec){.name = "late", .rank = 1, .dim = {1}}, &why));
    assert_int_equal(parameter_store_seal(s, true, 1, &why), SMAC_ERROR_INTERNAL);
    parameter_store_free(s);
    parameter_store_free(NULL);
}

static void test_blocks(void **state)
{
    (void)state;
    parameter_store *s = parameter_store_new();
    parameter *a = add(s, "body.a", 3, 5, INIT_ONES, 0), *b = add(s, "encoder.b", 2, 2, INIT_CONSTANT, 4);
    parameter *c = add(s, "body.c", 7, 1, INIT_CONSTANT, -2), *d = add(s, "encoder.d", 2, 2, INIT_ONES, 0);
    parameter_set_trainable(s, "encoder.", false);
    parameter_set_pretrained(s, "encoder.", true);
    assert_ok(parameter_store_seal(s, true, 1, error));
    float *values = parameter_trainable_values(s), *gradients = parameter_trainable_gradients(s);
    assert_int_equal(parameter_trainable_count(s), 32);
    assert_ptr_equal(a->device_data, values);
    assert_ptr_equal(c->device_data, values + 16);
    assert_ptr_equal(c->grad, gradients + 16);
    assert_null(b->grad);
    assert_true(b->pretrained && !a->pretrained && a->trainable && !b->trainable);
    assert_near(b->device_data[3], 4, 0);
    assert_near(c->device_data[6], -2, 0);
    assert_near(values[15], 0, 0); /* the gap */
    assert_near(d->device_data[3], 1, 0);
    memset(gradients, 1, 32 * sizeof(float));
    parameter_zero_gradients(s);
    for (int i = 0; i < 32; i++)
        assert_near(gradients[i], 0, 0);
    uint64_t version = a->version;
    parameter_touch_all(s);
    assert_true(a->version > version);
    parameter_store_free(s);
}

/* Values depend on seed and name alone: not on other parameters, nor on the number of threads. */
static void test_initial_values(void **state)
{
    (void)state;
    float first[6000];
    for (int round = 0; round < 3; round++) {
        parameter_store *s = parameter_store_new();
        parallel_set_threads(round + 1);
        if (round == 1)
            add(s, "another", 5, 5, INIT_NORMAL, 1);
        parameter *x = add(s, "x", 60, 100, INIT_XAVIER_UNIFORM, 0), *n = add(s, "n", 100, 100, INIT_NORMAL, 0.5f);
        if (round == 2)
            parameter_set_trainable(s, "", false);
        assert_ok(parameter_store_seal(s, true, 9, error));
        double sum = 0, squares = 0, largest = 0;
        for (int i = 0; i < 10000; i++) {
            sum += n->device_data[i];
            squares += (double)n->device_data[i] * n->device_data[i];
        }
        assert_near(sum / 10000, 0, 0.02);
        assert_near(sqrt(squares / 10000), 0.5, 0.02);
        for (int i = 0; i < 6000; i++)
            largest = fmax(largest, fabs(x->device_data[i]));
        assert_near(largest, sqrt(6.0 / 160), 1e-3);
        if (round == 0)
            memcpy(first, x->device_data, sizeof first);
        assert_memory_equal(first, x->device_data, sizeof first);
        assert_memory_not_equal(x->device_data, n->device_data, 100);
        parameter_store_free(s);
    }
    parallel_set_threads(0);
}

static float product_at(parameter *w, bool *failed)
{
    tape *t = tape_new(NULL);
    float x[40];
    for (int i = 0; i < 40; i++)
        x[i] = cosf((float)i);
    value *y = op_linear(t, tape_value(t, 2, (int64_t[]){1, 40}, x), tape_parameter(t, w), NULL);
    *failed = y == NULL;
    float result = y != NULL ? y->device_data[17] : 0;
    tape_free(t);
    return result;
}

static void test_packing(void **state)
{
    (void)state;
    parameter_store *s = parameter_store_new();
    parameter *w = add(s, "w", 50, 40, INIT_NORMAL, 1), *trained = add(s, "v", 50, 40, INIT_NORMAL, 1);
    smac_error error = {0};
    parameter *table = parameter_add(s, &(parameter_spec){.name = "wt", .rank = 2, .dim = {50, 40}}, &error);
    parameter_set_trainable(s, "w", false);
    assert_int_equal(parameter_store_pack(s, "", PRECISION_F32, false, &error), SMAC_ERROR_INTERNAL); /* not sealed */
    assert_int_equal(parameter_store_seal(s, true, 1, &error), SMAC_OK);
    bool failed;
    float expected = product_at(w, &failed);
    assert_int_equal(parameter_store_pack(s, "", PRECISION_F32, false, &error), SMAC_OK);
    assert_non_null(w->packed);
    assert_null(trained->packed); /* trainable */
    assert_null(table->packed);   /* not for products alone */
    assert_near(product_at(w, &failed), expected, 1e-5);
    w->device_data[17 * 40] += 1; /* written without a word: the packed copy is still in use */
    assert_near(product_at(w, &failed), expected, 1e-5);
    w->version++; /* now it is not */
    assert_near(product_at(w, &failed), expected + 1, 1e-5);
    assert_int_equal(parameter_store_pack(s, "w", PRECISION_F32, false, &error), SMAC_OK);
    assert_near(product_at(w, &failed), expected + 1, 1e-5);
    assert_int_equal(parameter_store_pack(s, "w", PRECISION_INT8, true, &error), SMAC_OK);
    assert_null(w->device_data);
    assert_near(product_at(w, &failed), expected + 1, 0.2);
    assert_false(failed);
    /* what is not there cannot be read by another operation */
    tape *t = tape_new(NULL);
    assert_null(op_exp(t, tape_parameter(t, w)));
    assert_int_equal(tape_status(t, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "packed"));
    /* nor can a gradient flow through it */
    tape_reset(t, &(tape_options){.record = true});
    value *x = tape_variable(t, 2, (int64_t[]){1, 40}, NULL);
    memset(x->device_data, 0, 40 * sizeof(float));
    value *loss = op_sum(t, op_linear(t, x, tape_parameter(t, w), NULL));
    assert_int_equal(tape_backward(t, loss, 1, &error), SMAC_ERROR_UNSUPPORTED);
    tape_free(t);
    parameter_store_free(s);
}

static void test_adopted(void **state)
{
    (void)state;
    parameter_store *s = parameter_store_new();
    parameter *w = add(s, "w", 50, 40, INIT_NORMAL, 1), *v = add(s, "v", 50, 30, INIT_NORMAL, 1);
    static uint16_t ones[50 * 40];
    for (int i = 0; i < 50 * 40; i++)
        ones[i] = 0x3F80;
    assert_int_equal(parameter_adopt_packed(s, w, packed_matrix_new_bf16(ones, 50, 40, PRECISION_BF16), NULL),
        SMAC_ERROR_ARGUMENT); /* trainable; the store frees it all the same */
    parameter_set_trainable(s, "", false);
    assert_ok(parameter_adopt_packed(s, w, packed_matrix_new_bf16(ones, 50, 40, PRECISION_BF16), error));
    assert_int_equal(
        parameter_adopt_packed(s, v, packed_matrix_new_bf16(ones, 50, 40, PRECISION_BF16), NULL), SMAC_ERROR_MISMATCH);
    assert_ok(parameter_store_seal(s, true, 1, error));
    assert_null(w->device_data);
    bool failed;
    float sum = 0;
    for (int i = 0; i < 40; i++)
        sum += cosf((float)i);
    assert_near(product_at(w, &failed), sum, 0.1);
    assert_false(failed);
    parameter_store_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_initial_values), cmocka_unit_test(test_packing), cmocka_unit_test(test_adopted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
