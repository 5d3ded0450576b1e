/*
 * tests/speech/test_sizes.c - a Whisper as large-v3 is: 128 mel bins, many languages with Cantonese among them; and one
 * whose windows are not 30 s.  The tiny model of tests/golden/speech is rewritten to these sizes.
 */
#include "support/folder.h"
#include "support/golden.h"

#include <jansson.h>

#include "media/mel.h"
#include "speech/features.h"
#include "speech/model.h"
#include "weights/safetensors.h"

#define TINY SMAC_SOURCE_DIR "/tests/golden/speech/tiny/"
enum { SOUND = 16000 * 12, WIDTH = 16, ENGLISH = 1102, CANTONESE = 1104 };

typedef struct sizes {
    int64_t bins, positions;
    bool many;       /* with <|yue|> after <|zh|> */
    int32_t as_best; /* its embedding is exchanged with Cantonese's; 0: none */
} sizes;

static json_t *read_tiny(const char *name)
{
    char path[600];
    json_error_t where;
    snprintf(path, sizeof path, TINY "%s", name);
    json_t *root = json_load_file(path, 0, &where);
    assert_non_null(root);
    return root;
}

static void write_json(const char *folder, const char *name, json_t *root)
{
    char *text = json_dumps(root, 0);
    write_text(folder, name, text);
    free(text);
    json_decref(root);
}

static void write_lists(const char *folder, const sizes *s)
{
    json_t *config = read_tiny("config.json"), *lists = read_tiny("generation_config.json");
    json_t *tokens = read_tiny("tokenizer.json"), *added = json_object_get(tokens, "added_tokens");
    json_object_set_new(config, "num_mel_bins", json_integer(s->bins));
    json_object_set_new(config, "max_source_positions", json_integer(s->positions));
    json_object_set_new(
        config, "vocab_size", json_integer(json_integer_value(json_object_get(config, "vocab_size")) + s->many));
    json_object_set_new(lists, "is_multilingual", json_boolean(s->many));
    if (s->many) {
        json_t *yue = json_deep_copy(json_array_get(added, 3));
        json_object_set_new(yue, "content", json_string("<|yue|>"));
        json_array_insert_new(added, 4, yue);
        for (size_t i = 4; i < json_array_size(added); i++)
            json_object_set_new(json_array_get(added, i), "id", json_integer((json_int_t)(1100 + i)));
    }
    write_json(folder, "config.json", config);
    write_json(folder, "generation_config.json", lists);
    write_json(folder, "tokenizer.json", tokens);
}

static void copy_row(float *to, const float *from)
{
    memcpy(to, from, WIDTH * sizeof *to);
}

/* The tensor's values at the new size. */
static void resize(tensor_entry *e, const sizes *s)
{
    float *old = calloc((size_t)e->count, sizeof *old), *grown;
    tensor_to_f32(e, old);
    int64_t rows = e->dim[0], before = e->count;
    if (strcmp(e->name, "model.encoder.conv1.weight") == 0)
        e->dim[1] = s->bins;
    if (strcmp(e->name, "model.encoder.embed_positions.weight") == 0)
        e->dim[0] = s->positions;
    bool words = strcmp(e->name, "model.decoder.embed_tokens.weight") == 0;
    if (words)
        e->dim[0] += s->many;
    e->count = 1;
    for (int d = 0; d < e->rank; d++)
        e->count *= e->dim[d];
    grown = calloc((size_t)e->count, sizeof *grown);
    for (int64_t i = 0; i < e->count; i++)
        grown[i] = old[i % before];
    if (words && s->many) {
        for (int64_t r = CANTONESE + 1; r <= rows; r++)
            copy_row(grown + r * WIDTH, old + (r - 1) * WIDTH);
        for (int k = 0; k < WIDTH; k++)
            grown[CANTONESE * WIDTH + k] = (float)sin(k + 1.0);
        if (s->as_best) {
            float keep[WIDTH];
            copy_row(keep, grown + CANTONESE * WIDTH);
            copy_row(grown + CANTONESE * WIDTH, grown + s->as_best * WIDTH);
            copy_row(grown + s->as_best * WIDTH, keep);
        }
    }
    free(old);
    e->type = TENSOR_F32;
    e->data = grown;
    e->bytes = (size_t)e->count * sizeof *grown;
}

static void write_model(char folder[256], const sizes *s)
{
    char path[512];
    tensor_file *tiny;
    folder_new(folder);
    write_lists(folder, s);
    assert_ok(tensor_file_open(TINY "model.safetensors", &tiny, error));
    size_t count = tensor_file_count(tiny);
    tensor_entry *entries = calloc(count, sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        entries[i] = *tensor_file_at(tiny, i);
        resize(&entries[i], s);
    }
    assert_ok(safetensors_write(file_in(folder, "model.safetensors", path), entries, count, NULL, 0, error));
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)entries[i].data);
    free(entries);
    tensor_file_close(tiny);
}

static void make_sound(float *samples)
{
    uint32_t x = 7;
    for (int i = 0; i < SOUND; i++) {
        x = x * 1664525u + 1013904223u;
        samples[i] = ((float)(x >> 8) / (float)(1 << 24) - 0.5f) * (float)(i / 4000 % 5) * 0.2f;
    }
}

static void hear(const speech_model *m, const char *language, speech_result *r)
{
    static float samples[SOUND];
    speech_options o;
    speech_listener *l;
    make_sound(samples);
    speech_options_default(&o);
    o.language = language;
    o.temperature_count = 1;
    o.no_speech = INFINITY;
    o.silence = 0;
    o.words = true;
    assert_ok(speech_listener_new(m, &o, r, &l, error));
    assert_ok(speech_listener_feed(l, samples, SOUND, error));
    assert_ok(speech_listener_finish(l, error));
    speech_listener_free(l);
}

static void large_v3_is_heard(void **state)
{
    (void)state;
    sizes s = {.bins = 128, .positions = 1500, .many = true};
    char folder[256];
    speech_model *m;
    speech_result r = {0};
    write_model(folder, &s);
    assert_ok(speech_model_open(folder, PRECISION_F32, &m, error));
    assert_true(speech_model_knows(m, "yue") && speech_model_knows(m, "en") && speech_model_knows(m, "zh"));
    assert_false(speech_model_knows(m, "fr") || speech_model_knows(m, "translate"));
    hear(m, "yue", &r);
    assert_string_equal(r.language, "yue");
    assert_true(r.count > 0 && r.segments[0].word_count > 0 && r.segments[0].text[0]);
    speech_result_clear(&r);
    hear(m, NULL, &r);
    static const char *const languages[] = {"en", "zh", "yue"};
    int best = 0;
    while (best < 3 && strcmp(languages[best], r.language) != 0)
        best++;
    assert_in_range(best, 0, 2);
    assert_true(r.language_probability > 1.0 / 3 && r.language_probability <= 1);
    double probability = r.language_probability;
    speech_result_clear(&r);
    speech_model_free(m);
    folder_remove(folder);

    /* the likeliest one's embedding for Cantonese: that is heard with the same probability then */
    s.as_best = ENGLISH + best;
    write_model(folder, &s);
    assert_ok(speech_model_open(folder, PRECISION_F32, &m, error));
    hear(m, "auto", &r);
    assert_string_equal(r.language, "yue");
    assert_near(r.language_probability, probability, 1e-5);
    speech_result_clear(&r);
    speech_model_free(m);
    folder_remove(folder);
}

/* The stream's frames of 128 bins are the whole sound's, which media tests against transformers. */
static void frames_of_128_bins(void **state)
{
    (void)state;
    enum { BINS = 128, FRAMES = SOUND / 160 };
    static float samples[SOUND], whole[BINS * FRAMES], out[FRAMES * BINS];
    speech_features f;
    mel_filter_bank *bank;
    make_sound(samples);
    assert_ok(mel_filter_bank_new_whisper(BINS, &bank, error));
    assert_ok(whisper_log_mel(bank, samples, SOUND, SOUND, whole, error));
    assert_ok(features_begin(&f, BINS, error));
    assert_ok(features_feed(&f, samples, SOUND, error));
    assert_ok(features_finish(&f, error));
    features_window(&f, 0, FRAMES, FRAMES, out);
    for (int i = 0; i < FRAMES - 2; i++) /* the last ones see what follows the sound */
        for (int k = 0; k < BINS; k++)
            assert_near(out[i * BINS + k], whole[k * FRAMES + i], 2e-5);
    features_clear(&f);
    mel_filter_bank_free(bank);
}

static void windows_are_30_seconds(void **state)
{
    (void)state;
    static const int64_t positions[] = {8000, 1501, 1499, 1};
    for (size_t i = 0; i < sizeof positions / sizeof *positions; i++) {
        const sizes s = {.bins = 80, .positions = positions[i]};
        char folder[256];
        speech_model *m = NULL;
        smac_error refusal = {0};
        write_model(folder, &s);
        assert_int_equal(speech_model_open(folder, PRECISION_F32, &m, &refusal), SMAC_ERROR_UNSUPPORTED);
        assert_non_null(strstr(refusal.message, "max_source_positions"));
        assert_non_null(strstr(refusal.message, "1500"));
        assert_non_null(strstr(refusal.message, folder));
        assert_null(m);
        folder_remove(folder);
    }
}

/* Scores are kept for every head that is listed, so a list cannot be longer than there are heads; an empty list counts as no list. */
static void listed_heads_are_those_there_are(void **state)
{
    (void)state;
    const sizes s = {.bins = 80, .positions = 1500};
    char folder[256];
    speech_model *m = NULL;
    smac_error refusal = {0};
    write_model(folder, &s);
    write_text(folder, "generation_config.json",
        "{\"is_multilingual\": false, \"alignment_heads\": [[0, 1], [1, 0], [0, 0], [1, 1], [1, 0]]}");
    assert_int_equal(speech_model_open(folder, PRECISION_F32, &m, &refusal), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(refusal.message, "alignment_heads"));
    write_text(folder, "generation_config.json", "{\"is_multilingual\": false, \"alignment_heads\": []}");
    assert_ok(speech_model_open(folder, PRECISION_F32, &m, error));
    assert_int_equal(m->head_count, 2); /* those of the second half of the layers */
    assert_int_equal(m->heads[0][0], 1);
    speech_model_free(m);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(large_v3_is_heard), cmocka_unit_test(frames_of_128_bins),
        cmocka_unit_test(windows_are_30_seconds), cmocka_unit_test(listed_heads_are_those_there_are)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
