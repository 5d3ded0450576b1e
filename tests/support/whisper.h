/* tests/support/whisper.h - a decoder with a store of its own. */
#ifndef SMAC_TESTS_SUPPORT_WHISPER_H
#define SMAC_TESTS_SUPPORT_WHISPER_H

#include "encoders/whisper.h"

/* *store and *decoder are set to NULL after an error. */
static inline smac_status decoder_with_store(const tensor_file *file, const whisper_config *config,
    parameter_store **store, whisper_decoder **decoder, smac_error *error)
{
    *decoder = NULL;
    *store = parameter_store_new();
    smac_status status = whisper_decoder_add(*store, "", config, decoder, error);
    if (status == SMAC_OK)
        status = whisper_decoder_pack(*decoder, file, PRECISION_F32, error);
    if (status == SMAC_OK)
        status = parameter_store_seal(*store, false, 0, error);
    if (status == SMAC_OK)
        status = whisper_decoder_load(*decoder, file, error);
    if (status != SMAC_OK) {
        whisper_decoder_free(*decoder);
        parameter_store_free(*store);
        *decoder = NULL;
        *store = NULL;
    }
    return status;
}

#endif
