/* tests/media/watched.h - everything a reader gives of a recording, for the tests that look at times. */
#ifndef SMAC_TESTS_MEDIA_WATCHED_H
#define SMAC_TESTS_MEDIA_WATCHED_H

#include "support/check.h"

#include "media/decoder.h"

enum { WATCHED_PICTURES = 4096 };

typedef struct watched {
    smac_status status;
    smac_error error;
    int pictures;
    double from[WATCHED_PICTURES], until[WATCHED_PICTURES];
    int grey[WATCHED_PICTURES];
    float *sound;
    size_t samples, capacity; /* samples in all; room for so many */
    size_t holes;             /* samples that were put in */
    char warnings[4000];
    int64_t broken;
    media_info info;
    transcript words;
} watched;

/* options may be NULL. */
watched *watch(const media_input *input, const media_options *options);
void watched_free(watched *w);

/* The mean square of the sound from second to second. */
double watched_power(const watched *w, double from, double to);
/* When the sound first is loud at or after a time, to 5 ms; -1: never. */
double watched_loud_after(const watched *w, double time);
/* The grey on show at a time; -1: nothing is. */
int watched_grey_at(const watched *w, double time);
void watched_warned(
    const watched *w, const char *words); /* fails unless a warning has them; NULL: unless none is there */

#endif
