/* tests/base/test_numbers.c - numbers and UTF-8 in and out of text, in every locale. */
#include "support/comma_locale.h"

#include <ctype.h>
#include <math.h>

#include "base/file.h"
#include "base/half.h"
#include "base/number.h"
#include "base/path.h"
#include "base/text.h"
#include "base/utf8.h"

static void numbers_come_back(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"}, {-0.0, "-0"}, {1, "1"}, {0.1, "0.1"}, {1.0 / 3, "0.3333333333333333"}, {1e300, "1e+300"},
        {-2.5e-8, "-2.5e-08"}, {5e-324, "5e-324"}, {0.1 + 0.2, "0.30000000000000004"}, {INFINITY, "inf"}};
    char text[NUMBER_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(number_shortest(cases[i].value, text), cases[i].text);
        double back = 7;
        assert_true(number_parse(text, &back));
        assert_memory_equal(&back, &cases[i].value, sizeof back);
        assert_true(number_parse(number_hexadecimal(cases[i].value, text), &back));
        assert_memory_equal(&back, &cases[i].value, sizeof back);
    }
    assert_string_equal(number_shortest(NAN, text), "nan");
    assert_string_equal(number_shortest_float(0.1f, text), "0.1");
    assert_string_equal(number_shortest_float(1.0f / 3, text), "0.33333334");
    double x = 7;
    int64_t n = 7;
    static const char *const wrong[] = {NULL, "", " 1", "1 ", "1,5", "1x", "\t1", "1e999", "-1e999", "0x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(number_parse(wrong[i], &x) || number_parse_integer(wrong[i], &n));
    assert_false(number_parse_integer("9223372036854775808", &n));
    assert_false(number_parse_integer("1.0", &n));
    assert_true(x == 7 && n == 7);
    assert_true(number_parse_integer("-9223372036854775808", &n) && n == INT64_MIN);
    assert_true(number_parse("1e-999", &x) && x == 0);
}

static void a_comma_locale_changes_nothing(void **state)
{
    (void)state;
    if (!comma_locale_begin())
        skip();
    char text[64], shown[16];
    double x = 0;
    snprintf(shown, sizeof shown, "%.1f", 0.5); /* the locale is on */
    number_format(text, sizeof text, "%.3f %g", 1.5, 2.25);
    text_buffer b = {0};
    text_format(&b, "%.2f %.300f", 1.5, 0.0); /* the second way, for long texts */
    bool read = number_parse("1.5", &x), comma = number_parse("1,5", &x);
    char short_text[NUMBER_TEXT_MAX], exact[NUMBER_TEXT_MAX];
    number_shortest(0.1, short_text);
    number_hexadecimal(1.5, exact);
    smac_error message = {0};
    FAIL(&message, SMAC_ERROR_FORMAT, "%g s", 1.5);
    bool same_after = strcmp(localeconv()->decimal_point, ",") == 0;
    comma_locale_end();
    assert_string_equal(shown, "0,5");
    assert_string_equal(text, "1.500 2.25");
    assert_memory_equal(b.data, "1.50 0.000", 10);
    assert_null(strchr(b.data, ','));
    assert_true(read && !comma && x == 1.5);
    assert_string_equal(short_text, "0.1");
    assert_string_equal(exact, "0x1.8p+0");
    assert_string_equal(message.message, "1.5 s");
    assert_true(same_after);
    text_free(&b);
}

static void halves_round_to_even_and_come_back(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float x = half_to_float((uint16_t)h), y = bfloat_to_float((uint16_t)h);
        if (isnan(x))
            assert_true(isnan(half_to_float(half_from_float(x))));
        else
            assert_int_equal(half_from_float(x), h);
        if (!isnan(y))
            assert_int_equal(bfloat_from_float(y), h);
    }
    assert_true(half_to_float(0x3C01) == 1 + 0x1p-10f && half_to_float(1) == 0x1p-24f);
    assert_int_equal(half_from_float(1 + 0x1p-11f), 0x3C00); /* half-way: the even one */
    assert_int_equal(half_from_float(1 + 3 * 0x1p-11f), 0x3C02);
    assert_int_equal(half_from_float(65519), 0x7BFF);
    assert_int_equal(half_from_float(65520), 0x7C00);
    assert_int_equal(half_from_float(0x1p-25f), 0);
    assert_int_equal(half_from_float(0x1.8p-25f), 1);
    assert_int_equal(bfloat_from_float(1 + 0x1p-8f), 0x3F80);
}

static void utf8_is_decoded_and_cut(void **state)
{
    (void)state;
    /* what Python's bytes.decode("utf-8", "replace") makes of it: one U+FFFD a maximal part */
    static const struct {
        const char *text;
        uint32_t codes[6];
    } cases[] = {{"a\xC3\xA9", {'a', 0xE9}}, {"\xE2\x82\xAC", {0x20AC}}, {"\xF0\x9F\x98\x80", {0x1F600}},
        {"\xE2\x82", {0xFFFD}}, {"\xE2\x82x", {0xFFFD, 'x'}}, {"\xED\xA0\x80", {0xFFFD, 0xFFFD, 0xFFFD}},
        {"\xC0\x80", {0xFFFD, 0xFFFD}}, {"\xF4\x90\x80\x80", {0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD}},
        {"\xF0\x9F\x98", {0xFFFD}}, {"\xFF", {0xFFFD}}, {"\x80", {0xFFFD}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t at = 0, length = strlen(cases[i].text), count = 0;
        while (at < length)
            assert_int_equal(utf8_next(cases[i].text, length, &at), cases[i].codes[count++]);
        assert_int_equal(cases[i].codes[count], 0);
        assert_int_equal(at, length);
    }
    char out[4];
    for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 251) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        size_t at = 0, n = (size_t)utf8_put(c, out);
        assert_int_equal(utf8_next(out, n, &at), c);
        assert_int_equal(at, n);
        assert_int_equal(utf8_invalid_at(out, n), SIZE_MAX);
        if (n > 1)
            assert_int_equal(utf8_invalid_at(out, n - 1), 0);
    }
    assert_int_equal(utf8_put(0xD800, out), 3);
    const char *text = "ab\xE2\x82\xAC"
                       "c";
    assert_int_equal(utf8_cut(text, 6, 6), 6);
    assert_int_equal(utf8_cut(text, 6, 5), 5);
    assert_int_equal(utf8_cut(text, 6, 4), 2);
    assert_int_equal(utf8_cut(text, 6, 3), 2);
    assert_int_equal(utf8_cut(text, 6, 2), 2);
    assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5); /* not UTF-8: cut anywhere */
}

/* --- numbers of the rest of the library go through base/number.h ---------------------------------------------------- */

/* Whether a printf format, given as C source, has a conversion of a floating-point number. */
static bool converts_a_float(const char *from, const char *to)
{
    for (const char *at = from; at < to; at++) {
        if (*at != '%')
            continue;
        at++;
        at += strspn(at, "-+ #0123456789.*lLhjzt");
        if (at < to && strchr("aAeEfFgG", *at))
            return true;
    }
    return false;
}

/* The end of the call whose "(" is at open. */
static const char *end_of_call(const char *open)
{
    int depth = 0;
    bool quoted = false;
    for (const char *at = open; *at; at++) {
        if (*at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && (*at == '(' || *at == ')') && (depth += *at == '(' ? 1 : -1) == 0)
            return at;
    }
    return open + strlen(open);
}

static int check_file(const char *path)
{
    /* float_only: wrong when the format converts a float; else wrong wherever it occurs */
    static const struct {
        const char *name;
        bool float_only;
    } calls[] = {{"strtod", false}, {"strtof", false}, {"strtold", false}, {"atof", false}, {"vsnprintf", false},
        {"vsprintf", false}, {"printf", true}, {"fprintf", true}, {"sprintf", true}, {"snprintf", true},
        {"scanf", true}, {"sscanf", true}, {"fscanf", true}};
    char *text;
    int wrong = 0;
    assert_ok(file_read(path, 0, &text, NULL, error));
    for (const char *at = text; (at = strchr(at, '(')); at++) {
        const char *name = at;
        while (name > text && (isalnum((unsigned char)name[-1]) || name[-1] == '_'))
            name--;
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
            if (strlen(calls[i].name) != (size_t)(at - name) || memcmp(name, calls[i].name, (size_t)(at - name)))
                continue;
            if (!calls[i].float_only || converts_a_float(at, end_of_call(at))) {
                int line = 1;
                for (const char *c = text; c < at; c++)
                    line += *c == '\n';
                print_error(
                    "%s:%d: %s depends on the locale; use base/number.h or text_format\n", path, line, calls[i].name);
                wrong++;
            }
        }
    }
    free(text);
    return wrong;
}

static int check_folder(const char *folder)
{
    int wrong = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        char *path = path_join(folder, e->d_name);
        const char *ending = strrchr(e->d_name, '.');
        if (file_is_folder(path))
            wrong += check_folder(path);
        else if (ending && (!strcmp(ending, ".c") || !strcmp(ending, ".h") || !strcmp(ending, ".cc")) &&
            strcmp(e->d_name, "number.c") != 0)
            wrong += check_file(path);
        free(path);
    }
    if (d)
        closedir(d);
    return wrong;
}

static void the_library_reads_and_writes_numbers_by_base_alone(void **state)
{
    (void)state;
    assert_int_equal(check_folder(SMAC_SOURCE_DIR "/src"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(a_comma_locale_changes_nothing), cmocka_unit_test(halves_round_to_even_and_come_back),
        cmocka_unit_test(utf8_is_decoded_and_cut),
        cmocka_unit_test(the_library_reads_and_writes_numbers_by_base_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
