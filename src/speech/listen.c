/*
 * speech/listen.c - a stream of sound in windows of 30 s: what is silent is passed over, what was heard is cut at its
 * time stamps into segments, and the next window begins where the last whole segment ended.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "media/sound.h"
#include "speech/languages.h"
#include "speech/listen.h"

enum {
    FRAMES_A_SECOND = 100,
    AHEAD = 120 * FRAMES_A_SECOND,
    FRAMES_A_STAMP = 2,
    LEAD_STEP = 10,
    LEAD_KEPT = 100 /* 0.1 s and 1 s */
};
static const double RESET_TEMPERATURE = 0.5; /* a window found at more than that does not stand before the next one */

void speech_options_default(speech_options *o)
{
    *o = (speech_options){.beams = 5,
        .patience = 1,
        .length_penalty = 1,
        .temperatures = {0, 0.2, 0.4, 0.6, 0.8, 1.0},
        .temperature_count = 6,
        .best_of = 5,
        .compression_ratio = 2.4,
        .log_probability = -1,
        .no_speech = 0.6,
        .silence = 0.001};
}

/* --- a listener --------------------------------------------------------------------------------------------------- */

static smac_status check_options(const speech_model *m, const speech_options *o, smac_error *error)
{
    if (o->beams < 1 || o->beams > 32 || o->best_of < 1 || o->best_of > 32)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d beams and %d samples were asked for, expected 1 to 32", o->beams,
            o->best_of);
    if (o->temperature_count < 1 || o->temperature_count > SPEECH_TEMPERATURES)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d temperatures were given, expected 1 to %d", o->temperature_count,
            (int)SPEECH_TEMPERATURES);
    for (int i = 0; i < o->temperature_count; i++)
        if (!(o->temperatures[i] >= 0 && o->temperatures[i] <= 10))
            return FAIL(error, SMAC_ERROR_ARGUMENT, "a temperature is %g, expected 0 to 10", o->temperatures[i]);
    if (!(o->patience >= 0.1 && o->patience <= 10) || !isfinite(o->length_penalty))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "the patience is %g and the length penalty %g, expected 0.1 to 10 and a finite number", o->patience,
            o->length_penalty);
    return o->language != NULL ? speech_model_check_language(m, o->language, error) : SMAC_OK;
}

static void set_language(speech_listener *l, int32_t id, double probability)
{
    l->language = id;
    l->result->language_probability = probability;
    if (!speech_model_language(l->model, id, l->result->language, sizeof l->result->language))
        strcpy(l->result->language, "en");
    l->spaces = language_has_spaces(l->result->language);
}

static smac_status begin(speech_listener *l, smac_error *error)
{
    const speech_model *m = l->model;
    int64_t rows = l->options.beams > l->options.best_of ? l->options.beams : l->options.best_of;
    l->window_frames = 2 * m->config.positions;
    TRY(features_begin(&l->features, (int)m->config.mel_bins, error));
    TRY(whisper_decoding_new(m->decoder, rows, &l->decoding, error));
    l->tape = tape_new(&(tape_options){.precision = m->how});
    l->mel = memory_new((size_t)(l->window_frames * m->config.mel_bins), sizeof *l->mel);
    if (l->tape == NULL || l->mel == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a window of sound");
    l->language = -1;
    if (!m->many_languages)
        set_language(l, tokenizer_id(m->tokens, "<|en|>"), 1);
    else if (l->options.language != NULL && strcmp(l->options.language, "auto") != 0)
        set_language(l, speech_model_language_id(m, l->options.language), 1);
    return SMAC_OK;
}

smac_status speech_listener_new(const speech_model *m, const speech_options *options, speech_result *result,
    speech_listener **out, smac_error *error)
{
    speech_listener *l = memory_new(1, sizeof *l);
    if (l == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to listen");
    if (options != NULL)
        l->options = *options;
    else
        speech_options_default(&l->options);
    l->model = m;
    l->result = result;
    smac_status status = check_options(m, &l->options, error);
    if (status == SMAC_OK)
        status = begin(l, error);
    if (status != SMAC_OK) {
        speech_listener_free(l);
        return status;
    }
    *out = l;
    return SMAC_OK;
}

void speech_listener_free(speech_listener *l)
{
    if (l == NULL)
        return;
    features_clear(&l->features);
    whisper_decoding_free(l->decoding);
    tape_free(l->tape);
    free(l->mel);
    free(l->previous);
    free(l);
}

/* --- what is said in a window ------------------------------------------------------------------------------------- */

static smac_status detect_language(speech_listener *l, smac_error *error)
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
        set_language(l, best, 1 / sum);
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

/* The text of tokens without time stamps and other special ones, without spaces at its ends; free(). */
static smac_status text_of(const speech_listener *l, const int32_t *tokens, size_t count, char **out, smac_error *error)
{
    int32_t *plain = memory_new(count + 1, sizeof *plain);
    size_t kept = 0, length;
    if (plain == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", count);
    for (size_t i = 0; i < count; i++)
        if (tokens[i] < l->model->rules.end)
            plain[kept++] = tokens[i];
    smac_status status = tokenizer_decode(l->model->tokens, plain, kept, true, out, &length, error);
    free(plain);
    TRY(status);
    char *text = *out;
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        text[--length] = 0;
    size_t skip = strspn(text, " \t\r\n");
    memmove(text, text + skip, length - skip + 1);
    return SMAC_OK;
}

static int64_t make_prompt(const speech_listener *l, int32_t *out)
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
static smac_status try_temperature(
    speech_listener *l, const int32_t *prompt, int64_t prompt_count, int number, heard *out, smac_error *error)
{
    const speech_options *o = &l->options;
    search_options options = {.beams = o->beams,
        .patience = o->patience,
        .length_penalty = o->length_penalty,
        .temperature = o->temperatures[number],
        .samples = o->best_of,
        .seed = o->seed,
        .stream = (uint64_t)l->result->windows * SPEECH_TEMPERATURES + (uint64_t)number};
    char *text;
    l->result->searches++;
    TRY(speech_search(l->decoding, l->model->config.text_positions, &l->model->rules, prompt, prompt_count, &options,
        &out->found, error));
    TRY(text_of(l, out->found.tokens, out->found.count, &text, error));
    out->compression_ratio = compression_ratio(text, strlen(text));
    out->temperature = options.temperature;
    free(text);
    return SMAC_OK;
}

static void keep_better(heard *best, heard *next)
{
    if (best->found.tokens == NULL || next->found.log_probability > best->found.log_probability) {
        heard turn = *best;
        *best = *next;
        *next = turn;
    }
    search_result_clear(&next->found);
}

/* Progress, the window's start; whether to stop. */
static bool tell(const speech_listener *l)
{
    double seconds = (double)l->seek / FRAMES_A_SECOND, all = l->expected > seconds ? l->expected : 0;
    return report_progress(l->options.report, "listening", seconds, l->features.finished ? l->result->duration : all) !=
        0;
}

static smac_status stopped(const speech_listener *l, smac_error *error)
{
    return FAIL(
        error, SMAC_ERROR_INTERRUPTED, "stopped as asked after %.0f s of sound", (double)l->seek / FRAMES_A_SECOND);
}

/* The first search that looks right; when none does, the likeliest that does not repeat itself, else the likeliest. */
static smac_status search_window(speech_listener *l, heard *out, smac_error *error)
{
    const speech_options *o = &l->options;
    heard best = {0}, best_plain = {0};
    smac_status status = SMAC_OK;
    bool good = false;
    int32_t *prompt = memory_new((size_t)l->model->config.text_positions + 8, sizeof *prompt);
    if (prompt == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a prompt");
    int64_t prompt_count = make_prompt(l, prompt);
    for (int i = 0; status == SMAC_OK && !good && i < o->temperature_count; i++) {
        heard next = {0};
        if (i > 0 && tell(l)) { /* searching again takes long */
            status = stopped(l, error);
            break;
        }
        status = try_temperature(l, prompt, prompt_count, i, &next, error);
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
            keep_better(repeats ? &best : &best_plain, &next);
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

/* --- segments ----------------------------------------------------------------------------------------------------- */

/* Tokens [from, to) as a segment; times in seconds. */
static smac_status add_part(
    window_parts *parts, const int32_t *tokens, size_t from, size_t to, double start, double end, smac_error *error)
{
    if (!memory_grow((void **)&parts->items, &parts->capacity, parts->count + 1, sizeof *parts->items))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu segments", parts->count + 1);
    parts->items[parts->count++] =
        (window_part){.start = start, .end = end, .tokens = tokens + from, .count = to - from};
    return SMAC_OK;
}

/* Cuts the tokens where two time stamps stand together; *seek is where the next window begins. */
static smac_status split_window(
    const speech_listener *l, const heard *h, int64_t frames, window_parts *parts, int64_t *seek, smac_error *error)
{
    const int32_t *t = h->found.tokens, stamp = l->model->rules.first_timestamp;
    size_t n = h->found.count, from = 0;
    double offset = (double)l->seek / FRAMES_A_SECOND, step = (double)FRAMES_A_STAMP / FRAMES_A_SECOND;
    parts->single_end = n >= 2 && t[n - 2] < stamp && t[n - 1] >= stamp;
    bool any = false;
    for (size_t i = 1; i <= n; i++) {
        bool pair = i < n && t[i] >= stamp && t[i - 1] >= stamp;
        any |= pair;
        if (!pair && !(i == n && any && parts->single_end))
            continue;
        TRY(add_part(parts, t, from, i, offset + step * (t[from] - stamp), offset + step * (t[i - 1] - stamp), error));
        from = i;
    }
    if (any && !parts->single_end) {
        *seek = l->seek + (int64_t)FRAMES_A_STAMP * (t[from - 1] - stamp); /* the unfinished rest is heard again */
        return SMAC_OK;
    }
    if (!any) {
        double length = (double)frames / FRAMES_A_SECOND;
        for (size_t i = n; i-- > 0;)
            if (t[i] >= stamp) {
                if (t[i] != stamp)
                    length = step * (t[i] - stamp);
                break;
            }
        TRY(add_part(parts, t, 0, n, offset, offset + length, error));
    }
    *seek = l->seek + frames;
    return SMAC_OK;
}

static smac_status keep_segment(speech_listener *l, window_part *part, const heard *h, smac_error *error)
{
    speech_result *r = l->result;
    int64_t from = (int64_t)(part->start * FRAMES_A_SECOND), to = (int64_t)ceil(part->end * FRAMES_A_SECOND);
    char *text;
    TRY(text_of(l, part->tokens, part->count, &text, error));
    if (part->nothing || text[0] == 0 || features_loudness(&l->features, from, to) < l->options.silence) {
        free(text);
        return SMAC_OK;
    }
    int32_t *tokens = memory_new(part->count + 1, sizeof *tokens);
    if (tokens == NULL || !memory_grow((void **)&r->segments, &r->capacity, r->count + 1, sizeof *r->segments)) {
        free(tokens);
        free(text);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu segments", r->count + 1);
    }
    memcpy(tokens, part->tokens, part->count * sizeof *tokens);
    r->segments[r->count++] = (speech_segment){.start = part->start,
        .end = part->end,
        .text = text,
        .tokens = tokens,
        .token_count = part->count,
        .words = part->words,
        .word_count = part->word_count,
        .log_probability = h->found.log_probability,
        .no_speech = h->found.no_speech,
        .compression_ratio = h->compression_ratio,
        .temperature = h->temperature};
    part->words = NULL;
    part->word_count = 0;
    if (!l->options.previous_text)
        return SMAC_OK;
    if (!memory_grow(
            (void **)&l->previous, &l->previous_capacity, l->previous_count + part->count, sizeof *l->previous))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the previous text");
    memcpy(l->previous + l->previous_count, part->tokens, part->count * sizeof *tokens);
    l->previous_count += part->count;
    size_t most = (size_t)l->model->config.text_positions; /* no prompt takes more */
    if (l->previous_count > 4 * most) {
        memmove(l->previous, l->previous + (l->previous_count - most), most * sizeof *l->previous);
        l->previous_count = most;
    }
    return SMAC_OK;
}

static void parts_clear(window_parts *p)
{
    for (size_t i = 0; i < p->count; i++) {
        for (size_t w = 0; w < p->items[i].word_count; w++)
            free(p->items[i].words[w].text);
        free(p->items[i].words);
    }
    free(p->items);
    memset(p, 0, sizeof *p);
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

static smac_status encode(speech_listener *l, int64_t frames, smac_error *error)
{
    const speech_model *m = l->model;
    features_window(&l->features, l->seek, frames, l->window_frames, l->mel);
    tape_reset(l->tape, NULL);
    const value *sound = whisper_encoder_forward(l->tape, m->encoder, l->mel, 1, l->window_frames, NULL);
    TRY(tape_status(l->tape, error));
    return whisper_decoding_sound(l->decoding, tape_numbers(l->tape, sound), m->config.positions, error);
}

static smac_status run_found(speech_listener *l, heard *h, int64_t frames, int64_t *next, smac_error *error)
{
    window_parts parts = {0};
    smac_status status = split_window(l, h, frames, &parts, next, error);
    if (status == SMAC_OK && l->options.words)
        status = parts_time_words(l, &parts, frames, next, error);
    parts_put_in_order(l, &parts, frames);
    for (size_t i = 0; status == SMAC_OK && i < parts.count; i++)
        status = keep_segment(l, &parts.items[i], h, error);
    parts_clear(&parts);
    if (h->temperature > RESET_TEMPERATURE)
        l->previous_count = 0;
    return status;
}

static smac_status run_window(speech_listener *l, int64_t frames, smac_error *error)
{
    int64_t next = l->seek + frames;
    l->result->windows++;
    if (features_loudness(&l->features, l->seek, next) < l->options.silence) {
        l->result->silent_windows++;
        l->seek = next;
        return SMAC_OK;
    }
    TRY(encode(l, frames, error));
    if (l->language < 0)
        TRY(detect_language(l, error));
    heard h = {0};
    TRY(search_window(l, &h, error));
    smac_status status = SMAC_OK;
    if (h.silent)
        l->result->silent_windows++;
    else
        status = run_found(l, &h, frames, &next, error);
    search_result_clear(&h.found);
    l->seek = next > l->seek ? next : l->seek + frames;
    return status;
}

/* Frames of silence at the window's start that are passed over, so that what is said behind them has a whole window. */
static int64_t silent_lead(const speech_listener *l, int64_t frames)
{
    int64_t at = 0;
    while (at < frames && features_loudness(&l->features, l->seek + at, l->seek + at + LEAD_STEP) < l->options.silence)
        at += LEAD_STEP;
    return at < frames && at >= 2 * LEAD_KEPT ? at - LEAD_KEPT : 0;
}

/* Every window whose sound is there. */
static smac_status run_ready(speech_listener *l, smac_error *error)
{
    for (;;) {
        int64_t end = features_length(&l->features), ready = features_ready(&l->features);
        int64_t frames = l->window_frames < end - l->seek ? l->window_frames : end - l->seek;
        if (frames <= 0 || (!l->features.finished && ready < l->seek + AHEAD))
            return SMAC_OK;
        int64_t lead = silent_lead(l, frames);
        if (lead > 0) {
            l->seek += lead;
            continue;
        }
        TRY(run_window(l, frames, error));
        features_forget(&l->features, l->seek);
        l->result->duration = (double)l->features.total / WHISPER_HOP / FRAMES_A_SECOND;
        if (tell(l))
            return stopped(l, error);
    }
}

smac_status speech_listener_feed(speech_listener *l, const float *samples, size_t count, smac_error *error)
{
    TRY(features_feed(&l->features, samples, count, error));
    return run_ready(l, error);
}

smac_status speech_listener_finish(speech_listener *l, smac_error *error)
{
    TRY(features_finish(&l->features, error));
    l->result->duration = (double)l->features.total / WHISPER_HOP / FRAMES_A_SECOND;
    TRY(run_ready(l, error));
    if (l->result->count == 0) { /* the likeliest language of silence or noise says nothing */
        l->result->language[0] = 0;
        l->result->language_probability = 0;
    }
    return SMAC_OK;
}

static smac_status take_sound(void *user, const float *samples, size_t count, int64_t first, smac_error *error)
{
    (void)first;
    return speech_listener_feed(user, samples, count, error);
}

smac_status speech_listen_file(
    const speech_model *m, const char *path, const speech_options *options, speech_result *out, smac_error *error)
{
    speech_listener *l;
    media_info info;
    TRY(speech_listener_new(m, options, out, &l, error));
    media_options reading = {.report = l->options.report};
    if (media_probe(path, NULL, &info, NULL) == SMAC_OK)
        l->expected = info.duration;
    smac_status status = sound_read(path, &reading, take_sound, l, NULL, error);
    if (status == SMAC_OK)
        status = speech_listener_finish(l, error);
    speech_listener_free(l);
    return status;
}
