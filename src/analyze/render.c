/* analyze/render.c - the simple formats: CSV, SRT, and what all formats share. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/options.h"
#include "analyze/render.h"
#include "base/csv.h"
#include "base/utf8.h"

bool task_is_score(const smac_task *task)
{
    return task->classes == 0;
}

int task_values(const smac_task *task)
{
    return task->classes ? task->classes : 1;
}

const float *segment_row(const smac_segment *s, int task, int row)
{
    const smac_task_result *r = &s->tasks[task];
    return row == ROW_PREDICTION ? r->prediction : row == ROW_SHARED ? r->shared : r->modality[row - ROW_MODALITY];
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

/* The text as UTF-8, with `instead` for control characters and for what ends a line or turns its direction (0: kept). */
static void add_utf8(text_buffer *out, const char *text, char instead)
{
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        char bytes[4];
        uint32_t code = utf8_next(text, length, &at);
        bool control = code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
            (code >= 0x2066 && code <= 0x2069);
        if (control && instead)
            text_add_char(out, instead);
        else
            text_add_n(out, bytes, (size_t)utf8_put(code, bytes));
    }
}

void render_line(text_buffer *out, const char *text)
{
    add_utf8(out, text, '?');
}

void render_utf8(text_buffer *out, const char *text)
{
    add_utf8(out, text, 0);
}

void render_xml(text_buffer *out, const char *text)
{
    text_buffer clean = {0};
    render_utf8(&clean, text);
    for (char *c = clean.data; c && *c; c++) /* XML 1.0 has no place for control characters, not even escaped */
        if ((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t')
            *c = ' ';
    text_add_xml(out, clean.data ? clean.data : "");
    out->failed |= clean.failed;
    text_free(&clean);
}

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

/*
 * A cell of somebody's words or of a file's name.  Spreadsheets take one that begins with = + - @, a tab or a line end
 * for a formula: an apostrophe before it keeps it a text (OWASP, CSV injection).
 */
static void csv_text(text_buffer *out, const char *text, bool first)
{
    text_buffer cell = {0};
    if (*text && strchr("=+-@\t\r\n", *text))
        text_add_char(&cell, '\'');
    render_utf8(&cell, text);
    csv_add_cell(out, cell.data ? cell.data : "", first);
    out->failed |= cell.failed;
    text_free(&cell);
}

/* The header's names so far, each with a NUL after it: tasks and classes may be called as other columns are. */
typedef struct csv_header {
    text_buffer names;
    text_buffer *out;
} csv_header;

static bool header_has(const csv_header *h, const char *name)
{
    for (size_t at = 0; at < h->names.length; at += strlen(h->names.data + at) + 1)
        if (!strcmp(h->names.data + at, name))
            return true;
    return false;
}

/* A column called task, task.part, task:class or task.part:class (NULL: none); a name that is taken gets a number. */
static void header_add(csv_header *h, const char *task, const char *part, const char *class)
{
    text_buffer name = {0};
    text_format(&name, "%s%s%s%s%s", task, part ? "." : "", part ? part : "", class ? ":" : "", class ? class : "");
    size_t length = name.length;
    for (int n = 2; name.data && header_has(h, name.data); n++) {
        name.length = length;
        text_format(&name, " (%d)", n);
    }
    if (name.data) {
        csv_text(h->out, name.data, h->names.length == 0);
        text_add_n(&h->names, name.data, name.length + 1);
    }
    h->out->failed |= name.failed || h->names.failed;
    text_free(&name);
}

/* "sentiment", "sentiment.text", ... of scores; "emotion", "emotion:joy", "emotion.text:joy", ... */
static void csv_names(csv_header *h, const smac_task *task)
{
    for (int row = 0; row < ROWS; row++) {
        const char *part = row == ROW_PREDICTION ? NULL : modality_name(row - ROW_MODALITY);
        if (task_is_score(task) || row == ROW_PREDICTION)
            header_add(h, task->name, part, NULL);
        for (int c = 0; c < task->classes; c++)
            header_add(h, task->name, part, task->class_names[c]);
    }
    header_add(h, task->name, "disagreement", NULL);
    if (!task_is_score(task))
        header_add(h, task->name, "certainty", NULL);
}

static void csv_number(text_buffer *out, double value)
{
    text_add_char(out, ',');
    if (isfinite(value))
        text_format(out, "%.6g", value);
}

static void csv_values(const smac_task *task, int row, const float *v, text_buffer *out)
{
    if (!task_is_score(task) && row == ROW_PREDICTION)
        csv_text(out, v ? task->class_names[values_top(task, v)] : "", false);
    for (int i = 0; i < task_values(task); i++)
        csv_number(out, v ? (double)v[i] : (double)NAN);
}

static void csv_segment(const smac_analysis *a, const smac_segment *s, text_buffer *out)
{
    text_format(out, ",%.3f,%.3f", s->start, s->end);
    csv_text(out, s->text, false);
    text_add(out, s == &a->summary ? "," : s->is_utterance ? ",utterance" : ",window");
    for (int k = 0; k < a->tasks.count; k++) {
        for (int row = 0; row < ROWS; row++)
            csv_values(&a->tasks.items[k], row, segment_row(s, k, row), out);
        csv_number(out, (double)s->tasks[k].disagreement);
        if (!task_is_score(&a->tasks.items[k]))
            csv_number(out, segment_certainty(a, s, k));
    }
    text_add_char(out, '\n');
}

/* One line a segment; the line of the whole recording has the segment "all". */
void render_csv(const smac_analysis *const *analyses, size_t count, text_buffer *out)
{
    const smac_analysis *first = analyses[0];
    static const char *const columns[] = {"recording", "segment", "start", "end", "text", "kind"};
    csv_header header = {.out = out};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        header_add(&header, columns[i], NULL, NULL);
    for (int k = 0; k < first->tasks.count; k++)
        csv_names(&header, &first->tasks.items[k]);
    text_free(&header.names);
    text_add_char(out, '\n');
    for (size_t n = 0; n < count; n++) {
        const smac_analysis *a = analyses[n];
        for (size_t i = 0; i <= a->segment_count; i++) {
            csv_text(out, a->recording, true);
            if (i < a->segment_count)
                text_format(out, ",%zu", i);
            else
                text_add(out, ",all");
            csv_segment(a, i < a->segment_count ? &a->segments[i] : &a->summary, out);
        }
    }
}

/* ---- SRT --------------------------------------------------------------------------------------------------------- */

static void srt_time(text_buffer *out, double seconds)
{
    int64_t ms = (int64_t)floor(seconds * 1000 + 0.5);
    text_format(out, "%02lld:%02lld:%02lld,%03lld", (long long)(ms / 3600000), (long long)(ms / 60000 % 60),
        (long long)(ms / 1000 % 60), (long long)(ms % 1000));
}

/* A text on one line.  "-->" marks the times of a cue: readers take any line that holds it for one. */
static void srt_line(text_buffer *out, const char *text)
{
    text_buffer clean = {0};
    add_utf8(&clean, text, ' ');
    const char *rest = clean.data ? clean.data : "", *arrow;
    for (; (arrow = strstr(rest, "-->")) != NULL; rest = arrow + 3) {
        text_add_n(out, rest, (size_t)(arrow - rest));
        text_add(out, "->");
    }
    text_add(out, rest);
    out->failed |= clean.failed;
    text_free(&clean);
}

static void srt_task(const smac_task *task, const smac_segment *s, int k, text_buffer *out)
{
    srt_line(out, task->name);
    text_add_char(out, ' ');
    render_value(task, segment_row(s, k, ROW_PREDICTION), srt_line, out);
    const char *between = " (";
    for (int m = 0; m < SMAC_MODALITIES; m++) {
        const float *v = segment_row(s, k, ROW_MODALITY + m);
        if (!v)
            continue;
        text_add(out, between);
        text_format(out, "%s ", row_name(ROW_MODALITY + m));
        render_value(task, v, srt_line, out);
        between = ", ";
    }
    text_add(out, between[0] == ',' ? ")" : "");
    text_add(out, s->tasks[k].disagreement >= DISAGREEMENT_MARK ? " !\n" : "\n");
}

/* Subtitles may not overlap: a segment is shown until its end or the start of the next. */
void render_srt(const smac_analysis *a, text_buffer *out)
{
    for (size_t i = 0; i < a->segment_count; i++) {
        const smac_segment *s = &a->segments[i];
        double end = i + 1 < a->segment_count ? fmin(a->segments[i + 1].start, s->end) : s->end;
        text_format(out, "%zu\n", i + 1);
        srt_time(out, s->start);
        text_add(out, " --> ");
        srt_time(out, end > s->start ? end : s->start + 0.001);
        text_add_char(out, '\n');
        for (int k = 0; k < a->tasks.count; k++)
            srt_task(&a->tasks.items[k], s, k, out);
        if (*s->text) {
            srt_line(out, s->text);
            text_add_char(out, '\n');
        }
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

SMAC_API void smac_render_options_init(smac_render_options *options, size_t size)
{
    options_init(options, size);
}

SMAC_API smac_status smac_analysis_render(const smac_analysis *const *analyses, size_t count,
    const smac_render_options *options, char **text, size_t *length, smac_error *error)
{
    text_buffer out = {0};
    smac_render_options how = {0};
    if (!text || !analyses || count == 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "there is no analysis to write, or no place for the text");
    *text = NULL;
    smac_status code = options ? options_copy(options, &how, sizeof how, "smac_render_options", error) : SMAC_OK;
    TRY(code);
    switch (how.format) {
    case SMAC_FORMAT_TEXT:
        for (size_t i = 0; i < count; i++) {
            if (i)
                text_add_char(&out, '\n');
            render_text(analyses[i], how.columns, how.colour, &out);
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
                "one subtitle file holds one recording and there are %zu: analyse them one by one", count);
        else
            render_srt(analyses[0], &out);
        break;
    case SMAC_FORMAT_HTML:
        render_html(analyses, count, &out);
        break;
    default:
        code = FAIL(error, SMAC_ERROR_ARGUMENT, "there is no format number %d", (int)how.format);
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
