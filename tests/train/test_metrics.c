/* Metrics: the test vectors of the reference implementations, edges, and `score` on files. */
#include "support/folder.h"

#include "train/score.h"

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
    expect(&m, "R_square", .412544);
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
    /* a class that only the predictions have counts in the macro average, with F1 0 (scikit-learn: .555556) */
    const int32_t truth[] = {0, 1, 0, 1}, predicted[] = {0, 1, 0, 2};
    assert_ok(metrics_classes(3, predicted, truth, 4, &m, error));
    expect(&m, "macro_F1", (1 + 2.0 / 3 + 0) / 3);
    expect(&m, "unweighted_recall", .75);
}

static void test_r_square(void **state)
{
    (void)state;
    metric_list m;
    const float t[] = {-1, -.5f, .5f, 1}, p[] = {-.5f, -.5f, .5f, .5f}, constant[] = {.5f, .5f, .5f, .5f};
    assert_ok(metrics_scores("simsv2", p, t, 4, &m, error));
    expect(&m, "R_square", 1 - .5 / 2.5);
    assert_ok(metrics_scores("simsv2", t, t, 4, &m, error));
    expect(&m, "R_square", 1);
    assert_ok(metrics_scores("simsv2", p, constant, 4, &m, error));
    expect(&m, "R_square", 0); /* as scikit-learn: no variance to explain */
    assert_ok(metrics_scores("simsv2", constant, constant, 4, &m, error));
    expect(&m, "R_square", 1);
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

/* --- files -------------------------------------------------------------------------------------------------------- */

typedef struct score_folder {
    char folder[256], truth[512], predictions[512], other[512];
} score_folder;

static void score_folder_open(score_folder *f)
{
    folder_new(f->folder);
    file_in(f->folder, "t.csv", f->truth);
    file_in(f->folder, "p.csv", f->predictions);
    file_in(f->folder, "q.csv", f->other);
}

static void test_score_numbers(void **state)
{
    (void)state;
    score_folder f;
    char text[2000] = "id,value\n", other[2000] = "id,value\n";
    score_folder_open(&f);
    for (int i = 0; i < 10; i++) {
        snprintf(text + strlen(text), 100, "c%d,%g\n", i, (double)mosi_t[i]);
        snprintf(other + strlen(other), 100, "c%d,%g\n", 9 - i, (double)mosi_p[9 - i]); /* another order */
    }
    write_text(f.folder, "t.csv", text);
    write_text(f.folder, "p.csv", other);
    score_result r;
    score_options options = {.truth = f.truth, .predictions = f.predictions, .protocol = "mosi"};
    assert_ok(score_files(&options, &r, error));
    assert_int_equal(r.clips, 10);
    assert_int_equal(r.folds, 1);
    expect(&r.metrics, "Mult_acc_7", .8);
    smac_error why = {0};
    options.protocol = "nonsense";
    assert_int_equal(score_files(&options, &r, &why), SMAC_ERROR_ARGUMENT);
    write_text(f.folder, "p.csv", "id,value\nc0,1\n");
    options.protocol = "mosi";
    assert_int_equal(score_files(&options, &r, &why), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(why.message, "9 ids"));
    write_text(f.folder, "t.csv", "id,value\nc0,nan\n");
    assert_int_equal(score_files(&options, &r, &why), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(why.message, "line 2"));
    folder_remove(f.folder);
}

static void test_score_classes(void **state)
{
    (void)state;
    score_folder f;
    score_folder_open(&f);
    write_text(f.folder, "t.csv", "id,label\na,joy\nb,anger\nc,joy\n");
    write_text(f.folder, "p.csv", "id,prediction\na,joy\nb,joy\nc,disgust\n");
    score_result r;
    score_options options = {.truth = f.truth, .predictions = f.predictions, .protocol = "meld"};
    assert_ok(score_files(&options, &r, error));
    expect(&r.metrics, "accuracy", 1 / 3.0);
    expect(&r.metrics, "weighted_F1", 1 / 3.0);
    expect(&r.metrics, "macro_F1", .5 / 3); /* disgust, which only the predictions name, is a class too */
    write_text(f.folder, "t.csv", "id,label\na,0\nb,1\nc,0\nd,1\n");
    write_text(f.folder, "p.csv", "id,label\na,0\nb,1.0\nc,0\nd,2\n"); /* 1 and 1.0 are one class */
    assert_ok(score_files(&options, &r, error));
    expect(&r.metrics, "macro_F1", .55556);
    write_text(f.folder, "p.csv", "id,label\na,0\nb,\nc,0\nd,2\n");
    smac_error why = {0};
    assert_int_equal(score_files(&options, &r, &why), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(why.message, "line 3"));
    folder_remove(f.folder);
}

/* MUStARD: each fold by itself, then the mean (scikit-learn of it). */
static void test_score_folds(void **state)
{
    (void)state;
    score_folder f;
    score_folder_open(&f);
    write_text(f.folder, "t.csv", "id,label,fold\na,0,0\nb,1,0\nc,1,0\nd,0,1\ne,1,1\nf,0,1\ng,1,1\n");
    write_text(f.folder, "p.csv", "id,label\na,0\nb,1\nc,0\nd,1\ne,1\nf,0\ng,1\n");
    score_result r;
    score_options options = {.truth = f.truth, .predictions = f.predictions, .protocol = "mustard"};
    assert_ok(score_files(&options, &r, error));
    assert_int_equal(r.folds, 2);
    expect(&r.metrics, "weighted_precision", .8333333);
    expect(&r.metrics, "weighted_recall", .7083333);
    expect(&r.metrics, "weighted_F1", .7);
    folder_remove(f.folder);
}

static void test_score_comparison(void **state)
{
    (void)state;
    score_folder f;
    char truth[3000] = "id,value\n", first[3000] = "id,value\n", other[3000] = "id,value\n";
    score_folder_open(&f);
    for (int i = 0; i < 60; i++) {
        double t = (i * 7 % 13 - 6) / 2.0;
        snprintf(truth + strlen(truth), 40, "%d,%g\n", i, t);
        snprintf(first + strlen(first), 40, "%d,%g\n", i, t + (i % 5 - 2) * .1);
        snprintf(other + strlen(other), 40, "%d,%g\n", i, t + (i % 3 - 1) * .9);
    }
    write_text(f.folder, "t.csv", truth);
    write_text(f.folder, "p.csv", first);
    write_text(f.folder, "q.csv", other);
    score_result r, again;
    score_options options = {.truth = f.truth,
        .predictions = f.predictions,
        .against = f.other,
        .protocol = "mosei",
        .resampling = {400, .95, 1}};
    assert_ok(score_files(&options, &r, error));
    assert_true(r.has_comparison);
    expect(&r.metrics, "MAE", .12);
    expect(&r.comparison.metrics, "MAE", .6);
    for (int i = 0; i < r.metrics.count; i++) {
        if (strcmp(r.metrics.items[i].name, "MAE") != 0)
            continue;
        assert_true(r.intervals[i].low > .09 && r.intervals[i].low < .12);
        assert_true(r.intervals[i].high > .12 && r.intervals[i].high < .15);
        assert_true(r.comparison.difference[i].high < -.3 && r.comparison.difference[i].low > -.65);
    }
    assert_string_equal(r.comparison.loss, "absolute error");
    assert_true(r.comparison.sign_flip_p < .01 && r.comparison.wilcoxon_p < .01);
    assert_ok(score_files(&options, &again, error));
    assert_memory_equal(&r.intervals, &again.intervals, (size_t)r.metrics.count * sizeof *r.intervals);
    options.against = f.predictions;
    assert_ok(score_files(&options, &r, error));
    assert_near(r.comparison.sign_flip_p, 1, 0);
    folder_remove(f.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mosi), cmocka_unit_test(test_sims),
        cmocka_unit_test(test_classes), cmocka_unit_test(test_r_square), cmocka_unit_test(test_edges),
        cmocka_unit_test(test_score_numbers), cmocka_unit_test(test_score_classes), cmocka_unit_test(test_score_folds),
        cmocka_unit_test(test_score_comparison)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
