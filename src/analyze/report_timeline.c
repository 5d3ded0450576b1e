/*
 * analyze/report_timeline.c - the whole length of a recording: one strip a task, in at most STRIP_PARTS parts of equal
 * time, each the mean of the segments in it; a tick where words, voice and face disagree.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/report.h"
#include "base/memory.h"

enum { STRIP_PARTS = 600, STRIP_HEIGHT = 34, TICK = 4 };

/* One part: the sums of its segments' values, weighed by the time that they share with it. */
typedef struct strip_part {
    double weight, sums[TASK_CLASSES_MAX];
    bool is_divided;
} strip_part;

typedef struct strip {
    const smac_analysis *a;
    int task, parts;
    strip_part *of;
} strip;

void report_class_colour(const smac_task *task, int index, text_buffer *out)
{
    text_format(out, "hsl(%d,62%%,52%%)", (int)(360.0 * index / task->classes + 210) % 360);
}

static void strip_fill(strip *s)
{
    const smac_analysis *a = s->a;
    double each = fmax(a->duration, 0.1) / s->parts;
    for (size_t i = 0; i < a->segment_count; i++) {
        const smac_segment *one = &a->segments[i];
        const float *v = one->tasks[s->task].prediction;
        int from = (int)floor(one->start / each), to = (int)ceil(one->end / each);
        from = from < 0 ? 0 : from >= s->parts ? s->parts - 1 : from;
        to = to > s->parts ? s->parts : to <= from ? from + 1 : to;
        for (int n = from; n < to && values_known(v); n++) {
            strip_part *part = &s->of[n];
            double weight = fmax(fmin(one->end, (n + 1) * each) - fmax(one->start, n * each), 1e-6);
            part->weight += weight;
            for (int c = 0; c < task_values(&a->tasks.items[s->task]); c++)
                part->sums[c] += weight * (double)v[c];
            part->is_divided |= one->tasks[s->task].disagreement >= DISAGREEMENT_MARK;
        }
    }
}

/* The parts on one side of the middle line, as one path. */
static void add_side(const strip *s, bool up, text_buffer *out)
{
    const smac_task *task = &s->a->tasks.items[s->task];
    double zero = task->low < 0 && task->high > 0 ? value_share(task, 0) : 0;
    text_format(out, "<path style=\"fill:var(--%s)\" d=\"", task->low < 0 ? up ? "up" : "down" : "words");
    for (int n = 0; n < s->parts; n++) {
        const strip_part *part = &s->of[n];
        if (part->weight <= 0)
            continue;
        double share = value_share(task, (float)(part->sums[0] / part->weight)) - zero;
        if (up ? share >= 0 : share < 0)
            text_format(out, "M%d %.1fh1V%.1fh-1z", n, (1 - zero) * STRIP_HEIGHT,
                (1 - zero - share) * STRIP_HEIGHT + (up ? -0.5 : 0.5));
    }
    text_add(out, "\"/>");
}

/* Neighbouring parts of one class and nearly one probability are one rectangle. */
static void add_classes(const strip *s, text_buffer *out)
{
    const smac_task *task = &s->a->tasks.items[s->task];
    int began = -1, class = -1, tenths = 0;
    for (int n = 0; n <= s->parts; n++) {
        int top = -1, level = 0;
        if (n < s->parts && s->of[n].weight > 0) {
            top = 0;
            for (int c = 1; c < task->classes; c++)
                if (s->of[n].sums[c] > s->of[n].sums[top])
                    top = c;
            level = (int)(10 * s->of[n].sums[top] / s->of[n].weight);
        }
        if (top == class && level == tenths)
            continue;
        if (class >= 0) {
            text_format(out, "<rect x=\"%d\" width=\"%d\" height=\"%d\" opacity=\"%.2f\" style=\"fill:", began,
                n - began, STRIP_HEIGHT, 0.15 + 0.085 * tenths);
            report_class_colour(task, class, out);
            text_add(out, "\"/>");
        }
        began = n;
        class = top;
        tenths = level;
    }
}

static void add_ticks(const strip *s, text_buffer *out)
{
    bool any = false;
    for (int n = 0; n < s->parts; n++)
        any |= s->of[n].is_divided;
    if (!any)
        return;
    text_add(out, "<path style=\"fill:var(--mark)\" d=\"");
    for (int n = 0; n < s->parts; n++)
        if (s->of[n].is_divided)
            text_format(out, "M%d 0h1v%dh-1z", n, TICK);
    text_add(out, "\"/>");
}

static void add_strip(const smac_analysis *a, int k, text_buffer *out)
{
    const smac_task *task = &a->tasks.items[k];
    strip s = {.a = a, .task = k, .parts = a->segment_count < STRIP_PARTS ? STRIP_PARTS / 2 : STRIP_PARTS};
    s.of = memory_new((size_t)s.parts, sizeof *s.of);
    if (!s.of) {
        out->failed = true;
        return;
    }
    strip_fill(&s);
    text_add(out, "<div class=\"strip\"><span>");
    render_xml(out, task->name);
    text_format(out, "</span><svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"",
        s.parts, STRIP_HEIGHT);
    render_xml(out, task->name);
    text_add(out, " over the whole length\">");
    if (task_is_score(task)) {
        add_side(&s, true, out);
        add_side(&s, false, out);
    } else {
        add_classes(&s, out);
    }
    add_ticks(&s, out);
    text_add(out, "</svg></div>\n");
    free(s.of);
}

static void add_ruler(double duration, text_buffer *out)
{
    static const double steps[] = {0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800};
    double step = steps[16];
    for (int i = 16; i >= 0; i--)
        if (duration / steps[i] <= 6)
            step = steps[i];
    text_add(out, "<div class=\"ruler\">");
    for (int i = 0; i * step < duration - 0.6 * step; i++) {
        text_format(out, "<span style=\"left:%.2f%%\">", 100 * i * step / duration);
        render_time(out, i * step);
        text_add(out, "</span>");
    }
    text_add(out, "<span class=\"end\" style=\"left:100%\">");
    render_time(out, duration);
    text_add(out, "</span></div>");
}

static void add_legends(const smac_analysis *a, text_buffer *out)
{
    bool scores = false, divided = false;
    for (int k = 0; k < a->tasks.count; k++) {
        scores |= task_is_score(&a->tasks.items[k]);
        divided |= isfinite(a->summary.tasks[k].disagreement);
    }
    text_add(out, "<div class=\"legend\">");
    for (int row = 0; scores && row < ROWS; row++)
        if (row_is_shown(a, row))
            text_format(out, "<span class=\"%s\">%s</span>", row_name(row), row_name(row));
    if (divided)
        text_add(out, "<span class=\"apart\">disagreement</span>");
    text_add(out, "</div>\n");
    for (int k = 0; k < a->tasks.count; k++) {
        const smac_task *task = &a->tasks.items[k];
        if (task_is_score(task))
            continue;
        text_add(out, "<div class=\"legend\"><b>");
        render_xml(out, task->name);
        text_add(out, "</b>");
        for (int c = 0; c < task->classes; c++) {
            text_add(out, "<span style=\"color:");
            report_class_colour(task, c, out);
            text_add(out, "\"><span>");
            render_xml(out, task->class_names[c]);
            text_add(out, "</span></span>");
        }
        text_add(out, "</div>\n");
    }
}

void report_add_timeline(const smac_analysis *a, text_buffer *out)
{
    text_add(out, "<h2>The whole length</h2>\n<div class=\"card overview\">");
    for (int k = 0; k < a->tasks.count; k++)
        add_strip(a, k, out);
    add_ruler(fmax(a->duration, 0.1), out);
    text_add(out, "<div class=\"view\"></div></div>\n<div class=\"card zoom\" hidden></div>\n");
    add_legends(a, out);
}
