/* Temperatures: found again where they are known, applied to predictions, kept in the model file; the calibration error. */
#include "support/folder.h"
#include "support/tiny.h"

#include "compute/parallel.h"
#include "pipeline/prediction.h"
#include "train/calibrate.h"

static void error_by_hand(void **state)
{
    (void)state;
    const float rows[] = {.9f, .1f, .9f, .1f, .6f, .4f, .55f, .45f}, truth[] = {0, 1, 0, 0};
    assert_near(calibration_error(rows, truth, 4, 2), (0.8 + 0.4 + 0.45) / 4, 1e-6);
    assert_true(isnan(calibration_error(rows, truth, 0, 2)));
}

/* Probabilities that are three times too sure. */
static void temperature_is_found(void **state)
{
    enum { COUNT = 4000, CLASSES = 3 };
    static float rows[COUNT * CLASSES], truth[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        double logits[CLASSES], sum = 0, sure = 0, u = (double)random_uniform_at(3, 1, (uint64_t)i);
        for (int c = 0; c < CLASSES; c++) {
            logits[c] = 1.5 * (double)random_normal_at(3, 2, (uint64_t)(i * CLASSES + c));
            sum += exp(logits[c]);
            sure += exp(3 * logits[c]);
        }
        int drawn = 0;
        for (double reached = exp(logits[0]) / sum; u > reached && drawn < CLASSES - 1;
             reached += exp(logits[drawn]) / sum)
            drawn++;
        truth[i] = (float)drawn;
        for (int c = 0; c < CLASSES; c++)
            rows[i * CLASSES + c] = (float)(exp(3 * logits[c]) / sure);
    }
    assert_near(temperature_fit(rows, truth, COUNT, CLASSES), 3, 0.2);
    assert_true(isnan(temperature_fit(rows, truth, CALIBRATION_LEAST - 1, CLASSES)));
}

static void unknown_sets(void **state)
{
    (void)state;
    task_calibration c = {.prediction = {[1] = 2, [2] = 8, [4] = 0}};
    assert_near(calibration_temperature(&c, 1), 2, 0);
    assert_near(calibration_temperature(&c, 3), 4, 1e-6); /* geometric mean of text and audio */
    assert_near(calibration_temperature(&c, 4), 1, 0);
    assert_near(calibration_head_temperature(&c, MODALITY_TEXT), 1, 0);
}

/* Fitted on a model's own clips, applied to its predictions, the same after saving and loading. */
static void a_model_is_calibrated(void **state)
{
    (void)state;
    enum { CLASSES = 3 };
    static tiny_data data;
    static run_configuration c;
    char folder[256], path[512];
    prediction before, after, loaded;
    folder_new(folder);
    tiny_configuration(&c);
    tiny_data_make(&data, CLASSES);
    for (int i = 0; i < TINY_CLIPS; i++)
        data.items[i].split = SPLIT_VALID;
    affect_model *m = tiny_affect_model(&c, &data), *again = NULL;
    const sample *one = &data.samples[0];
    assert_ok(affect_model_predict(m, &one, 1, NULL, &before, error));
    assert_ok(model_calibrate(m, &data.cache, NULL, error));
    const task_calibration *t = &m->calibration[0];
    for (int set = 1; set < MODALITY_SETS; set++)
        assert_true(t->prediction[set] > 0);
    for (int head = 0; head < MODALITIES_AND_SHARED; head++)
        assert_true(t->heads[head] > 0);
    assert_ok(affect_model_predict(m, &one, 1, NULL, &after, error));
    double temperature = (double)t->prediction[7], sum = 0;
    for (int k = 0; k < CLASSES; k++)
        sum += pow((double)before.tasks[0].prediction[k], 1 / temperature);
    for (int k = 0; k < CLASSES; k++)
        assert_near(
            after.tasks[0].prediction[k], pow((double)before.tasks[0].prediction[k], 1 / temperature) / sum, 1e-5);
    assert_ok(affect_model_save(m, file_in(folder, "m.safetensors", path), NULL, error));
    assert_ok(affect_model_load(path, NULL, &again, error));
    assert_memory_equal(again->calibration, m->calibration, sizeof m->calibration);
    assert_ok(affect_model_predict(again, &one, 1, NULL, &loaded, error));
    assert_memory_equal(loaded.tasks[0].own[MODALITY_TEXT], after.tasks[0].own[MODALITY_TEXT], CLASSES * sizeof(float));
    prediction_clear(&before);
    prediction_clear(&after);
    prediction_clear(&loaded);
    affect_model_free(m);
    affect_model_free(again);
    tiny_data_clear(&data);
    folder_remove(folder);
}

static void wrong_calibrations_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"[]", "{\"humor\": {}}", "{\"emotion\": {\"prediction\": {\"taste\": 1}}}",
        "{\"emotion\": {\"prediction\": {\"text\": 0}}}", "{\"emotion\": {\"heads\": {\"text\": \"1\"}}}",
        "{\"emotion\": {\"heads\": 1}}"};
    task_description task;
    task_calibration c[1];
    assert_ok(task_with_classes(&task, "emotion", "meld", 3, NULL, error));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *o = json_loads(wrong[i], 0, NULL);
        smac_error why = {0};
        assert_non_null(o);
        assert_int_equal(calibration_from_json(o, &task, 1, c, &why), SMAC_ERROR_FORMAT);
        json_decref(o);
    }
}

static int prepare(void **state)
{
    (void)state;
    parallel_set_threads(1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_by_hand),
        cmocka_unit_test(temperature_is_found),
        cmocka_unit_test(unknown_sets),
        cmocka_unit_test(a_model_is_calibrated),
        cmocka_unit_test(wrong_calibrations_are_refused),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
