/*
 * tests/encoders/test_loading.c - weights of an encoder: packed at each precision, written under our names and read
 * again, trained in part; and that inference needs the memory of one block.
 */
#include "support/golden.h"

#include <unistd.h>

#include "encoders/imagebind.h"
#include "encoders/language_model.h"
#include "encoders/weights_loading.h"
#include "weights/safetensors.h"

static void read_config(const tensor_file *file, language_model_config *config)
{
    const char *json = tensor_file_metadata(file, "config");
    assert_non_null(json);
    assert_ok(language_model_config_parse(json, strlen(json), config, error));
}

static const char *cut_after_loading; /* a file that another process cuts then */

/* The last hidden states of a model whose weights come from file (free them); how: packed straight from the file. */
static float *run(const tensor_file *file, const language_model_config *config, const char *prefix, bool pack,
    precision how, loading_report *report, int64_t *count)
{
    parameter_store *store = parameter_store_new();
    language_model *m;
    assert_ok(language_model_add(store, prefix, config, 0, &m, error));
    if (pack)
        assert_ok(parameter_list_pack(language_model_parameters(m), file, how, error));
    assert_ok(parameter_store_seal(store, false, 1, error));
    assert_ok(parameter_list_load(language_model_parameters(m), file, report, error));
    if (cut_after_loading)
        assert_int_equal(truncate(cut_after_loading, 0), 0);
    enum { LENGTH = 11 };
    int32_t ids[2 * LENGTH];
    for (int i = 0; i < 2 * LENGTH; i++)
        ids[i] = 3 + (i * 7) % 30;
    tape *t = tape_new(NULL);
    value *y = language_model_forward(t, m, &(language_input){.batch = 2, .length = LENGTH, .ids = ids}, NULL);
    if (y == NULL)
        assert_ok(tape_status(t, error));
    float *out = malloc((size_t)y->count * sizeof *out);
    memcpy(out, y->device_data, (size_t)y->count * sizeof *out);
    *count = y->count;
    tape_free(t);
    language_model_free(m);
    parameter_store_free(store);
    return out;
}

static double cosine(const float *a, const float *b, int64_t count)
{
    double ab = 0, aa = 0, bb = 0;
    for (int64_t i = 0; i < count; i++) {
        ab += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

/* Families whose matrices lie as published, transposed, stacked and flattened. */
static void packed_weights_give_the_same(void **state)
{
    const char *name = *state;
    tensor_file *file = golden_open("encoders", name);
    language_model_config config;
    read_config(file, &config);
    loading_report report;
    int64_t count;
    float *plain = run(file, &config, "a.", false, PRECISION_F32, &report, &count);
    assert_int_equal(report.packed, 0);
    assert_true(report.loaded > 0);
    static const double limits[] = {[PRECISION_F32] = 1 - 1e-9, [PRECISION_BF16] = 0.9995, [PRECISION_INT8] = 0.99};
    for (int how = PRECISION_F32; how <= PRECISION_INT8; how++) {
        float *packed = run(file, &config, "a.", true, (precision)how, &report, &count);
        assert_true(report.packed > 0);
        double c = cosine(plain, packed, count);
        if (!(c >= limits[how]))
            fail_msg("%s at precision %d: cosine %.7f", name, how, c);
        free(packed);
    }
    free(plain);
    tensor_file_close(file);
}

/* A loaded model does not need its file: one that is cut is seen while it is read, and harms nobody afterwards. */
static void a_file_may_change_after_loading(void **state)
{
    (void)state;
    char path[] = "/tmp/smac_changing_XXXXXX";
    close(mkstemp(path));
    for (int pack = 0; pack < 2; pack++) {
        char *bytes, *golden = SMAC_SOURCE_DIR "/tests/golden/encoders/bert.safetensors";
        size_t size;
        assert_ok(file_read(golden, 0, &bytes, &size, error));
        assert_ok(file_write(path, bytes, size, error));
        free(bytes);
        tensor_file *file;
        language_model_config config;
        loading_report report;
        int64_t count;
        assert_ok(tensor_file_open(path, &file, error));
        read_config(file, &config);
        float *whole = run(file, &config, "a.", pack, PRECISION_F32, &report, &count);
        cut_after_loading = path;
        float *cut = run(file, &config, "a.", pack, PRECISION_F32, &report, &count);
        cut_after_loading = NULL;
        assert_memory_equal(whole, cut, (size_t)count * sizeof *cut);
        free(whole);
        free(cut);
        parameter_store *store = parameter_store_new();
        language_model *m;
        smac_error refusal = {0};
        assert_ok(language_model_add(store, "a.", &config, 0, &m, error));
        assert_ok(parameter_store_seal(store, false, 1, error));
        assert_int_equal(parameter_list_load(language_model_parameters(m), file, NULL, &refusal), SMAC_ERROR_IO);
        assert_non_null(strstr(refusal.what, "while it was read"));
        language_model_free(m);
        parameter_store_free(store);
        tensor_file_close(file);
    }
    unlink(path);
}

/* A file with the store's names and shapes, as a model file of ours has them. */
static void written_weights_come_back(void **state)
{
    const char *name = *state;
    tensor_file *file = golden_open("encoders", name);
    language_model_config config;
    read_config(file, &config);
    parameter_store *store = parameter_store_new();
    language_model *m;
    assert_ok(language_model_add(store, "text.", &config, -1, &m, error));
    assert_ok(parameter_store_seal(store, false, 1, error));
    assert_ok(parameter_list_load(language_model_parameters(m), file, NULL, error));
    size_t count = (size_t)parameter_number(store);
    tensor_entry *entries = calloc(count, sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        const parameter *p = parameter_at(store, (int64_t)i);
        entries[i] = (tensor_entry){.name = p->name,
            .type = TENSOR_F32,
            .rank = p->rank,
            .count = p->count,
            .data = p->device_data,
            .bytes = (size_t)p->count * sizeof(float)};
        memcpy(entries[i].dim, p->dim, (size_t)p->rank * sizeof *p->dim);
    }
    char path[] = "/tmp/smac_loading_XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    assert_ok(safetensors_write(path, entries, count, NULL, 0, error));
    tensor_file *again;
    assert_ok(tensor_file_open(path, &again, error));
    loading_report report;
    int64_t n;
    float *before = run(file, &config, "text.", false, PRECISION_F32, &report, &n);
    float *after = run(again, &config, "text.", false, PRECISION_F32, &report, &n);
    assert_int_equal(report.unexpected, 0);
    assert_int_equal(report.loaded, count);
    assert_memory_equal(before, after, (size_t)n * sizeof *before);
    free(before);
    free(after);
    free(entries);
    tensor_file_close(again);
    unlink(path);
    language_model_free(m);
    parameter_store_free(store);
    tensor_file_close(file);
}

static size_t bytes_of_depth(int64_t layers)
{
    imagebind_config config;
    imagebind_config_tiny(IMAGEBIND_VISION, &config);
    config.layers = layers;
    config.rows = config.columns = 224;
    parameter_store *store = parameter_store_new();
    imagebind *e;
    assert_ok(imagebind_add(store, "", &config, 0, &e, error));
    assert_ok(parameter_store_seal(store, true, 1, error));
    float *input = calloc((size_t)(20 * imagebind_input_count(&config)), sizeof *input);
    tape *t = tape_new(NULL);
    assert_non_null(imagebind_forward(t, e, input, 20, NULL, NULL));
    size_t bytes = tape_bytes(t);
    free(input);
    tape_free(t);
    imagebind_free(e);
    parameter_store_free(store);
    return bytes;
}

static void depth_costs_no_memory(void **state)
{
    (void)state;
    size_t shallow = bytes_of_depth(2), deep = bytes_of_depth(30);
    if (deep > shallow)
        fail_msg("30 blocks take %zu bytes, 2 take %zu", deep, shallow);
}

/* The last block alone is trained: the recording tape must not keep the frozen ones. */
static size_t recorded_bytes(int trainable)
{
    language_model_config config;
    assert_ok(language_model_config_tiny(100, &config, error));
    config.layers = config.groups = 12;
    parameter_store *store = parameter_store_new();
    language_model *m;
    assert_ok(language_model_add(store, "", &config, trainable, &m, error));
    assert_ok(parameter_store_seal(store, true, 1, error));
    int32_t ids[32 * 64];
    for (int i = 0; i < 32 * 64; i++)
        ids[i] = i % 100;
    tape *t = tape_new(&(tape_options){.record = true, .training = true});
    assert_non_null(language_model_forward(t, m, &(language_input){.batch = 32, .length = 64, .ids = ids}, NULL));
    size_t bytes = tape_bytes(t);
    tape_free(t);
    language_model_free(m);
    parameter_store_free(store);
    return bytes;
}

static void frozen_blocks_are_not_recorded(void **state)
{
    (void)state;
    size_t one = recorded_bytes(1), all = recorded_bytes(-1), none = recorded_bytes(0);
    if (one >= all / 3 || none > one)
        fail_msg("trained blocks 12, 1, 0 take %zu, %zu, %zu bytes", all, one, none);
}

#define CASE(test, name)                       \
    {                                          \
#test " " name, test, NULL, NULL, name \
    }

/* Whole numbers in the place of weights (4-bit packages, for example) would load and mean nothing. */
static void whole_numbers_are_no_weights(void **state)
{
    (void)state;
    static const tensor_type types[] = {TENSOR_I32, TENSOR_U8, TENSOR_I64, TENSOR_BOOL, TENSOR_I8};
    tensor_file *g = golden_open("encoders", "bert");
    language_model_config config;
    read_config(g, &config);
    size_t count = tensor_file_count(g);
    tensor_entry *entries = calloc(count, sizeof *entries);
    void *zeros = calloc(1 << 16, 8);
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        char path[] = "/tmp/smac-whole-XXXXXX";
        close(mkstemp(path));
        for (size_t i = 0; i < count; i++) {
            entries[i] = *tensor_file_at(g, i);
            if (strcmp(entries[i].name, "encoder.layer.0.output.dense.weight") != 0)
                continue;
            assert_true(entries[i].count <= 1 << 16);
            entries[i].type = types[k];
            entries[i].data = zeros;
            entries[i].bytes = (size_t)entries[i].count * tensor_type_bytes(types[k]);
        }
        assert_ok(safetensors_write(path, entries, count, NULL, 0, error));
        tensor_file *f;
        assert_ok(tensor_file_open(path, &f, error));
        parameter_store *store = parameter_store_new();
        language_model *m;
        assert_ok(language_model_add(store, "", &config, 0, &m, error));
        smac_error refusal = {0};
        assert_int_equal(
            parameter_list_pack(language_model_parameters(m), f, PRECISION_F32, &refusal), SMAC_ERROR_MISMATCH);
        assert_non_null(strstr(refusal.message, "encoder.layer.0.output.dense.weight"));
        assert_non_null(strstr(refusal.message, tensor_type_name(types[k])));
        language_model_free(m);
        parameter_store_free(store);
        tensor_file_close(f);
        unlink(path);
    }
    free(zeros);
    free(entries);
    tensor_file_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(packed_weights_give_the_same, "bert_prefixed"),
        CASE(packed_weights_give_the_same, "gpt2"),
        CASE(packed_weights_give_the_same, "xlnet"),
        CASE(packed_weights_give_the_same, "deberta_v3"),
        CASE(packed_weights_give_the_same, "t5_gated"),
        CASE(written_weights_come_back, "bert"),
        CASE(written_weights_come_back, "gpt2"),
        CASE(written_weights_come_back, "xlnet"),
        CASE(written_weights_come_back, "albert"),
        cmocka_unit_test(a_file_may_change_after_loading),
        cmocka_unit_test(depth_costs_no_memory),
        cmocka_unit_test(whole_numbers_are_no_weights),
        cmocka_unit_test(frozen_blocks_are_not_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
