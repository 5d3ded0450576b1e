/*
 * analyze/analysis.h - what an analysis holds, and the renderers of each format.
 */
#ifndef SMAC_ANALYZE_ANALYSIS_H
#define SMAC_ANALYZE_ANALYSIS_H

#include "analyze/tasks.h"
#include "base/modality.h"
#include "base/text.h"
#include "pipeline/prediction.h"
#include "semanticmac/semanticmac.h"

typedef struct thumbnail {
    uint8_t *jpeg; /* NULL: none */
    size_t size;
    double time; /* seconds */
} thumbnail;

struct smac_analysis {
    char *recording; /* the path as given */
    double duration; /* seconds; of a still 0 */
    char *model_name, *model_sha256;
    public_tasks tasks; /* what each segment's results are about */
    double window, hop;
    const char *missing[SMAC_MODALITIES]; /* why a modality that is not there is not; constant texts */
    smac_segment summary;
    smac_segment *segments; /* their texts are owned */
    size_t segment_count, segment_capacity;
    thumbnail *thumbnails; /* in order of time; at most one a second */
    size_t thumbnail_count;
    char **warnings;
    size_t warning_count, warning_capacity;
    char *words_from; /* "text", a file, "subtitles", "speech", or NULL: no words */
    char *language;   /* or NULL */
    smac_timing timing;
};

/* Add a warning (one sentence); nothing happens when memory is short. */
void analysis_warn(smac_analysis *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Over this disagreement a segment is marked in reports. */
#define DISAGREEMENT_MARK 0.35f

/* Rows of values in every report: the prediction, what each modality says for itself, what they share. */
enum { ROW_PREDICTION, ROW_MODALITY, ROW_SHARED = ROW_MODALITY + SMAC_MODALITIES, ROWS };

/* The values of a row of one task's result; NULL: not there. */
const float *segment_row(const smac_segment *s, int task, int row);
bool task_is_score(const smac_task *task);
int task_values(const smac_task *task); /* 1, or the number of classes */

/* Renderers add to out; memory failures show in out->failed. */
void render_text(const smac_analysis *a, int columns, bool colour, text_buffer *out);
void render_csv(const smac_analysis *const *analyses, size_t count, text_buffer *out);
void render_srt(const smac_analysis *a, text_buffer *out);
void render_html(const smac_analysis *const *analyses, size_t count, text_buffer *out);
smac_status render_json(const smac_analysis *const *analyses, size_t count, text_buffer *out, smac_error *error);

/* "1:02:03.4" or "2:03.4" */
void render_time(text_buffer *out, double seconds);
double render_score(float value); /* what "%+.2f" is to show: no -0.00 */
/* A text with U+FFFD for what is not UTF-8 (a file's name may hold any bytes); the same escaped for HTML. */
void render_utf8(text_buffer *out, const char *text);
void render_xml(text_buffer *out, const char *text);
/* A name or a sentence with '?' for control characters: a file's name may hold a line end, or a terminal's commands. */
void render_line(text_buffer *out, const char *text);
/* the class with the largest probability; 0 for a score */
int values_top(const smac_task *task, const float *values);

#endif
