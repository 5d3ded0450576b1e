/* text/model.h - the models of a tokenizer.json: one piece of text to token ids. */
#ifndef SMAC_TEXT_MODEL_H
#define SMAC_TEXT_MODEL_H

#include <jansson.h>

#include "text/aligned.h"
#include "text/sentencepiece.h"
#include "text/vocabulary.h"

typedef enum model_kind {
    MODEL_WORDPIECE,
    MODEL_BPE,
    MODEL_UNIGRAM,
    MODEL_WORD_LEVEL,
    MODEL_SENTENCEPIECE /* a .model file through libsentencepiece; a kind of our own in the JSON */
} model_kind;

/* A trie over bytes: (node, byte) to node in an open-addressed table. */
typedef struct byte_trie {
    uint64_t *keys; /* (node << 8 | byte) + 1, 0: free */
    uint32_t *children;
    size_t slot_count, used;
    int32_t *ids; /* by node; -1: no token ends here */
    size_t node_count, node_capacity;
} byte_trie;

typedef struct model {
    model_kind kind;
    vocabulary tokens; /* SentencePiece: empty, libsentencepiece knows them */
    char *unknown;     /* spelling of the unknown token, NULL: none */
    int32_t unknown_id;
    char *prefix;        /* WordPiece, BPE: prefix of pieces that continue a word; never NULL */
    char *suffix;        /* BPE: at the end of a word; never NULL */
    size_t longest_word; /* WordPiece: characters */
    bool fuse_unknown, byte_fallback, ignore_merges;
    int32_t byte_ids[256]; /* of <0x00> .. <0xFF>, -1: not there */
    pair_table merges;
    int32_t *char_ids; /* BPE: ids of the one-character tokens below MODEL_CHARS */
    double *scores;    /* Unigram, by id */
    double unknown_score;
    byte_trie trie;
    sentencepiece_model *processor;
} model;

#define MODEL_CHARS 0x400

typedef struct token_item {
    int32_t id;
    uint32_t start, end; /* bytes of the text as given */
} token_item;

typedef struct token_list {
    token_item *items;
    size_t count, capacity;
    bool failed;
} token_list;

void token_add(token_list *l, int32_t id, uint32_t start, uint32_t end);

/* Buffers of one thread, zero-initialised and reused for every piece. */
typedef struct bpe_symbol {
    int32_t id; /* -1: merged away */
    int32_t before, after;
    uint32_t start, end;
} bpe_symbol;

typedef struct bpe_candidate {
    int32_t rank, at, id;
} bpe_candidate;

typedef struct path_node {
    double score;
    size_t from; /* character; SIZE_MAX: not reached */
    int32_t id;
} path_node;

typedef struct model_work {
    char *bytes; /* the piece in UTF-8 */
    size_t byte_count, byte_capacity;
    uint32_t *at; /* byte where each character starts, and the end */
    size_t at_capacity;
    bpe_symbol *symbols;
    size_t symbol_capacity;
    bpe_candidate *heap;
    size_t heap_count, heap_capacity;
    path_node *path;
    size_t path_capacity;
} model_work;

void model_work_free(model_work *w);
/* Spell the piece into w->bytes and w->at. */
smac_status model_work_spell(model_work *w, const aligned_char *items, size_t count, smac_error *error);

/*
 * Read "model".  Ids may be missing here (added tokens may supply them).  FORMAT: duplicate tokens or ids, merges of
 * unknown tokens, the unknown token not in the vocabulary; UNSUPPORTED: a type or an option by its name.
 */
smac_status model_read(const json_t *value, model *out, smac_error *error);
void model_free(model *m);

/* The id of a spelling, or -1. */
int32_t model_find(const model *m, const char *token, size_t length);

/* Add the tokens of one piece (count at least 1) to out. */
smac_status model_encode(
    const model *m, const aligned_char *items, size_t count, model_work *w, token_list *out, smac_error *error);

/* One file each. */
smac_status wordpiece_encode(
    const model *m, const aligned_char *items, size_t count, model_work *w, token_list *out, smac_error *error);
smac_status bpe_read_merges(const json_t *merges, model *out, smac_error *error);
smac_status bpe_encode(
    const model *m, const aligned_char *items, size_t count, model_work *w, token_list *out, smac_error *error);
smac_status unigram_read(const json_t *value, model *out, smac_error *error);
smac_status unigram_encode(
    const model *m, const aligned_char *items, size_t count, model_work *w, token_list *out, smac_error *error);
void byte_trie_free(byte_trie *t);

#endif
