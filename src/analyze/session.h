/*
 * analyze/session.h - what a session holds; inside the module.
 *
 * Pictures and sound go through the clip encoder into a track of vectors by time, sound also to the speech listener,
 * words into a transcript.  Windows of the track with the words said in them are predicted when they are whole
 * (windows.c), and so are the stretches of the summary (summary.c).
 */
#ifndef SMAC_ANALYZE_SESSION_H
#define SMAC_ANALYZE_SESSION_H

#include "analyze/analysis.h"
#include "analyze/model.h"
#include "analyze/thumbnails.h"
#include "media/media.h"
#include "media/pcm.h"
#include "media/transcript.h"
#include "pipeline/clip_track.h"
#include "semanticmac/session.h"

struct listening; /* listening.h */

/* A stretch of the recording: [start, end), with the clips and words of [start, taken_until). */
typedef struct stretch {
    double start, end, taken_until;
    bool is_utterance;
} stretch;

/* Where the segments have come to. */
typedef struct segment_cursor {
    int64_t index;  /* of the next segment */
    double from;    /* by utterance: seconds from which nothing is in a segment yet */
    double started; /* by utterance: where the last word in a segment starts; -INFINITY: none is */
} segment_cursor;

/* The summary so far. */
typedef struct summary {
    prediction_total total;
    double length; /* seconds of a stretch */
    int64_t next;  /* the stretch that comes next */
    text_buffer text;
} summary;

/* The words. */
typedef struct session_words {
    transcript said;    /* by start */
    bool are_untimed;   /* some have no times: nothing can be predicted before the length is known */
    double until;       /* no words before it will come */
    int64_t late;       /* words that came when their segment was given already */
    const char *source; /* where they come from, a constant or the options' transcript; NULL: nowhere yet */
} session_words;

/* The picture that is on show, of a live session. */
typedef struct held_picture {
    uint8_t *rgb;
    size_t capacity;
    int width, height;
    double from, length; /* length: of the picture before, for the last one */
    bool is_shown;
} held_picture;

enum { SESSION_TEXTS = 6 }; /* of the options */

struct smac_session {
    const smac_model *model;
    const affect_model *affect;
    smac_analyze_options options; /* its texts are owned by the session */
    char *texts[SESSION_TEXTS];
    smac_analysis *analysis; /* grows; given away at the end */
    clip_encoder *clips;
    clip_track track;
    thumbnails pictures;
    session_words words;
    struct listening *listening; /* NULL: the sound is not listened to */
    summary summary;
    double picture_end, sound_end; /* seconds of input so far */
    int64_t sound_samples;
    double total_seconds; /* how long the recording says it is; 0: not known */
    bool expects_subtitles;
    smac_error failure; /* code SMAC_OK: none; it is final */
    bool is_finished;
    /* segments */
    bool by_utterance;
    segment_cursor next;        /* what is predicted next */
    smac_segment *ready;        /* predicted and not given yet, of a live session */
    int64_t ready_count, given; /* given: those of them that smac_session_next gave */
    /* live input */
    held_picture shown;
    pcm_converter *pcm;
    double sound_time; /* of the last block of sound */
    /* progress */
    const char *stage; /* what is reported */
    double done, total;
    double asked; /* when the caller was asked last, seconds of the clock */
    bool is_stopped;
    double started, listened, predicted; /* the clock at the start; seconds spent */
};

/* The clock, in seconds. */
double session_clock(void);

/* options were read by analyze_options_read.  name: for reports and messages. */
smac_status session_new(const smac_model *model, const smac_analyze_options *options, const char *name,
    smac_session **out, smac_error *error);

/* Feeding, as media_sink (pipeline/media_feed.h) has it. */
bool session_wants_picture(void *session, const picture_span *span);
smac_status session_picture(void *session, const picture *shown, const picture_span *span, smac_error *error);
smac_status session_sound(void *session, const float *samples, size_t count, bool hole, smac_error *error);
smac_status session_collect(smac_session *s, smac_error *error); /* encoded clips into the track */
bool session_takes(const smac_session *s, int modality);         /* for the model, the listener or the thumbnails */

/* Everything that is still missing; on success *out is the caller's.  duration NAN: of what was fed. */
smac_status session_finish(smac_session *s, double duration, smac_analysis **out, smac_error *error);

/* A warning: into the analysis, and to the caller's log. */
void session_warn(smac_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tell the caller how far the work is.  INTERRUPTED when it is to stop. */
smac_status session_progress(smac_session *s, const char *stage, double done, double total, smac_error *error);
/* An interruption: asks the caller every now and then. */
int session_asks(void *session);

/* --- faces.c ------------------------------------------------------------------------------------------------------ */

/* What was found of faces, into the analysis. */
smac_status session_finish_faces(smac_session *s, smac_error *error);

/* --- words.c ------------------------------------------------------------------------------------------------------ */

bool session_reads_words(const smac_session *s);                     /* the model does, and they are not left out */
smac_status session_check_text(const char *text, smac_error *error); /* FORMAT: not UTF-8 */
smac_status session_open_words(smac_session *s, smac_error *error);  /* those of the options */
/* Moves words into the session.  source: where they come from. */
smac_status session_add_words(smac_session *s, transcript *words, const char *source, smac_error *error);
/* Give words without times their share of the recording. */
smac_status session_spread_words(smac_session *s, smac_error *error);
/* Move the words before `time` into the analysis and the summary's text. */
smac_status session_retire_words(smac_session *s, double time, smac_error *error);

/* --- windows.c ---------------------------------------------------------------------------------------------------- */

/*
 * Predict stretches: texts[i] gets the words of each, out[i] the prediction (with NULL values where nothing is there).
 * On an error both are empty.
 */
smac_status session_predict(
    smac_session *s, const stretch *stretches, int64_t count, text_buffer *texts, prediction *out, smac_error *error);
/* Seconds up to which everything is known that will be. */
double session_whole_until(const smac_session *s);
/* Predict at most `most` whole segments into `out`; *count gets how many. */
enum { SEGMENTS_AT_ONCE = 64 };
smac_status session_make_segments(smac_session *s, smac_segment *out, int64_t most, int64_t *count, smac_error *error);

/* --- segments.c --------------------------------------------------------------------------------------------------- */

/* Whether segments are by utterance: as the options say, or because all words have times.  After the last words came. */
void session_choose_segments(smac_session *s);
/*
 * The spans of the next segments that are whole, at most `most` of them; *count: how many.  *cursor, from s->next on, is
 * moved past them.  What is planned does not depend on when it is asked.
 */
smac_status session_plan(
    const smac_session *s, segment_cursor *cursor, stretch *out, int64_t most, int64_t *count, smac_error *error);
/* No segment to come starts before it, seconds. */
double session_planned_until(const smac_session *s);

/* --- summary.c ---------------------------------------------------------------------------------------------------- */

smac_status summary_begin(smac_session *s, smac_error *error);
void summary_clear(summary *m);
/* Take in the stretches that are whole; at the end, the rest. */
smac_status summary_advance(smac_session *s, smac_error *error);
smac_status summary_finish(smac_session *s, smac_error *error); /* fills the analysis's summary */

#endif
