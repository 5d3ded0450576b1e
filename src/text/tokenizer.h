/*
 * text/tokenizer.h - words to token ids and back: WordPiece, byte-level BPE, SentencePiece unigram and BPE, word level.
 *
 * One interface for all families.  A tokenizer is read from the published files and gives the same ids as the public
 * Python packages (tokenizers 0.22, sentencepiece).  An unsupported feature of a file is refused by its name
 * (SMAC_ERROR_UNSUPPORTED), never approximated.
 *
 * Texts are bytes that should be UTF-8; a malformed sequence reads as U+FFFD, as Python's errors="replace" decodes it.
 * An open tokenizer is immutable: any number of threads may encode with it.
 */
#ifndef SMAC_TEXT_TOKENIZER_H
#define SMAC_TEXT_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct tokenizer tokenizer;

/*
 * Open by path: a Hugging Face folder, a tokenizer.json, a vocab.txt (WordPiece) or a SentencePiece .model.
 * In a folder the first of these is read: tokenizer.json; vocab.txt; vocab.json with merges.txt; spiece.model,
 * sentencepiece.bpe.model, spm.model or tokenizer.model.  tokenizer_config.json, special_tokens_map.json,
 * added_tokens.json and config.json in the same folder, if present, name the special tokens and, where the file itself
 * does not, lower-casing and the family.
 * Errors: NOT_FOUND (none of these files), FORMAT (missing or duplicate ids, merges of unknown tokens, no unknown token
 * where one is needed, ...), UNSUPPORTED (the part is named), MEMORY, IO.
 */
smac_status tokenizer_open(const char *path, tokenizer **out, smac_error *error);

/* Open from memory: what tokenizer_serialise wrote, the text of a tokenizer.json, or the bytes of a .model file. */
smac_status tokenizer_open_memory(const void *data, size_t size, tokenizer **out, smac_error *error);

/* A WordPiece tokenizer like BERT's from a list of tokens (the index is the id), which must contain [UNK], [CLS], [SEP]
 * and [PAD]. */
smac_status tokenizer_open_wordpiece(
    const char *const *tokens, size_t count, bool lower_case, tokenizer **out, smac_error *error);

/*
 * Everything needed to open it again, as one UTF-8 text without NUL bytes (JSON; a .model file is stored as base64),
 * for the metadata of a model file.  Free *text with free(); length may be NULL.
 */
smac_status tokenizer_serialise(const tokenizer *t, char **text, size_t *length, smac_error *error);

void tokenizer_close(tokenizer *t); /* NULL is fine */

/* Ids of the special tokens, -1 where the tokenizer has none. */
typedef struct tokenizer_special {
    int32_t cls, sep, pad, mask, bos, eos, unk;
} tokenizer_special;

tokenizer_special tokenizer_special_ids(const tokenizer *t);
int32_t tokenizer_size(const tokenizer *t);       /* number of ids, added tokens included: ids are 0..size-1 */
const char *tokenizer_kind(const tokenizer *t);   /* "WordPiece", "BPE", "Unigram", "WordLevel", "SentencePiece" */
bool tokenizer_pads_left(const tokenizer *t);     /* XLNet: padding comes before the text */
int32_t tokenizer_pad_type(const tokenizer *t);   /* the token type of padding (XLNet 3, others 0) */
int64_t tokenizer_max_length(const tokenizer *t); /* the longest input by its files; 0: they state none */

/* The id of a token spelled as in the vocabulary (added tokens first), or -1. */
int32_t tokenizer_id(const tokenizer *t, const char *token);
/* The token's spelling, valid as long as the tokenizer; NULL for an id outside the vocabulary. */
const char *tokenizer_token(const tokenizer *t, int32_t id);
/* Whether the id is a special token ([CLS], <pad>, <|en|>, a time stamp, ...). */
bool tokenizer_is_special(const tokenizer *t, int32_t id);
/* Whisper: the id of <|0.00|>, each further id 0.02 s later, to <|30.00|>; -1 for other tokenizers. */
int32_t tokenizer_first_timestamp(const tokenizer *t);

/* Bytes that need no closing NUL (and may hold NULs). */
typedef struct text_span {
    const char *data;
    size_t length;
} text_span;

text_span text_span_of(const char *text); /* the whole of a NUL-terminated text; NULL gives an empty one */

/*
 * How to encode.  Zero-initialised: the text alone with its special tokens, not cut.
 *
 * Context (what was said before, oldest first) comes before the text: [CLS] c1 [SEP] c2 [SEP] text [SEP] for BERT, in
 * general the tokenizer's template for pairs with the context, its parts joined by the separator token, as first and
 * the text as second (so a single context gives what the Python packages give for a pair; with a tokenizer that has
 * no separator the eos token joins, and without one nothing does).
 * max_length counts special tokens.  What is too long loses the oldest context tokens first; when the context is gone
 * (the template is then the one for a single text) the end of the text.
 */
typedef struct encode_options {
    const text_span *context; /* context_count texts, may be NULL when 0 */
    size_t context_count;
    int64_t max_length;     /* 0: as long as it gets */
    bool no_special_tokens; /* leave out the template's special tokens */
} encode_options;

/* Which text a token is from: its number in context, or context_count for the text itself; -1 for special tokens. */
typedef struct token_place {
    int32_t text;
    size_t start, end; /* bytes of that text, as given (before normalisation); 0, 0 for special tokens */
} token_place;

/* count entries in each array; all are one allocation, freed with token_encoding_free. */
typedef struct token_encoding {
    size_t count;
    int32_t *ids;
    int32_t *types;   /* token type ids by the template */
    uint8_t *mask;    /* attention mask: 1; 0 only for padding */
    uint8_t *special; /* 1 for tokens that the template or padding added */
    token_place *places;
    size_t cut; /* tokens of text and context that were cut by max_length */
} token_encoding;

/* options may be NULL.  Errors: ARGUMENT when max_length has no room for the special tokens, MEMORY, FORMAT when the
 * text needs the unknown token and the tokenizer has none. */
smac_status tokenizer_encode(
    const tokenizer *t, text_span text, const encode_options *options, token_encoding *out, smac_error *error);
void token_encoding_free(token_encoding *e); /* an empty one is fine */

/*
 * Ids to text by the tokenizer's decoder; byte-level tokens that together are not UTF-8 give U+FFFD.  skip_special
 * leaves special tokens out.  An id outside the vocabulary is an ARGUMENT error.  Free *text with free(); it has a
 * closing NUL.  length may be NULL.
 */
smac_status tokenizer_decode(const tokenizer *t, const int32_t *ids, size_t count, bool skip_special, char **text,
    size_t *length, smac_error *error);
/*
 * The bytes of the tokens as the vocabulary spells them, joined without any cleaning: byte-level tokens as their raw
 * bytes (part of a character stays part of one), others as written.  For streaming and for words with times.
 */
smac_status tokenizer_decode_bytes(const tokenizer *t, const int32_t *ids, size_t count, bool skip_special,
    char **bytes, size_t *length, smac_error *error);

/*
 * A WordPiece vocabulary of at most size tokens from a corpus, deterministic: [PAD] [UNK] [CLS] [SEP] [MASK], then
 * every character (alone and as ## continuation, the most frequent first), then the most frequent whole words, then
 * the most frequent pieces (word beginnings and ## endings) as long as there is room.  The texts are normalised and
 * split as BERT's (lower_case: lower-cased, accents stripped).  size must be at least 6.
 * *tokens is count strings and one allocation: free(*tokens).
 */
smac_status wordpiece_vocabulary_build(const text_span *texts, size_t count, size_t size, bool lower_case,
    char ***tokens, size_t *token_count, smac_error *error);

#endif
