/* tests/base/test_json.c - members by type, values that JSON does not have, base64. */
#include "support/check.h"

#include <math.h>

#include "base/base64.h"
#include "base/json.h"

static void members_are_checked_by_type(void **state)
{
    (void)state;
    const char *text = "{\"b\": true, \"i\": 7, \"x\": 1.5, \"t\": \"a\", \"n\": null}";
    json_t *o;
    assert_ok(json_parse_object(text, strlen(text), "it", &o, error));
    bool b = false;
    int64_t i = 0;
    double x = 0;
    const char *t = NULL;
    smac_error e = {0};
    assert_ok(json_get_bool(o, "b", false, &b, error));
    assert_ok(json_get_integer(o, "i", 1, &i, error));
    assert_ok(json_get_number(o, "x", 1, &x, error));
    assert_ok(json_get_text(o, "t", true, &t, error));
    assert_true(b && i == 7 && x == 1.5 && !strcmp(t, "a"));
    assert_ok(json_get_number(o, "i", 1, &x, error)); /* a whole number is a number too */
    assert_true(x == 7);
    assert_ok(json_get_bool(o, "n", true, &b, error)); /* null and missing: the default */
    assert_ok(json_get_integer(o, "missing", 3, &i, error));
    assert_ok(json_get_number(o, "n", 2.5, &x, error));
    assert_ok(json_get_text(o, "n", false, &t, error));
    assert_true(b && i == 3 && x == 2.5 && !t);
    assert_int_equal(json_get_text(o, "n", true, &t, &e), SMAC_ERROR_FORMAT);
    assert_int_equal(json_get_bool(o, "i", false, &b, &e), SMAC_ERROR_FORMAT);
    assert_int_equal(json_get_integer(o, "x", 0, &i, &e), SMAC_ERROR_FORMAT);
    assert_int_equal(json_get_number(o, "t", 0, &x, &e), SMAC_ERROR_FORMAT);
    assert_int_equal(json_get_text(o, "x", false, &t, &e), SMAC_ERROR_FORMAT);
    assert_string_equal(e.message, "\"x\" must be a text");
    assert_ok(json_allow_members(o, "it", "n t x i b", error));
    assert_int_equal(json_allow_members(o, "it", "n tt x i b", &e), SMAC_ERROR_UNSUPPORTED);
    json_decref(o);
    static const char *const wrong[] = {"", "[1]", "{\"a\": 1, \"a\": 2}", "{\"a\": }", "{} x", "\xFF"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        assert_int_equal(json_parse_object(wrong[k], strlen(wrong[k]), "it", &o, &e), SMAC_ERROR_FORMAT);
        assert_null(o);
    }
}

static void values_that_json_lacks(void **state)
{
    (void)state;
    json_t *list = json_array();
    json_array_append_new(list, json_from_number(0.5));
    json_array_append_new(list, json_from_number((double)NAN));
    json_array_append_new(list, json_from_number((double)-INFINITY));
    json_array_append_new(list, json_from_text("a\xFFz"));
    json_array_append_new(list, json_from_exact(0.1));
    json_array_append_new(list, json_from_exact((double)INFINITY));
    char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(text, "[0.5,null,null,\"a\xEF\xBF\xBDz\",\"0x1.999999999999ap-4\",\"inf\"]");
    assert_true(json_exact_value(json_array_get(list, 4)) == 0.1);
    assert_true(json_exact_value(json_array_get(list, 5)) == (double)INFINITY);
    assert_true(isnan(json_exact_value(json_array_get(list, 0))) && isnan(json_exact_value(NULL)));
    free(text);
    json_decref(list);
}

static void base64_comes_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"}; /* RFC 4648 */
    for (size_t i = 0; i < 7; i++) {
        char *written = base64_write("foobar", i);
        unsigned char *read;
        size_t size;
        assert_string_equal(written, texts[i]);
        assert_ok(base64_read(texts[i], &read, &size, error));
        assert_int_equal(size, i);
        assert_memory_equal(read, "foobar", i);
        free(written);
        free(read);
    }
    unsigned char *read;
    size_t size;
    assert_int_equal(base64_read("Zm9v!", &read, &size, NULL), SMAC_ERROR_FORMAT);
    assert_int_equal(base64_read("Zm9vY", &read, &size, NULL), SMAC_ERROR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(members_are_checked_by_type),
        cmocka_unit_test(values_that_json_lacks), cmocka_unit_test(base64_comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
