/*
 * text/families_spm.c - the tokenizer.json equivalent to a SentencePiece .model file.
 *
 * A .model of a known family (named by the files beside it) becomes the Unigram tokenizer that transformers' fast
 * tokenizers make of it: the pieces in the family's order, its normalisers, special tokens and templates; its ids are
 * theirs.  A .model without a family stays as it is and is encoded by libsentencepiece, without special tokens.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/spm_file.h"
#include "text/tokenizer_parts.h"
#include "text/unicode.h"

typedef struct spm_family {
    const char *name; /* as tokenizer_class or model_type begin, in lower case */
    const char *single, *pair;
    const char *specials; /* tokens to look for in texts, by a space */
    const char *mask;     /* the mask token, or NULL; added after the pieces where they do not hold it */
    bool mask_left, mask_normalized;
    bool quotes;        /* `` and '' to ", accents away (unless keep_accents), several spaces to one */
    bool lowercase;     /* unless do_lower_case says otherwise */
    bool strip_both;    /* white space away at both ends, and first; else at the right, after the map */
    bool number_commas; /* pieces that end in a digit and a comma are made unlikely */
    bool extra_ids;     /* T5's <extra_id_n> */
    const char *first;  /* pieces that come before those of the file, by a space; the fourth is the unknown token */
    size_t skip;        /* pieces of the file that are left out, from its first */
} spm_family;

static const spm_family families[] = {
    {.name = "xlmroberta",
        .single = "<s> $A </s>",
        .pair = "<s> $A </s> </s> $B </s>",
        .specials = "<s> <pad> </s> <unk>",
        .mask = "<mask>",
        .mask_left = true,
        .mask_normalized = true,
        .first = "<s> <pad> </s> <unk>",
        .skip = 3},
    {.name = "camembert",
        .single = "<s> $A </s>",
        .pair = "<s> $A </s> </s> $B </s>",
        .specials = "<s> <pad> </s> <unk> <s>NOTUSED </s>NOTUSED <unk>NOTUSED",
        .mask = "<mask>",
        .mask_left = true,
        .first = "<s>NOTUSED <pad> </s>NOTUSED <unk> <unk>NOTUSED",
        .skip = 1},
    {.name = "xlnet",
        .single = "$A <sep> <cls>:2",
        .pair = "$A <sep> $B:1 <sep>:1 <cls>:2",
        .specials = "<unk> <s> </s> <cls> <sep> <pad> <eod> <eop>",
        .mask = "<mask>",
        .mask_left = true,
        .mask_normalized = true,
        .quotes = true,
        .number_commas = true},
    {.name = "albert",
        .single = "[CLS] $A [SEP]",
        .pair = "[CLS] $A [SEP] $B:1 [SEP]:1",
        .specials = "<pad> <unk> [CLS] [SEP]",
        .mask = "[MASK]",
        .mask_left = true,
        .quotes = true,
        .lowercase = true,
        .number_commas = true},
    {.name = "deberta",
        .single = "[CLS] $A [SEP]",
        .pair = "[CLS] $A [SEP] $B:1 [SEP]:1",
        .specials = "[PAD] [CLS] [SEP] [UNK]",
        .mask = "[MASK]",
        .strip_both = true},
    {.name = "mt5", .single = "$A </s>", .pair = "$A </s> $B </s>", .specials = "<pad> </s> <unk>", .extra_ids = true},
    {.name = "t5", .single = "$A </s>", .pair = "$A </s> $B </s>", .specials = "<pad> </s> <unk>", .extra_ids = true},
};

/* The JSON under construction. */
typedef struct spm_builder {
    const spm_family *family;
    const spm_file *file;
    const json_t *options;
    json_t *vocab; /* list of [piece, score] */
    json_t *ids;   /* object from piece to id */
    json_t *added;
    int64_t extra_ids; /* how many <extra_id_n> follow the pieces */
    bool failed;
} spm_builder;

enum { EXTRA_IDS = 100, EXTRA_IDS_MAX = 10000 }; /* T5's own, and more than any tokenizer has */

/* "extra_ids" of the options, a whole number; null or absent: T5's hundred. */
static smac_status read_extra_ids(spm_builder *b, smac_error *error)
{
    const json_t *given = json_object_get(b->options, "extra_ids");
    b->extra_ids = 0;
    if (!b->family->extra_ids)
        return SMAC_OK;
    double said = json_is_number(given) ? json_number_value(given) : EXTRA_IDS;
    if ((given && !json_is_null(given) && !json_is_number(given)) ||
        !(said >= 0 && said <= EXTRA_IDS_MAX && said == floor(said))) {
        char *text = json_dump_text(given, JSON_ENCODE_ANY | JSON_COMPACT);
        smac_status status = FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "\"extra_ids\" of the tokenizer is %.60s, expected a whole number from 0 to %d", text ? text : "no number",
            EXTRA_IDS_MAX);
        free(text);
        return status;
    }
    b->extra_ids = (int64_t)said;
    return SMAC_OK;
}

static void add_piece(spm_builder *b, const char *text, double score)
{
    json_int_t id = (json_int_t)json_array_size(b->vocab);
    if (json_object_set_new(b->ids, text, json_integer(id)) ||
        json_array_append_new(b->vocab, json_pack("[s, f]", text, score)))
        b->failed = true;
}

static int64_t find_piece(const spm_builder *b, const char *text)
{
    const json_t *id = json_object_get(b->ids, text);
    return id ? (int64_t)json_integer_value(id) : -1;
}

static void add_token(spm_builder *b, const char *text, bool special, bool left, bool normalized)
{
    int64_t id = find_piece(b, text);
    for (size_t i = 0; i < json_array_size(b->added); i++) {
        json_t *there = json_array_get(b->added, i);
        if (strcmp(json_string_value(json_object_get(there, "content")), text) == 0) {
            json_array_remove(b->added, i);
            break;
        }
    }
    if (id >= 0 &&
        json_array_append_new(b->added,
            json_pack("{s:I, s:s, s:b, s:b, s:b, s:b, s:b}", "id", (json_int_t)id, "content", text, "special", special,
                "lstrip", left, "normalized", normalized, "rstrip", 0, "single_word", 0)))
        b->failed = true;
}

/* "9," and the like: transformers lowers their scores so that numbers are cut before the comma. */
static bool is_number_comma(const char *text)
{
    size_t length = strlen(text);
    if (length < 2 || text[length - 1] != ',')
        return false;
    size_t from = length - 2, at;
    while (from > 0 && ((unsigned char)text[from] & 0xC0) == 0x80)
        from--;
    at = from;
    uint32_t c = utf8_next(text, length, &at);
    return unicode_is_decimal(c) || c == 0xB2 || c == 0xB3 || c == 0xB9;
}

static void add_pieces(spm_builder *b)
{
    const spm_family *f = b->family;
    for (const char *at = f->first ? f->first : ""; *at;) {
        size_t length = strcspn(at, " ");
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        /* the file's own unknown piece, which must lose against the one before it */
        add_piece(b, word, strcmp(word, "<unk>NOTUSED") == 0 ? -100 : 0);
        at += length + (at[length] == ' ');
    }
    for (size_t i = f->skip; i < b->file->count; i++) {
        const spm_piece *p = &b->file->pieces[i];
        bool lower = f->number_commas && is_number_comma(p->text);
        add_piece(b, p->text, lower ? (double)p->score - 100 : (double)p->score);
    }
    for (int64_t i = b->extra_ids - 1; i >= 0 && !b->failed; i--) {
        text_buffer name = {0};
        text_format(&name, "<extra_id_%d>", (int)i);
        if (name.failed)
            b->failed = true;
        else
            add_piece(b, name.data, 0);
        if (!b->failed)
            add_token(b, name.data, true, false, false);
        text_free(&name);
    }
    if (f->mask && find_piece(b, f->mask) < 0)
        add_piece(b, f->mask, 0);
}

static void add_tokens(spm_builder *b)
{
    const spm_family *f = b->family;
    for (size_t i = 0; i < b->file->count && !f->first; i++) {
        int type = b->file->pieces[i].type;
        if (type == SPM_CONTROL || type == SPM_USER_DEFINED)
            add_token(b, b->file->pieces[i].text, type == SPM_CONTROL, false, false);
    }
    for (const char *at = f->specials; *at;) {
        size_t length = strcspn(at, " ");
        char word[32];
        memcpy(word, at, length);
        word[length] = '\0';
        at += length + (at[length] == ' ');
        /* DeBERTa's [UNK] alone is looked for in normalised text. */
        add_token(b, word, true, false, strcmp(word, "[UNK]") == 0);
    }
    if (f->mask)
        add_token(b, f->mask, true, f->mask_left, f->mask_normalized);
}

/* A template in short: $A and $B are the texts, other words tokens; ":n" after a word is its type. */
static smac_status template_list_of(spm_builder *b, const char *words, json_t *tokens, json_t *list, smac_error *error)
{
    for (const char *at = words; *at;) {
        size_t length = strcspn(at, " ");
        char word[32];
        memcpy(word, at, length);
        word[length] = '\0';
        at += length + (at[length] == ' ');
        char *colon = strchr(word, ':');
        int type = colon ? colon[1] - '0' : 0;
        if (colon)
            *colon = '\0';
        bool text = *word == '$';
        int64_t id = text ? 0 : find_piece(b, word);
        if (id < 0)
            return FAIL(error, SMAC_ERROR_FORMAT, "the .model file has no piece \"%s\", which the family %s needs",
                word, b->family->name);
        if (json_array_append_new(list,
                json_pack("{s:{s:s, s:i}}", text ? "Sequence" : "SpecialToken", "id", text ? word + 1 : word, "type_id",
                    type)) ||
            (!text &&
                json_object_set_new(
                    tokens, word, json_pack("{s:s, s:[I], s:[s]}", "id", word, "ids", (json_int_t)id, "tokens", word))))
            b->failed = true;
    }
    return SMAC_OK;
}

static smac_status add_template(spm_builder *b, json_t *root, smac_error *error)
{
    json_t *tokens = json_object(), *single = json_array(), *pair = json_array();
    smac_status status = template_list_of(b, b->family->single, tokens, single, error);
    if (status == SMAC_OK)
        status = template_list_of(b, b->family->pair, tokens, pair, error);
    if (json_object_set_new(root, "post_processor",
            json_pack("{s:s, s:o, s:o, s:o}", "type", "TemplateProcessing", "single", single, "pair", pair,
                "special_tokens", tokens)))
        b->failed = true;
    return status;
}

static void add_step(spm_builder *b, json_t *steps, json_t *step)
{
    if (json_array_append_new(steps, step))
        b->failed = true;
}

static void add_normalizer(spm_builder *b, json_t *root)
{
    const spm_family *f = b->family;
    json_t *steps = json_array();
    static const char *const quotes[] = {"``", "''"};
    for (int i = 0; i < 2 && f->quotes; i++)
        add_step(b, steps,
            json_pack("{s:s, s:{s:s}, s:s}", "type", "Replace", "pattern", "String", quotes[i], "content", "\""));
    if (f->quotes && !option_flag(b->options, "keep_accents", false)) {
        add_step(b, steps, json_pack("{s:s}", "type", "NFKD"));
        add_step(b, steps, json_pack("{s:s}", "type", "StripAccents"));
    }
    if ((f->quotes || f->strip_both) && option_flag(b->options, "do_lower_case", f->lowercase))
        add_step(b, steps, json_pack("{s:s}", "type", "Lowercase"));
    if (f->strip_both)
        add_step(b, steps, json_pack("{s:s, s:b, s:b}", "type", "Strip", "strip_left", 1, "strip_right", 1));
    if (b->file->map_size) {
        char *map = base64_write(b->file->map, b->file->map_size);
        add_step(b, steps, map ? json_pack("{s:s, s:s}", "type", "Precompiled", "precompiled_charsmap", map) : NULL);
        free(map);
    }
    if (!f->quotes && !f->strip_both)
        add_step(b, steps, json_pack("{s:s, s:b, s:b}", "type", "Strip", "strip_left", 0, "strip_right", 1));
    add_step(b, steps,
        json_pack("{s:s, s:{s:s}, s:s}", "type", "Replace", "pattern", "Regex", " {2,}", "content",
            f->quotes || f->strip_both ? " " : "\xE2\x96\x81"));
    if (json_object_set_new(root, "normalizer", json_pack("{s:s, s:o}", "type", "Sequence", "normalizers", steps)))
        b->failed = true;
}

static smac_status build(spm_builder *b, json_t **out, smac_error *error)
{
    const spm_family *f = b->family;
    const char *scheme = option_flag(b->options, "add_prefix_space", true) ? "always" : "never";
    if (f->extra_ids && !option_flag(b->options, "legacy", true) && strcmp(scheme, "always") == 0)
        scheme = "first";
    TRY(read_extra_ids(b, error));
    add_pieces(b);
    add_tokens(b);
    const char *space = "\xE2\x96\x81";
    json_t *root = json_pack("{s:s, s:O, s:{s:s, s:s, s:s, s:b}, s:{s:s, s:s, s:s, s:b}, s:{s:s, s:b, s:I, s:O}}",
        "version", "1.0", "added_tokens", b->added, "pre_tokenizer", "type", "Metaspace", "replacement", space,
        "prepend_scheme", scheme, "split", 1, "decoder", "type", "Metaspace", "replacement", space, "prepend_scheme",
        scheme, "split", 1, "model", "type", "Unigram", "exact_scores", 1, "unk_id",
        (json_int_t)(f->first ? 3 : b->file->unknown_id), "vocab", b->vocab);
    smac_status status = SMAC_OK;
    if (root) {
        status = add_template(b, root, error);
        add_normalizer(b, root);
    }
    if (status == SMAC_OK && (!root || b->failed))
        status = FAIL(error, SMAC_ERROR_FORMAT, "the pieces of the .model file are not UTF-8, or memory is short");
    if (status != SMAC_OK) {
        json_decref(root);
        return status;
    }
    *out = root;
    return SMAC_OK;
}

/* A .model with no family: kept whole, for libsentencepiece. */
static smac_status keep(const void *data, size_t size, json_t **out, smac_error *error)
{
    char *text = base64_write(data, size);
    *out = text
        ? json_pack("{s:s, s:[], s:{s:s, s:s}, s:{s:s, s:s}}", "version", "1.0", "added_tokens", "decoder", "type",
              "Metaspace", "replacement", "\xE2\x96\x81", "model", "type", "SentencePiece", "data", text)
        : NULL;
    free(text);
    return *out ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a .model file of %zu bytes", size);
}

smac_status sentencepiece_json(
    const void *data, size_t size, const json_t *options, const json_t *configuration, json_t **out, smac_error *error)
{
    spm_file file;
    spm_builder b = {.options = options};
    *out = NULL;
    TRY(spm_file_read(data, size, &file, error));
    for (size_t i = 0; i < sizeof families / sizeof families[0] && !b.family; i++)
        if (option_is_family(options, configuration, families[i].name))
            b.family = &families[i];
    smac_status status;
    if (!b.family) {
        status = keep(data, size, out, error);
    } else if (file.model_type != SPM_UNIGRAM) {
        status = FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "the .model file's type is %d, but the family %s has a unigram model (1)", file.model_type, b.family->name);
    } else if (option_flag(options, "split_by_punct", false)) {
        status = FAIL(error, SMAC_ERROR_UNSUPPORTED, "\"split_by_punct\" is not supported for a .model file");
    } else {
        b.file = &file;
        b.vocab = json_array();
        b.ids = json_object();
        b.added = json_array();
        status = build(&b, out, error);
        json_decref(b.vocab);
        json_decref(b.ids);
        json_decref(b.added);
    }
    spm_file_free(&file);
    return status;
}
