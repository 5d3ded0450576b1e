/* speech/window.c - what is said in one window: its language, and the search, again at higher temperatures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "speech/listen.h"

smac_status window_detect_language(speech_listener *l, smac_error *error)
{
    const speech_model *m = l->model;
    float *logits = memory_new((size_t)m->config.vocabulary, sizeof *logits);
    if (logits == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to find the language");
    whisper_decoding_restart(l->decoding);
    smac_status status = whisper_decoding_prompt(l->decoding, &m->rules.start, 1, logits, -1, NULL, error);
    if (status == SMAC_OK) {
        int32_t best = m->languages[0];
        double sum = 0;
        for (size_t i = 1; i < m->language_count; i++)
            if (logits[m->languages[i]] > logits[best])
                best = m->languages[i];
        for (size_t i = 0; i < m->language_count; i++)
            sum += exp((double)logits[m->languages[i]] - (double)logits[best]);
        listener_set_language(l, best, 1 / sum);
    }
    free(logits);
    return status;
}

static double compression_ratio(const char *text, size_t length)
{
    uLongf packed = compressBound((uLong)length);
    unsigned char *memory = memory_new(packed + 1, 1);
    double ratio = 0;
    if (memory != NULL &&
        compress2(memory, &packed, (const unsigned char *)text, (uLong)length, Z_DEFAULT_COMPRESSION) == Z_OK)
        ratio = (double)length / (double)packed;
    free(memory);
    return ratio;
}

static int64_t listener_prompt(const speech_listener *l, int32_t *out)
{
    const speech_model *m = l->model;
    int64_t count = 0;
    size_t most = (size_t)(m->config.text_positions / 2 - 1);
    if (l->previous_count > 0 && m->previous >= 0) {
        size_t kept = l->previous_count < most ? l->previous_count : most;
        out[count++] = m->previous;
        memcpy(out + count, l->previous + (l->previous_count - kept), kept * sizeof *out);
        count += (int64_t)kept;
    }
    out[count++] = m->rules.start;
    if (m->many_languages) {
        out[count++] = l->language;
        out[count++] = m->transcribe;
    }
    return count;
}

/* One search and what it is worth. */
static smac_status window_search_at(
    speech_listener *l, const int32_t *prompt, int64_t prompt_count, int number, heard *out, smac_error *error)
{
    const speech_options *o = &l->options;
    search_options options = {.beams = o->beams,
        .patience = o->patience,
        .length_penalty = o->length_penalty,
        .temperature = o->temperatures[number],
        .samples = o->best_of,
        .interrupt = {listener_interrupted, l},
        .seed = o->seed,
        .stream = (uint64_t)l->result->windows * SPEECH_TEMPERATURES + (uint64_t)number};
    char *text;
    l->result->searches++;
    TRY(speech_search(l->decoding, &l->model->rules, prompt, prompt_count, &options, &out->found, error));
    TRY(listener_text(l, out->found.tokens, out->found.count, &text, error));
    out->compression_ratio = compression_ratio(text, strlen(text));
    out->temperature = options.temperature;
    free(text);
    return SMAC_OK;
}

static void keep_likelier(heard *best, heard *next)
{
    if (best->found.tokens == NULL || next->found.log_probability > best->found.log_probability) {
        heard turn = *best;
        *best = *next;
        *next = turn;
    }
    search_result_clear(&next->found);
}

/* The first search that looks right; when none does, the likeliest that does not repeat itself, else the likeliest. */
smac_status window_search(speech_listener *l, heard *out, smac_error *error)
{
    const speech_options *o = &l->options;
    heard best = {0}, best_plain = {0};
    smac_status status = SMAC_OK;
    bool good = false;
    int32_t *prompt = memory_new((size_t)l->model->config.text_positions + 8, sizeof *prompt);
    if (prompt == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a prompt");
    int64_t prompt_count = listener_prompt(l, prompt);
    for (int i = 0; status == SMAC_OK && !good && i < o->temperature_count; i++) {
        heard next = {0};
        if (i > 0 && listener_report(l)) {
            status = listener_stopped(l, error);
            break;
        }
        status = window_search_at(l, prompt, prompt_count, i, &next, error);
        if (status != SMAC_OK) {
            search_result_clear(&next.found);
            break;
        }
        bool repeats = o->compression_ratio > 0 && next.compression_ratio > o->compression_ratio;
        bool unlikely = next.found.log_probability < o->log_probability;
        next.silent = next.found.no_speech > o->no_speech && (unlikely || repeats);
        good = next.silent || (!repeats && !unlikely);
        if (good)
            *out = next;
        else
            keep_likelier(repeats ? &best : &best_plain, &next);
    }
    if (status == SMAC_OK && !good) {
        heard *chosen = best_plain.found.tokens != NULL ? &best_plain : &best;
        *out = *chosen;
        out->temperature = o->temperatures[o->temperature_count - 1];
        chosen->found.tokens = NULL;
    }
    search_result_clear(&best.found);
    search_result_clear(&best_plain.found);
    free(prompt);
    return status;
}
