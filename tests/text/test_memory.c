/*
 * tests/text/test_memory.c - a tokenizer put together from a vocabulary while one allocation of jansson after another
 * fails: it is refused, or it is whole.
 */
#include "support/check.h"

#include <jansson.h>

#include "text/tokenizer_parts.h"

static long allocations, failing;

static void *limited_malloc(size_t size)
{
    return ++allocations == failing ? NULL : malloc(size);
}

static smac_status words(json_t **root, smac_error *error)
{
    static const char *const tokens[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "##s"};
    return wordpiece_json(tokens, sizeof tokens / sizeof *tokens, NULL, root, error);
}

static json_t *pair_vocabulary; /* of pairs; made before allocations fail */

static smac_status pairs(json_t **root, smac_error *error)
{
    return byte_level_json(pair_vocabulary, "#version: 0.2\na b\nab c\n", NULL, NULL, root, error);
}

static smac_status build(smac_status (*make)(json_t **, smac_error *), const json_t *options, json_t **out)
{
    smac_error found = {0};
    json_t *root = NULL;
    smac_status status = make(&root, &found);
    if (status == SMAC_OK)
        status = tokenizer_json_options(root, options, options, &found);
    if (status != SMAC_OK) {
        assert_true(found.message[0] != 0);
        json_decref(root);
        root = NULL;
    }
    *out = root;
    return status;
}

static void tokenizers_are_whole_or_refused(void **state)
{
    (void)state;
    smac_status (*const makers[])(json_t **, smac_error *) = {words, pairs};
    json_t *options = json_pack("{s:s, s:s, s:i}", "cls_token", "<s>", "padding_side", "left", "model_max_length", 12);
    pair_vocabulary =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "<s>", 0, "<pad>", 1, "</s>", 2, "<mask>", 3, "a", 4, "b", 5);
    for (int k = 0; k < 2; k++) {
        json_t *whole, *root;
        assert_int_equal(build(makers[k], options, &whole), SMAC_OK);
        json_set_alloc_funcs(limited_malloc, free);
        bool reached = true;
        for (failing = 1; reached; failing++) {
            allocations = 0;
            build(makers[k], options, &root);
            reached = allocations >= failing;
            if (root && !json_equal(root, whole))
                fail_msg("maker %d gave another tokenizer with allocation %ld failing", k, failing);
            json_decref(root);
        }
        json_set_alloc_funcs(malloc, free);
        assert_true(failing > 50);
        json_decref(whole);
    }
    json_decref(pair_vocabulary);
    json_decref(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tokenizers_are_whole_or_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
