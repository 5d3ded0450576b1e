/*
 * tests/encoders/test_imagebind.c - ImageBind's vision and audio encoders against a PyTorch reference: hidden states,
 * vectors and gradients of a tiny random model (tools/golden/encoders_imagebind.py).
 */
#include "support/golden.h"

#include "encoders/imagebind.h"
#include "encoders/weights_loading.h"

static const double LIMIT = 1e-5;

typedef struct setting {
    tensor_file *file;
    imagebind_config config;
    parameter_store *store;
    imagebind *encoder;
    float *input;
    int64_t batch;
} setting;

static void set_up(setting *s, const char *name, int trainable)
{
    *s = (setting){.file = golden_open("encoders", name)};
    const char *json = tensor_file_metadata(s->file, "config");
    assert_ok(imagebind_config_from_json(json, strlen(json), &s->config, error));
    s->store = parameter_store_new();
    assert_ok(imagebind_add(s->store, "imagebind.", &s->config, trainable, &s->encoder, error));
    assert_ok(parameter_store_seal(s->store, true, 1, error));
    assert_ok(parameter_list_load(imagebind_parameters(s->encoder), s->file, NULL, error));
    s->input = golden_floats(s->file, "golden.input", NULL);
    s->batch = tensor_file_find(s->file, "golden.input")->dim[0];
}

static void tear_down(setting *s)
{
    imagebind_free(s->encoder);
    parameter_store_free(s->store);
    tensor_file_close(s->file);
    free(s->input);
}

static void compare(const setting *s, const char *key, const float *data, int64_t count)
{
    int64_t expected_count;
    float *expected = golden_floats(s->file, key, &expected_count);
    assert_int_equal(count, expected_count);
    double error = golden_note(strstr(key, "grad") != NULL, golden_error(data, expected, 1, count, NULL));
    if (!(error <= LIMIT))
        fail_msg("%s differs by %.3g", key, error);
    free(expected);
}

static void infer_and_compare(const char *name)
{
    setting s;
    set_up(&s, name, 0);
    tape *t = tape_new(NULL);
    value *hidden[8], *tokens;
    value *y = imagebind_forward(t, s.encoder, s.input, s.batch, NULL, hidden);
    if (y == NULL)
        assert_ok(tape_status(t, error));
    for (int i = 0; i <= s.config.layers; i++) {
        char key[32];
        snprintf(key, sizeof key, "golden.hidden.%d", i);
        compare(&s, key, hidden[i]->device_data, hidden[i]->count);
    }
    compare(&s, "golden.output", y->device_data, y->count);
    tape_reset(t, NULL);
    y = imagebind_forward(t, s.encoder, s.input, s.batch, &tokens, NULL);
    assert_non_null(y);
    compare(&s, "golden.output", y->device_data, y->count);
    assert_int_equal(tokens->dim[1], 1 + imagebind_patches(&s.config));
    tape_free(t);
    tear_down(&s);
}

static void train_and_compare(const char *name, int trainable)
{
    setting s;
    set_up(&s, name, trainable);
    tape *t = tape_new(&(tape_options){.record = true, .check_finite = true});
    value *tokens, *y = imagebind_forward(t, s.encoder, s.input, s.batch, &tokens, NULL);
    if (y == NULL)
        assert_ok(tape_status(t, error));
    compare(&s, "golden.output", y->device_data, y->count);
    float *direction = golden_floats(s.file, "golden.direction", NULL);
    float *token_direction = golden_floats(s.file, "golden.token_direction", NULL);
    value *a = op_sum(t, op_multiply(t, y, tape_value(t, y->rank, y->dim, direction)));
    value *b = op_sum(t, op_multiply(t, tokens, tape_value(t, tokens->rank, tokens->dim, token_direction)));
    parameter_zero_gradients(s.store);
    assert_ok(tape_backward(t, op_add(t, a, b), 1, error));
    const parameter_list *list = imagebind_parameters(s.encoder);
    size_t trained = 0;
    for (size_t i = 0; i < list->count; i++) {
        const listed_parameter *item = &list->items[i];
        if (!item->parameter->trainable)
            continue;
        char key[300];
        snprintf(key, sizeof key, "golden.grad.%s", item->published);
        compare(&s, key, item->parameter->grad, item->parameter->count);
        trained++;
    }
    size_t constant = s.config.modality == IMAGEBIND_AUDIO; /* the logit scale is never trained */
    if (trainable < 0)
        assert_int_equal(trained, list->count - constant);
    else
        assert_true(trained > 0 && trained < list->count - constant);
    free(direction);
    free(token_direction);
    tape_free(t);
    tear_down(&s);
}

static void encoder(void **state)
{
    infer_and_compare(*state);
    train_and_compare(*state, -1);
    train_and_compare(*state, 2);
    golden_report(*state);
}

static void published_sizes_have_the_published_parameters(void **state)
{
    (void)state;
    static const struct {
        imagebind_modality modality;
        int64_t tokens, values;
    } cases[] = {{IMAGEBIND_VISION, 256, 632}, {IMAGEBIND_AUDIO, 228, 86}};
    for (size_t i = 0; i < 2; i++) {
        imagebind_config config;
        imagebind_config_huge(cases[i].modality, &config);
        assert_int_equal(imagebind_patches(&config), cases[i].tokens);
        parameter_store *store = parameter_store_new();
        imagebind *e;
        assert_ok(imagebind_add(store, "", &config, 0, &e, error));
        int64_t values = 0;
        for (int64_t p = 0; p < parameter_number(store); p++)
            values += parameter_at(store, p)->count;
        assert_int_equal(values / 1000000, cases[i].values);
        imagebind_free(e);
        parameter_store_free(store);
    }
}

static void descriptions_survive_writing(void **state)
{
    (void)state;
    for (int m = 0; m < 2; m++) {
        imagebind_config config, again;
        imagebind_config_tiny((imagebind_modality)m, &config);
        config.initial_scale = 0.02f;
        text_buffer text = {0};
        imagebind_config_to_json(&config, &text);
        assert_ok(imagebind_config_from_json(text.data, text.length, &again, error));
        assert_int_equal(config.width, again.width);
        assert_int_equal(config.stride, again.stride);
        assert_int_equal(config.modality, again.modality);
        assert_near(again.initial_scale, 0.02, 1e-6);
        text_free(&text);
    }
}

static void descriptions_that_cannot_be_are_refused(void **state)
{
    (void)state;
    imagebind_config config, out;
    imagebind_config_tiny(IMAGEBIND_VISION, &config);
    smac_error error;
    config.heads = 5;
    assert_int_equal(imagebind_config_check(&config, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "5 heads"));
    config.heads = 4;
    config.initial_scale = 9e12f; /* its millionths would not fit the number they are written as */
    assert_int_equal(imagebind_config_check(&config, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "initial_scale"));
    config.initial_scale = 0;
    config.rows = 13;
    assert_int_equal(imagebind_config_check(&config, &error), SMAC_ERROR_ARGUMENT);
    const char *unknown = "{\"modality\": \"audio\", \"width\": 8, \"layers\": 1, \"heads\": 1, \"hidden\": 8,"
                          "\"out\": 8,\"channels\": 1, \"frames\": 1, \"rows\": 16, \"columns\": 16, \"kernel\": 16,"
                          "\"stride\": 1,\"colour\": 3}";
    assert_int_equal(imagebind_config_from_json(unknown, strlen(unknown), &out, &error), SMAC_ERROR_FORMAT);
    assert_int_equal(imagebind_config_from_json("{}", 2, &out, &error), SMAC_ERROR_FORMAT);
    assert_int_equal(imagebind_config_from_json("[", 1, &out, &error), SMAC_ERROR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"vision", encoder, NULL, NULL, "imagebind_vision"},
        {"audio", encoder, NULL, NULL, "imagebind_audio"},
        cmocka_unit_test(published_sizes_have_the_published_parameters),
        cmocka_unit_test(descriptions_survive_writing),
        cmocka_unit_test(descriptions_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
