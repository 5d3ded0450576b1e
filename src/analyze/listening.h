/* analyze/listening.h - the words of a session's sound, recognised while it comes. */
#ifndef SMAC_ANALYZE_LISTENING_H
#define SMAC_ANALYZE_LISTENING_H

#include "analyze/session.h"

/*
 * Ask for it before the first sound.  The speech model is loaded when the first sound comes.  seconds: how long the
 * sound will be, for the progress; 0: not known.
 */
smac_status listening_new(smac_session *s, double seconds, smac_error *error);
/* After listening_new: words are wanted within some seconds (speech_options.live). */
void listening_make_live(struct listening *l);
void listening_free(struct listening *l); /* NULL is fine */
smac_status listening_feed(smac_session *s, const float *samples, size_t count, smac_error *error);
/* The words that were recognised since the last call move into the session. */
smac_status listening_take(smac_session *s, smac_error *error);
smac_status listening_finish(smac_session *s, smac_error *error); /* the rest, and takes it */

#endif
