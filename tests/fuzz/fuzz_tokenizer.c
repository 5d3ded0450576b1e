/*
 * tests/fuzz/fuzz_tokenizer.c - libFuzzer: bytes opened as a tokenizer (tokenizer.json or .model), then used.  An input
 * whose first byte is above 0x7F is instead text for a tokenizer that is known to be good.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "json_mutator.h"
#include "text/tokenizer.h"

static const char good[] =
    "{\"added_tokens\":[{\"id\":4,\"content\":\"<m>\",\"special\":true,\"lstrip\":true,\"rstrip\":true,"
    "\"normalized\":true}],\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKC\"},{\"type\":"
    "\"BertNormalizer\"},{\"type\":\"Strip\"},{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":"
    "\" \"}]},\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true},\"post_processor\":{\"type\":"
    "\"RobertaProcessing\",\"sep\":[\"a\",1],\"cls\":[\"b\",2]},\"decoder\":{\"type\":\"ByteLevel\"},"
    "\"model\":{\"type\":\"BPE\",\"unk_token\":\"?\",\"vocab\":{\"?\":0,\"a\":1,\"b\":2,\"ab\":3},"
    "\"merges\":[\"a b\"]}}";

static void use(const tokenizer *t, const uint8_t *data, size_t size)
{
    text_span text = {(const char *)data, size}, before = {(const char *)data, size / 2};
    encode_options o = {.context = &before, .context_count = 1, .max_length = (int64_t)(size % 64)};
    token_encoding e = {0};
    char *out = NULL;
    size_t length = 0;
    if (tokenizer_encode(t, text, NULL, &e, NULL) == SMAC_OK) {
        for (size_t i = 0; i < e.count; i++)
            if (e.ids[i] < 0 || e.ids[i] >= tokenizer_size(t) || e.places[i].start > e.places[i].end ||
                e.places[i].end > size)
                abort();
        if (tokenizer_decode(t, e.ids, e.count, false, &out, &length, NULL) == SMAC_OK)
            free(out);
        if (tokenizer_decode_bytes(t, e.ids, e.count, true, &out, &length, NULL) == SMAC_OK)
            free(out);
        token_encoding_free(&e);
    }
    if (tokenizer_encode(t, text, &o, &e, NULL) == SMAC_OK) {
        if (o.max_length && e.count > (size_t)o.max_length)
            abort();
        token_encoding_free(&e);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return size && data[0] == '{' ? json_mutate(data, size, max_size, seed) : LLVMFuzzerMutate(data, size, max_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tokenizer *t = NULL;
    if (size && data[0] > 0x7F) {
        if (tokenizer_open_memory(good, sizeof good - 1, &t, NULL) != SMAC_OK)
            abort();
        use(t, data + 1, size - 1);
    } else if (tokenizer_open_memory(data, size, &t, NULL) == SMAC_OK) {
        static const char sample[] =
            "I'm  na\xC3\xAFve, don't! \xE5\xA5\xBD\xE5\xA5\xBD 42 <m> e\xCC\x81\xFF\xF0\x9F\x98\x80 ab";
        use(t, (const uint8_t *)sample, sizeof sample - 1);
        use(t, data, size < 2000 ? size : 2000);
        char *text = NULL;
        tokenizer *again = NULL;
        size_t length;
        if (tokenizer_serialise(t, &text, &length, NULL) == SMAC_OK) {
            if (tokenizer_open_memory(text, length, &again, NULL) != SMAC_OK)
                abort();
            free(text);
        }
        tokenizer_close(again);
    }
    tokenizer_close(t);
    return 0;
}
