/*
 * semanticmac/analyze.h - a recording in, what is said about each part of it out.
 *
 * A recording is opened once and decoded once, in order; memory grows by one vector a second of recording, not with the
 * size of its pictures.
 */
#ifndef SEMANTICMAC_ANALYZE_H
#define SEMANTICMAC_ANALYZE_H

#include "semanticmac/model.h"
#include "semanticmac/transcribe.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* What a segment is. */
typedef enum smac_segments {
    SMAC_SEGMENTS_AUTO,   /* of a file by utterance when its words have times; of a live session by window */
    SMAC_SEGMENTS_WINDOW, /* a window every hop seconds */
    SMAC_SEGMENTS_UTTERANCE /* an utterance where words with times are, windows side by side elsewhere (docs/analyze.md) */
} smac_segments;

/* Whose face is looked at, by a model that looks at faces, where there are several. */
typedef enum smac_face_choice {
    SMAC_FACE_AS_CONFIGURED, /* as the model was trained (vision.face) */
    SMAC_FACE_LARGEST,       /* who is there longest and largest */
    SMAC_FACE_LEFT,
    SMAC_FACE_RIGHT,
    SMAC_FACE_CENTRE
} smac_face_choice;

/* How one recording, or one live session, is analysed.  Texts are UTF-8 and copied. */
typedef struct smac_analyze_options {
    size_t size;                   /* set by smac_analyze_options_default */
    const char *text;              /* the words, when the caller knows them; NULL otherwise */
    const char *transcript;        /* a .srt, .vtt, .txt or .json file; NULL: none */
    bool without[SMAC_MODALITIES]; /* leave a modality out */
    bool no_subtitles;             /* do not read embedded subtitles (read when there is neither text nor transcript) */
    /* The tracks of a file: a stream's number, a language ("en"), or "none"; NULL: the file's default. */
    const char *picture_track, *sound_track, *subtitle_track;
    bool thumbnails;      /* keep small pictures (the HTML report shows them) */
    double window, hop;   /* seconds of a window, and from one to the next; 0: 4 and 1 */
    smac_speech *speech;  /* recognises the words when there are none otherwise; NULL: do not */
    const char *language; /* of the speech, "en", ...; NULL: detect */
    int threads;          /* of this request; 0: as smac_set_threads says */
    double max_seconds;   /* longer recordings are refused (FORMAT); 0: 48 hours */
    double max_gap;       /* so are wider gaps in picture or sound; 0: 6 hours */
    /*
     * Live sessions: how many seconds of input a segment waits for a modality that is later than the others, before it
     * is taken as missing; 0: 2; INFINITY: until it comes or the session is finished.
     */
    double latency;
    /*
     * Called at least every tenth of a second or so while there is work.  what: the recording's name while it is read,
     * "predicting", or once (0 of 0) "loading the speech model".  done of total, seconds or segments (total 0: not
     * known).  Non-zero stops with SMAC_ERROR_INTERRUPTED, within a second.
     */
    int (*progress)(void *user, const char *what, double done, double total);
    void (*log)(void *user, smac_log_level level, const char *message); /* each warning when it is found; or NULL */
    void *user;                                                         /* of both */
    smac_segments segments;                                             /* by window or by utterance */
    smac_face_choice face;                                              /* whose face, of a model that looks at faces */
} smac_analyze_options;

/* Fills the first `size` bytes.  Thread-safe when: the struct is the caller's own. */
SMAC_API void smac_analyze_options_init(smac_analyze_options *options, size_t size);
#define smac_analyze_options_default(options) smac_analyze_options_init((options), sizeof(smac_analyze_options))

/* ---- results ----------------------------------------------------------------------------------------------------- */

/* What one task says about a stretch.  Values: the score (1), or a probability for each class (task->classes). */
typedef struct smac_task_result {
    const float *prediction;                /* NULL: nothing that the model takes is there */
    const float *modality[SMAC_MODALITIES]; /* what each says for itself; NULL: it is not there */
    const float *shared;                    /* what they have in common; NULL with prediction */
    float disagreement; /* 0: all say the same, 1: as far apart as possible; NAN with fewer than two modalities */
} smac_task_result;

/* What was found about a stretch of the recording. */
typedef struct smac_segment {
    double start, end;             /* seconds */
    const char *text;              /* the words in it, "" when none are known */
    bool has[SMAC_MODALITIES];     /* the modality is there */
    const smac_task_result *tasks; /* one for each task of the model */
    bool is_utterance;             /* it is cut by the words; else it is a window */
} smac_segment;

/* The face that was followed, in one second of the recording. */
typedef struct smac_face {
    double time;                    /* seconds: of the picture that the box is of */
    int count;                      /* faces in that picture, at most */
    bool found;                     /* one is followed; else the rest is 0 */
    float score;                    /* probability that it is a face */
    float left, top, right, bottom; /* shares of the picture's width and height; may reach over its edge */
} smac_face;

typedef struct smac_analysis smac_analysis;

/* Seconds of wall clock that an analysis took. */
typedef struct smac_timing {
    double transcribe, read, predict, total; /* recognising words; decoding, preparing and encoding; predicting; all */
} smac_timing;

/* ---- analysing --------------------------------------------------------------------------------------------------- */

/*
 * Analyse a file: a video, a sound, or a still.  options may be NULL.
 * Errors: NOT_FOUND, IO, FORMAT (not a media file, nothing decodes, a malformed transcript, nothing in it that the model
 * takes; beyond the limits), ARGUMENT (a wrong option), UNSUPPORTED, INTERRUPTED, MEMORY.
 * Free with smac_analysis_free; the analysis does not need the model any more.
 * Thread-safe: always.
 */
SMAC_API smac_status smac_analyze_file(const smac_model *model, const char *path, const smac_analyze_options *options,
    smac_analysis **out, smac_error *error);

/* Where the bytes of a recording come from.  The functions are called by the thread that analyses. */
typedef struct smac_input {
    const char *name; /* what messages and reports call it; its ending may help to recognise it */
    /* Up to size bytes into data: how many were read; 0 at the end; negative: it cannot be read. */
    int64_t (*read)(void *user, void *data, size_t size);
    /* Go to a position from the start: not negative when it worked.  NULL: it can only be read forward (a pipe). */
    int64_t (*seek)(void *user, int64_t position);
    int64_t bytes; /* its size; negative: not known */
    void *user;
} smac_input;

/*
 * The same from the caller's functions.  An mp4 that can only be read forward and has its index at the end is kept in a
 * temporary file ($TMPDIR, else /tmp) while it is analysed.
 */
SMAC_API smac_status smac_analyze_input(const smac_model *model, const smac_input *input,
    const smac_analyze_options *options, smac_analysis **out, smac_error *error);

/* The same from memory, which stays the caller's.  name as in smac_input. */
SMAC_API smac_status smac_analyze_memory(const smac_model *model, const void *data, size_t size, const char *name,
    const smac_analyze_options *options, smac_analysis **out, smac_error *error);

/* NULL is fine.  Thread-safe when: no other thread uses the analysis. */
SMAC_API void smac_analysis_free(smac_analysis *analysis);

/*
 * The functions below give what belongs to the analysis, until it is freed; of NULL: NULL, or 0.
 * Thread-safe when: no other thread frees the analysis.
 */
SMAC_API int smac_analysis_task_count(const smac_analysis *analysis);
SMAC_API const smac_task *smac_analysis_task(const smac_analysis *analysis, int index); /* NULL outside */
SMAC_API double smac_analysis_duration(const smac_analysis *analysis);
SMAC_API const smac_segment *smac_analysis_summary(const smac_analysis *analysis); /* the whole recording */
SMAC_API size_t smac_analysis_segment_count(const smac_analysis *analysis);
SMAC_API const smac_segment *smac_analysis_segment(const smac_analysis *analysis, size_t index); /* NULL outside */
SMAC_API size_t smac_analysis_warning_count(const smac_analysis *analysis);
SMAC_API const char *smac_analysis_warning(const smac_analysis *analysis, size_t index); /* NULL outside */
/* "given text", the transcript's path, "embedded subtitles", "speech", "session"; NULL: there are no words. */
SMAC_API const char *smac_analysis_words_from(const smac_analysis *analysis);
SMAC_API const char *smac_analysis_language(const smac_analysis *analysis); /* of the words; NULL: not known */
/* One for each second in which pictures were looked at for faces; 0 when the model does not look at faces. */
SMAC_API size_t smac_analysis_face_count(const smac_analysis *analysis);
SMAC_API const smac_face *smac_analysis_face(const smac_analysis *analysis, size_t index); /* NULL outside */
SMAC_API smac_timing smac_analysis_timing(const smac_analysis *analysis);

/* ---- reports ----------------------------------------------------------------------------------------------------- */

typedef enum smac_format {
    SMAC_FORMAT_TEXT, /* a timeline for a terminal */
    SMAC_FORMAT_JSON, /* one object a recording (docs/analyze.md); a missing modality is null */
    SMAC_FORMAT_CSV,  /* one line a segment */
    SMAC_FORMAT_SRT,  /* subtitles that say what was found */
    SMAC_FORMAT_HTML  /* one self-contained page */
} smac_format;

/* false for an unknown name.  Thread-safe: always. */
SMAC_API bool smac_format_from_name(const char *name, smac_format *out);

typedef struct smac_render_options {
    size_t size; /* set by smac_render_options_default */
    smac_format format;
    int columns; /* SMAC_FORMAT_TEXT: width of the terminal; 0: 80 */
    bool colour; /* the same: with ANSI colours */
} smac_render_options;

SMAC_API void smac_render_options_init(smac_render_options *options, size_t size);
#define smac_render_options_default(options) smac_render_options_init((options), sizeof(smac_render_options))

/*
 * One or more analyses as text; free with smac_free.  options NULL: a timeline of 80 columns.  JSON: one analysis gives
 * an object, more give a list.  length may be NULL.
 * Thread-safe when: no other thread frees the analyses.
 */
SMAC_API smac_status smac_analysis_render(const smac_analysis *const *analyses, size_t count,
    const smac_render_options *options, char **text, size_t *length, smac_error *error);

#ifdef __cplusplus
}
#endif
#endif
