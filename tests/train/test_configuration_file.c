/* YAML into the configuration: nested maps and dotted keys, and what is refused with its line. */
#include "support/folder.h"

#include "train/configuration_file.h"

static smac_status parse(run_configuration *c, const char *text, smac_error *error)
{
    run_configuration_defaults(c);
    return configuration_parse_yaml(c, text, strlen(text), "test.yaml", error);
}

static void test_good(void **state)
{
    (void)state;
    run_configuration c;
    assert_ok(parse(&c,
        "# a comment\nmodel:\n  width: 64\n  heads: 2\ntrain.rate: 1e-3\ninteraction: {gate: tanh}\n"
        "train:\n  check_finite: true\nmodel.name: \"a: b\"\n",
        error));
    assert_int_equal(c.model.model.width, 64);
    assert_int_equal(c.model.model.heads, 2);
    assert_near(c.run.train.rate, 1e-3, 0);
    assert_int_equal(c.model.interaction.gate, GATE_TANH);
    assert_true(c.run.train.check_finite);
    assert_string_equal(c.model.model.name, "a: b");
    assert_int_equal(c.model.perceiver.latents, 16);
    assert_ok(parse(&c, "", error));
    assert_ok(parse(&c, "# nothing\n", error));
}

static void test_round_trip(void **state)
{
    (void)state;
    run_configuration c, back;
    run_configuration_defaults(&c);
    assert_ok(run_configuration_set(&c, "train.rate", "0.0123", error));
    assert_ok(run_configuration_set(&c, "model.name", "it's: \"so\" # here", error));
    settings_view room[2], room_back[2];
    settings_views views = run_views(&c, room), views_back = run_views(&back, room_back);
    char *text = settings_to_yaml(views);
    assert_non_null(text);
    assert_ok(parse(&back, text, error));
    free(text);
    setting_place place;
    for (size_t i = 0; settings_at(views, i, &place); i++) {
        char a[SETTINGS_TEXT_MAX], b[SETTINGS_TEXT_MAX];
        setting_to_text(place.setting, place.value, a);
        assert_true(settings_get(views_back, place.name, b));
        assert_string_equal(a, b);
    }
}

static void expect_error(const char *text, const char *says)
{
    run_configuration c;
    smac_error why = {0};
    assert_int_not_equal(parse(&c, text, &why), SMAC_OK);
    if (!strstr(why.message, says) || !strstr(why.message, "test.yaml"))
        fail_msg("'%s' does not say '%s'", why.message, says);
}

static void test_bad(void **state)
{
    (void)state;
    expect_error("%a\xFF", "UTF-8 at byte 2");
    expect_error("model:\n  width: 64\n  breadth: 3\n", "line 3");
    expect_error("model:\n  breadth: 3\n", "model.breadth");
    expect_error("model:\n  width: many\n", "model.width");
    expect_error("model:\n  width: [1, 2]\n", "list");
    expect_error("a: &x {b: 1}\nc: *x\n", "line");
    expect_error("model:\n  width: 64\n bad\n", "line");
    expect_error("model: {width: 64\n", "YAML");
    expect_error("- 1\n- 2\n", "map");
    expect_error("just words\n", "map");
    run_configuration c;
    smac_error why = {0};
    run_configuration_defaults(&c);
    assert_int_equal(configuration_read_yaml(&c, "/no/such/file.yaml", &why), SMAC_ERROR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
