/*
 * tests/encoders/test_mobilenet.c - MobileNetV2 with its norms folded against torchvision's: hidden states, vectors and
 * gradients of a tiny random model (tools/golden/encoders_mobilenet.py).
 */
#include "support/golden.h"

#include <unistd.h>

#include "encoders/encoder.h"
#include "encoders/mobilenet.h"
#include "weights/safetensors.h"

static const double LIMIT = 1e-5;

typedef struct setting {
    encoder_files files;
    parameter_store *store;
    encoder *encoder;
    float *input;
    int64_t batch;
} setting;

static void set_up(setting *s, int trainable, const precision *pack)
{
    *s = (setting){.store = parameter_store_new()};
    assert_ok(encoder_files_open(SMAC_SOURCE_DIR "/tests/golden/encoders/mobilenet.safetensors", &s->files, error));
    assert_ok(encoder_new(s->store, "vision.", &s->files.of[MODALITY_VISION], trainable, &s->encoder, error));
    assert_ok(encoder_attach(s->encoder, s->files.file, pack, error));
    assert_ok(parameter_store_seal(s->store, true, 1, error));
    assert_ok(encoder_load(s->encoder, s->files.file, error));
    s->input = golden_floats(s->files.file, "golden.input", NULL);
    s->batch = tensor_file_find(s->files.file, "golden.input")->dim[0];
}

static void tear_down(setting *s)
{
    encoder_free(s->encoder);
    parameter_store_free(s->store);
    encoder_files_close(&s->files);
    free(s->input);
}

static void compare(const setting *s, const char *key, const float *data, int64_t count, double limit)
{
    int64_t expected_count;
    float *expected = golden_floats(s->files.file, key, &expected_count);
    assert_int_equal(count, expected_count);
    double error = golden_error(data, expected, 1, count, NULL);
    if (!(error <= limit))
        fail_msg("%s differs by %.3g", key, error);
    free(expected);
}

static value *encode(tape *t, const setting *s, encoder_states *states)
{
    value *y = encoder_encode(t, s->encoder, &(encoder_input){.rows = s->batch, .pictures = s->input}, states);
    if (y == NULL)
        assert_ok(tape_status(t, error));
    return y;
}

static void vectors_and_hidden_states(void **state)
{
    (void)state;
    setting s;
    set_up(&s, 0, NULL);
    encoder_description d = encoder_config_describe(encoder_get_config(s.encoder));
    assert_string_equal(d.family, "mobilenet");
    assert_int_equal(d.modality, MODALITY_VISION);
    tape *t = tape_new(NULL);
    value *hidden[8];
    encoder_states states = {.hidden = hidden};
    value *y = encode(t, &s, &states);
    for (int i = 0; i <= d.layers; i++) {
        char key[32];
        snprintf(key, sizeof key, "golden.hidden.%d", i);
        compare(&s, key, hidden[i]->device_data, hidden[i]->count, LIMIT);
    }
    compare(&s, "golden.output", y->device_data, y->count, LIMIT);
    assert_int_equal(states.steps->dim[2], d.width);
    tape_reset(t, NULL);
    y = encode(t, &s, NULL);
    compare(&s, "golden.output", y->device_data, y->count, LIMIT);
    tape_free(t);
    tear_down(&s);
}

/* Its blocks have different widths. */
static void layers_are_not_mixed(void **state)
{
    (void)state;
    setting s;
    smac_error error;
    set_up(&s, 0, NULL);
    assert_int_equal(encoder_mix_layers(s.encoder, "none", &error), SMAC_OK);
    assert_int_equal(encoder_mix_layers(s.encoder, "1-2", &error), SMAC_ERROR_UNSUPPORTED);
    tear_down(&s);
}

static void packed_weights(void **state)
{
    (void)state;
    static const double limits[] = {[PRECISION_F32] = 1e-5, [PRECISION_BF16] = 0.02, [PRECISION_INT8] = 0.05};
    for (int how = PRECISION_F32; how <= PRECISION_INT8; how++) {
        setting s;
        precision pack = (precision)how;
        set_up(&s, 0, &pack);
        tape *t = tape_new(NULL);
        value *y = encode(t, &s, NULL);
        compare(&s, "golden.output", y->device_data, y->count, limits[how]);
        tape_free(t);
        tear_down(&s);
    }
}

static void gradients(const int trainable, size_t *trained)
{
    setting s;
    set_up(&s, trainable, NULL);
    tape *t = tape_new(&(tape_options){.record = true, .check_finite = true});
    value *y = encode(t, &s, NULL);
    compare(&s, "golden.output", y->device_data, y->count, LIMIT);
    float *direction = golden_floats(s.files.file, "golden.direction", NULL);
    parameter_zero_gradients(s.store);
    assert_ok(tape_backward(t, op_sum(t, op_multiply(t, y, tape_value(t, y->rank, y->dim, direction))), 1, error));
    const parameter_list *list = encoder_parameters(s.encoder);
    *trained = 0;
    for (size_t i = 0; i < list->count; i++) {
        char key[300];
        if (!list->items[i].parameter->trainable)
            continue;
        snprintf(key, sizeof key, "golden.grad.%s", list->items[i].published);
        compare(&s, key, list->items[i].parameter->grad, list->items[i].parameter->count, LIMIT);
        ++*trained;
    }
    free(direction);
    tape_free(t);
    tear_down(&s);
}

static void all_gradients_and_those_of_the_last_blocks(void **state)
{
    (void)state;
    size_t trained;
    gradients(-1, &trained);
    assert_int_equal(trained, 2 * (1 + 2 + 3 + 3 + 3 + 1)); /* the first block has no expansion */
    gradients(2, &trained);
    assert_int_equal(trained, 2 * (3 + 3 + 1));
}

/* What the store holds reads back without norms, to the same bits. */
static void a_file_of_ours_is_not_folded_again(void **state)
{
    (void)state;
    setting s;
    set_up(&s, -1, NULL);
    const parameter_list *list = encoder_parameters(s.encoder);
    tensor_entry entries[64];
    char path[] = "/tmp/smac-mobilenet-XXXXXX";
    assert_true(mkstemp(path) >= 0);
    for (size_t i = 0; i < list->count; i++) {
        const parameter *p = list->items[i].parameter;
        entries[i] = (tensor_entry){.name = p->name,
            .type = TENSOR_F32,
            .rank = p->rank,
            .data = p->device_data,
            .count = p->count,
            .bytes = (size_t)p->count * sizeof(float)};
        memcpy(entries[i].dim, p->dim, (size_t)p->rank * sizeof *p->dim);
    }
    assert_ok(safetensors_write(path, entries, list->count, NULL, 0, error));
    tensor_file *file;
    assert_ok(tensor_file_open(path, &file, error));
    setting other;
    set_up(&other, -1, NULL);
    const parameter_list *copy = encoder_parameters(other.encoder);
    for (size_t i = 0; i < copy->count; i++)
        memset(copy->items[i].parameter->device_data, 0, (size_t)copy->items[i].parameter->count * sizeof(float));
    assert_ok(encoder_load(other.encoder, file, error));
    for (size_t i = 0; i < copy->count; i++)
        assert_memory_equal(copy->items[i].parameter->device_data, list->items[i].parameter->device_data,
            (size_t)copy->items[i].parameter->count * sizeof(float));
    tensor_file_close(file);
    unlink(path);
    tear_down(&other);
    tear_down(&s);
}

static void sizes(void **state)
{
    (void)state;
    mobilenet_config c, again;
    mobilenet_config_standard(1, &c);
    assert_int_equal(c.block_count, 17);
    parameter_store *store = parameter_store_new();
    mobilenet *m;
    assert_ok(mobilenet_add(store, "", &c, 0, &m, error));
    int64_t values = 0;
    for (int64_t p = 0; p < parameter_number(store); p++)
        values += parameter_at(store, p)->count;
    assert_int_equal(values, 2223872 - 17056); /* published, less the classifier and a number of each norm */
    mobilenet_free(m);
    parameter_store_free(store);
    mobilenet_config_standard(1.4, &c);
    assert_int_equal(c.stem, 48);
    assert_int_equal(c.head, 1792);
    text_buffer text = {0};
    mobilenet_config_to_json(&c, &text);
    assert_ok(mobilenet_config_from_json(text.data, text.length, &again, error));
    assert_memory_equal(&c, &again, sizeof c);
    text_free(&text);
}

static void descriptions_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
    } cases[] = {{"{}", "image_size"}, {"{\"image_size\": 8, \"stem\": 8, \"head\": 8, \"blocks\": []}", "blocks"},
        {"{\"image_size\": 8, \"stem\": 8, \"head\": 8, \"blocks\": [[8, 8]]}", "block 0"},
        {"{\"image_size\": 8, \"stem\": 8, \"head\": 8, \"blocks\": [[8, 8, 3]]}", "stride"},
        {"{\"image_size\": 8, \"stem\": 0, \"head\": 8, \"blocks\": [[8, 8, 1]]}", "stem"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mobilenet_config c;
        smac_error error;
        assert_int_not_equal(mobilenet_config_from_json(cases[i].json, strlen(cases[i].json), &c, &error), SMAC_OK);
        assert_non_null(strstr(error.message, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_and_hidden_states), cmocka_unit_test(packed_weights),
        cmocka_unit_test(layers_are_not_mixed), cmocka_unit_test(all_gradients_and_those_of_the_last_blocks),
        cmocka_unit_test(a_file_of_ours_is_not_folded_again), cmocka_unit_test(sizes),
        cmocka_unit_test(descriptions_that_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
