/* text/post.c - reading post-processors. */
#include "text/post.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "text/part.h"

typedef struct post_reader {
    int32_t size;
    post_processor *out;
} post_reader;

static smac_status add(template_list *l, int sequence, int32_t id, int64_t type, smac_error *error)
{
    if (type < 0 || type > 1000)
        return FAIL(error, SMAC_ERROR_FORMAT, "the type_id %lld is not between 0 and 1000", (long long)type);
    if (!memory_grow((void **)&l->items, &l->capacity, l->count + 1, sizeof *l->items))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a template");
    l->items[l->count++] = (template_piece){sequence, id, (int32_t)type};
    return SMAC_OK;
}

static smac_status check_id(const post_reader *r, int64_t id, const char *token, smac_error *error)
{
    if (id < 0 || id >= r->size)
        return FAIL(error, SMAC_ERROR_FORMAT, "the special token \"%.100s\" has the id %lld, there are %d tokens",
            token, (long long)id, r->size);
    return SMAC_OK;
}

/* ["[SEP]", 102] */
static smac_status read_pair(
    const post_reader *r, const json_t *value, const char *name, int32_t *id, smac_error *error)
{
    const json_t *pair = json_object_get(value, name);
    const json_t *token = json_array_get(pair, 0), *number = json_array_get(pair, 1);
    if (json_array_size(pair) != 2 || !json_is_string(token) || !json_is_integer(number))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" is not a pair of a token and its id", name);
    TRY(check_id(r, json_integer_value(number), json_string_value(token), error));
    *id = (int32_t)json_integer_value(number);
    return SMAC_OK;
}

/* cls A sep, and cls A sep B sep; RoBERTa's with two sep between and one type for all. */
static smac_status read_bert(post_reader *r, const json_t *value, bool roberta, smac_error *error)
{
    int32_t sep, cls, second = roberta ? 0 : 1;
    post_processor *p = r->out;
    TRY(read_pair(r, value, "sep", &sep, error));
    TRY(read_pair(r, value, "cls", &cls, error));
    for (int pair = 0; pair < 2; pair++) {
        template_list *l = pair ? &p->pair : &p->single;
        TRY(add(l, -1, cls, 0, error));
        TRY(add(l, 0, 0, 0, error));
        TRY(add(l, -1, sep, 0, error));
        if (pair && roberta)
            TRY(add(l, -1, sep, 0, error));
        if (pair) {
            TRY(add(l, 1, 0, second, error));
            TRY(add(l, -1, sep, second, error));
        }
    }
    p->has_template = true;
    return SMAC_OK;
}

static smac_status read_template(
    post_reader *r, const json_t *list, const json_t *tokens, template_list *out, bool pair, smac_error *error)
{
    int seen[2] = {0, 0};
    if (!json_is_array(list))
        return FAIL(error, SMAC_ERROR_FORMAT, "\"%s\" is missing or no list", pair ? "pair" : "single");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *piece = json_array_get(list, i);
        const json_t *sequence = json_object_get(piece, "Sequence"), *token = json_object_get(piece, "SpecialToken");
        const json_t *value = sequence ? sequence : token;
        const char *id;
        int64_t type;
        if (!value)
            return FAIL(
                error, SMAC_ERROR_FORMAT, "piece %zu of a template is neither a Sequence nor a SpecialToken", i);
        TRY(json_get_text(value, "id", true, &id, error));
        TRY(json_get_integer(value, "type_id", 0, &type, error));
        if (sequence) {
            if (strcmp(id, "A") != 0 && !(pair && strcmp(id, "B") == 0))
                return FAIL(error, SMAC_ERROR_FORMAT, "a template names the sequence \"%.40s\", expected A%s", id,
                    pair ? " or B" : "");
            int which = *id == 'B';
            seen[which]++;
            TRY(add(out, which, 0, type, error));
            continue;
        }
        const json_t *ids = json_object_get(json_object_get(tokens, id), "ids");
        if (!json_is_array(ids))
            return FAIL(error, SMAC_ERROR_FORMAT, "the template's token \"%.100s\" is not in \"special_tokens\"", id);
        for (size_t k = 0; k < json_array_size(ids); k++) {
            if (!json_is_integer(json_array_get(ids, k)))
                return FAIL(
                    error, SMAC_ERROR_FORMAT, "the template's token \"%.100s\" has an id that is not a number", id);
            int64_t number = json_integer_value(json_array_get(ids, k));
            TRY(check_id(r, number, id, error));
            TRY(add(out, -1, (int32_t)number, type, error));
        }
    }
    if (seen[0] != 1 || seen[1] != (pair ? 1 : 0))
        return FAIL(error, SMAC_ERROR_FORMAT, "the template \"%s\" does not have each of its texts once",
            pair ? "pair" : "single");
    return SMAC_OK;
}

enum { POST_BYTE_LEVEL, POST_BERT, POST_ROBERTA, POST_TEMPLATE };

static const part_kind kinds[] = {
    {"ByteLevel", POST_BYTE_LEVEL, "add_prefix_space trim_offsets use_regex"},
    {"BertProcessing", POST_BERT, "sep cls"},
    {"RobertaProcessing", POST_ROBERTA, "sep cls trim_offsets add_prefix_space"},
    {"TemplateProcessing", POST_TEMPLATE, "single pair special_tokens"},
    {NULL, 0, NULL},
};

static smac_status read_step(void *user, int kind, const json_t *value, smac_error *error)
{
    post_reader *r = user;
    post_processor *p = r->out;
    if (kind != POST_BYTE_LEVEL && p->has_template)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "two post_processors that add special tokens are not supported");
    if (kind == POST_BYTE_LEVEL || kind == POST_ROBERTA) {
        TRY(json_get_bool(value, "trim_offsets", true, &p->trim_offsets, error));
        TRY(json_get_bool(value, "add_prefix_space", true, &p->add_prefix_space, error));
    }
    if (kind == POST_BERT || kind == POST_ROBERTA)
        return read_bert(r, value, kind == POST_ROBERTA, error);
    if (kind == POST_TEMPLATE) {
        const json_t *tokens = json_object_get(value, "special_tokens");
        TRY(read_template(r, json_object_get(value, "single"), tokens, &p->single, false, error));
        TRY(read_template(r, json_object_get(value, "pair"), tokens, &p->pair, true, error));
        p->has_template = true;
    }
    return SMAC_OK;
}

smac_status post_read(const json_t *value, int32_t size, post_processor *out, smac_error *error)
{
    static const part_format format = {"post_processor", "processors", kinds, read_step};
    post_reader r = {size, out};
    TRY(part_read(&format, value, &r, error));
    if (!out->has_template) {
        TRY(add(&out->single, 0, 0, 0, error));
        TRY(add(&out->pair, 0, 0, 0, error));
        TRY(add(&out->pair, 1, 0, 1, error));
    }
    return SMAC_OK;
}

void post_free(post_processor *p)
{
    free(p->single.items);
    free(p->pair.items);
    memset(p, 0, sizeof *p);
}
