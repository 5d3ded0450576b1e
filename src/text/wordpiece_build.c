/* text/wordpiece_build.c - a small WordPiece vocabulary from a corpus. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"
#include "text/normalizer.h"
#include "text/pretokenizer.h"
#include "text/tokenizer.h"
#include "text/unicode.h"
#include "text/vocabulary.h"

/* Spellings with how often they occur; the vocabulary's ids are places in counts. */
typedef struct tally {
    vocabulary names;
    uint64_t *counts;
    size_t capacity;
} tally;

static smac_status tally_add(tally *t, const char *text, size_t length, uint64_t times, smac_error *error)
{
    int32_t at = vocabulary_find(&t->names, text, length);
    if (at < 0) {
        at = (int32_t)t->names.count;
        if (!memory_grow((void **)&t->counts, &t->capacity, (size_t)at + 1, sizeof *t->counts))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %d pieces", at);
        t->counts[at] = 0;
        TRY(vocabulary_add(&t->names, text, length, at, error));
    }
    t->counts[at] += times;
    return SMAC_OK;
}

static void tally_free(tally *t)
{
    vocabulary_free(&t->names);
    free(t->counts);
}

/* An entry of a tally on its way into order: the most frequent first, equals by their bytes. */
typedef struct ranked {
    const char *text;
    uint64_t count;
} ranked;

static int compare(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* The tally's entries in order, into the vocabulary until it is full. */
static smac_status take(const tally *t, size_t size, uint64_t least, vocabulary *out, smac_error *error)
{
    ranked *all = memory_new(t->names.count + 1, sizeof *all);
    smac_status status = SMAC_OK;
    if (!all)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu pieces", t->names.count);
    for (size_t i = 0; i < t->names.count; i++)
        all[i] = (ranked){vocabulary_spelling(&t->names, i), t->counts[i]};
    qsort(all, t->names.count, sizeof *all, compare);
    for (size_t i = 0; i < t->names.count && out->count < size && status == SMAC_OK && all[i].count >= least; i++)
        if (vocabulary_find(out, all[i].text, strlen(all[i].text)) < 0)
            status = vocabulary_add(out, all[i].text, strlen(all[i].text), (int32_t)out->count, error);
    free(all);
    return status;
}

/* Count the words of a corpus, split as BERT's. */
static smac_status count_words(const text_span *texts, size_t count, bool lower_case, tally *words, smac_error *error)
{
    normalizer_step step = {
        .kind = NORMALIZER_BERT, .clean_text = true, .chinese = true, .accents = lower_case, .lowercase = lower_case};
    pretokenizer_step cut = {.kind = PRETOKENIZER_BERT};
    normalizer normalize = {&step, 1, 1};
    pretokenizer split = {&cut, 1, 1};
    segmented s = {0};
    text_buffer word = {0};
    smac_status status = SMAC_OK;
    for (size_t i = 0; i < count && status == SMAC_OK; i++) {
        s.text.count = s.next_text.count = s.segments.count = s.next_segments.count = 0;
        status = aligned_read(&s.text, texts[i].data, texts[i].length, error);
        if (status == SMAC_OK)
            status = normalizer_apply(&normalize, &s.text, &s.next_text, error);
        s.next_text.count = 0;
        if (status != SMAC_OK)
            break;
        segment_add(&s.segments, 0, s.text.count, -1);
        status = pretokenizer_apply(&split, &s, error);
        for (size_t k = 0; k < s.segments.count && status == SMAC_OK; k++) {
            const segment *g = &s.segments.items[k];
            word.length = 0;
            if (g->count > 100)
                continue; /* WordPiece reads such a word as unknown */
            for (size_t c = 0; c < g->count; c++) {
                char bytes[4];
                text_add_n(&word, bytes, (size_t)utf8_put(s.text.items[g->begin + c].code, bytes));
            }
            status = word.failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for a word")
                                 : tally_add(words, word.data, word.length, 1, error);
        }
    }
    text_free(&word);
    segmented_free(&s);
    return status;
}

static smac_status add_piece(
    tally *t, text_buffer *piece, bool goes_on, const char *text, size_t length, uint64_t times, smac_error *error)
{
    piece->length = 0;
    if (goes_on)
        text_add(piece, "##");
    text_add_n(piece, text, length);
    if (piece->failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a piece");
    return tally_add(t, piece->data, piece->length, times, error);
}

/* Single characters, and beginnings and endings of words of 2 to 6 characters. */
static smac_status count_pieces(const tally *words, tally *characters, tally *pieces, smac_error *error)
{
    text_buffer piece = {0};
    smac_status status = SMAC_OK;
    for (size_t i = 0; i < words->names.count && status == SMAC_OK; i++) {
        const char *word = vocabulary_spelling(&words->names, i);
        size_t length = words->names.entries[i].length, n = 0, at[104];
        for (size_t b = 0; b < length && n < 102;) {
            at[n++] = b;
            utf8_next(word, length, &b);
        }
        at[n] = length;
        for (size_t c = 0; c < n && status == SMAC_OK; c++) {
            size_t bytes = at[c + 1] - at[c];
            /* Each character both ways, so that no word of known characters is unknown. */
            status = add_piece(characters, &piece, c > 0, word + at[c], bytes, words->counts[i], error);
            if (status == SMAC_OK)
                status = add_piece(characters, &piece, c == 0, word + at[c], bytes, 0, error);
        }
        for (size_t k = 2; k <= 6 && k < n && status == SMAC_OK; k++) {
            status = add_piece(pieces, &piece, false, word, at[k], words->counts[i], error);
            if (status == SMAC_OK)
                status = add_piece(pieces, &piece, true, word + at[n - k], length - at[n - k], words->counts[i], error);
        }
    }
    text_free(&piece);
    return status;
}

static smac_status give(const vocabulary *v, char ***tokens, size_t *count, smac_error *error)
{
    size_t table = (v->count + 1) * sizeof(char *);
    char **out = memory_new(table + v->pool_size, 1);
    if (!out)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vocabulary of %zu tokens", v->count);
    char *pool = (char *)out + table;
    memcpy(pool, v->pool, v->pool_size);
    for (size_t i = 0; i < v->count; i++)
        out[i] = pool + v->entries[i].offset;
    *tokens = out;
    *count = v->count;
    return SMAC_OK;
}

smac_status wordpiece_vocabulary_build(const text_span *texts, size_t count, size_t size, bool lower_case,
    char ***tokens, size_t *token_count, smac_error *error)
{
    static const char *const first[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    tally words = {0}, characters = {0}, pieces = {0};
    vocabulary out = {0};
    *tokens = NULL;
    *token_count = 0;
    if (size < 6 || size > INT32_MAX / 2)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a vocabulary of %zu tokens was asked for, expected at least 6", size);
    smac_status status = SMAC_OK;
    for (int i = 0; i < 5 && status == SMAC_OK; i++)
        status = vocabulary_add(&out, first[i], strlen(first[i]), i, error);
    if (status == SMAC_OK)
        status = count_words(texts, count, lower_case, &words, error);
    if (status == SMAC_OK)
        status = count_pieces(&words, &characters, &pieces, error);
    if (status == SMAC_OK)
        status = take(&characters, size, 0, &out, error);
    if (status == SMAC_OK)
        status = take(&words, size, 1, &out, error);
    if (status == SMAC_OK)
        status = take(&pieces, size, 2, &out, error);
    if (status == SMAC_OK)
        status = give(&out, tokens, token_count, error);
    tally_free(&words);
    tally_free(&characters);
    tally_free(&pieces);
    vocabulary_free(&out);
    return status;
}
