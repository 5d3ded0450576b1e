/* model/task.c - task descriptions: making, checking, JSON. */
#include "model/task.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int task_targets(const task_description *task)
{
    return task->kind == TASK_CLASSES ? task->classes : 1;
}

static smac_status copy_name(char out[TASK_NAME_MAX], const char *text, const char *what, smac_error *error)
{
    if (!text)
        text = "";
    if (strlen(text) >= TASK_NAME_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s '%.80s' is longer than %d bytes", what, text, TASK_NAME_MAX - 1);
    memset(out, 0, TASK_NAME_MAX);
    memcpy(out, text, strlen(text));
    return SMAC_OK;
}

smac_status task_regression(
    task_description *task, const char *name, const char *protocol, double low, double high, smac_error *error)
{
    memset(task, 0, sizeof *task);
    TRY(copy_name(task->name, name, "task name", error));
    TRY(copy_name(task->protocol, protocol, "task protocol", error));
    task->kind = TASK_REGRESSION;
    task->low = low;
    task->high = high;
    return task_check(task, error);
}

smac_status task_with_classes(task_description *task, const char *name, const char *protocol, int classes,
    const char *const *names, smac_error *error)
{
    memset(task, 0, sizeof *task);
    TRY(copy_name(task->name, name, "task name", error));
    TRY(copy_name(task->protocol, protocol, "task protocol", error));
    task->kind = TASK_CLASSES;
    task->classes = classes;
    TRY(task_check(task, error));
    for (int i = 0; i < classes; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        TRY(copy_name(task->class_names[i], names ? names[i] : number, "class name", error));
    }
    return SMAC_OK;
}

smac_status task_check(const task_description *task, smac_error *error)
{
    if (!task->name[0] || strpbrk(task->name, ". /"))
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "task name '%s' is empty or holds a point, a space or a slash", task->name);
    if (task->kind == TASK_CLASSES && (task->classes < 2 || task->classes > TASK_CLASSES_MAX))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "task %s has %d classes; expected 2 to %d", task->name, task->classes,
            TASK_CLASSES_MAX);
    if (task->kind == TASK_REGRESSION && !(isfinite(task->low) && isfinite(task->high) && task->low < task->high))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "task %s has the label range %g to %g; expected the lower end first",
            task->name, task->low, task->high);
    return SMAC_OK;
}

json_t *task_to_json(const task_description *task)
{
    json_t *object = json_pack("{s:s, s:s, s:s}", "name", task->name, "protocol", task->protocol, "kind",
        task->kind == TASK_CLASSES ? "classes" : "regression");
    if (!object)
        return NULL;
    json_t *more = task->kind == TASK_CLASSES ? json_array() : json_pack("[f, f]", task->low, task->high);
    for (int i = 0; more && i < task->classes; i++)
        json_array_append_new(more, json_string(task->class_names[i]));
    if (!more || json_object_set_new(object, task->kind == TASK_CLASSES ? "classes" : "range", more) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

smac_status task_from_json(task_description *task, const json_t *object, smac_error *error)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *protocol = json_string_value(json_object_get(object, "protocol"));
    const char *kind = json_string_value(json_object_get(object, "kind"));
    if (!name || !protocol || !kind)
        return FAIL(error, SMAC_ERROR_FORMAT, "a task description lacks its name, protocol or kind");
    if (strcmp(kind, "regression") == 0) {
        const json_t *range = json_object_get(object, "range");
        const json_t *low = json_array_get(range, 0), *high = json_array_get(range, 1);
        if (!json_is_number(low) || !json_is_number(high))
            return FAIL(error, SMAC_ERROR_FORMAT, "task %.60s has no range of two numbers", name);
        return task_regression(task, name, protocol, json_number_value(low), json_number_value(high), error);
    }
    if (strcmp(kind, "classes") != 0)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "task %.60s is of kind '%.60s'; expected regression or classes", name, kind);
    const json_t *classes = json_object_get(object, "classes");
    const char *names[TASK_CLASSES_MAX];
    size_t count = json_array_size(classes);
    if (count < 2 || count > TASK_CLASSES_MAX)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "task %.60s names %zu classes; expected 2 to %d", name, count, TASK_CLASSES_MAX);
    for (size_t i = 0; i < count; i++) {
        names[i] = json_string_value(json_array_get(classes, i));
        if (!names[i])
            return FAIL(error, SMAC_ERROR_FORMAT, "class %zu of task %.60s has no name", i, name);
    }
    return task_with_classes(task, name, protocol, (int)count, names, error);
}
