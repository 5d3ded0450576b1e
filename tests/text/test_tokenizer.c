/* Context and cutting, batches, special tokens, Whisper's time stamps, the vocabulary builder, and hand-made cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/tokenizer.h"

#define GOLDEN SMAC_SOURCE_DIR "/tests/golden/text/"

/* 0 [PAD] 1 [UNK] 2 [CLS] 3 [SEP] 4 [MASK] ... */
static const char *const words[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "i", "feel", "##ing", "good", ",",
    "cafe", "a", "b", "c", "d", "e", "\xE5\xA5\xBD", "!", "##s"};
#define WORDS (sizeof words / sizeof words[0])

static tokenizer *small(void)
{
    tokenizer *t = NULL;
    smac_error error = {0};
    if (tokenizer_open_wordpiece(words, WORDS, true, &t, &error) != SMAC_OK)
        fail_msg("%s", error.message);
    return t;
}

static void check_ids(const tokenizer *t, text_span text, const encode_options *o, const int32_t *want, size_t count)
{
    token_encoding e;
    smac_error error = {0};
    if (tokenizer_encode(t, text, o, &e, &error) != SMAC_OK)
        fail_msg("%s", error.message);
    if (e.count != count)
        fail_msg("%zu tokens, expected %zu", e.count, count);
    for (size_t i = 0; i < count; i++)
        if (e.ids[i] != want[i])
            fail_msg("token %zu: %d, expected %d", i, e.ids[i], want[i]);
    token_encoding_free(&e);
}
#define CHECK(t, text, o, ...)                                                          \
    do {                                                                                \
        int32_t want_[] = {__VA_ARGS__};                                                \
        check_ids((t), text_span_of(text), (o), want_, sizeof want_ / sizeof want_[0]); \
    } while (0)

static void test_wordpiece(void **state)
{
    (void)state;
    tokenizer *t = small();
    CHECK(t, "I feel FEELING good", NULL, 2, 5, 6, 6, 7, 8, 3);
    CHECK(t, "Caf\xC3\xA9, cafe\xCC\x81!", NULL, 2, 10, 9, 10, 17, 3);
    CHECK(t, "good\xE5\xA5\xBDgood", NULL, 2, 8, 16, 8, 3);
    CHECK(t,
        "a\x01 \xE2\x80\x8B"
        "b\tc\xC2\xA0"
        "d",
        NULL, 2, 11, 12, 13, 14, 3);
    CHECK(t, "goodness x", NULL, 2, 1, 1, 3);
    CHECK(t, "[MASK] [mask]", NULL, 2, 4, 1, 1, 1, 3);
    CHECK(t, "", NULL, 2, 3);
    CHECK(t,
        "a\xFF"
        "b \xE5\xA5",
        NULL, 2, 1, 3); /* what is malformed vanishes: "ab" */
    char long_word[102];
    memset(long_word, 'a', 101);
    long_word[101] = '\0';
    CHECK(t, long_word, NULL, 2, 1, 3);
    tokenizer_special s = tokenizer_special_ids(t);
    assert_int_equal(s.pad, 0);
    assert_int_equal(s.unk, 1);
    assert_int_equal(s.cls, 2);
    assert_int_equal(s.sep, 3);
    assert_int_equal(s.mask, 4);
    assert_int_equal(s.bos, -1);
    assert_int_equal(tokenizer_id(t, "##ing"), 7);
    assert_int_equal(tokenizer_id(t, "nothing"), -1);
    assert_string_equal(tokenizer_token(t, 16), "\xE5\xA5\xBD");
    assert_null(tokenizer_token(t, WORDS));
    assert_true(tokenizer_is_special(t, 3));
    assert_false(tokenizer_is_special(t, 5));
    tokenizer_close(t);
}

static void test_places(void **state)
{
    (void)state;
    tokenizer *t = small();
    smac_error error = {0};
    token_encoding e;
    /* "\xFF" and the accent are bytes of the text as given. */
    assert_int_equal(tokenizer_encode(t, text_span_of("\xFF I  Cafe\xCC\x81s!"), NULL, &e, &error), SMAC_OK);
    const size_t want[][2] = {{0, 0}, {2, 3}, {5, 9}, {11, 12}, {12, 13}, {0, 0}};
    assert_int_equal(e.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(e.places[i].start, want[i][0]);
        assert_int_equal(e.places[i].end, want[i][1]);
        assert_int_equal(e.places[i].text, i == 0 || i == 5 ? -1 : 0);
        assert_int_equal(e.special[i], i == 0 || i == 5);
    }
    token_encoding_free(&e);
    tokenizer_close(t);
}

static void test_context(void **state)
{
    (void)state;
    tokenizer *t = small();
    text_span context[3] = {text_span_of("a b"), text_span_of(""), text_span_of("c")};
    encode_options o = {.context = context, .context_count = 3};
    CHECK(t, "d e", &o, 2, 11, 12, 3, 13, 3, 14, 15, 3);
    o.max_length = 8; /* one too many: the oldest token goes */
    CHECK(t, "d e", &o, 2, 12, 3, 13, 3, 14, 15, 3);
    o.max_length = 7; /* then "b", and the separator that would lead */
    CHECK(t, "d e", &o, 2, 13, 3, 14, 15, 3);
    o.max_length = 5; /* no context left: the single template */
    CHECK(t, "d e", &o, 2, 14, 15, 3);
    o.max_length = 3; /* then the end of the text */
    CHECK(t, "d e", &o, 2, 14, 3);
    o.max_length = 2;
    CHECK(t, "d e", &o, 2, 3);
    token_encoding e;
    smac_error error = {0};
    o.max_length = 1;
    assert_int_equal(tokenizer_encode(t, text_span_of("d"), &o, &e, &error), SMAC_ERROR_ARGUMENT);
    o = (encode_options){.context = context, .context_count = 3, .no_special_tokens = true};
    CHECK(t, "d e", &o, 11, 12, 13, 14, 15);
    o = (encode_options){.context = context, .context_count = 3, .max_length = 7};
    assert_int_equal(tokenizer_encode(t, text_span_of("d e"), &o, &e, &error), SMAC_OK);
    assert_int_equal(e.cut, 3);
    assert_int_equal(e.places[1].text, 2);
    assert_int_equal(e.places[3].text, 3);
    assert_int_equal(e.types[1], 0);
    assert_int_equal(e.types[3], 1);
    token_encoding_free(&e);
    tokenizer_close(t);
}

static void test_whisper(void **state)
{
    (void)state;
    smac_error error = {0};
    tokenizer *t = NULL;
    char *text;
    size_t length;
    assert_int_equal(tokenizer_open(GOLDEN "whisper.json", &t, &error), SMAC_OK);
    int32_t none = tokenizer_id(t, "<|notimestamps|>"), first = tokenizer_first_timestamp(t);
    assert_int_equal(first, none + 1);
    assert_int_equal(tokenizer_size(t), first + 1501);
    assert_string_equal(tokenizer_token(t, first + 1), "<|0.02|>");
    assert_string_equal(tokenizer_token(t, first + 1500), "<|30.00|>");
    assert_true(tokenizer_is_special(t, first + 700));
    token_encoding e;
    encode_options plain = {.no_special_tokens = true};
    assert_int_equal(tokenizer_encode(t, text_span_of(" caf\xC3\xA9 \xE5\xA5\xBD"), &plain, &e, &error), SMAC_OK);
    int32_t ids[64] = {none, first + 3};
    assert_true(e.count < 60);
    memcpy(ids + 2, e.ids, e.count * sizeof *ids);
    assert_int_equal(tokenizer_decode(t, ids, e.count + 2, true, &text, &length, &error), SMAC_OK);
    assert_string_equal(text, " caf\xC3\xA9 \xE5\xA5\xBD");
    free(text);
    assert_int_equal(tokenizer_decode(t, ids, 2, false, &text, &length, &error), SMAC_OK);
    assert_string_equal(text, "<|notimestamps|><|0.06|>");
    free(text);
    /* Half a character stays half in bytes, and is U+FFFD as text. */
    int32_t half = tokenizer_id(t, "\xC3\xA5"); /* the letter of byte E5 */
    assert_true(half >= 0);
    assert_int_equal(tokenizer_decode_bytes(t, &half, 1, false, &text, &length, &error), SMAC_OK);
    assert_int_equal(length, 1);
    assert_int_equal((unsigned char)text[0], 0xE5);
    free(text);
    assert_int_equal(tokenizer_decode(t, &half, 1, false, &text, NULL, &error), SMAC_OK);
    assert_string_equal(text, "\xEF\xBF\xBD");
    free(text);
    half = tokenizer_size(t);
    assert_int_equal(tokenizer_decode(t, &half, 1, false, &text, NULL, &error), SMAC_ERROR_ARGUMENT);
    token_encoding_free(&e);
    tokenizer_close(t);
}

static void test_builder(void **state)
{
    (void)state;
    smac_error error = {0};
    text_span texts[3] = {text_span_of("I really loved the movie, loved it!"), text_span_of("He loved the MOVIE."),
        text_span_of("Caf\xC3\xA9 movies \xE5\xA5\xBD")};
    char **tokens, **again;
    size_t count, more;
    assert_int_equal(wordpiece_vocabulary_build(texts, 3, 60, true, &tokens, &count, &error), SMAC_OK);
    assert_int_equal(count, 60);
    assert_string_equal(tokens[0], "[PAD]");
    assert_string_equal(tokens[4], "[MASK]");
    assert_int_equal(wordpiece_vocabulary_build(texts, 3, 60, true, &again, &more, &error), SMAC_OK);
    assert_int_equal(more, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(tokens[i], again[i]);
    tokenizer *t = NULL;
    assert_int_equal(tokenizer_open_wordpiece((const char *const *)tokens, count, true, &t, &error), SMAC_OK);
    int32_t loved = tokenizer_id(t, "loved");
    assert_true(loved > 0);
    CHECK(t, "Loved", NULL, 2, loved, 3);
    /* Words of known characters are never unknown, those of others are. */
    token_encoding e;
    assert_int_equal(tokenizer_encode(t, text_span_of("dharma vomit \xE5\xA5\xBD"), NULL, &e, &error), SMAC_OK);
    for (size_t i = 0; i < e.count; i++)
        assert_int_not_equal(e.ids[i], 1);
    token_encoding_free(&e);
    CHECK(t, "zzz", NULL, 2, 1, 3);
    tokenizer_close(t);
    free(tokens);
    free(again);
    assert_int_equal(wordpiece_vocabulary_build(texts, 3, 5, true, &tokens, &count, &error), SMAC_ERROR_ARGUMENT);
    /* Everything that there is, and no more. */
    assert_int_equal(wordpiece_vocabulary_build(texts, 3, 100000, true, &tokens, &count, &error), SMAC_OK);
    assert_true(count < 300);
    free(tokens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wordpiece),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_whisper),
        cmocka_unit_test(test_builder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
