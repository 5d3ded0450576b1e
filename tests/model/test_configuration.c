/* Configuration: defaults as documented, ranges, choices, nearest names, JSON and text both ways. */
#include "support/check.h"

#include "base/file.h"
#include "model/configuration.h"
#include "model/task.h"

static void defaults_are_the_method(void **state)
{
    (void)state;
    configuration c;
    configuration_defaults(&c);
    assert_int_equal(c.model.width, 256);
    assert_int_equal(c.model.heads, 8);
    assert_int_equal(c.model.head_width, 32);
    assert_int_equal(c.perceiver.latents, 16);
    assert_int_equal(c.perceiver.layers, 2);
    assert_int_equal(c.interaction.queries, 4);
    assert_int_equal(c.interaction.layers, 2);
    assert_int_equal(c.interaction.gate, GATE_BOTH);
    assert_int_equal(c.labels.neighbours, 20);
    assert_true(c.labels.temperature == 0.1 && c.contrast.tau_intra == 0.5 && c.contrast.tau_inter == 0.1);
    assert_true(c.loss.specific == 0.5 && c.loss.shared == 0.5 && c.loss.intra == 0.1 && c.loss.inter == 0.1);
    assert_true(c.train.rate == 5e-4 && c.train.language_rate == 2e-5 && c.train.weight_decay == 1e-3);
    assert_true(c.train.clip == 5 && c.train.warmup == 0.1 && c.train.modality_dropout == 0.1);
    assert_true(c.contrast.sigma_fraction == 1.0 / 12);
    assert_int_equal(configuration_batch(&c, 4999), 32);
    assert_int_equal(configuration_batch(&c, 5000), 64);
    assert_int_equal(configuration_check(&c, NULL), SMAC_OK);
}

static void every_default_is_within_its_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < configuration_key_count(); i++) {
        const configuration_key *key = configuration_key_at(i);
        configuration c;
        smac_error error = {0};
        char text[CONFIGURATION_TEXT_MAX], again[CONFIGURATION_TEXT_MAX];
        configuration_defaults(&c);
        if (configuration_set(&c, key->name, key->initial, &error) != SMAC_OK)
            fail_msg("%s", error.message);
        assert_true(configuration_get(&c, key->name, text));
        assert_int_equal(configuration_set(&c, key->name, text, &error), SMAC_OK);
        assert_true(configuration_get(&c, key->name, again));
        assert_string_equal(text, again);
        assert_true(strchr(key->name, '.') != NULL);
        for (size_t j = 0; j < i; j++) { /* no name and no place twice */
            assert_string_not_equal(key->name, configuration_key_at(j)->name);
            assert_int_not_equal(key->offset, configuration_key_at(j)->offset);
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
    assert_int_equal(configuration_set(&c, "labels.scheme", "magic", &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "generated, self_mm, multimodal or true"));
    assert_int_equal(configuration_set(&c, "labels.scheme", "gen", &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(configuration_set(&c, "train.check_finite", "maybe", &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(configuration_set_assignment(&c, "model.width", &error), SMAC_ERROR_ARGUMENT);
    assert_int_equal(configuration_set_assignment(&c, "=3", &error), SMAC_ERROR_ARGUMENT);
    assert_memory_equal(&c, &before, sizeof c);
    char longest[CONFIGURATION_TEXT_MAX + 1];
    memset(longest, 'a', sizeof longest);
    longest[CONFIGURATION_TEXT_MAX] = 0;
    assert_int_equal(configuration_set(&c, "text.encoder", longest, &error), SMAC_ERROR_ARGUMENT);
    longest[CONFIGURATION_TEXT_MAX - 1] = 0;
    assert_int_equal(configuration_set(&c, "text.encoder", longest, &error), SMAC_OK);
    c.model.text = c.model.audio = c.model.vision = false;
    assert_int_equal(configuration_check(&c, &error), SMAC_ERROR_ARGUMENT);
}

static void json_goes_both_ways(void **state)
{
    (void)state;
    configuration c, back;
    smac_error error;
    configuration_defaults(&c);
    configuration_set(&c, "labels.scheme", "self_mm", NULL);
    configuration_set(&c, "train.rate", "0.00012345678901234567", NULL);
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

    json_t *flat = json_pack("{s:i, s:{s:f, s:b}}", "model.width", 64, "labels", "mix", 0.25, "clipwise", 1);
    assert_int_equal(configuration_from_json(&back, flat, &error), SMAC_OK);
    assert_true(back.model.width == 64 && back.labels.mix == 0.25 && back.labels.clipwise);
    assert_true(configuration_label_mix(&back, 1) == 0.25);
    back.labels.mix_audio = 0.75;
    assert_true(configuration_label_mix(&back, 1) == 0.75);
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
    char *yaml = configuration_to_yaml(&c);
    assert_non_null(strstr(yaml, "  gate: tanh\n"));
    assert_non_null(strstr(yaml, "perceiver:\n"));
    free(yaml);
}

/* docs/configuration.md is what the table says; the fresh page is left in the build folder, to copy over. */
static void the_page_is_up_to_date(void **state)
{
    (void)state;
    char *made = configuration_to_markdown(), *page = NULL;
    size_t size = 0;
    assert_non_null(made);
    assert_ok(file_write(SMAC_BINARY_DIR "/configuration.md", made, strlen(made), error));
    assert_ok(file_read(SMAC_SOURCE_DIR "/docs/configuration.md", 0, &page, &size, error));
    if (strcmp(made, page) != 0)
        fail_msg("docs/configuration.md is not up to date: copy %s over it", SMAC_BINARY_DIR "/configuration.md");
    free(made);
    free(page);
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
        cmocka_unit_test(defaults_are_the_method),
        cmocka_unit_test(every_default_is_within_its_range),
        cmocka_unit_test(bad_settings_are_refused_with_reasons),
        cmocka_unit_test(json_goes_both_ways),
        cmocka_unit_test(the_page_is_up_to_date),
        cmocka_unit_test(tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
