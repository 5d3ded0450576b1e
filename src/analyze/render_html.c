/*
 * analyze/render_html.c - one self-contained page: what the whole recording says, the moments to look at first, the whole
 * length, a stretch of it enlarged, the segments, how to read all this, and the model card.
 *
 * Nothing is loaded from outside, and the page forbids it (its content security policy), so it can be mailed and opened
 * anywhere.  Its script draws the enlarged stretch and the table (report.js); all else is there without it.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/report.h"

void report_add_base64(text_buffer *out, const uint8_t *data, size_t size)
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

/* --- the summary -------------------------------------------------------------------------------------------------- */

static void add_bar(const smac_task *task, const float *v, text_buffer *out)
{
    bool signed_score = task_is_score(task) && task->low < 0 && task->high > 0;
    text_format(out, "<span class=\"bar%s\">", signed_score && -task->low == task->high ? " zero" : "");
    double at = task_is_score(task) ? value_share(task, v[0]) : (double)v[values_top(task, v)];
    double zero = signed_score ? value_share(task, 0) : 0;
    text_format(out, "<u style=\"left:%.1f%%;width:%.1f%%\"></u></span>", 100 * fmin(zero, at), 100 * fabs(at - zero));
}

/* A row's value beside its bar: without the words of the scale, which the headline has. */
static void add_short_value(const smac_task *task, const float *v, text_buffer *out)
{
    if (task_is_score(task)) {
        text_format(out, task->low < 0 ? "%+.2f" : "%.2f", render_score(v[0]));
        return;
    }
    int top = values_top(task, v);
    render_xml(out, task->class_names[top]);
    text_format(out, " %.0f%%", 100 * (double)v[top]);
}

static void add_rows(const smac_analysis *a, int k, text_buffer *out)
{
    const smac_task *task = &a->tasks.items[k];
    double apart = (double)a->summary.tasks[k].disagreement;
    text_add(out, "<div class=\"rows\">");
    for (int row = ROW_MODALITY; row < ROWS; row++) {
        const float *v = segment_row(&a->summary, k, row);
        text_format(out, "<b class=\"%s\">%s</b>", row_name(row), row_name(row));
        if (values_known(v)) {
            text_format(out, "<span class=\"%s\">", row_name(row));
            add_bar(task, v, out);
            text_add(out, "</span><span>");
            add_short_value(task, v, out);
            text_add(out, "</span>");
        } else {
            const char *why = row < ROW_SHARED ? a->missing[row - ROW_MODALITY] : NULL;
            text_format(out, "<span class=\"why\">%s</span>", why ? why : "\xe2\x80\x93");
        }
    }
    text_add(out, "<b class=\"apart\">disagreement</b>");
    if (isfinite(apart))
        text_format(out,
            "<span class=\"apart\"><span class=\"bar\"><u style=\"left:0;width:%.1f%%\"></u></span></span>"
            "<span>%.2f%s</span></div>\n",
            100 * fmin(apart, 1), apart, apart >= (double)DISAGREEMENT_MARK ? " !" : "");
    else
        text_add(out, "<span class=\"why\">fewer than two to compare</span></div>\n");
}

static void add_classes(const smac_task *task, const float *v, text_buffer *out)
{
    text_add(out, "<div class=\"rows classes\">");
    for (int c = 0; c < task->classes; c++) {
        text_add(out, "<span>");
        render_xml(out, task->class_names[c]);
        text_add(out, "</span><span style=\"color:");
        report_class_colour(task, c, out);
        text_format(out,
            "\"><span class=\"bar\"><u style=\"left:0;width:%.1f%%\"></u></span></span><span>%.0f%%</span>",
            100 * (double)v[c], 100 * (double)v[c]);
    }
    text_add(out, "</div>\n");
}

static void add_certainty(const smac_analysis *a, int k, text_buffer *out)
{
    double certainty = segment_certainty(a, &a->summary, k);
    if (isfinite(certainty))
        text_format(out, "<p class=\"soft\">certainty %.0f%%, by the model's calibration</p>\n", 100 * certainty);
    else
        text_format(out, "<p class=\"soft\">certainty: not known%s</p>\n",
            task_is_score(&a->tasks.items[k]) ? "" : ", the model has no calibration");
}

static void add_summary(const smac_analysis *a, text_buffer *out)
{
    text_format(out, "<div class=\"grid%s\">\n", a->tasks.count == 4 ? " four" : "");
    for (int k = 0; k < a->tasks.count; k++) {
        const smac_task *task = &a->tasks.items[k];
        const float *v = a->summary.tasks[k].prediction;
        text_add(out, "<div class=\"card\"><h3>");
        render_xml(out, task->name);
        if (task_is_score(task))
            text_format(out, " <span class=\"soft\">from %.3g to %.3g</span>", task->low, task->high);
        bool unsure = values_known(v) && !task_is_score(task) && !values_sure(task, v);
        text_format(out, "</h3><p class=\"big%s\">", unsure ? " unsure" : "");
        render_value(task, v, render_xml, out);
        text_add(out, "</p>\n");
        add_rows(a, k, out);
        if (!task_is_score(task) && values_known(v))
            add_classes(task, v, out);
        add_certainty(a, k, out);
        text_add(out, "</div>\n");
    }
    text_add(out, "</div>\n");
}

/* --- explanations ------------------------------------------------------------------------------------------------- */

static void add_entry(const char *term, const char *text, text_buffer *out)
{
    text_format(out, "<dt>%s</dt><dd>%s</dd>", term, text);
}

static void add_guide(const smac_analysis *a, text_buffer *out)
{
    text_add(out, "<details><summary>How to read this</summary><div class=\"card\"><dl>");
    add_entry("what it is",
        "A model's guess at what words, voice and face express, learned from recordings that people have labelled. It "
        "does not know what somebody feels or thinks.",
        out);
    add_entry("together", "The model's answer from all that is there.", out);
    add_entry("words, voice, face", "What each of them alone says, as the model reads it.", out);
    add_entry("shared",
        "What the part that words, voice and face have in common says: it leaves out what only one of them tells.",
        out);
    text_format(out,
        "<dt>disagreement</dt><dd>How far apart the two most different of words, voice and face are: 0 is the same, 1 "
        "opposite ends of the scale (of classes: no probability in common). From %.2f on it is marked. Irony often "
        "shows as disagreement; so does an error of one of them.</dd>",
        (double)DISAGREEMENT_MARK);
    for (int k = 0; k < a->tasks.count; k++) {
        if (!task_is_score(&a->tasks.items[k]))
            continue;
        score_scale scale = score_scale_of(&a->tasks.items[k]);
        text_add(out, "<dt>");
        render_xml(out, a->tasks.items[k].name);
        text_add(out, "</dt><dd>");
        for (int i = 0; i < SCALE_WORDS; i++) {
            text_format(out, "%s%s", i ? ", " : "", scale.words[i]);
            text_format(out, i < SCALE_WORDS - 1 ? " to %.2f" : " above", i < SCALE_WORDS - 1 ? scale.limits[i] : 0.0);
        }
        text_add(out, "</dd>");
    }
    text_format(out,
        "<dt>not sure</dt><dd>The likeliest class has less than %.0f%%, or is less than %.0f points before the next."
        "</dd>",
        100 * (double)SURE_LEAST, 100 * (double)SURE_LEAD);
    add_entry("certainty",
        "How probable it is that the likeliest class is the right one, of a model whose probabilities were calibrated on "
        "recordings that it was not trained on.",
        out);
    if (a->by_utterance)
        add_entry("segments",
            "Utterances: they end at a pause, at the end of a sentence, or where they become too long. Where nobody "
            "speaks for two seconds or more there are windows.",
            out);
    else
        text_format(out, "<dt>segments</dt><dd>Windows of %.3g s, one every %.3g s.</dd>", a->window, a->hop);
    text_add(out, "</dl></div></details>\n");
}

static const char *card_title(const char *key)
{
    static const char *const titles[][2] = {{"name", "name"}, {"data", "trained on"}, {"terms", "terms"},
        {"figures", "how good it is"}, {"limits", "where it is weak"}, {"use", "what it is for"}};
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (strcmp(key, titles[i][0]) == 0)
            return titles[i][1];
    return key;
}

static void add_model(const smac_analysis *a, text_buffer *out)
{
    json_t *card = a->model_card ? json_loads(a->model_card, 0, NULL) : NULL, *value;
    const char *key;
    text_add(out, "<h2>The model</h2><div class=\"card\"><dl><dt>file</dt><dd>");
    render_xml(out, a->model_name);
    text_format(out, " <span class=\"soft\">SHA-256 %.64s</span></dd>", a->model_sha256);
    json_object_foreach(card, key, value)
    {
        if (!json_is_string(value))
            continue;
        text_add(out, "<dt>");
        render_xml(out, card_title(key));
        text_add(out, "</dt><dd>");
        render_xml(out, json_string_value(value));
        text_add(out, "</dd>");
    }
    json_decref(card);
    text_add(out, "</dl></div>\n");
}

static void add_notes(const smac_analysis *a, text_buffer *out)
{
    if (a->warning_count == 0)
        return;
    text_add(out, "<h2>Notes</h2><div class=\"card\"><ul>");
    for (size_t i = 0; i < a->warning_count; i++) {
        text_add(out, "<li>");
        render_xml(out, a->warnings[i]);
        text_add(out, "</li>");
    }
    text_add(out, "</ul></div>\n");
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static void add_name(const smac_analysis *a, text_buffer *out)
{
    const char *slash = strrchr(a->recording, '/');
    render_xml(out, slash ? slash + 1 : a->recording);
}

static void add_analysis(const smac_analysis *a, size_t number, text_buffer *out)
{
    text_format(out, "<section id=\"recording-%zu\"><h1>", number);
    add_name(a, out);
    text_add(out, "</h1><p class=\"meta\">");
    render_time(out, a->duration);
    text_format(out, " &middot; %zu segment%s &middot; words: ", a->segment_count, a->segment_count == 1 ? "" : "s");
    render_xml(out, a->words_from ? a->words_from : "none");
    if (a->language) {
        text_add(out, " (");
        render_xml(out, a->language);
        text_add(out, ")");
    }
    text_add(out, " &middot; model ");
    render_xml(out, a->model_name);
    text_add(out, "</p>\n");
    add_summary(a, out);
    report_add_moments(a, out);
    report_add_timeline(a, out);
    text_format(out,
        "<details%s><summary>All segments</summary><div class=\"card segments\"><noscript>The table of segments and the "
        "enlarged stretch need JavaScript; the formats csv and json have all numbers.</noscript></div></details>\n",
        a->segment_count <= 25 ? " open" : "");
    add_guide(a, out);
    add_notes(a, out);
    add_model(a, out);
    report_add_data(a, out);
    text_add(out, "</section>\n");
}

static void add_index(const smac_analysis *const *analyses, size_t count, text_buffer *out)
{
    text_format(out, "<nav class=\"card\"><b>%zu recordings</b><ul>", count);
    for (size_t i = 0; i < count; i++) {
        const smac_analysis *a = analyses[i];
        text_format(out, "<li><a href=\"#recording-%zu\">", i + 1);
        add_name(a, out);
        text_add(out, "</a>");
        for (int k = 0; k < a->tasks.count; k++) {
            text_add(out, " &middot; ");
            render_xml(out, a->tasks.items[k].name);
            text_add_char(out, ' ');
            render_value(&a->tasks.items[k], a->summary.tasks[k].prediction, render_xml, out);
        }
        text_add(out, "</li>");
    }
    text_add(out, "</ul></nav>\n");
}

void render_html(const smac_analysis *const *analyses, size_t count, text_buffer *out)
{
    text_add(out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
        "'unsafe-inline'; script-src 'unsafe-inline'\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>");
    add_name(analyses[0], out);
    text_add(out, count > 1 ? " and others" : "");
    text_add(out, " \xe2\x80\x93 semanticmac report</title>\n<style>\n");
    text_add(out, report_style);
    text_add(out, "</style></head><body><main>\n");
    if (count > 1)
        add_index(analyses, count, out);
    for (size_t i = 0; i < count; i++)
        add_analysis(analyses[i], i + 1, out);
    text_format(out, "<p class=\"meta\">semanticmac %s</p>\n</main>\n<script>\n", smac_version());
    text_add(out, report_script);
    text_add(out, "</script></body></html>\n");
}
