/* text/tokenizer.c - looking things up in an open tokenizer, decoding, writing it down, closing. */
#include "text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/tokenizer_parts.h"
#include "text/unicode.h"

void tokenizer_close(tokenizer *t)
{
    if (!t)
        return;
    normalizer_free(&t->normalize);
    pretokenizer_free(&t->split);
    added_free(&t->added);
    post_free(&t->post);
    decoder_free(&t->decode);
    model_free(&t->model);
    free(t->tokens);
    free(t->special);
    free(t->source);
    free(t);
}

smac_status tokenizer_serialise(const tokenizer *t, char **text, size_t *length, smac_error *error)
{
    *text = memory_copy_text_n(t->source, t->source_length);
    if (!*text)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu bytes", t->source_length);
    if (length)
        *length = t->source_length;
    return SMAC_OK;
}

tokenizer_special tokenizer_special_ids(const tokenizer *t)
{
    return t->special_ids;
}

int32_t tokenizer_size(const tokenizer *t)
{
    return t->size;
}

const char *tokenizer_kind(const tokenizer *t)
{
    switch (t->model.kind) {
    case MODEL_WORDPIECE:
        return "WordPiece";
    case MODEL_BPE:
        return "BPE";
    case MODEL_UNIGRAM:
        return "Unigram";
    case MODEL_WORD_LEVEL:
        return "WordLevel";
    case MODEL_SENTENCEPIECE:
        break;
    }
    return "SentencePiece";
}

bool tokenizer_pads_left(const tokenizer *t)
{
    return t->pads_left;
}

int32_t tokenizer_pad_type(const tokenizer *t)
{
    return t->pad_type;
}

int64_t tokenizer_max_length(const tokenizer *t)
{
    return t->max_length;
}

int32_t tokenizer_id(const tokenizer *t, const char *token)
{
    const added_token *a = added_by_name(&t->added, token, strlen(token));
    return a ? a->id : model_find(&t->model, token, strlen(token));
}

const char *tokenizer_token(const tokenizer *t, int32_t id)
{
    return id >= 0 && id < t->size ? t->tokens[id] : NULL;
}

bool tokenizer_is_special(const tokenizer *t, int32_t id)
{
    return id >= 0 && id < t->size && t->special[id];
}

int32_t tokenizer_first_timestamp(const tokenizer *t)
{
    return t->first_timestamp;
}

static smac_status check_ids(const tokenizer *t, const int32_t *ids, size_t count, smac_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] < 0 || ids[i] >= t->size)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "the id %d at place %zu is not in the vocabulary of %d tokens",
                ids[i], i, t->size);
    return SMAC_OK;
}

/* Hand a buffer's bytes to the caller; an empty text too is allocated. */
static smac_status give(text_buffer *b, char **text, size_t *length, smac_error *error)
{
    text_add(b, "");
    if (b->failed) {
        text_free(b);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the decoded text");
    }
    *text = b->data;
    if (length)
        *length = b->length;
    return SMAC_OK;
}

smac_status tokenizer_decode(const tokenizer *t, const int32_t *ids, size_t count, bool skip_special, char **text,
    size_t *length, smac_error *error)
{
    *text = NULL;
    TRY(check_ids(t, ids, count, error));
    const char **tokens = memory_new(count + 1, sizeof *tokens);
    if (!tokens)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", count);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (!skip_special || !t->special[ids[i]])
            tokens[n++] = t->tokens[ids[i]];
    text_buffer b = {0};
    smac_status status = decoder_apply(&t->decode, tokens, n, &b, error);
    free(tokens);
    if (status != SMAC_OK) {
        text_free(&b);
        return status;
    }
    return give(&b, text, length, error);
}

static bool has_byte_level(const tokenizer *t)
{
    for (size_t i = 0; i < t->split.count; i++)
        if (t->split.steps[i].kind == PRETOKENIZER_BYTE_LEVEL)
            return true;
    return false;
}

smac_status tokenizer_decode_bytes(const tokenizer *t, const int32_t *ids, size_t count, bool skip_special,
    char **bytes, size_t *length, smac_error *error)
{
    *bytes = NULL;
    TRY(check_ids(t, ids, count, error));
    text_buffer b = {0};
    bool byte_level = has_byte_level(t);
    for (size_t i = 0; i < count; i++) {
        if (skip_special && t->special[ids[i]])
            continue;
        const char *token = t->tokens[ids[i]];
        size_t size = strlen(token), before = b.length;
        bool letters = byte_level;
        for (size_t at = 0; at < size && letters;) {
            int byte = byte_level_byte(utf8_next(token, size, &at));
            letters = byte >= 0;
            if (letters)
                text_add_char(&b, (char)byte);
        }
        if (!letters) {
            b.length = before;
            text_add_n(&b, token, size);
        }
    }
    return give(&b, bytes, length, error);
}
