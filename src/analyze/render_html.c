/*
 * analyze/render_html.c - one self-contained page: what the whole recording says, then its timeline as curves for the
 * whole and for each modality, the frames and the words under it, disagreements marked, and a table of the segments.
 * No script, no address outside the page: it can be mailed and opened anywhere.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/render.h"

enum { CHART_HEIGHT = 220, STRIP = 18, PICTURE = 72, WORDS = 66, LEFT = 64, RIGHT = 24, TOP = 12 };

static const char *const curve_class[ROWS] = {"all", "text", "audio", "vision", "shared"};
static const char *const curve_name[ROWS] = {"together", "words", "voice", "face", "shared"};

static const char page_head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>semanticmac report</title>\n<style>\n"
    ":root{--ink:#1c2430;--soft:#66707f;--line:#d9dee6;--page:#f5f6f8;--card:#fff;--all:#1c2430;--text:#2f6fde;"
    "--audio:#d9730d;--vision:#2a9d63;--shared:#8a63d2;--mark:#f2b705}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#98a2b3;--line:#333c4a;--page:#12161c;--card:#1b212a;"
    "--all:#f4f6fa;--text:#6fa1ff;--audio:#f2a25c;--vision:#5fd39a;--shared:#b79bf0}}\n"
    "*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}\n"
    "main{max-width:1120px;margin:0 auto;padding:24px 20px 60px}h1{font-size:22px;margin:0 0 2px}"
    "h2{font-size:15px;margin:26px 0 8px;color:var(--soft);font-weight:600}.meta{color:var(--soft);margin:0 0 18px;"
    "font-size:13px;overflow-wrap:anywhere}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px}"
    ".card b{display:block;font-size:24px;font-weight:650;font-variant-numeric:tabular-nums}"
    ".card span{color:var(--soft);font-size:13px}.card i{display:block;height:6px;border-radius:3px;margin-top:8px;"
    "background:var(--line);position:relative;overflow:hidden}.card i u{position:absolute;top:0;bottom:0;"
    "background:currentColor}\n"
    ".card small{display:block;color:var(--soft);font-size:12px;line-height:1.35;margin-top:4px}"
    ".c-all{color:var(--all)}.c-text{color:var(--text)}.c-audio{color:var(--audio)}.c-vision{color:var(--vision)}"
    ".c-shared{color:var(--shared)}.c-mark{color:#b98900}\n"
    ".chart{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow-x:auto;padding:6px 0}"
    "svg{display:block}svg text{font:11px system-ui,'DejaVu Sans',sans-serif;fill:var(--soft)}"
    ".grid{stroke:var(--line)}.zero{stroke:var(--soft);stroke-dasharray:2 3}"
    ".curve{fill:none;stroke:currentColor;stroke-width:1.7;stroke-linejoin:round}.curve.c-all{stroke-width:3}"
    ".curve.c-shared{stroke-dasharray:5 4}.dot{fill:currentColor}.apart{fill:var(--mark);opacity:.22}"
    ".hit{fill:transparent}.hit:hover{fill:var(--soft);opacity:.14}\n"
    ".words{font-size:12px;line-height:1.3;color:var(--ink);height:100%;overflow:hidden;padding:2px 5px;"
    "border-left:2px solid var(--line)}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:14px;margin:6px 2px 10px;font-size:13px}.legend span::before{content:'';"
    "display:inline-block;width:16px;height:3px;background:currentColor;vertical-align:middle;margin-right:6px}"
    ".legend .c-mark::before{height:12px;background:var(--mark);opacity:.45}\n"
    "table{border-collapse:collapse;width:100%;font-size:13px;background:var(--card);border:1px solid var(--line);"
    "border-radius:10px}th,td{padding:5px 10px;text-align:right;border-top:1px solid var(--line);"
    "font-variant-numeric:tabular-nums;white-space:nowrap}th{border:0;color:var(--soft);font-weight:600}"
    "td.w,th.w{text-align:left;white-space:normal;width:50%;min-width:15em}tr.m td:first-child{box-shadow:inset 3px 0 var(--mark)}\n"
    ".scroll{overflow-x:auto}details summary{cursor:pointer;color:var(--soft);margin:26px 0 8px;font-weight:600}"
    "ul{color:var(--soft);font-size:13px;padding-left:20px}\n</style></head><body><main>\n";

/* a colour for a class, spread around the circle */
static void class_colour(const smac_task *task, int index, text_buffer *out)
{
    text_format(out, "hsl(%d 62%% 52%%)", (int)(360.0 * index / task->classes + 210) % 360);
}

static void add_value(const smac_task *task, const float *v, text_buffer *out)
{
    if (!v) {
        text_add(out, "&ndash;");
    } else if (task_is_score(task)) {
        text_format(out, "%+.2f", render_score(v[0]));
    } else {
        int top = values_top(task, v);
        render_xml(out, task->class_names[top]);
        text_format(out, " %.0f%%", 100 * (double)v[top]);
    }
}

/* A modality that is nowhere in the recording has a card that says why, but no place in legend and table. */
static bool is_shown(const smac_analysis *a, int row)
{
    return row == ROW_PREDICTION || row == ROW_SHARED || a->summary.has[row - ROW_MODALITY];
}

static void add_disagreement(const smac_segment *s, int k, text_buffer *out)
{
    if (isfinite(s->tasks[k].disagreement))
        text_format(out, "%.2f", (double)s->tasks[k].disagreement);
    else
        text_add(out, "&ndash;");
}

static void add_cards(const smac_analysis *a, int k, text_buffer *out)
{
    const smac_task *task = &a->tasks.items[k];
    float apart = a->summary.tasks[k].disagreement;
    text_add(out, "<div class=\"cards\">");
    for (int row = 0; row < ROWS; row++) {
        const float *v = segment_row(&a->summary, k, row);
        text_format(out, "<div class=\"card c-%s\"><span>%s</span><b>", curve_class[row], curve_name[row]);
        add_value(task, v, out);
        text_add(out, "</b><i>");
        if (v && task_is_score(task)) {
            double zero = (fmin(fmax(0, task->low), task->high) - task->low) / (task->high - task->low);
            double at = ((double)v[0] - task->low) / (task->high - task->low);
            at = fmin(fmax(at, 0), 1);
            text_format(out, "<u style=\"left:%.1f%%;width:%.1f%%\"></u>", 100 * fmin(zero, at), 100 * fabs(at - zero));
        } else if (v) {
            text_format(out, "<u style=\"left:0;width:%.1f%%\"></u>", 100 * (double)v[values_top(task, v)]);
        }
        text_add(out, "</i>");
        if (!v && row >= ROW_MODALITY && row < ROW_SHARED)
            text_format(out, "<small>%s</small>", a->missing[row - ROW_MODALITY]);
        text_add(out, "</div>");
    }
    bool compared = isfinite(apart);
    text_add(out, "<div class=\"card c-mark\"><span>disagreement</span><b>");
    add_disagreement(&a->summary, k, out);
    text_format(out, "</b><i><u style=\"left:0;width:%.0f%%\"></u></i>%s</div></div>\n",
        compared ? 100 * (double)apart : 0.0,
        !compared                        ? "<small>fewer than two to compare</small>"
            : apart >= DISAGREEMENT_MARK ? "<small>they do not say the same</small>"
                                         : "");
}

typedef struct scale {
    double pixels; /* a second */
    double span;   /* seconds shown */
    double low, high;
} scale;

static double x_of(const scale *s, double seconds)
{
    return LEFT + s->pixels * seconds;
}

static double y_of(const scale *s, double value)
{
    double share = (value - s->low) / (s->high - s->low);
    return TOP + (1 - fmin(fmax(share, 0), 1)) * CHART_HEIGHT;
}

/* What a chart draws: one task of an analysis on a scale. */
typedef struct chart {
    const smac_analysis *a;
    const smac_task *task;
    int index; /* of the task */
    scale scale;
} chart;

/* one curve of a row's values through the middles of the segments, broken where there are none */
static void add_curve(const chart *c, int row, int value, text_buffer *out)
{
    const smac_analysis *a = c->a;
    bool open = false;
    size_t points = 0;
    text_add(out, "<path class=\"curve");
    if (task_is_score(c->task)) {
        text_format(out, " c-%s\" d=\"", curve_class[row]);
    } else {
        text_add(out, "\" style=\"color:");
        class_colour(c->task, value, out);
        text_add(out, "\" d=\"");
    }
    for (size_t i = 0; i < a->segment_count; i++) {
        const float *v = segment_row(&a->segments[i], c->index, row);
        if (v) {
            double middle = (a->segments[i].start + a->segments[i].end) / 2;
            text_format(
                out, "%c%.1f %.1f", open ? 'L' : 'M', x_of(&c->scale, middle), y_of(&c->scale, (double)v[value]));
            points++;
        }
        open = v != NULL;
    }
    text_add(out, "\"/>");
    for (size_t i = 0; points == 1 && i < a->segment_count; i++) { /* a line needs two points */
        const float *v = segment_row(&a->segments[i], c->index, row);
        if (v)
            text_format(out, "<circle class=\"dot c-%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/>", curve_class[row],
                x_of(&c->scale, (a->segments[i].start + a->segments[i].end) / 2), y_of(&c->scale, (double)v[value]),
                row ? 4 : 6);
    }
}

static void add_axes(const chart *c, double bottom, text_buffer *out)
{
    const scale *s = &c->scale;
    for (int i = 0; i <= 4; i++) {
        double value = s->low + (s->high - s->low) * i / 4, y = y_of(s, value);
        text_format(out, "<line class=\"%s\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
            fabs(value) < 1e-9 && task_is_score(c->task) ? "zero" : "grid", LEFT, x_of(s, s->span), y, y);
        text_format(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>", LEFT - 8, y + 4, value);
    }
    static const double steps[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600};
    double step = steps[11];
    for (int i = 11; i >= 0; i--)
        if (steps[i] * s->pixels >= 70)
            step = steps[i];
    for (double t = 0; t <= s->span + 1e-9; t += step) {
        text_format(out,
            "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\"/><text x=\"%.1f\" "
            "y=\"%.1f\" text-anchor=\"middle\">",
            x_of(s, t), x_of(s, t), TOP, bottom, x_of(s, t), bottom + 14);
        render_time(out, t);
        text_add(out, "</text>");
    }
}

static void add_base64(text_buffer *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t x = (uint32_t)data[i] << 16 | (i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0) |
            (i + 2 < size ? data[i + 2] : 0);
        char four[4] = {digits[x >> 18], digits[x >> 12 & 63], i + 1 < size ? digits[x >> 6 & 63] : '=',
            i + 2 < size ? digits[x & 63] : '='};
        text_add_n(out, four, 4);
    }
}

/* as many frames as fit side by side */
static void add_pictures(const smac_analysis *a, const scale *s, double top, text_buffer *out)
{
    double free_from = LEFT;
    for (size_t i = 0; i < a->thumbnail_count; i++) {
        double x = x_of(s, a->thumbnails[i].time) - PICTURE / 2.0;
        x = fmax(x, LEFT);
        if (x < free_from || x + PICTURE > x_of(s, s->span) + RIGHT || !a->thumbnails[i].jpeg)
            continue;
        text_format(out, "<image x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" href=\"data:image/jpeg;base64,", x,
            top, PICTURE, PICTURE);
        add_base64(out, a->thumbnails[i].jpeg, a->thumbnails[i].size);
        text_add(out, "\"/>");
        free_from = x + PICTURE + 4;
    }
}

/* windows overlap: the words of the windows that follow one another */
static void add_words(const smac_analysis *a, const scale *s, double top, text_buffer *out)
{
    double shown = -1e300;
    for (size_t i = 0; i < a->segment_count; i++) {
        const smac_segment *segment = &a->segments[i];
        if (!*segment->text || segment->start < shown - 1e-9)
            continue;
        text_format(out,
            "<foreignObject x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"><div "
            "xmlns=\"http://www.w3.org/1999/xhtml\" class=\"words\">",
            x_of(s, segment->start), top, fmax(s->pixels * (segment->end - segment->start) - 2, 30), WORDS);
        render_xml(out, segment->text);
        text_add(out, "</div></foreignObject>");
        shown = segment->end;
    }
}

/* Bands where the modalities disagree; neighbouring marked segments make one. */
static void add_bands(const chart *c, text_buffer *out)
{
    const smac_analysis *a = c->a;
    double band = -1;
    for (size_t i = 0; i <= a->segment_count; i++) {
        bool marked = i < a->segment_count && a->segments[i].tasks[c->index].disagreement >= DISAGREEMENT_MARK;
        if (marked && band < 0)
            band = a->segments[i].start;
        if (!marked && band >= 0) {
            double end = i < a->segment_count ? fmax(a->segments[i].start, band + a->hop) : a->duration;
            text_format(out, "<rect class=\"apart\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
                x_of(&c->scale, band), TOP, c->scale.pixels * fmax(end - band, 0.2), CHART_HEIGHT);
            band = -1;
        }
    }
}

/* For classes: a strip for each modality in the colour of its largest class. */
static void add_strips(const chart *c, double first, text_buffer *out)
{
    const smac_analysis *a = c->a;
    for (int row = ROW_MODALITY; row < ROWS; row++) {
        double top = first + (row - ROW_MODALITY) * (STRIP + 4);
        text_format(
            out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", LEFT - 8, top + STRIP - 5, curve_name[row]);
        for (size_t i = 0; i < a->segment_count; i++) {
            const float *v = segment_row(&a->segments[i], c->index, row);
            double end = i + 1 < a->segment_count ? a->segments[i + 1].start : a->segments[i].end;
            if (!v)
                continue;
            int most = values_top(c->task, v);
            text_format(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" style=\"fill:",
                x_of(&c->scale, a->segments[i].start), top, c->scale.pixels * (end - a->segments[i].start) + 0.5,
                STRIP);
            class_colour(c->task, most, out);
            text_format(out, "\" opacity=\"%.2f\"/>", 0.25 + 0.75 * (double)v[most]);
        }
    }
}

/* A note under the pointer for each segment. */
static void add_notes(const chart *c, text_buffer *out)
{
    const smac_analysis *a = c->a;
    for (size_t i = 0; i < a->segment_count; i++) {
        const smac_segment *segment = &a->segments[i];
        double end = i + 1 < a->segment_count ? a->segments[i + 1].start : segment->end;
        text_format(out, "<rect class=\"hit\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>",
            x_of(&c->scale, segment->start), TOP, c->scale.pixels * fmax(end - segment->start, 0.05), CHART_HEIGHT);
        render_time(out, segment->start);
        text_add(out, " to ");
        render_time(out, segment->end);
        for (int row = 0; row < ROWS; row++) {
            text_format(out, "\n%s ", curve_name[row]);
            add_value(c->task, segment_row(segment, c->index, row), out);
        }
        text_add(out, "\ndisagreement ");
        add_disagreement(segment, c->index, out);
        text_add_char(out, '\n');
        render_xml(out, segment->text);
        text_add(out, "</title></rect>");
    }
}

static void add_legend(const chart *c, text_buffer *out)
{
    text_add(out, "<div class=\"legend\">");
    for (int row = 0; task_is_score(c->task) && row < ROWS; row++)
        if (is_shown(c->a, row))
            text_format(out, "<span class=\"c-%s\">%s</span>", curve_class[row], curve_name[row]);
    for (int k = 0; k < c->task->classes; k++) {
        text_add(out, "<span style=\"color:");
        class_colour(c->task, k, out);
        text_add(out, "\">");
        render_xml(out, c->task->class_names[k]);
        text_add(out, "</span>");
    }
    text_add(out,
        isfinite(c->a->summary.tasks[c->index].disagreement)
            ? "<span class=\"c-mark\">words, voice and face disagree</span></div>\n"
            : "</div>\n");
}

static void add_chart(const smac_analysis *a, int k, text_buffer *out)
{
    chart c = {.a = a, .task = &a->tasks.items[k], .index = k};
    scale *s = &c.scale;
    s->low = c.task->low;
    s->high = c.task->high;
    s->span = fmax(a->duration, 1);
    s->pixels = fmin(fmax((1060.0 - LEFT - RIGHT) / s->span, 26), 240);
    bool score = task_is_score(c.task), words = *a->summary.text != 0, pictures = a->thumbnail_count > 0 && k == 0;
    double bottom = TOP + CHART_HEIGHT, y = bottom + 24, strips = y;
    y += score ? 0 : 4 * (STRIP + 4) + 4;
    double picture_top = y;
    y += pictures ? PICTURE + 10 : 0;
    double words_top = y;
    y += words ? WORDS + 8 : 0;
    text_format(out, "<div class=\"chart\"><svg width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-label=\"timeline\">",
        x_of(s, s->span) + RIGHT, y);
    add_bands(&c, out);
    add_axes(&c, bottom, out);
    for (int row = ROWS - 1; score && row >= 0; row--)
        add_curve(&c, row, 0, out);
    for (int value = 0; value < c.task->classes; value++)
        add_curve(&c, ROW_PREDICTION, value, out);
    if (!score)
        add_strips(&c, strips, out);
    if (pictures)
        add_pictures(a, s, picture_top, out);
    add_words(a, s, words_top, out);
    add_notes(&c, out);
    text_add(out, "</svg></div>\n");
    add_legend(&c, out);
}

static void add_table(const smac_analysis *a, int k, text_buffer *out)
{
    const smac_task *task = &a->tasks.items[k];
    text_format(out,
        "<details%s><summary>%zu segment%s of %.3g s</summary><div class=\"scroll\"><table><tr><th>from</th>",
        a->segment_count <= 40 ? " open" : "", a->segment_count, a->segment_count == 1 ? "" : "s", a->window);
    bool apart = isfinite(a->summary.tasks[k].disagreement);
    for (int row = 0; row < ROWS; row++)
        if (is_shown(a, row))
            text_format(out, "<th class=\"c-%s\">%s</th>", curve_class[row], curve_name[row]);
    text_add(out, apart ? "<th>apart</th>" : "");
    text_add(out, *a->summary.text ? "<th class=\"w\">what is said</th></tr>\n" : "</tr>\n");
    for (size_t i = 0; i < a->segment_count; i++) {
        const smac_segment *s = &a->segments[i];
        text_add(out, s->tasks[k].disagreement >= DISAGREEMENT_MARK ? "<tr class=\"m\"><td>" : "<tr><td>");
        render_time(out, s->start);
        for (int row = 0; row < ROWS; row++) {
            if (!is_shown(a, row))
                continue;
            text_add(out, "</td><td>");
            add_value(task, segment_row(s, k, row), out);
        }
        if (apart) {
            text_add(out, "</td><td>");
            add_disagreement(s, k, out);
        }
        if (*a->summary.text) {
            text_add(out, "</td><td class=\"w\">");
            render_xml(out, s->text);
        }
        text_add(out, "</td></tr>\n");
    }
    text_add(out, "</table></div></details>\n");
}

static void add_task(const smac_analysis *a, int k, text_buffer *out)
{
    const smac_task *task = &a->tasks.items[k];
    text_add(out, "<h2>");
    render_xml(out, task->name);
    if (task_is_score(task))
        text_format(out, ", from %.3g to %.3g", task->low, task->high);
    text_add(out, "</h2>\n");
    add_cards(a, k, out);
    text_add(out, "<h2>Second by second</h2>\n");
    add_chart(a, k, out);
    add_table(a, k, out);
}

static void add_analysis(const smac_analysis *a, text_buffer *out)
{
    text_add(out, "<section><h1>");
    const char *slash = strrchr(a->recording, '/');
    render_xml(out, slash ? slash + 1 : a->recording);
    text_add(out, "</h1><p class=\"meta\">");
    render_time(out, a->duration);
    text_add(out, " &middot; model ");
    render_xml(out, a->model_name);
    text_format(out, " (%.12s) &middot; words: ", a->model_sha256);
    render_xml(out, a->words_from ? a->words_from : "none");
    text_add(out, "</p>\n");
    for (int k = 0; k < a->tasks.count; k++)
        add_task(a, k, out);
    if (a->warning_count) {
        text_add(out, "<h2>Notes</h2><ul>");
        for (size_t i = 0; i < a->warning_count; i++) {
            text_add(out, "<li>");
            render_xml(out, a->warnings[i]);
            text_add(out, "</li>");
        }
        text_add(out, "</ul>");
    }
    text_add(out, "</section>\n");
}

void render_html(const smac_analysis *const *analyses, size_t count, text_buffer *out)
{
    text_add(out, page_head);
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_add(out, "<hr style=\"border:0;border-top:1px solid var(--line);margin:36px 0\">\n");
        add_analysis(analyses[i], out);
    }
    text_format(
        out, "<p class=\"meta\" style=\"margin-top:18px\">semanticmac %s</p>\n</main></body></html>\n", smac_version());
}
