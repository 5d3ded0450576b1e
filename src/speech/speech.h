/*
 * speech/speech.h - the words of a recording, heard by Whisper.
 *
 * Sound of any length comes as a stream and is read in windows of 30 s in constant memory: only two minutes of log-mel
 * and the words found so far are held.  A window's tokens come from a search (beams, or greedy) under Whisper's rules
 * for time stamps; what looks wrong (repetition, low probability) is searched again at higher temperatures; what is
 * silent is never searched.  docs/transcribe.md tells the rules and where they differ from other programs'.
 */
#ifndef SMAC_SPEECH_SPEECH_H
#define SMAC_SPEECH_SPEECH_H

#include "base/log.h"
#include "base/text.h"
#include "compute/precision.h"
#include "media/transcript.h"

typedef struct speech_model speech_model;

/*
 * A folder as published: Hugging Face (config.json, generation_config.json, model.safetensors, tokenizer.json) or
 * CTranslate2 (config.json, model.bin, tokenizer.json).  Any number of threads may listen with one model.
 * Errors: NOT_FOUND, FORMAT, UNSUPPORTED, MEMORY, each naming the file.
 */
smac_status speech_model_open(const char *path, precision how, speech_model **out, smac_error *error);
void speech_model_free(speech_model *m); /* NULL is fine */
/*
 * Whether the model knows a language, given as a code in any case with or without a region ("en", "zh-CN") or as its
 * English name.  Models of English alone know that one.
 */
bool speech_model_knows(const speech_model *m, const char *language);

enum { SPEECH_TEMPERATURES = 8 };

typedef struct speech_options {
    const char *language;  /* "en", "EN", "en-GB", "English"; NULL or "auto": found in the first window not silent */
    int beams;             /* hypotheses of the search at temperature 0; 1: greedy */
    double patience;       /* the search ends with beams * patience finished hypotheses */
    double length_penalty; /* a hypothesis' score is its log probability / its length ^ this */
    bool words;            /* times of words */
    bool live;             /* words within some seconds: a window ends at a pause, or after 8 s, not after 30 s */
    bool previous_text;    /* the text before a window is part of its prompt (off: mistakes do not spread) */
    double temperatures[SPEECH_TEMPERATURES]; /* tried in turn */
    int temperature_count;
    int best_of;              /* samples at a temperature over 0 */
    uint64_t seed;            /* of the samples */
    double compression_ratio; /* more than that: repetition; 0: not looked at */
    double log_probability;   /* a token's mean under that: wrong; -INFINITY: not looked at */
    double no_speech;         /* this probability of no speech, with a log probability under the one above: silence */
    double silence;           /* root mean square of 0.1 s, of full scale, under which nothing is said; 0: off */
    int threads;              /* of this listener's work; 0: those of the calling thread */
    const reporter *report;   /* progress in seconds of sound; may ask to stop; NULL */
    double report_every;      /* it is called at least at the end of a window and about so often, in seconds */
} speech_options;

void speech_options_default(speech_options *o); /* beams 5, temperatures 0, 0.2 ... 1, ratio 2.4, -1, 0.6, 0.001 */

typedef struct speech_segment {
    double start, end; /* seconds */
    char *text;
    int32_t *tokens; /* with their time stamps */
    size_t token_count;
    transcript_word *words;
    size_t word_count;
    double log_probability, no_speech, compression_ratio, temperature; /* of the window it is from */
} speech_segment;

typedef struct speech_result {
    speech_segment *segments;
    size_t count, capacity;
    char language[16];                         /* "" when nothing was heard */
    double language_probability;               /* 1 when it was given */
    double duration;                           /* of the sound, seconds */
    int64_t windows, silent_windows, searches; /* searches: with those at higher temperatures */
} speech_result;

void speech_result_clear(speech_result *r);
/* Segments with their words, for the writers of subtitles and for analysis; adds to out. */
smac_status speech_result_transcript(const speech_result *r, transcript *out, smac_error *error);
void speech_result_text(const speech_result *r, text_buffer *out);                           /* one line a segment */
smac_status speech_result_json(const speech_result *r, text_buffer *out, smac_error *error); /* docs/transcribe.md */

/* A file's sound.  options NULL: the defaults.  After SMAC_ERROR_INTERRUPTED *out holds what was heard so far. */
smac_status speech_listen_file(
    const speech_model *m, const char *path, const speech_options *options, speech_result *out, smac_error *error);

/* --- as a stream -------------------------------------------------------------------------------------------------- */
typedef struct speech_listener speech_listener;
/* options' texts and result must live as long as the listener. */
smac_status speech_listener_new(const speech_model *m, const speech_options *options, speech_result *result,
    speech_listener **out, smac_error *error);
/* How many seconds there will be, for the progress; it need not be exact. */
void speech_listener_expect(speech_listener *l, double seconds);
/*
 * 16 kHz mono, in pieces of any size; the result does not depend on them.  Runs every window that has all its sound (and
 * that of the two minutes after it).  options.report is called from here, in the calling thread; when it asks to stop,
 * this returns INTERRUPTED within a second or so, the result has all whole windows so far, and only
 * speech_listener_free may follow.
 */
smac_status speech_listener_feed(speech_listener *l, const float *samples, size_t count, smac_error *error);
smac_status speech_listener_finish(speech_listener *l, smac_error *error); /* the rest */
double speech_listener_reached(const speech_listener *l); /* seconds up to which all words were recognised */
/* All of a file's sound, and the end. */
smac_status speech_listener_file(speech_listener *l, const char *path, smac_error *error);
void speech_listener_free(speech_listener *l); /* NULL is fine */

#endif
