/* YAML into the configuration: nested maps and dotted keys, and what is refused with its line. */
#include "support/folder.h"

#include "train/configuration_file.h"

static smac_status parse(configuration *c, const char *text, smac_error *error)
{
    configuration_defaults(c);
    return configuration_parse_yaml(c, text, strlen(text), "test.yaml", error);
}

static void test_good(void **state)
{
    (void)state;
    configuration c;
    assert_ok(parse(&c,
        "# a comment\nmodel:\n  width: 64\n  heads: 2\ntrain.rate: 1e-3\ninteraction: {gate: tanh}\n"
        "train:\n  check_finite: true\nmodel.name: \"a: b\"\n",
        error));
    assert_int_equal(c.model.width, 64);
    assert_int_equal(c.model.heads, 2);
    assert_near(c.train.rate, 1e-3, 0);
    assert_int_equal(c.interaction.gate, GATE_TANH);
    assert_true(c.train.check_finite);
    assert_string_equal(c.model.name, "a: b");
    assert_int_equal(c.perceiver.latents, 16);
    assert_ok(parse(&c, "", error));
    assert_ok(parse(&c, "# nothing\n", error));
}

static void test_round_trip(void **state)
{
    (void)state;
    configuration c, back;
    configuration_defaults(&c);
    assert_ok(configuration_set(&c, "train.rate", "0.0123", error));
    assert_ok(configuration_set(&c, "model.name", "it's: \"so\" # here", error));
    char *text = configuration_to_yaml(&c);
    assert_non_null(text);
    assert_ok(parse(&back, text, error));
    free(text);
    for (size_t i = 0; i < configuration_key_count(); i++) {
        char a[CONFIGURATION_TEXT_MAX], b[CONFIGURATION_TEXT_MAX];
        configuration_get(&c, configuration_key_at(i)->name, a);
        configuration_get(&back, configuration_key_at(i)->name, b);
        assert_string_equal(a, b);
    }
}

static void expect_error(const char *text, const char *says)
{
    configuration c;
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
    configuration c;
    smac_error why = {0};
    configuration_defaults(&c);
    assert_int_equal(configuration_read_yaml(&c, "/no/such/file.yaml", &why), SMAC_ERROR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
