/*
 * text/families.c - the tokenizer.json that older files amount to: a vocab.txt, or a vocab.json with merges.txt, by
 * what the configuration in the same folder says.  families_spm.c does the same for SentencePiece .model files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/tokenizer_parts.h"

/* A token named in a configuration: a text, or an object with "content".  NULL when it is not there. */
static const char *named_token(const json_t *options, const char *name)
{
    const json_t *value = json_object_get(options, name);
    if (json_is_object(value))
        value = json_object_get(value, "content");
    return json_string_value(value);
}

bool option_flag(const json_t *options, const char *name, bool otherwise)
{
    const json_t *value = json_object_get(options, name);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

/* Whether the tokenizer's class or the model's type contains name (in lower case). */
bool option_is_family(const json_t *options, const json_t *configuration, const char *name)
{
    const char *sources[2] = {json_string_value(json_object_get(options, "tokenizer_class")),
        json_string_value(json_object_get(configuration, "model_type"))};
    for (int i = 0; i < 2; i++) {
        char lower[64] = "";
        size_t n = 0;
        for (const char *c = sources[i]; c && *c && n < sizeof lower - 1; c++)
            if (*c != '-' && *c != '_')
                lower[n++] = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
        if (strncmp(lower, name, strlen(name)) == 0)
            return true;
    }
    return false;
}

/* A special token at the end of the list of added ones; false: no memory. */
static bool append_special(json_t *list, const char *content, int64_t id, bool left)
{
    return json_array_append_new(list,
               json_pack("{s:s, s:I, s:b, s:b, s:b, s:b, s:b}", "content", content, "id", (json_int_t)id, "special", 1,
                   "normalized", 0, "lstrip", left, "rstrip", 0, "single_word", 0)) == 0;
}

static int32_t find_in_object(const void *user, const char *token)
{
    const json_t *id = json_object_get(user, token);
    return json_is_integer(id) ? (int32_t)json_integer_value(id) : -1;
}

smac_status wordpiece_json(
    const char *const *tokens, size_t count, const json_t *options, json_t **out, smac_error *error)
{
    static const char *const roles[5][2] = {{"unk_token", "[UNK]"}, {"cls_token", "[CLS]"}, {"sep_token", "[SEP]"},
        {"pad_token", "[PAD]"}, {"mask_token", "[MASK]"}};
    bool mpnet = option_is_family(options, NULL, "mpnet");
    const char *usual_mpnet[5] = {"[UNK]", "<s>", "</s>", "<pad>", "<mask>"};
    const char *names[5];
    *out = NULL;
    json_t *vocab = json_object(), *list = json_array();
    smac_status status = vocab && list ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vocabulary");
    for (size_t i = 0; i < count && status == SMAC_OK; i++) {
        if (json_object_get(vocab, tokens[i]))
            status = FAIL(error, SMAC_ERROR_FORMAT, "the token \"%.100s\" is there twice, as %d and as %zu", tokens[i],
                find_in_object(vocab, tokens[i]), i);
        else if (json_object_set_new(vocab, tokens[i], json_integer((json_int_t)i)))
            status = FAIL(error, SMAC_ERROR_FORMAT, "token %zu is not UTF-8", i);
    }
    for (int i = 0; i < 5 && status == SMAC_OK; i++) {
        const char *name = named_token(options, roles[i][0]);
        names[i] = name ? name : mpnet ? usual_mpnet[i] : roles[i][1];
        int32_t id = find_in_object(vocab, names[i]);
        if (id < 0 && i < 4)
            status = FAIL(error, SMAC_ERROR_FORMAT,
                "the vocabulary of %zu tokens has no \"%.60s\"; a WordPiece vocabulary needs it", count, names[i]);
        else if (id >= 0 && !append_special(list, names[i], id, mpnet && i == 4))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vocabulary");
    }
    if (status == SMAC_OK) {
        const json_t *accents = json_object_get(options, "strip_accents");
        json_t *post;
        json_t *cls = json_pack("[s, i]", names[1], find_in_object(vocab, names[1]));
        json_t *sep = json_pack("[s, i]", names[2], find_in_object(vocab, names[2]));
        if (mpnet)
            post = json_pack("{s:s, s:o, s:o, s:b, s:b}", "type", "RobertaProcessing", "sep", sep, "cls", cls,
                "trim_offsets", 1, "add_prefix_space", 0);
        else
            post = json_pack("{s:s, s:o, s:o}", "type", "BertProcessing", "sep", sep, "cls", cls);
        *out = json_pack(
            "{s:s, s:O, s:{s:s, s:b, s:b, s:o, s:b}, s:{s:s}, s:o, s:{s:s, s:s, s:b}, s:{s:s, s:s, s:s, s:i, s:O}}",
            "version", "1.0", "added_tokens", list, "normalizer", "type", "BertNormalizer", "clean_text", 1,
            "handle_chinese_chars", option_flag(options, "tokenize_chinese_chars", true), "strip_accents",
            json_is_boolean(accents) ? json_boolean(json_is_true(accents)) : json_null(), "lowercase",
            option_flag(options, "do_lower_case", true), "pre_tokenizer", "type", "BertPreTokenizer", "post_processor",
            post, "decoder", "type", "WordPiece", "prefix", "##", "cleanup", 1, "model", "type", "WordPiece",
            "unk_token", names[0], "continuing_subword_prefix", "##", "max_input_chars_per_word", 100, "vocab", vocab);
        if (!*out)
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vocabulary of %zu tokens", count);
    }
    json_decref(vocab);
    json_decref(list);
    return status;
}

/* The lines of a merges.txt, without its "#version". */
static smac_status read_merges(const char *merges, json_t *pairs, smac_error *error)
{
    for (const char *at = merges; *at;) {
        size_t length = strcspn(at, "\n"), text = length;
        if (text && at[text - 1] == '\r')
            text--;
        if (text && strncmp(at, "#version", 8) != 0) {
            if (utf8_invalid_at(at, text) < text)
                return FAIL(error, SMAC_ERROR_FORMAT, "merges.txt: merge %zu is not UTF-8", json_array_size(pairs) + 1);
            if (json_array_append_new(pairs, json_stringn(at, text)))
                return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu merges", json_array_size(pairs) + 1);
        }
        at += length + (at[length] == '\n');
    }
    return SMAC_OK;
}

static smac_status list_specials(const json_t *vocab, json_t *list, smac_error *error)
{
    static const char *const specials[] = {"<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"};
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
        int32_t id = find_in_object(vocab, specials[i]);
        if (id >= 0 && !append_special(list, specials[i], id, strcmp(specials[i], "<mask>") == 0))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the special tokens");
    }
    return SMAC_OK;
}

smac_status byte_level_json(json_t *vocab, const char *merges, const json_t *options, const json_t *configuration,
    json_t **out, smac_error *error)
{
    bool roberta = option_is_family(options, configuration, "roberta");
    bool prefix = option_flag(options, "add_prefix_space", false);
    int32_t begin = find_in_object(vocab, "<s>"), end = find_in_object(vocab, "</s>");
    json_t *list = json_array(), *pairs = json_array(), *post = NULL;
    *out = NULL;
    smac_status status = list && pairs ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vocabulary");
    if (status == SMAC_OK)
        status = read_merges(merges, pairs, error);
    if (status == SMAC_OK)
        status = list_specials(vocab, list, error);
    if (status == SMAC_OK && roberta && (begin < 0 || end < 0))
        status = FAIL(error, SMAC_ERROR_FORMAT, "RoBERTa's vocab.json must hold <s> and </s>");
    if (status == SMAC_OK) {
        post = roberta
            ? json_pack("{s:s, s:[s, i], s:[s, i], s:b, s:b}", "type", "RobertaProcessing", "sep", "</s>", end, "cls",
                  "<s>", begin, "trim_offsets", 1, "add_prefix_space", prefix)
            : json_pack("{s:s, s:b, s:b}", "type", "ByteLevel", "add_prefix_space", prefix, "trim_offsets", 0);
        *out = post ? json_pack("{s:s, s:O, s:{s:s, s:b, s:b}, s:O, s:{s:s}, s:{s:s, s:O, s:O}}", "version", "1.0",
                          "added_tokens", list, "pre_tokenizer", "type", "ByteLevel", "add_prefix_space", prefix,
                          "use_regex", 1, "post_processor", post, "decoder", "type", "ByteLevel", "model", "type",
                          "BPE", "vocab", vocab, "merges", pairs)
                    : NULL;
        if (!*out)
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vocabulary");
    }
    json_decref(post);
    json_decref(list);
    json_decref(pairs);
    return status;
}

smac_status tokenizer_json_options(json_t *root, const json_t *options, const json_t *special_map, smac_error *error)
{
    static const char *const roles[] = {"cls", "sep", "pad", "mask", "bos", "eos", "unk"};
    json_t *special = json_object(), *own = json_object();
    bool whole = special && own;
    for (size_t i = 0; whole && i < sizeof roles / sizeof roles[0]; i++) {
        char name[16];
        snprintf(name, sizeof name, "%s_token", roles[i]);
        const char *token = named_token(special_map, name);
        if (!token)
            token = named_token(options, name);
        whole = !token || json_object_set_new(special, roles[i], json_string(token)) == 0;
    }
    const json_t *length = json_object_get(options, "model_max_length");
    const char *side = json_string_value(json_object_get(options, "padding_side"));
    bool xlnet = option_is_family(options, NULL, "xlnet");
    if (whole && json_is_number(length) && json_number_value(length) >= 1 && json_number_value(length) < 1e9)
        whole = json_object_set_new(own, "max_length", json_integer((json_int_t)json_number_value(length))) == 0;
    if (whole && (side || xlnet))
        whole = json_object_set_new(own, "pad_left", json_boolean(side ? strcmp(side, "left") == 0 : xlnet)) == 0;
    if (whole && xlnet)
        whole = json_object_set_new(own, "pad_type", json_integer(3)) == 0;
    whole = whole && json_object_set(own, "special", special) == 0 && json_object_set(root, "semanticmac", own) == 0;
    json_decref(special);
    json_decref(own);
    return whole ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tokenizer");
}
