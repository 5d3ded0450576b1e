/* tests/models/test_models.c - the models folder: where it is, names, finding. */
#include "support/models.h"

#include "models/models.h"

static void the_folder_follows_the_environment(void **state)
{
    (void)state;
    char *path;
    setenv("SEMANTICMAC_MODELS", "/a/b/", 1);
    assert_ok(models_folder(&path, error));
    assert_string_equal(path, "/a/b");
    free(path);
    unsetenv("SEMANTICMAC_MODELS");
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_ok(models_folder(&path, error));
    assert_string_equal(path, "/data/semanticmac/models");
    free(path);
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("HOME", "/home/me", 1);
    assert_ok(models_folder(&path, error));
    assert_string_equal(path, "/home/me/.local/share/semanticmac/models");
    free(path);
    unsetenv("XDG_DATA_HOME");
}

static void every_family_is_known(void **state)
{
    (void)state;
    static const char *const names[] = {"ImageBind-Huge", "bert-base-uncased", "bert-base-cased", "bert-base-chinese",
        "all-MiniLM-L6-v2", "distilbert", "roberta-base", "distilroberta", "xlm-roberta-base", "all-mpnet-base-v2",
        "albert-base-v2", "deberta-v3-base", "xlnet-base-cased", "gpt2", "t5-base", "whisper-tiny", "whisper-base",
        "whisper-small", "whisper-medium", "whisper-large-v2", "whisper-large-v3"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!known_models_find(names[i]))
            fail_msg("%s is not known", names[i]);
    assert_non_null(strstr(known_models_find("imagebind-huge")->licence, "NON-COMMERCIAL"));
    for (size_t i = 0; i < known_models_count(); i++) {
        const known_model *k = known_models_at(i);
        assert_true(models_name_is_valid(k->name));
        assert_true(k->megabytes > 0 && *k->licence && *k->files && *k->purpose);
        assert_ptr_equal(known_models_find(k->name), k);
    }
    assert_null(known_models_at(known_models_count()));
}

static void names_are_checked_and_near_ones_told(void **state)
{
    (void)state;
    char folder[256], near[300];
    models_start(folder);
    static const char *const bad[] = {"", ".", "..", "a/b", ".hidden", "-x", "a b", "x.part", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (models_name_is_valid(bad[i]))
            fail_msg("\"%s\" is taken for a name", bad[i]);
    models_nearest("gtp2", near, sizeof near);
    assert_string_equal(near, "gpt2");
    models_nearest("minlm", near, sizeof near);
    assert_non_null(strstr(near, "minilm-l6"));
    models_nearest("bert-base", near, sizeof near);
    assert_non_null(strstr(near, "bert-base-"));
    models_nearest("qqqqqqqq", near, sizeof near);
    assert_string_equal(near, "");
    char *path = NULL;
    assert_refused(models_find("gpt2", &path, error), SMAC_ERROR_NOT_FOUND, "models fetch gpt2");
    assert_refused(models_find("gtp2", &path, error), SMAC_ERROR_NOT_FOUND, "did you mean gpt2?");
    assert_refused(models_find("no/such/folder", &path, error), SMAC_ERROR_NOT_FOUND, "nothing at no/such/folder");
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folder_follows_the_environment),
        cmocka_unit_test(every_family_is_known),
        cmocka_unit_test(names_are_checked_and_near_ones_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
