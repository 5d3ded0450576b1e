/*
 * analyze/render_text.c - an analysis for a terminal: for each task the summary, then a small timeline, one row a
 * modality; then the words.
 *
 * A score is a block whose height says how positive it is, from the bottom of the range to its top; a class is the
 * first letter of its name.  Segments are averaged into columns when there are more of them than the terminal is wide.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/render.h"
#include "base/memory.h"
#include "base/utf8.h"

static const char *const blocks[8] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/* red under a third, grey in the middle, green above */
static void add_colour(text_buffer *out, double share, bool colour)
{
    if (colour)
        text_add(out, share < 0.4 ? "\033[31m" : share > 0.6 ? "\033[32m" : "\033[90m");
}

static void add_value(const smac_task *task, const float *v, bool colour, text_buffer *out)
{
    if (values_known(v) && task_is_score(task))
        add_colour(out, value_share(task, v[0]), colour);
    render_value(task, v, render_line, out);
    if (values_known(v) && task_is_score(task) && colour)
        text_add(out, "\033[0m");
}

/* One character for the mean of values over some segments. */
static void add_cell(const smac_task *task, const double *mean, bool colour, text_buffer *out)
{
    if (task_is_score(task)) {
        double share = value_share(task, (float)mean[0]);
        int level = (int)floor(share * 8);
        add_colour(out, share, colour);
        text_add(out, blocks[level < 0 ? 0 : level > 7 ? 7 : level]);
        text_add(out, colour ? "\033[0m" : "");
        return;
    }
    int top = 0;
    for (int k = 1; k < task->classes; k++)
        if (mean[k] > mean[top])
            top = k;
    size_t at = 0;
    char first[8] = "";
    const char *name = task->class_names[top];
    utf8_next(name, strlen(name), &at);
    memcpy(first, name, at);
    render_line(out, first);
}

static void add_timeline(const smac_analysis *a, int k, int row, int columns, bool colour, text_buffer *out)
{
    const smac_task *task = &a->tasks.items[k];
    for (int c = 0; c < columns; c++) {
        size_t from = (size_t)c * a->segment_count / (size_t)columns;
        size_t to = ((size_t)c + 1) * a->segment_count / (size_t)columns;
        double mean[TASK_CLASSES_MAX] = {0};
        int counted = 0;
        for (size_t i = from; i < to || i == from; i++) {
            const float *v = segment_row(&a->segments[i], k, row);
            if (!v || !isfinite(v[0]))
                continue;
            for (int n = 0; n < task_values(task); n++)
                mean[n] += (double)v[n];
            counted++;
        }
        if (!counted) {
            text_add_char(out, ' ');
            continue;
        }
        for (int n = 0; n < task_values(task); n++)
            mean[n] /= counted;
        add_cell(task, mean, colour, out);
    }
}

static void add_marks(const smac_analysis *a, int k, int columns, bool colour, text_buffer *out)
{
    for (int c = 0; c < columns; c++) {
        size_t from = (size_t)c * a->segment_count / (size_t)columns;
        size_t to = ((size_t)c + 1) * a->segment_count / (size_t)columns;
        bool marked = false;
        for (size_t i = from; i < to || i == from; i++)
            marked |= a->segments[i].tasks[k].disagreement >= DISAGREEMENT_MARK;
        text_add(out, marked ? colour ? "\033[33m!\033[0m" : "!" : " ");
    }
}

static void add_summary(const smac_analysis *a, int k, bool colour, text_buffer *out)
{
    for (int row = 0; row < ROWS; row++) {
        const float *v = segment_row(&a->summary, k, row);
        text_format(out, "  %-13s", row_name(row));
        add_value(&a->tasks.items[k], v, colour, out);
        if (!v && row >= ROW_MODALITY && row < ROW_SHARED)
            text_format(out, " (%s)", a->missing[row - ROW_MODALITY]);
        text_add_char(out, '\n');
    }
    float apart = a->summary.tasks[k].disagreement;
    text_format(out, "  %-13s", "disagreement");
    if (isfinite(apart))
        text_format(out, " %.2f%s\n", (double)apart,
            apart >= DISAGREEMENT_MARK ? ": words, voice and face do not say the same" : "");
    else
        text_add(out, " \xe2\x80\x93 (fewer than two to compare)\n");
}

static void add_timelines(const smac_analysis *a, int k, int columns, bool colour, text_buffer *out)
{
    int width = columns - 17, most = (int)(a->segment_count < 100000 ? a->segment_count : 100000);
    int used = width < 10 ? 10 : width;
    used = used > 3 * most ? 3 * most : used;
    text_add_char(out, '\n');
    for (int row = 0; row < ROWS; row++) {
        if (!segment_row(&a->summary, k, row))
            continue;
        text_format(out, "  %-13s", row_name(row));
        add_timeline(a, k, row, used, colour, out);
        text_add_char(out, '\n');
    }
    if (isfinite(a->summary.tasks[k].disagreement)) {
        text_format(out, "  %-13s", "disagreement");
        add_marks(a, k, used, colour, out);
        text_add_char(out, '\n');
    }
    text_format(out, "  %-13s0", "");
    text_buffer end = {0};
    render_time(&end, a->duration);
    for (int i = 1; end.data && i + (int)end.length < used; i++)
        text_add_char(out, ' ');
    text_format(out, "%s\n", end.data ? end.data : "");
    text_free(&end);
}

static void add_words(const smac_analysis *a, bool colour, text_buffer *out)
{
    double shown = -1e300;
    text_add_char(out, '\n');
    for (size_t i = 0; i < a->segment_count; i++) { /* windows overlap: each word is shown once */
        const smac_segment *s = &a->segments[i];
        if (!*s->text || s->start < shown - 1e-9)
            continue;
        text_add(out, "  ");
        render_time(out, s->start);
        for (int k = 0; k < a->tasks.count; k++) {
            text_add(out, "  ");
            add_value(&a->tasks.items[k], segment_row(s, k, ROW_PREDICTION), colour, out);
        }
        text_add(out, "  ");
        render_line(out, s->text);
        text_add_char(out, '\n');
        shown = s->end;
    }
}

void render_text(const smac_analysis *a, int columns, bool colour, text_buffer *out)
{
    const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";
    if (columns <= 0)
        columns = 80;
    text_add(out, bold);
    render_line(out, a->recording);
    text_format(out, "%s  ", plain);
    render_time(out, a->duration);
    text_add(out, "  by ");
    render_line(out, a->model_name);
    text_add_char(out, '\n');
    for (int k = 0; k < a->tasks.count; k++) {
        const smac_task *task = &a->tasks.items[k];
        text_format(out, "%s%s", k ? "\n" : "", bold);
        render_line(out, task->name);
        if (task_is_score(task))
            text_format(out, "%s from %.3g to %.3g\n", plain, task->low, task->high);
        else
            text_format(out, "%s of %d classes\n", plain, task->classes);
        add_summary(a, k, colour, out);
        if (a->segment_count > 1)
            add_timelines(a, k, columns, colour, out);
    }
    if (*a->summary.text && a->segment_count <= 400)
        add_words(a, colour, out);
    for (size_t i = 0; i < a->warning_count; i++) {
        text_add(out, "  note: ");
        render_line(out, a->warnings[i]);
        text_add_char(out, '\n');
    }
}
