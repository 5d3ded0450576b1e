/* tests/weights/test_opening.c - folders, shards with an index (safetensors and PyTorch), views, what is refused. */
#include "support/folder.h"

#include "base/file.h"
#include "weights/safetensors.h"

#define GOLDEN SMAC_SOURCE_DIR "/tests/golden/weights/"

static void write_shard(const char *folder, const char *file, const char *name, float value)
{
    char path[512];
    const tensor_entry entry = {name, TENSOR_F32, 1, {1}, 1, &value, sizeof value};
    assert_ok(safetensors_write(file_in(folder, file, path), &entry, 1, NULL, 0, error));
}

static void copy(const char *golden, const char *folder, const char *as)
{
    char from[512], to[512], *data;
    size_t size;
    snprintf(from, sizeof from, GOLDEN "%s", golden);
    assert_ok(file_read(from, 0, &data, &size, error));
    assert_ok(file_write(file_in(folder, as, to), data, size, error));
    free(data);
}

static float value_of(const tensor_file *f, const char *name)
{
    const tensor_entry *e = tensor_file_find(f, name);
    float out[16] = {0};
    if (!e || e->count > 16)
        fail_msg("%s is missing", name);
    tensor_to_f32(e, out);
    return out[e->count - 1];
}

static void refused(const char *path, smac_status code, const char *says)
{
    tensor_file *f = NULL;
    smac_error error = {0};
    smac_status found = tensor_file_open(path, &f, &error);
    if (found != code || !strstr(error.message, says))
        fail_msg("%s gave %d, \"%s\"; expected %d and \"%s\"", path, (int)found, error.message, (int)code, says);
    assert_null(f);
}

static void shards_are_one_file(void **state)
{
    (void)state;
    char folder[256], path[512];
    tensor_file *f;
    folder_new(folder);
    write_shard(folder, "model-00001-of-00002.safetensors", "a", 1);
    write_shard(folder, "model-00002-of-00002.safetensors", "b", 2);
    write_text(folder, "model.safetensors.index.json",
        "{\"metadata\": {\"total_size\": 8}, \"weight_map\": "
        "{\"a\": \"model-00001-of-00002.safetensors\", \"b\": \"model-00002-of-00002.safetensors\"}}");
    assert_ok(tensor_file_open(folder, &f, error));
    assert_int_equal(tensor_file_count(f), 2);
    assert_true(value_of(f, "a") == 1 && value_of(f, "b") == 2);
    tensor_file_close(f);
    assert_ok(tensor_file_open(file_in(folder, "model.safetensors.index.json", path), &f, error));
    assert_int_equal(tensor_file_count(f), 2);
    tensor_file_close(f);
    folder_remove(folder);
}

static void pytorch_shards_are_one_file(void **state)
{
    (void)state;
    char folder[256];
    tensor_file *f;
    folder_new(folder);
    copy("flat.pth", folder, "pytorch_model-00001-of-00002.bin");
    copy("nested.pt", folder, "pytorch_model-00002-of-00002.bin");
    write_text(folder, "pytorch_model.bin.index.json",
        "{\"weight_map\": {\"plain\": "
        "\"pytorch_model-00001-of-00002.bin\", \"model.a.weight\": \"pytorch_model-00002-of-00002.bin\", "
        "\"half\": \"pytorch_model-00001-of-00002.bin\"}}");
    assert_ok(tensor_file_open(folder, &f, error));
    assert_int_equal(tensor_file_count(f), 11 + 2);
    assert_string_equal(tensor_file_kind(f), "PyTorch");
    assert_true(value_of(f, "plain") == 11.5f && value_of(f, "half") == 65504 && value_of(f, "model.a.weight") == 11);
    tensor_file_close(f);
    folder_remove(folder);
}

static void wrong_indexes_are_refused(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    refused(folder, SMAC_ERROR_NOT_FOUND, "holds no weights");
    write_shard(folder, "one.safetensors", "a", 1);
    write_shard(folder, "two.safetensors", "a", 2);
    file_in(folder, "model.safetensors.index.json", path);
    static const struct {
        const char *json, *says;
        smac_status code;
    } cases[] = {
        {"{\"weight_map\": {\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"}}", "\"a\"", SMAC_ERROR_FORMAT},
        {"{\"weight_map\": {\"a\": \"three.safetensors\"}}", "three.safetensors", SMAC_ERROR_NOT_FOUND},
        {"{\"weight_map\": {\"a\": \"model.safetensors.index.json\"}}", "not a safetensors file", SMAC_ERROR_FORMAT},
        {"{\"weight_map\": {\"a\": \"../one.safetensors\"}}", "plain file name", SMAC_ERROR_FORMAT},
        {"{\"weight_map\": {\"a\": 3}}", "plain file name", SMAC_ERROR_FORMAT},
        {"{\"weight_map\": {\"a\": \"one.safetensors\", \"c\": \"one.safetensors\"}}", "\"c\"", SMAC_ERROR_FORMAT},
        {"{\"weight_map\": {}}", "weight_map", SMAC_ERROR_FORMAT},
        {"{\"weights\": {}}", "weight_map", SMAC_ERROR_FORMAT},
        {"{\"weight_map\"", "weight_map", SMAC_ERROR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(folder, "model.safetensors.index.json", cases[i].json);
        refused(folder, cases[i].code, cases[i].says);
    }
    write_text(folder, "model.safetensors", "");
    refused(folder, SMAC_ERROR_FORMAT, "is empty");
    folder_remove(folder);
}

/* A view may repeat its elements; one that asks for far more than the file holds is a bomb. */
static void views_are_copied_within_reason(void **state)
{
    (void)state;
    tensor_file *f;
    assert_ok(tensor_file_open(GOLDEN "broadcast.pth", &f, error));
    assert_int_equal(tensor_file_find(f, "small")->count, 3);
    assert_true(value_of(f, "small") == 2);
    tensor_file_close(f);
    refused(GOLDEN "views.pth", SMAC_ERROR_UNSUPPORTED, "\"huge\"");
}

static void tensors_too_deep_are_not_passed_over(void **state)
{
    (void)state;
    refused(GOLDEN "deep.pth", SMAC_ERROR_UNSUPPORTED, "deep");
}

/* A name in front of a hundred thousand others would be copied for each of them. */
static void endless_names_are_refused(void **state)
{
    (void)state;
    refused(GOLDEN "longname.pth", SMAC_ERROR_UNSUPPORTED, "700 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shards_are_one_file),
        cmocka_unit_test(pytorch_shards_are_one_file), cmocka_unit_test(wrong_indexes_are_refused),
        cmocka_unit_test(views_are_copied_within_reason), cmocka_unit_test(tensors_too_deep_are_not_passed_over),
        cmocka_unit_test(endless_names_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
