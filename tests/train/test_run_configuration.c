/* The configuration of a run: both parts as one set of names, presets, lists, renamed keys, the page. */
#include "support/check.h"

#include "base/file.h"
#include "train/configuration_file.h"

static run_configuration c, other;

static void the_preset_method_is_the_page(void **state)
{
    (void)state;
    run_configuration_defaults(&c);
    assert_ok(run_configuration_preset(&c, "method", error));
    assert_int_equal(c.model.model.width, 256);
    assert_int_equal(c.model.model.heads, 8);
    assert_int_equal(c.model.model.head_width, 32);
    assert_int_equal(c.model.perceiver.latents, 16);
    assert_int_equal(c.model.perceiver.layers, 2);
    assert_int_equal(c.model.interaction.queries, 4);
    assert_int_equal(c.model.interaction.layers, 2);
    assert_int_equal(c.model.interaction.gate, GATE_BOTH);
    assert_true(c.model.model.dropout == 0.1);
    assert_int_equal(c.run.labels.predictor, PREDICTOR_NEIGHBOURS);
    assert_int_equal(c.run.labels.neighbours, 20);
    assert_true(c.run.labels.temperature == 0.1 && c.run.labels.mix == 0.5 && c.run.labels.momentum);
    assert_true(!c.run.labels.clipwise && !c.run.labels.reliability && c.run.labels.start_epoch == 1);
    assert_true(c.run.contrast.tau_intra == 0.5 && c.run.contrast.tau_inter == 0.1);
    assert_true(c.run.contrast.sigma_fraction == 1.0 / 12);
    assert_true(c.run.loss.specific == 0.5 && c.run.loss.shared == 0.5 && c.run.loss.intra == 0.1);
    assert_true(c.run.train.rate == 5e-4 && c.run.train.encoder_rate == 2e-5 && c.run.train.weight_decay == 1e-3);
    assert_true(c.run.train.clip == 5 && c.run.train.warmup == 0.1 && c.run.train.modality_dropout == 0.1);
    assert_int_equal(c.run.train.epochs, 30);
    assert_int_equal(c.run.train.schedule, SCHEDULE_CONSTANT);
    assert_int_equal(run_batch(&c.run.train, 4999), 32);
    assert_int_equal(run_batch(&c.run.train, 5000), 64);
    assert_ok(run_configuration_check(&c, error));
}

static void presets_are_settings(void **state)
{
    (void)state;
    smac_error why = {0};
    for (int i = 0; run_preset_at(i); i++) {
        run_configuration_defaults(&c);
        assert_ok(run_configuration_preset(&c, run_preset_at(i)->name, error));
        assert_ok(run_configuration_check(&c, error));
    }
    assert_int_equal(run_configuration_preset(&c, "nonsense", &why), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(why.message, "method"));
}

static void every_default_is_within_its_range(void **state)
{
    (void)state;
    settings_view room[2];
    setting_place place;
    run_configuration_defaults(&c);
    settings_views views = run_views(&c, room);
    for (size_t i = 0; settings_at(views, i, &place); i++)
        assert_ok(run_configuration_set(&c, place.name, place.setting->initial, error));
    assert_ok(run_configuration_check(&c, error));
}

static void expect_refusal(const char *assignment, const char *says)
{
    smac_error why = {0};
    assert_int_equal(run_configuration_assign(&c, assignment, &why), SMAC_ERROR_ARGUMENT);
    if (!strstr(why.message, says))
        fail_msg("'%s' does not say '%s'", why.message, says);
}

static void names_that_changed_say_so(void **state)
{
    (void)state;
    run_configuration_defaults(&c);
    expect_refusal("train.language_rate=1e-5", "train.encoder_rate");
    expect_refusal("train.rat=1", "train.rate");
    expect_refusal("perceiver.latent=1", "perceiver.latents");
    expect_refusal("train.epochs=0", "from 1 to");
    smac_error why = {0};
    assert_ok(run_configuration_assign(&c, "loss.tasks=sentiment:2, emotion:0.5", error));
    assert_true(loss_task_weight(&c.run.loss, "emotion") == 0.5 && loss_task_weight(&c.run.loss, "humor") == 1);
    assert_ok(run_configuration_assign(&c, "loss.tasks=sentiment", error));
    assert_int_equal(run_configuration_check(&c, &why), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(why.message, "loss.tasks"));
}

/* A list that is full. */
static void too_many_datasets_are_refused(void **state)
{
    (void)state;
    char text[40 * 16] = "data:\n";
    smac_error why = {0};
    for (int i = 0; i <= RUN_DATASETS_MAX; i++)
        strcat(text, "  - {path: x}\n");
    run_configuration_defaults(&c);
    assert_int_not_equal(configuration_parse_yaml(&c, text, strlen(text), "test.yaml", &why), SMAC_OK);
    assert_non_null(strstr(why.message, "32"));
}

static smac_status parse(run_configuration *out, const char *text, smac_error *error)
{
    run_configuration_defaults(out);
    return configuration_parse_yaml(out, text, strlen(text), "test.yaml", error);
}

static void lists_and_presets_in_yaml(void **state)
{
    (void)state;
    settings_view room[2];
    smac_error why = {0};
    assert_ok(parse(&c,
        "train: {epochs: 5}\npreset: demo\n"
        "data:\n  - {path: one, dataset: sims}\n  - path: two\n    task: emotion\n    weight: 0.5\n",
        error));
    assert_int_equal(c.run.train.epochs, 5); /* the preset comes first, wherever it is */
    assert_int_equal(c.model.model.width, 64);
    assert_int_equal(c.run.data_count, 2);
    assert_string_equal(c.run.data[0].path, "one");
    assert_string_equal(c.run.data[0].dataset, "sims");
    assert_true(c.run.data[0].weight == 1 && c.run.data[1].weight == 0.5);
    assert_string_equal(c.run.data[1].task, "emotion");
    char *yaml = settings_to_yaml(run_views(&c, room));
    assert_non_null(strstr(yaml, "interaction:\n"));
    assert_ok(parse(&other, yaml, error));
    assert_memory_equal(&c.run.data, &other.run.data, 2 * sizeof c.run.data[0]);
    assert_int_equal(other.run.data_count, 2);
    free(yaml);
    json_t *json = settings_to_json(run_views(&c, room));
    run_configuration_defaults(&other);
    assert_ok(settings_from_json(run_views(&other, room), json, error));
    assert_memory_equal(&c.run.data, &other.run.data, 2 * sizeof c.run.data[0]);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "contrast"), "projection")), 64);
    assert_true(json_number_value(json_object_get(json_object_get(json, "contrast"), "tau_intra")) == 0.5);
    json_decref(json);
    static const struct {
        const char *text, *says;
    } bad[] = {{"data: [1, 2]\n", "map of keys"}, {"data:\n  - {pth: x}\n", "data"}, {"data: {path: x}\n", "data.path"},
        {"data:\n  - {path: [1]}\n", "path"}, {"data:\n  - {weight: -1}\n", "data.weight"},
        {"preset: nonsense\n", "line 1"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_not_equal(parse(&c, bad[i].text, &why), SMAC_OK);
        if (!strstr(why.message, bad[i].says) || !strstr(why.message, "test.yaml"))
            fail_msg("'%s' does not say '%s'", why.message, bad[i].says);
    }
}

/* docs/configuration.md is what the tables say; the fresh page is left in the build folder, to copy over. */
static void the_page_is_up_to_date(void **state)
{
    (void)state;
    char *made = run_configuration_to_markdown(), *page = NULL;
    size_t size = 0;
    assert_non_null(made);
    assert_ok(file_write(SMAC_BINARY_DIR "/configuration.md", made, strlen(made), error));
    assert_ok(file_read(SMAC_SOURCE_DIR "/docs/configuration.md", 0, &page, &size, error));
    if (strcmp(made, page) != 0)
        fail_msg("docs/configuration.md is not up to date: copy %s over it", SMAC_BINARY_DIR "/configuration.md");
    free(made);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_preset_method_is_the_page),
        cmocka_unit_test(presets_are_settings),
        cmocka_unit_test(every_default_is_within_its_range),
        cmocka_unit_test(names_that_changed_say_so),
        cmocka_unit_test(lists_and_presets_in_yaml),
        cmocka_unit_test(too_many_datasets_are_refused),
        cmocka_unit_test(the_page_is_up_to_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
