/*
 * tests/embed/test_embed.c - the public vectors (semanticmac/embed.h) of tiny random encoders: text, pictures, sound;
 * pooled ones are the means of all, interruption, wrong use.  tests/cli/models.sh compares them with semanticmac embed.
 */
#include "support/models.h"

#include "base/folder.h"
#include "encoders/encoder.h"
#include "semanticmac/semanticmac.h"

static double length_of(const float *v, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += (double)v[i] * (double)v[i];
    return sqrt(sum);
}

static void text_gives_one_vector_or_one_a_token(void **state)
{
    (void)state;
    char folder[256], path[512];
    smac_encoder *e;
    smac_vectors *pooled, *each;
    smac_embed_options o;
    models_start(folder);
    publish("bert", folder, "b", path);
    assert_ok(smac_encoder_open(path, NULL, &e, error));
    assert_string_equal(smac_encoder_family(e), "bert");
    assert_int_equal(smac_encoder_modality(e), SMAC_TEXT);
    size_t width = smac_encoder_width(e);
    assert_ok(smac_embed_text(e, "the good film", NULL, &pooled, error));
    assert_int_equal(smac_vectors_count(pooled), 1);
    assert_int_equal(smac_vectors_width(pooled), width);
    assert_near(length_of(smac_vectors_values(pooled), width), 1, 1e-6);
    smac_embed_options_default(&o);
    o.tokens = true;
    o.threads = 1;
    assert_ok(smac_embed_text(e, "the good film", &o, &each, error));
    assert_int_equal(smac_vectors_count(each), 5); /* [CLS] and [SEP] too */
    float mean[64] = {0};
    for (size_t r = 0; r < 5; r++)
        for (size_t i = 0; i < width; i++)
            mean[i] += smac_vectors_values(each)[r * width + i] / 5;
    for (size_t i = 0; i < width; i++)
        assert_near(smac_vectors_values(pooled)[i], (double)mean[i] / length_of(mean, width), 1e-6);
    assert_int_equal(smac_vectors_tokens_cut(each), 0);
    smac_vectors_free(each);
    smac_vectors_free(pooled);
    char longer[1000] = "";
    for (int i = 0; i < 60; i++)
        strcat(longer, "good ");
    assert_ok(smac_embed_text(e, longer, &o, &each, error));
    assert_int_equal(smac_vectors_count(each), 32); /* the positions that it has */
    assert_int_equal(smac_vectors_tokens_cut(each), 30);
    smac_vectors_free(each);
    smac_encoder_free(e);
    folder_remove(folder);
}

/* An untrained ImageBind-like encoder of small square pictures, as a file of ours. */
static void publish_pictures(const char *folder, char path[512])
{
    const encoder_sizes sizes = {.width = 24,
        .layers = 2,
        .heads = 3,
        .hidden = 40,
        .out_width = 16,
        .rows = 28,
        .columns = 28,
        .kernel = 14,
        .stride = 14};
    encoder_config c = {0};
    encoder *e;
    text_buffer json = {0};
    parameter_store *store = parameter_store_new();
    assert_ok(encoder_config_small(MODALITY_VISION, &sizes, &c, error));
    assert_ok(encoder_new(store, "", &c, 0, &e, error));
    assert_ok(parameter_store_seal(store, true, 5, error));
    const parameter_list *list = encoder_parameters(e);
    tensor_entry *entries = calloc(list->count, sizeof *entries);
    float **mapped = calloc(list->count, sizeof *mapped);
    for (size_t i = 0; i < list->count; i++) {
        parameter *p = list->items[i].parameter;
        mapped[i] = parameter_map(p);
        entries[i] = (tensor_entry){.name = p->name,
            .type = TENSOR_F32,
            .rank = p->rank,
            .count = p->count,
            .data = mapped[i],
            .bytes = (size_t)p->count * sizeof(float)};
        memcpy(entries[i].dim, p->dim, (size_t)p->rank * sizeof *p->dim);
    }
    encoder_config_write(&c, &json);
    safetensors_pair pair = {"imagebind.vision", json.data};
    assert_ok(safetensors_write(file_in(folder, "pictures.safetensors", path), entries, list->count, &pair, 1, error));
    for (size_t i = 0; i < list->count; i++)
        parameter_unmap(list->items[i].parameter, mapped[i], false, NULL);
    free(mapped);
    free(entries);
    text_free(&json);
    encoder_free(e);
    parameter_store_free(store);
}

static void a_picture_gives_one_vector(void **state)
{
    (void)state;
    enum { WIDTH = 50, HEIGHT = 40, STRIDE = 3 * WIDTH + 7 };
    static uint8_t dense[HEIGHT * WIDTH * 3], spread[HEIGHT * STRIDE];
    char folder[256], path[512];
    smac_encoder *e;
    smac_vectors *a, *b, *c;
    models_start(folder);
    publish_pictures(folder, path);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < 3 * WIDTH; x++)
            dense[y * 3 * WIDTH + x] = spread[y * STRIDE + x] = (uint8_t)(x * 3 + y * 5);
    assert_ok(smac_encoder_open(path, NULL, &e, error));
    assert_int_equal(smac_encoder_modality(e), SMAC_VISION);
    assert_ok(smac_embed_picture(e, &(smac_rgb){dense, WIDTH, HEIGHT, 0}, NULL, &a, error));
    assert_ok(smac_embed_picture(e, &(smac_rgb){spread, WIDTH, HEIGHT, STRIDE}, NULL, &b, error));
    memset(dense, 0, sizeof dense);
    assert_ok(smac_embed_picture(e, &(smac_rgb){dense, WIDTH, HEIGHT, 0}, NULL, &c, error));
    size_t width = smac_encoder_width(e);
    assert_true(width > 0 && smac_vectors_count(a) == 1 && smac_vectors_width(a) == width);
    assert_memory_equal(smac_vectors_values(a), smac_vectors_values(b), width * sizeof(float));
    assert_memory_not_equal(smac_vectors_values(a), smac_vectors_values(c), width * sizeof(float));
    smac_vectors_free(a);
    smac_vectors_free(b);
    smac_vectors_free(c);
    smac_embed_options o;
    smac_embed_options_default(&o);
    o.tokens = true;
    assert_refused(
        smac_embed_picture(e, &(smac_rgb){dense, WIDTH, HEIGHT, 0}, &o, &a, error), SMAC_ERROR_UNSUPPORTED, "pooled");
    assert_refused(
        smac_embed_picture(e, &(smac_rgb){dense, WIDTH, HEIGHT, 5}, NULL, &a, error), SMAC_ERROR_ARGUMENT, "50 x 40");
    assert_refused(smac_embed_text(e, "good", NULL, &a, error), SMAC_ERROR_ARGUMENT, "encoder of vision");
    smac_encoder_free(e);
    folder_remove(folder);
}

static int stop_at_once(void *user, const char *what, double done, double total)
{
    (void)what, (void)done;
    *(double *)user = total;
    return 1;
}

static void sound_gives_a_vector_a_second(void **state)
{
    (void)state;
    enum { RATE = 16000, COUNT = RATE * 5 / 2 };
    static float samples[3 * COUNT];
    char folder[256], path[512];
    smac_encoder *e;
    smac_vectors *seconds, *each, *other;
    smac_embed_options o;
    double total = 0;
    models_start(folder);
    assert_ok(folder_make(file_in(folder, "ears", path), error));
    copy_golden("whisper.ctranslate2.bin", path, "model.bin");
    for (int i = 0; i < COUNT; i++)
        samples[i] = 0.3f * sinf(0.13f * (float)i);
    assert_ok(smac_encoder_open(path, NULL, &e, error));
    assert_int_equal(smac_encoder_modality(e), SMAC_AUDIO);
    smac_embed_options_default(&o);
    o.tokens = true;
    assert_ok(smac_embed_sound(e, samples, COUNT, RATE, NULL, &seconds, error));
    assert_ok(smac_embed_sound(e, samples, COUNT, RATE, &o, &each, error));
    assert_int_equal(smac_vectors_count(seconds), 3);
    assert_int_equal(smac_vectors_count(each), 125);
    assert_near(smac_vectors_per_second(seconds), 1, 0);
    assert_near(smac_vectors_per_second(each), 50, 0);
    size_t width = smac_encoder_width(e);
    for (size_t i = 0; i < width; i++) {
        double sum = 0;
        for (size_t r = 100; r < 125; r++)
            sum += (double)smac_vectors_values(each)[r * width + i];
        assert_near(smac_vectors_values(seconds)[2 * width + i], sum / 25, 1e-5);
    }
    for (int i = 0; i < 3 * COUNT; i++)
        samples[i] = 0.3f * sinf(0.13f / 3 * (float)i);
    assert_ok(smac_embed_sound(e, samples, 3 * COUNT, 3 * RATE, NULL, &other, error)); /* the same tone */
    assert_int_equal(smac_vectors_count(other), 3);
    double far = 0;
    for (size_t i = 0; i < width; i++) /* of the second in the middle */
        far =
            fmax(far, fabs((double)(smac_vectors_values(other)[width + i] - smac_vectors_values(seconds)[width + i])));
    assert_true(far < 0.05);
    smac_vectors_free(seconds);
    smac_vectors_free(each);
    smac_vectors_free(other);
    o.progress = stop_at_once;
    o.user = &total;
    each = NULL;
    assert_refused(smac_embed_sound(e, samples, COUNT, RATE, &o, &each, error), SMAC_ERROR_INTERRUPTED, "stopped");
    assert_null(each);
    assert_near(total, 2.5, 1e-9);
    samples[7] = NAN;
    assert_refused(smac_embed_sound(e, samples, COUNT, RATE, NULL, &each, error), SMAC_ERROR_ARGUMENT, "sample 7");
    assert_refused(smac_embed_sound(e, samples, 0, RATE, NULL, &each, error), SMAC_ERROR_ARGUMENT, "empty");
    assert_refused(smac_embed_sound(e, samples, 5, 10, NULL, &each, error), SMAC_ERROR_ARGUMENT, "10 samples");
    smac_encoder_free(e);
    folder_remove(folder);
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    char folder[256], path[512];
    smac_encoder *e = NULL;
    smac_vectors *v = NULL;
    smac_encoder_options how;
    smac_embed_options unset = {0};
    models_start(folder);
    publish("bert", folder, "b", path);
    assert_refused(smac_encoder_open("minlm-l6", NULL, &e, error), SMAC_ERROR_NOT_FOUND, "minilm-l6");
    smac_encoder_options_default(&how);
    how.precision = "f64";
    assert_refused(smac_encoder_open(path, &how, &e, error), SMAC_ERROR_ARGUMENT, "f64");
    smac_encoder_options_default(&how);
    how.modality = SMAC_VISION;
    assert_refused(smac_encoder_open(path, &how, &e, error), SMAC_ERROR_UNSUPPORTED, "vision");
    how.modality = 7;
    assert_refused(smac_encoder_open(path, &how, &e, error), SMAC_ERROR_ARGUMENT, "7");
    assert_null(e);
    assert_ok(smac_encoder_open(path, NULL, &e, error));
    assert_refused(smac_embed_text(e, "good", &unset, &v, error), SMAC_ERROR_ARGUMENT, "smac_embed_options_default");
    assert_refused(smac_embed_text(NULL, "good", NULL, &v, error), SMAC_ERROR_ARGUMENT, "smac_encoder_open");
    assert_refused(smac_embed_text(e, NULL, NULL, &v, error), SMAC_ERROR_ARGUMENT, "text");
    assert_null(v);
    assert_int_equal(smac_vectors_count(NULL), 0);
    assert_null(smac_vectors_values(NULL));
    assert_string_equal(smac_encoder_family(NULL), "");
    assert_int_equal(smac_encoder_modality(NULL), -1);
    smac_encoder_free(NULL);
    smac_vectors_free(NULL);
    smac_encoder_free(e);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_gives_one_vector_or_one_a_token),
        cmocka_unit_test(a_picture_gives_one_vector),
        cmocka_unit_test(sound_gives_a_vector_a_second),
        cmocka_unit_test(wrong_use_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
