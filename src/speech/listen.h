/* speech/listen.h - inside of the module: a listener's state, and the segments of one window. */
#ifndef SMAC_SPEECH_LISTEN_H
#define SMAC_SPEECH_LISTEN_H

#include "speech/features.h"
#include "speech/model.h"

enum { FRAMES_A_SECOND = 100 };

struct speech_listener {
    const speech_model *model;
    speech_options options;
    speech_result *result;
    speech_features features;
    whisper_decoding *decoding;
    tape *tape;
    float *mel; /* (window_frames, mel_bins) */
    int64_t window_frames;
    int64_t seek;      /* the frame where the next window begins */
    int32_t language;  /* id of its token; -1: not heard yet */
    bool spaces;       /* the language has spaces between words */
    int32_t *previous; /* tokens said before, for the next prompt */
    size_t previous_count, previous_capacity;
    double last_speech; /* where the last timed word ended */
    double expected;    /* seconds that there will be; 0: not known */
    double reported;    /* when progress was reported last, seconds of a clock */
    bool stopped;       /* the caller asked to stop */
};

/* --- listen.c ----------------------------------------------------------------------------------------------------- */
void listener_set_language(speech_listener *l, int32_t id, double probability);
/* Reports progress; true: the caller asks to stop. */
bool listener_report(speech_listener *l);
/* The same (user is the listener), but at most once in options.report_every seconds: for calls during the work. */
int listener_interrupted(void *user);
/* INTERRUPTED, with how far it came. */
smac_status listener_stopped(const speech_listener *l, smac_error *error);

/* --- window.c: the window whose sound the decoding has ------------------------------------------------------------- */

typedef struct heard {
    search_result found;
    double compression_ratio, temperature;
    bool silent; /* probably no speech, and the words look wrong */
} heard;

smac_status window_detect_language(speech_listener *l, smac_error *error);
/* The first search that looks right; when none does, the likeliest that does not repeat itself, else the likeliest. */
smac_status window_search(speech_listener *l, heard *out, smac_error *error);

/* --- segments.c --------------------------------------------------------------------------------------------------- */

/* The text of tokens without time stamps and other special ones, without spaces at its ends; free(). */
smac_status listener_text(const speech_listener *l, const int32_t *tokens, size_t count, char **out, smac_error *error);
/* Segments of what was heard in frames of sound, into the result; *next: the frame where the next window begins. */
smac_status window_keep(speech_listener *l, heard *h, int64_t frames, int64_t *next, smac_error *error);

/* --- part_words.c ------------------------------------------------------------------------------------------------- */

typedef struct window_part {
    double start, end;
    const int32_t *tokens;
    size_t count;
    transcript_word *words;
    size_t word_count;
    bool nothing; /* takes no time, or is after the end of the sound: left out */
} window_part;

typedef struct window_parts {
    window_part *items;
    size_t count, capacity;
    bool single_end; /* the last time stamp is not one of a pair: nothing is said after it */
} window_parts;

/*
 * Words with times for the segments of the window at l->seek; moves their starts and ends to their words, and *next to
 * the end of the last word where the window has an unfinished rest.
 */
smac_status parts_time_words(speech_listener *l, window_parts *parts, int64_t frames, int64_t *next, smac_error *error);

/* Segments one after the other and within the sound of the window, their words in order inside of them. */
void parts_put_in_order(const speech_listener *l, window_parts *parts, int64_t frames);

#endif
