/* text/tokenizer_read.c - from the JSON of a tokenizer.json to an open tokenizer, with all checks. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "text/tokenizer_parts.h"

smac_status tokenizer_parse(
    const char *text, size_t length, const char *name, bool loose, json_t **out, smac_error *error)
{
    json_error_t problem;
    *out = json_loadb(text, length, JSON_REJECT_DUPLICATES | (loose ? JSON_DECODE_INT_AS_REAL : 0), &problem);
    if (!*out)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "%.200s is not valid JSON (line %d: %.200s)", name, problem.line, problem.text);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return FAIL(error, SMAC_ERROR_FORMAT, "%.200s is not a JSON object", name);
    }
    return SMAC_OK;
}

/* Whisper's time stamps: files made before transformers 4.3x leave them out, but the model has ids for them. */
static smac_status add_timestamps(tokenizer *t, int32_t last, smac_error *error)
{
    const added_token *none = added_by_name(&t->added, "<|notimestamps|>", strlen("<|notimestamps|>"));
    const added_token *start = added_by_name(&t->added, "<|startoftranscript|>", strlen("<|startoftranscript|>"));
    t->first_timestamp = -1;
    if (!none || !start)
        return SMAC_OK;
    const added_token *zero = added_by_name(&t->added, "<|0.00|>", strlen("<|0.00|>"));
    t->first_timestamp = none->id + 1;
    if (zero)
        t->first_timestamp = zero->id;
    else if (none->id == last)
        for (int i = 0; i <= 1500; i++) {
            char name[24];
            snprintf(name, sizeof name, "<|%d.%02d|>", i / 50, i % 50 * 2);
            TRY(added_append(&t->added, name, last + 1 + i, true, true, error));
        }
    else
        t->first_timestamp = -1;
    return SMAC_OK;
}

static smac_status set_token(tokenizer *t, int32_t id, const char *spelling, smac_error *error)
{
    if (t->tokens[id] && strcmp(t->tokens[id], spelling) != 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "the id %d has two tokens, \"%.100s\" and \"%.100s\"", id, t->tokens[id],
            spelling);
    t->tokens[id] = spelling;
    return SMAC_OK;
}

/* The table by id; all ids from 0 to the last must be there. */
static smac_status fill_table(tokenizer *t, smac_error *error)
{
    const model *m = &t->model;
    bool pieces = m->kind == MODEL_SENTENCEPIECE;
    int64_t last = pieces ? (int64_t)sentencepiece_size(m->processor) - 1 : -1;
    size_t known = pieces ? (size_t)last + 1 : m->tokens.count;
    for (size_t i = 0; i < m->tokens.count; i++)
        last = m->tokens.entries[i].id > last ? m->tokens.entries[i].id : last;
    for (size_t i = 0; i < t->added.count; i++)
        last = t->added.items[i].id > last ? t->added.items[i].id : last;
    if (last < 0 || last > INT32_MAX - 4096)
        return FAIL(error, SMAC_ERROR_FORMAT, "the largest id is %lld", (long long)last);
    TRY(add_timestamps(t, (int32_t)last, error));
    for (size_t i = 0; i < t->added.count; i++)
        last = t->added.items[i].id > last ? t->added.items[i].id : last;
    known += t->added.count;
    /* With more ids than tokens one of the first `known` ids has none, so the table need not be larger than that. */
    size_t size = (size_t)last + 1 < known ? (size_t)last + 1 : known;
    t->tokens = memory_new(size + 1, sizeof *t->tokens);
    t->special = memory_new(size + 1, 1);
    if (!t->tokens || !t->special)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", size);
    for (size_t i = 0; i < m->tokens.count; i++)
        if ((size_t)m->tokens.entries[i].id < size)
            TRY(set_token(t, m->tokens.entries[i].id, vocabulary_spelling(&m->tokens, i), error));
    for (int32_t i = 0; pieces && i < sentencepiece_size(m->processor); i++) {
        TRY(set_token(t, i, sentencepiece_piece(m->processor, i), error));
        t->special[i] = sentencepiece_is_control(m->processor, i);
    }
    for (size_t i = 0; i < t->added.count; i++) {
        const added_token *a = &t->added.items[i];
        int32_t own = model_find(m, a->content, strlen(a->content));
        if (own >= 0 && own != a->id)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "the added token \"%.100s\" has the id %d, but the vocabulary has it as %d", a->content, a->id, own);
        if ((size_t)a->id >= size)
            continue;
        TRY(set_token(t, a->id, a->content, error));
        t->special[a->id] |= a->special;
    }
    for (size_t i = 0; i < size; i++)
        if (!t->tokens[i])
            return FAIL(error, SMAC_ERROR_FORMAT,
                "the vocabulary has a hole: no token has the id %zu, but there are ids up to %lld", i, (long long)last);
    if ((size_t)last >= size)
        return FAIL(error, SMAC_ERROR_FORMAT, "the vocabulary has holes: %zu tokens, but ids up to %lld", known,
            (long long)last);
    t->size = (int32_t)size;
    for (int32_t i = t->first_timestamp; i >= 0 && i < t->size && strncmp(t->tokens[i], "<|", 2) == 0; i++)
        t->special[i] |= isdigit((unsigned char)t->tokens[i][2]) != 0;
    return SMAC_OK;
}

/* Whether the template for a single text has this id, before or after the text. */
static bool in_template(const tokenizer *t, int32_t id)
{
    for (size_t i = 0; i < t->post.single.count; i++)
        if (t->post.single.items[i].sequence < 0 && t->post.single.items[i].id == id)
            return true;
    return false;
}

static int32_t first_known(const tokenizer *t, const char *const *names)
{
    for (; *names; names++) {
        int32_t id = tokenizer_id(t, *names);
        if (id >= 0)
            return id;
    }
    return -1;
}

/* Special tokens: as the files name them, else by the names that the families use. */
static smac_status find_special(tokenizer *t, const json_t *named, smac_error *error)
{
    static const struct {
        const char *name;
        size_t offset;
        const char *usual[4];
    } roles[] = {
        {"cls", offsetof(tokenizer_special, cls), {"[CLS]", "<cls>"}},
        {"sep", offsetof(tokenizer_special, sep), {"[SEP]", "<sep>"}},
        {"pad", offsetof(tokenizer_special, pad), {"[PAD]", "<pad>"}},
        {"mask", offsetof(tokenizer_special, mask), {"[MASK]", "<mask>"}},
        {"bos", offsetof(tokenizer_special, bos), {"<s>", "<|endoftext|>"}},
        {"eos", offsetof(tokenizer_special, eos), {"</s>", "<|endoftext|>"}},
        {"unk", offsetof(tokenizer_special, unk), {"[UNK]", "<unk>"}},
    };
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const char *spelling;
        int32_t *id = (int32_t *)((char *)&t->special_ids + roles[i].offset);
        TRY(json_get_text(named, roles[i].name, false, &spelling, error));
        *id = -1;
        if (spelling) {
            *id = tokenizer_id(t, spelling);
            if (*id < 0)
                return FAIL(error, SMAC_ERROR_FORMAT, "the %s token \"%.100s\" is not in the vocabulary", roles[i].name,
                    spelling);
        } else
            *id = first_known(t, roles[i].usual);
    }
    tokenizer_special *s = &t->special_ids;
    if (t->model.unknown_id >= 0)
        s->unk = t->model.unknown_id;
    /* RoBERTa's and MPNet's: <s> and </s> are cls and sep. */
    int32_t begin = tokenizer_id(t, "<s>"), end = tokenizer_id(t, "</s>");
    if (s->cls < 0 && begin >= 0 && in_template(t, begin))
        s->cls = begin;
    if (s->sep < 0 && end >= 0 && s->cls >= 0 && in_template(t, end))
        s->sep = end;
    return SMAC_OK;
}

static smac_status read_own(tokenizer *t, const json_t *root, smac_error *error)
{
    const json_t *own = json_object_get(root, "semanticmac"), *padding = json_object_get(root, "padding");
    const char *direction;
    int64_t type;
    if (json_is_object(padding)) {
        TRY(json_get_text(padding, "direction", false, &direction, error));
        TRY(json_get_integer(padding, "pad_type_id", 0, &type, error));
        t->pads_left = direction && strcmp(direction, "Left") == 0;
        t->pad_type = type >= 0 && type < 1000 ? (int32_t)type : 0;
    }
    if (own && !json_is_object(own))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"semanticmac\" is not a JSON object");
    if (own) {
        TRY(json_allow_members(own, "\"semanticmac\"", "special max_length pad_left pad_type", error));
        TRY(json_get_integer(own, "max_length", 0, &t->max_length, error));
        TRY(json_get_bool(own, "pad_left", t->pads_left, &t->pads_left, error));
        TRY(json_get_integer(own, "pad_type", t->pad_type, &type, error));
        if (t->max_length < 0 || type < 0 || type > 1000)
            return FAIL(error, SMAC_ERROR_FORMAT, "max_length or pad_type of \"semanticmac\" is out of range");
        t->pad_type = (int32_t)type;
    }
    return find_special(t, json_object_get(own, "special"), error);
}

static smac_status read_parts(tokenizer *t, const json_t *root, smac_error *error)
{
    TRY(json_allow_members(root, "the tokenizer",
        "version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model semanticmac",
        error));
    TRY(model_read(json_object_get(root, "model"), &t->model, error));
    TRY(normalizer_read(json_object_get(root, "normalizer"), &t->normalize, error));
    TRY(pretokenizer_read(json_object_get(root, "pre_tokenizer"), &t->split, error));
    TRY(added_read(json_object_get(root, "added_tokens"), &t->added, error));
    TRY(fill_table(t, error));
    TRY(added_prepare(&t->added, &t->normalize, error));
    TRY(post_read(json_object_get(root, "post_processor"), t->size, &t->post, error));
    TRY(decoder_read(json_object_get(root, "decoder"), &t->decode, error));
    TRY(read_own(t, root, error));
    t->source = json_dump_text(root, JSON_COMPACT);
    if (!t->source)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the tokenizer's text");
    t->source_length = strlen(t->source);
    return SMAC_OK;
}

smac_status tokenizer_from_json(const json_t *root, tokenizer **out, smac_error *error)
{
    *out = NULL;
    tokenizer *t = memory_new(1, sizeof *t);
    if (!t)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tokenizer");
    smac_status status = read_parts(t, root, error);
    if (status != SMAC_OK) {
        tokenizer_close(t);
        return status;
    }
    *out = t;
    return SMAC_OK;
}
