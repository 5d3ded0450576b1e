/* Fuzz target of tokenizers in folders: vocab.txt, vocab.json with merges.txt, a .model, and the files beside them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json_mutator.h"
#include "scratch.h"
#include "text/tokenizer.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One of the files that are JSON, or all of it. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint64_t state = seed;
    for (size_t at = scratch_part_end(data, size, 0); at + 3 < size; at = scratch_part_end(data, size, at + 1)) {
        size_t end = scratch_part_end(data, size, at + 1);
        if (end > at + 3 && strchr("tjosca", data[at + 1]) && mutator_random(&state, 3) == 0)
            return scratch_mutate(data, size, max_size, at + 2, end, seed, json_mutate);
    }
    return LLVMFuzzerMutate(data, size, max_size);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    scratch_begin();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const scratch_name names[] = {{'t', "tokenizer.json"}, {'v', "vocab.txt"}, {'j', "vocab.json"},
        {'m', "merges.txt"}, {'p', "spiece.model"}, {'o', "tokenizer_config.json"}, {'s', "special_tokens_map.json"},
        {'c', "config.json"}, {'a', "added_tokens.json"}, {0, NULL}};
    static const char sample[] = "I'm  na\xC3\xAFve, don't! \xE5\xA5\xBD 42 <m> [MASK] e\xCC\x81\xFF ab";
    tokenizer *t = NULL;
    smac_error error = {0};
    scratch_unpack(names, data, size);
    if (tokenizer_open(scratch, &t, &error) != SMAC_OK) {
        if (!error.message[0])
            abort();
        return 0;
    }
    token_encoding e = {0};
    if (tokenizer_encode(t, (text_span){sample, sizeof sample - 1}, NULL, &e, NULL) == SMAC_OK) {
        for (size_t i = 0; i < e.count; i++)
            if (e.ids[i] < 0 || e.ids[i] >= tokenizer_size(t))
                abort();
        token_encoding_free(&e);
    }
    char *text = NULL;
    tokenizer *again = NULL;
    size_t length;
    if (tokenizer_serialise(t, &text, &length, NULL) == SMAC_OK) {
        if (tokenizer_open_memory(text, length, &again, NULL) != SMAC_OK || tokenizer_size(again) != tokenizer_size(t))
            abort();
        free(text);
    }
    tokenizer_close(again);
    tokenizer_close(t);
    return 0;
}
