/* AdamW over a store: by hand, its groups, clipping, the guard, and the schedule. */
#include "support/check.h"

#include "train/optimiser.h"

static parameter_store *store_new(void)
{
    parameter_store *s = parameter_store_new();
    assert_non_null(s);
    const parameter_spec specs[] = {
        {.name = "a.weight", .rank = 2, .dim = {2, 3}, .init = INIT_CONSTANT, .scale = 0.5f},
        {.name = "a.bias", .rank = 1, .dim = {3}, .init = INIT_CONSTANT, .scale = 0.5f, .no_decay = true},
        {.name = "alpha", .rank = 0, .init = INIT_CONSTANT, .scale = 0.5f, .no_decay = true, .rate_scale = 10},
        {.name = "text.weight", .rank = 1, .dim = {2}, .init = INIT_CONSTANT, .scale = 0.5f},
        {.name = "frozen", .rank = 1, .dim = {2}, .init = INIT_CONSTANT, .scale = 0.5f}};
    for (int i = 0; i < 5; i++) {
        smac_error error = {0};
        if (!parameter_add(s, &specs[i], &error))
            fail_msg("%s", error.message);
    }
    parameter_set_trainable(s, "frozen", false);
    parameter_set_pretrained(s, "text.", true);
    assert_ok(parameter_store_seal(s, true, 1, error));
    return s;
}

static const optimiser_options options = {
    .rate = 0.01, .encoder_rate = 0.001, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.1, .clip = 0};

static void test_by_hand(void **state)
{
    (void)state;
    parameter_store *s = store_new();
    optimiser *o = NULL;
    assert_ok(optimiser_new(s, &options, &o, error));
    const char *names[] = {"a.weight", "a.bias", "alpha", "text.weight"};
    const double rate[] = {0.01, 0.01, 0.1, 0.001}, decay[] = {0.1, 0, 0, 0.1};
    double value[4] = {0.5, 0.5, 0.5, 0.5}, m[4] = {0}, v[4] = {0}, norm = 0;
    for (int step = 1; step <= 5; step++) {
        double factor = step == 3 ? 0.5 : 1, squares = 0;
        for (int k = 0; k < 4; k++) {
            parameter *p = parameter_find(s, names[k]);
            double g = 0.3 * (k + 1) - 0.2 * step;
            for (int64_t i = 0; i < p->count; i++)
                p->grad[i] = (float)g;
            squares += g * g * (double)p->count;
            m[k] = 0.9 * m[k] + 0.1 * g;
            v[k] = 0.999 * v[k] + 0.001 * g * g;
            value[k] -= rate[k] * factor * decay[k] * value[k];
            value[k] -= rate[k] * factor * (m[k] / (1 - pow(0.9, step))) / (sqrt(v[k] / (1 - pow(0.999, step))) + 1e-8);
        }
        assert_ok(optimiser_step(o, factor, &norm, error));
        assert_near(norm, sqrt(squares), 1e-5);
    }
    for (int k = 0; k < 4; k++) {
        parameter *p = parameter_find(s, names[k]);
        for (int64_t i = 0; i < p->count; i++)
            assert_near(p->device_data[i], value[k], 2e-6);
    }
    assert_near(parameter_find(s, "frozen")->device_data[0], 0.5, 0);
    optimiser_free(o);
    parameter_store_free(s);
}

/* A gradient over the limit acts as one that was scaled down to it. */
static void test_clip(void **state)
{
    (void)state;
    parameter_store *s[2] = {store_new(), store_new()};
    for (int k = 0; k < 2; k++) {
        optimiser_options with = options;
        optimiser *o = NULL;
        with.clip = 5;
        assert_ok(optimiser_new(s[k], &with, &o, error));
        for (int64_t i = 0; i < parameter_number(s[k]); i++) {
            parameter *p = parameter_at(s[k], i);
            for (int64_t j = 0; p->grad && j < p->count; j++)
                p->grad[j] = (float)(j + 1) * 30;
        }
        double norm = gradient_norm(s[k]);
        assert_true(norm > 5);
        for (int64_t i = 0; k == 1 && i < parameter_trainable_count(s[k]); i++)
            parameter_trainable_gradients(s[k])[i] *= (float)(4.999999 / norm);
        assert_ok(optimiser_step(o, 1, NULL, error));
        assert_ok(optimiser_step(o, 1, NULL, error));
        assert_near(o->first[0], 0.19 * 30 * 5 / norm, 1e-4);
        optimiser_free(o);
    }
    for (int64_t i = 0; i < parameter_trainable_count(s[0]); i++)
        assert_near(parameter_trainable_values(s[0])[i], parameter_trainable_values(s[1])[i], 1e-6);
    parameter_store_free(s[0]);
    parameter_store_free(s[1]);
}

static void test_guard(void **state)
{
    (void)state;
    parameter_store *s = store_new();
    optimiser *o = NULL;
    smac_error why = {0};
    assert_ok(optimiser_new(s, &options, &o, error));
    parameter_find(s, "a.bias")->grad[1] = NAN;
    assert_int_equal(optimiser_step(o, 1, NULL, &why), SMAC_ERROR_NUMERIC);
    assert_non_null(strstr(why.message, "a.bias"));
    assert_int_equal(o->step, 0);
    assert_near(parameter_find(s, "a.weight")->device_data[0], 0.5, 0);
    optimiser_free(o);
    parameter_store_free(s);
}

static void test_schedule(void **state)
{
    (void)state;
    assert_near(schedule_factor(SCHEDULE_CONSTANT, 0.1, 0, 100), 0.1, 1e-12);
    assert_near(schedule_factor(SCHEDULE_CONSTANT, 0.1, 8, 100), 0.9, 1e-12);
    assert_near(schedule_factor(SCHEDULE_CONSTANT, 0.1, 9, 100), 1, 1e-12);
    assert_near(schedule_factor(SCHEDULE_CONSTANT, 0.1, 99, 100), 1, 1e-12);
    assert_near(schedule_factor(SCHEDULE_LINEAR, 0.1, 10, 100), 1, 1e-12);
    assert_near(schedule_factor(SCHEDULE_LINEAR, 0.1, 55, 100), 0.5, 1e-12);
    assert_near(schedule_factor(SCHEDULE_LINEAR, 0, 0, 10), 1, 1e-12);
    assert_near(schedule_factor(SCHEDULE_COSINE, 0, 5, 10), 0.5, 1e-12);
    assert_true(schedule_factor(SCHEDULE_LINEAR, 0, 9, 10) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_hand), cmocka_unit_test(test_clip),
        cmocka_unit_test(test_guard), cmocka_unit_test(test_schedule)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
