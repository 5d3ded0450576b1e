/*
 * tests/text/test_memory.c - a tokenizer's folder opened while one allocation of jansson after another fails: it is
 * refused, or it is whole.
 */
#include "support/folder.h"

#include <jansson.h>

#include "text/tokenizer.h"

static long allocations, failing;
static bool opening;

static void *limited_malloc(size_t size)
{
    return opening && ++allocations == failing ? NULL : malloc(size);
}

/* The tokenizer as text (free it); NULL when it was refused. */
static char *open_and_write(const char *folder)
{
    tokenizer *t = NULL;
    char *text = NULL;
    smac_error found = {0};
    opening = true;
    smac_status status = tokenizer_open(folder, &t, &found);
    opening = false;
    if (status == SMAC_OK)
        status = tokenizer_serialise(t, &text, NULL, &found);
    if (status != SMAC_OK)
        assert_true(found.message[0] != 0);
    tokenizer_close(t);
    return text;
}

static void every_allocation_may_fail(const char *folder)
{
    failing = 0;
    char *whole = open_and_write(folder);
    assert_non_null(whole);
    json_set_alloc_funcs(limited_malloc, free);
    for (failing = 1;; failing++) {
        allocations = 0;
        char *text = open_and_write(folder);
        bool passed = allocations < failing;
        if (text && strcmp(text, whole) != 0) {
            size_t same = 0;
            while (text[same] == whole[same])
                same++;
            fail_msg("with allocation %ld failing, the tokenizer has \"%.80s\" instead of \"%.80s\"", failing,
                text + same, whole + same);
        }
        free(text);
        if (passed)
            break;
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(failing > 20);
    free(whole);
}

static void folders_are_whole_or_refused(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    write_text(folder, "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n");
    /* jansson itself loses a character when the buffer of a name of 16 bytes and more does not grow */
    write_text(folder, "tokenizer_config.json", "{\"padding_side\": \"left\", \"cls_token\": \"[CLS]\"}");
    every_allocation_may_fail(folder);
    remove(file_in(folder, "vocab.txt", path));
    write_text(folder, "vocab.json",
        "{\"<s>\": 0, \"<pad>\": 1, \"</s>\": 2, \"<unk>\": 3, \"<mask>\": 4, \"a\": 5, \"b\": 6, \"ab\": 7}");
    write_text(folder, "merges.txt", "#version: 0.2\na b\n");
    write_text(folder, "config.json", "{\"model_type\": \"roberta\"}");
    every_allocation_may_fail(folder);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(folders_are_whole_or_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
