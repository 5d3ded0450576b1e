/* tests/pipeline/test_named_encoder.c - encoders by the name of an installed model, in a configuration. */
#include "support/models.h"

#include "models/models.h"
#include "pipeline/affect_model.h"

static smac_status make(const char *encoder, affect_model **out, smac_error *error)
{
    configuration c;
    task_description task;
    char setting[700];
    configuration_defaults(&c);
    snprintf(setting, sizeof setting, "text.encoder=%s", encoder);
    const char *const settings[] = {setting, "model.audio=false", "model.vision=false", "model.width=16",
        "model.heads=2", "model.head_width=8", "perceiver.latents=3", "perceiver.layers=1", "interaction.queries=2",
        "interaction.layers=1", "contrast.projection=8"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        assert_ok(configuration_set_assignment(&c, settings[i], error));
    assert_ok(task_regression(&task, "sentiment", "mosi", -3, 3, error));
    affect_model_options options = {.configuration = &c, .tasks = &task, .task_count = 1};
    return affect_model_new(&options, out, error);
}

static void a_name_stands_for_the_installed_model(void **state)
{
    (void)state;
    char folder[256], from[512], installed[512];
    affect_model *by_path = NULL, *by_name = NULL;
    models_start(folder);
    publish("bert", folder, "tiny-bert", from);
    assert_ok(make(from, &by_path, error));
    publish("bert", folder, "models/tiny-bert", installed);
    write_text(installed, "semanticmac.json", "{\"name\": \"tiny-bert\", \"weights\": \"\", \"files\": {}}");
    assert_ok(make("tiny-bert", &by_name, error));
    assert_string_equal(by_name->encoder_sha256[MODALITY_TEXT], by_path->encoder_sha256[MODALITY_TEXT]);
    assert_int_equal(strlen(by_name->encoder_sha256[MODALITY_TEXT]), 64);
    assert_string_equal(by_name->configuration.text.encoder, "tiny-bert"); /* the name stays in the model file */
    affect_model_free(by_path);
    affect_model_free(by_name);
    folder_remove(folder);
}

static void names_that_are_none_are_refused(void **state)
{
    (void)state;
    char folder[256];
    affect_model *s = NULL;
    models_start(folder);
    assert_refused(make("minlm", &s, error), SMAC_ERROR_NOT_FOUND, "did you mean minilm-l6");
    assert_refused(make("gpt2", &s, error), SMAC_ERROR_NOT_FOUND, "models fetch gpt2");
    assert_refused(make("/no/such/folder", &s, error), SMAC_ERROR_NOT_FOUND, "text encoder: there is nothing at");
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_stands_for_the_installed_model),
        cmocka_unit_test(names_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
