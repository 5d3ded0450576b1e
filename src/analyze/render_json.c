/* analyze/render_json.c - an analysis as JSON, by jansson.  A missing modality is null, never a number. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/render.h"
#include "base/json.h"

enum { JSON_VERSION = 3 };

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *text_string(const char *text)
{
    text_buffer clean = {0};
    render_utf8(&clean, text);
    json_t *string = clean.failed ? NULL : json_stringn(clean.data ? clean.data : "", clean.length);
    text_free(&clean);
    return string;
}

static json_t *text_or_null(const char *text)
{
    return text ? text_string(text) : json_null();
}

/* {"score": s, "range": [low, high]} or {"class": name, "probabilities": {name: p, ...}}; null where nothing is known. */
static json_t *task_object(const smac_task *task, const float *v)
{
    if (!values_known(v))
        return json_null();
    if (task_is_score(task))
        return json_pack("{s:o, s:[f, f]}", "score", number((double)v[0]), "range", task->low, task->high);
    json_t *probabilities = json_object();
    for (int i = 0; i < task->classes; i++)
        json_object_set_new(probabilities, task->class_names[i], number((double)v[i]));
    return json_pack("{s:s, s:o}", "class", task->class_names[values_top(task, v)], "probabilities", probabilities);
}

static json_t *tasks_object(const smac_analysis *a, const smac_segment *s, int row)
{
    json_t *tasks = json_object();
    for (int k = 0; k < a->tasks.count; k++)
        json_object_set_new(tasks, a->tasks.items[k].name, task_object(&a->tasks.items[k], segment_row(s, k, row)));
    return tasks;
}

/* null: the model does not look at faces. */
static json_t *faces_array(const smac_analysis *a)
{
    json_t *faces = a->face_count > 0 ? json_array() : json_null();
    for (size_t i = 0; i < a->face_count; i++) {
        const smac_face *f = &a->faces[i];
        json_t *one = json_pack("{s:f, s:i}", "time", f->time, "count", f->count);
        json_object_set_new(one, "score", f->found ? number((double)f->score) : json_null());
        json_object_set_new(one, "box",
            f->found ? json_pack("{s:f, s:f, s:f, s:f}", "left", (double)f->left, "top", (double)f->top, "right",
                           (double)f->right, "bottom", (double)f->bottom)
                     : json_null());
        json_array_append_new(faces, one);
    }
    return faces;
}

/* What is said about a stretch: "tasks", "modalities", "disagreement" (docs/analyze.md). */
static void set_statements(const smac_analysis *a, const smac_segment *s, json_t *into)
{
    json_t *modalities = json_object(), *disagreement = json_object(), *certainty = json_object(),
           *sure = json_object();
    for (int row = ROW_MODALITY; row < ROWS; row++) {
        bool there = a->tasks.count > 0 && segment_row(s, 0, row);
        json_object_set_new(modalities, modality_name(row - ROW_MODALITY),
            there ? json_pack("{s:o}", "tasks", tasks_object(a, s, row)) : json_null());
    }
    for (int k = 0; k < a->tasks.count; k++) {
        const smac_task *task = &a->tasks.items[k];
        const float *v = s->tasks[k].prediction;
        bool is_class = !task_is_score(task) && values_known(v);
        json_object_set_new(disagreement, task->name, number((double)s->tasks[k].disagreement));
        json_object_set_new(certainty, task->name, number(segment_certainty(a, s, k)));
        json_object_set_new(sure, task->name, is_class ? json_boolean(values_sure(task, v)) : json_null());
    }
    json_object_set_new(into, "tasks", tasks_object(a, s, ROW_PREDICTION));
    json_object_set_new(into, "modalities", modalities);
    json_object_set_new(into, "disagreement", disagreement);
    json_object_set_new(into, "certainty", certainty);
    json_object_set_new(into, "sure", sure);
}

static json_t *analysis_object(const smac_analysis *a)
{
    json_t *root = json_object(), *summary = json_object(), *segments = json_array(), *warnings = json_array();
    json_object_set_new(root, "version", json_integer(JSON_VERSION));
    json_object_set_new(root, "recording", text_string(a->recording));
    json_object_set_new(root, "duration", number(a->duration));
    json_object_set_new(
        root, "model", json_pack("{s:o, s:s}", "name", text_string(a->model_name), "sha256", a->model_sha256));
    json_object_set_new(root, "segments_by", json_string(a->by_utterance ? "utterance" : "window"));
    json_object_set_new(root, "window", number(a->window));
    json_object_set_new(root, "hop", number(a->hop));
    json_object_set_new(root, "words_from", text_or_null(a->words_from));
    json_object_set_new(root, "language", text_or_null(a->language));
    set_statements(a, &a->summary, summary);
    json_object_set_new(root, "summary", summary);
    for (size_t i = 0; i < a->segment_count; i++) {
        const smac_segment *s = &a->segments[i];
        json_t *item = json_object();
        json_object_set_new(item, "start", number(s->start));
        json_object_set_new(item, "end", number(s->end));
        json_object_set_new(item, "kind", json_string(s->is_utterance ? "utterance" : "window"));
        json_object_set_new(item, "text", text_string(s->text));
        set_statements(a, s, item);
        json_array_append_new(segments, item);
    }
    json_object_set_new(root, "segments", segments);
    json_object_set_new(root, "faces", faces_array(a));
    for (size_t i = 0; i < a->warning_count; i++)
        json_array_append_new(warnings, text_string(a->warnings[i]));
    json_object_set_new(root, "warnings", warnings);
    json_object_set_new(root, "timing",
        json_pack("{s:f, s:f, s:f, s:f}", "transcribe", a->timing.transcribe, "read", a->timing.read, "predict",
            a->timing.predict, "total", a->timing.total));
    return root;
}

smac_status render_json(const smac_analysis *const *analyses, size_t count, text_buffer *out, smac_error *error)
{
    json_t *root;
    if (count == 1) {
        root = analysis_object(analyses[0]);
    } else {
        root = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(root, analysis_object(analyses[i]));
    }
    char *text = json_dump_text(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(root);
    if (!text)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to write the result as JSON");
    text_add(out, text);
    text_add_char(out, '\n');
    free(text);
    return SMAC_OK;
}
