/* tests/speech/test_languages.c - how a language may be spelled, and what a model of many languages answers. */
#include "support/check.h"

#include "speech/languages.h"
#include "speech/model.h"

static void codes_names_and_regions(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"en", "en"}, {"EN", "en"}, {"English", "en"}, {"zh-CN", "zh"},
        {"zh_Hant_TW", "zh"}, {"pt-BR", "pt"}, {"Haitian Creole", "ht"}, {"cmn-Hans", "zh"}, {"zh-yue", "yue"},
        {"nb-NO", "no"}, {"HAW", "haw"}, {"iw", "he"}, {"xx", "xx"}};
    char code[LANGUAGE_CODE_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(language_code(cases[i][0], code));
        assert_string_equal(code, cases[i][1]);
    }
    static const char *const wrong[] = {
        "", "e", "-", "e n", "12", "|>", "en|", "a text that is far too long to be a language"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(language_code(wrong[i], code));
    assert_string_equal(language_name("de"), "german");
    assert_null(language_name("xx"));
    assert_true(language_has_spaces("en") && !language_has_spaces("ja"));
}

/* A tokenizer with three languages is enough of a model here. */
static void a_model_lists_its_languages(void **state)
{
    (void)state;
    static const char json[] = "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"<|en|>\": 1, \"<|zh|>\": 2, "
                               "\"<|de|>\": 3}, \"merges\": []}}";
    int32_t ids[] = {1, 2, 3};
    speech_model m = {.many_languages = true, .languages = ids, .language_count = 3};
    smac_error refusal;
    assert_ok(tokenizer_open_memory(json, strlen(json), &m.tokens, error));
    assert_int_equal(speech_model_language_id(&m, "German"), 3);
    assert_int_equal(speech_model_language_id(&m, "zh-CN"), 2);
    assert_int_equal(speech_model_language_id(&m, "fr"), -1);
    assert_ok(speech_model_check_language(&m, "auto", error));
    assert_ok(speech_model_check_language(&m, "EN", error));
    assert_int_equal(speech_model_check_language(&m, "French", &refusal), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(refusal.message, "\"French\""));
    assert_non_null(strstr(refusal.message, "en, zh, de"));
    tokenizer_close(m.tokens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_names_and_regions),
        cmocka_unit_test(a_model_lists_its_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
