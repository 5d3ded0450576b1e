/* data/label_survey.c - classes or scores, from the labels themselves. */
#include "data/label_survey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

void label_survey_add(label_survey *s, const char *text)
{
    double number;
    if (label_is_missing(text))
        return;
    if (!memory_grow((void **)&s->names, &s->capacity, s->count + 1, sizeof *s->names)) {
        s->failed = true;
        return;
    }
    s->names[s->count++] = text;
    if (!number_parse(text, &number) || !isfinite(number))
        return;
    s->low = s->numbers == 0 || number < s->low ? number : s->low;
    s->high = s->numbers == 0 || number > s->high ? number : s->high;
    s->wholes += number == floor(number);
    s->numbers++;
}

void label_survey_free(label_survey *s)
{
    free(s->names);
    *s = (label_survey){0};
}

/* All are whole numbers, and of two values. */
static bool is_binary(const label_survey *s)
{
    if (s->wholes != s->count || s->low == s->high)
        return false;
    for (size_t i = 0; i < s->count; i++) {
        double number = 0;
        number_parse(s->names[i], &number);
        if (number != s->low && number != s->high)
            return false;
    }
    return true;
}

smac_status label_survey_task(const label_survey *s, const char *name, label_kind kind, const char *where,
    const reporter *r, task_description *out, smac_error *error)
{
    if (s->failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the labels of %.200s", where);
    if (s->count == 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.200s has no label: name another task", where);
    bool scores = kind == LABEL_KIND_SCORES || (kind == LABEL_KIND_ANY && s->numbers == s->count && !is_binary(s));
    if (!scores) {
        label_cells cells = {s->names, s->count, where};
        return label_classes(&cells, name, r, out, error);
    }
    if (s->numbers != s->count)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.200s has labels that are not numbers: leave \":score\" out", where);
    double low = floor(s->low), high = ceil(s->high);
    if (low == high)
        return FAIL(error, SMAC_ERROR_FORMAT, "all labels of %.200s are %g; expected different ones", where, s->low);
    report_log(r, LOG_INFO, "%s: the labels are scores from %g to %g", where, low, high);
    return task_regression(out, name, "scores", low, high, error);
}
