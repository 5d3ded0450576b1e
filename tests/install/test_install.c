/* tests/install/test_install.c - import, verify, remove, and what is refused. */
#include "support/models.h"

#include "base/folder.h"
#include "install/install.h"

static void damage(const char *folder, const char *file, long at)
{
    char path[512];
    FILE *f = fopen(file_in(folder, file, path), "r+b");
    assert_non_null(f);
    fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}

static void a_model_comes_in_is_found_checked_and_goes(void **state)
{
    (void)state;
    char folder[256], from[512], inside[512], *name = NULL, *found = NULL, **names;
    size_t count;
    models_start(folder);
    assert_ok(models_installed(&names, &count, error));
    assert_int_equal(count, 0);
    publish("bert", folder, "small-bert", from);
    assert_ok(models_import(from, NULL, false, NULL, &name, error));
    assert_string_equal(name, "small-bert");
    free(name);
    assert_false(in_models(folder, "small-bert.part"));
    assert_ok(models_installed(&names, &count, error));
    assert_int_equal(count, 1);
    assert_string_equal(names[0], "small-bert");
    folder_list_free(names, count);
    assert_ok(models_find("small-bert", &found, error));
    snprintf(inside, sizeof inside, "%s/models/small-bert", folder);
    assert_string_equal(found, inside);
    free(found);
    assert_ok(models_find(from, &found, error)); /* a path stays what it is */
    assert_string_equal(found, from);
    free(found);
    json_t *manifest;
    assert_ok(models_manifest("small-bert", &manifest, error));
    assert_string_equal(json_string_value(json_object_get(manifest, "family")), "bert");
    assert_int_equal(json_object_size(json_object_get(manifest, "files")), 3);
    json_decref(manifest);
    assert_ok(models_verify("small-bert", NULL, error));
    assert_refused(models_import(from, NULL, false, NULL, NULL, error), SMAC_ERROR_MISMATCH, "installed already");
    damage(inside, "model.safetensors", -1);
    assert_refused(
        models_verify("small-bert", NULL, error), SMAC_ERROR_MISMATCH, "model.safetensors of small-bert has SHA-256");
    damage(inside, "model.safetensors", -1);
    assert_ok(models_verify("small-bert", NULL, error));
    write_text(inside, "vocab.txt", "short");
    assert_refused(models_verify("small-bert", NULL, error), SMAC_ERROR_MISMATCH, "has 5 bytes");
    char path[512];
    remove(file_in(inside, "vocab.txt", path));
    assert_refused(models_verify("small-bert", NULL, error), SMAC_ERROR_NOT_FOUND, "lacks its file vocab.txt");
    assert_ok(models_remove("small-bert", error));
    assert_false(file_exists(inside));
    assert_refused(models_remove("small-bert", error), SMAC_ERROR_NOT_FOUND, "no model \"small-bert\"");
    folder_remove(folder);
}

static void links_are_made_and_removed_without_what_they_point_to(void **state)
{
    (void)state;
    char folder[256], from[512], weights[512];
    models_start(folder);
    publish("mpnet", folder, "m", from);
    assert_ok(models_import(from, "all-mpnet-base-v2", true, NULL, NULL, error)); /* known: by its own name */
    struct stat info;
    snprintf(weights, sizeof weights, "%s/models/mpnet-base/model.safetensors", folder);
    assert_int_equal(lstat(weights, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_ok(models_verify("mpnet-base", NULL, error));
    assert_ok(models_remove("all-mpnet-base-v2", error));
    assert_false(in_models(folder, "mpnet-base"));
    assert_true(file_exists(file_in(from, "model.safetensors", weights)));
    folder_remove(folder);
}

static void every_kind_is_recognised(void **state)
{
    (void)state;
    static const char *const families[][2] = {{"albert", "albert"}, {"bert", "bert"}, {"bert_prefixed", "bert"},
        {"deberta_v3", "deberta-v2"}, {"distilbert", "distilbert"}, {"gpt2", "gpt2"}, {"mpnet", "mpnet"},
        {"roberta", "roberta"}, {"t5", "t5"}, {"xlm_roberta", "xlm-roberta"}, {"xlnet", "xlnet"},
        {"whisper", "whisper"}};
    char folder[256], from[512];
    model_summary summary;
    models_start(folder);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        publish(families[i][0], folder, families[i][0], from);
        assert_ok(models_recognise(from, &summary, error));
        assert_string_equal(summary.family, families[i][1]);
        assert_true(summary.parameters > 100);
        assert_string_equal(summary.weights, "");
    }
    /* faster-whisper's way: model.bin, and a config.json without model_type */
    assert_ok(folder_make(file_in(folder, "ct2", from), error));
    copy_golden("whisper.ctranslate2.bin", from, "model.bin");
    write_text(from, "config.json", "{\"suppress_ids\": []}");
    write_text(from, "vocab.txt", models_words);
    assert_ok(models_recognise(from, &summary, error));
    assert_string_equal(summary.family, "whisper");
    folder_remove(folder);
}

static void imagebind_is_a_file_and_found_as_one(void **state)
{
    (void)state;
    char folder[256], from[512], expected[512], *found;
    models_start(folder);
    publish_imagebind(folder, "small.safetensors", from);
    assert_ok(models_import(from, NULL, false, NULL, NULL, error));
    assert_ok(models_find("small", &found, error));
    snprintf(expected, sizeof expected, "%s/models/small/small.safetensors", folder);
    assert_string_equal(found, expected);
    free(found);
    json_t *manifest;
    assert_ok(models_manifest("small", &manifest, error));
    assert_non_null(strstr(json_string_value(json_object_get(manifest, "licence")), "NON-COMMERCIAL"));
    json_decref(manifest);
    char *name;
    assert_ok(models_convert("small", PRECISION_INT8, NULL, NULL, &name, error));
    assert_string_equal(name, "small-int8");
    free(name);
    assert_ok(models_find("small-int8", &found, error));
    model_summary summary;
    assert_ok(models_recognise(found, &summary, error));
    assert_string_equal(summary.family, "imagebind");
    free(found);
    folder_remove(folder);
}

static void replace(const char *folder, const char *file, const char *old, const char *new)
{
    char path[512], *text, *at;
    assert_ok(file_read(file_in(folder, file, path), 0, &text, NULL, error));
    at = strstr(text, old);
    if (!at)
        fail_msg("%s has no %s", file, old);
    char *out = malloc(strlen(text) + strlen(new) + 1);
    sprintf(out, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    write_text(folder, file, out);
    free(out);
    free(text);
}

static void what_does_not_fit_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    char folder[256], from[512], path[512];
    models_start(folder);
    publish("bert", folder, "wrong", from);
    replace(from, "config.json", "\"intermediate_size\": ", "\"intermediate_size\": 1");
    assert_refused(models_import(from, NULL, false, NULL, NULL, error), SMAC_ERROR_MISMATCH, "has shape");
    publish("bert", folder, "cut", from);
    char *text;
    size_t size;
    assert_ok(file_read(file_in(from, "model.safetensors", path), 0, &text, &size, error));
    assert_ok(file_write(path, text, size / 2, error));
    free(text);
    assert_refused(models_import(from, NULL, false, NULL, NULL, error), SMAC_ERROR_FORMAT, "model.safetensors");
    publish("bert", folder, "mute", from);
    remove(file_in(from, "vocab.txt", path));
    assert_refused(models_import(from, NULL, false, NULL, NULL, error), SMAC_ERROR_NOT_FOUND, from);
    publish("bert", folder, "bare", from);
    remove(file_in(from, "config.json", path));
    assert_refused(models_import(from, NULL, false, NULL, NULL, error), SMAC_ERROR_NOT_FOUND, "no config.json");
    publish("bert", folder, "strange", from);
    replace(from, "config.json", "\"model_type\": \"bert\"", "\"model_type\": \"llama\"");
    assert_refused(models_import(from, NULL, false, NULL, NULL, error), SMAC_ERROR_UNSUPPORTED, "llama");
    assert_refused(models_import("/no/such", NULL, false, NULL, NULL, error), SMAC_ERROR_NOT_FOUND, "nothing at");
    write_text(folder, "notes.txt", "hello");
    assert_int_not_equal(models_import(file_in(folder, "notes.txt", path), NULL, false, NULL, NULL, NULL), SMAC_OK);
    char **names;
    size_t count;
    assert_ok(models_installed(&names, &count, error));
    assert_int_equal(count, 0);
    folder_list_free(names, count);
    assert_false(in_models(folder, "wrong.part"));
    folder_remove(folder);
}

static int stop_at_once(void *user, const char *what, double done, double total)
{
    (void)user, (void)what, (void)done, (void)total;
    return 1;
}

static void a_stopped_import_leaves_nothing(void **state)
{
    (void)state;
    char folder[256], from[512];
    const reporter r = {.progress = stop_at_once};
    models_start(folder);
    publish("bert", folder, "b", from);
    assert_refused(models_import(from, NULL, false, &r, NULL, error), SMAC_ERROR_INTERRUPTED, "stopped");
    assert_false(in_models(folder, "b") || in_models(folder, "b.part"));
    folder_remove(folder);
}

static void only_installed_models_are_removed(void **state)
{
    (void)state;
    char folder[256];
    models_start(folder);
    assert_refused(models_remove("../x", error), SMAC_ERROR_NOT_FOUND, "no model");
    assert_refused(models_remove("gpt2", error), SMAC_ERROR_NOT_FOUND, "gpt2 is not installed");
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_installed_models_are_removed),
        cmocka_unit_test(a_model_comes_in_is_found_checked_and_goes),
        cmocka_unit_test(links_are_made_and_removed_without_what_they_point_to),
        cmocka_unit_test(every_kind_is_recognised),
        cmocka_unit_test(imagebind_is_a_file_and_found_as_one),
        cmocka_unit_test(what_does_not_fit_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_stopped_import_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
