/*
 * tests/train/test_statistics.c - intervals and tests against SciPy 1.15.3:
 *   wilcoxon(d, method="exact" | "approx", correction=False).pvalue
 *   permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
 */
#include "support/check.h"

#include "train/statistics.h"

static void mean_of(const double *x, const int64_t *rows, int64_t count, double *out)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += x[rows[i]] / (double)count;
    *out = sum;
}

static smac_status two_figures(void *user, const int64_t *rows, int64_t count, double *figures, smac_error *error)
{
    (void)error;
    mean_of(user, rows, count, &figures[0]);
    figures[1] = rows[0] % 2 ? NAN : 7;
    return SMAC_OK;
}

static smac_status failing_figure(void *user, const int64_t *rows, int64_t count, double *figures, smac_error *error)
{
    (void)user;
    (void)rows;
    (void)count;
    (void)figures;
    return FAIL(error, SMAC_ERROR_NUMERIC, "no figure");
}

static void intervals_cover_the_mean(void **state)
{
    (void)state;
    enum { CLIPS = 400 };
    double x[CLIPS];
    for (int i = 0; i < CLIPS; i++)
        x[i] = (i * 37 % CLIPS) / (double)CLIPS; /* uniform: deviation 1 / sqrt(12), of the mean .01443 */
    figure_interval all[2], again[2];
    resampling how = {2000, 0.95, 5};
    assert_ok(bootstrap_intervals(&how, CLIPS, two_figures, x, 2, all, error));
    assert_near(all[0].low, 0.49875 - 1.96 * 0.01443, 0.003);
    assert_near(all[0].high, 0.49875 + 1.96 * 0.01443, 0.003);
    assert_int_equal(all[0].defined, 2000);
    assert_true(all[1].defined > 800 && all[1].defined < 1200 && all[1].low == 7 && all[1].high == 7);
    assert_ok(bootstrap_intervals(&how, CLIPS, two_figures, x, 2, again, error));
    assert_memory_equal(all, again, sizeof all);
    how.seed = 6;
    assert_ok(bootstrap_intervals(&how, CLIPS, two_figures, x, 2, again, error));
    assert_true(all[0].low != again[0].low);
    smac_error why = {0};
    assert_int_equal(bootstrap_intervals(&how, CLIPS, failing_figure, x, 1, all, &why), SMAC_ERROR_NUMERIC);
    assert_int_equal(bootstrap_intervals(&how, 0, two_figures, x, 2, all, &why), SMAC_ERROR_ARGUMENT);
    how.level = 1;
    assert_int_equal(bootstrap_intervals(&how, CLIPS, two_figures, x, 2, all, &why), SMAC_ERROR_ARGUMENT);
}

static const double few[] = {1.5, -0.5, 2.25, 0.75, -1.0, 3.5, 0.25, -0.125, 4.0, 2.0};

static void flips_are_counted_exactly(void **state)
{
    (void)state;
    resampling how = {20000, 0.95, 3};
    assert_near(sign_flip_test(few, 10, &how), 0.046875, 1e-12);
    double zeros[40] = {0}, many[40];
    memcpy(zeros, few, sizeof few); /* clips without a difference change nothing */
    assert_near(sign_flip_test(zeros, 40, &how), 0.046875, 1e-12);
    for (int i = 0; i < 40; i++)
        many[i] = i % 4 ? 0.5 + i * 0.01 : -0.6 - i * 0.02; /* more than are counted one by one */
    double p = sign_flip_test(many, 40, &how);
    assert_near(p, 0.021449892750536246, 0.005);
    assert_true(p == sign_flip_test(many, 40, &how));
    assert_near(sign_flip_test(zeros + 10, 5, &how), 1, 0);
    assert_true(isnan(sign_flip_test(few, 0, &how)));
}

static void ranks_are_scipys(void **state)
{
    (void)state;
    double p, ties[60];
    assert_ok(wilcoxon_test(few, 10, &p, error));
    assert_near(p, 0.064453125, 1e-12);
    for (int i = 0; i < 60; i++)
        ties[i] = (i * 7 % 11 - 4) / 2.0; /* ties and zeros */
    assert_ok(wilcoxon_test(ties, 60, &p, error));
    assert_near(p, 0.020689043721346168, 1e-12);
    double zeros[3] = {0};
    assert_ok(wilcoxon_test(zeros, 3, &p, error));
    assert_near(p, 1, 0);
    assert_ok(wilcoxon_test(zeros, 0, &p, error));
    assert_true(isnan(p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(intervals_cover_the_mean),
        cmocka_unit_test(flips_are_counted_exactly), cmocka_unit_test(ranks_are_scipys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
