/*
 * tests/encoders/test_whisper.c - Whisper's encoder and decoder against transformers on a tiny random model, from
 * safetensors and from the same weights as a CTranslate2 file (tools/golden/whisper.py).
 */
#include "support/golden.h"
#include "support/whisper.h"

#include "encoders/whisper.h"
#include "encoders/whisper_tensors.h"

static const double LIMIT = 1e-5;

typedef struct setting {
    tensor_file *golden, *weights; /* weights: golden or the CTranslate2 file */
    whisper_config config;
    parameter_store *store;
    whisper_encoder *encoder;
} setting;

static void open_files(setting *s, bool ctranslate2)
{
    char path[600];
    memset(s, 0, sizeof *s);
    s->golden = s->weights = golden_open("encoders", "whisper");
    snprintf(path, sizeof path, "%s/tests/golden/encoders/whisper.ctranslate2.bin", SMAC_SOURCE_DIR);
    if (ctranslate2)
        assert_ok(tensor_file_open(path, &s->weights, error));
    const char *json = ctranslate2 ? NULL : tensor_file_metadata(s->golden, "config");
    assert_ok(whisper_config_of_file(s->weights, json, json ? strlen(json) : 0, &s->config, error));
}

static void add_encoder(setting *s, int trainable, bool packed)
{
    s->store = parameter_store_new();
    assert_ok(whisper_encoder_add(s->store, "audio.", &s->config, trainable, &s->encoder, error));
    if (packed)
        assert_ok(whisper_encoder_pack(s->encoder, s->weights, PRECISION_F32, error));
    assert_ok(parameter_store_seal(s->store, true, 1, error));
    assert_ok(whisper_encoder_load(s->encoder, s->weights, error));
}

static void clear(setting *s)
{
    whisper_encoder_free(s->encoder);
    parameter_store_free(s->store);
    if (s->weights != s->golden)
        tensor_file_close(s->weights);
    tensor_file_close(s->golden);
}

static void compare(const setting *s, const char *key, const float *data, int64_t count)
{
    int64_t expected_count;
    float *expected = golden_floats(s->golden, key, &expected_count);
    assert_int_equal(count, expected_count);
    double error = golden_note(strstr(key, "grad") != NULL, golden_error(data, expected, 1, count, NULL));
    free(expected);
    if (!(error <= LIMIT))
        fail_msg("%s differs by %.3g", key, error);
}

static void sizes_are_read_from_both_files(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        setting s;
        open_files(&s, k == 1);
        const whisper_config *c = &s.config;
        const int64_t found[] = {c->mel_bins, c->width, c->encoder_layers, c->encoder_heads, c->encoder_hidden,
            c->positions, c->decoder_layers, c->decoder_heads, c->decoder_hidden, c->vocabulary, c->text_positions};
        const int64_t expected[] = {10, 24, 3, 3, 40, 20, 2, 4, 36, 70, 16};
        for (size_t i = 0; i < 11; i++)
            assert_int_equal(found[i], expected[i]);
        text_buffer json = {0};
        whisper_config again;
        whisper_config_to_json(c, &json);
        assert_ok(whisper_config_parse(json.data, json.length, &again, error));
        assert_memory_equal(&again, c, sizeof again);
        text_buffer old = {0}; /* without model_type, as some folders are */
        text_format(&old, "{\"architectures\": [\"WhisperForConditionalGeneration\"]%s",
            json.data + strlen("{\"model_type\": \"whisper\""));
        assert_ok(whisper_config_parse(old.data, old.length, &again, error));
        assert_memory_equal(&again, c, sizeof again);
        text_free(&old);
        text_free(&json);
        clear(&s);
    }
}

static void config_is_read_beside_the_weights(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"/w.safetensors", "/config.json"}, {"w.safetensors", "config.json"},
        {"a/w.bin", "a/config.json"}, {"/a/b/w.bin", "/a/b/config.json"}, {"/", "/config.json"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *found = whisper_config_path(cases[i][0]);
        assert_string_equal(found, cases[i][1]);
        free(found);
    }
}

static void encoder_is_transformers(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) { /* either file, packed or not */
        setting s;
        open_files(&s, k & 1);
        add_encoder(&s, 0, k & 2);
        float *mel = golden_floats(s.golden, "golden.mel", NULL);
        tape *t = tape_new(NULL);
        value *hidden[4], *y = whisper_encoder_forward(t, s.encoder, mel, 2, 40, hidden);
        assert_ok(tape_status(t, error));
        for (int i = 0; i < 4; i++) {
            char key[32];
            snprintf(key, sizeof key, "golden.hidden.%d", i);
            compare(&s, key, hidden[i]->device_data, hidden[i]->count);
        }
        compare(&s, "golden.output", y->device_data, y->count);
        tape_reset(t, NULL);
        y = whisper_encoder_forward(t, s.encoder, mel, 2, 40, NULL);
        assert_non_null(y);
        compare(&s, "golden.output", y->device_data, y->count);
        tape_free(t);
        free(mel);
        clear(&s);
    }
}

static void int8_files_are_read(void **state)
{
    (void)state;
    setting s;
    char path[600];
    open_files(&s, false);
    snprintf(path, sizeof path, "%s/tests/golden/encoders/whisper.ctranslate2.int8.bin", SMAC_SOURCE_DIR);
    assert_ok(tensor_file_open(path, &s.weights, error));
    add_encoder(&s, 0, true);
    float *mel = golden_floats(s.golden, "golden.mel", NULL),
          *expected = golden_floats(s.golden, "golden.output", NULL);
    tape *t = tape_new(NULL);
    value *y = whisper_encoder_forward(t, s.encoder, mel, 2, 40, NULL);
    assert_ok(tape_status(t, error));
    double far = golden_error(y->device_data, expected, 1, y->count, NULL);
    assert_true(far > 1e-4 && far < 0.05); /* rounded, and not by more than rounding gives */
    int64_t dim[] = {40, 24};              /* a row's scale, to half a step */
    tensor_file *plain = s.golden;
    const tensor_entry *exact = tensor_file_find(plain, "model.encoder.layers.1.fc1.weight");
    assert_true(exact->rank == 2 && exact->dim[0] == dim[0] && exact->dim[1] == dim[1]);
    float *want = golden_floats(plain, exact->name, NULL), have[40 * 24];
    whisper_walk walk = whisper_walk_of(&s.config, WHISPER_ENCODER);
    whisper_item item;
    do {
        assert_true(whisper_walk_next(&walk, &item));
    } while (strcmp(item.name, "encoder.layers.1.fc1.weight") != 0);
    assert_ok(whisper_load(s.weights, &item, have, error));
    for (int r = 0; r < 40; r++) {
        float most = 0;
        for (int i = 0; i < 24; i++)
            most = fmaxf(most, fabsf(want[r * 24 + i]));
        for (int i = 0; i < 24; i++)
            assert_near(have[r * 24 + i], want[r * 24 + i], (double)most / 253);
    }
    tape_free(t);
    free(want);
    free(mel);
    free(expected);
    clear(&s);
}

static void gradients_are_transformers(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        setting s;
        open_files(&s, false);
        add_encoder(&s, k ? 1 : -1, false);
        float *mel = golden_floats(s.golden, "golden.mel", NULL);
        float *direction = golden_floats(s.golden, "golden.direction", NULL);
        tape *t = tape_new(&(tape_options){.record = true, .check_finite = true});
        value *y = whisper_encoder_forward(t, s.encoder, mel, 2, 40, NULL);
        assert_ok(tape_status(t, error));
        compare(&s, "golden.output", y->device_data, y->count);
        parameter_zero_gradients(s.store);
        value *loss = op_sum(t, op_multiply(t, y, tape_value(t, 3, y->dim, direction)));
        assert_ok(tape_backward(t, loss, 1, error));
        const parameter_list *list = whisper_encoder_parameters(s.encoder);
        size_t trained = 0;
        for (size_t i = 0; i < list->count; i++) {
            const listed_parameter *item = &list->items[i];
            if (!item->parameter->trainable)
                continue;
            char key[200];
            snprintf(key, sizeof key, "golden.grad.%s", item->published);
            compare(&s, key, item->parameter->grad, item->parameter->count);
            trained++;
        }
        assert_int_equal(trained, k ? 15 + 2 : list->count - 1); /* all but the positions */
        free(mel);
        free(direction);
        tape_free(t);
        clear(&s);
    }
}

/* --- the decoder -------------------------------------------------------------------------------------------------- */

enum { VOCABULARY = 70, TOKENS = 9, FRAMES = 20 };

typedef struct decoder_setting {
    setting s;
    parameter_store *store;
    whisper_decoder *decoder;
    whisper_decoding *decoding;
    int32_t tokens[TOKENS];
} decoder_setting;

static void decoder_open(decoder_setting *d, bool ctranslate2, int64_t beams)
{
    int64_t wide[TOKENS];
    open_files(&d->s, ctranslate2);
    assert_ok(decoder_with_store(d->s.weights, &d->s.config, &d->store, &d->decoder, error));
    assert_ok(whisper_decoding_new(d->decoder, beams, &d->decoding, error));
    float *sound = golden_floats(d->s.golden, "golden.output", NULL);
    assert_ok(whisper_decoding_sound(d->decoding, sound, FRAMES, error));
    free(sound);
    assert_ok(tensor_to_i64(tensor_file_find(d->s.golden, "golden.tokens"), wide, error));
    for (int i = 0; i < TOKENS; i++)
        d->tokens[i] = (int32_t)wide[i];
}

static void decoder_close(decoder_setting *d)
{
    whisper_decoding_free(d->decoding);
    whisper_decoder_free(d->decoder);
    parameter_store_free(d->store);
    clear(&d->s);
}

static void compare_row(const decoder_setting *d, int row, const float *logits)
{
    float *expected = golden_floats(d->s.golden, "golden.logits", NULL);
    double error = golden_note(0, golden_error(logits, expected + row * VOCABULARY, 1, VOCABULARY, NULL));
    free(expected);
    if (!(error <= LIMIT))
        fail_msg("logits of token %d differ by %.3g", row, error);
}

static void decoder_at_once_and_step_by_step(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        decoder_setting d;
        float logits[3 * VOCABULARY], early[VOCABULARY];
        decoder_open(&d, k == 1, 3);
        assert_ok(whisper_decoding_prompt(d.decoding, d.tokens, TOKENS, logits, 4, early, error));
        compare_row(&d, TOKENS - 1, logits);
        compare_row(&d, 4, early);
        for (int first = 1; first < TOKENS; first += 3) {
            whisper_decoding_restart(d.decoding);
            assert_ok(whisper_decoding_prompt(d.decoding, d.tokens, first, logits, -1, NULL, error));
            compare_row(&d, first - 1, logits);
            for (int i = first; i < TOKENS; i++) {
                assert_ok(whisper_decoding_step(d.decoding, 1, d.tokens + i, NULL, logits, error));
                compare_row(&d, i, logits);
            }
            assert_int_equal(whisper_decoding_length(d.decoding), TOKENS);
        }
        decoder_close(&d);
    }
}

/* Hypotheses that cross over each other: the true tokens move from place to place among false ones. */
static void hypotheses_go_on_from_each_other(void **state)
{
    (void)state;
    decoder_setting d;
    float logits[3 * VOCABULARY];
    decoder_open(&d, false, 3);
    assert_ok(whisper_decoding_prompt(d.decoding, d.tokens, 2, logits, -1, NULL, error));
    int place = 0;
    for (int i = 2; i < TOKENS; i++) {
        int next = (2 * i + 1) % 3;
        int32_t tokens[3], origin[3];
        for (int b = 0; b < 3; b++) {
            tokens[b] = b == next ? d.tokens[i] : (7 * i + b) % VOCABULARY;
            origin[b] = i == 2 ? 0 : b == next ? place : (b + i) % 3;
        }
        assert_ok(whisper_decoding_step(d.decoding, 3, tokens, origin, logits, error));
        compare_row(&d, i, logits + next * VOCABULARY);
        place = next;
    }
    decoder_close(&d);
}

static void alignment_scores_and_probabilities(void **state)
{
    (void)state;
    static const int32_t heads[][2] = {{1, 3}, {0, 2}, {1, 0}};
    decoder_setting d;
    float scores[3 * TOKENS * FRAMES], probability[TOKENS];
    decoder_open(&d, false, 1);
    whisper_alignment alignment = {.tokens = d.tokens,
        .count = TOKENS,
        .heads = heads,
        .head_count = 3,
        .limit = VOCABULARY,
        .scores = scores,
        .probability = probability};
    assert_ok(whisper_decoding_align(d.decoding, &alignment, error));
    float *logits = golden_floats(d.s.golden, "golden.logits", NULL);
    for (int h = 0; h < 3; h++) {
        char key[32];
        snprintf(key, sizeof key, "golden.cross.%d", (int)heads[h][0]);
        float *expected = golden_floats(d.s.golden, key, NULL);
        for (int i = 0; i < TOKENS; i++) {
            double sum = 0;
            for (int j = 0; j < FRAMES; j++)
                sum += exp((double)scores[(h * TOKENS + i) * FRAMES + j]);
            for (int j = 0; j < FRAMES; j++)
                assert_near(exp((double)scores[(h * TOKENS + i) * FRAMES + j]) / sum,
                    expected[(heads[h][1] * TOKENS + i) * FRAMES + j], 1e-6);
        }
        free(expected);
    }
    for (int i = 0; i + 1 < TOKENS; i++) {
        double sum = 0;
        for (int v = 0; v < VOCABULARY; v++)
            sum += exp((double)logits[i * VOCABULARY + v]);
        assert_near(probability[i], exp((double)logits[i * VOCABULARY + d.tokens[i + 1]]) / sum, 1e-5);
    }
    free(logits);
    decoder_close(&d);
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    decoder_setting d;
    float logits[VOCABULARY];
    smac_error refusal;
    int32_t outside = VOCABULARY, many[17] = {0};
    decoder_open(&d, false, 1);
    assert_int_equal(whisper_decoding_prompt(d.decoding, &outside, 1, logits, -1, NULL, &refusal), SMAC_ERROR_ARGUMENT);
    assert_int_equal(whisper_decoding_prompt(d.decoding, many, 17, logits, -1, NULL, &refusal), SMAC_ERROR_ARGUMENT);
    assert_int_equal(whisper_decoding_step(d.decoding, 1, many, NULL, logits, &refusal), SMAC_ERROR_ARGUMENT);
    assert_ok(whisper_decoding_prompt(d.decoding, many, 15, logits, -1, NULL, error));
    assert_ok(whisper_decoding_step(d.decoding, 1, many, NULL, logits, error));
    assert_int_equal(whisper_decoding_step(d.decoding, 1, many, NULL, logits, &refusal), SMAC_ERROR_ARGUMENT);
    whisper_config wrong = d.s.config;
    wrong.decoder_hidden++;
    whisper_decoder *none = NULL;
    parameter_store *store;
    assert_int_equal(decoder_with_store(d.s.weights, &wrong, &store, &none, &refusal), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(refusal.message, "decoder.layers.0.fc1.weight"));
    wrong = d.s.config;
    wrong.decoder_layers++;
    assert_int_equal(decoder_with_store(d.s.weights, &wrong, &store, &none, &refusal), SMAC_ERROR_NOT_FOUND);
    assert_null(none);
    wrong = d.s.config;
    wrong.encoder_layers = 1025;
    assert_int_equal(whisper_config_check(&wrong, &refusal), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(refusal.message, "1025"));
    const char *json = "{\"model_type\": \"bert\"}";
    assert_int_equal(whisper_config_parse(json, strlen(json), &wrong, &refusal), SMAC_ERROR_UNSUPPORTED);
    decoder_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read_from_both_files),
        cmocka_unit_test(config_is_read_beside_the_weights),
        cmocka_unit_test(encoder_is_transformers),
        cmocka_unit_test(int8_files_are_read),
        cmocka_unit_test(gradients_are_transformers),
        cmocka_unit_test(decoder_at_once_and_step_by_step),
        cmocka_unit_test(hypotheses_go_on_from_each_other),
        cmocka_unit_test(alignment_scores_and_probabilities),
        cmocka_unit_test(wrong_use_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    golden_report("whisper");
    return failed;
}
