/* encoders/whisper_decoding.c - one window's decoding: the sound's keys and values, prompts, steps, alignment. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encoders/whisper_decoder.h"

enum { ALIGN_ROWS = 16 }; /* tokens whose logits are there at a time */

struct whisper_decoding {
    const whisper_decoder *decoder;
    attention_cache *cache;
    attention_memory *sound;
    tape *tape; /* its memory serves every run again */
};

void whisper_decoding_free(whisper_decoding *s)
{
    if (s == NULL)
        return;
    attention_cache_free(s->cache);
    attention_memory_free(s->sound);
    tape_free(s->tape);
    free(s);
}

smac_status whisper_decoding_new(const whisper_decoder *d, int64_t beams, whisper_decoding **out, smac_error *error)
{
    const whisper_config *c = &d->config;
    if (beams < 1 || beams > 64)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld hypotheses were asked for, expected 1 to 64", (long long)beams);
    whisper_decoding *s = memory_new(1, sizeof *s);
    if (s == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a decoding");
    s->decoder = d;
    s->cache = attention_cache_new(&(attention_cache_sizes){.layers = c->decoder_layers,
        .heads = c->decoder_heads,
        .width = c->width,
        .positions = c->text_positions,
        .sequences = beams});
    s->sound = attention_memory_new(c->decoder_layers, c->decoder_heads, c->width);
    s->tape = tape_new(NULL);
    if (s->cache == NULL || s->sound == NULL || s->tape == NULL) {
        whisper_decoding_free(s);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a decoding of %lld hypotheses", (long long)beams);
    }
    *out = s;
    return SMAC_OK;
}

smac_status whisper_decoding_sound(whisper_decoding *s, const float *sound, int64_t frames, smac_error *error)
{
    const whisper_config *c = &s->decoder->config;
    if (frames < 1 || frames > c->positions)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a window of %lld vectors of sound was given, expected 1 to %lld",
            (long long)frames, (long long)c->positions);
    attention_memory_clear(s->sound);
    whisper_decoding_restart(s);
    smac_status status = SMAC_OK;
    for (int64_t i = 0; status == SMAC_OK && i < c->decoder_layers; i++) {
        tape_reset(s->tape, NULL);
        value *x = tape_value(s->tape, 2, (int64_t[]){frames, c->width}, sound);
        x = whisper_decoder_keys_values(s->tape, s->decoder, x, i);
        attention_memory_set(s->tape, s->sound, i, x);
        status = tape_status(s->tape, error);
    }
    if (status != SMAC_OK)
        attention_memory_clear(s->sound);
    return status;
}

void whisper_decoding_restart(whisper_decoding *s)
{
    attention_cache_clear(s->cache);
}

int64_t whisper_decoding_length(const whisper_decoding *s)
{
    return attention_cache_length(s->cache);
}

const whisper_config *whisper_decoding_config(const whisper_decoding *s)
{
    return &s->decoder->config;
}

/* The final states of new tokens, on a fresh tape. */
static smac_status decoding_run(whisper_decoding *s, const decoder_input *in, value **states, smac_error *error)
{
    int64_t vocabulary = s->decoder->config.vocabulary;
    if (attention_memory_length(s->sound) == 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "there is no sound to decode: give it before any token");
    for (int64_t i = 0; i < in->count; i++)
        if (in->tokens[i] < 0 || in->tokens[i] >= vocabulary)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "token number %lld is %d, expected 0 to %lld", (long long)i,
                (int)in->tokens[i], (long long)vocabulary - 1);
    tape_reset(s->tape, NULL);
    *states = whisper_decoder_forward(s->tape, s->decoder, in);
    TRY(tape_status(s->tape, error));
    attention_cache_commit(s->cache);
    return SMAC_OK;
}

/* Logits of count rows of the states from first on. */
static smac_status decoding_logits(
    whisper_decoding *s, value *states, int64_t first, int64_t count, float *out, smac_error *error)
{
    value *rows = states->dim[0] == count ? states : op_slice(s->tape, states, 0, first, count);
    value *logits = whisper_decoder_logits(s->tape, s->decoder, rows);
    if (tape_status(s->tape, error) == SMAC_OK)
        tape_read(s->tape, logits, out);
    return tape_status(s->tape, error);
}

smac_status whisper_decoding_prompt(whisper_decoding *s, const int32_t *tokens, int64_t count, float *logits,
    int64_t early, float *early_logits, smac_error *error)
{
    value *states;
    if (early >= count)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "logits of token %lld were asked for, the prompt has %lld",
            (long long)early, (long long)count);
    TRY(attention_cache_begin(s->cache, count, error));
    decoder_input in = {.tokens = tokens, .count = count, .successive = true, .cache = s->cache, .sound = s->sound};
    TRY(decoding_run(s, &in, &states, error));
    if (early_logits != NULL)
        TRY(decoding_logits(s, states, early, 1, early_logits, error));
    return logits != NULL ? decoding_logits(s, states, count - 1, 1, logits, error) : SMAC_OK;
}

smac_status whisper_decoding_step(
    whisper_decoding *s, int64_t beams, const int32_t *tokens, const int32_t *origin, float *logits, smac_error *error)
{
    value *states;
    TRY(attention_cache_continue(s->cache, beams, origin, error));
    decoder_input in = {.tokens = tokens, .count = beams, .cache = s->cache, .sound = s->sound};
    TRY(decoding_run(s, &in, &states, error));
    return decoding_logits(s, states, 0, beams, logits, error);
}

/* softmax over the first limit logits, at token */
static float probability_of(const float *logits, int32_t limit, int32_t token)
{
    double largest = -INFINITY, sum = 0;
    for (int32_t i = 0; i < limit; i++)
        largest = fmax(largest, (double)logits[i]);
    for (int32_t i = 0; i < limit; i++)
        sum += exp((double)logits[i] - largest);
    return token < limit ? (float)(exp((double)logits[token] - largest) / sum) : 0;
}

/* The probability of each token after the one before it. */
static smac_status decoding_probabilities(
    whisper_decoding *s, value *states, const int32_t *tokens, int32_t limit, float *out, smac_error *error)
{
    int64_t vocabulary = s->decoder->config.vocabulary, count = states->dim[0] - 1;
    float *logits = memory_new((size_t)(ALIGN_ROWS * vocabulary), sizeof *logits);
    if (logits == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the logits of %lld tokens", (long long)vocabulary);
    smac_status status = SMAC_OK;
    for (int64_t first = 0; status == SMAC_OK && first < count; first += ALIGN_ROWS) {
        int64_t rows = count - first < ALIGN_ROWS ? count - first : ALIGN_ROWS;
        tape_mark mark = tape_scope_begin(s->tape);
        status = decoding_logits(s, states, first, rows, logits, error);
        tape_scope_end(s->tape, mark, NULL);
        for (int64_t i = 0; status == SMAC_OK && i < rows; i++)
            out[first + i] = probability_of(logits + i * vocabulary, limit, tokens[first + i + 1]);
    }
    free(logits);
    return status;
}

smac_status whisper_decoding_align(whisper_decoding *s, const whisper_alignment *a, smac_error *error)
{
    const whisper_config *c = &s->decoder->config;
    value *states;
    if (a->count < 1 || a->limit < 1 || a->limit > c->vocabulary)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld tokens are to be aligned, below id %d", (long long)a->count,
            (int)a->limit);
    for (int64_t i = 0; i < a->head_count; i++)
        if (a->heads[i][0] < 0 || a->heads[i][0] >= c->decoder_layers || a->heads[i][1] < 0 ||
            a->heads[i][1] >= c->decoder_heads)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "alignment head %d of layer %d is asked for, the decoder has %lld layers of %lld heads",
                (int)a->heads[i][1], (int)a->heads[i][0], (long long)c->decoder_layers, (long long)c->decoder_heads);
    whisper_decoding_restart(s);
    TRY(attention_cache_begin(s->cache, a->count, error));
    const attention_scores wanted = {.heads = a->heads, .count = a->head_count, .out = a->scores};
    decoder_input in = {.tokens = a->tokens,
        .count = a->count,
        .successive = true,
        .cache = s->cache,
        .sound = s->sound,
        .scores = &wanted};
    TRY(decoding_run(s, &in, &states, error));
    return decoding_probabilities(s, states, a->tokens, a->limit, a->probability, error);
}
