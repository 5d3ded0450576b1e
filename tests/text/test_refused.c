/* What is broken or not supported is refused, with a message that names it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/folder.h"
#include "text/tokenizer.h"

#define GOLDEN SMAC_SOURCE_DIR "/tests/golden/text/"
#define WORDPIECE "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"vocab\":{\"[UNK]\":0,\"a\":1}}"
#define BPE(merges) "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":" merges "}}"

/* Sequences in Sequences */
#define OPEN "{\"type\":\"Sequence\",\"decoders\":["
#define CLOSE "]}"
#define FOUR(x) x x x x

static const struct {
    const char *json;
    smac_status status;
    const char *named; /* part of the message */
} cases[] = {
    {"", SMAC_ERROR_FORMAT, "empty"},
    {"{", SMAC_ERROR_FORMAT, "JSON"},
    {"{}", SMAC_ERROR_FORMAT, "model"},
    {"{" WORDPIECE "}", SMAC_OK, ""},
    {"{" WORDPIECE ",\"surprise\":1}", SMAC_ERROR_UNSUPPORTED, "surprise"},
    {"{\"model\":{\"type\":\"Morse\"}}", SMAC_ERROR_UNSUPPORTED, "Morse"},
    {"{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"vocab\":{\"[UNK]\":0,\"a\":2}}}", SMAC_ERROR_FORMAT,
        "id 1"},
    {"{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"vocab\":{\"[UNK]\":0,\"a\":2000000000}}}",
        SMAC_ERROR_FORMAT, "hole"},
    {"{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"vocab\":{\"[UNK]\":0,\"a\":0}}}", SMAC_ERROR_FORMAT,
        "two tokens"},
    {"{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"vocab\":{\"[UNK]\":0,\"a\":1,\"a\":2}}}",
        SMAC_ERROR_FORMAT, "duplicate"},
    {"{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[NOT]\",\"vocab\":{\"[UNK]\":0,\"a\":1}}}", SMAC_ERROR_FORMAT,
        "[NOT]"},
    {"{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"vocab\":{\"[UNK]\":0,\"a\":-1}}}", SMAC_ERROR_FORMAT,
        "\"a\""},
    {"{\"model\":{\"type\":\"WordPiece\",\"unk_token\":null,\"vocab\":{\"a\":0}}}", SMAC_ERROR_FORMAT, "unk_token"},
    {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}}", SMAC_ERROR_FORMAT, "vocab"},
    {BPE("[\"a b\"]"), SMAC_OK, ""},
    {BPE("[[\"a\",\"b\"]]"), SMAC_OK, ""},
    {BPE("[\"a c\"]"), SMAC_ERROR_FORMAT, "\"c\""},
    {BPE("[\"b a\"]"), SMAC_ERROR_FORMAT, "\"ba\""},
    {BPE("[\"ab\"]"), SMAC_ERROR_FORMAT, "\"ab\""},
    {BPE("[7]"), SMAC_ERROR_FORMAT, "merge 0"},
    {BPE("[],\"dropout\":0.5"), SMAC_ERROR_UNSUPPORTED, "dropout"},
    {BPE("[],\"novelty\":true"), SMAC_ERROR_UNSUPPORTED, "novelty"},
    {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":2,\"vocab\":[[\"a\",0],[\"b\",-1]]}}", SMAC_ERROR_FORMAT, "unk_id"},
    {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",0],[\"a\",-1]]}}", SMAC_ERROR_FORMAT, "twice"},
    {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\"]]}}", SMAC_ERROR_FORMAT, "token 0"},
    {"{" WORDPIECE ",\"normalizer\":{\"type\":\"Rot13\"}}", SMAC_ERROR_UNSUPPORTED, "Rot13"},
    {"{" WORDPIECE ",\"normalizer\":{\"type\":\"NFC\",\"twist\":1}}", SMAC_ERROR_UNSUPPORTED,
        "the normalizer NFC has the member \"twist\""},
    {"{" WORDPIECE ",\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a|b)*c\"},\"content\":\"\"}}",
        SMAC_ERROR_UNSUPPORTED, "(a|b)*c"},
    {"{" WORDPIECE ",\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA/w==\"}}",
        SMAC_ERROR_FORMAT, "character map"},
    {"{" WORDPIECE ",\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"}}", SMAC_ERROR_UNSUPPORTED, "UnicodeScripts"},
    {"{" WORDPIECE ",\"pre_tokenizer\":{\"type\":\"Metaspace\",\"prepend_scheme\":\"sometimes\"}}",
        SMAC_ERROR_UNSUPPORTED, "sometimes"},
    {"{" WORDPIECE ",\"post_processor\":{\"type\":\"Stapler\"}}", SMAC_ERROR_UNSUPPORTED, "Stapler"},
    {"{" WORDPIECE ",\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",9],\"cls\":[\"a\",1]}}",
        SMAC_ERROR_FORMAT, "[SEP]"},
    {"{" WORDPIECE ",\"decoder\":{\"type\":\"CTC\"}}", SMAC_ERROR_UNSUPPORTED, "CTC"},
    {"{" WORDPIECE ",\"decoder\":7}", SMAC_ERROR_FORMAT, "the decoder is not a JSON object"},
    {"{" WORDPIECE ",\"normalizer\":{}}", SMAC_ERROR_FORMAT, "normalizer: \"type\" is missing"},
    {"{" WORDPIECE ",\"normalizer\":{\"type\":\"Sequence\"}}", SMAC_ERROR_FORMAT, "no list \"normalizers\""},
    {"{" WORDPIECE ",\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[],\"knot\":1}}",
        SMAC_ERROR_UNSUPPORTED, "knot"},
    {"{" WORDPIECE
     ",\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\",\"individual_digits\":3}]}}",
        SMAC_ERROR_FORMAT, "pre_tokenizer Digits: \"individual_digits\""},
    {"{" WORDPIECE
     ",\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"BertProcessing\",\"sep\":[\"b\",1],"
     "\"cls\":[\"a\",0]},{\"type\":\"BertProcessing\",\"sep\":[\"b\",1],\"cls\":[\"a\",0]}]}}",
        SMAC_ERROR_UNSUPPORTED, "two post_processors"},
    {"{" WORDPIECE ",\"decoder\":" FOUR(FOUR(OPEN)) OPEN OPEN FOUR(FOUR(CLOSE)) CLOSE CLOSE "}", SMAC_ERROR_FORMAT,
        "too deep"},
    {"{" WORDPIECE ",\"added_tokens\":[{\"id\":3,\"content\":\"x\"}]}", SMAC_ERROR_FORMAT, "id 2"},
    {"{" WORDPIECE ",\"added_tokens\":[{\"id\":2,\"content\":\"x\",\"special\":true}]}", SMAC_OK, ""},
    {"{" WORDPIECE ",\"added_tokens\":[{\"id\":2,\"content\":\"a\"}]}", SMAC_ERROR_FORMAT, "\"a\""},
    {"{" WORDPIECE ",\"added_tokens\":[{\"id\":0,\"content\":\"x\"}]}", SMAC_ERROR_FORMAT, "two tokens"},
    {"{" WORDPIECE ",\"semanticmac\":{\"special\":{\"cls\":\"[CLS]\"}}}", SMAC_ERROR_FORMAT, "[CLS]"},
    {"{\"model\":{\"type\":\"SentencePiece\",\"data\":\"bm90IGEgbW9kZWw=\"}}", SMAC_ERROR_FORMAT, "SentencePiece"},
    {"not a model either", SMAC_ERROR_FORMAT, "SentencePiece"},
};

static void test_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        smac_error error = {0};
        tokenizer *t = NULL;
        smac_status status = tokenizer_open_memory(cases[i].json, strlen(cases[i].json), &t, &error);
        if (status != cases[i].status || !strstr(error.message, cases[i].named))
            fail_msg("%s: status %d, \"%s\", expected %d and \"%s\"", cases[i].json, status, error.message,
                cases[i].status, cases[i].named);
        assert_true((t != NULL) == (status == SMAC_OK));
        tokenizer_close(t);
    }
}

/* Every cut of a good file is refused, none crashes. */
static void test_truncated(void **state)
{
    (void)state;
    static const char *const names[] = {"word-level.json", "plain-unigram.model"};
    for (size_t i = 0; i < 2; i++) {
        char path[256], *data;
        size_t size;
        smac_error error = {0};
        snprintf(path, sizeof path, GOLDEN "%s", names[i]);
        assert_int_equal(file_read(path, 0, &data, &size, &error), SMAC_OK);
        for (size_t cut = 1; cut < size; cut += 97) {
            tokenizer *t = NULL;
            smac_status status = tokenizer_open_memory(data, size - cut, &t, &error);
            if (i == 0)
                assert_int_equal(status, SMAC_ERROR_FORMAT);
            tokenizer_close(t);
        }
        free(data);
    }
}

static void test_paths(void **state)
{
    (void)state;
    smac_error error = {0};
    tokenizer *t = NULL;
    char path[512];
    assert_int_equal(tokenizer_open(SMAC_BINARY_DIR "/no-such-thing", &t, &error), SMAC_ERROR_NOT_FOUND);
    assert_int_equal(tokenizer_open(SMAC_SOURCE_DIR "/tests/text", &t, &error), SMAC_ERROR_NOT_FOUND);
    static const struct {
        const char *text, *named;
    } files[] = {{"[PAD]\n[UNK]\n[CLS]\na\n", "[SEP]"}, {"[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na\n", "twice"},
        {"[PAD]\n[UNK]\n\n[CLS]\n[SEP]\n", "line 3"}, {"[PAD]\n[UNK]\n[CLS]\n[SEP]\n\xFF\n", "UTF-8"}, {"", "[UNK]"}};
    snprintf(path, sizeof path, "%s", SMAC_BINARY_DIR "/refused-vocab.txt");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_int_equal(file_write(path, files[i].text, strlen(files[i].text), &error), SMAC_OK);
        assert_int_equal(tokenizer_open(path, &t, &error), SMAC_ERROR_FORMAT);
        if (!strstr(error.message, files[i].named))
            fail_msg("\"%s\", expected \"%s\"", error.message, files[i].named);
    }
    const char *good = "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na";
    assert_int_equal(file_write(path, good, strlen(good), &error), SMAC_OK);
    assert_int_equal(tokenizer_open(path, &t, &error), SMAC_OK);
    assert_int_equal(tokenizer_size(t), 5);
    tokenizer_close(t);
    remove(path);
}

/* How many <extra_id_n> a T5 tokenizer has must be a number that can be had; none is passed over in silence. */
static void test_extra_ids(void **state)
{
    (void)state;
    static const char folder[] = SMAC_BINARY_DIR "/refused-t5";
    static const struct {
        const char *said;
        size_t more; /* than without; SIZE_MAX: refused */
    } says[] = {{"0", 0}, {"3", 3}, {"null", 100}, {"10001", SIZE_MAX}, {"-1", SIZE_MAX}, {"1.5", SIZE_MAX},
        {"\"7\"", SIZE_MAX}};
    smac_error error = {0};
    tokenizer *t = NULL;
    char model[512], options[512], text[128], *data;
    size_t size, least = 0;
    assert_int_equal(folder_make(folder, &error), SMAC_OK);
    snprintf(model, sizeof model, "%s/spiece.model", folder);
    snprintf(options, sizeof options, "%s/tokenizer_config.json", folder);
    assert_int_equal(file_read(GOLDEN "t5.model/spiece.model", 0, &data, &size, &error), SMAC_OK);
    assert_int_equal(file_write(model, data, size, &error), SMAC_OK);
    free(data);
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        int length =
            snprintf(text, sizeof text, "{\"tokenizer_class\":\"T5Tokenizer\",\"extra_ids\":%s}", says[i].said);
        assert_int_equal(file_write(options, text, (size_t)length, &error), SMAC_OK);
        smac_status status = tokenizer_open(folder, &t, &error);
        if (says[i].more == SIZE_MAX) {
            assert_int_equal(status, SMAC_ERROR_UNSUPPORTED);
            if (!strstr(error.message, "extra_ids") || !strstr(error.message, says[i].said))
                fail_msg("%s: \"%s\"", says[i].said, error.message);
            continue;
        }
        assert_int_equal(status, SMAC_OK);
        least = i ? least : (size_t)tokenizer_size(t);
        assert_int_equal((size_t)tokenizer_size(t), least + says[i].more);
        tokenizer_close(t);
    }
    remove(model);
    remove(options);
}

/* Numbers beside a vocabulary that no id can be. */
static void test_beside(void **state)
{
    (void)state;
    static const char folder[] = SMAC_BINARY_DIR "/refused-folder";
    static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n", *const ids[] = {"1e300", "-1", "2147483648"};
    smac_error error = {0};
    tokenizer *t = NULL;
    char vocab[512], added[512], text[64];
    assert_int_equal(folder_make(folder, &error), SMAC_OK);
    snprintf(vocab, sizeof vocab, "%s/vocab.txt", folder);
    snprintf(added, sizeof added, "%s/added_tokens.json", folder);
    assert_int_equal(file_write(vocab, vocabulary, strlen(vocabulary), &error), SMAC_OK);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        snprintf(text, sizeof text, "{\"<m>\": %s}", ids[i]);
        assert_int_equal(file_write(added, text, strlen(text), &error), SMAC_OK);
        assert_int_equal(tokenizer_open(folder, &t, &error), SMAC_ERROR_FORMAT);
        if (!strstr(error.message, "added_tokens.json"))
            fail_msg("%s", error.message);
    }
    remove(added);
    remove(vocab);
    remove(folder);
}

/* A text that needs the unknown token is an error where there is none. */
static void test_no_unknown(void **state)
{
    (void)state;
    static const char *const json[] = {
        "{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0}},\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"}}",
        "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0]]},\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"}}"};
    for (size_t i = 0; i < 2; i++) {
        smac_error error = {0};
        tokenizer *t = NULL;
        token_encoding e;
        assert_int_equal(tokenizer_open_memory(json[i], strlen(json[i]), &t, &error), SMAC_OK);
        assert_int_equal(tokenizer_encode(t, text_span_of("a a"), NULL, &e, &error), SMAC_OK);
        assert_int_equal(e.count, 2);
        token_encoding_free(&e);
        assert_int_equal(tokenizer_encode(t, text_span_of("a x"), NULL, &e, &error), SMAC_ERROR_FORMAT);
        tokenizer_close(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_extra_ids),
        cmocka_unit_test(test_beside),
        cmocka_unit_test(test_no_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
