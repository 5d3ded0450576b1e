/*
 * text/families.c - the tokenizer.json that stands for older files: a vocab.txt, or a vocab.json with merges.txt, by
 * what the configuration beside says.  families_spm.c does the same for SentencePiece .model files.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
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

static json_t *added(const char *content, int64_t id, bool left)
{
    return json_pack("{s:s, s:I, s:b, s:b, s:b, s:b, s:b}", "content", content, "id", (json_int_t)id, "special", 1,
        "normalized", 0, "lstrip", left, "rstrip", 0, "single_word", 0);
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
        else if (id >= 0)
            json_array_append_new(list, added(names[i], id, mpnet && i == 4));
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

smac_status byte_level_json(json_t *vocab, const char *merges, const json_t *options, const json_t *configuration,
    json_t **out, smac_error *error)
{
    bool roberta = option_is_family(options, configuration, "roberta");
    bool prefix = option_flag(options, "add_prefix_space", false);
    json_t *list = json_array(), *pairs = json_array(), *post;
    *out = NULL;
    for (const char *at = merges; *at;) {
        size_t length = strcspn(at, "\n"), text = length;
        if (text && at[text - 1] == '\r')
            text--;
        if (text && strncmp(at, "#version", 8) != 0 && json_array_append_new(pairs, json_stringn(at, text))) {
            size_t line = json_array_size(pairs);
            json_decref(list);
            json_decref(pairs);
            return FAIL(error, SMAC_ERROR_FORMAT, "merges.txt: merge %zu is not UTF-8", line);
        }
        at += length + (at[length] == '\n');
    }
    static const char *const specials[] = {"<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"};
    for (size_t i = 0; i < 6; i++) {
        int32_t id = find_in_object(vocab, specials[i]);
        if (id >= 0)
            json_array_append_new(list, added(specials[i], id, i == 4));
    }
    int32_t begin = find_in_object(vocab, "<s>"), end = find_in_object(vocab, "</s>");
    if (roberta && (begin < 0 || end < 0)) {
        json_decref(list);
        json_decref(pairs);
        return FAIL(error, SMAC_ERROR_FORMAT, "RoBERTa's vocab.json must hold <s> and </s>");
    }
    if (roberta)
        post = json_pack("{s:s, s:[s, i], s:[s, i], s:b, s:b}", "type", "RobertaProcessing", "sep", "</s>", end, "cls",
            "<s>", begin, "trim_offsets", 1, "add_prefix_space", prefix);
    else
        post = json_pack("{s:s, s:b, s:b}", "type", "ByteLevel", "add_prefix_space", prefix, "trim_offsets", 0);
    *out = json_pack("{s:s, s:o, s:{s:s, s:b, s:b}, s:o, s:{s:s}, s:{s:s, s:O, s:o}}", "version", "1.0", "added_tokens",
        list, "pre_tokenizer", "type", "ByteLevel", "add_prefix_space", prefix, "use_regex", 1, "post_processor", post,
        "decoder", "type", "ByteLevel", "model", "type", "BPE", "vocab", vocab, "merges", pairs);
    return *out ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vocabulary");
}

smac_status tokenizer_json_options(json_t *root, const json_t *options, const json_t *special_map, smac_error *error)
{
    static const char *const roles[] = {"cls", "sep", "pad", "mask", "bos", "eos", "unk"};
    json_t *special = json_object(), *own = json_object();
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        text_buffer name = {0};
        text_format(&name, "%s_token", roles[i]);
        const char *token = name.data ? named_token(special_map, name.data) : NULL;
        if (!token && name.data)
            token = named_token(options, name.data);
        if (token)
            json_object_set_new(special, roles[i], json_string(token));
        text_free(&name);
    }
    const json_t *length = json_object_get(options, "model_max_length");
    const char *side = json_string_value(json_object_get(options, "padding_side"));
    bool xlnet = option_is_family(options, NULL, "xlnet");
    if (json_is_number(length) && json_number_value(length) >= 1 && json_number_value(length) < 1e9)
        json_object_set_new(own, "max_length", json_integer((json_int_t)json_number_value(length)));
    if (side || xlnet)
        json_object_set_new(own, "pad_left", json_boolean(side ? strcmp(side, "left") == 0 : xlnet));
    if (xlnet)
        json_object_set_new(own, "pad_type", json_integer(3));
    if (!special || !own || json_object_set_new(own, "special", special) ||
        json_object_set_new(root, "semanticmac", own))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tokenizer");
    return SMAC_OK;
}
