/* speech/listen.h - inside of the room: a listener's state, and the segments of one window. */
#ifndef SMAC_SPEECH_LISTEN_H
#define SMAC_SPEECH_LISTEN_H

#include "speech/features.h"
#include "speech/model.h"

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
    double expected;    /* seconds that the file says it has; 0 */
};

typedef struct heard {
    search_result found;
    double compression_ratio, temperature;
    bool silent; /* probably no speech, and the words look wrong */
} heard;

typedef struct window_part {
    double start, end;
    const int32_t *tokens;
    size_t count;
    transcript_word *words;
    size_t word_count;
    bool nothing; /* takes no time, or lies behind the sound: left out */
} window_part;

typedef struct window_parts {
    window_part *items;
    size_t count, capacity;
    bool single_end; /* the last time stamp stands alone: nothing is said behind it */
} window_parts;

/*
 * Words with times for the segments of the window at l->seek; moves their starts and ends to their words, and *next to
 * the end of the last word where the window has an unfinished rest.
 */
smac_status parts_time_words(speech_listener *l, window_parts *parts, int64_t frames, int64_t *next, smac_error *error);

/* Segments behind each other and within the sound of the window, their words in order inside of them. */
void parts_put_in_order(const speech_listener *l, window_parts *parts, int64_t frames);

#endif
