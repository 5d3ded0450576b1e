/* Ids, places and texts of small tokenizers of every family against the public packages (tools/golden/text.py). */
#include "support/folder.h"

#include <jansson.h>

#include "base/file.h"
#include "text/tokenizer.h"

#define GOLDEN SMAC_SOURCE_DIR "/tests/golden/text/"

static mapped_file corpus;

static mapped_file golden(const char *name, const char *end)
{
    char path[512];
    smac_error error = {0};
    mapped_file file = {0};
    snprintf(path, sizeof path, GOLDEN "%s%s", name, end);
    if (file_map(path, &file, &error) != SMAC_OK)
        fail_msg("%s", error.message);
    return file;
}

static tokenizer *open_golden(const char *name)
{
    char path[512];
    smac_error error = {0};
    tokenizer *t = NULL;
    snprintf(path, sizeof path, GOLDEN "%s", name);
    if (tokenizer_open(path, &t, &error) != SMAC_OK)
        fail_msg("%s", error.message);
    return t;
}

/* The next record of the corpus; false at the end. */
static bool next_text(size_t *at, text_span *out)
{
    uint32_t n;
    if (*at + 4 > corpus.size)
        return false;
    memcpy(&n, corpus.data + *at, 4);
    *out = (text_span){(const char *)corpus.data + *at + 4, n};
    *at += 4 + n;
    return true;
}

/* The next list of a file of u16 lists. */
static size_t next_list(const mapped_file *f, size_t *at, const uint8_t **values)
{
    uint16_t n;
    assert_true(*at + 2 <= f->size);
    memcpy(&n, f->data + *at, 2);
    *values = f->data + *at + 2;
    *at += 2 + (size_t)n * 2;
    assert_true(*at <= f->size);
    return n;
}

static int value_at(const uint8_t *values, size_t i)
{
    uint16_t v;
    memcpy(&v, values + 2 * i, 2);
    return v;
}

static void check_tokenizer(const tokenizer *t, const char *name, const char *ids_name, bool places)
{
    mapped_file ids = golden(ids_name, ".ids"), at_file = places ? golden(ids_name, ".at") : (mapped_file){0};
    size_t at = 0, ids_at = 0, places_at = 0, line = 0;
    text_span text;
    smac_error error = {0};
    for (; next_text(&at, &text); line++) {
        token_encoding e;
        const uint8_t *want;
        size_t n = next_list(&ids, &ids_at, &want);
        if (tokenizer_encode(t, text, NULL, &e, &error) != SMAC_OK)
            fail_msg("%s, line %zu: %s", name, line, error.message);
        if (e.count != n)
            fail_msg("%s, line %zu: %zu tokens, expected %zu", name, line, e.count, n);
        for (size_t i = 0; i < n; i++)
            if (e.ids[i] != value_at(want, i))
                fail_msg("%s, line %zu, token %zu: %d, expected %d", name, line, i, e.ids[i], value_at(want, i));
        n = places ? next_list(&at_file, &places_at, &want) : 0;
        for (size_t i = 0; i < n; i++) {
            size_t got = i < e.count ? e.places[i].start : e.places[i - e.count].end;
            if (got != (size_t)value_at(want, i))
                fail_msg("%s, line %zu, %s of token %zu: %zu, expected %d", name, line, i < e.count ? "start" : "end",
                    i % e.count, got, value_at(want, i));
        }
        token_encoding_free(&e);
    }
    assert_int_equal(line, 300);
    assert_int_equal(ids_at, ids.size);
    file_unmap(&ids);
    file_unmap(&at_file);
}

/* Written down and opened again it is the same. */
static void check_again(const tokenizer *t, const char *name, const char *ids_name)
{
    smac_error error = {0};
    char *text;
    size_t length;
    tokenizer *again = NULL;
    assert_int_equal(tokenizer_serialise(t, &text, &length, &error), SMAC_OK);
    assert_int_equal(strlen(text), length);
    if (tokenizer_open_memory(text, length, &again, &error) != SMAC_OK)
        fail_msg("%s: %s", name, error.message);
    free(text);
    check_tokenizer(again, name, ids_name, false);
    tokenizer_special a = tokenizer_special_ids(t), b = tokenizer_special_ids(again);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(tokenizer_size(t), tokenizer_size(again));
    tokenizer_close(again);
}

static const struct {
    const char *name; /* golden files */
    const char *kind;
    bool places, text, pair;
} tokenizers[] = {
    {"bert-uncased", "WordPiece", true, true, true},
    {"bert-cased", "WordPiece", true, false, true},
    {"bert-accents", "WordPiece", true, false, true},
    {"mpnet-small", "WordPiece", true, false, true},
    {"roberta", "BPE", true, false, true},
    {"gpt2", "BPE", true, false, true},
    {"byte-prefix", "BPE", false, false, true},
    {"whisper", "BPE", true, true, true},
    {"llama", "BPE", true, true, true},
    {"bpe-suffix", "BPE", false, true, true},
    {"word-level", "WordLevel", false, true, true},
    {"split-gpt2", "WordLevel", false, false, true},
    {"xlnet", "Unigram", false, true, true},
    {"albert", "Unigram", false, false, true},
    {"t5", "Unigram", false, false, true},
    {"xlmr", "Unigram", false, false, true},
    {"deberta", "Unigram", false, false, true},
    {"camembert", "Unigram", false, false, true},
};
#define COUNT (sizeof tokenizers / sizeof tokenizers[0])

static void test_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s.json", tokenizers[i].name);
        tokenizer *t = open_golden(path);
        assert_string_equal(tokenizer_kind(t), tokenizers[i].kind);
        check_tokenizer(t, path, tokenizers[i].name, tokenizers[i].places);
        check_again(t, path, tokenizers[i].name);
        tokenizer_close(t);
    }
}

/* Folders that hold a .model of a family give what the family's tokenizer.json gives. */
static void test_families(void **state)
{
    (void)state;
    static const char *const names[] = {"xlnet", "albert", "t5", "xlmr", "deberta", "camembert"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s.model", names[i]);
        tokenizer *t = open_golden(path);
        check_tokenizer(t, path, names[i], false);
        check_again(t, path, names[i]);
        assert_int_equal(tokenizer_pads_left(t), i == 0);
        assert_int_equal(tokenizer_pad_type(t), i == 0 ? 3 : 0);
        tokenizer_close(t);
    }
}

/* A folder whose family only config.json names: mT5 has T5's pieces and templates. */
static void test_family_of_the_model(void **state)
{
    (void)state;
    char folder[256], path[512], *data;
    size_t size;
    tokenizer *t;
    folder_new(folder);
    assert_ok(file_read(GOLDEN "t5.model/spiece.model", 0, &data, &size, error));
    assert_ok(file_write(file_in(folder, "spiece.model", path), data, size, error));
    write_text(folder, "config.json", "{\"model_type\": \"mt5\"}");
    assert_ok(tokenizer_open(folder, &t, error));
    check_tokenizer(t, "mt5", "t5", false);
    tokenizer_close(t);
    free(data);
    folder_remove(folder);
}

static void test_sentencepiece(void **state)
{
    (void)state;
    static const char *const names[] = {"plain-unigram", "plain-bpe"};
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s.model", names[i]);
        tokenizer *t = open_golden(path);
        assert_string_equal(tokenizer_kind(t), "SentencePiece");
        check_tokenizer(t, path, names[i], false);
        check_again(t, path, names[i]);
        tokenizer_close(t);
    }
}

static void test_other_files(void **state)
{
    (void)state;
    tokenizer *t = open_golden("vocab.txt");
    check_tokenizer(t, "vocab.txt", "bert-uncased", true);
    check_again(t, "vocab.txt", "bert-uncased");
    tokenizer_close(t);
    t = open_golden("gpt2-files");
    check_tokenizer(t, "gpt2-files", "gpt2", false);
    check_again(t, "gpt2-files", "gpt2");
    tokenizer_close(t);
}

/* FOLDER/vocab.txt, or vocab.json and merges.txt, of a golden tokenizer.json. */
static void write_parts(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, GOLDEN "%s.json", name);
    json_t *root = json_load_file(path, 0, NULL), *model = json_object_get(root, "model"), *item;
    json_t *vocabulary = json_object_get(model, "vocab"), *merges = json_object_get(model, "merges");
    assert_non_null(vocabulary);
    size_t count = json_object_size(vocabulary), i;
    const char **tokens = calloc(count, sizeof *tokens), *token;
    json_object_foreach(vocabulary, token, item)
    {
        assert_in_range(json_integer_value(item), 0, (json_int_t)count - 1);
        tokens[json_integer_value(item)] = token;
    }
    snprintf(path, sizeof path, "%s/%s", folder, merges ? "merges.txt" : "vocab.txt");
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    for (i = 0; !merges && i < count; i++)
        fprintf(out, "%s\n", tokens[i]);
    if (merges)
        fputs("#version: 0.2\n", out);
    json_array_foreach(merges, i, item)
    {
        if (json_is_array(item))
            fprintf(
                out, "%s %s\n", json_string_value(json_array_get(item, 0)), json_string_value(json_array_get(item, 1)));
        else
            fprintf(out, "%s\n", json_string_value(item));
    }
    assert_int_equal(fclose(out), 0);
    snprintf(path, sizeof path, "%s/vocab.json", folder);
    if (merges)
        assert_int_equal(json_dump_file(vocabulary, path, 0), 0);
    free(tokens);
    json_decref(root);
}

/* Folders without a tokenizer.json: cased BERT, BERT that keeps accents, MPNet, RoBERTa. */
static void test_folders(void **state)
{
    (void)state;
    static const struct {
        const char *name, *file, *options;
    } cases[] = {
        {"bert-cased", "tokenizer_config.json", "{\"do_lower_case\": false, \"tokenizer_class\": \"BertTokenizer\"}"},
        {"bert-accents", "tokenizer_config.json", "{\"strip_accents\": false, \"tokenize_chinese_chars\": false}"},
        {"bert-cased", "tokenizer_config.json",
            "{\"do_lower_case\": false, \"tokenizer_class\": \"ElectraTokenizer\"}"},
        {"mpnet-small", "tokenizer_config.json", "{\"tokenizer_class\": \"MPNetTokenizer\"}"},
        {"roberta", "config.json", "{\"model_type\": \"roberta\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char folder[256];
        smac_error error = {0};
        tokenizer *t = NULL;
        folder_new(folder);
        write_parts(folder, cases[i].name);
        write_text(folder, cases[i].file, cases[i].options);
        if (tokenizer_open(folder, &t, &error) != SMAC_OK)
            fail_msg("%s: %s", cases[i].name, error.message);
        check_tokenizer(t, "folder", cases[i].name, i < 2);
        check_again(t, "folder", cases[i].name);
        tokenizer_close(t);
        folder_remove(folder);
    }
}

static void test_decoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        if (!tokenizers[i].text)
            continue;
        char path[128];
        snprintf(path, sizeof path, "%s.json", tokenizers[i].name);
        tokenizer *t = open_golden(path);
        mapped_file want = golden(tokenizers[i].name, ".text");
        size_t at = 0, want_at = 0, length;
        text_span text;
        smac_error error = {0};
        for (int line = 0; line < 100 && next_text(&at, &text); line++) {
            token_encoding e;
            uint16_t n;
            char *got;
            memcpy(&n, want.data + want_at, 2);
            assert_int_equal(tokenizer_encode(t, text, NULL, &e, &error), SMAC_OK);
            assert_int_equal(tokenizer_decode(t, e.ids, e.count, false, &got, &length, &error), SMAC_OK);
            if (length != n || memcmp(got, want.data + want_at + 2, n) != 0)
                fail_msg("%s, line %d: \"%s\", expected \"%.*s\"", path, line, got, n,
                    (const char *)want.data + want_at + 2);
            want_at += 2 + (size_t)n;
            free(got);
            token_encoding_free(&e);
        }
        file_unmap(&want);
        tokenizer_close(t);
    }
}

/* A text with one context is the public packages' pair. */
static void test_pair(void **state)
{
    (void)state;
    text_span first = text_span_of("What a day it was, wasn't it?");
    text_span second = text_span_of("na\xC3\xAFve \xE5\xA5\xBD [MASK] <mask> 42");
    for (size_t i = 0; i < COUNT; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s.json", tokenizers[i].name);
        tokenizer *t = open_golden(path);
        mapped_file want = golden(tokenizers[i].name, ".pair");
        encode_options o = {.context = &first, .context_count = 1};
        smac_error error = {0};
        token_encoding e;
        size_t at = 0;
        const uint8_t *ids, *types;
        size_t n = next_list(&want, &at, &ids);
        assert_int_equal(next_list(&want, &at, &types), n);
        assert_int_equal(tokenizer_encode(t, second, &o, &e, &error), SMAC_OK);
        assert_int_equal(e.count, n);
        for (size_t k = 0; k < n; k++) {
            if (e.ids[k] != value_at(ids, k) || e.types[k] != value_at(types, k))
                fail_msg("%s, token %zu: %d of type %d, expected %d of type %d", path, k, e.ids[k], e.types[k],
                    value_at(ids, k), value_at(types, k));
            assert_int_equal(e.mask[k], 1);
        }
        token_encoding_free(&e);
        file_unmap(&want);
        tokenizer_close(t);
    }
}

static int open_corpus(void **state)
{
    (void)state;
    corpus = golden("corpus", ".bin");
    return 0;
}

static int close_corpus(void **state)
{
    (void)state;
    file_unmap(&corpus);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_sentencepiece),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_family_of_the_model),
        cmocka_unit_test(test_decoded),
        cmocka_unit_test(test_pair),
    };
    return cmocka_run_group_tests(tests, open_corpus, close_corpus);
}
