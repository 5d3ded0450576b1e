/* Results by task: which values exist, how far modalities are apart, and means over predictions that lack some. */
#include <math.h>

#include "pipeline/prediction.h"
#include "support/check.h"

static task_description tasks[2];

static void make_tasks(void)
{
    assert_ok(task_regression(&tasks[0], "sentiment", "sims", -1, 1, error));
    assert_ok(task_with_classes(&tasks[1], "emotion", "", 3, (const char *[]){"joy", "anger", "neutral"}, error));
}

static void test_what_is_absent(void **state)
{
    (void)state;
    prediction p;
    make_tasks();
    assert_ok(prediction_new(tasks, 2, (bool[]){false, false, false}, &p, error));
    assert_null(p.tasks[0].prediction);
    assert_null(p.tasks[1].own[MODALITY_SHARED]);
    assert_true(isnan(p.tasks[1].disagreement));
    prediction_clear(&p);
    assert_ok(prediction_new(tasks, 2, (bool[]){true, false, false}, &p, error));
    assert_non_null(p.tasks[1].prediction);
    assert_non_null(p.tasks[1].own[MODALITY_SHARED]);
    assert_null(p.tasks[1].own[MODALITY_AUDIO]);
    assert_true(isnan(task_disagreement(&tasks[0], &p.tasks[0]))); /* one modality alone disagrees with nobody */
    prediction_clear(&p);
    prediction_clear(&p);
}

static void test_disagreement(void **state)
{
    (void)state;
    prediction p;
    make_tasks();
    assert_ok(prediction_new(tasks, 2, (bool[]){true, true, true}, &p, error));
    const float scores[] = {-0.5f, 0.25f, 0};
    const float votes[3][3] = {{0.5f, 0.5f, 0}, {0, 0.5f, 0.5f}, {0.5f, 0.25f, 0.25f}};
    for (int m = 0; m < 3; m++) {
        p.tasks[0].own[m][0] = scores[m];
        for (int c = 0; c < 3; c++)
            p.tasks[1].own[m][c] = votes[m][c];
    }
    assert_near(task_disagreement(&tasks[0], &p.tasks[0]), 0.375, 1e-7);
    assert_near(task_disagreement(&tasks[1], &p.tasks[1]), 0.5, 1e-7);
    prediction_clear(&p);
}

static void test_mean(void **state)
{
    (void)state;
    prediction all[3], mean;
    prediction_total total;
    make_tasks();
    assert_ok(prediction_new(tasks, 2, (bool[]){true, true, false}, &all[0], error));
    assert_ok(prediction_new(tasks, 2, (bool[]){false, true, false}, &all[1], error));
    assert_ok(prediction_new(tasks, 2, (bool[]){false, false, false}, &all[2], error));
    all[0].tasks[0].prediction[0] = 0.5f;
    all[0].tasks[0].own[MODALITY_TEXT][0] = 1;
    all[0].tasks[0].own[MODALITY_AUDIO][0] = 0.5f;
    all[0].tasks[0].disagreement = 0.25f;
    all[1].tasks[0].prediction[0] = -0.25f;
    all[1].tasks[0].own[MODALITY_AUDIO][0] = -1;
    assert_ok(prediction_total_new(tasks, 2, &total, error));
    for (int i = 0; i < 3; i++)
        prediction_total_add(&total, &all[i], 2);
    assert_ok(prediction_total_mean(&total, &mean, error));
    assert_near(mean.tasks[0].prediction[0], 0.125, 1e-7);
    assert_near(mean.tasks[0].own[MODALITY_TEXT][0], 1, 1e-7);
    assert_near(mean.tasks[0].own[MODALITY_AUDIO][0], -0.25, 1e-7);
    assert_null(mean.tasks[0].own[MODALITY_VISION]);
    assert_near(mean.tasks[0].disagreement, 0.25, 1e-7);
    prediction_clear(&mean);
    prediction_total_add(&total, &all[0], 2); /* it weighs twice as much now */
    assert_ok(prediction_total_mean(&total, &mean, error));
    assert_near(mean.tasks[0].prediction[0], 0.25, 1e-7);
    assert_near(mean.tasks[0].own[MODALITY_AUDIO][0], 0, 1e-7);
    prediction_clear(&mean);
    prediction_total_clear(&total);
    for (int i = 0; i < 3; i++)
        prediction_clear(&all[i]);
    assert_ok(prediction_total_new(tasks, 2, &total, error));
    assert_ok(prediction_total_mean(&total, &mean, error));
    assert_null(mean.tasks[0].prediction);
    prediction_clear(&mean);
    prediction_total_clear(&total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_absent),
        cmocka_unit_test(test_disagreement),
        cmocka_unit_test(test_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
