/*
 * analyze/render_text.c - an analysis for a terminal: the summary, then a small timeline, one row a modality.
 *
 * A score is a block whose height says how positive it is, from the bottom of the range to its top; a class is the
 * first letter of its name.  Segments are averaged into columns when there are more of them than the terminal is wide.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/analysis.h"
#include "base/memory.h"
#include "base/utf8.h"

static const char *const blocks[8] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/* red under a third, grey in the middle, green above */
static void colour_for(text_buffer *out, double share, bool colour)
{
    if (colour)
        text_add(out, share < 0.4 ? "\033[31m" : share > 0.6 ? "\033[32m" : "\033[90m");
}

static void add_value(const smac_analysis *a, const float *v, bool there, bool colour, text_buffer *out)
{
    if (!there || !isfinite(v[0])) {
        text_add(out, "      -");
        return;
    }
    if (analysis_is_score(a)) {
        colour_for(out, ((double)v[0] - a->task.low) / (a->task.high - a->task.low), colour);
        text_format(out, "%+7.2f", render_score(v[0]));
        text_add(out, colour ? "\033[0m" : "");
        return;
    }
    int top = segment_top(v, a->targets);
    text_format(out, "%s %.0f%%", a->task.class_names[top], 100 * (double)v[top]);
}

/* the row's values: 0 the prediction, 1..3 the modalities, 4 shared */
static const float *row_values(const smac_segment *s, int row, bool *there)
{
    *there = row == 0 || row == 4 || s->has[row - 1];
    return row == 0 ? s->prediction : row == 4 ? s->shared : s->modality[row - 1];
}

static void add_timeline(const smac_analysis *a, int row, int columns, bool colour, text_buffer *out)
{
    for (int c = 0; c < columns; c++) {
        size_t from = (size_t)c * a->segment_count / (size_t)columns;
        size_t to = ((size_t)c + 1) * a->segment_count / (size_t)columns;
        double mean[SMAC_TARGETS_MAX] = {0};
        int counted = 0;
        for (size_t i = from; i < to || i == from; i++) {
            bool there;
            const float *v = row_values(&a->segments[i], row, &there);
            if (!there || !isfinite(v[0]))
                continue;
            for (int k = 0; k < a->targets; k++)
                mean[k] += (double)v[k];
            counted++;
        }
        if (!counted) {
            text_add_char(out, ' ');
            continue;
        }
        if (analysis_is_score(a)) {
            double share = (mean[0] / counted - a->task.low) / (a->task.high - a->task.low);
            int level = (int)floor(share * 8);
            colour_for(out, share, colour);
            text_add(out, blocks[level < 0 ? 0 : level > 7 ? 7 : level]);
            text_add(out, colour ? "\033[0m" : "");
        } else {
            int top = 0;
            for (int k = 1; k < a->targets; k++)
                if (mean[k] > mean[top])
                    top = k;
            size_t at = 0;
            const char *name = a->task.class_names[top];
            utf8_next(name, strlen(name), &at);
            text_add_n(out, name, at);
        }
    }
}

static void add_marks(const smac_analysis *a, int columns, bool colour, text_buffer *out)
{
    for (int c = 0; c < columns; c++) {
        size_t from = (size_t)c * a->segment_count / (size_t)columns;
        size_t to = ((size_t)c + 1) * a->segment_count / (size_t)columns;
        bool marked = false;
        for (size_t i = from; i < to || i == from; i++)
            marked |= a->segments[i].disagreement >= DISAGREEMENT_MARK;
        text_add(out, marked ? colour ? "\033[33m!\033[0m" : "!" : " ");
    }
}

void render_text(const smac_analysis *a, int columns, bool colour, text_buffer *out)
{
    static const char *const row_names[] = {"all", "text", "audio", "vision", "shared"};
    const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";
    if (columns <= 0)
        columns = 80;
    text_add(out, bold);
    render_line(out, a->video);
    text_format(out, "%s  ", plain);
    render_time(out, a->duration);
    text_format(out, "  %s by %s\n", a->task.name, a->model_name);
    for (int row = 0; row < 5; row++) {
        bool there;
        const float *v = row_values(&a->summary, row, &there);
        text_format(out, "  %-7s", row_names[row]);
        add_value(a, v, there, colour, out);
        if (!there)
            text_format(out, "   (%s)", a->missing[row - 1]);
        text_add_char(out, '\n');
    }
    text_format(out, "  %-7s", "apart");
    if (isfinite(a->summary.disagreement))
        text_format(out, "%7.2f%s\n", (double)a->summary.disagreement,
            a->summary.disagreement >= DISAGREEMENT_MARK ? "   words, voice and face do not say the same" : "");
    else
        text_add(out, "      -   (fewer than two to compare)\n");
    if (a->segment_count > 1) {
        int width = columns - 10, most = (int)(a->segment_count < 100000 ? a->segment_count : 100000);
        int used = width < 10 ? 10 : width;
        used = used > 3 * most ? 3 * most : used;
        text_add_char(out, '\n');
        for (int row = 0; row < 5; row++) {
            if (row > 0 && row < 4 && !a->summary.has[row - 1])
                continue;
            text_format(out, "  %-7s", row_names[row]);
            add_timeline(a, row, used, colour, out);
            text_add_char(out, '\n');
        }
        if (isfinite(a->summary.disagreement)) {
            text_format(out, "  %-7s", "apart");
            add_marks(a, used, colour, out);
            text_add_char(out, '\n');
        }
        text_format(out, "  %-7s0", "");
        text_buffer end = {0};
        render_time(&end, a->duration);
        for (int i = 1; end.data && i + (int)end.length < used; i++)
            text_add_char(out, ' ');
        text_format(out, "%s\n", end.data ? end.data : "");
        text_free(&end);
    }
    if (*a->summary.text && a->segment_count <= 400) {
        text_add_char(out, '\n');
        double shown = -1e300;
        for (size_t i = 0; i < a->segment_count; i++) { /* windows overlap: words of every window that starts anew */
            const smac_segment *s = &a->segments[i];
            if (!*s->text || s->start < shown - 1e-9)
                continue;
            text_add(out, "  ");
            render_time(out, s->start);
            text_add(out, "  ");
            add_value(a, s->prediction, true, colour, out);
            text_add(out, "  ");
            render_line(out, s->text);
            text_add_char(out, '\n');
            shown = s->end;
        }
    }
    for (size_t i = 0; i < a->warning_count; i++) {
        text_add(out, "  note: ");
        render_line(out, a->warnings[i]);
        text_add_char(out, '\n');
    }
}
