/*
 * semanticmac/transcribe.h - the words of a recording, with their times, recognised by Whisper.
 *
 *   smac_speech *speech = NULL;
 *   smac_transcription *words = NULL;
 *   if (smac_speech_open("models/whisper-base", &speech, &error) ||
 *       smac_transcribe_file(speech, "talk.mp4", NULL, &words, &error))
 *       fprintf(stderr, "%s\n", error.message);
 *   for (size_t i = 0; i < smac_transcription_segment_count(words); i++)
 *       printf("%s\n", smac_transcription_segment(words, i)->text);
 *   smac_transcription_free(words);
 *   smac_speech_free(speech);
 *
 * (apps/example/transcribe_example.c is built and tested with the library.)
 *
 * A smac_speech may be used by any number of threads at once.  A transcriber and a transcription belong to one thread at
 * a time.  Callbacks are called by the thread that made the call.  All texts are UTF-8.  Freeing NULL is fine, and
 * functions that ask something of NULL give 0, NULL or "".
 */
#ifndef SEMANTICMAC_TRANSCRIBE_H
#define SEMANTICMAC_TRANSCRIBE_H

#include "semanticmac/library.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the speech model -------------------------------------------------------------------------------------------- */

typedef struct smac_speech smac_speech;

/*
 * A speech model (a Whisper folder).  It is loaded at the first recording that needs it and then held, once for all
 * requests and threads that share it.
 * Errors: NOT_FOUND, ARGUMENT (not a folder), MEMORY; what is wrong inside the folder is reported when it is loaded, and
 * again by each request that needs it.  Thread-safe: always.
 */
SMAC_API smac_status smac_speech_open(const char *path, smac_speech **out, smac_error *error);
/* NULL is fine.  Thread-safe when: no other thread uses it, and no session that was opened with it is open. */
SMAC_API void smac_speech_free(smac_speech *speech);

typedef struct smac_speech_options {
    size_t size;           /* set by smac_speech_options_default */
    const char *precision; /* of the weights: "f32", "bf16", "int8"; NULL: f32.  Copied */
} smac_speech_options;

SMAC_API void smac_speech_options_init(smac_speech_options *options, size_t size);
#define smac_speech_options_default(options) smac_speech_options_init((options), sizeof(smac_speech_options))

/* smac_speech_open with options.  ARGUMENT: an unknown precision. */
SMAC_API smac_status smac_speech_open_with(
    const char *path, const smac_speech_options *options, smac_speech **out, smac_error *error);

/* ---- options ----------------------------------------------------------------------------------------------------- */

typedef struct smac_transcribe_options {
    size_t size;          /* set by smac_transcribe_options_default */
    const char *language; /* "en", "EN", "en-GB" or "English"; NULL or "auto": recognised */
    int beams;            /* hypotheses of the search, 1 to 32; 1: greedy, the fastest (5) */
    bool words;           /* times and probabilities of words (true) */
    bool previous_text;   /* the words before are given to the model with each 30 s (false) */
    double temperature;   /* this one alone, 0 to 2; negative: 0, then 0.2 to 1 where the words look wrong (-1) */
    double silence;       /* sound softer than this, of full scale 1, is silence (0.001) */
    uint64_t seed;        /* of the samples at temperatures above 0 (0) */
    int threads;          /* of this call; 0: as smac_set_threads says (0) */
    /*
     * what: "loading the speech model" (0 of 0) or "listening"; done of total seconds of sound (total 0: not known).
     * Called several times a second while there is work.  Non-zero stops with SMAC_ERROR_INTERRUPTED, within a second
     * or so (one operation of a large model on a slow processor, one tensor while it is loaded).
     */
    int (*progress)(void *user, const char *what, double done, double total);
    void (*log)(void *user, smac_log_level level, const char *message); /* the recording is cut off, damaged; or NULL */
    void *user;                                                         /* of both */
} smac_transcribe_options;

SMAC_API void smac_transcribe_options_init(smac_transcribe_options *options, size_t size);
#define smac_transcribe_options_default(options) \
    smac_transcribe_options_init((options), sizeof(smac_transcribe_options))

/* ---- results ----------------------------------------------------------------------------------------------------- */

typedef struct smac_transcription smac_transcription;

typedef struct smac_spoken_segment {
    double start, end; /* seconds */
    const char *text;
    size_t word_count;      /* 0 without options.words */
    double log_probability; /* mean over the tokens of the 30 s that it is from */
    double no_speech;       /* probability that nobody speaks in those 30 s */
} smac_spoken_segment;

typedef struct smac_spoken_word {
    double start, end; /* seconds */
    const char *text;
    double probability;
} smac_spoken_word;

SMAC_API size_t smac_transcription_segment_count(const smac_transcription *t);
/* NULL outside; both are valid until the transcription is freed. */
SMAC_API const smac_spoken_segment *smac_transcription_segment(const smac_transcription *t, size_t index);
SMAC_API const smac_spoken_word *smac_transcription_word(const smac_transcription *t, size_t segment, size_t index);
SMAC_API const char *smac_transcription_language(const smac_transcription *t);        /* "en"; "": no words */
SMAC_API double smac_transcription_language_probability(const smac_transcription *t); /* 1 when it was given */
SMAC_API double smac_transcription_duration(const smac_transcription *t);             /* of the sound, seconds */
SMAC_API void smac_transcription_free(smac_transcription *t);

typedef enum smac_transcript_format {
    SMAC_TRANSCRIPT_TEXT, /* a line a segment */
    SMAC_TRANSCRIPT_SRT,
    SMAC_TRANSCRIPT_VTT,
    SMAC_TRANSCRIPT_JSON /* docs/transcribe.md */
} smac_transcript_format;

/* Free *text with smac_free; length may be NULL. */
SMAC_API smac_status smac_transcription_render(
    const smac_transcription *t, smac_transcript_format format, char **text, size_t *length, smac_error *error);

/* ---- whole recordings -------------------------------------------------------------------------------------------- */

/*
 * The words of a file's sound.  options may be NULL.  After SMAC_ERROR_INTERRUPTED *out has what was recognised so far,
 * after other errors it is NULL.  Errors: NOT_FOUND (no file, no sound in it), FORMAT (not a media file; a model that is
 * damaged), ARGUMENT (a wrong option; a language that the model does not know, with the list of those that it knows),
 * UNSUPPORTED, INTERRUPTED, MEMORY.
 */
SMAC_API smac_status smac_transcribe_file(smac_speech *speech, const char *path, const smac_transcribe_options *options,
    smac_transcription **out, smac_error *error);
/* The same of mono samples in [-1, 1], rate of them a second (1000 to 768000; 16000 is taken as it is). */
SMAC_API smac_status smac_transcribe_samples(smac_speech *speech, const float *samples, size_t count, int rate,
    const smac_transcribe_options *options, smac_transcription **out, smac_error *error);

/* ---- as a stream ------------------------------------------------------------------------------------------------- */

typedef struct smac_transcriber smac_transcriber;

/*
 * Sound that comes in pieces.  speech must outlive the transcriber.  Words come when a window of 30 s and the sound of
 * the two minutes after it are there, or at the end.
 */
SMAC_API smac_status smac_transcriber_open(
    smac_speech *speech, int rate, const smac_transcribe_options *options, smac_transcriber **out, smac_error *error);
/* Mono samples in pieces of any size; the words do not depend on the sizes.  After an error only _result and _free. */
SMAC_API smac_status smac_transcriber_feed(smac_transcriber *t, const float *samples, size_t count, smac_error *error);
SMAC_API smac_status smac_transcriber_finish(smac_transcriber *t, smac_error *error); /* the rest */
/* What was recognised so far; the transcriber's own. */
SMAC_API const smac_transcription *smac_transcriber_result(const smac_transcriber *t);
SMAC_API void smac_transcriber_free(smac_transcriber *t);

#ifdef __cplusplus
}
#endif
#endif
