/* speech/words.c - alignment of tokens with sound, tokens into words, times of words. */
#include "speech/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"
#include "compute/kernels.h"

static const char *const PREPENDED = "\"'\xe2\x80\x9c\xc2\xbf([{-";
static const char *const APPENDED =
    "\"'.\xe3\x80\x82,\xef\xbc\x8c!\xef\xbc\x81?\xef\xbc\x9f:\xef\xbc\x9a\xe2\x80\x9d)]}\xe3\x80\x81";
static const char *const SENTENCE_ENDS = ".\xe3\x80\x82!\xef\xbc\x81?\xef\xbc\x9f";
static const char *const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
enum { FILTER_WIDTH = 7, VECTORS_A_SECOND = 50 };

/* --- the path ----------------------------------------------------------------------------------------------------- */

smac_status warp_path(const float *cost, int64_t rows, int64_t columns, int64_t *first_column, smac_error *error)
{
    if (rows < 1 || columns < 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld tokens cannot be aligned with %lld vectors of sound",
            (long long)rows, (long long)columns);
    float *sums = memory_new(2 * (size_t)(columns + 1), sizeof *sums);
    uint8_t *from = memory_new((size_t)rows * (size_t)columns, 1);
    if (sums == NULL || from == NULL) {
        free(sums);
        free(from);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the times of %lld tokens", (long long)rows);
    }
    float *above = sums, *here = sums + columns + 1;
    above[0] = 0;
    for (int64_t j = 1; j <= columns; j++)
        above[j] = INFINITY;
    for (int64_t i = 0; i < rows; i++) {
        here[0] = INFINITY;
        for (int64_t j = 1; j <= columns; j++) {
            float both = above[j - 1], down = above[j], right = here[j - 1], least = right;
            uint8_t way = 2;
            if (both < down && both < right) {
                way = 0;
                least = both;
            } else if (down < both && down < right) {
                way = 1;
                least = down;
            }
            here[j] = cost[i * columns + j - 1] + least;
            from[i * columns + j - 1] = way;
        }
        float *turn = above;
        above = here;
        here = turn;
    }
    for (int64_t i = rows - 1, j = columns - 1; i >= 0 && j >= 0;) {
        first_column[i] = j;
        uint8_t way = i == 0 ? 2 : j == 0 ? 1 : from[i * columns + j];
        i -= way != 2;
        j -= way != 1;
    }
    free(sums);
    free(from);
    return SMAC_OK;
}

void median_filter(const float *in, float *out, int64_t count, int width)
{
    int64_t half = width / 2;
    if (count <= half) {
        memcpy(out, in, (size_t)count * sizeof *out);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        float window[64];
        for (int64_t k = 0; k < width; k++) {
            int64_t at = i + k - half;
            at = at < 0 ? -at : at >= count ? 2 * (count - 1) - at : at;
            int64_t place = k;
            for (; place > 0 && window[place - 1] > in[at]; place--)
                window[place] = window[place - 1];
            window[place] = in[at];
        }
        out[i] = window[half];
    }
}

/* scores (heads, count, whole), of which the frames before `frames` are sound and the rows from `first` on are text. */
typedef struct score_sizes {
    int64_t heads, count, whole, frames, first, rows;
} score_sizes;

/*
 * scores -> cost (rows, frames) of the rows of text: softmax over the frames that are sound, every frame normalised over
 * the tokens, filtered, mean over the heads, negative.
 */
static void cost_of_scores(float *scores, const score_sizes *sizes, float *cost)
{
    int64_t heads = sizes->heads, count = sizes->count, whole = sizes->whole, frames = sizes->frames;
    int64_t first = sizes->first, rows = sizes->rows;
    float *filtered = cost + rows * frames; /* one row more */
    memset(cost, 0, (size_t)(rows * frames) * sizeof *cost);
    for (int64_t h = 0; h < heads; h++) {
        float *head = scores + h * count * whole;
        for (int64_t i = 0; i < count; i++)
            kernels_get()->softmax(head + i * whole, head + i * whole, frames, 1, NULL, NULL);
        for (int64_t j = 0; j < frames; j++) {
            double mean = 0, square = 0;
            for (int64_t i = 0; i < count; i++)
                mean += (double)head[i * whole + j];
            mean /= (double)count;
            for (int64_t i = 0; i < count; i++)
                square += ((double)head[i * whole + j] - mean) * ((double)head[i * whole + j] - mean);
            double inverse = square > 0 ? 1 / sqrt(square / (double)count) : 0;
            for (int64_t i = 0; i < count; i++)
                head[i * whole + j] = (float)(((double)head[i * whole + j] - mean) * inverse);
        }
        for (int64_t i = 0; i < rows; i++) {
            median_filter(head + (first + i) * whole, filtered, frames, FILTER_WIDTH);
            for (int64_t j = 0; j < frames; j++)
                cost[i * frames + j] -= filtered[j] / (float)heads;
        }
    }
}

/* --- words -------------------------------------------------------------------------------------------------------- */

void timed_words_clear(timed_words *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->items[i].text);
    free(w->items);
    memset(w, 0, sizeof *w);
}

/* Without spaces at both ends, in place of a copy: its start and length. */
static const char *stripped(const char *text, size_t *length)
{
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\n' || text[n - 1] == '\t'))
        n--;
    while (n > 0 && (*text == ' ' || *text == '\n' || *text == '\t')) {
        text++;
        n--;
    }
    *length = n;
    return text;
}

/* Whether text (n bytes) occurs in set. */
static bool occurs_in(const char *text, size_t n, const char *set)
{
    if (n == 0)
        return true;
    for (; *set; set++)
        if (strncmp(set, text, n) == 0)
            return true;
    return false;
}

/* Bytes that end within a character that may still come. */
static bool ends_within_character(const char *bytes, size_t length)
{
    size_t bad = utf8_invalid_at(bytes, length);
    if (bad == SIZE_MAX || length - bad > 3)
        return false;
    unsigned char first = (unsigned char)bytes[bad];
    size_t needed = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 && first < 0xe0 ? 2 : 0;
    return needed > length - bad;
}

static smac_status words_add_piece(timed_words *words, const tokenizer *t, const int32_t *text, int64_t first,
    int64_t count, bool spaces, smac_error *error)
{
    char *piece;
    size_t bare;
    TRY(tokenizer_decode(t, text + first, (size_t)count, true, &piece, NULL, error));
    const char *inner = stripped(piece, &bare);
    bool begins = !spaces || words->count == 0 || piece[0] == ' ' || occurs_in(inner, bare, PUNCTUATION);
    if (!begins) {
        timed_word *last = &words->items[words->count - 1];
        text_buffer joined = {0};
        text_add(&joined, last->text);
        text_add(&joined, piece);
        free(piece);
        if (joined.failed)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a word");
        free(last->text);
        last->text = joined.data;
        last->token_count += count;
        return SMAC_OK;
    }
    if (!memory_grow((void **)&words->items, &words->capacity, words->count + 1, sizeof *words->items)) {
        free(piece);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu words", words->count + 1);
    }
    words->items[words->count++] = (timed_word){.text = piece, .first_token = first, .token_count = count};
    return SMAC_OK;
}

smac_status word_split(
    const tokenizer *t, const int32_t *text, int64_t count, bool spaces, timed_words *out, smac_error *error)
{
    int64_t first = 0;
    for (int64_t i = 0; i < count; i++) {
        char *bytes;
        size_t length;
        TRY(tokenizer_decode_bytes(t, text + first, (size_t)(i + 1 - first), true, &bytes, &length, error));
        bool wait = ends_within_character(bytes, length) && i + 1 < count;
        free(bytes);
        if (wait)
            continue;
        TRY(words_add_piece(out, t, text, first, i + 1 - first, spaces, error));
        first = i + 1;
    }
    return SMAC_OK;
}

/* --- times -------------------------------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The median length of the words that have one, at most 0.7 s; no word: 0. */
static smac_status median_length(const timed_words *w, double *out, smac_error *error)
{
    double *lengths = memory_new(w->count + 1, sizeof *lengths);
    size_t count = 0;
    if (lengths == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu words", w->count);
    for (size_t i = 0; i < w->count; i++)
        if (w->items[i].end != w->items[i].start)
            lengths[count++] = w->items[i].end - w->items[i].start;
    qsort(lengths, count, sizeof *lengths, compare_doubles);
    double median = count == 0 ? 0 : (lengths[(count - 1) / 2] + lengths[count / 2]) / 2;
    free(lengths);
    *out = fmin(median, 0.7);
    return SMAC_OK;
}

static bool is_in(const char *word, const char *set)
{
    return word[0] && occurs_in(word, strlen(word), set);
}

/* A word that takes longer than most at the end of a sentence is mostly the pause after it. */
static void cut_at_sentence_ends(timed_words *w, double longest)
{
    for (size_t i = 1; i < w->count; i++) {
        timed_word *word = &w->items[i];
        if (word->end - word->start <= longest)
            continue;
        if (is_in(word->text, SENTENCE_ENDS))
            word->end = word->start + longest;
        else if (is_in(w->items[i - 1].text, SENTENCE_ENDS))
            word->start = word->end - longest;
    }
}

static smac_status word_join(timed_word *to, timed_word *from, bool before, smac_error *error)
{
    text_buffer text = {0};
    text_add(&text, before ? from->text : to->text);
    text_add(&text, before ? to->text : from->text);
    if (text.failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a word");
    free(to->text);
    to->text = text.data;
    if (before)
        to->first_token = from->first_token;
    to->token_count += from->token_count;
    from->token_count = 0;
    from->text[0] = 0;
    return SMAC_OK;
}

/* Opening marks go to the word after them, closing ones to the word before; their own texts become empty. */
static smac_status join_punctuation(timed_words *w, smac_error *error)
{
    size_t taker = w->count > 0 ? w->count - 1 : 0;
    for (size_t i = taker; i-- > 0;) {
        size_t bare;
        timed_word *word = &w->items[i];
        const char *inner = stripped(word->text, &bare);
        if (word->text[0] == ' ' && occurs_in(inner, bare, PREPENDED))
            TRY(word_join(&w->items[taker], word, true, error));
        else
            taker = i;
    }
    taker = 0;
    for (size_t j = 1; j < w->count; j++) {
        timed_word *word = &w->items[j], *before = &w->items[taker];
        size_t length = strlen(before->text);
        if (!(length && before->text[length - 1] == ' ') && occurs_in(word->text, strlen(word->text), APPENDED))
            TRY(word_join(before, word, false, error));
        else
            taker = j;
    }
    return SMAC_OK;
}

/* Where each token of the text begins, in vectors of sound, and how likely each is. */
static smac_status align_tokens(
    whisper_decoding *s, const word_request *w, int64_t *first_column, float *probability, smac_error *error)
{
    int64_t positions = whisper_decoding_config(s)->positions, count = w->count, frames = w->frames;
    int64_t all = w->prompt_count + 1 + count + 1, rows = count + 1;
    float *scores = memory_new((size_t)(w->head_count * all * positions), sizeof *scores);
    float *cost = memory_new((size_t)((rows + 1) * frames), sizeof *cost);
    int32_t *tokens = memory_new((size_t)all, sizeof *tokens);
    smac_status status = SMAC_OK;
    if (scores == NULL || cost == NULL || tokens == NULL) {
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the times of %lld tokens", (long long)count);
    } else {
        memcpy(tokens, w->prompt, (size_t)w->prompt_count * sizeof *tokens);
        tokens[w->prompt_count] = w->no_timestamps;
        memcpy(tokens + w->prompt_count + 1, w->text, (size_t)count * sizeof *tokens);
        tokens[all - 1] = w->end;
        status = whisper_decoding_align(s,
            &(whisper_alignment){.tokens = tokens,
                .count = all,
                .heads = w->heads,
                .head_count = w->head_count,
                .limit = w->end,
                .scores = scores,
                .probability = probability},
            error);
    }
    if (status == SMAC_OK) {
        const score_sizes sizes = {w->head_count, all, positions, frames, w->prompt_count, rows};
        cost_of_scores(scores, &sizes, cost);
        status = warp_path(cost, rows, frames, first_column, error);
    }
    free(scores);
    free(cost);
    free(tokens);
    return status;
}

smac_status word_times(whisper_decoding *s, const word_request *w, timed_words *out, double *longest, smac_error *error)
{
    int64_t count = w->count;
    *longest = 0;
    if (count == 0 || w->frames < 1)
        return SMAC_OK;
    float *probability = memory_new((size_t)(w->prompt_count + count + 2), sizeof *probability);
    int64_t *columns = memory_new((size_t)count + 1, sizeof *columns);
    smac_status status = probability && columns
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the times of %lld tokens", (long long)count);
    if (status == SMAC_OK)
        status = align_tokens(s, w, columns, probability, error);
    if (status == SMAC_OK)
        status = word_split(w->tokens, w->text, count, w->spaces, out, error);
    for (size_t i = 0; status == SMAC_OK && i < out->count; i++) {
        timed_word *word = &out->items[i];
        const float *of_text = probability + w->prompt_count + word->first_token;
        word->start = (double)columns[word->first_token] / VECTORS_A_SECOND;
        word->end = (double)columns[word->first_token + word->token_count] / VECTORS_A_SECOND;
        for (int64_t k = 0; k < word->token_count; k++)
            word->probability += (double)of_text[k] / (double)word->token_count;
    }
    free(probability);
    free(columns);
    double median = 0;
    if (status == SMAC_OK)
        status = median_length(out, &median, error);
    *longest = 2 * median;
    if (status == SMAC_OK && median > 0)
        cut_at_sentence_ends(out, *longest);
    return status == SMAC_OK ? join_punctuation(out, error) : status;
}
