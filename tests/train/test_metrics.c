/* Metrics: the test vectors of the reference implementations, edges, and `score` on files. */
#include "support/folder.h"

#include "train/metrics.h"

static const float mosi_p[] = {2.5f, -1.5f, 0.5f, 0.0f, -0.4f, 3.7f, -2.6f, 1.5f, -0.2f, 0.7f};
static const float mosi_t[] = {3.0f, -2.0f, 0.0f, 0.0f, 0.4f, 2.8f, -3.0f, 1.6f, -0.5f, -0.6f};
static const float sims_p[] = {0.9f, -0.7f, 0.1f, 0.0f, -0.1f, 1.4f, -0.65f, 0.3f, -0.2f, 0.75f};
static const float sims_t[] = {1.0f, -0.8f, 0.0f, 0.2f, -0.2f, 0.8f, -0.6f, 0.4f, -0.4f, -0.6f};

static void expect(const metric_list *list, const char *name, double value)
{
    double found = metric_value(list, name);
    if (!(fabs(found - value) <= 6e-5))
        fail_msg("%s is %.6f, expected %.4f", name, found, value);
}

static void test_mosi(void **state)
{
    (void)state;
    metric_list m;
    assert_ok(metrics_scores("mosi", mosi_p, mosi_t, 10, &m, error));
    expect(&m, "Has0_acc_2", .8);
    expect(&m, "Has0_F1_score", .8);
    expect(&m, "Non0_acc_2", .75);
    expect(&m, "Non0_F1_score", .75);
    expect(&m, "Mult_acc_5", .9);
    expect(&m, "Mult_acc_7", .8);
    expect(&m, "MAE", .53);
    expect(&m, "Corr", .945);
}

static void test_sims(void **state)
{
    (void)state;
    metric_list m;
    assert_ok(metrics_scores("sims", sims_p, sims_t, 10, &m, error));
    expect(&m, "Mult_acc_2", .7);
    expect(&m, "Mult_acc_3", .8);
    expect(&m, "Mult_acc_5", .8);
    expect(&m, "F1_score", .703);
    expect(&m, "MAE", .25);
    expect(&m, "Corr", .7381);
    assert_true(isnan(metric_value(&m, "R_square")));
    assert_ok(metrics_scores("simsv2", sims_p, sims_t, 10, &m, error));
    /* weak clips: t = 0, .2, -.2, .4, -.4 with p = .1, 0, -.1, .3, -.2: classes 0 1 0 1 0 against 1 0 0 1 0 */
    expect(&m, "Mult_acc_2_weak", .6);
    assert_true(metric_value(&m, "R_square") < 1);
}

static void test_classes(void **state)
{
    (void)state;
    const int32_t p[] = {0, 0, 1, 1, 1, 0}, t[] = {0, 1, 1, 1, 2, 0};
    metric_list m;
    assert_ok(metrics_classes(3, p, t, 6, &m, error));
    expect(&m, "accuracy", 4 / 6.0);
    /* F1: class 0 2*(2/3)*1/(5/3) = .8, class 1 2/3, class 2 0; supports 2, 3, 1 */
    expect(&m, "weighted_F1", .8 * 2 / 6 + 2.0 / 3 * 3 / 6);
    expect(&m, "weighted_recall", 4 / 6.0);
    expect(&m, "unweighted_recall", (1 + 2.0 / 3 + 0) / 3);
    smac_error why = {0};
    assert_int_equal(metrics_classes(2, p, t, 6, &m, &why), SMAC_ERROR_ARGUMENT);
}

static void test_edges(void **state)
{
    (void)state;
    metric_list m;
    const float same[] = {1, 1, 1}, zero[] = {0, 0, 0}, bad[] = {1, NAN, 1};
    smac_error why = {0};
    assert_ok(metrics_scores("mosi", same, same, 3, &m, error));
    assert_true(isnan(metric_value(&m, "Corr")));
    assert_ok(metrics_scores("mosi", same, zero, 3, &m, error));
    assert_true(isnan(metric_value(&m, "Non0_acc_2"))); /* no clip is left */
    assert_int_equal(metrics_scores("mosi", bad, same, 3, &m, &why), SMAC_ERROR_NUMERIC);
    assert_ok(metrics_scores("mosi", NULL, NULL, 0, &m, error));
    assert_int_equal(m.count, 0);
    task_description task;
    assert_ok(task_with_classes(&task, "emotion", "meld", 2, NULL, error));
    const float scores[] = {.2f, .8f, .9f, .1f, .5f, .5f}, truth[] = {1, NAN, 0};
    assert_ok(metrics_for_task(&task, scores, truth, 3, &m, error));
    expect(&m, "accuracy", 1); /* the row without truth is left out; a tie goes to the smaller class */
    bool less;
    assert_string_equal(metric_for_validation(&task, &less), "weighted_F1");
    assert_false(less);
}

static void test_score(void **state)
{
    (void)state;
    char folder[256], truth[512], predictions[512], text[2000] = "id,value\n", other[2000] = "id,value\n";
    folder_new(folder);
    file_in(folder, "t.csv", truth);
    file_in(folder, "p.csv", predictions);
    for (int i = 0; i < 10; i++) {
        snprintf(text + strlen(text), 100, "c%d,%g\n", i, (double)mosi_t[i]);
        snprintf(other + strlen(other), 100, "c%d,%g\n", 9 - i, (double)mosi_p[9 - i]); /* another order */
    }
    write_text(folder, "t.csv", text);
    write_text(folder, "p.csv", other);
    metric_list m;
    int64_t n = 0;
    score_options options = {truth, predictions, "mosi"};
    assert_ok(score_files(&options, &m, &n, error));
    assert_int_equal(n, 10);
    expect(&m, "Mult_acc_7", .8);
    smac_error why = {0};
    options.protocol = "nonsense";
    assert_int_equal(score_files(&options, &m, &n, &why), SMAC_ERROR_ARGUMENT);
    write_text(folder, "p.csv", "id,value\nc0,1\n");
    options.protocol = "mosi";
    assert_int_equal(score_files(&options, &m, &n, &why), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(why.message, "9 ids"));
    write_text(folder, "t.csv", "id,label\na,joy\nb,anger\nc,joy\n");
    write_text(folder, "p.csv", "id,prediction\na,joy\nb,joy\nc,disgust\n");
    options.protocol = "meld";
    assert_ok(score_files(&options, &m, &n, error));
    expect(&m, "accuracy", 1 / 3.0);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mosi), cmocka_unit_test(test_sims),
        cmocka_unit_test(test_classes), cmocka_unit_test(test_edges), cmocka_unit_test(test_score)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
