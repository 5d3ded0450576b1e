/* apps/cli/demo_report.c - the demo's tables on the terminal, as Markdown, as JSON, and on top of the report page. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "demo.h"

/* a row of the first table */
typedef struct result_row {
    const char *name;
    double corr, corr_conflict, mae, accuracy, f1;
} result_row;

enum { ROWS_MAX = 12 };
typedef struct result_table {
    result_row rows[ROWS_MAX];
    int count;
    int64_t clips, conflicts;
} result_table;

static double corr_in_conflict(const evaluation *e, const float *values, int64_t *count)
{
    float *a = memory_new((size_t)e->count, sizeof *a), *b = memory_new((size_t)e->count, sizeof *b);
    int64_t n = 0;
    for (int64_t i = 0; a && b && e->conflict && i < e->count; i++)
        if (e->conflict[i] && isfinite(values[i]) && isfinite(e->tasks[0].truth[TRUTH_MULTIMODAL][i])) {
            a[n] = values[i];
            b[n++] = e->tasks[0].truth[TRUTH_MULTIMODAL][i];
        }
    double corr = n > 1 ? pearson(a, b, n) : NAN;
    free(a);
    free(b);
    if (count)
        *count = n;
    return corr;
}

static void add_row(
    result_table *t, const char *name, const evaluation *e, const metric_list *metrics, const float *values)
{
    if (!e || !metrics->count || t->count == ROWS_MAX)
        return;
    t->rows[t->count++] = (result_row){name, metric_value(metrics, "Corr"), corr_in_conflict(e, values, &t->conflicts),
        metric_value(metrics, "MAE"), metric_value(metrics, "Mult_acc_2"), metric_value(metrics, "F1_score")};
    t->clips = e->count;
}

static result_table gather(const demo_state *d, const demo_variant *variants)
{
    static const char *const alone[] = {
        "whole method, given words alone", "whole method, given voice alone", "whole method, given face alone"};
    static const char *const heads[] = {
        "its head for words", "its head for voice", "its head for face", "its head for what they share"};
    result_table t = {.count = 0};
    for (int i = 0; i < DEMO_VARIANTS; i++)
        if (d->runs[i].all)
            add_row(&t, variants[i].label, d->runs[i].all, &d->runs[i].all->tasks[0].all.metrics,
                d->runs[i].all->tasks[0].prediction);
    for (int m = 0; m < MODALITIES; m++)
        if (d->alone[m])
            add_row(&t, alone[m], d->alone[m], &d->alone[m]->tasks[0].all.metrics, d->alone[m]->tasks[0].prediction);
    const evaluation *e = d->runs[0].all;
    for (int h = 0; e && h < MODALITIES_AND_SHARED; h++)
        if (e->tasks[0].all.has_head[h])
            add_row(&t, heads[h], e, &e->tasks[0].all.heads[h], e->tasks[0].head[h]);
    return t;
}

static void number(text_buffer *out, const char *format, double x)
{
    if (isfinite(x))
        text_format(out, format, x);
    else
        text_add(out, "-");
}

static void markdown_results(const result_table *t, text_buffer *out)
{
    text_format(out,
        "Synthetic test part, %lld clips of unseen speakers and sentences, %lld of them in conflict:\n\n"
        "| | Corr | Corr in conflict | MAE | Acc-2 | F1 |\n|---|---|---|---|---|---|\n",
        (long long)t->clips, (long long)t->conflicts);
    for (int i = 0; i < t->count; i++) {
        const result_row *r = &t->rows[i];
        const double values[] = {r->corr, r->corr_conflict, r->mae, r->accuracy, r->f1};
        text_format(out, "| %s", r->name);
        for (int k = 0; k < 5; k++) {
            text_add(out, " | ");
            number(out, "%.3f", values[k]);
        }
        text_add(out, " |\n");
    }
}

/* {"modalities": {"text": {"all": {"generated":, "multimodal":}, "conflict": {...}}}} of the whole method's run */
static json_t *read_quality(const demo_state *d, const demo_variant *variants)
{
    text_buffer path = {0};
    text_format(&path, "%s/%s/label_quality.json", d->folder, variants[0].name);
    json_t *root = path.data ? json_load_file(path.data, 0, NULL) : NULL;
    json_t *modalities = json_incref(json_object_get(root, "modalities"));
    json_decref(root);
    text_free(&path);
    return modalities;
}

static void markdown_labels(const json_t *quality, text_buffer *out)
{
    static const char *const shown[] = {"words", "voice", "face"};
    text_add(out,
        "\nLabels of the training clips against what each modality truly says (correlation):\n\n"
        "| | multimodal label, all | generated, all | multimodal label, in conflict | generated, in conflict |\n"
        "|---|---|---|---|---|\n");
    for (int m = 0; m < MODALITIES; m++) {
        const json_t *one = json_object_get(quality, modality_name(m));
        if (!one)
            continue;
        text_format(out, "| %s", shown[m]);
        static const char *const parts[] = {"all", "conflict"}, *const kinds[] = {"multimodal", "generated"};
        for (int p = 0; p < 2; p++)
            for (int k = 0; k < 2; k++) {
                const json_t *v = json_object_get(json_object_get(one, parts[p]), kinds[k]);
                text_add(out, " | ");
                number(out, "%.3f", json_is_number(v) ? json_number_value(v) : (double)NAN);
            }
        text_add(out, " |\n");
    }
}

/* the Markdown tables as HTML: cells between bars, a line of dashes under the head */
static void html_tables(const char *markdown, text_buffer *out)
{
    bool table = false, head = false;
    for (const char *line = markdown; *line;) {
        size_t length = strcspn(line, "\n");
        if (length > 1 && line[0] == '|') {
            if (!table)
                text_add(out, "<div class=\"scroll\"><table>");
            head = !table;
            table = true;
            if (strncmp(line, "|---", 4)) {
                text_add(out, "<tr>");
                bool first = true;
                for (const char *at = line + 1; at < line + length - 1;) {
                    size_t cell = strcspn(at, "|");
                    text_format(out, "<%s style=\"text-align:%s\">%.*s</%s>", head ? "th" : "td",
                        first ? "left" : "right", (int)cell, at, head ? "th" : "td");
                    at += cell + 1;
                    first = false;
                }
                text_add(out, "</tr>\n");
            }
        } else {
            if (table)
                text_add(out, "</table></div>\n");
            table = false;
            if (length)
                text_format(out, "<p>%.*s</p>\n", (int)length, line);
        }
        line += length + (line[length] == '\n');
    }
    if (table)
        text_add(out, "</table></div>\n");
}

/* correlations as bars: people look before they read */
static void html_bars(const result_table *t, text_buffer *out)
{
    int height = 26 * t->count + 12;
    text_format(
        out, "<div class=\"chart\"><svg width=\"760\" height=\"%d\" role=\"img\" aria-label=\"correlations\">", height);
    for (int i = 0; i < t->count; i++) {
        const result_row *r = &t->rows[i];
        double corr = isfinite(r->corr) ? fmax(r->corr, 0) : 0;
        text_format(out,
            "<text x=\"232\" y=\"%d\" text-anchor=\"end\">%s</text><rect x=\"240\" y=\"%d\" width=\"%.1f\" "
            "height=\"16\" rx=\"3\" fill=\"var(--%s)\" opacity=\"%.2f\"/><text x=\"%.1f\" y=\"%d\">%.3f</text>",
            26 * i + 22, r->name, 26 * i + 10, 440 * corr,
            i < DEMO_VARIANTS           ? "text"
                : i < DEMO_VARIANTS + 3 ? "audio"
                                        : "shared",
            i == 0 ? 1.0 : 0.65, 248 + 440 * corr, 26 * i + 22, r->corr);
    }
    text_add(out, "</svg></div>\n");
}

static smac_status write_page(
    const demo_state *d, const result_table *t, const char *markdown, const char *path, smac_error *error)
{
    char *page = NULL;
    size_t length = 0;
    text_buffer out = {0};
    smac_render_options how;
    smac_render_options_default(&how);
    how.format = SMAC_FORMAT_HTML;
    TRY(smac_analysis_render(
        (const smac_analysis *const *)d->analyses, d->analysis_count, &how, &page, &length, error));
    const char *at = strstr(page, "<main>\n");
    size_t head = at ? (size_t)(at - page) + 7 : 0;
    text_add_n(&out, page, head);
    text_add(&out,
        "<h1>semanticmac demo</h1><p class=\"meta\">A small model trained end to end on synthetic talking "
        "heads. It knows drawn faces and a synthetic voice: what it says of real people below shows the report, not their "
        "feelings.</p>\n<h2>Correlation with the truth, synthetic test part</h2>\n");
    html_bars(t, &out);
    html_tables(markdown, &out);
    text_add(&out, "<hr style=\"border:0;border-top:1px solid var(--line);margin:36px 0\">\n");
    text_add_n(&out, page + head, length - head);
    free(page);
    smac_status code = out.failed ? FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the report")
                                  : file_write(path, out.data, out.length, error);
    text_free(&out);
    return code;
}

static smac_status write_json(
    const demo_state *d, const demo_variant *variants, json_t *quality, const char *path, smac_error *error)
{
    json_t *root = json_object(), *runs = json_object(), *alone = json_object();
    for (int i = 0; i < DEMO_VARIANTS; i++)
        if (d->runs[i].all)
            json_object_set_new(runs, variants[i].name, evaluation_to_json(d->runs[i].all));
    for (int m = 0; m < MODALITIES; m++)
        if (d->alone[m])
            json_object_set_new(alone, modality_name(m), evaluation_to_json(d->alone[m]));
    json_object_set_new(root, "runs", runs);
    json_object_set_new(root, "alone", alone);
    if (quality)
        json_object_set(root, "labels", quality);
    json_object_set_new(root, "seconds", json_real(d->seconds));
    char *text = json_dump_text(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(root);
    if (!text)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the results");
    smac_status code = file_write(path, text, strlen(text), error);
    free(text);
    return code;
}

smac_status demo_write(const demo_state *d, const demo_variant *variants, smac_error *error)
{
    result_table t = gather(d, variants);
    json_t *quality = read_quality(d, variants);
    text_buffer markdown = {0};
    markdown_results(&t, &markdown);
    if (quality)
        markdown_labels(quality, &markdown);
    char *report = path_join(d->folder, "report.html"), *table = path_join(d->folder, "results.md"),
         *json = path_join(d->folder, "results.json");
    smac_status code = SMAC_OK;
    if (!report || !table || !json || markdown.failed)
        code = FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the report");
    if (code == SMAC_OK)
        code = file_write(table, markdown.data, markdown.length, error);
    if (code == SMAC_OK)
        code = write_json(d, variants, quality, json, error);
    if (code == SMAC_OK && d->analysis_count)
        code = write_page(d, &t, markdown.data, report, error);
    console_finish();
    if (code == SMAC_OK) {
        char *text = NULL;
        size_t length = 0;
        printf("\n%s\n", markdown.data);
        for (size_t i = 0; i < d->analysis_count; i++) {
            const smac_analysis *one = d->analyses[i];
            smac_render_options how;
            smac_render_options_default(&how);
            how.columns = console_columns();
            how.colour = console_colour();
            if (smac_analysis_render(&one, 1, &how, &text, &length, error) == SMAC_OK)
                printf("%s\n", text);
            free(text);
            text = NULL;
        }
        printf(
            "%.0f s in all.\nmodel   %s\ntables  %s, %s\nreport  %s\n", d->seconds, d->model_path, table, json, report);
    }
    json_decref(quality);
    text_free(&markdown);
    free(report);
    free(table);
    free(json);
    return code;
}
