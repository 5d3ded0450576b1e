/*
 * The SHA-256 that names an encoder's weights: the same for any number of threads and any container, another one for
 * any change of a name, a shape or a single value, in a tensor's first piece or its last.
 */
#include "support/folder.h"

#include "compute/parallel.h"
#include "pipeline/affect_model_build.h"
#include "weights/safetensors.h"

enum { LARGE = 5 * 1024 * 1024 + 3 }; /* float32 values: two whole pieces of 8 MB and a rest */

static void write_file(const char *path, const char *name, int64_t rows, float *values)
{
    float none[1] = {0}, three[3] = {1, 2, 3};
    tensor_entry entries[] = {{.name = name,
                                  .type = TENSOR_F32,
                                  .rank = 2,
                                  .dim = {rows, LARGE / rows},
                                  .count = LARGE,
                                  .data = values,
                                  .bytes = LARGE * sizeof(float)},
        {.name = "empty", .type = TENSOR_F32, .rank = 1, .dim = {0}, .count = 0, .data = none, .bytes = 0},
        {.name = "small", .type = TENSOR_F32, .rank = 1, .dim = {3}, .count = 3, .data = three, .bytes = sizeof three}};
    assert_ok(safetensors_write(path, entries, 3, NULL, 0, error));
}

static void digest_of(const char *path, char out[65])
{
    tensor_file *file = NULL;
    assert_ok(tensor_file_open(path, &file, error));
    assert_ok(affect_model_encoder_digest(file, out, error));
    assert_int_equal(strlen(out), 64);
    tensor_file_close(file);
}

static void test_digest(void **state)
{
    (void)state;
    char path[512], first[65], other[65];
    char folder[256];
    folder_new(folder);
    float *values = calloc(LARGE, sizeof *values);
    file_in(folder, "weights.safetensors", path);
    write_file(path, "w", 1, values);
    digest_of(path, first);
    parallel_set_threads(1);
    digest_of(path, other);
    parallel_set_threads(0);
    assert_string_equal(first, other);
    for (int piece = 0; piece < 3; piece++) {
        int64_t at = piece < 2 ? piece * (2 << 20) : LARGE - 1;
        values[at] = 1e-30f;
        write_file(path, "w", 1, values);
        digest_of(path, other);
        assert_string_not_equal(first, other);
        values[at] = 0;
    }
    write_file(path, "v", 1, values);
    digest_of(path, other);
    assert_string_not_equal(first, other);
    write_file(path, "w", LARGE, values);
    digest_of(path, other);
    assert_string_not_equal(first, other);
    write_file(path, "w", 1, values);
    digest_of(path, other);
    assert_string_equal(first, other);
    free(values);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_digest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
