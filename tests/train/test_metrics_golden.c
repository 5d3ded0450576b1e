/*
 * tests/train/test_metrics_golden.c - metrics against NumPy and scikit-learn on random cases with ties, constants,
 * missing classes and half-way values (tools/golden/metrics.py).  Every metric has the same bits but Corr, which NumPy
 * sums through BLAS: a few units in the last place.  SMAC_METRIC_CASES: another file of cases.
 */
#include "support/golden.h"

#include "train/metrics.h"
#include "weights/tensor_file.h"

#define CORR_APART 1e-14 /* largest seen in 10 000 cases: 6e-15 */

static const char *const mosi_names[] = {
    "Has0_acc_2", "Has0_F1_score", "Non0_acc_2", "Non0_F1_score", "Mult_acc_5", "Mult_acc_7", "MAE", "Corr"};
static const char *const sims_names[] = {
    "Mult_acc_2", "Mult_acc_3", "Mult_acc_5", "F1_score", "MAE", "Corr", "Mult_acc_2_weak", "R_square"};
static const char *const class_names[] = {
    "accuracy", "weighted_F1", "weighted_precision", "weighted_recall", "macro_F1", "unweighted_recall"};

static tensor_file *file;
static double worst;

/* A copy of a tensor's data; free it. */
static void *data_of(const char *name, int64_t *rows)
{
    const tensor_entry *e = tensor_file_find(file, name);
    assert_non_null(e);
    if (rows)
        *rows = e->dim[0];
    void *copy = malloc(e->bytes + 1);
    memcpy(copy, e->data, e->bytes);
    return copy;
}

static void compare(
    const metric_list *list, const char *const *names, int count, const double *expected, int64_t number)
{
    for (int i = 0; i < count; i++) {
        double found = metric_value(list, names[i]), limit = 0;
        if (isnan(expected[i]) && isnan(found))
            continue;
        if (strcmp(names[i], "Corr") == 0) {
            limit = CORR_APART;
            worst = fmax(worst, fabs(found - expected[i]));
        }
        if (!(fabs(found - expected[i]) <= limit))
            fail_msg("case %lld: %s is %.17g, expected %.17g", (long long)number, names[i], found, expected[i]);
    }
}

static void scores_are_the_references(void **state)
{
    (void)state;
    int64_t cases;
    double *mosi = data_of("mosi", &cases), *sims = data_of("simsv2", NULL);
    float *p = data_of("prediction", NULL), *t = data_of("truth", NULL);
    int64_t *offset = data_of("offset", NULL);
    for (int64_t i = 0; i < cases; i++) {
        metric_list list;
        int64_t n = offset[i + 1] - offset[i];
        assert_ok(metrics_scores("mosi", p + offset[i], t + offset[i], n, &list, error));
        compare(&list, mosi_names, 8, mosi + 8 * i, i);
        assert_ok(metrics_scores("simsv2", p + offset[i], t + offset[i], n, &list, error));
        compare(&list, sims_names, 8, sims + 8 * i, i);
    }
    print_message("# %lld cases, Corr at most %.2g apart\n", (long long)cases, worst);
    free(mosi);
    free(sims);
    free(p);
    free(t);
    free(offset);
}

static void classes_are_the_references(void **state)
{
    (void)state;
    int64_t cases;
    double *expected = data_of("classes", &cases);
    int32_t *p = data_of("class_prediction", NULL), *t = data_of("class_truth", NULL);
    int64_t *offset = data_of("class_offset", NULL);
    for (int64_t i = 0; i < cases; i++) {
        metric_list list;
        assert_ok(metrics_classes(12, p + offset[i], t + offset[i], offset[i + 1] - offset[i], &list, error));
        compare(&list, class_names, 6, expected + 6 * i, i);
    }
    free(expected);
    free(p);
    free(t);
    free(offset);
}

static int open_cases(void **state)
{
    (void)state;
    const char *other = getenv("SMAC_METRIC_CASES");
    if (other)
        return tensor_file_open(other, &file, NULL) != SMAC_OK;
    file = golden_open("train", "metrics");
    return 0;
}

static int close_cases(void **state)
{
    (void)state;
    tensor_file_close(file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_the_references), cmocka_unit_test(classes_are_the_references)};
    return cmocka_run_group_tests(tests, open_cases, close_cases);
}
