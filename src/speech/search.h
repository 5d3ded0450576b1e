/*
 * speech/search.h - from logits to tokens: Whisper's rules (Radford and others 2022, their published decoding), greedy
 * search, samples at a temperature, and beam search as CTranslate2 does it.
 */
#ifndef SMAC_SPEECH_SEARCH_H
#define SMAC_SPEECH_SEARCH_H

#include "base/interrupt.h"
#include "encoders/whisper.h"

typedef struct speech_rules {
    int32_t vocabulary;
    int32_t end, start, no_speech; /* <|endoftext|>, <|startoftranscript|>, <|nospeech|>; no_speech may be -1 */
    int32_t no_timestamps, first_timestamp, last_timestamp;
    int32_t max_initial;                      /* the first time stamp may be at most so many steps of 0.02 s: 50 */
    const int32_t *suppress, *suppress_first; /* never, and never as the first one */
    size_t suppress_count, suppress_first_count;
} speech_rules;

typedef struct search_options {
    int beams;
    double patience, length_penalty;
    double temperature; /* 0: beams; over 0: samples, of which the best counts */
    int samples;
    uint64_t seed, stream;
    interruption interrupt; /* asked before every step */
} search_options;

typedef struct search_result {
    int32_t *tokens; /* without the prompt and the end; owned */
    size_t count;
    double score;           /* log probability / length ^ length_penalty */
    double log_probability; /* its mean over the tokens and the end */
    double no_speech;       /* probability of no_speech after the prompt's start token */
} search_result;
void search_result_clear(search_result *r);

/*
 * What may not come next gets -infinity: sequence (count) is what was found so far.  Time stamps come in pairs but
 * before the end, do not go back, and where they are likelier together than any other token, one must come.
 */
void speech_rules_apply(const speech_rules *r, const int32_t *sequence, int64_t count, float *logits);

/* Runs the decoding from its start: the sound is set, the tokens are forgotten.  prompt holds rules->start. */
smac_status speech_search(whisper_decoding *s, const speech_rules *rules, const int32_t *prompt, int64_t prompt_count,
    const search_options *options, search_result *out, smac_error *error);

#endif
