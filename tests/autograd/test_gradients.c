/*
 * tests/autograd/test_gradients.c - gradients of every case against finite differences.
 *
 * The loss is the sum of the result times fixed numbers, in double.  Fourth-order differences
 * (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h with h = 0.02 leave about 1e-5 of rounding.
 */
#include "support/check.h"

#include "autograd/cases.h"

static const tape_options recording = {.record = true, .training = true, .seed = 3, .step = 4};
static const tape_options plain = {.record = false, .training = true, .seed = 3, .step = 4};

static double loss_at(const op_case *c, tape *t, float *const *values)
{
    value *in[CASE_INPUTS];
    tape_reset(t, &plain);
    value *out = case_run(c, t, false, values, in, NULL);
    smac_error error = {0};
    if (tape_status(t, &error) != SMAC_OK)
        fail_msg("%s (%s): %s", c->operation, c->variant, error.message);
    double sum = 0;
    for (int64_t i = 0; i < out->count; i++)
        sum += (double)out->device_data[i] * case_weight(i);
    return sum;
}

static double difference_at(const op_case *c, tape *t, float *const *values, float *x)
{
    const float h = 0.02f, at = *x;
    double f[4];
    const float move[4] = {h, -h, 2 * h, -2 * h};
    for (int i = 0; i < 4; i++) {
        *x = at + move[i];
        f[i] = loss_at(c, t, values);
    }
    *x = at;
    return (8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * h);
}

static double check_case(const op_case *c, tape *t, tape *other)
{
    value *in[CASE_INPUTS], *loss = NULL;
    smac_error error = {0};
    tape_reset(t, &recording);
    case_run(c, t, false, NULL, in, &loss);
    if (tape_backward(t, loss, 1, &error) != SMAC_OK)
        fail_msg("%s (%s): %s", c->operation, c->variant, error.message);
    float *values[CASE_INPUTS] = {0};
    for (int i = 0; i < c->inputs; i++) {
        values[i] = malloc((size_t)in[i]->count * sizeof(float));
        memcpy(values[i], in[i]->device_data, (size_t)in[i]->count * sizeof(float));
    }
    double worst = 0;
    for (int i = 0; i < c->inputs; i++) {
        if (in[i]->grad == NULL)
            fail_msg("%s (%s): input %d got no gradient", c->operation, c->variant, i);
        double largest = 0.05, wrong = 0;
        for (int64_t j = 0; j < in[i]->count; j++) {
            double found = in[i]->grad[j], expected = difference_at(c, other, values, values[i] + j);
            largest = fmax(largest, fabs(expected));
            wrong = fmax(wrong, isfinite(found) ? fabs(found - expected) : INFINITY);
        }
        double tolerance = c->tolerance > 0 ? c->tolerance : 5e-4;
        if (!(wrong / largest <= tolerance))
            fail_msg(
                "%s (%s): the gradient of input %d is off by %g of %g", c->operation, c->variant, i, wrong, largest);
        worst = fmax(worst, wrong / largest);
    }
    for (int i = 0; i < c->inputs; i++)
        free(values[i]);
    return worst;
}

static void test_every_case(void **state)
{
    (void)state;
    tape *t = tape_new(NULL), *other = tape_new(NULL);
    double worst = 0;
    for (int i = 0; i < op_case_count; i++) {
        double error = check_case(&op_cases[i], t, other);
        if (error > worst)
            print_message("%s (%s): relative error %.1e\n", op_cases[i].operation, op_cases[i].variant, worst = error);
    }
    tape_free(t);
    tape_free(other);
}

static int check_header(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char line[512];
    int found = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "value *op_", 10) != 0)
            continue;
        char name[64] = {0};
        sscanf(line + 7, "%63[a-z0-9_]", name);
        bool there = false;
        for (int i = 0; i < op_case_count && !there; i++)
            there = strcmp(op_cases[i].operation, name) == 0;
        if (!there)
            fail_msg("%s has no case in tests/autograd/cases.c", name);
        found++;
    }
    fclose(file);
    return found;
}

/* Every op_ function that the headers declare is in the table. */
static void test_table_is_complete(void **state)
{
    (void)state;
    assert_true(check_header(SMAC_SOURCE_DIR "/src/autograd/ops.h") > 25);
    assert_true(check_header(SMAC_SOURCE_DIR "/src/autograd/ops_encoder.h") > 0);
    assert_true(check_header(SMAC_SOURCE_DIR "/src/autograd/ops_vision.h") > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_case), cmocka_unit_test(test_table_is_complete)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
