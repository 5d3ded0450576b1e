/* The model's configuration: defaults, ranges, choices, nearest names, JSON both ways, older files. */
#include "support/check.h"

#include "base/modality.h"
#include "model/configuration.h"
#include "model/task.h"

static void every_default_is_within_its_range(void **state)
{
    (void)state;
    configuration c;
    settings_view view = {&configuration_table, &c};
    settings_views views = {&view, 1};
    setting_place place, other;
    configuration_defaults(&c);
    assert_int_equal(configuration_check(&c, NULL), SMAC_OK);
    for (size_t i = 0; settings_at(views, i, &place); i++) {
        char text[SETTINGS_TEXT_MAX], again[SETTINGS_TEXT_MAX];
        assert_ok(configuration_set(&c, place.name, place.setting->initial, error));
        assert_true(configuration_get(&c, place.name, text));
        assert_ok(configuration_set(&c, place.name, text, error));
        assert_true(configuration_get(&c, place.name, again));
        assert_string_equal(text, again);
        for (size_t k = 0; k < i && settings_at(views, k, &other); k++) { /* no name and no place twice */
            assert_string_not_equal(place.name, other.name);
            assert_ptr_not_equal(place.value, other.value);
        }
    }
}

static void bad_settings_are_refused_with_reasons(void **state)
{
    (void)state;
    configuration c, before;
    smac_error error;
    configuration_defaults(&c);
    before = c;
    assert_int_equal(configuration_set_assignment(&c, "perceiver.latent=4", &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "perceiver.latents"));
    assert_int_equal(configuration_set(&c, "latents", "4", &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "perceiver.latents"));
    assert_int_equal(configuration_set(&c, "model.dropout", "1.5", &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "from 0 to 0.99"));
    assert_int_equal(configuration_set(&c, "model.dropout", "nan", &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(configuration_set(&c, "model.width", "12.5", &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(configuration_set(&c, "model.width", "", &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(configuration_set(&c, "interaction.gate", "magic", &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "none, tanh, sigmoid or both"));
    assert_int_equal(configuration_set(&c, "interaction.gate", "sig", &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(configuration_set(&c, "model.text", "maybe", &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(configuration_set_assignment(&c, "model.width", &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(configuration_set_assignment(&c, "=3", &error), SMAC_ERROR_ARGUMENT);
    assert_memory_equal(&c, &before, sizeof c);
    char longest[CONFIGURATION_TEXT_MAX + 1];
    memset(longest, 'a', sizeof longest);
    longest[CONFIGURATION_TEXT_MAX] = 0;
    assert_int_equal(configuration_set(&c, "text.encoder", longest, &error), SMAC_ERROR_ARGUMENT);
    longest[CONFIGURATION_TEXT_MAX - 1] = 0;
    assert_int_equal(configuration_set(&c, "text.encoder", longest, &error), SMAC_OK);
    for (int m = 0; m < MODALITIES; m++) { /* a tower without layers is refused by its key */
        char name[40];
        snprintf(name, sizeof name, "%s.layers", modality_name((modality)m));
        assert_int_equal(configuration_set(&c, name, "0", &error), SMAC_ERROR_ARGUMENT);
        assert_non_null(strstr(error.message, name));
        assert_non_null(strstr(error.message, "from 1 to"));
    }
    c.model.text = c.model.audio = c.model.vision = false;
    assert_int_equal(configuration_check(&c, &error), SMAC_ERROR_ARGUMENT);
}

static void json_goes_both_ways(void **state)
{
    (void)state;
    configuration c, back;
    smac_error error;
    configuration_defaults(&c);
    configuration_set(&c, "model.dropout", "0.12345678901234567", NULL);
    configuration_set(&c, "text.encoder", "models/\"odd\" \\ name", NULL);
    configuration_set(&c, "interaction.gate", "tanh", NULL);
    json_t *object = configuration_to_json(&c);
    assert_non_null(object);
    char *dump = json_dumps(object, JSON_REAL_PRECISION(17));
    json_t *read = json_loads(dump, 0, NULL);
    configuration_defaults(&back);
    assert_int_equal(configuration_from_json(&back, read, &error), SMAC_OK);
    assert_memory_equal(&c, &back, sizeof c);
    free(dump);
    json_decref(object);
    json_decref(read);

    json_t *flat = json_pack("{s:i, s:{s:f, s:b}}", "model.width", 64, "model", "dropout", 0.25, "audio", 0);
    assert_int_equal(configuration_from_json(&back, flat, &error), SMAC_OK);
    assert_true(back.model.width == 64 && back.model.dropout == 0.25 && !back.model.audio);
    json_decref(flat);
    json_t *wrong = json_pack("{s:{s:i, s:i}}", "model", "width", 32, "widht", 32);
    configuration before = back;
    assert_int_equal(configuration_from_json(&back, wrong, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "model.width"));
    assert_memory_equal(&back, &before, sizeof back); /* all or nothing */
    json_decref(wrong);
    wrong = json_pack("{s:f}", "model.width", 1e300); /* no integer has room for it */
    assert_int_equal(configuration_from_json(&back, wrong, &error), SMAC_ERROR_ARGUMENT);
    json_decref(wrong);
}

/* A model file of format 1 has the run's keys beside the model's. */
static void old_files_are_read(void **state)
{
    (void)state;
    configuration c;
    configuration_defaults(&c);
    json_t *old = json_pack("{s:{s:i}, s:{s:i, s:f}, s:{s:f}, s:{s:i, s:f}, s:{s:b}, s:{s:f}}", "model", "width", 48,
        "contrast", "projection", 24, "tau_intra", 0.5, "labels", "mix", 0.5, "train", "epochs", 3, "language_rate",
        2e-5, "augment", "flip", 1, "loss", "intra", 0.1);
    assert_int_not_equal(configuration_from_json(&c, old, NULL), SMAC_OK);
    assert_ok(configuration_from_old_json(&c, old, error));
    assert_int_equal(c.model.width, 48);
    assert_int_equal(c.contrast.projection, 24);
    json_object_set_new(old, "nonsense", json_object());
    json_object_set_new(json_object_get(old, "model"), "widht", json_integer(3));
    assert_int_not_equal(configuration_from_old_json(&c, old, NULL), SMAC_OK);
    json_decref(old);
    assert_int_not_equal(configuration_from_old_json(&c, NULL, NULL), SMAC_OK);
}

static void tasks(void **state)
{
    (void)state;
    task_description task, back;
    smac_error error;
    assert_int_equal(task_regression(&task, "sentiment", "mosi", -3, 3, &error), SMAC_OK);
    assert_int_equal(task_targets(&task), 1);
    assert_int_equal(task_regression(&task, "sentiment", "mosi", 3, -3, &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(task_regression(&task, "a.b", "mosi", -3, 3, &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(task_with_classes(&task, "humor", "urfunny", 1, NULL, &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(
        task_with_classes(&task, "humor", "urfunny", 2, (const char *[]){"plain", "funny"}, &error), SMAC_OK);
    assert_int_equal(task_targets(&task), 2);
    json_t *object = task_to_json(&task);
    assert_int_equal(task_from_json(&back, object, &error), SMAC_OK);
    assert_memory_equal(&task, &back, sizeof task);
    json_object_set_new(object, "kind", json_string("ordinal"));
    assert_int_equal(task_from_json(&back, object, &error), SMAC_ERROR_FORMAT);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_within_its_range),
        cmocka_unit_test(bad_settings_are_refused_with_reasons),
        cmocka_unit_test(json_goes_both_ways),
        cmocka_unit_test(old_files_are_read),
        cmocka_unit_test(tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
