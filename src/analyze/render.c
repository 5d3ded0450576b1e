/* analyze/render.c - the simple formats: CSV, SRT, and what all formats share. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/analysis.h"
#include "base/csv.h"

int segment_top(const float *values, int targets)
{
    int top = 0;
    for (int i = 1; i < targets; i++)
        if (values[i] > values[top])
            top = i;
    return top;
}

void render_time(text_buffer *out, double seconds)
{
    int64_t tenths = (int64_t)floor(seconds * 10 + 0.5), whole = tenths / 10;
    if (whole >= 3600)
        text_format(out, "%lld:%02lld:%02lld.%lld", (long long)(whole / 3600), (long long)(whole / 60 % 60),
            (long long)(whole % 60), (long long)(tenths % 10));
    else
        text_format(
            out, "%lld:%02lld.%lld", (long long)(whole / 60), (long long)(whole % 60), (long long)(tenths % 10));
}

double render_score(float value)
{
    return fabsf(value) < 0.005f ? 0 : (double)value;
}

void render_line(text_buffer *out, const char *text)
{
    for (; *text; text++)
        text_add_char(out, (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void csv_values(const smac_analysis *a, const float *v, bool there, text_buffer *out)
{
    for (int i = 0; i < a->targets; i++) {
        text_add_char(out, ',');
        if (there && isfinite(v[i]))
            text_format(out, "%.6g", (double)v[i]);
    }
}

static void csv_names(const smac_analysis *a, const char *prefix, text_buffer *out)
{
    char name[2 * TASK_NAME_MAX + 32];
    for (int i = 0; i < a->targets; i++) {
        if (analysis_is_score(a))
            snprintf(name, sizeof name, "%s", prefix);
        else
            snprintf(name, sizeof name, "%s:%s", prefix, a->task.class_names[i]);
        csv_add_cell(out, name, false);
    }
}

/* One line a segment; the line of the whole recording has the segment "all". */
void render_csv(const smac_analysis *const *analyses, size_t count, text_buffer *out)
{
    const smac_analysis *first = analyses[0];
    text_add(out, "video,segment,start,end,text");
    csv_names(first, first->task.name, out);
    for (int m = 0; m <= SMAC_MODALITIES; m++)
        csv_names(first, modality_name(m), out);
    text_add(out, ",disagreement\n");
    for (size_t n = 0; n < count; n++) {
        const smac_analysis *a = analyses[n];
        for (size_t i = 0; i <= a->segment_count; i++) {
            const smac_segment *s = i < a->segment_count ? &a->segments[i] : &a->summary;
            csv_add_cell(out, a->video, true);
            if (i < a->segment_count)
                text_format(out, ",%zu", i);
            else
                text_add(out, ",all");
            text_format(out, ",%.3f,%.3f", s->start, s->end);
            csv_add_cell(out, s->text, false);
            csv_values(a, s->prediction, true, out);
            for (int m = 0; m < SMAC_MODALITIES; m++)
                csv_values(a, s->modality[m], s->has[m], out);
            csv_values(a, s->shared, true, out);
            text_add_char(out, ',');
            if (isfinite(s->disagreement))
                text_format(out, "%.6g", (double)s->disagreement);
            text_add_char(out, '\n');
        }
    }
}

static void srt_time(text_buffer *out, double seconds)
{
    int64_t ms = (int64_t)floor(seconds * 1000 + 0.5);
    text_format(out, "%02lld:%02lld:%02lld,%03lld", (long long)(ms / 3600000), (long long)(ms / 60000 % 60),
        (long long)(ms / 1000 % 60), (long long)(ms % 1000));
}

static void srt_value(const smac_analysis *a, const char *name, const float *v, text_buffer *out)
{
    if (analysis_is_score(a)) {
        text_format(out, "%s %+.2f", name, render_score(v[0]));
    } else {
        int top = segment_top(v, a->targets);
        text_format(out, "%s %s %.0f%%", name, a->task.class_names[top], 100 * (double)v[top]);
    }
}

/* Subtitles may not overlap: a segment is on show from its start to the start of the next. */
void render_srt(const smac_analysis *a, text_buffer *out)
{
    for (size_t i = 0; i < a->segment_count; i++) {
        const smac_segment *s = &a->segments[i];
        double end = i + 1 < a->segment_count ? a->segments[i + 1].start : s->end;
        text_format(out, "%zu\n", i + 1);
        srt_time(out, s->start);
        text_add(out, " --> ");
        srt_time(out, end > s->start ? end : s->start + 0.001);
        text_add_char(out, '\n');
        srt_value(a, a->task.name, s->prediction, out);
        const char *between = " (";
        for (int m = 0; m < SMAC_MODALITIES; m++)
            if (s->has[m]) {
                text_add(out, between);
                srt_value(a, modality_name(m), s->modality[m], out);
                between = ", ";
            }
        text_add(out, between[0] == ',' ? ")" : "");
        if (s->disagreement >= DISAGREEMENT_MARK)
            text_add(out, " !");
        text_add_char(out, '\n');
        if (*s->text)
            text_format(out, "%s\n", s->text);
        text_add_char(out, '\n');
    }
}

SMAC_API bool smac_format_from_name(const char *name, smac_format *out)
{
    static const char *const names[] = {"text", "json", "csv", "srt", "html"};
    for (int i = 0; i < 5; i++)
        if (name && !strcmp(name, names[i])) {
            *out = (smac_format)i;
            return true;
        }
    return false;
}

SMAC_API smac_status smac_analysis_render(const smac_analysis *const *analyses, size_t count, smac_format format,
    int columns, bool colour, char **text, size_t *length, smac_error *error)
{
    text_buffer out = {0};
    *text = NULL;
    if (count == 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "there is no analysis to write");
    smac_status code = SMAC_OK;
    switch (format) {
    case SMAC_FORMAT_TEXT:
        for (size_t i = 0; i < count; i++) {
            if (i)
                text_add_char(&out, '\n');
            render_text(analyses[i], columns, colour, &out);
        }
        break;
    case SMAC_FORMAT_JSON:
        code = render_json(analyses, count, &out, error);
        break;
    case SMAC_FORMAT_CSV:
        render_csv(analyses, count, &out);
        break;
    case SMAC_FORMAT_SRT:
        if (count > 1)
            code = FAIL(error, SMAC_ERROR_ARGUMENT,
                "%zu recordings cannot stand in one subtitle file, analyse them one by one", count);
        else
            render_srt(analyses[0], &out);
        break;
    case SMAC_FORMAT_HTML:
        render_html(analyses, count, &out);
        break;
    }
    if (code == SMAC_OK && out.failed)
        code = FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to write the result");
    if (code != SMAC_OK) {
        text_free(&out);
        return code;
    }
    if (!out.data)
        text_add(&out, "");
    *text = out.data;
    if (length)
        *length = out.length;
    return SMAC_OK;
}
