/* analyze/render_json.c - an analysis as JSON, by jansson.  A missing modality is null, never a number. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/analysis.h"
#include "base/memory.h"
#include "base/utf8.h"

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

/* What is not UTF-8 (a file's name may be anything) has U+FFFD in its place: JSON holds nothing else. */
static json_t *words(const char *text)
{
    size_t length = strlen(text);
    if (utf8_invalid_at(text, length) == SIZE_MAX)
        return json_stringn(text, length);
    text_buffer clean = {0};
    for (size_t at = 0; at < length;) {
        char bytes[4];
        uint32_t code = utf8_next(text, length, &at);
        text_add_n(&clean, bytes, (size_t)utf8_put(code, bytes));
    }
    json_t *string = clean.failed ? NULL : json_stringn(clean.data, clean.length);
    text_free(&clean);
    return string;
}

/* the score, or {"class": probability} */
static json_t *values(const smac_analysis *a, const float *v)
{
    if (!isfinite(v[0]))
        return json_null();
    if (analysis_is_score(a))
        return number((double)v[0]);
    json_t *object = json_object();
    for (int i = 0; i < a->targets; i++)
        json_object_set_new(object, a->task.class_names[i], number((double)v[i]));
    return object;
}

static void add_values(const smac_analysis *a, const smac_segment *s, json_t *into)
{
    if (analysis_is_score(a)) {
        json_object_set_new(into, a->task.name, values(a, s->prediction));
    } else {
        json_object_set_new(into, "classes", values(a, s->prediction));
        json_object_set_new(
            into, a->task.name, json_string(a->task.class_names[segment_top(s->prediction, a->targets)]));
    }
    json_t *modalities = json_object();
    for (int m = 0; m < SMAC_MODALITIES; m++)
        json_object_set_new(modalities, modality_name(m), s->has[m] ? values(a, s->modality[m]) : json_null());
    json_object_set_new(modalities, "shared", values(a, s->shared));
    json_object_set_new(into, "modalities", modalities);
    json_object_set_new(into, "disagreement", number((double)s->disagreement));
}

static json_t *one(const smac_analysis *a)
{
    json_t *root = json_object(), *summary = json_object(), *segments = json_array(), *warnings = json_array();
    json_object_set_new(root, "video", words(a->video));
    json_object_set_new(root, "duration", number(a->duration));
    json_object_set_new(root, "model", json_pack("{s:s, s:s}", "name", a->model_name, "sha256", a->model_sha256));
    json_object_set_new(root, "task", json_string(a->task.name));
    if (a->words_from)
        json_object_set_new(root, "words_from", words(a->words_from));
    if (a->language)
        json_object_set_new(root, "language", json_string(a->language));
    add_values(a, &a->summary, summary);
    json_object_set_new(root, "summary", summary);
    for (size_t i = 0; i < a->segment_count; i++) {
        const smac_segment *s = &a->segments[i];
        json_t *item = json_object();
        json_object_set_new(item, "start", number(s->start));
        json_object_set_new(item, "end", number(s->end));
        json_object_set_new(item, "text", words(s->text));
        add_values(a, s, item);
        json_array_append_new(segments, item);
    }
    json_object_set_new(root, "segments", segments);
    json_object_set_new(root, "timing",
        json_pack("{s:f, s:f, s:f, s:f}", "transcribe", a->timing.transcribe, "read", a->timing.read, "predict",
            a->timing.predict, "total", a->timing.total));
    for (size_t i = 0; i < a->warning_count; i++)
        json_array_append_new(warnings, words(a->warnings[i]));
    json_object_set_new(root, "warnings", warnings);
    return root;
}

smac_status render_json(const smac_analysis *const *analyses, size_t count, text_buffer *out, smac_error *error)
{
    json_t *root;
    if (count == 1) {
        root = one(analyses[0]);
    } else {
        root = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(root, one(analyses[i]));
    }
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(root);
    if (!text)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to write the result as JSON");
    text_add(out, text);
    text_add_char(out, '\n');
    free(text);
    return SMAC_OK;
}
