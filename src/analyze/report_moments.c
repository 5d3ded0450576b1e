/*
 * analyze/report_moments.c - what to look at first: the strongest moments of each task, and those where words, voice and
 * face say the most different things.
 *
 * A moment is a segment.  Of a score its strength is how far it is from the middle of the range, if it has another name
 * than the middle; of classes the probability, if the class is sure and not a plain one ("neutral", "not sarcastic").  Two
 * moments of one list do not overlap, and are at least a fortieth of the recording apart.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/report.h"
#include "base/memory.h"

enum { MOMENTS_MAX = 6, APART = 40, TASKS_SHOWN_MAX = 16, QUOTE_MAX = 240 };

typedef struct moment {
    size_t segment;
    int task;
    double strength; /* 0: none */
} moment;

static double strength_of(const smac_analysis *a, const smac_segment *s, int k)
{
    const smac_task *task = &a->tasks.items[k];
    const float *v = s->tasks[k].prediction;
    if (!values_known(v))
        return 0;
    if (task_is_score(task))
        return score_strength(task, v[0]) * (score_words(task, v[0]) != score_scale_of(task).words[SCALE_WORDS / 2]);
    int top = values_top(task, v);
    return values_sure(task, v) && !class_is_plain(task->class_names[top]) ? (double)v[top] : 0;
}

static double division_of(const smac_analysis *a, const smac_segment *s, int k)
{
    (void)a;
    float apart = s->tasks[k].disagreement;
    return apart >= DISAGREEMENT_MARK ? (double)apart : 0;
}

typedef double moment_strength(const smac_analysis *a, const smac_segment *s, int task);

static bool is_near(const smac_analysis *a, size_t one, size_t other)
{
    const smac_segment *x = &a->segments[one], *y = &a->segments[other];
    double least = a->duration / APART;
    return x->start < y->end + least && y->start < x->end + least;
}

/* The strongest of one task (task >= 0) or of all that is not near one of the moments so far; strength 0: none. */
static moment find_strongest(
    const smac_analysis *a, int task, moment_strength *strength, const moment *found, int found_count)
{
    moment best = {0};
    for (size_t i = 0; i < a->segment_count; i++)
        for (int k = 0; k < a->tasks.count; k++) {
            double here = task < 0 || k == task ? strength(a, &a->segments[i], k) : 0;
            bool taken = here <= best.strength;
            for (int n = 0; n < found_count && !taken; n++)
                taken = (task < 0 || found[n].task == k) && is_near(a, i, found[n].segment);
            if (!taken)
                best = (moment){i, k, here};
        }
    return best;
}

static int compare_times(const void *a, const void *b)
{
    const moment *x = a, *y = b;
    return x->segment != y->segment ? (x->segment < y->segment ? -1 : 1) : x->task - y->task;
}

static void add_picture(const smac_analysis *a, double time, text_buffer *out)
{
    size_t best = 0;
    if (a->thumbnail_count == 0)
        return;
    for (size_t i = 1; i < a->thumbnail_count; i++)
        if (fabs(a->thumbnails[i].time - time) < fabs(a->thumbnails[best].time - time))
            best = i;
    if (!a->thumbnails[best].jpeg)
        return;
    text_add(out, "<img alt=\"\" src=\"data:image/jpeg;base64,");
    report_add_base64(out, a->thumbnails[best].jpeg, a->thumbnails[best].size);
    text_add(out, "\">");
}

static void add_opinions(const smac_analysis *a, const smac_segment *s, int k, text_buffer *out)
{
    const char *between = "";
    text_add(out, "<span class=\"why\">");
    for (int row = ROW_MODALITY; row < ROW_SHARED; row++) {
        const float *v = segment_row(s, k, row);
        if (!values_known(v))
            continue;
        text_format(out, "%s<span class=\"%s\">%s ", between, row_name(row), row_name(row));
        render_value(&a->tasks.items[k], v, render_xml, out);
        text_add(out, "</span>");
        between = "<br>";
    }
    text_add(out, "</span>");
}

/* What was said, cut at a space when it is long. */
static void add_quote(const char *text, text_buffer *out)
{
    text_buffer shown = {0};
    size_t length = strlen(text);
    if (length == 0)
        return;
    text_add(&shown, text);
    if (length > QUOTE_MAX && shown.data) {
        size_t at = QUOTE_MAX;
        while (at > QUOTE_MAX / 2 && shown.data[at] != ' ')
            at--;
        while (at > 0 && ((unsigned char)shown.data[at] & 0xc0) == 0x80) /* written without spaces: at a character */
            at--;
        shown.data[at] = 0;
    }
    text_add(out, "<q>");
    render_xml(out, shown.data ? shown.data : "");
    text_add(out, length > QUOTE_MAX ? " \xe2\x80\xa6</q>" : "</q>");
    out->failed |= shown.failed;
    text_free(&shown);
}

static void add_moment(const smac_analysis *a, const moment *m, bool divided, text_buffer *out)
{
    const smac_segment *s = &a->segments[m->segment];
    double middle = (s->start + s->end) / 2;
    text_format(out, "<button type=\"button\" class=\"card moment\" data-time=\"%.2f\">", middle);
    add_picture(a, middle, out);
    text_add(out, "<span><span class=\"t\">");
    render_time(out, s->start);
    text_add(out, " \xe2\x80\x93 ");
    render_time(out, s->end);
    text_add(out, "</span><b>");
    render_xml(out, a->tasks.items[m->task].name);
    text_add(out, divided ? " " : ": ");
    if (divided)
        text_format(out, "<span class=\"apart\">disagreement %.2f</span>", m->strength);
    else
        render_value(&a->tasks.items[m->task], s->tasks[m->task].prediction, render_xml, out);
    text_add(out, "</b>");
    add_quote(s->text, out);
    add_opinions(a, s, m->task, out);
    text_add(out, "</span></button>\n");
}

static void add_list(const smac_analysis *a, moment *found, int count, bool divided, text_buffer *out)
{
    qsort(found, (size_t)count, sizeof *found, compare_times);
    text_add(out, "<div class=\"moments\">");
    for (int i = 0; i < count; i++)
        add_moment(a, &found[i], divided, out);
    text_add(out, "</div>\n");
}

static bool has_disagreement(const smac_analysis *a)
{
    for (int k = 0; k < a->tasks.count; k++)
        if (isfinite(a->summary.tasks[k].disagreement))
            return true;
    return false;
}

void report_add_moments(const smac_analysis *a, text_buffer *out)
{
    moment found[2 * TASKS_SHOWN_MAX];
    int count = 0, each = MOMENTS_MAX / (a->tasks.count > 0 ? a->tasks.count : 1);
    if (a->segment_count < 2)
        return;
    for (int k = 0; k < a->tasks.count && k < TASKS_SHOWN_MAX; k++)
        for (int n = 0; n < (each > 2 ? each : 2); n++) {
            moment next = find_strongest(a, k, strength_of, found, count);
            if (next.strength > 0)
                found[count++] = next;
        }
    text_add(out, "<h2>Strongest moments</h2>\n");
    if (count > 0)
        add_list(a, found, count, false, out);
    else
        text_add(out, "<p class=\"soft\">Nothing stands out: no segment is clearly one or the other.</p>\n");
    if (!has_disagreement(a))
        return;
    for (count = 0; count < MOMENTS_MAX; count++) {
        found[count] = find_strongest(a, -1, division_of, found, count);
        if (found[count].strength <= 0)
            break;
    }
    text_add(out, "<h2>Most divided moments</h2>\n");
    if (count > 0)
        add_list(a, found, count, true, out);
    else
        text_format(out, "<p class=\"soft\">Words, voice and face never disagree by %.2f or more.</p>\n",
            (double)DISAGREEMENT_MARK);
}
