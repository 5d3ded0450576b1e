/*
 * analyze/render_words.c - values in words, the same in every report: the names of what speaks, where a score is on its
 * scale, and whether a class is likely enough to be named.
 */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "analyze/render.h"

const char *row_name(int row)
{
    static const char *const names[ROWS] = {"together", "words", "voice", "face", "shared"};
    return names[row];
}

bool row_is_shown(const smac_analysis *a, int row)
{
    return row == ROW_PREDICTION || row == ROW_SHARED || a->summary.has[row - ROW_MODALITY];
}

bool values_known(const float *values)
{
    return values && isfinite(values[0]);
}

/* --- scores ------------------------------------------------------------------------------------------------------- */

/*
 * Around 0: a sixth and a half of the way to the range's end, which are the borders of rounding on the seven steps of
 * sentiment from -3 to 3.  Elsewhere: five equal parts.
 */
score_scale score_scale_of(const smac_task *task)
{
    if (task->low < 0 && task->high > 0)
        return (score_scale){{task->low / 2, task->low / 6, task->high / 6, task->high / 2},
            {"clearly negative", "slightly negative", "neutral", "slightly positive", "clearly positive"}};
    score_scale scale = {.words = {"very low", "low", "medium", "high", "very high"}};
    for (int i = 0; i < SCALE_WORDS - 1; i++)
        scale.limits[i] = task->low + (task->high - task->low) * (i + 1) / SCALE_WORDS;
    return scale;
}

const char *score_words(const smac_task *task, float value)
{
    score_scale scale = score_scale_of(task);
    int i = 0;
    while (i < SCALE_WORDS - 1 &&
        (scale.limits[i] < 0 ? (double)value > scale.limits[i] : (double)value >= scale.limits[i]))
        i++; /* a limit belongs to the words that are further from 0 */
    return scale.words[i];
}

double score_strength(const smac_task *task, float value)
{
    double v = (double)value, middle = (task->low + task->high) / 2;
    if (task->low < 0 && task->high > 0)
        return fmin(fabs(v) / (v < 0 ? -task->low : task->high), 1);
    return fmin(fabs(v - middle) / (task->high - middle), 1);
}

double value_share(const smac_task *task, float value)
{
    return fmin(fmax(((double)value - task->low) / (task->high - task->low), 0), 1);
}

/* --- classes ------------------------------------------------------------------------------------------------------ */

int values_top(const smac_task *task, const float *values)
{
    int top = 0;
    for (int i = 1; i < task_values(task); i++)
        if (values[i] > values[top])
            top = i;
    return top;
}

int values_second(const smac_task *task, const float *values)
{
    int top = values_top(task, values), second = -1;
    for (int i = 0; i < task_values(task); i++)
        if (i != top && (second < 0 || values[i] > values[second]))
            second = i;
    return second;
}

bool values_sure(const smac_task *task, const float *values)
{
    int top = values_top(task, values), second = values_second(task, values);
    return second < 0 || (values[top] >= SURE_LEAST && values[top] - values[second] >= SURE_LEAD);
}

bool class_is_plain(const char *name)
{
    static const char *const plain[] = {"neutral", "none", "calm", "other", "unknown", "no", "false", "0"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcasecmp(name, plain[i]) == 0)
            return true;
    return strncasecmp(name, "not ", 4) == 0 || strncasecmp(name, "no ", 3) == 0 || strncasecmp(name, "non", 3) == 0;
}

double segment_certainty(const smac_analysis *a, const smac_segment *s, int task)
{
    const float *values = s->tasks[task].prediction;
    const smac_task *what = &a->tasks.items[task];
    bool known = values_known(values) && !task_is_score(what) && (a->calibrated >> task & 1);
    return known ? (double)values[values_top(what, values)] : (double)NAN;
}

/* --- both --------------------------------------------------------------------------------------------------------- */

void render_value(const smac_task *task, const float *v, render_names *write, text_buffer *out)
{
    if (!values_known(v)) {
        text_add(out, "\xe2\x80\x93");
    } else if (task_is_score(task)) {
        text_format(out, task->low < 0 ? "%+.2f %s" : "%.2f %s", render_score(v[0]), score_words(task, v[0]));
    } else {
        int top = values_top(task, v), second = values_second(task, v);
        bool sure = values_sure(task, v);
        text_add(out, sure ? "" : "not sure: ");
        write(out, task->class_names[top]);
        text_format(out, " %.0f%%", 100 * (double)v[top]);
        if (!sure) {
            text_add(out, ", ");
            write(out, task->class_names[second]);
            text_format(out, " %.0f%%", 100 * (double)v[second]);
        }
    }
}
