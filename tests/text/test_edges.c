/*
 * tests/text/test_edges.c - vocabularies at the edge of what opens (empty tokens, one token, no merges, affixes longer
 * than any word, huge scores): whatever opens must encode and decode every text, or refuse it with a sentence.
 */
#include "support/check.h"

#include "text/tokenizer.h"

#define MODEL(type, rest) "{\"model\":{\"type\":\"" type "\"," rest "}}"

static const char *const tokenizers[] = {
    MODEL("Unigram", "\"unk_id\":0,\"vocab\":[[\"\",0.0]]"),
    MODEL("Unigram", "\"vocab\":[[\"\",0.0]]"),
    MODEL("Unigram", "\"byte_fallback\":true,\"vocab\":[[\"\",0.0]]"),
    MODEL("Unigram", "\"unk_id\":0,\"byte_fallback\":true,\"vocab\":[[\"\",0.0],[\"<0x61>\",1]]"),
    MODEL("Unigram", "\"unk_id\":1,\"vocab\":[[\"a\",-1.7e308],[\"\",-1.7e308],[\"b\",1.7e308]]"),
    MODEL("Unigram", "\"unk_id\":0,\"vocab\":[[\"aaaa\",1e308]]"),
    MODEL("BPE", "\"vocab\":{\"\":0},\"merges\":[]"),
    MODEL("BPE", "\"unk_token\":\"\",\"vocab\":{\"\":0},\"merges\":[]"),
    MODEL("BPE", "\"unk_token\":\"\",\"vocab\":{\"\":0,\"a\":1},\"merges\":[[\"\",\"a\"],[\"a\",\"\"],[\"\",\"\"]]"),
    MODEL("BPE", "\"unk_token\":\"?\",\"fuse_unk\":true,\"vocab\":{\"?\":0},\"merges\":[]"),
    MODEL("BPE", "\"byte_fallback\":true,\"vocab\":{\"<0x61>\":0,\"<0xC3>\":1},\"merges\":[]"),
    MODEL("BPE",
        "\"continuing_subword_prefix\":\"longer than any word\",\"end_of_word_suffix\":\"and this\","
        "\"unk_token\":\"?\",\"vocab\":{\"?\":0,\"a\":1,\"longer than any wordband this\":2},\"merges\":[]"),
    MODEL("BPE", "\"ignore_merges\":true,\"vocab\":{\"\":0,\"a\":1},\"merges\":[]"),
    MODEL("WordPiece", "\"unk_token\":\"\",\"vocab\":{\"\":0}"),
    MODEL("WordPiece", "\"unk_token\":\"\",\"continuing_subword_prefix\":\"\",\"vocab\":{\"\":0,\"a\":1}"),
    MODEL("WordPiece", "\"unk_token\":\"?\",\"max_input_chars_per_word\":0,\"vocab\":{\"?\":0}"),
    MODEL("WordLevel", "\"vocab\":{\"\":0}"),
    MODEL("WordLevel", "\"unk_token\":\"\",\"vocab\":{\"\":0}"),
    "{\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"\",\"vocab\":{\"\":0}},\"normalizer\":{\"type\":\"Replace\","
    "\"pattern\":{\"String\":\"\"},\"content\":\"x\"}}",
    "{\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"\",\"vocab\":{\"\":0}},\"normalizer\":{\"type\":\"Replace\","
    "\"pattern\":{\"Regex\":\"\\\\s\"},\"content\":\"\"},\"pre_tokenizer\":{\"type\":\"ByteLevel\"},"
    "\"post_processor\":{\"type\":\"ByteLevel\"},\"decoder\":{\"type\":\"ByteLevel\"}}",
    "{\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"\",\"vocab\":{\"\":0}},\"normalizer\":{\"type\":\"Prepend\","
    "\"prepend\":\"\"},\"pre_tokenizer\":{\"type\":\"Metaspace\",\"prepend_scheme\":\"never\"},\"decoder\":"
    "{\"type\":\"Metaspace\"},\"added_tokens\":[{\"id\":1,\"content\":\" \",\"special\":true}]}",
    "{\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"\",\"vocab\":{\"\":0}},\"normalizer\":{\"type\":\"Strip\"},"
    "\"added_tokens\":[{\"id\":1,\"content\":\" \",\"normalized\":true,\"lstrip\":true,\"rstrip\":true}],"
    "\"post_processor\":{\"type\":\"RobertaProcessing\",\"sep\":[\"\",0],\"cls\":[\" \",1]},"
    "\"decoder\":{\"type\":\"WordPiece\",\"prefix\":\"\",\"cleanup\":true}}",
    "{\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"\",\"vocab\":{\"\":0}},\"post_processor\":{\"type\":"
    "\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\"}}],\"pair\":[{\"Sequence\":{\"id\":\"B\"}},"
    "{\"Sequence\":{\"id\":\"A\"}}],\"special_tokens\":{}},\"decoder\":{\"type\":\"BPEDecoder\",\"suffix\":\"\"}}",
};

static void check_encoding(const tokenizer *t, const char *json, const token_encoding *e, size_t length)
{
    char *out = NULL;
    size_t size;
    for (size_t i = 0; i < e->count; i++)
        if (e->ids[i] < 0 || e->ids[i] >= tokenizer_size(t) || e->places[i].start > e->places[i].end ||
            e->places[i].end > length)
            fail_msg("%s: token %zu has the id %d from %zu to %zu", json, i, e->ids[i], e->places[i].start,
                e->places[i].end);
    for (int skip = 0; skip < 2; skip++) {
        assert_ok(tokenizer_decode(t, e->ids, e->count, skip, &out, &size, error));
        free(out);
        assert_ok(tokenizer_decode_bytes(t, e->ids, e->count, skip, &out, &size, error));
        free(out);
    }
}

static void what_opens_encodes_every_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "aa", "b", "ab ba", " ", "   ", "\xC3\xA9",
        ("a\xC3\xA9"
         "b"),
        "\xFF",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "longer than any word", "\xE2\x96\x81", "\n\t", "\xF0\x9F\x98\x80"};
    for (size_t k = 0; k < sizeof tokenizers / sizeof *tokenizers; k++) {
        tokenizer *t = NULL;
        smac_error why = {0};
        smac_status status = tokenizer_open_memory(tokenizers[k], strlen(tokenizers[k]), &t, &why);
        if (status != SMAC_OK)
            fail_msg("%s: %s", tokenizers[k], why.message);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            for (int pair = 0; pair < 2; pair++) {
                text_span before = text_span_of(texts[(i + 1) % (sizeof texts / sizeof *texts)]);
                encode_options o = {.context = &before, .context_count = (size_t)pair};
                token_encoding e = {0};
                status = tokenizer_encode(t, text_span_of(texts[i]), &o, &e, &why);
                if (status == SMAC_OK)
                    check_encoding(t, tokenizers[k], &e, 200);
                else if (status != SMAC_ERROR_FORMAT || !why.message[0])
                    fail_msg("%s: \"%s\" gave status %d, \"%s\"", tokenizers[k], texts[i], status, why.message);
                token_encoding_free(&e);
            }
        tokenizer_close(t);
    }
}

/* Each step doubles the text: memory for 2^40 characters must not be asked for. */
static void a_text_does_not_grow_without_limit(void **state)
{
    (void)state;
    char json[8000] = "{\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"?\",\"vocab\":{\"?\":0}},\"normalizer\":{"
                      "\"type\":\"Sequence\",\"normalizers\":[";
    for (int i = 0; i < 40; i++)
        snprintf(json + strlen(json), sizeof json - strlen(json),
            "%s{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}", i ? "," : "");
    snprintf(json + strlen(json), sizeof json - strlen(json), "]}}");
    tokenizer *t = NULL;
    token_encoding e = {0};
    smac_error why = {0};
    assert_ok(tokenizer_open_memory(json, strlen(json), &t, error));
    assert_int_equal(tokenizer_encode(t, text_span_of("a"), NULL, &e, &why), SMAC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(why.message, "normalizer"));
    assert_ok(tokenizer_encode(t, text_span_of("b"), NULL, &e, error));
    token_encoding_free(&e);
    tokenizer_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_opens_encodes_every_text), cmocka_unit_test(a_text_does_not_grow_without_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
