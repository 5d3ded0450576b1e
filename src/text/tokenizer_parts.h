/* text/tokenizer_parts.h - the contents of an open tokenizer; private to src/text. */
#ifndef SMAC_TEXT_TOKENIZER_PARTS_H
#define SMAC_TEXT_TOKENIZER_PARTS_H

#include "text/added.h"
#include "text/decoder.h"
#include "text/model.h"
#include "text/normalizer.h"
#include "text/post.h"
#include "text/pretokenizer.h"
#include "text/tokenizer.h"

struct tokenizer {
    normalizer normalize;
    pretokenizer split;
    model model;
    added_tokens added;
    post_processor post;
    decoder decode;
    tokenizer_special special_ids;
    const char **tokens; /* by id: spellings, which live in model, added or extra */
    uint8_t *special;    /* by id */
    int32_t size;
    int32_t first_timestamp;
    bool pads_left;
    int32_t pad_type;
    int64_t max_length;
    char *source; /* the JSON text it was read from */
    size_t source_length;
};

/*
 * From the JSON of a tokenizer.json, with our own member "semanticmac" if present:
 * {"special": {"cls": "[CLS]", ...}, "max_length": 512, "pad_left": false, "pad_type": 0}.
 */
smac_status tokenizer_from_json(const json_t *root, tokenizer **out, smac_error *error);

/* Parse JSON: name is for messages; loose: integers beyond 64 bits are read as real numbers. */
smac_status tokenizer_parse(
    const char *text, size_t length, const char *name, bool loose, json_t **out, smac_error *error);

/* The JSON of a WordPiece tokenizer; options is a tokenizer_config.json, or NULL.  json_decref(*out). */
smac_status wordpiece_json(
    const char *const *tokens, size_t count, const json_t *options, json_t **out, smac_error *error);
/* The same for a .model file's bytes; options as above, configuration the config.json beside it, or NULL. */
smac_status sentencepiece_json(
    const void *data, size_t size, const json_t *options, const json_t *configuration, json_t **out, smac_error *error);
/* The same for vocab.json with merges.txt. */
smac_status byte_level_json(json_t *vocab, const char *merges, const json_t *options, const json_t *configuration,
    json_t **out, smac_error *error);
/* Whether the tokenizer's class or the model's type (lower case, - and _ left out) begins with name. */
bool option_is_family(const json_t *options, const json_t *configuration, const char *name);
bool option_flag(const json_t *options, const char *name, bool otherwise);
/* Add our own member from the other files of the folder; each may be NULL. */
smac_status tokenizer_json_options(json_t *root, const json_t *options, const json_t *special_map, smac_error *error);

#endif
