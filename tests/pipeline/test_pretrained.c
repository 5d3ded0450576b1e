/*
 * Encoders from files: a small BERT written as a Hugging Face folder, frozen and fine-tuned, and what the model file
 * says of it.
 */
#include "support/folder.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"
#include "compute/parallel.h"
#include "encoders/language_model.h"
#include "pipeline/affect_model_pack.h"

static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\ngood\nbad\nfilm\nvery\n##s\n";

/* config.json, vocab.txt and model.safetensors of a random BERT of the given width. */
static void write_bert(const char *folder, int64_t width)
{
    language_model_config config;
    language_model *lm = NULL;
    parameter_store *store = parameter_store_new();
    char path[512];
    assert_ok(language_model_config_tiny(11, &config, error));
    config.width = config.embedding_width = width;
    config.head_width = width / config.heads;
    config.hidden = 2 * width;
    config.positions = 24;
    assert_ok(language_model_add(store, "x.", &config, -1, &lm, error));
    assert_ok(parameter_store_seal(store, true, 99, error));
    int64_t count = parameter_number(store);
    tensor_entry *entries = calloc((size_t)count, sizeof *entries);
    for (int64_t i = 0; i < count; i++) {
        const parameter *p = parameter_at(store, i);
        entries[i] = (tensor_entry){.name = p->name + 2,
            .type = TENSOR_F32,
            .rank = p->rank,
            .count = p->count,
            .data = p->device_data,
            .bytes = (size_t)p->count * sizeof(float)};
        memcpy(entries[i].dim, p->dim, sizeof p->dim);
    }
    assert_ok(safetensors_write(file_in(folder, "model.safetensors", path), entries, (size_t)count, NULL, 0, error));
    text_buffer json = {0};
    language_model_config_to_json(&config, &json);
    write_text(folder, "config.json", json.data);
    write_text(folder, "vocab.txt", vocabulary);
    text_free(&json);
    free(entries);
    language_model_free(lm);
    parameter_store_free(store);
}

/* The same folder's weights in bfloat16, which is a float32 without its lower half. */
static void halve_bert(const char *folder)
{
    char path[512];
    tensor_file *file = NULL;
    assert_ok(tensor_file_open(file_in(folder, "model.safetensors", path), &file, error));
    size_t count = tensor_file_count(file);
    tensor_entry *entries = calloc(count, sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        const tensor_entry *e = tensor_file_at(file, i);
        uint16_t *half = malloc((size_t)e->count * sizeof *half);
        for (int64_t k = 0; k < e->count; k++)
            memcpy(&half[k], (const char *)e->data + 4 * k + 2, 2);
        entries[i] = *e;
        entries[i].type = TENSOR_BF16;
        entries[i].data = half;
        entries[i].bytes = (size_t)e->count * sizeof *half;
    }
    assert_ok(safetensors_write(path, entries, count, NULL, 0, error));
    for (size_t i = 0; i < count; i++)
        free((void *)entries[i].data);
    free(entries);
    tensor_file_close(file);
}

static smac_status make(const char *encoder, int blocks, affect_model **out, smac_error *failure)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8", "model.audio=false",
        "model.vision=false", "interaction.queries=2", "interaction.layers=1", "contrast.projection=8"};
    configuration c;
    task_description task;
    configuration_defaults(&c);
    c.audio.voice_gate = false; /* tones are sound here */
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(&c, settings[i], error));
    snprintf(c.text.encoder, sizeof c.text.encoder, "%s", encoder);
    c.text.trainable_blocks = blocks;
    assert_ok(task_regression(&task, "sentiment", "mosi", -3, 3, error));
    affect_model_options options = {.configuration = &c, .tasks = &task, .task_count = 1};
    return affect_model_new(&options, out, failure);
}

static float predict(const affect_model *s, const char *text)
{
    sample x = {0};
    const sample *one = &x;
    prediction r;
    assert_ok(sample_set_text(&s->preparation, &x, text, NULL, 0, error));
    assert_ok(affect_model_predict(s, &one, 1, NULL, &r, error));
    sample_clear(&x);
    float score = r.tasks[0].prediction[0];
    prediction_clear(&r);
    return score;
}

static void test_bert(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    write_bert(folder, 16);
    for (int blocks = -1; blocks <= 1; blocks++) {
        affect_model *s = NULL, *loaded = NULL;
        assert_ok(make(folder, blocks, &s, error));
        const parameter *p = parameter_find(s->store, "text.encoder.layer.1.output.dense.weight");
        const parameter *q = parameter_find(s->store, "text.embeddings.word_embeddings.weight");
        assert_non_null(p);
        assert_true(p->pretrained && !parameter_find(s->store, "core.fusion.weight")->pretrained);
        assert_int_equal(p->trainable, blocks != 0);
        assert_int_equal(q->trainable, blocks < 0);
        assert_int_equal(s->frozen[MODALITY_TEXT], blocks == 0);
        assert_int_equal(s->preparation.max_tokens, 24);
        assert_int_equal(strlen(s->encoder_sha256[MODALITY_TEXT]), 64);
        /* the weights are the file's */
        tensor_file *file = NULL;
        assert_ok(tensor_file_open(file_in(folder, "model.safetensors", path), &file, error));
        const tensor_entry *e = tensor_file_find(file, "encoder.layer.1.output.dense.weight");
        assert_memory_equal(e->data, p->device_data, e->bytes);
        tensor_file_close(file);
        /* the model file is complete by itself: small encoders are stored inside */
        assert_ok(affect_model_save(s, file_in(folder, "trained", path), NULL, error));
        assert_ok(affect_model_load(path, NULL, &loaded, error));
        assert_near(predict(s, "a good film"), predict(loaded, "a good film"), 1e-5);
        assert_true(predict(s, "a good film") != predict(s, "bad films"));
        assert_string_equal(loaded->encoder_sha256[MODALITY_TEXT], s->encoder_sha256[MODALITY_TEXT]);
        /* values can be read back into the model itself, frozen and mapped ones too */
        tensor_file *model = NULL;
        assert_ok(tensor_file_open(path, &model, error));
        assert_ok(affect_model_load_values(s, model, path, error));
        tensor_file_close(model);
        affect_model_free(loaded);
        affect_model_free(s);
    }
    folder_remove(folder);
}

/* A frozen encoder's vectors made beforehand give the same. */
static void test_frozen_vectors(void **state)
{
    (void)state;
    char folder[256];
    affect_model *s = NULL;
    sample x = {0};
    const sample *one = &x;
    prediction r;
    folder_new(folder);
    write_bert(folder, 16);
    assert_ok(make(folder, 0, &s, error));
    assert_ok(sample_set_text(&s->preparation, &x, "a very good film", NULL, 0, error));
    assert_ok(affect_model_encode(s, &x, NULL, error));
    assert_int_equal(x.ready[MODALITY_TEXT].steps, 6);
    assert_ok(affect_model_predict(s, &one, 1, NULL, &r, error));
    assert_near(r.tasks[0].prediction[0], predict(s, "a very good film"), 1e-6);
    prediction_clear(&r);
    sample_clear(&x);
    affect_model_free(s);
    folder_remove(folder);
}

/* Too large to be stored again: named with its SHA-256, and another one in its place is refused. */
static void test_outside(void **state)
{
    (void)state;
    char folder[256], inner[512], path[512], other[512];
    affect_model *s = NULL, *loaded = NULL;
    smac_error why = {0};
    struct stat info;
    folder_new(folder);
    mkdir(file_in(folder, "bert", inner), 0777);
    write_bert(inner, 1472); /* two layers: 70 MB */
    assert_ok(make(inner, 0, &s, error));
    assert_ok(affect_model_save(s, file_in(folder, "model.safetensors", path), NULL, error));
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size < 4 << 20);
    assert_ok(affect_model_load(path, NULL, &loaded, error));
    assert_near(predict(s, "a good film"), predict(loaded, "a good film"), 1e-5);
    for (int64_t i = 0; i < parameter_number(loaded->store);
         i++) { /* packed straight from the file, in float32 nowhere */
        const parameter *p = parameter_at(loaded->store, i);
        assert_true(!p->product || strncmp(p->name, "text.", 5) != 0 || (p->packed && !p->device_data));
    }
    affect_model_free(loaded);
    loaded = NULL;
    affect_model_free(s);
    mkdir(file_in(folder, "moved", other), 0777);
    file_in(folder, "moved/bert", other);
    assert_int_equal(rename(inner, other), 0);
    assert_int_equal(affect_model_load(path, NULL, &loaded, &why), SMAC_ERROR_NOT_FOUND);
    assert_non_null(strstr(why.message, "bert"));
    file_in(folder, "moved", other);
    assert_ok(affect_model_load(path, &(affect_model_load_options){.encoder_folder = other}, &loaded, error));
    affect_model_free(loaded);
    loaded = NULL;
    file_in(folder, "moved/bert", other);
    write_text(other, "vocab.txt", vocabulary);
    char weights[512], *bytes = NULL;
    size_t size = 0;
    assert_ok(file_read(file_in(other, "model.safetensors", weights), 0, &bytes, &size, error));
    bytes[size - 3] ^= 1;
    assert_ok(file_write(weights, bytes, size, error));
    free(bytes);
    file_in(folder, "moved", other);
    assert_int_equal(affect_model_load(path, &(affect_model_load_options){.encoder_folder = other}, &loaded, &why),
        SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(why.message, "SHA-256"));
    folder_remove(folder);
}

/*
 * A frozen encoder's products: in the precision that the configuration asks for, or that most of its file has; the model
 * file keeps it, and whoever loads the model may ask for another.
 */
static void test_precision(void **state)
{
    (void)state;
    char folder[256], inner[512], path[512];
    affect_model *s = NULL, *loaded = NULL;
    folder_new(folder);
    mkdir(file_in(folder, "bert", inner), 0777);
    write_bert(inner, 16);
    assert_ok(make(inner, 0, &s, error));
    assert_int_equal(s->precision[MODALITY_TEXT], PRECISION_F32);
    float exact = predict(s, "a good film"), said[3];
    assert_ok(affect_model_save(s, file_in(folder, "model.safetensors", path), NULL, error));
    affect_model_free(s);
    for (int how = PRECISION_F32; how <= PRECISION_INT8; how++) {
        precision wanted = (precision)how;
        assert_ok(affect_model_load(path, &(affect_model_load_options){.precision = &wanted}, &loaded, error));
        said[how] = predict(loaded, "a good film");
        assert_int_equal(loaded->precision[MODALITY_TEXT], how);
        affect_model_free(loaded);
        loaded = NULL;
    }
    assert_near(said[0], exact, 1e-6);
    assert_near(said[1], exact, 0.02);
    assert_near(said[2], exact, 0.1);
    assert_true(said[1] != said[0] && said[2] != said[1]);
    halve_bert(inner);
    assert_ok(make(inner, 0, &s, error));
    assert_int_equal(s->precision[MODALITY_TEXT], PRECISION_BF16);
    assert_ok(affect_model_save(s, path, NULL, error));
    assert_ok(affect_model_load(path, NULL, &loaded, error));
    assert_int_equal(loaded->precision[MODALITY_TEXT], PRECISION_BF16);
    assert_near(predict(s, "a good film"), predict(loaded, "a good film"), 1e-6);
    affect_model_free(loaded);
    affect_model_free(s);
    assert_ok(make(inner, -1, &s, error)); /* fine-tuned: in float32, whatever its file has */
    assert_int_equal(s->precision[MODALITY_TEXT], PRECISION_F32);
    affect_model_free(s);
    folder_remove(folder);
}

/* One number of the tensor moves, as training moves it. */
static void change(affect_model *s, const char *name)
{
    parameter *p = parameter_find(s->store, name);
    float *values = parameter_map(p);
    values[3] += 0.25f;
    assert_ok(parameter_unmap(p, values, true, error));
}

/*
 * Packed for shipping: tensors that are still as the encoder's file has them are left out, the others are smaller; the
 * encoder must be that very one.
 */
static void test_packed(void **state)
{
    (void)state;
    char folder[256], inner[512], path[512], small[512];
    affect_model *s = NULL, *loaded = NULL;
    smac_error why = {0};
    pack_summary sum;
    struct stat info[2];
    folder_new(folder);
    mkdir(file_in(folder, "bert", inner), 0777);
    write_bert(inner, 128);
    assert_ok(make(inner, 1, &s, error)); /* the last of two blocks is trained */
    change(s, "text.encoder.layer.1.output.dense.weight");
    change(s, "text.encoder.layer.1.output.dense.bias");
    assert_false(affect_model_keeps_vectors(s, MODALITY_TEXT));
    assert_ok(affect_model_save(s, file_in(folder, "model.safetensors", path), NULL, error));
    file_in(folder, "small.safetensors", small);
    float exact = predict(s, "a good film");
    affect_model_free(s);
    static const precision ways[][2] = {
        {PRECISION_F32, PRECISION_F32}, {PRECISION_BF16, PRECISION_BF16}, {PRECISION_INT8, PRECISION_BF16}};
    for (size_t i = 0; i < 3; i++) {
        pack_options options = {
            .encoders = ways[i][0], .core = ways[i][1], .name = "tiny", .card = "{\"data\": \"none\"}"};
        assert_ok(affect_model_pack(path, small, &options, &sum, error));
        assert_true(sum.left_out > 20);
        tensor_file *file = NULL;
        assert_ok(tensor_file_open(small, &file, error));
        assert_null(tensor_file_find(file, "text.embeddings.word_embeddings.weight"));
        assert_null(tensor_file_find(file, "text.encoder.layer.1.attention.output.dense.weight"));
        const tensor_entry *e = tensor_file_find(file, "text.encoder.layer.1.output.dense.weight");
        assert_non_null(e);
        assert_int_equal(e->type, i == 0 ? TENSOR_F32 : i == 1 ? TENSOR_BF16 : TENSOR_I8);
        assert_string_equal(tensor_file_metadata(file, AFFECT_MODEL_CARD), options.card);
        tensor_file_close(file);
        assert_ok(affect_model_load(small, NULL, &loaded, error));
        assert_string_equal(loaded->name, "tiny");
        assert_near(predict(loaded, "a good film"), exact, i == 0 ? 1e-6 : 0.05);
        assert_true(i == 0 || predict(loaded, "a good film") != exact);
        assert_false(affect_model_keeps_vectors(loaded, MODALITY_TEXT)); /* they are not its base's */
        affect_model_free(loaded);
        loaded = NULL;
        stat(path, &info[0]);
        stat(small, &info[1]);
        assert_true(info[1].st_size < info[0].st_size);
    }
    char **names = NULL;
    size_t count = 1;
    assert_ok(affect_model_needs(small, &names, &count, error));
    assert_int_equal(count, 0); /* a path is not a name that can be fetched */
    folder_list_free(names, count);
    pack_options options = {.encoders = PRECISION_INT8};
    assert_int_equal(affect_model_pack(small, path, &options, &sum, &why), SMAC_ERROR_ARGUMENT); /* packed already */
    options.card = "no";
    assert_int_equal(affect_model_pack(path, small, &options, &sum, &why), SMAC_ERROR_FORMAT);
    options = (pack_options){.core = PRECISION_INT8};
    assert_int_equal(affect_model_pack(path, small, &options, &sum, &why), SMAC_ERROR_ARGUMENT);
    /* another encoder in its place, and none */
    write_bert(inner, 16);
    assert_int_not_equal(affect_model_load(small, NULL, &loaded, &why), SMAC_OK);
    file_in(folder, "away", path);
    assert_int_equal(rename(inner, path), 0);
    assert_int_equal(affect_model_load(small, NULL, &loaded, &why), SMAC_ERROR_NOT_FOUND);
    assert_null(loaded);
    folder_remove(folder);
}

static void test_refusals(void **state)
{
    (void)state;
    char folder[256];
    affect_model *s = NULL;
    smac_error why = {0};
    folder_new(folder);
    assert_int_equal(make("/no/such/folder", -1, &s, &why), SMAC_ERROR_NOT_FOUND);
    assert_int_not_equal(make(folder, -1, &s, &why), SMAC_OK); /* an empty folder */
    write_bert(folder, 16);
    write_text(folder, "config.json", "{\"model_type\": \"nonsense\"}");
    assert_int_not_equal(make(folder, -1, &s, &why), SMAC_OK);
    assert_non_null(strstr(why.message, "nonsense"));
    assert_null(s);
    folder_remove(folder);
}

static int prepare(void **state)
{
    (void)state;
    parallel_set_threads(1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bert), cmocka_unit_test(test_frozen_vectors),
        cmocka_unit_test(test_outside), cmocka_unit_test(test_precision), cmocka_unit_test(test_packed),
        cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, prepare, NULL);
}
