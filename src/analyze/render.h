/* analyze/render.h - what the renderers of all formats share: rows of values, and values in words (render_words.c). */
#ifndef SMAC_ANALYZE_RENDER_H
#define SMAC_ANALYZE_RENDER_H

#include "analyze/analysis.h"

/* Over this disagreement a segment is marked in reports. */
#define DISAGREEMENT_MARK 0.35f

/* Rows of values in every report: the prediction, what each modality says for itself, what they share. */
enum { ROW_PREDICTION, ROW_MODALITY, ROW_SHARED = ROW_MODALITY + SMAC_MODALITIES, ROWS };

/* The values of a row of one task's result; NULL: not there. */
const float *segment_row(const smac_segment *s, int task, int row);
bool task_is_score(const smac_task *task);
int task_values(const smac_task *task); /* 1, or the number of classes */
bool values_known(const float *values); /* there, and numbers */

/* "together", "words", "voice", "face", "shared"; in JSON and CSV the modalities have the names of modality_name. */
const char *row_name(int row);
/* A modality that is nowhere in the recording is named with the reason alone. */
bool row_is_shown(const smac_analysis *a, int row);

/* Words for the parts of a score's range, from the lowest; limits[i] is where words[i + 1] begins. */
enum { SCALE_WORDS = 5 };
typedef struct score_scale {
    double limits[SCALE_WORDS - 1];
    const char *words[SCALE_WORDS];
} score_scale;
score_scale score_scale_of(const smac_task *task);
const char *score_words(const smac_task *task, float value); /* "clearly positive" */
double score_strength(const smac_task *task, float value);   /* 0: the middle of the range; 1: an end */
double value_share(const smac_task *task, float value);      /* of the range, 0 to 1 */

/* A class is named when it has at least SURE_LEAST and is SURE_LEAD before the next; else it is "not sure". */
#define SURE_LEAST 0.5f
#define SURE_LEAD 0.15f
int values_top(const smac_task *task, const float *values); /* the class with the largest probability; 0 for a score */
int values_second(const smac_task *task, const float *values); /* the next; -1: there is one class */
bool values_sure(const smac_task *task, const float *values);
bool class_is_plain(const char *name); /* "neutral", "not funny": never a strong moment */
/* How probable it is that the prediction is right: of calibrated classes the largest probability; else NAN. */
double segment_certainty(const smac_analysis *a, const smac_segment *s, int task);

/* How a name of the model's or a word of somebody's is written: render_line, render_xml, ... */
typedef void render_names(text_buffer *out, const char *text);
/* "+0.31 slightly positive", "joy 71%", "not sure: joy 38%, anger 30%", or a dash. */
void render_value(const smac_task *task, const float *v, render_names *write, text_buffer *out);

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

#endif
