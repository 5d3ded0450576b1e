/*
 * semanticmac/session.h - live input: pictures, sound and words with their times in, segments out as they become whole.
 *
 *   smac_session *session = NULL;
 *   smac_session_open(model, NULL, &session, &error);
 *   while (...) {
 *       smac_session_frame(session, &picture, picture_time, &error);
 *       smac_session_sound(session, &block, sound_time, &error);
 *       const smac_segment *s;
 *       while (smac_session_next(session, &s, &error) == SMAC_OK && s)
 *           ...
 *   }
 *   smac_session_finish(session, &analysis, &error);
 *   smac_session_free(session);
 *
 * (apps/example/live.c is such a program, built and tested with the library.)
 *
 * All times are seconds on one clock that begins at 0.  Pictures come in order of time, so does sound; the two may come
 * in any mixture.  smac_analyze_file is a user of a session: what it finds about a file is what a session finds about
 * the same pictures, sound and words.
 *
 * A session holds the input of the last few seconds and of the segments that are not taken yet, so a session whose
 * segments are taken runs in constant memory.  It costs nothing while it waits.
 *
 * Thread-safe when: each session is used by one thread at a time.  Any number of sessions may share a model.
 *
 * After an error other than ARGUMENT a session can only be freed; further calls return the same error.
 */
#ifndef SEMANTICMAC_SESSION_H
#define SEMANTICMAC_SESSION_H

#include "semanticmac/analyze.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct smac_session smac_session;

/*
 * options may be NULL; text and transcript are the words of the whole session, when they are known before.  The model
 * and options->speech must stay open as long as the session.  Free with smac_session_free.
 * Errors: ARGUMENT (a wrong option), NOT_FOUND and FORMAT (of the transcript), MEMORY.
 */
SMAC_API smac_status smac_session_open(
    const smac_model *model, const smac_analyze_options *options, smac_session **out, smac_error *error);
SMAC_API void smac_session_free(smac_session *session); /* NULL is fine */

typedef enum smac_pixels { SMAC_PIXELS_RGB, SMAC_PIXELS_BGR, SMAC_PIXELS_RGBA, SMAC_PIXELS_BGRA } smac_pixels;

/* One picture: rows from top to bottom, one byte a channel. */
typedef struct smac_picture {
    const void *data;
    int width, height;
    size_t stride; /* bytes from row to row; 0: no gap between rows */
    smac_pixels pixels;
} smac_picture;

/*
 * A picture, which is on show from time until the next one.  picture NULL: from then on nothing is on show (the camera
 * is off).  The data are copied.  Errors: ARGUMENT (a time before the last one's, not finite, or negative; an empty
 * picture), FORMAT (beyond options' limits), INTERRUPTED, MEMORY.
 */
SMAC_API smac_status smac_session_frame(
    smac_session *session, const smac_picture *picture, double time, smac_error *error);

typedef enum smac_samples { SMAC_SAMPLES_FLOAT, SMAC_SAMPLES_INT16 } smac_samples;

/* A block of uncompressed sound, channels interleaved. */
typedef struct smac_sound {
    const void *data;
    size_t frames; /* samples of one channel */
    int channels, rate;
    smac_samples samples;
} smac_sound;

/*
 * Sound that begins at time; NAN: it follows the block before.  Small differences between time and the samples' own
 * count are taken as drift, larger ones as gaps or overlaps, by the rules of a file's sound (docs/media.md).
 * Errors as smac_session_frame's.
 */
SMAC_API smac_status smac_session_sound(smac_session *session, const smac_sound *sound, double time, smac_error *error);

/*
 * Words that were said in [start, end), in UTF-8.  An empty text says that nothing was said there; either lets the
 * segments up to `end` go on without waiting for more words.  Errors: ARGUMENT (times, not UTF-8), MEMORY.
 */
SMAC_API smac_status smac_session_words(
    smac_session *session, const char *text, double start, double end, smac_error *error);

/*
 * The next segment that is whole: all its input has come, or the latency is over.  *segment is NULL when there is none
 * yet, else valid until the next call of smac_session_next, _finish or _free.
 */
SMAC_API smac_status smac_session_next(smac_session *session, const smac_segment **segment, smac_error *error);

/*
 * No more input will come: the segments that smac_session_next has not given, and the summary of all of the session.
 * Only smac_session_free may follow.  Free the analysis with smac_analysis_free.
 * Errors: FORMAT (nothing that the model takes came), INTERRUPTED, MEMORY.
 */
SMAC_API smac_status smac_session_finish(smac_session *session, smac_analysis **out, smac_error *error);

#ifdef __cplusplus
}
#endif
#endif
