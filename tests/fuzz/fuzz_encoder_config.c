/* Fuzz target of the encoders' descriptions: config.json of language models, ImageBind's JSON, Whisper's config.json. */
#include <stdint.h>
#include <stdlib.h>

#include "encoders/imagebind.h"
#include "encoders/language_model.h"
#include "encoders/whisper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const char *json = (const char *)data + 1;
    smac_error error;
    text_buffer out = {0};
    if (data[0] % 3 == 2) {
        whisper_config config, again;
        if (whisper_config_parse(json, size - 1, &config, &error) != SMAC_OK)
            return 0;
        whisper_config_to_json(&config, &out);
        if (!out.failed && whisper_config_parse(out.data, out.length, &again, &error) != SMAC_OK)
            abort();
    } else if (data[0] % 3) {
        language_model_config config, again;
        if (language_model_config_parse(json, size - 1, &config, &error) != SMAC_OK)
            return 0;
        /* What was read can be written and read again. */
        language_model_config_to_json(&config, &out);
        if (!out.failed && language_model_config_parse(out.data, out.length, &again, &error) != SMAC_OK)
            abort();
    } else {
        imagebind_config config, again;
        if (imagebind_config_from_json(json, size - 1, &config, &error) != SMAC_OK)
            return 0;
        imagebind_config_to_json(&config, &out);
        if (!out.failed && imagebind_config_from_json(out.data, out.length, &again, &error) != SMAC_OK)
            abort();
    }
    text_free(&out);
    return 0;
}
