/* data/labels.c - labels out of the cells of a table: what is missing, which classes there are, which one a cell names. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "data/readers.h"

bool label_is_missing(const char *cell)
{
    static const char *const nothing[] = {"", "nan", "-nan", "NaN", "-NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "#NA",
        "<NA>", "null", "NULL", "Null", "None", "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND"};
    size_t from = strspn(cell, " \t"), length = strlen(cell + from);
    while (length > 0 && strchr(" \t", cell[from + length - 1]))
        length--;
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        if (strlen(nothing[i]) == length && strncmp(cell + from, nothing[i], length) == 0)
            return true;
    return false;
}

bool label_next_name(const char **at, char name[TASK_NAME_MAX])
{
    *at += strspn(*at, ", ");
    size_t length = strcspn(*at, ","), kept = length;
    while (kept > 0 && (*at)[kept - 1] == ' ')
        kept--;
    if (kept == 0)
        return false;
    snprintf(name, TASK_NAME_MAX, "%.*s", (int)(kept < TASK_NAME_MAX ? kept : TASK_NAME_MAX - 1), *at);
    *at += length;
    return true;
}

/* --- names of classes --------------------------------------------------------------------------------------------- */

typedef struct cell_span {
    const char *data;
    size_t length;
} cell_span;

/* A cell's name without the spaces around it. */
static cell_span trimmed(const char *cell)
{
    size_t from = strspn(cell, " \t\r\n"), length = strlen(cell + from);
    while (length > 0 && strchr(" \t\r\n", cell[from + length - 1]))
        length--;
    return (cell_span){cell + from, length};
}

static int span_compare(cell_span a, cell_span b)
{
    size_t least = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.data, b.data, least);
    return order ? order : a.length < b.length ? -1 : a.length > b.length;
}

static bool span_same_but_case(cell_span a, cell_span b)
{
    return a.length == b.length && strncasecmp(a.data, b.data, a.length) == 0;
}

/* One spelling of a class. */
typedef struct class_name {
    cell_span text;
    bool is_number;
    double number;
    size_t count;
} class_name;

/* Numbers first, by value; then names without regard to case, so that spellings of one class lie side by side. */
static int compare_names(const void *a, const void *b)
{
    const class_name *x = a, *y = b;
    if (x->is_number != y->is_number)
        return x->is_number ? -1 : 1;
    if (x->is_number && x->number != y->number)
        return x->number < y->number ? -1 : 1;
    size_t least = x->text.length < y->text.length ? x->text.length : y->text.length;
    int order = strncasecmp(x->text.data, y->text.data, least);
    if (order == 0 && x->text.length != y->text.length)
        order = x->text.length < y->text.length ? -1 : 1;
    return order ? order : span_compare(x->text, y->text);
}

/* The classes in the order of their bytes, as they are numbered. */
static int compare_classes(const void *a, const void *b)
{
    const class_name *x = a, *y = b;
    if (x->is_number != y->is_number)
        return x->is_number ? -1 : 1;
    if (x->is_number && x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return span_compare(x->text, y->text);
}

/* Equal names become one with their count; returns how many are left of count sorted ones. */
static size_t count_spellings(class_name *names, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && span_compare(names[kept - 1].text, names[i].text) == 0)
            names[kept - 1].count += names[i].count;
        else
            names[kept++] = names[i];
    }
    return kept;
}

/* Spellings of one class become its most used one, with a warning; returns how many classes are left. */
static size_t merge_spellings(class_name *names, size_t count, const char *where, const reporter *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < count;) {
        size_t next = i + 1, best = i, total = names[i].count;
        text_buffer list = {0};
        text_format(&list, "'%.*s' (%zu)", (int)names[i].text.length, names[i].text.data, names[i].count);
        for (; next < count && span_same_but_case(names[i].text, names[next].text); next++) {
            text_format(
                &list, ", '%.*s' (%zu)", (int)names[next].text.length, names[next].text.data, names[next].count);
            total += names[next].count;
            best = names[next].count > names[best].count ? next : best;
        }
        if (next > i + 1)
            report_log(r, LOG_WARNING, "%s: the classes %s differ in case alone: they are taken as one, '%.*s'", where,
                list.data ? list.data : "", (int)names[best].text.length, names[best].text.data);
        text_free(&list);
        names[kept] = names[best];
        names[kept++].count = total;
        i = next;
    }
    return kept;
}

smac_status label_classes(
    const label_cells *cells, const char *task, const reporter *r, task_description *out, smac_error *error)
{
    class_name *names = memory_new(cells->count + 1, sizeof *names);
    size_t count = 0;
    if (!names)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the classes of %s", cells->where);
    for (size_t i = 0; i < cells->count; i++) {
        if (label_is_missing(cells->cells[i]))
            continue;
        class_name *name = &names[count++];
        *name = (class_name){.text = trimmed(cells->cells[i]), .count = 1};
        name->is_number = number_parse(cells->cells[i], &name->number) && isfinite(name->number);
    }
    qsort(names, count, sizeof *names, compare_names);
    count = count_spellings(names, count);
    count = merge_spellings(names, count, cells->where, r);
    qsort(names, count, sizeof *names, compare_classes);
    smac_status status = SMAC_OK;
    char copies[TASK_CLASSES_MAX][TASK_NAME_MAX];
    const char *classes[TASK_CLASSES_MAX];
    if (count < 2 || count > TASK_CLASSES_MAX)
        status =
            FAIL(error, SMAC_ERROR_FORMAT, "%s holds %zu different values, expected 2 to %d classes: name another task",
                cells->where, count, TASK_CLASSES_MAX);
    for (size_t i = 0; i < count && status == SMAC_OK; i++) {
        if (names[i].text.length >= TASK_NAME_MAX)
            status = FAIL(error, SMAC_ERROR_FORMAT, "%s: the class '%.80s' is longer than %d bytes: shorten it",
                cells->where, names[i].text.data, TASK_NAME_MAX - 1);
        snprintf(copies[i], sizeof copies[i], "%.*s", (int)names[i].text.length, names[i].text.data);
        classes[i] = copies[i];
    }
    if (status == SMAC_OK)
        status = task_with_classes(out, task, "classes", (int)count, classes, error);
    free(names);
    return status;
}

int label_class_index(const task_description *task, const char *name)
{
    cell_span wanted = trimmed(name);
    int found = -1;
    for (int c = 0; c < task->classes; c++) {
        cell_span class = {task->class_names[c], strlen(task->class_names[c])};
        if (span_compare(class, wanted) == 0)
            return c;
        if (found < 0 && span_same_but_case(class, wanted))
            found = c;
    }
    return found;
}

/* --- one cell ----------------------------------------------------------------------------------------------------- */

bool label_parse(const task_description *task, const char *cell, float *values, char why[LABEL_WHY])
{
    if (task->kind == TASK_CLASSES) {
        int class = label_class_index(task, cell);
        if (class < 0) {
            snprintf(why, LABEL_WHY, "its class '%.60s' is not among the %d classes of %.40s", cell, task->classes,
                task->name);
            return false;
        }
        memset(values, 0, (size_t)task->classes * sizeof *values);
        values[class] = 1;
        return true;
    }
    double number, slack = 1e-6 * (task->high - task->low);
    if (!number_parse(cell, &number) || !isfinite(number)) {
        snprintf(why, LABEL_WHY, "'%.60s' is not a number", cell);
        return false;
    }
    if (number < task->low - slack || number > task->high + slack) {
        number_format(why, LABEL_WHY, "%g lies outside of %g to %g", number, task->low, task->high);
        return false;
    }
    values[0] = (float)number;
    return true;
}
