/*
 * tests/encoders/test_device.c - encoders of every kind, loaded from golden files, on a device whose memory is protected:
 * results and gradients have the CPU's bits, trained, and frozen with packed or borrowed weights.
 */
#include "support/golden.h"

#include "base/random.h"
#include "encoders/encoder.h"
#include "support/protected_device.h"

enum { ROWS = 2, LENGTH = 11 };

typedef struct wanted {
    const char *name;
    modality modality;
} wanted;

static const wanted all[] = {{"bert", MODALITY_TEXT}, {"deberta_v3", MODALITY_TEXT},
    {"deberta_v2_convolution", MODALITY_TEXT}, {"xlnet", MODALITY_TEXT}, {"t5_gated", MODALITY_TEXT},
    {"gpt2", MODALITY_TEXT}, {"imagebind_audio", MODALITY_AUDIO}, {"imagebind_vision", MODALITY_VISION},
    {"whisper", MODALITY_AUDIO}};

/* Inputs of the form that the encoder takes. */
static encoder_input input_for(const encoder_config *c, modality m, float **numbers)
{
    static int32_t ids[ROWS * LENGTH], types[ROWS * LENGTH];
    static uint8_t mask[ROWS * LENGTH];
    encoder_form form = {.modality = m};
    const imagebind_config *picture = &c->imagebind; /* the golden file's pictures are not squares */
    int64_t count = ROWS * picture->channels * picture->frames * picture->rows * picture->columns;
    if (m != MODALITY_VISION) {
        assert_ok(encoder_prepare(c, 0.4, &form, error));
        count = ROWS * form.mel_bins * form.mel_frames;
    }
    encoder_input in = {.rows = ROWS, .mel_bins = form.mel_bins, .mel_frames = form.mel_frames};
    *numbers = malloc((size_t)(count + 1) * sizeof **numbers);
    for (int64_t i = 0; i < count; i++)
        (*numbers)[i] = random_normal_at(3, 4, (uint64_t)i);
    for (int i = 0; i < ROWS * LENGTH; i++) {
        ids[i] = 3 + (i * 7) % 25;
        mask[i] = i < ROWS * LENGTH - 3;
    }
    if (form.modality == MODALITY_TEXT) {
        in.length = LENGTH;
        in.ids = ids;
        in.types = types;
        in.mask = mask;
    }
    in.mel = in.pictures = *numbers;
    return in;
}

/* The result's numbers, and after them all gradients (trained) - free them. */
static float *run(const wanted *w, const device_operations *device, int blocks, const precision *pack, int64_t *count)
{
    device_set_default(device);
    tensor_file *file = golden_open("encoders", w->name);
    const char *json = tensor_file_metadata(file, "config");
    encoder_config config;
    encoder *e;
    float *numbers;
    assert_ok(encoder_config_read(json, strlen(json), w->modality, &config, error));
    parameter_store *store = parameter_store_new();
    assert_ok(encoder_new(store, "", &config, blocks, &e, error));
    if (blocks == 0)
        assert_ok(encoder_attach(e, file, pack, error));
    assert_ok(parameter_store_seal(store, false, 1, error));
    assert_ok(encoder_load(e, file, error));
    encoder_input in = input_for(&config, w->modality, &numbers);
    tape *t = tape_new(&(tape_options){.record = blocks != 0, .training = blocks != 0, .check_finite = true});
    value *y = encoder_encode(t, e, &in, NULL);
    assert_ok(tape_status(t, error));
    int64_t gradients = parameter_trainable_count(store);
    *count = y->count + gradients;
    float *out = malloc((size_t)*count * sizeof *out);
    assert_ok(tape_read(t, y, out));
    if (blocks != 0) {
        assert_ok(tape_backward(t, op_mean(t, op_multiply(t, y, y)), 1, error));
        float *block = parameter_trainable_gradients(store), *mapped = parameter_block_map(store, block);
        assert_non_null(mapped);
        memcpy(out + y->count, mapped, (size_t)gradients * sizeof *out);
        assert_ok(parameter_block_unmap(store, block, mapped, false, error));
    }
    tape_free(t);
    free(numbers);
    encoder_free(e);
    parameter_store_free(store);
    tensor_file_close(file);
    device_set_default(NULL);
    return out;
}

static void encoders_on_another_device(void **state)
{
    (void)state;
    const precision int8 = PRECISION_INT8;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (int form = 0; form < 3; form++) { /* trained; frozen and borrowed; frozen and packed */
            int64_t count, other_count;
            const precision *pack = form == 2 ? &int8 : NULL;
            float *expected = run(&all[i], NULL, form == 0 ? -1 : 0, pack, &count);
            float *found = run(&all[i], protected_device(), form == 0 ? -1 : 0, pack, &other_count);
            if (count != other_count || memcmp(expected, found, (size_t)count * sizeof *found) != 0)
                fail_msg("%s: other bits on another device", all[i].name);
            if (protected.violations)
                fail_msg("%s: memory of the host was given to the device", all[i].name);
            free(expected);
            free(found);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(encoders_on_another_device)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
