/* Fuzz target of the transcript readers: the first byte picks the kind, the rest is the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json_mutator.h"
#include "media/transcript.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < 2 || data[0] % 4 != TRANSCRIPT_JSON)
        return LLVMFuzzerMutate(data, size, max_size);
    return 1 + json_mutate(data + 1, size - 1, max_size - 1, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    transcript t;
    smac_error error;
    if (transcript_parse((const char *)data + 1, size - 1, (transcript_format)(data[0] % 4), "fuzz", &t, &error) !=
        SMAC_OK)
        return 0;
    text_buffer out = {0};
    transcript_text_between(&t, 0.5, 3.0, &out);
    text_free(&out);
    /* What was read can be written and read again. */
    transcript_write_vtt(&t, 10.0, &out);
    transcript again;
    if (out.data && transcript_parse(out.data, out.length, TRANSCRIPT_VTT, "again", &again, &error) != SMAC_OK)
        abort();
    if (out.data)
        transcript_free(&again);
    text_free(&out);
    transcript_free(&t);
    return 0;
}
