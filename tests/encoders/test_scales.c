/* tests/encoders/test_scales.c - int8 tensors with a scale a row: read exactly, and refused where a scale gives no number. */
#include "support/folder.h"

#include "encoders/weight_source.h"
#include "weights/safetensors.h"

static smac_status read_scaled(const float scale[2], float out[6], smac_error *error)
{
    static const int8_t numbers[6] = {127, -64, 1, 0, 0, -127};
    char folder[256], path[512];
    folder_new(folder);
    const tensor_entry entries[2] = {
        {.name = "w", .type = TENSOR_I8, .rank = 2, .dim = {2, 3}, .count = 6, .data = numbers, .bytes = 6},
        {.name = "w_scale", .type = TENSOR_F32, .rank = 1, .dim = {2}, .count = 2, .data = scale, .bytes = 8}};
    tensor_file *file = NULL;
    weight_source source;
    smac_status status = safetensors_write(file_in(folder, "x", path), entries, 2, NULL, 0, error);
    if (status == SMAC_OK)
        status = tensor_file_open(path, &file, error);
    assert_int_equal(status, SMAC_OK);
    status = weight_source_of(file, tensor_file_find(file, "w"), 0, 1, &source, error);
    if (status == SMAC_OK)
        status = weight_source_load(&source, out, error);
    tensor_file_close(file);
    folder_remove(folder);
    return status;
}

static void values_are_divided_by_their_rows_scale(void **state)
{
    (void)state;
    float out[6];
    assert_ok(read_scaled((float[]){2, -0.5f}, out, error));
    static const float expected[6] = {63.5f, -32, 0.5f, 0, 0, 254};
    for (int i = 0; i < 6; i++)
        assert_true(out[i] == expected[i]);
}

static void scales_that_give_no_numbers_are_refused(void **state)
{
    (void)state;
    static const float wrong[] = {0, -0.0f, 1e-40f, INFINITY, -INFINITY, NAN};
    float out[6];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        smac_error error = {0};
        assert_int_equal(read_scaled((float[]){1, wrong[i]}, out, &error), SMAC_ERROR_FORMAT);
        assert_non_null(strstr(error.message, "value 1 of tensor w_scale"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_divided_by_their_rows_scale),
        cmocka_unit_test(scales_that_give_no_numbers_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
