/* tests/weights/test_safetensors.c - round trips, conversion, and every way in which a header can be wrong. */
#include "support/check.h"

#include <unistd.h>

#include "weights/safetensors.h"

static void what_is_written_is_read(void **state)
{
    (void)state;
    float a[6] = {1, 2, 3, 4, 5, 6.5f};
    int64_t b[2] = {-7, 1LL << 40};
    uint16_t half[3] = {0x3C00, 0xC000, 0x0001}, brain[2] = {0x3F80, 0xC040};
    const tensor_entry entries[] = {
        {"z", TENSOR_F32, 2, {2, 3}, 6, a, sizeof a},
        {"b", TENSOR_I64, 1, {2}, 2, b, sizeof b},
        {"h", TENSOR_F16, 1, {3}, 3, half, sizeof half},
        {"brain", TENSOR_BF16, 1, {2}, 2, brain, sizeof brain},
        {"none", TENSOR_F32, 2, {0, 3}, 0, NULL, 0},
        {"scalar", TENSOR_F32, 0, {0}, 1, a, 4},
    };
    const safetensors_pair metadata[] = {{"format", "smac"}, {"config", "{\"x\": \"é\"}"}};
    char path[] = "/tmp/smac-st-XXXXXX";
    close(mkstemp(path));
    assert_ok(safetensors_write(path, entries, 6, metadata, 2, error));
    tensor_file *f;
    assert_ok(tensor_file_open(path, &f, error));
    assert_int_equal(tensor_file_count(f), 6);
    assert_string_equal(tensor_file_metadata(f, "config"), "{\"x\": \"é\"}");
    assert_null(tensor_file_metadata(f, "other"));
    const tensor_entry *e = tensor_file_find(f, "z");
    float out[6];
    tensor_to_f32(e, out);
    assert_memory_equal(out, a, sizeof a);
    tensor_to_f32(tensor_file_find(f, "h"), out);
    assert_near(out[0], 1, 0);
    assert_near(out[1], -2, 0);
    assert_near(out[2], 0x1p-24, 0);
    tensor_to_f32(tensor_file_find(f, "brain"), out);
    assert_near(out[1], -3, 0);
    int64_t integers[2];
    assert_ok(tensor_to_i64(tensor_file_find(f, "b"), integers, error));
    assert_memory_equal(integers, b, sizeof b);
    smac_error error;
    assert_int_equal(tensor_to_i64(e, integers, &error), SMAC_ERROR_MISMATCH);
    assert_int_equal(tensor_file_find(f, "none")->count, 0);
    assert_int_equal(tensor_file_expect(f, "z", 2, (int64_t[]){3, 2}, &e, &error), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(error.message, "[2, 3]"));
    assert_non_null(strstr(error.message, "[3, 2]"));
    assert_int_equal(tensor_file_expect(f, "q", 2, (int64_t[]){3, 2}, &e, &error), SMAC_ERROR_NOT_FOUND);
    tensor_file_close(f);
    unlink(path);
}

/* header text plus body bytes as a file in memory */
static smac_status parse(const char *header, size_t body, smac_error *error)
{
    size_t length = strlen(header);
    uint8_t *data = calloc(1, 8 + length + body);
    data[0] = (uint8_t)length;
    data[1] = (uint8_t)(length >> 8);
    memcpy(data + 8, header, length);
    tensor_file *f = NULL;
    smac_status code = safetensors_parse(data, 8 + length + body, "test", &f, error);
    tensor_file_close(f);
    free(data);
    return code;
}

static void wrong_headers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header, *says;
        size_t body;
    } cases[] = {
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", NULL, 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "bytes 0 to 8 of 7", 7},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "belong to none", 9},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", "its shape", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "negative", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}", "too large", 8},
        {"{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}", "F99", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "bytes 8 to 0 of 8", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
            "duplicate", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
            "overlap", 12},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}",
            "gap", 12},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", "dimensions", 4},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", "not an integer", 4},
        {"{\"a\":3}", "lacks", 0},
        {"{\"__metadata__\":{\"a\":3}}", "not a text", 0},
        {"{\"__metadata__\":[\"a\"]}", "metadata", 0},
        {"{\"a\":", "not valid JSON", 0},
        {"[]", "does not start", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        smac_error error = {0};
        smac_status code = parse(cases[i].header, cases[i].body, &error);
        if (!cases[i].says)
            assert_int_equal(code, SMAC_OK);
        else if (code == SMAC_OK || !strstr(error.message, cases[i].says))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, error.message, cases[i].says);
    }
    tensor_file *f;
    uint8_t huge[16] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, '{', '}'};
    assert_int_equal(safetensors_parse(huge, sizeof huge, "test", &f, NULL), SMAC_ERROR_FORMAT);
    assert_int_equal(safetensors_parse(huge, 3, "test", &f, NULL), SMAC_ERROR_FORMAT);
}

/* The format promises no alignment: a tensor may begin at an odd address. */
static void misaligned_tensors_are_read(void **state)
{
    (void)state;
    static const char header[] = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                                 "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[1,9]}}";
    static const float values[2] = {1.5f, -2};
    size_t length = strlen(header);
    uint8_t *data = calloc(1, 8 + length + 9);
    data[0] = (uint8_t)length;
    memcpy(data + 8, header, length);
    memcpy(data + 8 + length + 1, values, sizeof values);
    tensor_file *f;
    assert_ok(safetensors_parse(data, 8 + length + 9, "test", &f, error));
    float out[2];
    tensor_to_f32(tensor_file_find(f, "b"), out);
    assert_memory_equal(out, values, sizeof values);
    tensor_file_close(f);
    free(data);
}

static void two_tensors_of_one_name_are_not_written(void **state)
{
    (void)state;
    float a[1] = {1};
    const tensor_entry entries[] = {{"a", TENSOR_F32, 1, {1}, 1, a, 4}, {"a", TENSOR_F32, 1, {1}, 1, a, 4}};
    assert_int_equal(safetensors_write("/tmp/smac-never", entries, 2, NULL, 0, NULL), SMAC_ERROR_ARGUMENT);
    assert_int_not_equal(access("/tmp/smac-never", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(wrong_headers_are_refused), cmocka_unit_test(misaligned_tensors_are_read),
        cmocka_unit_test(two_tensors_of_one_name_are_not_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
