/* Resizing against PIL (bit for bit) and torch (float): tests/golden/media/resize.safetensors from tools/golden/media.py. */
#include "support/golden.h"

#include "media/resize.h"

/* The same formula is in tools/golden/media.py. */
static uint8_t *test_picture(int width, int height, picture *out)
{
    size_t stride = (size_t)width * 3 + 5; /* rows need not touch */
    uint8_t *pixels = malloc(stride * (size_t)height);
    assert_non_null(pixels);
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++)
            for (int64_t c = 0; c < 3; c++) {
                int64_t smooth = (x * 3 + y * 2 + c * 85) % 256;
                int64_t rough = (x * x * 3 + y * y * 5 + x * y * 7 + c * 91) % 256;
                int64_t edge = (x / 9 + y / 7 + c) % 2 * 255;
                pixels[(size_t)y * stride + (size_t)(x * 3 + c)] = (uint8_t)(x * 3 < width ? smooth
                        : x * 3 < 2 * width                                                ? rough
                                                                                           : edge);
            }
    *out = (picture){.rgb = pixels, .width = width, .height = height, .stride = stride};
    return pixels;
}

static void all_cases_equal_the_references(void **state)
{
    (void)state;
    tensor_file *golden = golden_open("media", "resize");
    int stills = 0, videos = 0;
    for (size_t i = 0; i < tensor_file_count(golden); i++) {
        const tensor_entry *entry = tensor_file_at(golden, i);
        int width, height, size;
        picture in;
        if (sscanf(entry->name, "still.%d.%d.%d", &width, &height, &size) == 3) {
            uint8_t *pixels = test_picture(width, height, &in), *out = malloc((size_t)(size * size * 3));
            assert_ok(picture_prepare(&in, size, PREPARE_STILL, 1, out, NULL, error));
            assert_int_equal(entry->count, size * size * 3);
            if (memcmp(out, entry->data, entry->bytes) != 0)
                fail_msg("%s differs from PIL", entry->name);
            free(out);
            free(pixels);
            stills++;
        } else if (sscanf(entry->name, "video.%d.%d.%d", &width, &height, &size) == 3) {
            uint8_t *pixels = test_picture(width, height, &in);
            int64_t count;
            float *expected = golden_floats(golden, entry->name, &count);
            float *out = malloc((size_t)count * sizeof *out);
            assert_int_equal(count, 3 * size * size * 3);
            assert_ok(picture_prepare(&in, size, PREPARE_VIDEO, 3, NULL, out, error));
            for (int64_t k = 0; k < count; k++)
                assert_near(out[k], expected[k], 2e-4); /* torch computes its weights in float32: 1e-7 x 1920 columns */
            free(expected);
            free(out);
            free(pixels);
            videos++;
        }
    }
    assert_int_equal(stills, 13);
    assert_int_equal(videos, 12);
    tensor_file_close(golden);
}

static void resizing_to_any_size_and_box(void **state)
{
    (void)state;
    tensor_file *golden = golden_open("media", "resize");
    const tensor_entry *entry = tensor_file_find(golden, "plain.53.37.20.91");
    assert_non_null(entry);
    picture in;
    uint8_t *pixels = test_picture(53, 37, &in), whole[20 * 91 * 3], part[7 * 11 * 3];
    assert_ok(picture_resize_bicubic(&in, 20, 91, (picture_box){0, 0, 20, 91}, whole, error));
    assert_memory_equal(whole, entry->data, sizeof whole);
    assert_ok(picture_resize_bicubic(&in, 20, 91, (picture_box){13, 80, 7, 11}, part, error));
    for (int y = 0; y < 11; y++)
        assert_memory_equal(part + y * 21, whole + ((80 + y) * 20 + 13) * 3, 21);
    smac_error failure;
    assert_int_equal(
        picture_resize_bicubic(&in, 20, 91, (picture_box){14, 0, 7, 11}, part, &failure), SMAC_ERROR_ARGUMENT);
    assert_int_equal(
        picture_resize_bicubic(&in, 0, 91, (picture_box){0, 0, 7, 11}, part, &failure), SMAC_ERROR_ARGUMENT);
    assert_int_equal(picture_prepare(&in, 8, PREPARE_STILL, 2, part, NULL, &failure), SMAC_ERROR_ARGUMENT);
    free(pixels);
    tensor_file_close(golden);
}

static void crops_lie_where_the_loaders_put_them(void **state)
{
    (void)state;
    int width, height;
    picture_target_size(640, 361, 224, PREPARE_STILL, &width, &height);
    assert_int_equal(width, 397);
    assert_int_equal(height, 224);
    /* round-half-even(173 / 2) = 86 in the still loader, ceil = 87 in the video loader */
    assert_int_equal(picture_crop_box(width, height, 224, PREPARE_STILL, 1, 0).x, 86);
    assert_int_equal(picture_crop_box(width, height, 224, PREPARE_VIDEO, 3, 1).x, 87);
    assert_int_equal(picture_crop_box(width, height, 224, PREPARE_VIDEO, 3, 0).x, 0);
    assert_int_equal(picture_crop_box(width, height, 224, PREPARE_VIDEO, 3, 2).x, 173);
    picture_box tall = picture_crop_box(224, 300, 224, PREPARE_STILL, 3, 2);
    assert_int_equal(tall.x, 0);
    assert_int_equal(tall.y, 76);
}

static void normalising(void **state)
{
    (void)state;
    uint8_t rgb[4 * 3] = {0, 128, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90};
    float out[12], values[12], same[12];
    picture_normalise_rgb(rgb, 2, out, 4);
    assert_near(out[0], (0 - 0.48145466) / 0.26862954, 1e-6);
    assert_near(out[4 + 1], (20 / 255.0 - 0.4578275) / 0.26130258, 1e-6);
    assert_near(out[8], (1 - 0.40821073) / 0.27577711, 1e-6);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 4; i++)
            values[c * 4 + i] = rgb[i * 3 + c] / 255.0f;
    picture_normalise_values(values, 2, same, 4);
    for (int i = 0; i < 12; i++)
        assert_near(same[i], out[i], 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_equal_the_references),
        cmocka_unit_test(resizing_to_any_size_and_box),
        cmocka_unit_test(crops_lie_where_the_loaders_put_them),
        cmocka_unit_test(normalising),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
