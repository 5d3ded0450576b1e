/* tests/install/test_convert.c - weights in bf16 and int8: every family's states stay near, sizes shrink, copies agree.
 */
#include "support/models.h"
#include "support/whisper.h"

#include "base/folder.h"
#include "base/path.h"
#include "encoders/weights_loading.h"
#include "install/install.h"

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

enum { LENGTH = 11 };

/* Last hidden states of an installed language model (free them); how: packed straight from the file. */
static float *run(const char *name, bool pack, precision how, int64_t *count)
{
    char *path, config_path[600], *json;
    size_t size;
    language_model_config config;
    tensor_file *file;
    language_model *m;
    loading_report report;
    assert_ok(models_find(name, &path, error));
    snprintf(config_path, sizeof config_path, "%s/config.json", path);
    assert_ok(file_read(config_path, 0, &json, &size, error));
    assert_ok(language_model_config_parse(json, size, &config, error));
    assert_ok(tensor_file_open(path, &file, error));
    parameter_store *store = parameter_store_new();
    assert_ok(language_model_add(store, "text.", &config, 0, &m, error));
    if (pack)
        assert_ok(parameter_list_pack(language_model_parameters(m), file, how, error));
    assert_ok(parameter_store_seal(store, false, 1, error));
    assert_ok(parameter_list_load(language_model_parameters(m), file, &report, error));
    int32_t ids[LENGTH];
    for (int i = 0; i < LENGTH; i++)
        ids[i] = 3 + (i * 7) % 30;
    tape *t = tape_new(NULL);
    value *y = language_model_forward(t, m, &(language_input){.batch = 1, .length = LENGTH, .ids = ids}, NULL);
    assert_ok(tape_status(t, error));
    float *out = malloc((size_t)y->count * sizeof *out);
    memcpy(out, y->device_data, (size_t)y->count * sizeof *out);
    *count = y->count;
    tape_free(t);
    language_model_free(m);
    parameter_store_free(store);
    tensor_file_close(file);
    free(json);
    free(path);
    return out;
}

static int64_t weights_bytes(const char *folder, const char *name)
{
    char path[600];
    struct stat info;
    snprintf(path, sizeof path, "%s/models/%s/model.safetensors", folder, name);
    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

static void language_models_stay_near(void **state)
{
    (void)state;
    static const char *const families[] = {"albert", "bert", "bert_prefixed", "deberta_v3", "distilbert", "gpt2",
        "mpnet", "roberta", "t5", "t5_gated", "xlm_roberta", "xlnet"};
    static const struct {
        precision to;
        const char *ending;
        double least;
    } kinds[] = {{PRECISION_BF16, "bf16", 0.999}, {PRECISION_INT8, "int8", 0.995}};
    char folder[256], from[512];
    models_start(folder);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        int64_t count, again;
        char tiny[64]; /* "distilbert" alone is a known model's name */
        snprintf(tiny, sizeof tiny, "tiny-%s", families[i]);
        publish(families[i], folder, tiny, from);
        assert_ok(models_import(from, NULL, false, NULL, NULL, error));
        float *whole = run(tiny, false, PRECISION_F32, &count);
        int64_t bytes = weights_bytes(folder, tiny);
        for (int k = 0; k < 2; k++) {
            char *name, expected[100];
            assert_ok(models_convert(tiny, kinds[k].to, NULL, NULL, &name, error));
            snprintf(expected, sizeof expected, "%s-%s", tiny, kinds[k].ending);
            assert_string_equal(name, expected);
            assert_ok(models_verify(name, NULL, error));
            float *small = run(name, false, PRECISION_F32, &again);
            float *packed = run(name, true, kinds[k].to, &again);
            assert_int_equal(again, count);
            double near = cosine(whole, small, count), near_packed = cosine(whole, packed, count);
            if (!(near >= kinds[k].least) || !(near_packed >= kinds[k].least))
                fail_msg("%s: cosine %.6f, packed %.6f, expected %g", name, near, near_packed, kinds[k].least);
            if (near > 0.99999999)
                fail_msg("%s: nothing was rounded", name);
            assert_true(weights_bytes(folder, name) < bytes);
            free(small);
            free(packed);
            free(name);
        }
        free(whole);
    }
    folder_remove(folder);
}

/* int8 / scale, a scale an output channel: the published values to half a step, for rows and for columns. */
static void int8_values_are_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *golden, *tensor;
        bool transposed;
    } cases[] = {
        {"bert", "encoder.layer.0.intermediate.dense.weight", false}, {"gpt2", "h.0.attn.c_attn.weight", true}};
    char folder[256], from[512], path[600];
    models_start(folder);
    for (int k = 0; k < 2; k++) {
        publish(cases[k].golden, folder, cases[k].golden, from);
        assert_ok(models_convert(from, PRECISION_INT8, "small", NULL, NULL, error));
        tensor_file *before, *after;
        snprintf(path, sizeof path, "%s/models/small", folder);
        assert_ok(tensor_file_open(from, &before, error));
        assert_ok(tensor_file_open(path, &after, error));
        const tensor_entry *a = tensor_file_find(before, cases[k].tensor),
                           *b = tensor_file_find(after, cases[k].tensor);
        char scale_name[200];
        snprintf(scale_name, sizeof scale_name, "%s_scale", cases[k].tensor);
        const tensor_entry *s = tensor_file_find(after, scale_name);
        assert_true(a && b && s && b->type == TENSOR_I8 && s->count == a->dim[cases[k].transposed]);
        float *x = malloc(3 * (size_t)a->count * sizeof *x), *q = x + a->count, *scale = q + a->count;
        tensor_to_f32(a, x);
        tensor_to_f32(s, scale);
        const weight_source source = {
            .entry = b, .scale = s, .count = b->count, .row = b->count / b->dim[0], .transposed = cases[k].transposed};
        weight_source_read(&source, 0, b->count, q);
        for (int64_t i = 0; i < a->count; i++) {
            int64_t channel = cases[k].transposed ? i % a->dim[1] : i / a->dim[1];
            assert_near(q[i], x[i], 0.5001 / scale[channel]);
        }
        weight_source_read(&source, 5, 17, scale); /* a part is the same as of the whole */
        assert_memory_equal(scale, q + 5, 17 * sizeof *q);
        free(x);
        tensor_file_close(before);
        tensor_file_close(after);
        assert_ok(models_remove("small", error));
    }
    folder_remove(folder);
}

static float *whisper_run(const tensor_file *file, const whisper_config *config, int64_t *count)
{
    whisper_encoder *e;
    parameter_store *store = parameter_store_new();
    assert_ok(whisper_encoder_add(store, "audio.", config, 0, &e, error));
    assert_ok(parameter_store_seal(store, false, 1, error));
    assert_ok(whisper_encoder_load(e, file, error));
    float mel[40 * 10];
    for (int i = 0; i < 400; i++)
        mel[i] = (float)sin(i * 0.7);
    tape *t = tape_new(NULL);
    value *y = whisper_encoder_forward(t, e, mel, 1, 40, NULL);
    assert_ok(tape_status(t, error));
    float *out = malloc((size_t)y->count * sizeof *out);
    memcpy(out, y->device_data, (size_t)y->count * sizeof *out);
    *count = y->count;
    tape_free(t);
    whisper_encoder_free(e);
    parameter_store_free(store);
    return out;
}

static void whisper_stays_near_and_ctranslate2_is_refused(void **state)
{
    (void)state;
    char folder[256], from[512], path[600];
    models_start(folder);
    publish("whisper", folder, "whisper", from);
    float *whole = NULL;
    for (int k = 0; k < 3; k++) { /* as it is, bf16, int8 */
        tensor_file *file;
        whisper_config config;
        int64_t count;
        snprintf(path, sizeof path, "%s", from);
        if (k > 0) {
            snprintf(path, sizeof path, "%s/models/w%d", folder, k);
            assert_ok(
                models_convert(from, k == 1 ? PRECISION_BF16 : PRECISION_INT8, path_base(path), NULL, NULL, error));
        }
        assert_ok(whisper_open_folder(path, &file, &config, error));
        float *y = whisper_run(file, &config, &count);
        if (k > 0)
            assert_true(cosine(whole, y, count) >= (k == 1 ? 0.999 : 0.995));
        if (k == 2)
            assert_true(tensor_file_find(file, "model.decoder.layers.0.fc1.weight")->type == TENSOR_I8);
        whisper_decoder *decoder;
        parameter_store *store;
        assert_ok(decoder_with_store(file, &config, &store, &decoder, error));
        whisper_decoder_free(decoder);
        parameter_store_free(store);
        tensor_file_close(file);
        if (k == 0)
            whole = y;
        else
            free(y);
    }
    free(whole);
    assert_ok(folder_make(file_in(folder, "ct2", from), error));
    copy_golden("whisper.ctranslate2.bin", from, "model.bin");
    write_text(from, "vocab.txt", models_words);
    assert_refused(
        models_convert(from, PRECISION_BF16, NULL, NULL, NULL, error), SMAC_ERROR_UNSUPPORTED, "CTranslate2");
    assert_false(in_models(folder, "ct2-bf16.part"));
    folder_remove(folder);
}

static void a_scale_that_is_missing_is_named(void **state)
{
    (void)state;
    char folder[256], from[512], path[512], *text;
    size_t size;
    models_start(folder);
    publish("bert", folder, "b", from);
    assert_ok(models_convert(from, PRECISION_INT8, "b8", NULL, NULL, error));
    snprintf(path, sizeof path, "%s/models/b8/model.safetensors", folder);
    assert_ok(file_read(path, 0, &text, &size, error));
    for (size_t i = 8; i + 6 < size; i++)
        if (!memcmp(text + i, "_scale", 6)) {
            memcpy(text + i, "_spale", 6);
            break;
        }
    assert_ok(file_write(path, text, size, error));
    free(text);
    model_summary summary;
    snprintf(path, sizeof path, "%s/models/b8", folder);
    assert_refused(models_recognise(path, &summary, error), SMAC_ERROR_MISMATCH, "_scale of");
    folder_remove(folder);
}

static int stop_in_the_middle(void *user, const char *what, double done, double total)
{
    (void)user;
    return strcmp(what, "converting") == 0 && done > total / 2;
}

static void a_stopped_conversion_leaves_nothing(void **state)
{
    (void)state;
    char folder[256], from[512];
    const reporter r = {.progress = stop_in_the_middle};
    models_start(folder);
    publish("bert", folder, "b", from);
    assert_refused(models_convert(from, PRECISION_BF16, NULL, &r, NULL, error), SMAC_ERROR_INTERRUPTED, "stopped");
    assert_false(in_models(folder, "b-bf16") || in_models(folder, "b-bf16.part"));
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(language_models_stay_near),
        cmocka_unit_test(int8_values_are_the_nearest),
        cmocka_unit_test(whisper_stays_near_and_ctranslate2_is_refused),
        cmocka_unit_test(a_scale_that_is_missing_is_named),
        cmocka_unit_test(a_stopped_conversion_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
