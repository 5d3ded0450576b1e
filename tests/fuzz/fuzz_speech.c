/*
 * Fuzz target of the lists beside a Whisper model (generation_config.json and config.json, Hugging Face's names and
 * CTranslate2's), with a tokenizer and sizes that are good.  The two texts follow each other, SCRATCH_MARK
 * between them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json_mutator.h"
#include "scratch.h"
#include "speech/model.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TOKENS = 16, VOCABULARY = TOKENS + 1600 };
static const char *const names[TOKENS] = {"a", "b", "ab", "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|zh|>",
    "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
    "<|0.00|>", "<|0.02|>", "<|0.04|>"};
static tokenizer *tokens;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    json_t *vocabulary = json_object();
    for (int i = 0; i < TOKENS; i++)
        json_object_set_new(vocabulary, names[i], json_integer(i));
    json_t *root = json_pack("{s:{s:s, s:o, s:[]}}", "model", "type", "BPE", "vocab", vocabulary, "merges");
    char *text = json_dumps(root, 0);
    smac_error error = {0};
    if (!text || tokenizer_open_memory(text, strlen(text), &tokens, &error) != SMAC_OK) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    free(text);
    json_decref(root);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size_t end = scratch_part_end(data, size, 0);
    if (seed % 2 || end == size)
        return scratch_mutate(data, size, max_size, 0, end, seed / 2, json_mutate);
    return scratch_mutate(data, size, max_size, end + 1, size, seed / 2, json_mutate);
}

static void check(const speech_model *m)
{
    const speech_rules *r = &m->rules;
    char name[32];
    for (size_t i = 0; i < r->suppress_count; i++)
        if (r->suppress[i] < 0 || r->suppress[i] >= VOCABULARY)
            abort();
    for (size_t i = 0; i < r->suppress_first_count; i++)
        if (r->suppress_first[i] < 0 || r->suppress_first[i] >= VOCABULARY)
            abort();
    for (size_t i = 0; i < m->head_count; i++)
        if (m->heads[i][0] < 0 || m->heads[i][0] >= m->config.decoder_layers || m->heads[i][1] < 0 ||
            m->heads[i][1] >= m->config.decoder_heads)
            abort();
    for (size_t i = 0; i < m->language_count; i++)
        if (!speech_model_language(m, m->languages[i], name, sizeof name) || !*name)
            abort();
    speech_model_knows(m, "zh");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t end = scratch_part_end(data, size, 0);
    json_t *read[2] = {json_loadb((const char *)data, end, 0, NULL),
        end < size ? json_loadb((const char *)data + end + 1, size - end - 1, 0, NULL) : NULL};
    const json_t *const files[2] = {read[0], read[1]};
    speech_model *m = calloc(1, sizeof *m);
    smac_error error = {0};
    if (m) {
        m->tokens = tokens;
        m->config = (whisper_config){.vocabulary = VOCABULARY, .decoder_layers = 3, .decoder_heads = 2};
        if (speech_model_read_lists(m, files, &error) == SMAC_OK)
            check(m);
        else if (!error.message[0])
            abort();
        m->tokens = NULL; /* the target's own */
    }
    speech_model_free(m);
    json_decref(read[0]);
    json_decref(read[1]);
    return 0;
}
