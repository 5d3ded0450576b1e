/* Decoding as Python's errors="replace", classes and mappings of single code points, patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "text/unicode.h"

/* What bytes.decode(errors="replace") gives, malformed parts as '?'. */
static void test_decoding(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *want;
    } cases[] = {{"a\xFFz", "a?z"}, {"\xC3", "?"}, {"\xC3z", "?z"}, {"\xE4\xB8", "?"}, {"\xE4\xB8z", "?z"},
        {"\xF0\x9F\x98", "?"}, {"\xF0\x9F\x98z", "?z"}, {"\xC0\xAF", "??"}, {"\xED\xA0\x80", "???"},
        {"\xF4\x90\x80\x80", "????"}, {"\x80\x80", "??"}, {"\xE2(\xA1", "?(?"}, {"\xE0\x80\x80", "???"},
        {"\xF0\x80\x80\x80", "????"}, {"\xF8\x88", "??"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char got[16];
        size_t n = 0, length = strlen(cases[i].bytes);
        for (size_t at = 0; at < length;) {
            uint32_t c = utf8_next(cases[i].bytes, length, &at);
            got[n++] = c == 0xFFFD ? '?' : (char)c;
        }
        got[n] = '\0';
        assert_string_equal(got, cases[i].want);
    }
    /* All code points there and back. */
    for (uint32_t c = 0; c < 0x110000; c++) {
        char bytes[4];
        size_t at = 0;
        if (c >= 0xD800 && c < 0xE000)
            continue;
        size_t n = (size_t)utf8_put(c, bytes);
        assert_int_equal(utf8_next(bytes, n, &at), c);
        assert_int_equal(at, n);
    }
}

static void test_classes(void **state)
{
    (void)state;
    uint32_t out[2];
    assert_int_equal(unicode_lower(0x130, out), 2);
    assert_int_equal(out[1], 0x307);
    assert_int_equal(unicode_lower(0xA7CB, out), 1); /* newer than utf8proc's data */
    assert_int_equal(out[0], 0x264);
    unicode_lower(0x3A3, out);
    assert_int_equal(out[0], 0x3C3);
    assert_true(unicode_is_punctuation('$'));
    assert_true(unicode_is_punctuation(0x3002));
    assert_false(unicode_is_punctuation(0x2E44)); /* of Unicode 9, which BERT's reading does not know */
    assert_true(unicode_is_punctuation(0x166D));  /* a symbol since Unicode 12 */
    assert_true(unicode_is_other(0x200B));
    assert_false(unicode_is_other('\t'));
    assert_false(unicode_is_other(0x378)); /* unassigned */
    assert_true(unicode_is_letter(0x2EBF0));
    assert_true(unicode_is_word(0x24B6));
    assert_false(unicode_is_letter(0x24B6));
    assert_true(unicode_is_chinese(0x2B920));
    assert_false(unicode_is_chinese(0x2B820));
    assert_false(unicode_is_chinese(0x3042));
    assert_int_equal(unicode_compose('e', 0x301), 0xE9);
    assert_int_equal(unicode_compose(0x1100, 0x1161), 0xAC00);
    assert_int_equal(unicode_compose('x', 0x301), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_decoding), cmocka_unit_test(test_classes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
