/*
 * tests/speech/test_search.c - greedy and beam search, samples, the rules of time stamps and the alignment of tokens
 * with sound, against CTranslate2 on a tiny random model (tools/golden/whisper.py, tools/golden/speech.py).
 */
#include "support/golden.h"
#include "support/whisper.h"

#include <jansson.h>

#include "speech/search.h"
#include "speech/words.h"

enum { END = 40, START = 41, NO_SPEECH = 47, NO_TIMESTAMPS = 48, STAMP = 49, VOCABULARY = 70, POSITIONS = 20 };
static const int32_t SUPPRESS[] = {3, 5, 41, 43, 44, 45, 46, 47}, FIRST[] = {1, 40};
static const speech_rules RULES = {.vocabulary = VOCABULARY,
    .end = END,
    .start = START,
    .no_speech = NO_SPEECH,
    .no_timestamps = NO_TIMESTAMPS,
    .first_timestamp = STAMP,
    .last_timestamp = VOCABULARY - 1,
    .max_initial = 6,
    .suppress = SUPPRESS,
    .suppress_count = 8,
    .suppress_first = FIRST,
    .suppress_first_count = 2};

typedef struct setting {
    tensor_file *golden, *weights;
    whisper_config config;
    parameter_store *store, *decoder_store;
    whisper_encoder *encoder;
    whisper_decoder *decoder;
    whisper_decoding *decoding;
    json_t *expected;
} setting;

static int set_up(void **state)
{
    static setting s;
    char path[600];
    json_error_t where;
    s.golden = golden_open("speech", "speech");
    snprintf(path, sizeof path, "%s/tests/golden/encoders/whisper.ctranslate2.bin", SMAC_SOURCE_DIR);
    assert_ok(tensor_file_open(path, &s.weights, error));
    assert_ok(whisper_config_of_file(s.weights, NULL, 0, &s.config, error));
    assert_ok(decoder_with_store(s.weights, &s.config, &s.decoder_store, &s.decoder, error));
    s.store = parameter_store_new();
    assert_ok(whisper_encoder_add(s.store, "", &s.config, 0, &s.encoder, error));
    assert_ok(parameter_store_seal(s.store, false, 0, error));
    assert_ok(whisper_encoder_load(s.encoder, s.weights, error));
    assert_ok(whisper_decoding_new(s.decoder, 8, &s.decoding, error));
    snprintf(path, sizeof path, "%s/tests/golden/speech/search.json", SMAC_SOURCE_DIR);
    s.expected = json_load_file(path, 0, &where);
    assert_non_null(s.expected);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    setting *s = *state;
    json_decref(s->expected);
    whisper_decoding_free(s->decoding);
    whisper_decoder_free(s->decoder);
    whisper_encoder_free(s->encoder);
    parameter_store_free(s->store);
    parameter_store_free(s->decoder_store);
    tensor_file_close(s->weights);
    tensor_file_close(s->golden);
    return 0;
}

static void hear(setting *s, int sound)
{
    char name[32];
    snprintf(name, sizeof name, "mel.%d", sound);
    float *mel = golden_floats(s->golden, name, NULL);
    tape *t = tape_new(NULL);
    value *y = whisper_encoder_forward(t, s->encoder, mel, 1, 2 * POSITIONS, NULL);
    assert_ok(tape_status(t, error));
    assert_ok(whisper_decoding_sound(s->decoding, y->device_data, POSITIONS, error));
    tape_free(t);
    free(mel);
}

static int64_t ids(const json_t *list, int32_t *out)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        out[i] = (int32_t)json_integer_value(json_array_get(list, i));
    return (int64_t)json_array_size(list);
}

static double number(const json_t *of, const char *key)
{
    return json_number_value(json_object_get(of, key));
}

static void searches_are_ctranslate2s(void **state)
{
    setting *s = *state;
    const json_t *cases = json_object_get(s->expected, "cases"), *c;
    size_t i;
    int last = -1;
    assert_true(json_array_size(cases) > 40);
    json_array_foreach(cases, i, c)
    {
        int32_t prompt[16], tokens[16];
        search_result found;
        search_options options = {.beams = (int)number(c, "beams"),
            .patience = number(c, "patience"),
            .length_penalty = number(c, "length_penalty")};
        if (last != (int)number(c, "sound"))
            hear(s, last = (int)number(c, "sound"));
        int64_t prompt_count = ids(json_object_get(c, "prompt"), prompt);
        int64_t count = ids(json_object_get(c, "tokens"), tokens);
        assert_ok(speech_search(s->decoding, &RULES, prompt, prompt_count, &options, &found, error));
        if ((int64_t)found.count != count || memcmp(found.tokens, tokens, (size_t)count * sizeof *tokens) != 0)
            fail_msg("case %zu: other tokens than CTranslate2's", i);
        assert_near(found.score, number(c, "score"), 2e-5);
        assert_near(found.no_speech, number(c, "no_speech"), 1e-6);
        double length = pow((double)count, options.length_penalty);
        assert_near(found.log_probability, found.score * length / (double)(count + 1), 1e-9);
        search_result_clear(&found);
    }
}

static void samples_follow_the_rules_and_the_seed(void **state)
{
    setting *s = *state;
    static const int32_t prompt[] = {START, 42, 44};
    search_result found[3];
    search_options options = {
        .beams = 1, .patience = 1, .length_penalty = 1, .temperature = 1.0, .samples = 4, .seed = 9};
    hear(s, 3);
    for (int i = 0; i < 3; i++) {
        options.seed = i == 2 ? 10 : 9;
        assert_ok(speech_search(s->decoding, &RULES, prompt, 3, &options, &found[i], error));
        assert_true(found[i].count > 0 && found[i].tokens[0] >= STAMP && found[i].tokens[0] <= STAMP + 6);
        for (size_t t = 0; t < found[i].count; t++)
            for (size_t k = 0; k < 8; k++)
                assert_int_not_equal(found[i].tokens[t], SUPPRESS[k]);
    }
    assert_int_equal(found[0].count, found[1].count);
    assert_memory_equal(found[0].tokens, found[1].tokens, found[0].count * sizeof(int32_t));
    assert_false(found[0].count == found[2].count &&
        memcmp(found[0].tokens, found[2].tokens, found[0].count * sizeof(int32_t)) == 0);
    for (int i = 0; i < 3; i++)
        search_result_clear(&found[i]);
}

static int allowed(const float *logits, int from, int to)
{
    int count = 0;
    for (int i = from; i < to; i++)
        count += logits[i] != -INFINITY;
    return count;
}

static void rules_of_time_stamps(void **state)
{
    (void)state;
    float logits[VOCABULARY];
    static const struct {
        int32_t sequence[4];
        int64_t count;
        float stamp;                  /* each time stamp's logit; text has 0 */
        int text, end, first, stamps; /* allowed: text tokens, the end, the first time stamp, how many */
    } cases[] = {
        {{0}, 0, 0, 0, 0, STAMP, 7},                             /* at the beginning: a time stamp up to 6 */
        {{STAMP + 2}, 1, 9, 38, 1, -1, 0},                       /* text must follow it */
        {{STAMP + 2, 7}, 2, -9, 38, 1, STAMP + 3, 18},           /* then text, or a later stamp */
        {{STAMP + 2, 7}, 2, 9, 0, 0, STAMP + 3, 18},             /* or a stamp alone, when they are likelier */
        {{STAMP + 2, 7, STAMP + 4}, 3, -9, 0, 1, STAMP + 4, 17}, /* a segment's end: the next one's start or the end */
        {{7, STAMP + 4, STAMP + 4}, 3, 9, 38, 1, -1, 0},         /* a pair: text */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int k = 0; k < VOCABULARY; k++)
            logits[k] = k >= STAMP ? cases[i].stamp : 0;
        speech_rules_apply(&RULES, cases[i].sequence, cases[i].count, logits);
        assert_int_equal(allowed(logits, 0, END), cases[i].text);
        assert_int_equal(logits[END] != -INFINITY, cases[i].end);
        assert_int_equal(allowed(logits, STAMP, VOCABULARY), cases[i].stamps);
        if (cases[i].first >= 0)
            assert_true(logits[cases[i].first] != -INFINITY &&
                (cases[i].first == STAMP || logits[cases[i].first - 1] == -INFINITY));
        assert_true(logits[NO_TIMESTAMPS] == -INFINITY);
    }
}

/* --- alignment ---------------------------------------------------------------------------------------------------- */

static void paths_and_medians(void **state)
{
    (void)state;
    static const float cost[] = {-1, 0, 1, 1, 1, /**/ 1, 1, -1, -1, 1, /**/ 1, 1, 1, 1, -1};
    int64_t first[3];
    assert_ok(warp_path(cost, 3, 5, first, error));
    assert_int_equal(first[0], 0);
    assert_int_equal(first[1], 2);
    assert_int_equal(first[2], 4);
    static const float in[] = {5, 1, 4, 2, 9, 7};
    float out[6];
    median_filter(in, out, 6, 3);
    static const float expected[] = {1, 4, 2, 4, 7, 9};
    for (int i = 0; i < 6; i++)
        assert_near(out[i], expected[i], 0);
}

/* Words of one token each, so that their times are those of the tokens. */
static void alignment_is_ctranslate2s(void **state)
{
    setting *s = *state;
    static const int32_t heads[][2] = {{0, 1}, {1, 3}, {1, 0}}, prompt[] = {START, 42, 44};
    static const char *const base[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    static char names[VOCABULARY][8];
    const char *tokens[VOCABULARY];
    const json_t *a = json_object_get(s->expected, "alignment"), *path = json_object_get(a, "path");
    for (int i = 0; i < VOCABULARY; i++) {
        snprintf(names[i], sizeof names[i], "w%d", i);
        tokens[i] = i < 5 ? base[i] : names[i];
    }
    tokenizer *words = NULL;
    assert_ok(tokenizer_open_wordpiece(tokens, VOCABULARY, true, &words, error));
    int32_t text[16];
    int64_t count = ids(json_object_get(a, "text"), text), frames = (int64_t)number(a, "frames") / 2;
    word_request request = {.tokens = words,
        .text = text,
        .count = count,
        .frames = frames,
        .prompt = prompt,
        .prompt_count = 3,
        .no_timestamps = NO_TIMESTAMPS,
        .end = END,
        .heads = heads,
        .head_count = 3,
        .spaces = false};
    timed_words found = {0};
    double longest;
    hear(s, (int)number(a, "sound"));
    assert_ok(word_times(s->decoding, &request, &found, &longest, error));
    assert_int_equal(found.count, count);
    for (int64_t w = 0; w < count; w++) {
        int64_t start = -1;
        for (size_t i = json_array_size(path); i-- > 0;)
            if (json_integer_value(json_array_get(json_array_get(path, i), 0)) == w)
                start = json_integer_value(json_array_get(json_array_get(path, i), 1));
        assert_near(found.items[w].start, (double)start / 50, 1e-9);
        assert_near(found.items[w].probability,
            json_number_value(json_array_get(json_object_get(a, "probability"), (size_t)w)), 1e-6);
    }
    timed_words_clear(&found);
    tokenizer_close(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(searches_are_ctranslate2s),
        cmocka_unit_test(samples_follow_the_rules_and_the_seed),
        cmocka_unit_test(rules_of_time_stamps),
        cmocka_unit_test(paths_and_medians),
        cmocka_unit_test(alignment_is_ctranslate2s),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
