/*
 * semanticmac.h - from a video of a person talking to what they feel and mean.
 *
 *   smac_error error;
 *   smac_model *model = NULL;
 *   smac_analysis *analysis = NULL;
 *   if (smac_model_open("best.safetensors", NULL, &model, &error) ||
 *       smac_analyze_file(model, "talk.mp4", NULL, &analysis, &error)) {
 *       fprintf(stderr, "%s\n", error.message);
 *   } else {
 *       for (size_t i = 0; i < smac_analysis_segment_count(analysis); i++) {
 *           const smac_segment *s = smac_analysis_segment(analysis, i);
 *           if (s->tasks[0].prediction) // NULL: nothing is known about this stretch
 *               printf("%6.1f s  %+.2f\n", s->start, s->tasks[0].prediction[0]);
 *       }
 *   }
 *   smac_analysis_free(analysis);
 *   smac_model_free(model);
 *
 * (apps/example/example.c is this program, built and tested with the library.)
 *
 * An open model is immutable: any number of threads may analyse with it at the same time.  An analysis belongs to the
 * caller and does not need the model any more.  All texts are UTF-8.  Freeing NULL is fine.
 */
#ifndef SEMANTICMAC_H
#define SEMANTICMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "semanticmac/embed.h"
#include "semanticmac/error.h"
#include "semanticmac/transcribe.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0" */
SMAC_API const char *smac_version(void);
/* The processor and the kernels chosen for it, one line into out (200 bytes are enough); gives out. */
SMAC_API const char *smac_processor(char *out, size_t size);
/* How many threads the work may use; 0: as many as the machine has.  Results do not depend on it. */
SMAC_API void smac_set_threads(int count);

/* Modalities stand in this order everywhere. */
enum { SMAC_TEXT, SMAC_AUDIO, SMAC_VISION, SMAC_MODALITIES };

/* ---- models ------------------------------------------------------------------------------------------------------ */

typedef struct smac_model smac_model;

typedef struct smac_model_options {
    const char *encoder_folder; /* where else to look for frozen encoders that the model file only names; or NULL */
    const char *precision;      /* of the encoders' products: "f32", "bf16", "int8"; NULL: as they were trained */
} smac_model_options;

/*
 * Open a model file.  options may be NULL.  Errors: NOT_FOUND, FORMAT (no model file, truncated), MISMATCH (a tensor of
 * another shape: its name and both shapes), UNSUPPORTED, MEMORY.  Free with smac_model_free.
 */
SMAC_API smac_status smac_model_open(
    const char *path, const smac_model_options *options, smac_model **out, smac_error *error);
SMAC_API void smac_model_free(smac_model *model);

SMAC_API const char *smac_model_name(const smac_model *model);
SMAC_API const char *smac_model_sha256(const smac_model *model); /* of the file, 64 hexadecimal digits */

/* What a model predicts: a score in a range, or a probability for each of several classes. */
typedef struct smac_task {
    const char *name;               /* "sentiment", "emotion", ... */
    int classes;                    /* 0: a score in [low, high]; else the number of classes */
    double low, high;               /* of a score; 0 and 1 for classes */
    const char *const *class_names; /* (classes); NULL for a score */
} smac_task;

SMAC_API int smac_model_task_count(const smac_model *model);
SMAC_API const smac_task *smac_model_task(const smac_model *model, int index); /* NULL outside; the model's own */
/* How it was made (configuration, tasks, training record, sizes) as JSON; free() it.  NULL when memory is short. */
SMAC_API char *smac_model_describe(const smac_model *model);

/* ---- words out of sound ------------------------------------------------------------------------------------------ */

/*
 * A speech model (a Whisper folder) for recordings without a transcript.  It is loaded at the first recording that needs
 * it and then held, once for all recordings and threads that share it.
 * Errors: NOT_FOUND, ARGUMENT (no folder), MEMORY; what is wrong inside the folder shows when it is loaded, and again in
 * each analysis that needs it.  Free with smac_speech_free when no analysis uses it any more.
 */
SMAC_API smac_status smac_speech_open(const char *path, smac_speech **out, smac_error *error);
SMAC_API void smac_speech_free(smac_speech *speech);

/* ---- analysis ---------------------------------------------------------------------------------------------------- */

typedef struct smac_analysis smac_analysis;

typedef struct smac_analyze_options {
    const char *text;              /* the words, when the caller knows them; NULL otherwise */
    const char *transcript;        /* a .srt, .vtt, .txt or .json file; NULL: embedded subtitles, when there are any */
    bool without[SMAC_MODALITIES]; /* leave a modality out */
    double window, hop;            /* seconds of a segment, and from one to the next; 0: 4 and 1 */
    bool thumbnails;               /* keep a small picture for each segment (the HTML report shows them) */
    smac_speech *speech;           /* recognises the words when there is no transcript; NULL: do not */
    const char *language;          /* of the speech, "en", ...; NULL: detect */
    /*
     * what: the recording's path while it is read, else "listening", "predicting", or once (0 of 0) "loading the speech
     * model".  done of total, seconds or segments (total 0: not known).  Non-zero stops with SMAC_ERROR_INTERRUPTED.
     */
    int (*progress)(void *user, const char *what, double done, double total);
    void *user;
} smac_analyze_options;

SMAC_API void smac_analyze_options_default(smac_analyze_options *options);

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
    const smac_task_result *tasks; /* one for each of smac_analysis_task_count */
} smac_segment;

/*
 * Analyse a recording: a video, a sound, or a still.  options may be NULL.  Decoding runs once through the file, in
 * memory that does not grow with its length but for one vector a second.
 * Errors: NOT_FOUND, FORMAT (no media file, nothing decodes, a malformed transcript), ARGUMENT (window or hop not
 * positive), INTERRUPTED, MEMORY.  Free with smac_analysis_free.
 */
SMAC_API smac_status smac_analyze_file(const smac_model *model, const char *path, const smac_analyze_options *options,
    smac_analysis **out, smac_error *error);
SMAC_API void smac_analysis_free(smac_analysis *analysis);

SMAC_API int smac_analysis_task_count(const smac_analysis *analysis);
SMAC_API const smac_task *smac_analysis_task(const smac_analysis *analysis, int index); /* NULL outside */
SMAC_API double smac_analysis_duration(const smac_analysis *analysis);
SMAC_API const smac_segment *smac_analysis_summary(const smac_analysis *analysis); /* the whole recording */
SMAC_API size_t smac_analysis_segment_count(const smac_analysis *analysis);
SMAC_API const smac_segment *smac_analysis_segment(const smac_analysis *analysis, size_t index); /* NULL outside */
SMAC_API size_t smac_analysis_warning_count(const smac_analysis *analysis);
SMAC_API const char *smac_analysis_warning(const smac_analysis *analysis, size_t index);

typedef enum smac_format {
    SMAC_FORMAT_TEXT, /* a timeline for a terminal */
    SMAC_FORMAT_JSON, /* one object a recording (docs/analyze.md); a missing modality is null */
    SMAC_FORMAT_CSV,  /* one line a segment */
    SMAC_FORMAT_SRT,  /* subtitles that say what was found */
    SMAC_FORMAT_HTML  /* one self-contained page */
} smac_format;

/* false for an unknown name */
SMAC_API bool smac_format_from_name(const char *name, smac_format *out);

/*
 * One or more analyses as text; free() it.  JSON: one analysis gives an object, more give a list.  columns: width of
 * the terminal for SMAC_FORMAT_TEXT (0: 80); colour: with ANSI colours.
 */
SMAC_API smac_status smac_analysis_render(const smac_analysis *const *analyses, size_t count, smac_format format,
    int columns, bool colour, char **text, size_t *length, smac_error *error);

#ifdef __cplusplus
}
#endif
#endif
