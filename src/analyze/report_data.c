/*
 * analyze/report_data.c - the numbers that the report's script draws, in few characters: times in hundredths of a second,
 * values as two digits of base 64 of their share of the range, ".." where there is none.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/report.h"
#include "base/json.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static json_t *clean_string(const char *text)
{
    text_buffer clean = {0};
    render_utf8(&clean, text);
    json_t *string = clean.failed ? NULL : json_stringn(clean.data ? clean.data : "", clean.length);
    text_free(&clean);
    return string;
}

static json_t *hundredths(double seconds)
{
    return json_integer((json_int_t)floor((isfinite(seconds) ? seconds : 0) * 100 + 0.5));
}

static json_t *tasks_array(const smac_analysis *a)
{
    json_t *tasks = json_array();
    for (int k = 0; k < a->tasks.count; k++) {
        const smac_task *task = &a->tasks.items[k];
        json_t *one = json_object();
        json_object_set_new(one, "name", clean_string(task->name));
        json_object_set_new(one, "low", json_real(task->low));
        json_object_set_new(one, "high", json_real(task->high));
        if (task_is_score(task)) {
            score_scale scale = score_scale_of(task);
            json_t *limits = json_array(), *words = json_array();
            for (int i = 0; i < SCALE_WORDS; i++) {
                json_array_append_new(words, json_string(scale.words[i]));
                if (i < SCALE_WORDS - 1)
                    json_array_append_new(limits, json_real(scale.limits[i]));
            }
            json_object_set_new(one, "limits", limits);
            json_object_set_new(one, "words", words);
        } else {
            json_t *names = json_array();
            for (int c = 0; c < task->classes; c++)
                json_array_append_new(names, clean_string(task->class_names[c]));
            json_object_set_new(one, "classes", names);
            json_object_set_new(one, "least", json_real((double)SURE_LEAST));
            json_object_set_new(one, "lead", json_real((double)SURE_LEAD));
        }
        json_array_append_new(tasks, one);
    }
    return tasks;
}

/* [start, end, text], and a 1 for a line without word times; a word that follows a space begins with it. */
static void add_word(json_t *words, double start, double end, const char *text, bool glued, bool is_line)
{
    text_buffer spaced = {0};
    text_add(&spaced, glued ? "" : " ");
    text_add(&spaced, text);
    json_t *one = json_array();
    json_array_append_new(one, hundredths(start));
    json_array_append_new(one, hundredths(end));
    json_array_append_new(one, spaced.failed ? NULL : clean_string(spaced.data));
    if (is_line)
        json_array_append_new(one, json_integer(1));
    json_array_append_new(words, one);
    text_free(&spaced);
}

static int compare_starts(const void *a, const void *b)
{
    const transcript_segment *x = *(const transcript_segment *const *)a, *y = *(const transcript_segment *const *)b;
    double from = isfinite(x->start) ? x->start : -1, other = isfinite(y->start) ? y->start : -1;
    return (from > other) - (from < other);
}

static void add_line(json_t *words, const transcript_segment *line, double duration)
{
    const char *at = line->text;
    if (line->word_count == 0 && !isfinite(line->start)) /* of the whole recording */
        add_word(words, 0, duration, line->text, false, true);
    else if (line->word_count == 0)
        add_word(words, line->start, line->end, line->text, false, true);
    for (size_t w = 0; w < line->word_count; w++) {
        const char *word = line->words[w].text, *found = *word ? strstr(at, word) : NULL;
        add_word(words, line->words[w].start, line->words[w].end, word, w > 0 && found == at, false);
        at = found ? found + strlen(word) : at;
    }
}

static json_t *words_array(const smac_analysis *a)
{
    json_t *words = json_array();
    const transcript_segment **lines = calloc(a->said.count + 1, sizeof *lines);
    size_t count = 0;
    for (size_t i = 0; lines && i < a->said.count; i++)
        lines[count++] = &a->said.segments[i];
    if (lines)
        qsort(lines, count, sizeof *lines, compare_starts);
    for (size_t i = 0; i < count; i++)
        add_line(words, lines[i], a->duration);
    free(lines);
    return words;
}

static void add_share(text_buffer *out, double share)
{
    if (!isfinite(share)) {
        text_add(out, "..");
        return;
    }
    int n = (int)floor(fmin(fmax(share, 0), 1) * 4095 + 0.5);
    text_add_char(out, digits[n >> 6]);
    text_add_char(out, digits[n & 63]);
}

/* For each segment, task by task: its rows that are shown, each with its values, then the disagreement. */
static void add_values(const smac_analysis *a, text_buffer *out)
{
    for (size_t i = 0; i < a->segment_count; i++)
        for (int k = 0; k < a->tasks.count; k++) {
            const smac_task *task = &a->tasks.items[k];
            for (int row = 0; row < ROWS; row++) {
                const float *v = segment_row(&a->segments[i], k, row);
                for (int c = 0; row_is_shown(a, row) && c < task_values(task); c++)
                    add_share(out, !values_known(v) ? (double)NAN : value_share(task, v[c]));
            }
            add_share(out, (double)a->segments[i].tasks[k].disagreement);
        }
}

static json_t *pictures_array(const smac_analysis *a)
{
    json_t *pictures = json_array();
    for (size_t i = 0; i < a->thumbnail_count; i++) {
        text_buffer data = {0};
        if (!a->thumbnails[i].jpeg)
            continue;
        report_add_base64(&data, a->thumbnails[i].jpeg, a->thumbnails[i].size);
        json_t *one = json_array();
        json_array_append_new(one, hundredths(a->thumbnails[i].time));
        json_array_append_new(one, json_stringn_nocheck(data.data ? data.data : "", data.length));
        json_array_append_new(pictures, one);
        text_free(&data);
    }
    return pictures;
}

static json_t *segments_array(const smac_analysis *a)
{
    json_t *segments = json_array();
    for (size_t i = 0; i < a->segment_count; i++) {
        json_array_append_new(segments, hundredths(a->segments[i].start));
        json_array_append_new(segments, hundredths(a->segments[i].end));
    }
    return segments;
}

void report_add_data(const smac_analysis *a, text_buffer *out)
{
    text_buffer values = {0};
    json_t *root = json_object(), *rows = json_array();
    add_values(a, &values);
    for (int row = 0; row < ROWS; row++)
        if (row_is_shown(a, row))
            json_array_append_new(rows, json_string(row_name(row)));
    json_object_set_new(root, "duration", json_real(a->duration));
    json_object_set_new(root, "mark", json_real((double)DISAGREEMENT_MARK));
    json_object_set_new(root, "tasks", tasks_array(a));
    json_object_set_new(root, "rows", rows);
    json_object_set_new(root, "words", words_array(a));
    json_object_set_new(root, "segments", segments_array(a));
    json_object_set_new(root, "values", json_stringn(values.data ? values.data : "", values.length));
    json_object_set_new(root, "pictures", pictures_array(a));
    char *text = json_dump_text(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(root);
    out->failed |= values.failed || !text;
    text_free(&values);
    text_add(out, "<script type=\"application/json\" class=\"data\">");
    const char *at = text ? text : "";
    for (const char *angle; (angle = strchr(at, '<')) != NULL; at = angle + 1) { /* nothing ends the script element */
        text_add_n(out, at, (size_t)(angle - at));
        text_add(out, "\\u003c");
    }
    text_add(out, at);
    text_add(out, "</script>\n");
    free(text);
}
