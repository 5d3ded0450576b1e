/* tests/weights/test_pytorch.c - PyTorch archives, pickles of every protocol, CTranslate2 files, and what is refused. */
#include "support/check.h"

#include <unistd.h>

#include "base/file.h"
#include "weights/pickle.h"
#include "weights/tensor_file_internal.h"

#define GOLDEN SMAC_SOURCE_DIR "/tests/golden/weights/"

static void check_values(const tensor_file *f, const char *name, int rank, const int64_t *dim, const float *values)
{
    const tensor_entry *e = NULL;
    assert_ok(tensor_file_expect(f, name, rank, dim, &e, error));
    float out[16];
    tensor_to_f32(e, out);
    for (int64_t i = 0; i < e->count; i++)
        assert_near(out[i], values[i], 0);
}

static void check_flat(const char *path)
{
    tensor_file *f;
    assert_ok(tensor_file_open(path, &f, error));
    assert_string_equal(tensor_file_kind(f), "PyTorch");
    assert_int_equal(tensor_file_count(f), 11);
    check_values(f, "plain", 2, (int64_t[]){3, 4},
        (float[]){.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f, 8.5f, 9.5f, 10.5f, 11.5f});
    check_values(f, "transposed", 2, (int64_t[]){4, 3}, (float[]){0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11});
    check_values(f, "slice", 2, (int64_t[]){2, 2}, (float[]){5, 6, 9, 10});
    check_values(f, "half", 1, (int64_t[]){3}, (float[]){1, -2, 65504});
    check_values(f, "brain", 1, (int64_t[]){2}, (float[]){1, -3});
    check_values(f, "flag", 1, (int64_t[]){3}, (float[]){1, 0, 1});
    check_values(f, "scalar", 0, NULL, (float[]){2.75f});
    check_values(f, "empty", 2, (int64_t[]){0, 3}, NULL);
    check_values(f, "parameter", 2, (int64_t[]){2, 2}, (float[]){3, 3, 3, 3});
    int64_t integers[2];
    assert_ok(tensor_to_i64(tensor_file_find(f, "long"), integers, error));
    assert_true(integers[0] == -7 && integers[1] == 1LL << 40);
    assert_ptr_equal(tensor_file_find(f, "tied")->data, tensor_file_find(f, "plain")->data); /* mapped, not copied */
    tensor_file_close(f);
}

static void archives_are_read(void **state)
{
    (void)state;
    check_flat(GOLDEN "flat.pth");
    tensor_file *f;
    assert_ok(tensor_file_open(GOLDEN "nested.pt", &f, error));
    check_values(f, "model.a.weight", 2, (int64_t[]){3, 4}, (float[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    check_values(f, "list.0", 2, (int64_t[]){3, 4}, (float[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    tensor_file_close(f);
}

/* What torch.save wrote before 1.6; cut anywhere it is refused. */
static void files_without_an_archive_are_read(void **state)
{
    (void)state;
    check_flat(GOLDEN "flat.old.pth");
    char *data;
    size_t size;
    assert_ok(file_read(GOLDEN "flat.old.pth", 0, &data, &size, error));
    for (size_t cut = 15; cut < size; cut++) {
        uint8_t *part = malloc(cut); /* exactly as long, so that reading past it shows */
        memcpy(part, data, cut);
        tensor_file *f = tensor_file_new("cut");
        smac_error error = {0};
        if (tensor_file_read_into(f, part, cut, "cut", &error) == SMAC_OK || !*error.message)
            fail_msg("%zu of %zu bytes were read", cut, size);
        tensor_file_close(f);
        free(part);
    }
    free(data);
}

static void no_code_is_run(void **state)
{
    (void)state;
    unlink("/tmp/smac-hostile");
    tensor_file *f = NULL;
    smac_error error;
    assert_int_equal(tensor_file_open(GOLDEN "hostile.pth", &f, &error), SMAC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "system"));
    assert_int_not_equal(access("/tmp/smac-hostile", F_OK), 0);
    assert_int_equal(tensor_file_open(GOLDEN "compressed.pth", &f, &error), SMAC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "compressed"));
}

static const pickle_value *get(const pickle_value *dict, const char *key)
{
    const pickle_value *v = pickle_get(dict, key);
    if (!v)
        fail_msg("%s is missing", key);
    return v;
}

static void pickles_of_every_protocol_are_read(void **state)
{
    (void)state;
    for (int protocol = 2; protocol <= 5; protocol++) {
        char path[256], *data;
        size_t size;
        snprintf(path, sizeof path, GOLDEN "features.protocol%d.pkl", protocol);
        assert_ok(file_read(path, 0, &data, &size, error));
        arena *memory = arena_new(0);
        pickle_value *root;
        assert_ok(pickle_read((const uint8_t *)data, size, path, memory, &root, error));
        const pickle_value *train = get(root, "train"), *a = get(train, "audio");
        assert_string_equal(get(train, "raw_text")->items[1]->text, "not \u00e9");
        assert_true(a->kind == PICKLE_ARRAY && a->type == TENSOR_F32 && a->rank == 3 && a->dim[1] == 3 && !a->fortran);
        float value;
        memcpy(&value, a->text + 7 * sizeof value, sizeof value);
        assert_near(value, 7, 0);
        a = get(train, "vision");
        assert_true(a->type == TENSOR_F16 && a->fortran && a->length == 12);
        a = get(train, "id");
        assert_true(a->letter == 'U' && a->width == 5 && a->integer == 2);
        a = get(train, "n");
        assert_true(a->kind == PICKLE_ARRAY && a->rank == 0 && a->type == TENSOR_I64 && a->text[0] == 2);
        assert_string_equal(get(train, "objects")->items[1]->text, "bc");
        assert_true(get(train, "none")->kind == PICKLE_NONE && get(train, "big")->big_endian);
        assert_int_equal(get(train, "audio_lengths")->items[0]->integer, 3);
        /* cut anywhere, it is refused and nothing is read past the end (the address sanitizer looks on) */
        for (size_t cut = 0; cut < size; cut += 1 + size / 97) {
            uint8_t *part = malloc(cut ? cut : 1);
            memcpy(part, data, cut);
            assert_int_not_equal(pickle_read(part, cut, "cut", memory, &root, NULL), SMAC_OK);
            free(part);
        }
        arena_free(memory);
        free(data);
    }
}

static void hostile_pickles_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
#define CASE(text) {text, sizeof text - 1}
        CASE("\x80\x02."),
        CASE("\x80\x02("),
        CASE("\x80\x02h\x05."),
        CASE("\x80\x02q\x01."),
        CASE("\x80\x02]s."),
        CASE("\x80\x02(e."),
        CASE("\x80\x02Ne."),
        CASE("\x80\x02K\x01K\x02\x85R."),
        CASE("\x80\x09."),
        CASE("\x80\x02X\xff\xff\xff\xff"
             "a."),
        CASE("\x80\x02\x8b\x10\0\0\0aaaaaaaaaaaaaaaa."),
        CASE("\x80\x02\x85."),
        CASE("\x80\x02cos\nsystem\n."),
        CASE("\x80\x02Nr\xff\xff\xff\xff."),
        CASE("\x80\x02}(NNNu."),
        CASE("\x80\x02NQ."),
        CASE("\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0aNK\x04K\x01tQ."), /* part of another */
        CASE("\x80\x02(((ee."),
        CASE("\x80\x02NNb."),
        CASE("\x80\x04\x97."),
        CASE("\x80\x02I1\n."),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arena *memory = arena_new(0);
        pickle_value *root;
        smac_error error = {0};
        uint8_t *copy = malloc(cases[i].size);
        memcpy(copy, cases[i].bytes, cases[i].size);
        if (pickle_read(copy, cases[i].size, "case", memory, &root, &error) == SMAC_OK || !*error.message)
            fail_msg("case %zu was read", i);
        free(copy);
        arena_free(memory);
    }
}

static void truncated_archives_are_refused(void **state)
{
    (void)state;
    char *data;
    size_t size;
    assert_ok(file_read(GOLDEN "flat.pth", 0, &data, &size, error));
    for (size_t cut = 0; cut < size; cut += 1 + size / 211) {
        uint8_t *part = malloc(cut ? cut : 1);
        memcpy(part, data, cut);
        tensor_file *f = tensor_file_new("");
        assert_int_not_equal(tensor_file_read_into(f, part, cut, "cut", NULL), SMAC_OK);
        tensor_file_close(f);
        free(part);
    }
    free(data);
}

static const uint8_t model_bin[] = {
    6,
    0,
    0,
    0,
    12,
    0,
    'W',
    'h',
    'i',
    's',
    'p',
    'e',
    'r',
    'S',
    'p',
    'e',
    'c',
    0,
    3,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    2,
    0,
    'a',
    0,
    2,
    1,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    4,
    4,
    0,
    0,
    0,
    0x00,
    0x3C,
    0x00,
    0xC0,
    2,
    0,
    'b',
    0,
    0,
    1,
    1,
    0,
    0,
    0,
    5,
    1,
    0,
    0,
    0,
    2,
    0,
    'c',
    0,
    2,
    0,
    'a',
    0,
};

static void ctranslate2_models_are_read(void **state)
{
    (void)state;
    tensor_file *f = tensor_file_new("");
    assert_ok(tensor_file_read_into(f, model_bin, sizeof model_bin, "model.bin", error));
    assert_ok(tensor_file_index(f, "model.bin", error));
    assert_string_equal(tensor_file_metadata(f, "specification"), "WhisperSpec");
    check_values(f, "a", 2, (int64_t[]){1, 2}, (float[]){1, -2});
    check_values(f, "c", 2, (int64_t[]){1, 2}, (float[]){1, -2});
    check_values(f, "b", 0, NULL, (float[]){5});
    tensor_file_close(f);
    for (size_t cut = 0; cut < sizeof model_bin; cut++) {
        f = tensor_file_new("");
        uint8_t *part = malloc(cut ? cut : 1);
        memcpy(part, model_bin, cut);
        assert_int_not_equal(ctranslate2_read_into(f, part, cut, "cut", NULL), SMAC_OK);
        tensor_file_close(f);
        free(part);
    }
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

/* As many other names as variables: each is looked up, not searched for. */
static void many_aliases_are_read(void **state)
{
    (void)state;
    enum { COUNT = 60000 };
    static const char head[] = "\6\0\0\0\14\0WhisperSpec\0\3\0\0";
    const uint32_t count = COUNT;
    uint8_t *data = malloc(COUNT * 64), *at = put(data, head, sizeof head);
    at = put(at, &count, 4);
    for (int i = 0; i < COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "v%06d", i);
        at = put(put(at, "\10\0", 2), name, 8);
        at = put(at, "\0\1\1\0\0\0", 6); /* rank 0, int8, one byte */
        *at++ = (uint8_t)(i % 100);
    }
    at = put(at, &count, 4);
    for (int i = 0; i < COUNT; i++) {
        char alias[16], name[16];
        snprintf(alias, sizeof alias, "a%06d", i);
        snprintf(name, sizeof name, "v%06d", COUNT - 1 - i);
        at = put(put(at, "\10\0", 2), alias, 8);
        at = put(put(at, "\10\0", 2), name, 8);
    }
    tensor_file *f = tensor_file_new("");
    assert_ok(tensor_file_read_into(f, data, (size_t)(at - data), "model.bin", error));
    assert_ok(tensor_file_index(f, "model.bin", error));
    assert_int_equal(tensor_file_count(f), 2 * COUNT);
    check_values(f, "a000001", 0, NULL, (float[]){(COUNT - 2) % 100});
    tensor_file_close(f);
    at[-2] = 'x'; /* the last one's name */
    f = tensor_file_new("");
    smac_error error = {0};
    assert_int_equal(tensor_file_read_into(f, data, (size_t)(at - data), "model.bin", &error), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "v00000x"));
    tensor_file_close(f);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(archives_are_read),
        cmocka_unit_test(files_without_an_archive_are_read), cmocka_unit_test(no_code_is_run),
        cmocka_unit_test(pickles_of_every_protocol_are_read), cmocka_unit_test(hostile_pickles_are_refused),
        cmocka_unit_test(truncated_archives_are_refused), cmocka_unit_test(ctranslate2_models_are_read),
        cmocka_unit_test(many_aliases_are_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
