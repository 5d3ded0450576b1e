/* speech/search.c - rules on logits, samples, beam search. */
#include "speech/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "compute/kernels.h"
#include "compute/parallel.h"

enum { MOST_BEAMS = 32 };

void search_result_clear(search_result *r)
{
    free(r->tokens);
    memset(r, 0, sizeof *r);
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

static void forbid_tokens(float *logits, int32_t from, int32_t to) /* [from, to) */
{
    for (int32_t i = from; i < to; i++)
        logits[i] = -INFINITY;
}

/* Whether the time stamps together are likelier than the likeliest other token. */
static bool timestamps_win(const speech_rules *r, const float *logits)
{
    const struct kernels *kernel = kernels_get();
    const float *stamps = logits + r->first_timestamp;
    int64_t count = r->last_timestamp - r->first_timestamp + 1;
    float text = kernel->maximum(logits, r->first_timestamp), most = kernel->maximum(stamps, count);
    if (most == -INFINITY)
        return false;
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += exp((double)stamps[i] - (double)most);
    return log(sum) + (double)most > (double)text;
}

void speech_rules_apply(const speech_rules *r, const int32_t *sequence, int64_t count, float *logits)
{
    int32_t stamp = r->first_timestamp;
    for (size_t i = 0; i < r->suppress_count; i++)
        logits[r->suppress[i]] = -INFINITY;
    for (size_t i = 0; count == 0 && i < r->suppress_first_count; i++)
        logits[r->suppress_first[i]] = -INFINITY;
    logits[r->no_timestamps] = -INFINITY;
    if (count == 0) {
        forbid_tokens(logits, 0, stamp);
        if (r->max_initial < r->last_timestamp - stamp)
            forbid_tokens(logits, stamp + r->max_initial + 1, r->last_timestamp + 1);
        return;
    }
    int32_t last = sequence[count - 1];
    if (last >= stamp) {
        if (count == 1 || sequence[count - 2] >= stamp) { /* a pair, or the first one: text must come */
            forbid_tokens(logits, stamp, r->last_timestamp + 1);
            return;
        }
        forbid_tokens(logits, 0, r->end); /* a segment's end: its next one's start, or the end of all */
        forbid_tokens(logits, stamp, last);
    } else {
        for (int64_t i = count - 1; i >= 0; i--)
            if (sequence[i] >= stamp) {
                forbid_tokens(logits, stamp, sequence[i] + 1);
                break;
            }
    }
    if (timestamps_win(r, logits))
        forbid_tokens(logits, 0, stamp);
}

/* --- log probabilities -------------------------------------------------------------------------------------------- */

typedef struct rows_context {
    const speech_rules *rules;
    float *logits;
    int32_t *const *sequences;
    int64_t count;
} rows_context;

static void log_probabilities_of_row(void *context, int64_t row)
{
    const rows_context *c = context;
    float *logits = c->logits + row * c->rules->vocabulary;
    speech_rules_apply(c->rules, c->sequences[row], c->count, logits);
    kernels_get()->log_softmax(logits, logits, c->rules->vocabulary);
}

static double probability_at(const float *logits, int64_t count, int32_t id)
{
    double most = (double)kernels_get()->maximum(logits, count), sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += exp((double)logits[i] - most);
    return exp((double)logits[id] - most) / sum;
}

/* --- state of a search -------------------------------------------------------------------------------------------- */

typedef struct candidate {
    float score;
    int32_t token, origin;
} candidate;

typedef struct search {
    whisper_decoding *decoding;
    const speech_rules *rules;
    const search_options *options;
    int64_t most;                                           /* tokens that may be found */
    int rows;                                               /* hypotheses at once */
    float *logits;                                          /* (rows, vocabulary) */
    int32_t *memory, *alive[MOST_BEAMS], *next[MOST_BEAMS]; /* (most) each */
    double no_speech;
    search_result best; /* the best finished one */
    int finished;
    bool any;
} search;

static double score_by_length(double score, int64_t length, double penalty)
{
    double divisor = pow((double)length, penalty);
    return divisor > 0 ? score / divisor : score < 0 ? -INFINITY : 0;
}

/* A finished hypothesis: kept when it is the best so far (the first one of equals). */
static smac_status search_finish(search *s, const int32_t *tokens, int64_t count, double score, smac_error *error)
{
    double final = score_by_length(score, count, s->options->length_penalty);
    s->finished++;
    if (s->any && !(final > s->best.score))
        return SMAC_OK;
    int32_t *copy = memory_new((size_t)count + 1, sizeof *copy);
    if (copy == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld tokens", (long long)count);
    if (count > 0)
        memcpy(copy, tokens, (size_t)count * sizeof *copy);
    free(s->best.tokens);
    s->best.tokens = copy;
    s->best.count = (size_t)count;
    s->best.score = final;
    s->best.log_probability = score / (double)(count + 1);
    s->any = true;
    return SMAC_OK;
}

static void log_probabilities(search *s, int rows, int64_t count)
{
    rows_context c = {.rules = s->rules, .logits = s->logits, .sequences = s->alive, .count = count};
    parallel_for(rows, log_probabilities_of_row, &c);
}

/* One more token of each of rows hypotheses. */
static smac_status search_step(search *s, int64_t rows, const int32_t *tokens, const int32_t *origin, smac_error *error)
{
    if (interruption_asked(&s->options->interrupt))
        return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked during a search");
    return whisper_decoding_step(s->decoding, rows, tokens, origin, s->logits, error);
}

/* --- beams -------------------------------------------------------------------------------------------------------- */

/* The best ones over all rows, best first; of equals the one that comes first. */
static int best_candidates(const search *s, int rows, const float *scores, int wanted, candidate *out)
{
    int found = 0;
    for (int row = 0; row < rows; row++) {
        const float *logits = s->logits + (int64_t)row * s->rules->vocabulary;
        for (int32_t token = 0; token < s->rules->vocabulary; token++) {
            float score = logits[token] + scores[row];
            if (found == wanted && !(score > out[found - 1].score))
                continue;
            int at = found < wanted ? found++ : found - 1;
            for (; at > 0 && score > out[at - 1].score; at--)
                out[at] = out[at - 1];
            out[at] = (candidate){score, token, row};
        }
    }
    return found;
}

/* alive[k] becomes that of the chosen candidate with its token at the end. */
static void beams_extend(search *s, const candidate *chosen, int rows, int64_t step)
{
    for (int k = 0; k < rows; k++) {
        memcpy(s->next[k], s->alive[chosen[k].origin], (size_t)step * sizeof **s->next);
        s->next[k][step] = chosen[k].token;
    }
    for (int k = 0; k < rows; k++) {
        int32_t *old = s->alive[k];
        s->alive[k] = s->next[k];
        s->next[k] = old;
    }
}

static smac_status beam_search(search *s, smac_error *error)
{
    int beams = s->options->beams, enough = (int)lround((double)beams * s->options->patience);
    float scores[MOST_BEAMS] = {0};
    candidate found[2 * MOST_BEAMS], chosen[MOST_BEAMS];
    int32_t tokens[MOST_BEAMS], origin[MOST_BEAMS];
    for (int64_t step = 0; step < s->most; step++) {
        int rows = step == 0 ? 1 : beams;
        if (step > 0)
            TRY(search_step(s, beams, tokens, origin, error));
        log_probabilities(s, rows, step);
        int count = best_candidates(s, rows, scores, 2 * beams, found), second = beams;
        bool last = step + 1 == s->most;
        for (int k = 0; k < beams; k++) {
            chosen[k] = found[k < count ? k : count - 1];
            bool end = chosen[k].token == s->rules->end;
            if (!end && !last)
                continue;
            /* what came before, and the token unless it is the end */
            memcpy(s->next[0], s->alive[chosen[k].origin], (size_t)step * sizeof **s->next);
            s->next[0][step] = chosen[k].token;
            TRY(search_finish(s, s->next[0], step + !end, (double)chosen[k].score, error));
            for (int j = second; j < count; j++)
                if (found[j].token != s->rules->end) {
                    chosen[k] = found[j];
                    second = j + 1;
                    break;
                }
        }
        if (last || s->finished >= enough)
            break;
        beams_extend(s, chosen, beams, step);
        for (int k = 0; k < beams; k++) {
            scores[k] = chosen[k].score;
            tokens[k] = chosen[k].token;
            origin[k] = chosen[k].origin;
        }
    }
    return SMAC_OK;
}

/* --- one by one: greedy, and samples ------------------------------------------------------------------------------ */

/* A draw from softmax(log probabilities / temperature). */
static int32_t draw_token(const float *logits, int32_t count, double temperature, double uniform)
{
    double sum = 0, most = (double)kernels_get()->maximum(logits, count), seen = 0;
    for (int32_t i = 0; i < count; i++)
        sum += exp(((double)logits[i] - most) / temperature);
    int32_t last = 0;
    for (int32_t i = 0; i < count; i++) {
        double p = exp(((double)logits[i] - most) / temperature);
        seen += p;
        if (p > 0)
            last = i;
        if (seen > uniform * sum)
            return last;
    }
    return last;
}

static int32_t likeliest_token(const float *logits, int32_t count)
{
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

static smac_status single_search(search *s, int rows, smac_error *error)
{
    int32_t tokens[MOST_BEAMS], origin[MOST_BEAMS];
    double scores[MOST_BEAMS] = {0};
    int alive = rows;
    random_sequence random = random_start(s->options->seed, s->options->stream);
    for (int64_t step = 0; step < s->most && alive > 0; step++) {
        if (step > 0)
            TRY(search_step(s, alive, tokens, origin, error));
        log_probabilities(s, step == 0 ? 1 : alive, step);
        int left = 0;
        for (int k = 0; k < alive; k++) {
            const float *logits = s->logits + (int64_t)(step == 0 ? 0 : k) * s->rules->vocabulary;
            int32_t token = s->options->temperature > 0
                ? draw_token(logits, s->rules->vocabulary, s->options->temperature, random_uniform(&random))
                : likeliest_token(logits, s->rules->vocabulary);
            bool end = token == s->rules->end, last = step + 1 == s->most;
            double score = scores[k] + (double)logits[token];
            s->alive[k][step] = token;
            if (end || last) {
                TRY(search_finish(s, s->alive[k], step + !end, score, error));
                continue;
            }
            int32_t *kept = s->alive[left]; /* move up: the finished one's place is free */
            s->alive[left] = s->alive[k];
            s->alive[k] = kept;
            tokens[left] = token;
            origin[left] = step == 0 ? 0 : k;
            scores[left++] = score;
        }
        alive = left;
    }
    return SMAC_OK;
}

/* --- both --------------------------------------------------------------------------------------------------------- */

static smac_status search_run(search *s, const int32_t *prompt, int64_t count, smac_error *error)
{
    int64_t start = 0;
    while (start < count && prompt[start] != s->rules->start)
        start++;
    if (start == count)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the prompt of %lld tokens has no start of a transcript in it",
            (long long)count);
    float *early = memory_new((size_t)s->rules->vocabulary, sizeof *early);
    if (early == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the logits of %d tokens", (int)s->rules->vocabulary);
    whisper_decoding_restart(s->decoding);
    smac_status status = whisper_decoding_prompt(s->decoding, prompt, count, s->logits, start, early, error);
    if (status == SMAC_OK && s->rules->no_speech >= 0)
        s->no_speech = probability_at(early, s->rules->vocabulary, s->rules->no_speech);
    free(early);
    TRY(status);
    if (s->options->temperature > 0)
        return single_search(s, s->rows, error);
    return s->options->beams > 1 ? beam_search(s, error) : single_search(s, 1, error);
}

smac_status speech_search(whisper_decoding *decoding, const speech_rules *rules, const int32_t *prompt,
    int64_t prompt_count, const search_options *options, search_result *out, smac_error *error)
{
    int64_t text_positions = whisper_decoding_config(decoding)->text_positions;
    search s = {.decoding = decoding, .rules = rules, .options = options};
    s.rows = options->temperature > 0 ? options->samples : options->beams;
    s.most = text_positions / 2;
    if (s.most > text_positions - (prompt_count - 1))
        s.most = text_positions - (prompt_count - 1);
    if (s.rows < 1 || s.rows > MOST_BEAMS || prompt_count < 1 || s.most < 1 || !(options->patience > 0))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a search of %d hypotheses after a prompt of %lld tokens was asked for, "
            "expected 1 to %d after fewer than %lld",
            s.rows, (long long)prompt_count, (int)MOST_BEAMS, (long long)text_positions);
    s.logits = memory_new((size_t)s.rows * (size_t)rules->vocabulary, sizeof *s.logits);
    s.memory = memory_new(2 * (size_t)s.rows * (size_t)s.most, sizeof *s.memory);
    for (int k = 0; s.memory != NULL && k < s.rows; k++) {
        s.alive[k] = s.memory + (2 * k) * s.most;
        s.next[k] = s.alive[k] + s.most;
    }
    smac_status status = s.logits != NULL && s.memory != NULL
        ? search_run(&s, prompt, prompt_count, error)
        : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a search of %d hypotheses", s.rows);
    free(s.logits);
    free(s.memory);
    if (status != SMAC_OK) {
        search_result_clear(&s.best);
        return status;
    }
    *out = s.best;
    out->no_speech = s.no_speech;
    return SMAC_OK;
}
