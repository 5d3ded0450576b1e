/* text/model.c - what the models share: reading vocabularies, buffers, the choice of the model. */
#include "text/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/spm_file.h"
#include "text/unicode.h"

void token_add(token_list *l, int32_t id, uint32_t start, uint32_t end)
{
    if (l->failed || !memory_grow((void **)&l->items, &l->capacity, l->count + 1, sizeof *l->items)) {
        l->failed = true;
        return;
    }
    l->items[l->count++] = (token_item){id, start, end};
}

void model_work_free(model_work *w)
{
    free(w->bytes);
    free(w->at);
    free(w->symbols);
    free(w->heap);
    free(w->path);
    *w = (model_work){0};
}

smac_status model_work_spell(model_work *w, const aligned_char *items, size_t count, smac_error *error)
{
    if (!memory_grow((void **)&w->bytes, &w->byte_capacity, count * 4 + 4, 1) ||
        !memory_grow((void **)&w->at, &w->at_capacity, count + 1, sizeof *w->at))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a piece of %zu characters", count);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        w->at[i] = (uint32_t)n;
        n += (size_t)utf8_put(items[i].code, w->bytes + n);
    }
    w->at[count] = (uint32_t)n;
    w->byte_count = n;
    return SMAC_OK;
}

/* "vocab" as an object from token to id. */
static smac_status read_vocabulary(const json_t *value, model *out, smac_error *error)
{
    const json_t *vocab = json_object_get(value, "vocab");
    const char *token;
    json_t *id;
    if (!json_is_object(vocab) || json_object_size(vocab) == 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "\"vocab\" is missing, empty or no object from token to id");
    json_object_foreach((json_t *)vocab, token, id)
    {
        if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) >= INT32_MAX)
            return FAIL(error, SMAC_ERROR_FORMAT, "the id of the token \"%.100s\" is not a whole number from 0 to %d",
                token, INT32_MAX - 1);
        TRY(vocabulary_add(&out->tokens, token, strlen(token), (int32_t)json_integer_value(id), error));
    }
    return SMAC_OK;
}

static smac_status read_unknown(const json_t *value, bool needed, model *out, smac_error *error)
{
    const char *text;
    out->unknown_id = -1;
    TRY(json_get_text(value, "unk_token", false, &text, error));
    if (!text)
        return needed ? FAIL(error, SMAC_ERROR_FORMAT,
                            "the model has no \"unk_token\", expected one of its tokens for "
                            "the words that are not in the vocabulary")
                      : SMAC_OK;
    out->unknown = memory_copy_text(text);
    if (!out->unknown)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a token");
    out->unknown_id = vocabulary_find(&out->tokens, text, strlen(text));
    if (needed && out->unknown_id < 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "the unknown token \"%.100s\" is not in the vocabulary", text);
    return SMAC_OK;
}

static smac_status read_affix(
    const json_t *value, const char *name, const char *otherwise, char **out, smac_error *error)
{
    const char *text;
    TRY(json_get_text(value, name, false, &text, error));
    *out = memory_copy_text(text ? text : otherwise);
    return *out ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for \"%s\"", name);
}

static smac_status read_wordpiece(const json_t *value, model *out, smac_error *error)
{
    int64_t longest;
    TRY(json_allow_members(
        value, "it", "type unk_token continuing_subword_prefix max_input_chars_per_word vocab", error));
    TRY(read_vocabulary(value, out, error));
    TRY(read_unknown(value, true, out, error));
    TRY(read_affix(value, "continuing_subword_prefix", "##", &out->prefix, error));
    TRY(json_get_integer(value, "max_input_chars_per_word", 100, &longest, error));
    if (longest < 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "max_input_chars_per_word is %lld", (long long)longest);
    out->longest_word = (size_t)longest;
    return SMAC_OK;
}

static smac_status read_word_level(const json_t *value, model *out, smac_error *error)
{
    TRY(json_allow_members(value, "it", "type vocab unk_token", error));
    TRY(read_vocabulary(value, out, error));
    return read_unknown(value, false, out, error);
}

static smac_status read_bpe(const json_t *value, model *out, smac_error *error)
{
    const json_t *merges = json_object_get(value, "merges"), *dropout = json_object_get(value, "dropout");
    TRY(json_allow_members(value, "it",
        "type dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback "
        "ignore_merges vocab merges",
        error));
    if (dropout && !json_is_null(dropout) && !(json_is_number(dropout) && json_number_value(dropout) == 0))
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "\"dropout\" is not supported: it makes the ids random");
    TRY(read_vocabulary(value, out, error));
    TRY(read_unknown(value, false, out, error));
    TRY(read_affix(value, "continuing_subword_prefix", "", &out->prefix, error));
    TRY(read_affix(value, "end_of_word_suffix", "", &out->suffix, error));
    TRY(json_get_bool(value, "fuse_unk", false, &out->fuse_unknown, error));
    TRY(json_get_bool(value, "byte_fallback", false, &out->byte_fallback, error));
    TRY(json_get_bool(value, "ignore_merges", false, &out->ignore_merges, error));
    TRY(bpe_read_merges(merges, out, error));
    for (int i = 0; i < 256; i++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", i);
        out->byte_ids[i] = vocabulary_find(&out->tokens, name, strlen(name));
    }
    out->char_ids = memory_new(MODEL_CHARS, sizeof *out->char_ids);
    if (!out->char_ids)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a table of characters");
    for (uint32_t c = 0; c < MODEL_CHARS; c++) {
        char bytes[4];
        out->char_ids[c] = vocabulary_find(&out->tokens, bytes, (size_t)utf8_put(c, bytes));
    }
    return SMAC_OK;
}

static smac_status read_sentencepiece(const json_t *value, model *out, smac_error *error)
{
    const char *text;
    unsigned char *bytes = NULL;
    size_t size = 0;
    TRY(json_allow_members(value, "it", "type data", error));
    TRY(json_get_text(value, "data", true, &text, error));
    TRY(base64_read(text, &bytes, &size, error));
    smac_status status = spm_file_check(bytes, size, error);
    if (status == SMAC_OK)
        status = sentencepiece_open(bytes, size, &out->processor, error);
    free(bytes);
    TRY(status);
    out->unknown_id = sentencepiece_unknown(out->processor);
    return SMAC_OK;
}

smac_status model_read(const json_t *value, model *out, smac_error *error)
{
    static const struct {
        const char *name;
        model_kind kind;
        smac_status (*read)(const json_t *value, model *out, smac_error *error);
    } kinds[] = {
        {"WordPiece", MODEL_WORDPIECE, read_wordpiece},
        {"BPE", MODEL_BPE, read_bpe},
        {"Unigram", MODEL_UNIGRAM, unigram_read},
        {"WordLevel", MODEL_WORD_LEVEL, read_word_level},
        {"SentencePiece", MODEL_SENTENCEPIECE, read_sentencepiece},
    };
    const char *type = NULL;
    memset(out, 0, sizeof *out);
    out->unknown_id = -1;
    if (json_is_object(value))
        TRY(json_get_text(value, "type", false, &type, error));
    else
        return FAIL(error, SMAC_ERROR_FORMAT, "\"model\" is missing or no JSON object");
    if (!type) /* old versions do not write the type */
        type = json_object_get(value, "merges")                   ? "BPE"
            : json_is_array(json_object_get(value, "vocab"))      ? "Unigram"
            : json_object_get(value, "continuing_subword_prefix") ? "WordPiece"
                                                                  : "WordLevel";
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(type, kinds[i].name) == 0) {
            out->kind = kinds[i].kind;
            return error_context(error, kinds[i].read(value, out, error), "model %s", type);
        }
    return FAIL(error, SMAC_ERROR_UNSUPPORTED, "the model \"%.80s\" is not supported", type);
}

void model_free(model *m)
{
    vocabulary_free(&m->tokens);
    free(m->unknown);
    free(m->prefix);
    free(m->suffix);
    pair_table_free(&m->merges);
    free(m->char_ids);
    free(m->scores);
    byte_trie_free(&m->trie);
    sentencepiece_close(m->processor);
    memset(m, 0, sizeof *m);
}

int32_t model_find(const model *m, const char *token, size_t length)
{
    if (m->kind != MODEL_SENTENCEPIECE)
        return vocabulary_find(&m->tokens, token, length);
    return sentencepiece_find(m->processor, token, length);
}

/* What sentencepiece gives is in bytes of the spelled piece; back to characters. */
typedef struct piece_receiver {
    const aligned_char *items;
    const model_work *w;
    size_t count, at;
    token_list *out;
} piece_receiver;

static smac_status receive(void *user, int32_t id, size_t begin, size_t end)
{
    piece_receiver *r = user;
    while (r->at > 0 && r->w->at[r->at] > begin)
        r->at--;
    while (r->at + 1 < r->count && r->w->at[r->at + 1] <= begin)
        r->at++;
    size_t last = r->at;
    while (last + 1 < r->count && r->w->at[last + 1] < end)
        last++;
    uint32_t start = r->items[r->at].start;
    token_add(r->out, id, start, end > begin ? r->items[last].end : start);
    return r->out->failed ? SMAC_ERROR_MEMORY : SMAC_OK;
}

smac_status model_encode(
    const model *m, const aligned_char *items, size_t count, model_work *w, token_list *out, smac_error *error)
{
    smac_status status;
    if (m->kind == MODEL_BPE)
        status = bpe_encode(m, items, count, w, out, error);
    else if (m->kind == MODEL_UNIGRAM)
        status = unigram_encode(m, items, count, w, out, error);
    else if (m->kind == MODEL_WORDPIECE)
        status = wordpiece_encode(m, items, count, w, out, error);
    else {
        TRY(model_work_spell(w, items, count, error));
        if (m->kind == MODEL_SENTENCEPIECE) {
            piece_receiver r = {items, w, count, 0, out};
            TRY(sentencepiece_encode(m->processor, w->bytes, w->byte_count, receive, &r, error));
            status = SMAC_OK;
        } else {
            int32_t id = vocabulary_find(&m->tokens, w->bytes, w->byte_count);
            if (id < 0)
                id = m->unknown_id;
            if (id < 0)
                return FAIL(error, SMAC_ERROR_FORMAT,
                    "the text has a word that is not in the vocabulary, and there is no unknown token");
            token_add(out, id, items[0].start, items[count - 1].end);
            status = SMAC_OK;
        }
    }
    if (status == SMAC_OK && out->failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", out->count);
    return status;
}
