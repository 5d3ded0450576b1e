/*
 * tests/text/test_shortage.c - opening, using and storing a tokenizer of every kind while every allocation in turn
 * fails.
 */
#include "support/shortage.h"

#include "text/tokenizer.h"

#define GOLDEN SMAC_SOURCE_DIR "/tests/golden/text/"

/* Opened, used, stored and opened again. */
static smac_status use(const tokenizer *t, bool again, smac_error *error)
{
    const text_span text = text_span_of("\xC3\x87"
                                        "a va, d\xC3\xA9j\xC3\xA0 3.5 <unk>?"),
                    before = text_span_of("I feel fine!\nTwo lines \xE5\xA5\xBD");
    const encode_options options = {.context = &before, .context_count = 1, .max_length = 12};
    token_encoding e = {0};
    TRY(tokenizer_encode(t, text, &options, &e, error));
    char *stored = NULL, *words = NULL;
    size_t length;
    smac_status status = tokenizer_decode(t, e.ids, e.count, true, &words, &length, error);
    token_encoding_free(&e);
    free(words);
    if (status != SMAC_OK || !again)
        return status;
    TRY(tokenizer_serialise(t, &stored, &length, error));
    tokenizer *second = NULL;
    status = tokenizer_open_memory(stored, length, &second, error);
    if (status == SMAC_OK)
        status = use(second, false, error);
    tokenizer_close(second);
    free(stored);
    return status;
}

static smac_status open_and_use(void *context, smac_error *error)
{
    tokenizer *t = NULL;
    TRY(tokenizer_open(context, &t, error));
    smac_status status = use(t, true, error);
    tokenizer_close(t);
    return status;
}

static void every_kind_survives(void **state)
{
    (void)state;
    static const char *const names[] = {
        "bert-uncased.json", "byte-prefix.json", "bpe-suffix.json", "albert.json", "albert.model", "camembert.model"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[600];
        snprintf(path, sizeof path, GOLDEN "%s", names[i]);
        int64_t count = shortage_sweep(names[i], open_and_use, path, 300);
        print_message("%s: %lld allocations\n", names[i], (long long)count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind_survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
