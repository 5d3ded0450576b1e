/* speech/model.h - inside of the module: an open Whisper folder. */
#ifndef SMAC_SPEECH_MODEL_H
#define SMAC_SPEECH_MODEL_H

#include <jansson.h>

#include "speech/search.h"
#include "speech/speech.h"
#include "text/tokenizer.h"

struct speech_model {
    whisper_config config;
    tensor_file *file; /* while it is opened; NULL afterwards */
    parameter_store *store;
    whisper_encoder *encoder;
    whisper_decoder *decoder;
    tokenizer *tokens;
    precision how;
    bool many_languages;
    speech_rules rules;
    int32_t *suppress;            /* both lists of the rules */
    int32_t transcribe, previous; /* <|transcribe|>, <|startofprev|> */
    int32_t *languages;           /* ids of <|en|>, ... */
    size_t language_count;
    int32_t (*heads)[2]; /* cross-attention heads that follow the sound */
    size_t head_count;
};

/*
 * rules, languages and heads from generation_config.json and config.json (either may be NULL), with m's tokens and
 * config.  FORMAT: a token or a head that the model does not have, a tokenizer that is not Whisper's.
 */
smac_status speech_model_read_lists(speech_model *m, const json_t *const files[2], smac_error *error);

/* "en" for the id of <|en|>; false when it does not fit. */
bool speech_model_language(const speech_model *m, int32_t id, char *out, size_t size);
/* The id of <|en|> for "en", "EN", "en-GB" or "English" (speech/languages.h); -1 when the model does not know it. */
int32_t speech_model_language_id(const speech_model *m, const char *language);
/* ARGUMENT, with the list of languages, when language is neither "auto" nor one that the model knows. */
smac_status speech_model_check_language(const speech_model *m, const char *language, smac_error *error);

#endif
