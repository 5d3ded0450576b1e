/* Fuzz target of the encoders' descriptions: config.json of language models, ImageBind's JSON, Whisper's config.json. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "encoders/imagebind.h"
#include "encoders/language_model.h"
#include "encoders/whisper.h"
#include "json_mutator.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < 2)
        return LLVMFuzzerMutate(data, size, max_size);
    return 1 + json_mutate(data + 1, size - 1, max_size - 1, seed);
}

/* What was read can be written and read again, to the same. */
static void expect_same(smac_status status, text_buffer *first, text_buffer *second)
{
    if (!first->failed && !second->failed && (status != SMAC_OK || strcmp(first->data, second->data) != 0))
        abort();
    text_free(first);
    text_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const char *json = (const char *)data + 1;
    smac_error error;
    text_buffer out = {0}, again = {0};
    if (data[0] % 3 == 2) {
        whisper_config config;
        if (whisper_config_parse(json, size - 1, &config, &error) != SMAC_OK)
            return 0;
        whisper_config_to_json(&config, &out);
        smac_status status = whisper_config_parse(out.data, out.length, &config, &error);
        whisper_config_to_json(&config, &again);
        expect_same(status, &out, &again);
    } else if (data[0] % 3) {
        language_model_config config;
        if (language_model_config_parse(json, size - 1, &config, &error) != SMAC_OK)
            return 0;
        language_model_config_to_json(&config, &out);
        smac_status status = language_model_config_parse(out.data, out.length, &config, &error);
        language_model_config_to_json(&config, &again);
        expect_same(status, &out, &again);
    } else {
        imagebind_config config;
        if (imagebind_config_from_json(json, size - 1, &config, &error) != SMAC_OK)
            return 0;
        imagebind_config_to_json(&config, &out);
        smac_status status = imagebind_config_from_json(out.data, out.length, &config, &error);
        imagebind_config_to_json(&config, &again);
        expect_same(status, &out, &again);
    }
    return 0;
}
