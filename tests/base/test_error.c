/* tests/base/test_error.c - what and advice apart, contexts, names that hold anything, cutting. */
#include "support/check.h"

#include "base/error.h"
#include "base/utf8.h"

static void what_and_advice_are_apart(void **state)
{
    (void)state;
    smac_error e = {0};
    FAIL(&e, SMAC_ERROR_FORMAT, "%s has %d rows, expected 2; name %s", "a; b", 3, "c; d");
    assert_string_equal(e.what, "a; b has 3 rows, expected 2");
    assert_string_equal(e.advice, "name c; d");
    assert_string_equal(e.message, "a; b has 3 rows, expected 2; name c; d");
    assert_int_equal(error_context(&e, e.code, "%s", "x.csv"), SMAC_ERROR_FORMAT);
    assert_string_equal(e.message, "x.csv: a; b has 3 rows, expected 2; name c; d");
    FAIL(&e, SMAC_ERROR_FORMAT, "%s", "one; two"); /* an argument never makes advice */
    assert_string_equal(e.what, "one; two");
    assert_string_equal(e.advice, "");
    error_advise(&e, e.code, SMAC_ERROR_FORMAT, "try again");
    error_advise(&e, e.code, SMAC_ERROR_FORMAT, "try again");
    error_advise(&e, e.code, SMAC_ERROR_MEMORY, "buy some");
    assert_string_equal(e.message, "one; two; try again");
    char long_advice[300] = "";
    memset(long_advice, 'a', sizeof e.advice - strlen("try again; "));
    error_advise(&e, e.code, SMAC_ERROR_FORMAT, long_advice); /* no room: left out, not cut */
    assert_string_equal(e.advice, "try again");
    long_advice[strlen(long_advice) - 1] = 0;
    error_advise(&e, e.code, SMAC_ERROR_FORMAT, long_advice);
    assert_int_equal(strlen(e.advice), sizeof e.advice - 1);
    FAIL(&e, SMAC_ERROR_FORMAT, "%s", "one; two; try again");
    FAIL(&e, SMAC_ERROR_IO, "again: %s", e.message); /* the old message as an argument */
    assert_string_equal(e.message, "again: one; two; try again");
    smac_error copy = {0};
    assert_int_equal(error_copy(&copy, &e), SMAC_ERROR_IO);
    assert_memory_equal(&copy, &e, sizeof e);
}

static void the_status_is_kept_without_an_error(void **state)
{
    (void)state;
    assert_int_equal(error_context(NULL, SMAC_ERROR_NOT_FOUND, "%s", "x"), SMAC_ERROR_NOT_FOUND);
    assert_int_equal(error_context(NULL, SMAC_OK, "%s", "x"), SMAC_OK);
    assert_int_equal(error_advise(NULL, SMAC_ERROR_MEMORY, SMAC_ERROR_FORMAT, "x"), SMAC_ERROR_MEMORY);
    assert_int_equal(FAIL(NULL, SMAC_ERROR_MISMATCH, "%d", 1), SMAC_ERROR_MISMATCH);
    smac_error e = {0}, from = {.code = SMAC_ERROR_IO};
    assert_int_equal(error_copy(NULL, &from), SMAC_ERROR_IO);
    assert_int_equal(error_context(&e, SMAC_OK, "%s", "x"), SMAC_OK);
    assert_string_equal(e.message, "");
}

static void names_bring_no_line_ends_and_no_commands(void **state)
{
    (void)state;
    smac_error e = {0};
    FAIL(&e, SMAC_ERROR_FORMAT, "%s is bad; remove %s", "a\n\x1B[31mb\xC2\x9B\xE2\x80\xA8\x7F\xFF\t", "\r\n");
    assert_string_equal(e.message, "a??[31mb????? is bad; remove ??");
    error_context(&e, e.code, "%s", "\x1B]0;title\a");
    assert_string_equal(e.message, "?]0;title?: a??[31mb????? is bad; remove ??");
    FAIL(&e, SMAC_ERROR_FORMAT, "%s", "\xE2\x82\xAC \xF0\x9F\x98\x80");
    assert_string_equal(e.message, "\xE2\x82\xAC \xF0\x9F\x98\x80");
}

static void cutting_keeps_characters_and_advice(void **state)
{
    (void)state;
    char name[4001];
    for (size_t shift = 0; shift < 4; shift++) {
        for (size_t i = 0; i < 4000; i += 4)
            memcpy(name + i, "\xF0\x9F\x98\x80", 4);
        memset(name, 'x', shift);
        memmove(name + shift, "\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 8);
        for (size_t i = shift; i + 4 <= 4000; i += 4)
            memcpy(name + i, "\xF0\x9F\x98\x80", 4);
        name[shift + (4000 - shift) / 4 * 4] = 0;
        smac_error e = {0};
        FAIL(&e, SMAC_ERROR_FORMAT, "%.2000s is too long; give a shorter one", name);
        assert_int_equal(utf8_invalid_at(e.message, strlen(e.message)), SIZE_MAX);
        assert_string_equal(e.advice, "give a shorter one");
        assert_null(strchr(e.what, '?'));
        assert_non_null(strstr(e.message, "...; give a shorter one"));
        assert_true(strlen(e.what) > sizeof e.what - 8);
        FAIL(&e, SMAC_ERROR_FORMAT, "bad; %s", name);
        error_context(&e, e.code, "%s", name);
        assert_int_equal(utf8_invalid_at(e.message, strlen(e.message)), SIZE_MAX);
        assert_true(strlen(e.message) < sizeof e.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_and_advice_are_apart),
        cmocka_unit_test(the_status_is_kept_without_an_error),
        cmocka_unit_test(names_bring_no_line_ends_and_no_commands),
        cmocka_unit_test(cutting_keeps_characters_and_advice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
